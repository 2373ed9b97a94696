// Joins: the whole state of a stream. Section 10.16 of shared/PROTOCOL.md.

import { direction } from "../direction.js";
import { DecodeError } from "../error.js";
import { ENTITIES_PER_CLASS_MAX, STREAM_WORDS_MAX } from "../limits.js";
import { ANGLE, EXACT, FLAG, FREE, MOTION } from "../plan.js";
import { sizeClass } from "./memory.js";
import { Contexts } from "./model.js";
import { begin } from "./motion.js";
import { StreamState } from "./state.js";

/** @typedef {import("../plan.js").ClassPlan} ClassPlan */
/** @typedef {import("../plan.js").GroupPlan} GroupPlan */
/** @typedef {import("../plan.js").StreamPlan} StreamPlan */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */

// The places of the named sites.
const SLOTS = 0;
const TAKEN = 1;
const MEMORY = 2;
const CHANGED = 3;
const SURPRISED = 4;
const BORN = 5;
const FIRED = 6;
const GROUP_SURPRISED = 7;
const SIZE = 8;
const SIGN = 9;
const CHANGE = 10;
const MOVES = 11;
const FRESH = 12;
const RUN = 13;
const PLACE_LOW = 14;
const PLACE_HIGH = 15;
const SPEED_LOW = 16;
const SPEED_HIGH = 17;
const START_LOW = 18;
const START_HIGH = 19;
const BEFORE = 20;
const KNOWN = 21;
const COUNT = 22;
const ODDS = 23;
const OF_WORDS = 24;

const LAYOUT = new Contexts();
const SITES = Array.from({ length: 48 }, () => LAYOUT.number(8, 8, 32));
const BEGIN = Uint16Array.from(LAYOUT.words);

/** @param {number} a @param {number} low @param {number} high @returns {number} a in the range */
const clamp = (a, low, high) => (a < low ? low : a > high ? high : a);

/** @param {number} a @returns {number} within 2^30 + 1024 of 0 */
const fit = (a) => clamp(a, -1073742848, 1073742848);

/** Reads one join. */
export class JoinReader {
  /**
   * @param {StreamPlan} plan what follows from the schema
   * @param {Uint8Array} bytes the join
   * @param {StreamState | null} before what was known of the stream
   */
  constructor(plan, bytes, before) {
    this.stream = new StreamState(plan, false);
    if (before?.plan === plan) this.stream.classes.forEach((m, at) => (m.named = before.classes[at].named));
    this.wire = this.stream.wire;
    this.table = Uint16Array.from(BEGIN);
    this.wire.begin(bytes, bytes.length, this.table, true);
    /** The run of the lane before, in this row. */
    this.run = 0;
    this.words = new Uint32Array(128);
  }

  /**
   * @returns {StreamState} the state that the join tells
   * @throws {DecodeError} if it can't be decoded
   */
  read() {
    const { stream, wire } = this;
    stream.isPrivate = wire.raw(1) === 1;
    stream.span = this.ranged(SLOTS, 0, 1, 255);
    stream.chunk = this.ranged(SLOTS, 2, 0, 29);
    stream.trail = wire.rawWord(32);
    let left = STREAM_WORDS_MAX;
    for (const m of stream.classes) {
      this.table.set(BEGIN);
      left -= this.readClass(m, left);
    }
    this.table.set(BEGIN);
    stream.plan.events.forEach((event, at) => {
      for (let word = 0; word < event.words; word++) {
        stream.lastEvents[at][word] = this.word(0, 0, 0, event.max[word]);
      }
    });
    if (!stream.isPrivate) this.readOdds(stream.contexts);
    wire.finish();
    return stream;
  }

  /** @param {number} site @param {number} context @returns {number} a number with its sign */
  plain(site, context) {
    const at = context < 7 ? context : 7;
    return this.wire.read(SITES[site], at, at, 0);
  }

  /** @param {number} site @param {number} context @param {number} low @param {number} high @returns {number} */
  ranged(site, context, low, high) {
    return low + clamp(this.plain(site, context), 0, high - low);
  }

  /** @param {number} place @param {number} context @param {number} likely @param {number} max @returns {number} */
  word(place, context, likely, max) {
    const word = (likely + this.plain(OF_WORDS + (place < 23 ? place : 23), context)) >>> 0;
    return word < max ? word : max;
  }

