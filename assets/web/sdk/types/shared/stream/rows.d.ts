/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** @typedef {import("./state.js").StreamState} StreamState */
/**
 * Reads the rows of a class that were there before.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m the class
 */
export function readRows(stream: StreamState, m: ClassMemory): void;
export type ClassMemory = import("./memory.js").ClassMemory;
export type StreamState = import("./state.js").StreamState;
