// Groups of a row that was a surprise: section 10.8 of shared/PROTOCOL.md.

import { direction } from "../direction.js";
import { ANGLE, FLAG, FREE, MOTION, ROTATION } from "../kinds.js";
import { attitude, largestOf, nearness, nextAttitude, turnOn, without } from "./attitude.js";
import { age, sizeClass } from "./memory.js";
import { begin, expect, fraction, jump, observe, relink } from "./motion.js";

/** @typedef {import("../plan.js").GroupPlan} GroupPlan */
/** @typedef {import("../plan.js").CirclePlan} CirclePlan */
/** @typedef {import("../plan.js").Vector} Vector */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** @typedef {import("./model.js").Site} Site */
/** @typedef {import("./state.js").StreamState} StreamState */

/** @param {number} sign @returns {number} 0 for 0, 1 above, 2 below */
const third = (sign) => (sign > 0 ? 1 : sign < 0 ? 2 : 0);

/** @param {number} a @returns {number} the square root rounded down */
const isqrt = (a) => Math.floor(Math.sqrt(a));

/**
 * Reads one group of a row.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 * @param {number} place its place in the order of coding
 */
export function readGroup(stream, m, slot, group, place) {
  const { wire, old, predicted, chunk } = stream;
  const { kind, start, end } = group;
  const row = slot * m.plan.words;
  if (kind === MOTION) relinkGroup(stream, m, slot, group);
  else if (kind === ANGLE && group.heading) turnAlong(stream, m, row, group, group.heading);
  const surprised = slot * m.groupCount + place;
  let context = group.flag;
  if (kind === FLAG) {
    context += predicted[start] + 2 * (stream.missed & 7) + 16 * ((stream.surprises >> 1) & 1);
  } else {
    const quiet = sizeClass(age(m.groupSurprised[surprised], chunk));
    context += 8 * (stream.missed & 7) + (quiet < 7 ? quiet : 7);
  }
  const differs = wire.decide(context) === 1;
  for (let word = start; word < end; word++) m.words[row + word] = predicted[word];
  if (differs) {
    if (place < 3) stream.missed |= 1 << place;
    m.groupSurprised[surprised] = chunk;
    readDifference(stream, m, slot, group);
  } else {
    for (let word = row + start; word < row + end; word++) m.note(word, 0);
  }
  if (kind === MOTION) observeGroup(stream, m, slot, group);
  else if (kind === ROTATION) turnOn(m, slot, group.turn, old, start, m.words, row + start);
  for (let word = start; word < end; word++) {
    const [is, was] = [m.words[row + word], old[word]];
    m.change[row + word] = is > was ? 1 : is < was ? -1 : 0;
  }
}

/**
 * Lanes of which what they follow has changed.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 */
function relinkGroup(stream, m, slot, { lanes }) {
  const { old, predicted, doubts } = stream;
  const row = slot * m.plan.words;
  for (const lane of lanes) {
    const { at, word, source } = lane;
    if (lane.kind === FREE || m.words[row + source] === old[source]) continue;
    const bit = 1 << at;
    const filter = slot * m.laneCount + at;
    stream.relinked |= bit;
    const moves = relink(m, filter, lane, row, old[word], stream.span, (m.moves[slot] & bit) !== 0);
    predicted[word] = moves ? expect(m, filter, lane, old[word], doubts) : old[word];
    move(m, slot, bit, moves);
  }
}

/** @param {ClassMemory} m @param {number} slot @param {number} bit of a lane @param {boolean} moves whether it does */
function move(m, slot, bit, moves) {
  if (moves) m.moves[slot] |= bit;
  else m.moves[slot] &= ~bit;
}

/**
 * An angle keeps its distance from the direction of its velocity.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} row where the row's words begin
 * @param {GroupPlan} group
 * @param {Vector} heading
 */
function turnAlong({ old, predicted }, m, row, { start, bits }, { word, firstStep }) {
  const [wasX, wasY] = [old[word] + firstStep, old[word + 1] + firstStep];
  const [x, y] = [m.words[row + word] + firstStep, m.words[row + word + 1] + firstStep];
  if ((x === wasX && y === wasY) || (x === 0 && y === 0)) return;
  const mask = 2 ** bits - 1;
  let apart = 0;
  if (wasX !== 0 || wasY !== 0) {
    apart = (old[start] - direction(wasX, wasY, bits)) & mask;
    if (apart <= 2 || apart >= mask - 1) apart = 0;
  }
  predicted[start] = (direction(x, y, bits) + apart) & mask;
}

