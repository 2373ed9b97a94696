/**
 * @param {RowClass} input the schema's input class
 * @param {number} incarnation the timeline
 * @param {number} received how many messages of this connection came
 * @param {InputFrame[]} frames for consecutive ticks, oldest first; at most 32
 * @param {boolean} held whether the last frame counts for every later tick too, until another comes:
 *   for clients that send what changes
 * @returns {Uint8Array} the body of an input section
 */
export function encodeInputs(input: RowClass, incarnation: number, received: number, frames: InputFrame[], held?: boolean): Uint8Array;
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
