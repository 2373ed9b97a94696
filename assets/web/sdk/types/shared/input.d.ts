/** @typedef {import("./schema.js").RowClass} RowClass */
/**
 * @typedef {object} InputFrame what a player does at one tick
 * @property {number} tick which tick
 * @property {number} viewLag eighths of a tick that the moment the player looked at lies before it
 * @property {ArrayLike<number>} words by the schema's input class
 */
/**
 * @param {RowClass} input the schema's input class
 * @param {number} incarnation the timeline
 * @param {number} received how many messages of this connection came
 * @param {InputFrame[]} frames for consecutive ticks, oldest first; at most 32
 * @returns {Uint8Array} the body of an input section
 */
export function encodeInputs(input: RowClass, incarnation: number, received: number, frames: InputFrame[]): Uint8Array;
export type RowClass = import("./schema.js").RowClass;
/**
 * what a player does at one tick
 */
export type InputFrame = {
    /**
     * which tick
     */
    tick: number;
    /**
     * eighths of a tick that the moment the player looked at lies before it
     */
    viewLag: number;
    /**
     * by the schema's input class
     */
    words: ArrayLike<number>;
};
