// One followed stream: from its join over its chunks, and anew when it has gone astray. Knows no
// other stream, nor how the server is asked.

import { NO_BYTES } from "../shared/bits.js";
import { DecodeError, demand } from "../shared/error.js";
import { JOIN_BYTES_MAX } from "../shared/limits.js";
import { StreamDecoder } from "../shared/stream/decoder.js";

/** @typedef {import("../shared/frame.js").FrameSection} FrameSection */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("../shared/stream/state.js").EventWords} EventWords */
/** @typedef {{ stream: number, tick: number, error: Error }} Astray a stream whose bytes don't fit */
/**
 * @typedef {object} FrameOutcome what a frame did
 * @property {boolean} whole whether all streams are at its tick now and were not before
 * @property {number} snapshots ticks that the common stream was brought forward by, or 1 for a join
 * @property {boolean} joined whether a stream was joined, so that what happened before is unknown
 * @property {{ stream: number, tick: number, event: EventWords }[]} events what happened
 */

/** One stream of a member. */
export class Followed {
  /** @param {number} stream which one */
  constructor(stream) {
    this.stream = stream;
    /** @type {StreamDecoder | null} The state, or while the stream is astray what is shown of it. */
    this.decoder = null;
    /** The tick that a live stream was brought to; -1 while its join has not come. */
    this.tick = -1;
    /** @type {{ tick: number, received: (Uint8Array | null)[], bytes: number } | null} Parts of a join. */
    this.parts = null;
    /** @type {{ tick: number, error: Error, asked: boolean } | null} Why it has no state. */
    this.lost = null;
  }

  /** @returns {boolean} whether it is followed */
  get isLive() {
    return this.tick >= 0;
  }

  /** @returns {Astray | null} that the stream went astray, once */
  takeAstray() {
    if (!this.lost || this.lost.asked) return null;
    this.lost.asked = true;
    return { stream: this.stream, tick: this.lost.tick, error: this.lost.error };
  }

  /** It begins anew: its join follows. */
  restart() {
    this.tick = -1;
    this.parts = null;
  }

  /**
   * Brings the stream to the frame's tick: through the silent snapshot ticks before it, and then by
   * `chunk`. Lets it pass while astray.
   *
   * @param {FrameSection} frame
   * @param {Uint8Array} chunk
   * @param {number} silenceMax the longest silence, in ticks
   * @param {FrameOutcome} outcome
   * @throws {DecodeError} if the chunk fits nowhere
   */
  advance(frame, chunk, silenceMax, outcome) {
    if (!this.isLive || !this.decoder) {
      demand(this.lost);
      return;
    }
    const gap = frame.tick - this.tick;
    demand(gap > 0 && gap <= silenceMax);
    /** @type {EventWords[]} */
    const events = [];
    for (let silent = Math.floor((gap - 1) / frame.span); silent >= 0; silent--) {
      const tick = frame.tick - silent * frame.span;
      try {
        this.decoder.apply(tick - this.tick, silent === 0 ? chunk : NO_BYTES, events);
      } catch (error) {
        this.lose(frame.tick, error);
        return;
      }
      this.tick = tick;
      if (this.stream === 0) outcome.snapshots += 1;
    }
    for (const event of events) outcome.events.push({ stream: this.stream, tick: frame.tick, event });
  }

  /**
   * Follows the stream from its state after `tick`, whatever was known of it before.
   *
   * @param {Schema} schema
   * @param {number} tick
   * @param {Uint8Array} bytes the join
   * @param {FrameOutcome} outcome
   */
  join(schema, tick, bytes, outcome) {
    this.parts = null;
    try {
      this.decoder = new StreamDecoder(schema, bytes, this.decoder);
    } catch (error) {
      this.lose(tick, error);
      return;
    }
    this.tick = tick;
    this.lost = null;
    outcome.joined = true;
    if (this.stream === 0) outcome.snapshots += 1;
  }

  /** @param {number} tick of the frame @param {unknown} error what did not fit */
  lose(tick, error) {
    if (!(error instanceof DecodeError)) throw error;
    this.restart();
    this.lost = { tick, error, asked: false };
  }

  /**
   * Takes in a part of a join.
   *
   * @param {number} tick of the frame
   * @param {import("../shared/frame.js").StreamEntry} entry
   * @returns {Uint8Array | null} the whole of it, if this was the last that lacked
   * @throws {DecodeError} if it fits nowhere
   */
  part(tick, { index, count, bytes }) {
    if (this.parts?.tick !== tick || this.parts.received.length !== count) {
      this.restart();
      this.parts = { tick, received: Array(count).fill(null), bytes: 0 };
    }
    const { parts } = this;
    parts.bytes += bytes.length;
    demand(!parts.received[index] && parts.bytes <= JOIN_BYTES_MAX);
    parts.received[index] = bytes.slice();
    if (parts.received.includes(null)) return null;
    const whole = new Uint8Array(parts.bytes);
    let at = 0;
    for (const part of parts.received) {
      whole.set(/** @type {Uint8Array} */ (part), at);
      at += /** @type {Uint8Array} */ (part).length;
    }
    return whole;
  }
}
