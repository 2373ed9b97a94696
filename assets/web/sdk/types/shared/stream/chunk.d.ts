/**
 * Brings a stream forward by a chunk. After an error the stream is of no use.
 *
 * @param {StreamState} stream
 * @param {number} span ticks since the chunk before
 * @param {Uint8Array} bytes the chunk; none if all went as predicted
 * @param {EventWords[]} events what happened is added to them
 * @returns {boolean} whether it had a hash, which is then right
 * @throws {DecodeError} if it can't be decoded or the hash differs
 */
export function applyChunk(stream: StreamState, span: number, bytes: Uint8Array, events: EventWords[]): boolean;
export type EventWords = import("./state.js").EventWords;
export type StreamState = import("./state.js").StreamState;