/**
 * The lanes of a group take in their words.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 */
function observeGroup(stream, m, slot, { lanes, start, end }) {
  const { old, span } = stream;
  const row = slot * m.plan.words;
  let changed = false;
  for (let word = start; word < end; word++) if (m.words[row + word] !== old[word]) changed = true;
  for (const lane of lanes) {
    const { at } = lane;
    const filter = slot * m.laneCount + at;
    const was = old[lane.word];
    const is = m.words[row + lane.word];
    let moves = false;
    if ((m.moves[slot] >> at) & 1) moves = observe(m, filter, lane, row, was, span);
    else if (lane.kind === FREE) moves = changed && jump(m, filter, lane, was, is);
    else moves = is !== was && begin(m, filter, lane, row, span);
    move(m, slot, 1 << at, moves);
  }
}

/**
 * What is read of a group that differs.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 */
function readDifference(stream, m, slot, group) {
  const { start, end, kind, residuals } = group;
  const row = slot * m.plan.words;
  if (kind === FLAG) {
    m.words[row + start] = 1 - m.words[row + start];
    m.note(row + start, 1);
  } else if (kind === ANGLE) {
    const at = row + start;
    const r = stream.wire.read(residuals[0], sizeContext(m, at, 7), signContext(stream, m, at), 0);
    m.note(at, r);
    m.words[at] = (m.words[at] + r) & (2 ** group.bits - 1);
  } else if (kind === MOTION) {
    readMotion(stream, m, slot, group);
  } else if (kind === ROTATION) {
    readRotation(stream, m, slot, group);
  } else {
    let sum = -1;
    for (let word = start; word < end; word++) {
      const at = row + word;
      const size = sizeContext(m, at, sumContext(sum));
      sum = added(sum, readWord(stream, m, at, word, residuals[word - start], size, signContext(stream, m, at)));
    }
  }
}

/** @param {number} sum of the group's residuals; -1 before the first @returns {number} its context */
const sumContext = (sum) => (sum < 0 ? 7 : Math.min(sizeClass(sum), 6));

/** @param {number} sum @param {number} r @returns {number} with one more residual */
const added = (sum, r) => Math.min((sum < 0 ? 0 : sum) + Math.abs(r), 1048576);

/** @param {ClassMemory} m @param {number} at the word @param {number} k @returns {number} */
const sizeContext = (m, at, k) => k + 8 * Math.min(m.size[at] >> 3, 7);

/** @param {StreamState} stream @param {ClassMemory} m @param {number} at the word @returns {number} */
const signContext = (stream, m, at) => 4 * third(m.sign[at]) + (stream.fresh ? third(m.change[at]) : 0);

/**
 * Reads a word as its residual.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} at the place of the word, which is as predicted
 * @param {number} word its place in the row
 * @param {Site} site where the odds are
 * @param {number} c the context of the size
 * @param {number} s the context of the sign
 * @returns {number} the residual
 */
function readWord(stream, m, at, word, site, c, s) {
  const max = m.plan.max[word];
  const predicted = m.words[at];
  const wraps = max >= 2147483648;
  const known = wraps ? 0 : predicted === 0 ? 1 : predicted === max ? -1 : 0;
  const r = stream.wire.read(site, c, s, known);
  m.note(at, r);
  m.words[at] = moved(predicted, r, max);
  return r;
}

/**
 * @param {number} predicted a word
 * @param {number} r its residual
 * @param {number} max the highest
 * @returns {number} the word
 */