  /** @param {number} site @param {number} likely @returns {number} chunks back from the last one */
  ago(site, likely) {
    return clamp(likely + this.plain(site, likely === 0 ? 1 : 0), 0, 64);
  }

  /** @param {ClassMemory} m @param {number} left words that the stream may still have @returns {number} its words */
  readClass(m, left) {
    const { plan } = m;
    const count = this.ranged(SLOTS, 1, 0, ENTITIES_PER_CLASS_MAX + 1);
    if (count > ENTITIES_PER_CLASS_MAX) throw new DecodeError("too many entities");
    if (count * plan.words > left) throw new DecodeError("too many words");
    this.readLearned(m);
    let likely = m.newest;
    let taken = 1;
    for (let slot = 0; slot < count; slot++) {
      taken = 1 - this.ranged(TAKEN, taken, 0, 1);
      if (taken === 0) continue;
      m.reserve(slot + 1);
      this.readRow(plan, likely);
      m.take(slot, this.words, this.stream.chunk);
      likely = m.words.subarray(slot * plan.words, (slot + 1) * plan.words);
      this.readMemory(m, slot);
    }
    m.reserve(count);
    m.count = count;
    return count * plan.words;
  }

  /** @param {ClassMemory} m */
  readLearned(m) {
    const { plan } = m;
    for (let lane = 0; lane < plan.lanes; lane++) m.momentum[lane] = this.ranged(MEMORY, 0, -8, 8);
    for (let circle = 0; circle < plan.circles.length; circle++) {
      m.score[circle] = this.ranged(MEMORY, 0, -8, 8);
      const low = this.ranged(MEMORY, 1, 0, 16777215);
      m.squared[circle] = 16777216 * this.ranged(MEMORY, 1, 0, 67108864) + low;
    }
    if (plan.along) {
      m.launch[0] = this.ranged(MEMORY, 2, -67108864, 67108864);
      m.launch[1] = m.launch[0] + this.ranged(MEMORY, 3, 0, 67108864);
    }
    for (let word = 0; word < plan.words; word++) m.newest[word] = this.word(word, 7, 0, plan.max[word]);
  }

  /** @param {ClassPlan} plan @param {Uint32Array} before the row before */
  readRow(plan, before) {
    const { words } = this;
    for (const group of plan.groups) {
      let x = 0;
      for (let word = group.start; word < group.end; word++) {
        const max = plan.max[word];
        const likely = Math.min(this.likely(plan, group, word, before), max);
        words[word] = this.word(word, x, likely, max);
        x = Math.min(sizeClass(Math.abs(words[word] - likely)), 5);
      }
    }
  }

  /** @param {ClassPlan} plan @param {GroupPlan} group @param {number} word @param {Uint32Array} before @returns {number} */
  likely(plan, { kind, heading, circle, first, bits }, word, before) {
    const { words } = this;
    if (kind === ANGLE && heading) {
      return direction(words[heading.word] + heading.firstStep, words[heading.word + 1] + heading.firstStep, bits);
    }
    if (circle) return Math.max(-circle.firstStep, 0);
    if (kind === MOTION && plan.laneKind[first] !== FREE) return Math.floor((plan.max[word] + 1) / 2);
    return before[word];
  }

