// Joins: the whole state of a stream. Section 10.16 of shared/PROTOCOL.md.

import { direction } from "../direction.js";
import { demand } from "../error.js";
import { ANGLE, EXACT, FLAG, FREE, MOTION } from "../kinds.js";
import { ENTITIES_PER_CLASS_MAX, STREAM_WORDS_MAX } from "../limits.js";
import { sizeClass } from "./memory.js";
import { Contexts, Site } from "./model.js";
import { begin } from "./motion.js";
import * as SITE from "./sites.js";
import { StreamState } from "./state.js";

/** @typedef {import("../plan.js").ClassPlan} ClassPlan */
/** @typedef {import("../plan.js").GroupPlan} GroupPlan */
/** @typedef {import("../plan.js").LanePlan} LanePlan */
/** @typedef {import("../plan.js").StreamPlan} StreamPlan */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */

const LAYOUT = new Contexts();
const SITES = Array.from({ length: 48 }, () => new Site(LAYOUT, 8, 8, 32));
const BEGIN = Uint16Array.from(LAYOUT.words);

/** @param {number} a @param {number} low @param {number} high @returns {number} a in the range */
const clamp = (a, low, high) => (a < low ? low : a > high ? high : a);

/** @param {number} a @returns {number} within 2^30 + 1024 of 0 */
const fit = (a) => clamp(a, -1073742848, 1073742848);

/** Reads one join. */
class JoinReader {
  /**
   * @param {StreamState} stream what becomes the state
   * @param {Uint8Array} bytes the join
   */
  constructor(stream, bytes) {
    this.stream = stream;
    this.wire = stream.wire;
    this.table = Uint16Array.from(BEGIN);
    this.wire.begin(bytes, bytes.length, this.table, true);
    /** The run of the lane before, in this row. */
    this.run = 0;
    this.words = new Uint32Array(128);
  }
}

/**
 * Reads a join.
 *
 * @param {StreamPlan} plan what follows from the schema
 * @param {Uint8Array} bytes the join
 * @param {StreamState | null} before what was known of the stream
 * @returns {StreamState} the state that the join tells
 * @throws {DecodeError} if it can't be decoded
 */
export function readJoin(plan, bytes, before) {
  const stream = new StreamState(plan, false);
  if (before?.plan === plan) stream.classes.forEach((m, at) => (m.named = before.classes[at].named));
  const j = new JoinReader(stream, bytes);
  const { wire } = j;
  stream.isPrivate = wire.raw(1) === 1;
  stream.span = ranged(j, SITE.SLOTS, 0, 1, 255);
  stream.chunk = ranged(j, SITE.SLOTS, 2, 0, 29);
  stream.trail = wire.rawWord(32);
  let left = STREAM_WORDS_MAX;
  for (const m of stream.classes) {
    j.table.set(BEGIN);
    left -= readClass(j, m, left);
  }
  j.table.set(BEGIN);
  plan.events.forEach((event, at) => {
    for (let place = 0; place < event.words; place++) stream.lastEvents[at][place] = readWord(j, 0, 0, 0, event.max[place]);
  });
  if (!stream.isPrivate) readOdds(j, stream.contexts);
  wire.finish();
  return stream;
}

/** @param {JoinReader} j @param {number} site @param {number} context @returns {number} a number with its sign */
function plain(j, site, context) {
  const at = context < 7 ? context : 7;
  return j.wire.read(SITES[site], at, at, 0);
}

/** @param {JoinReader} j @param {number} site @param {number} context @param {number} low @param {number} high @returns {number} */
function ranged(j, site, context, low, high) {
  return low + clamp(plain(j, site, context), 0, high - low);
}

/** @param {JoinReader} j @param {number} place @param {number} context @param {number} likely @param {number} max @returns {number} */
function readWord(j, place, context, likely, max) {
  const word = (likely + plain(j, SITE.OF_WORDS + (place < 23 ? place : 23), context)) >>> 0;
  return word < max ? word : max;
}

/** @param {JoinReader} j @param {number} site @param {number} likely @returns {number} chunks back from the last one */
function ago(j, site, likely) {
  return clamp(likely + plain(j, site, likely === 0 ? 1 : 0), 0, 64);
}

