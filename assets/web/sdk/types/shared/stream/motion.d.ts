/**
 * What a moving lane is expected to be after `word`.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} word what it is
 * @param {Int32Array} doubts where the lane's doubt goes, 0 to 255
 * @returns {number} the expected word
 */
export function expect(m: ClassMemory, at: number, lane: LanePlan, word: number, doubts: Int32Array): number;
/**
 * Where between two words the expectation of a moving lane lies.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @returns {number} 0 to 15
 */
export function fraction(m: ClassMemory, at: number, lane: LanePlan): number;
/**
 * A filter begins with the row.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} span ticks of a chunk
 * @returns {boolean} whether it moves
 */
export function begin(m: ClassMemory, at: number, lane: LanePlan, row: number, span: number): boolean;
/**
 * What the lane follows has changed.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} old the lane's word before the chunk
 * @param {number} span ticks of a chunk
 * @param {boolean} moves whether it moved
 * @returns {boolean} whether it moves
 */
export function relink(m: ClassMemory, at: number, lane: LanePlan, row: number, old: number, span: number, moves: boolean): boolean;
/**
 * A moving lane went from `old` to its word in the row.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} old the lane's word before the chunk
 * @param {number} span ticks of a chunk
 * @returns {boolean} whether it moves
 */
export function observe(m: ClassMemory, at: number, lane: LanePlan, row: number, old: number, span: number): boolean;
/**
 * The lane went where nothing led.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} old the word before
 * @param {number} word the word now
 * @returns {boolean} whether it moves
 */
export function jump(m: ClassMemory, at: number, lane: LanePlan, old: number, word: number): boolean;
/**
 * Chunks span another number of ticks from now on.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane, which moves
 * @param {number} row where the row's words begin
 * @param {number} before what they spanned
 * @param {number} span what they span
 */
export function rescale(m: ClassMemory, at: number, lane: LanePlan, row: number, before: number, span: number): void;
export type LanePlan = import("../plan.js").LanePlan;
export type ClassMemory = import("./memory.js").ClassMemory;
