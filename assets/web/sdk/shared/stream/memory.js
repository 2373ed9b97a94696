// What both ends of a stream remember of a class: section 10.5 of shared/PROTOCOL.md.
//
// All of it is typed arrays, by slot: the words of slot n begin at n * words, its groups at
// n * groups, its filters at n * lanes. Whole numbers below 2^31, but for words, which have no sign.

import { demand } from "../error.js";
import { ENTITIES_PER_CLASS_MAX } from "../limits.js";

/** @typedef {import("../plan.js").ClassPlan} ClassPlan */

/** The rows of one class in one stream, and what is remembered of them. */
export class ClassMemory {
  /**
   * @param {ClassPlan} plan what follows from the schema
   * @param {number} [room] how many slots there is room for
   */
  constructor(plan, room = 0) {
    this.plan = plan;
    const { words, groups, rotations, circles } = plan;
    const lanes = plan.lanes.length;
    this.laneCount = lanes;
    this.groupCount = groups.length;
    this.turnCount = rotations.length;
    /** How many slots there are, taken or free. */
    this.count = 0;
    this.room = room;
    /** Numbers that have been given to rows of this class so far. */
    this.named = 0;
    this.momentum = new Int8Array(lanes);
    this.squared = new Float64Array(circles.length);
    this.score = new Int8Array(circles.length);
    this.launch = new Float64Array(2);
    this.newest = new Uint32Array(words);

    // By slot, from here on.
    this.taken = new Uint8Array(room);
    /** A number for each row that no other row of the class has. */
    this.names = new Uint32Array(room);
    this.words = new Uint32Array(room * words);
    // The chunks in which the row last changed and so on.
    this.changed = new Int32Array(room);
    this.surprised = new Int32Array(room);
    this.born = new Int32Array(room);
    this.fired = new Int32Array(room);
    /** Which motion lanes move, and which rotations turn: masks. */
    this.moves = new Int32Array(room);
    this.turns = new Int32Array(room);
    this.groupSurprised = new Int32Array(room * groups.length);
    this.size = new Uint8Array(room * words);
    this.sign = new Int8Array(room * words);
    this.change = new Int8Array(room * words);
    // Filters.
    this.place0 = new Int32Array(room * lanes);
    this.place1 = new Int32Array(room * lanes);
    this.speed0 = new Int32Array(room * lanes);
    this.speed1 = new Int32Array(room * lanes);
    this.start0 = new Int32Array(room * lanes);
    this.start1 = new Int32Array(room * lanes);
    this.run = new Int16Array(room * lanes);
    /** The words of each rotation before the last change, four each. */
    this.before = new Uint32Array(room * rotations.length * 4);
  }

  /**
   * Makes room for at least so many slots.
   *
   * @param {number} slots how many
   */
  reserve(slots) {
    if (slots <= this.room) return;
    demand(slots <= ENTITIES_PER_CLASS_MAX);
    const room = Math.min(Math.max(slots, 2 * this.room, 8), ENTITIES_PER_CLASS_MAX);
    const from = /** @type {Record<string, any>} */ (this);
    const into = /** @type {Record<string, any>} */ (new ClassMemory(this.plan, room));
    for (const name of Object.keys(from)) {
      if (!ArrayBuffer.isView(from[name])) continue;
      into[name].set(from[name]);
      from[name] = into[name];
    }
    this.room = room;
  }

  /** @returns {ClassMemory} a copy that goes its own way */
  copy() {
    const made = /** @type {Record<string, any>} */ (new ClassMemory(this.plan));
    for (const [name, value] of Object.entries(this)) made[name] = ArrayBuffer.isView(value) ? /** @type {any} */ (value).slice() : value;
    return /** @type {any} */ (made);
  }

  /**
   * A row is in the slot from now on, with nothing remembered of it.
   *
   * @param {number} slot which slot; there is room for it
   * @param {ArrayLike<number>} words its words
   * @param {number} chunk the chunk in which it begins
   */
  take(slot, words, chunk) {
    const { plan } = this;
    if (slot >= this.count) this.count = slot + 1;
    this.taken[slot] = 1;
    this.names[slot] = this.named++;
    this.changed[slot] = this.surprised[slot] = this.born[slot] = this.fired[slot] = chunk;
    this.moves[slot] = this.turns[slot] = 0;
    const first = slot * plan.words;
    for (let word = 0; word < plan.words; word++) {
      this.words[first + word] = words[word];
      this.size[first + word] = this.sign[first + word] = this.change[first + word] = 0;
    }
    this.groupSurprised.fill(chunk, slot * this.groupCount, (slot + 1) * this.groupCount);
    const [from, to] = [slot * this.laneCount, (slot + 1) * this.laneCount];
    for (const filter of [this.place0, this.place1, this.speed0, this.speed1, this.start0, this.start1]) {
      filter.fill(0, from, to);
    }
    this.run.fill(0, from, to);
    this.before.fill(0, slot * this.turnCount * 4, (slot + 1) * this.turnCount * 4);
  }

  /**
   * Notes a residual in a word.
   *
   * @param {number} at the place of the word
   * @param {number} r the residual
   */
  note(at, r) {
    if (r === 0) {
      this.sign[at] = 0;
      this.calm(at);
      return;
    }
    this.sign[at] = r < 0 ? -1 : 1;
    const bits = 32 - Math.clz32(r < 0 ? -r : r) + 2;
    const s = bits < 9 ? 8 * bits : 72;
    const size = this.size[at];
    this.size[at] = s > size ? (size + s) >> 1 : size - ((size - s) >> 2);
  }

  /** @param {number} at the place of a word that calms down */
  calm(at) {
    const size = this.size[at];
    if (size > 0) this.size[at] = size > 3 ? size - 3 : 0;
  }
}

/**
 * How many chunks lie between the one in which something happened and the present one.
 *
 * @param {number} then when it happened
 * @param {number} chunk the present one
 * @returns {number} 0 to 64
 */
export function age(then, chunk) {
  if (then === chunk) return 64;
  const between = chunk - then - 1;
  return between < 64 ? between : 64;
}

/**
 * @param {number} a 0 or more, of at most 32 bits
 * @returns {number} how many bits it has
 */
export function sizeClass(a) {
  return 32 - Math.clz32(a);
}
