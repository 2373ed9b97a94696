// What both ends of a stream remember, and room to work in: section 10.5 of shared/PROTOCOL.md.

import { HASH_BEGIN, mix } from "../hash.js";
import { RangeDecoder } from "../range_coder.js";
import { ClassMemory } from "./memory.js";

/** @typedef {import("../plan.js").StreamPlan} StreamPlan */
/** @typedef {{ class: number, words: number[] }} EventWords an event of a chunk: its class, its words */

/** The state of a stream. */
export class StreamState {
  /**
   * @param {StreamPlan} plan what follows from the schema
   * @param {boolean} isPrivate whether it is for one player alone
   */
  constructor(plan, isPrivate) {
    this.plan = plan;
    this.isPrivate = isPrivate;
    /** The number of the last chunk. */
    this.chunk = 0;
    /** The span of the last chunk, in ticks. */
    this.span = 1;
    this.trail = HASH_BEGIN;
    this.classes = plan.classes.map((each) => new ClassMemory(each));
    /** The words of the last event of each class. */
    this.lastEvents = plan.events.map(({ words }) => new Uint32Array(words));
    this.contexts = Uint16Array.from(plan.begin);

    // Room to work in while a row is read.
    this.wire = new RangeDecoder();
    /** Which rows of the class were surprises, the last one in the lowest bit. */
    this.surprises = 0;
    /** Which groups of the row were surprises. */
    this.missed = 0;
    /** Whether the row was a surprise in the chunk before as well. */
    this.fresh = false;
    /** Lanes of the row that were relinked in this chunk: a mask. */
    this.relinked = 0;
    this.old = new Uint32Array(128);
    this.predicted = new Uint32Array(128);
    this.doubts = new Int32Array(32);
    this.fractions = new Int32Array(3);
    this.attitude = new Float64Array(4);
  }

  /** @returns {StreamState} a copy that goes its own way */
  copy() {
    const made = new StreamState(this.plan, this.isPrivate);
    made.chunk = this.chunk;
    made.span = this.span;
    made.trail = this.trail;
    made.classes = this.classes.map((m) => m.copy());
    made.lastEvents = this.lastEvents.map((words) => words.slice());
    made.contexts = this.contexts.slice();
    return made;
  }

  /** @returns {number} the hash of all rows, 32 bits */
  hash() {
    let h = HASH_BEGIN;
    for (const m of this.classes) {
      const width = m.plan.words;
      for (let slot = 0; slot < m.count; slot++) {
        if (m.taken[slot] === 0) continue;
        h = mix(h, slot);
        const end = (slot + 1) * width;
        for (let word = slot * width; word < end; word++) h = mix(h, m.words[word]);
      }
    }
    return h;
  }
}
