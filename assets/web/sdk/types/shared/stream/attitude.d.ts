/**
 * @param {Uint32Array} words where the four words are
 * @param {number} start the place of the first
 * @param {number} bits of each part
 * @param {Float64Array} into where the attitude goes
 */
export function attitude(words: Uint32Array, start: number, bits: number, into: Float64Array): void;
/**
 * The attitude that follows if the rotation turns on as it did.
 *
 * @param {Uint32Array} words where the four words are
 * @param {number} start the place of the first
 * @param {Uint32Array} before where the words before are
 * @param {number} first the place of the first of them
 * @param {number} bits of each part
 * @param {Float64Array} into where the attitude goes
 */
export function nextAttitude(words: Uint32Array, start: number, before: Uint32Array, first: number, bits: number, into: Float64Array): void;
/**
 * @param {Float64Array} parts an attitude
 * @param {number} except a part that does not count; -1 for none
 * @returns {number} the part of largest magnitude, the first of equals
 */
export function largestOf(parts: Float64Array, except: number): number;
/**
 * @param {Float64Array} parts an attitude
 * @param {number} largest its largest part
 * @param {number} second its second
 * @param {number} bits of each part
 * @returns {number} how near they are to each other: 0 to 31
 */
export function nearness(parts: Float64Array, largest: number, second: number, bits: number): number;
/**
 * The other three parts as words, with their fractions.
 *
 * @param {Float64Array} parts an attitude
 * @param {number} largest the part that is left out
 * @param {number} bits of each part
 * @param {Uint32Array} words where the words go
 * @param {number} start the place of the first
 * @param {Int32Array | null} fractions where the three fractions go
 */
export function without(parts: Float64Array, largest: number, bits: number, words: Uint32Array, start: number, fractions: Int32Array | null): void;
/**
 * A rotation takes in its new words.
 *
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {number} turn its place among the rotations
 * @param {Uint32Array} old where the words before are
 * @param {number} from the place of the first of them
 * @param {Uint32Array} words where the new ones are
 * @param {number} start the place of the first of them
 * @returns {boolean} whether it turns
 */
export function turnOn(m: ClassMemory, slot: number, turn: number, old: Uint32Array, from: number, words: Uint32Array, start: number): boolean;
export type ClassMemory = import("./memory.js").ClassMemory;