export function moved(predicted, r, max) {
  if (max >= 2147483648) return Math.min((predicted + r) >>> 0, max);
  const word = predicted + r;
  return word < 0 ? 0 : word > max ? max : word;
}

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 */
function readMotion(stream, m, slot, { lanes, start, circle, residuals }) {
  const row = slot * m.plan.words;
  let sum = -1;
  for (const lane of lanes) {
    const { word } = lane;
    const at = row + word;
    if (word === start + 1 && circle && m.score[circle.index] >= 2) {
      readSecondPart(stream, m, at, word, circle);
      break;
    }
    const k = sumContext(sum);
    let c = sizeContext(m, at, k);
    let s = signContext(stream, m, at);
    if ((m.moves[slot] >> lane.at) & 1) {
      if (((stream.relinked >> lane.at) & 1) === 0) c = 64 + 4 * (stream.doubts[lane.at] >> 4) + Math.min(k, 3);
      s = 16 + fraction(m, slot * m.laneCount + lane.at, lane) + (k < 2 ? 16 : 0);
    }
    sum = added(sum, readWord(stream, m, at, word, residuals[word - start], c, s));
  }
  if (circle) learnLength(stream, m, row, start, circle);
}

/** @param {number} q a squared length @param {number} x one part @returns {number} the other part */
const leg = (q, x) => Math.floor((isqrt(4 * Math.max(q - x * x, 0)) + 1) / 2);

/**
 * The second part of a vector of which the length is known.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} at the place of the word
 * @param {number} word its place in the row
 * @param {CirclePlan} circle
 */
function readSecondPart({ wire, old }, m, at, word, circle) {
  const { firstStep } = circle;
  const squared = m.squared[circle.index];
  const x = m.words[at - 1] + firstStep;
  const oldX = old[word - 1] + firstStep;
  const oldY = old[word] + firstStep;
  const own = oldX * oldX + oldY * oldY;
  const q = own > 0 && Math.abs(own - squared) > Math.floor(squared / 16) ? own : squared;
  const size = leg(q, x);
  let y = 0;
  if (x !== 0 || wire.decide(circle.stops) === 0) {
    const negative = wire.decide(circle.below + third(oldY)) === 1;
    const c = Math.min(Math.floor((8 * size) / Math.max(isqrt(q), 1)), 7);
    y = Math.max(size + wire.read(circle.length, c, 0, 0), 0);
    if (negative) y = -y;
  }
  const value = Math.min(Math.max(y - firstStep, 0), m.plan.max[word]);
  m.note(at, value - m.words[at]);
  m.words[at] = value;
}

/**
 * Both parts of a vector tell about its length.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} row where the row's words begin
 * @param {number} start the first part
 * @param {CirclePlan} circle
 */
function learnLength({ old }, m, row, start, { index, firstStep }) {
  const x = m.words[row + start] + firstStep;
  const y = m.words[row + start + 1] + firstStep;
  const is = x * x + y * y;
  if (is === 0) return;
  const squared = m.squared[index];
  const oldY = old[start + 1] + firstStep;
  const d = Math.abs(Math.abs(y) - leg(squared, x)) - Math.abs(y - oldY);
  m.score[index] = Math.min(Math.max(m.score[index] - Math.sign(d), -8), 8);
  const apart = is - squared;
  m.squared[index] = Math.abs(apart) <= Math.floor(squared / 32) ? squared + Math.floor(apart / 8) : is;
}

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {GroupPlan} group
 */
function readRotation(stream, m, slot, group) {
  const { wire, old, attitude: e, fractions } = stream;
  const { start, bits, turn, residuals } = group;
  const row = slot * m.plan.words;
  const turns = ((m.turns[slot] >> turn) & 1) === 1;
  if (turns) nextAttitude(old, start, m.before, (slot * m.turnCount + turn) * 4, bits, e);
  else attitude(old, start, bits, e);
  const largest = largestOf(e, -1);
  const second = largestOf(e, largest);
  const p = stream.predicted[start];
  const n = largest === p ? nearness(e, largest, second, bits) : 0;
  const likely = largest === p ? second : p === 0 ? 1 : 0;
  if (wire.decide(group.largest + n) === 1) {
    m.words[row + start] = wire.decide(group.second + n) === 1 ? wire.raw(2) : likely;
  }
  const left = m.words[row + start];
  fractions.fill(8);
  if (turns || left !== p) without(e, left, bits, m.words, row + start + 1, fractions);
  let sum = -1;
  for (let part = 0; part < 3; part++) {
    const at = row + start + 1 + part;
    const c = sizeContext(m, at, sumContext(sum));
    const s = signContext(stream, m, at) + 16 * Math.min(Math.floor((fractions[part] + 2) / 5), 3);
    sum = added(sum, readWord(stream, m, at, start + 1 + part, residuals[1 + part], c, s));
  }
}