/** @param {JoinReader} j @param {ClassMemory} m @param {number} left words that the stream may still have @returns {number} its words */
function readClass(j, m, left) {
  const { plan } = m;
  const count = ranged(j, SITE.SLOTS, 1, 0, ENTITIES_PER_CLASS_MAX + 1);
  demand(count <= ENTITIES_PER_CLASS_MAX && count * plan.words <= left);
  readLearned(j, m);
  let likely = m.newest;
  let taken = 1;
  for (let slot = 0; slot < count; slot++) {
    taken = 1 - ranged(j, SITE.TAKEN, taken, 0, 1);
    if (taken === 0) continue;
    m.reserve(slot + 1);
    readRow(j, plan, likely);
    m.take(slot, j.words, j.stream.chunk);
    likely = m.words.subarray(slot * plan.words, (slot + 1) * plan.words);
    readMemory(j, m, slot);
  }
  m.reserve(count);
  m.count = count;
  return count * plan.words;
}

/** @param {JoinReader} j @param {ClassMemory} m */
function readLearned(j, m) {
  const { plan } = m;
  for (const { at } of plan.lanes) m.momentum[at] = ranged(j, SITE.MEMORY, 0, -8, 8);
  for (let circle = 0; circle < plan.circles.length; circle++) {
    m.score[circle] = ranged(j, SITE.MEMORY, 0, -8, 8);
    const low = ranged(j, SITE.MEMORY, 1, 0, 16777215);
    m.squared[circle] = 16777216 * ranged(j, SITE.MEMORY, 1, 0, 67108864) + low;
  }
  if (plan.along) {
    m.launch[0] = ranged(j, SITE.MEMORY, 2, -67108864, 67108864);
    m.launch[1] = m.launch[0] + ranged(j, SITE.MEMORY, 3, 0, 67108864);
  }
  for (let word = 0; word < plan.words; word++) m.newest[word] = readWord(j, word, 7, 0, plan.max[word]);
}

/** @param {JoinReader} j @param {ClassPlan} plan @param {Uint32Array} before the row before */
function readRow(j, plan, before) {
  const { words } = j;
  for (const group of plan.groups) {
    let x = 0;
    for (let word = group.start; word < group.end; word++) {
      const max = plan.max[word];
      const likely = Math.min(likelyWord(j, plan, group, word, before), max);
      words[word] = readWord(j, word, x, likely, max);
      x = Math.min(sizeClass(Math.abs(words[word] - likely)), 5);
    }
  }
}

/** @param {JoinReader} j @param {ClassPlan} plan @param {GroupPlan} group @param {number} word @param {Uint32Array} before @returns {number} */
function likelyWord(j, plan, { kind, heading, circle, lanes, bits }, word, before) {
  const { words } = j;
  if (kind === ANGLE && heading) {
    return direction(words[heading.word] + heading.firstStep, words[heading.word + 1] + heading.firstStep, bits);
  }
  if (circle) return Math.max(-circle.firstStep, 0);
  if (kind === MOTION && lanes[0].kind !== FREE) return Math.floor((plan.max[word] + 1) / 2);
  return before[word];
}

/** @param {JoinReader} j @param {ClassMemory} m @param {number} slot what is remembered of it */
function readMemory(j, m, slot) {
  const { plan } = m;
  const { chunk, span } = j.stream;
  const surprised = ago(j, SITE.SURPRISED, 0);
  m.surprised[slot] = chunk - surprised;
  m.changed[slot] = chunk - ago(j, SITE.CHANGED, surprised);
  m.born[slot] = chunk - (plan.hasParents ? ago(j, SITE.BORN, 0) : 64);
  m.fired[slot] = chunk - (plan.isParent ? ago(j, SITE.FIRED, 64) : 64);
  let likely = 64;
  for (let group = 0; group < m.groupCount; group++) {
    likely = ago(j, SITE.GROUP_SURPRISED, likely);
    m.groupSurprised[slot * m.groupCount + group] = chunk - likely;
  }
  const row = slot * plan.words;
  for (const { kind, start, end } of plan.groups) {
    if (kind === FLAG) continue;
    for (let word = row + start; word < row + end; word++) readWordMemory(j, m, word, surprised === 0);
  }
  j.run = 0;
  for (const lane of plan.lanes) {
    const at = slot * m.laneCount + lane.at;
    const likely = begin(m, at, lane, row, span);
    const moves = likely !== (ranged(j, SITE.MOVES, likely ? 1 : 0, 0, 1) === 1);
    if (!moves) continue;
    m.moves[slot] |= 1 << lane.at;
    readFilter(j, m, at, lane, m.words[row + lane.word]);
  }
  plan.rotations.forEach(({ start }, turn) => {
    if (ranged(j, SITE.MOVES, 2, 0, 1) === 0) return;
    m.turns[slot] |= 1 << turn;
    for (let part = 0; part < 4; part++) {
      const word = (m.words[row + start + part] - plain(j, SITE.BEFORE, part > 0 ? 1 : 0)) >>> 0;
      m.before[(slot * m.turnCount + turn) * 4 + part] = Math.min(word, plan.max[start + part]);
    }
  });
}

