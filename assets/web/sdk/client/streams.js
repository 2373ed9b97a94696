// The streams that a member follows: from frame sections to worlds. Section 9 of shared/PROTOCOL.md.
//
// Each stream stands at the last snapshot tick that it was brought to; a tick is whole when all
// streams have reached it. A stream that goes astray is asked for anew while the others go on.

import { NO_BYTES } from "../shared/bits.js";
import { demand } from "../shared/error.js";
import { CHUNK, GONE, JOIN, PART } from "../shared/kinds.js";
import { SILENCE_MICROS_MAX } from "../shared/limits.js";
import { Followed } from "./followed.js";

/** @typedef {import("../shared/frame.js").FrameSection} FrameSection */
/** @typedef {import("../shared/frame.js").StreamEntry} StreamEntry */
/** @typedef {import("../shared/schema.js").Schema} Schema */
/** @typedef {import("../shared/stream/decoder.js").StreamDecoder} StreamDecoder */
/** @typedef {import("./followed.js").Astray} Astray */
/** @typedef {import("./followed.js").FrameOutcome} FrameOutcome */

/** What a silence may exceed the promised longest by: a server that was late runs several ticks at once. */
const SILENCE_SLACK_MICROS = 250000;

/** The most streams a member follows. */
const STREAMS_MAX = 32;

/** All streams of one connection and one timeline. */
export class Streams {
  /**
   * @param {Schema} schema
   * @param {number} tickRate steps per second
   * @param {number[]} slots the streams of the Welcome
   * @param {Streams | null} before those of an earlier connection: rows keep their numbers apart
   */
  constructor(schema, tickRate, slots, before) {
    this.schema = schema;
    this.slots = slots.slice(0, STREAMS_MAX);
    this.silence = Math.ceil(((SILENCE_MICROS_MAX + SILENCE_SLACK_MICROS) * tickRate) / 1000000);
    /** @type {Map<number, Followed>} */
    this.followed = before?.followed ?? new Map();
    this.restart();
  }

  /** Another timeline begins: none of the streams has begun. */
  restart() {
    const before = this.followed;
    this.followed = new Map(this.slots.map((slot) => [slot, new Followed(slot)]));
    // Rows keep their numbers apart over timelines.
    for (const [slot, followed] of this.followed) followed.decoder = before.get(slot)?.decoder ?? null;
  }

  /**
   * @param {number} stream which one
   * @returns {StreamDecoder | null} its world as it was told last; null before the first join
   */
  decoder(stream) {
    return this.followed.get(stream)?.decoder ?? null;
  }

  /** @param {number} stream @returns {number} the tick that it stands at; -1 while it has no state */
  standing(stream) {
    return this.followed.get(stream)?.tick ?? -1;
  }

  /** @returns {Astray[]} the streams that went astray since this was last asked: the server has to be told */
  takeAstray() {
    return [...this.followed.values()].flatMap((followed) => followed.takeAstray() ?? []);
  }

  /**
   * Applies a frame section. A stream whose bytes don't fit goes astray, which is no error.
   *
   * @param {FrameSection} frame
   * @returns {FrameOutcome} what it did
   * @throws {DecodeError} for what only a server that lost the thread sends
   */
  apply(frame) {
    /** @type {FrameOutcome} */
    const outcome = { whole: false, snapshots: 0, joined: false, events: [] };
    const wasWhole = this.standAt(frame.tick);
    const silenceMax = frame.span + this.silence;
    /** @type {Set<number>} */
    const named = new Set();
    let parts = false;
    for (const entry of frame.entries) {
      named.add(entry.stream);
      parts ||= entry.kind === PART;
      this.applyEntry(frame, entry, silenceMax, outcome);
    }
    // A join in parts is a new start for all streams: what it doesn't name yet follows.
    outcome.joined ||= parts;
    for (const [slot, followed] of this.followed) {
      if (named.has(slot) || !followed.isLive || followed.tick >= frame.tick) continue;
      if (parts) followed.restart();
      else followed.advance(frame, NO_BYTES, silenceMax, outcome);
    }
    outcome.whole = !wasWhole && this.standAt(frame.tick);
    return outcome;
  }

  /** @param {number} tick @returns {boolean} whether all streams are at it, or beyond */
  standAt(tick) {
    return [...this.followed.values()].every((followed) => followed.tick >= tick);
  }

  /** @param {FrameSection} frame @param {StreamEntry} entry @param {number} silenceMax @param {FrameOutcome} outcome */
  applyEntry(frame, entry, silenceMax, outcome) {
    if (entry.kind === GONE) {
      this.followed.delete(entry.stream);
      return;
    }
    if (entry.kind === CHUNK) {
      const followed = this.followed.get(entry.stream);
      demand(followed);
      followed.advance(frame, entry.bytes, silenceMax, outcome);
      return;
    }
    const followed = this.follow(entry.stream);
    const join = entry.kind === JOIN ? entry.bytes : followed.part(frame.tick, entry);
    if (join) followed.join(this.schema, frame.tick, join, outcome);
  }

  /** @param {number} stream @returns {Followed} the stream, which may be one that the Welcome did not name */
  follow(stream) {
    let followed = this.followed.get(stream);
    if (!followed) {
      demand(this.followed.size < STREAMS_MAX);
      followed = new Followed(stream);
      this.followed.set(stream, followed);
    }
    return followed;
  }
}
