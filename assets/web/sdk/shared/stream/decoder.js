// One end of a stream: from a join over chunks. Section 10 of shared/PROTOCOL.md.

import { applyChunk } from "./chunk.js";
import { readJoin } from "./join.js";

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
  constructor(schema, join, before = null) {
    this.schema = schema;
    this.state = readJoin(schema.plan, join, before?.state ?? null);
  }

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
  apply(span, chunk, events) {
    return applyChunk(this.state, span, chunk, events);
  }

  /** @returns {ClassMemory[]} the rows of each class: `count` slots, `taken`, `words`, `names` */
  get classes() {
    return this.state.classes;
  }

  /** @returns {number} the hash of all rows, 32 bits: two ends that agree have the same */
  hash() {
    return this.state.hash();
  }
}
