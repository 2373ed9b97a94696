/** @typedef {import("../schema.js").Schema} Schema */
/** @typedef {import("./state.js").EventWords} EventWords */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** Follows a stream: rows of each class as typed arrays, brought forward chunk by chunk. */
export class StreamDecoder {
    /**
     * Begins with a stream's state.
     *
     * @param {Schema} schema what the rows mean
     * @param {Uint8Array} join the state, as an entry of a frame has it
     * @param {StreamDecoder | null} [before] what followed the stream until now: numbers that it gave to
     *   rows are not given again
     * @throws {import("../error.js").DecodeError} if the join can't be decoded
     */
    constructor(schema: Schema, join: Uint8Array, before?: StreamDecoder | null);
    schema: import("../schema.js").Schema;
    state: import("./state.js").StreamState;
    /**
     * Brings the stream forward by a snapshot tick. After an error the decoder is of no use: ask for
     * the stream anew.
     *
     * @param {number} span ticks since the snapshot before, 1 to 255
     * @param {Uint8Array} chunk what changed; no bytes if all went as predicted
     * @param {EventWords[]} events what happened is added to them
     * @returns {boolean} whether the chunk had a hash, which is then right
     * @throws {import("../error.js").DecodeError} if it can't be decoded or the hash differs
     */
    apply(span: number, chunk: Uint8Array, events: EventWords[]): boolean;
    /** @returns {ClassMemory[]} the rows of each class: `count` slots, `taken`, `words`, `names` */
    get classes(): ClassMemory[];
    /** @returns {number} the hash of all rows, 32 bits: two ends that agree have the same */
    hash(): number;
}
export type Schema = import("../schema.js").Schema;
export type EventWords = import("./state.js").EventWords;
export type ClassMemory = import("./memory.js").ClassMemory;