/** @param {JoinReader} j @param {ClassMemory} m @param {number} at the word @param {boolean} fresh */
function readWordMemory(j, m, at, fresh) {
  m.size[at] = ranged(j, SITE.SIZE, 0, 0, 255);
  const x = m.size[at] > 0 ? 1 : 0;
  m.sign[at] = signOf(ranged(j, SITE.SIGN, x, 0, 2));
  m.change[at] = fresh ? signOf(ranged(j, SITE.CHANGE, x, 0, 2)) : 0;
}

/**
 * A filter as it would begin becomes what it is.
 *
 * @param {JoinReader} j
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane
 * @param {number} word the lane's
 */
function readFilter(j, m, at, lane, word) {
  if (lane.kind === EXACT) {
    const den = lane.den;
    m.place0[at] = den > 1 ? ranged(j, SITE.PLACE_LOW, 0, 0, den - 1) : 0;
    if (ranged(j, SITE.FRESH, 1, 0, 1) === 1) {
      m.speed0[at] = clamp((m.speed0[at] + plain(j, SITE.SPEED_LOW, 0)) | 0, -1073741824, 1073741824);
      m.speed1[at] = ranged(j, SITE.SPEED_HIGH, 0, 0, den - 1);
    }
    return;
  }
  if (ranged(j, SITE.FRESH, 0, 0, 1) === 0) return;
  const follows = lane.kind !== FREE;
  const one = lane.one;
  const [a, b] = [m.speed0[at], m.speed1[at]];
  j.run = clamp(j.run + plain(j, SITE.RUN, 0), follows ? 0 : -1, 255);
  const length = Math.max(j.run, 0);
  const x = sizeClass(length);
  const low = word * one - one / 2 + plain(j, SITE.PLACE_LOW, x);
  const high = word * one + one / 2 - plain(j, SITE.PLACE_HIGH, x);
  const slow = a + plain(j, SITE.SPEED_LOW, x);
  const fast = follows ? b - plain(j, SITE.SPEED_HIGH, x) : slow + plain(j, SITE.SPEED_HIGH, x);
  const s = Math.floor((low + high) / 2) - length * Math.floor((slow + fast) / 2);
  m.run[at] = j.run;
  m.start0[at] = fit(s - plain(j, SITE.START_LOW, x));
  m.start1[at] = fit(s + plain(j, SITE.START_HIGH, x));
  m.place0[at] = fit(low);
  m.place1[at] = fit(high);
  m.speed0[at] = fit(slow);
  m.speed1[at] = fit(fast);
}

/** @param {JoinReader} j @param {Uint16Array} contexts */
function readOdds(j, contexts) {
  let n = 0;
  for (let at = 0; at < contexts.length; at++) {
    if (ranged(j, SITE.KNOWN, sizeClass(n), 0, 1) === 0) {
      n++;
      continue;
    }
    n = 0;
    const count = 7 - ranged(j, SITE.COUNT, 0, 0, 7);
    const p = clamp((contexts[at] >> 3) + plain(j, SITE.ODDS, count), 0, 8191);
    contexts[at] = 8 * p + count;
  }
}

/** @param {number} third @returns {number} the sign that it says */
const signOf = (third) => (third === 2 ? -1 : third);
