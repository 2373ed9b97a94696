// Motion: what a lane's filter expects, and what it learns. Section 10.9 of shared/PROTOCOL.md.
//
// A filter is told by `at`, its place in the arrays of the class: slot * lanes + lane. All numbers
// are whole; quotients are rounded down. Sums may pass 2^31, which arrays never hold.

import { EXACT, FREE } from "../kinds.js";

/** @typedef {import("../plan.js").LanePlan} LanePlan */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */

const FIT = 2 ** 30;

/** @param {number} a @returns {number} brought within 2^30 of 0 */
const fit = (a) => (a < -FIT ? -FIT : a > FIT ? FIT : a);

/** @param {number} a @param {number} b @returns {number} the quotient rounded down */
const div = (a, b) => Math.floor(a / b);

/** @param {number} a @param {number} b @returns {number} the quotient rounded up */
const ceil = (a, b) => -Math.floor(-a / b);

/**
 * What a moving lane is expected to be after `word`.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} word what it is
 * @param {Int32Array} doubts where the lane's doubt goes, 0 to 255
 * @returns {number} the expected word
 */
export function expect(m, at, lane, word, doubts) {
  const max = lane.max;
  doubts[lane.at] = 0;
  if (lane.kind === EXACT) {
    const carry = m.place0[at] + m.speed1[at] >= lane.den ? 1 : 0;
    const value = word + m.speed0[at] + carry;
    return value < 0 ? 0 : value > max ? max : value;
  }
  if (m.run[at] === -1) return word;
  const one = lane.one;
  const low = m.place0[at] + m.speed0[at];
  const high = m.place1[at] + m.speed1[at];
  const middle = div(low + high + one, 2 * one);
  const value = middle < 0 ? 0 : middle > max ? max : middle;
  if (high === low) {
    doubts[lane.at] = 255;
    return value;
  }
  const below = value * one - one / 2 - low;
  const above = high - value * one - one / 2;
  if (below > 0 || above > 0) {
    const out = (below > 0 ? below : 0) + (above > 0 ? above : 0);
    const doubt = div(256 * out, high - low);
    doubts[lane.at] = doubt < 255 ? doubt : 255;
  }
  return value;
}

/**
 * Where between two words the expectation of a moving lane lies.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @returns {number} 0 to 15
 */
export function fraction(m, at, lane) {
  if (lane.kind === EXACT || m.run[at] === -1) return 8;
  const one = lane.one;
  const t = m.place0[at] + m.speed0[at] + m.place1[at] + m.speed1[at] + one;
  const eighths = div(t, one / 8);
  return eighths - 16 * div(eighths, 16);
}

/**
 * The filter knows the word and nothing else.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} word
 */
function settle(m, at, lane, word) {
  const one = lane.one;
  m.start0[at] = m.place0[at] = word * one - one / 2;
  m.start1[at] = m.place1[at] = word * one + one / 2;
  m.run[at] = 0;
}

/**
 * Takes the speed of what the lane follows.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} span ticks of a chunk
 * @returns {boolean} whether it moves
 */
function follow(m, at, lane, row, span) {
  const v = m.words[row + lane.source] + lane.firstStep;
  const den = lane.den;
  if (lane.kind === EXACT) {
    const d = v * lane.num * span;
    const whole = div(d, den);
    m.place0[at] = den >> 1;
    m.speed0[at] = fit(whole);
    m.speed1[at] = d - whole * den;
    m.run[at] = 0;
    return m.speed0[at] !== 0 || m.speed1[at] !== 0;
  }
  const k = lane.num * span * lane.one;
  m.speed0[at] = fit(div((2 * v - 1) * k, 2 * den));
  m.speed1[at] = fit(ceil((2 * v + 1) * k, 2 * den));
  return v !== 0;
}

/**
 * A filter begins with the row.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} span ticks of a chunk
 * @returns {boolean} whether it moves
 */
export function begin(m, at, lane, row, span) {
  if (lane.kind === FREE) return false;
  settle(m, at, lane, m.words[row + lane.word]);
  return follow(m, at, lane, row, span);
}

/**
 * What the lane follows has changed.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} old the lane's word before the chunk
 * @param {number} span ticks of a chunk
 * @param {boolean} moves whether it moved
 * @returns {boolean} whether it moves
 */
export function relink(m, at, lane, row, old, span, moves) {
  if (moves) {
    m.start0[at] = m.place0[at];
    m.start1[at] = m.place1[at];
    m.run[at] = 0;
  } else {
    settle(m, at, lane, old);
  }
  return follow(m, at, lane, row, span);
}

