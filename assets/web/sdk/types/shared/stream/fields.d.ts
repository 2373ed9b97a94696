/**
 * Reads one group of a row.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 * @param {number} place its place in the order of coding
 */
export function readGroup(stream: StreamState, m: ClassMemory, slot: number, group: GroupPlan, place: number): void;
/**
 * @param {number} predicted a word
 * @param {number} r its residual
 * @param {number} max the highest
 * @returns {number} the word
 */
export function moved(predicted: number, r: number, max: number): number;
export type GroupPlan = import("../plan.js").GroupPlan;
export type CirclePlan = import("../plan.js").CirclePlan;
export type Vector = import("../plan.js").Vector;
export type ClassMemory = import("./memory.js").ClassMemory;
export type Site = import("./model.js").Site;
export type StreamState = import("./state.js").StreamState;
