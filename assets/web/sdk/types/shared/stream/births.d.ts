/** @typedef {import("../plan.js").ClassPlan} ClassPlan */
/** @typedef {import("../plan.js").GroupPlan} GroupPlan */
/** @typedef {import("../schema.js").Field} Field */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** @typedef {import("./state.js").StreamState} StreamState */
/**
 * Reads the newcomers of a class.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m the class
 */
export function readBirths(stream: StreamState, m: ClassMemory): void;
export type ClassPlan = import("../plan.js").ClassPlan;
export type GroupPlan = import("../plan.js").GroupPlan;
export type Field = import("../schema.js").Field;
export type ClassMemory = import("./memory.js").ClassMemory;
export type StreamState = import("./state.js").StreamState;