/**
 * A moving lane went from `old` to its word in the row.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} row where the row's words begin
 * @param {number} old the lane's word before the chunk
 * @param {number} span ticks of a chunk
 * @returns {boolean} whether it moves
 */
export function observe(m, at, lane, row, old, span) {
  const word = m.words[row + lane.word];
  if (lane.kind === EXACT) {
    if (step(m, at, lane, old, word)) return true;
    return begin(m, at, lane, row, span) && word !== old;
  }
  if (lane.kind === FREE) {
    if (m.run[at] <= 0) learn(m, at, lane, old, word);
    if (m.run[at] !== -1 && narrow(m, at, lane, word)) return true;
    return jump(m, at, lane, old, word);
  }
  if (narrow(m, at, lane, word)) return true;
  return begin(m, at, lane, row, span) && word !== old;
}

/**
 * A lane with an Exact goes on, if its word is the expected one.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} old the word before
 * @param {number} word the word now
 * @returns {boolean} whether it was the expected one
 */
function step(m, at, lane, old, word) {
  const den = lane.den;
  const max = lane.max;
  let place = m.place0[at] + m.speed1[at];
  let value = old + m.speed0[at];
  if (place >= den) {
    place -= den;
    value += 1;
  }
  if (value < 0) {
    if (word !== 0) return false;
    place = den >> 1;
  } else if (value > max) {
    if (word !== max) return false;
    place = den >> 1;
  } else if (word !== value) {
    return false;
  }
  m.place0[at] = place;
  return true;
}

/**
 * Both intervals shrink to what the word allows.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} word
 * @returns {boolean} whether anything is left of them
 */
function narrow(m, at, lane, word) {
  const one = lane.one;
  let low = m.place0[at] + m.speed0[at];
  let high = m.place1[at] + m.speed1[at];
  const least = word * one - one / 2;
  const most = word * one + one / 2;
  if (least > low) low = least;
  if (most < high) high = most;
  if (low > high) return false;
  m.place0[at] = low;
  m.place1[at] = high;
  if (m.run[at] === 255) return true;
  const run = (m.run[at] += 1);
  const slowest = low - m.start1[at];
  const fastest = high - m.start0[at];
  if (slowest >= (m.speed0[at] + 1) * run) m.speed0[at] = fit(div(slowest, run));
  if (fastest <= (m.speed1[at] - 1) * run) m.speed1[at] = fit(ceil(fastest, run));
  return m.speed0[at] <= m.speed1[at];
}

/**
 * Whether lanes of this kind go on when they jump.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} old the word before
 * @param {number} word the word now
 */
function learn(m, at, lane, old, word) {
  const both = m.speed0[at] + m.speed1[at];
  const jumped = m.run[at] === -1 ? m.speed0[at] : div(both, 2 * lane.one);
  const change = word - old;
  const better = Math.sign(Math.abs(change) - Math.abs(change - jumped));
  const momentum = m.momentum[lane.at] + better;
  m.momentum[lane.at] = momentum < -8 ? -8 : momentum > 8 ? 8 : momentum;
}

/**
 * The lane went where nothing led.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane
 * @param {number} old the word before
 * @param {number} word the word now
 * @returns {boolean} whether it moves
 */
export function jump(m, at, lane, old, word) {
  const change = word - old;
  settle(m, at, lane, word);
  if (m.momentum[lane.at] < 0) {
    m.run[at] = -1;
    m.speed0[at] = m.speed1[at] = change;
    return change !== 0;
  }
  const one = lane.one;
  m.speed0[at] = (change - 1) * one;
  m.speed1[at] = (change + 1) * one;
  return true;
}

/**
 * Chunks span another number of ticks from now on.
 *
 * @param {ClassMemory} m
 * @param {number} at the filter
 * @param {LanePlan} lane its lane, which moves
 * @param {number} row where the row's words begin
 * @param {number} before what they spanned
 * @param {number} span what they span
 */
export function rescale(m, at, lane, row, before, span) {
  if (lane.kind === EXACT) {
    const kept = m.place0[at];
    follow(m, at, lane, row, span);
    m.place0[at] = kept;
  } else if (m.run[at] !== -1) {
    m.speed0[at] = fit(div(m.speed0[at] * span, before));
    m.speed1[at] = fit(ceil(m.speed1[at] * span, before));
    m.start0[at] = m.place0[at];
    m.start1[at] = m.place1[at];
    m.run[at] = 0;
  }
}