  /** @param {ClassMemory} m @param {number} slot what is remembered of it */
  readMemory(m, slot) {
    const { plan } = m;
    const { chunk, span } = this.stream;
    const surprised = this.ago(SURPRISED, 0);
    m.surprised[slot] = chunk - surprised;
    m.changed[slot] = chunk - this.ago(CHANGED, surprised);
    m.born[slot] = chunk - (plan.hasParents ? this.ago(BORN, 0) : 64);
    m.fired[slot] = chunk - (plan.isParent ? this.ago(FIRED, 64) : 64);
    let likely = 64;
    for (let group = 0; group < m.groupCount; group++) {
      likely = this.ago(GROUP_SURPRISED, likely);
      m.groupSurprised[slot * m.groupCount + group] = chunk - likely;
    }
    const row = slot * plan.words;
    for (const { kind, start, end } of plan.groups) {
      if (kind === FLAG) continue;
      for (let word = row + start; word < row + end; word++) this.readWordMemory(m, word, surprised === 0);
    }
    this.run = 0;
    for (let lane = 0; lane < plan.lanes; lane++) {
      const at = slot * plan.lanes + lane;
      const likely = begin(m, at, lane, row, span);
      const moves = likely !== (this.ranged(MOVES, likely ? 1 : 0, 0, 1) === 1);
      if (!moves) continue;
      m.moves[slot] |= 1 << lane;
      this.readFilter(m, at, lane, m.words[row + plan.laneWord[lane]]);
    }
    plan.rotations.forEach(({ start }, turn) => {
      if (this.ranged(MOVES, 2, 0, 1) === 0) return;
      m.turns[slot] |= 1 << turn;
      for (let part = 0; part < 4; part++) {
        const word = (m.words[row + start + part] - this.plain(BEFORE, part > 0 ? 1 : 0)) >>> 0;
        m.before[(slot * m.turnCount + turn) * 4 + part] = Math.min(word, plan.max[start + part]);
      }
    });
  }

  /** @param {ClassMemory} m @param {number} at the word @param {boolean} fresh */
  readWordMemory(m, at, fresh) {
    m.size[at] = this.ranged(SIZE, 0, 0, 255);
    const x = m.size[at] > 0 ? 1 : 0;
    m.sign[at] = signOf(this.ranged(SIGN, x, 0, 2));
    m.change[at] = fresh ? signOf(this.ranged(CHANGE, x, 0, 2)) : 0;
  }

  /**
   * A filter as it would begin becomes what it is.
   *
   * @param {ClassMemory} m
   * @param {number} at the filter
   * @param {number} lane
   * @param {number} word the lane's
   */
  readFilter(m, at, lane, word) {
    const { plan } = m;
    if (plan.laneKind[lane] === EXACT) {
      const den = plan.laneDen[lane];
      m.place0[at] = den > 1 ? this.ranged(PLACE_LOW, 0, 0, den - 1) : 0;
      if (this.ranged(FRESH, 1, 0, 1) === 1) {
        m.speed0[at] = clamp((m.speed0[at] + this.plain(SPEED_LOW, 0)) | 0, -1073741824, 1073741824);
        m.speed1[at] = this.ranged(SPEED_HIGH, 0, 0, den - 1);
      }
      return;
    }
    if (this.ranged(FRESH, 0, 0, 1) === 0) return;
    const follows = plan.laneKind[lane] !== FREE;
    const one = plan.laneOne[lane];
    const [a, b] = [m.speed0[at], m.speed1[at]];
    this.run = clamp(this.run + this.plain(RUN, 0), follows ? 0 : -1, 255);
    const length = Math.max(this.run, 0);
    const x = sizeClass(length);
    const low = word * one - one / 2 + this.plain(PLACE_LOW, x);
    const high = word * one + one / 2 - this.plain(PLACE_HIGH, x);
    const slow = a + this.plain(SPEED_LOW, x);
    const fast = follows ? b - this.plain(SPEED_HIGH, x) : slow + this.plain(SPEED_HIGH, x);
    const s = Math.floor((low + high) / 2) - length * Math.floor((slow + fast) / 2);
    m.run[at] = this.run;
    m.start0[at] = fit(s - this.plain(START_LOW, x));
    m.start1[at] = fit(s + this.plain(START_HIGH, x));
    m.place0[at] = fit(low);
    m.place1[at] = fit(high);
    m.speed0[at] = fit(slow);
    m.speed1[at] = fit(fast);
  }

  /** @param {Uint16Array} contexts */
  readOdds(contexts) {
    let n = 0;
    for (let at = 0; at < contexts.length; at++) {
      if (this.ranged(KNOWN, sizeClass(n), 0, 1) === 0) {
        n++;
        continue;
      }
      n = 0;
      const count = 7 - this.ranged(COUNT, 0, 0, 7);
      const p = clamp((contexts[at] >> 3) + this.plain(ODDS, count), 0, 8191);
      contexts[at] = 8 * p + count;
    }
  }
}

/** @param {number} third @returns {number} the sign that it says */
const signOf = (third) => (third === 2 ? -1 : third);
