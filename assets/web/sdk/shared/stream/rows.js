// Rows that were there: section 10.7 of shared/PROTOCOL.md.

import { MOTION, ROTATION } from "../kinds.js";
import { largestOf, nextAttitude, turnOn, without } from "./attitude.js";
import { readGroup } from "./fields.js";
import { age, sizeClass } from "./memory.js";
import { expect, observe } from "./motion.js";

/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** @typedef {import("./state.js").StreamState} StreamState */

/**
 * Reads the rows of a class that were there before.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m the class
 */
export function readRows(stream, m) {
  const { wire, chunk } = stream;
  const { plan } = m;
  stream.surprises = 0;
  for (let slot = 0; slot < m.count; slot++) {
    if (m.taken[slot] === 0) continue;
    const rests = m.moves[slot] === 0 && m.turns[slot] === 0;
    let context = 0;
    if (rests) {
      const quiet = age(m.changed[slot], chunk);
      context = plan.rest + (quiet < 4 ? 0 : quiet < 32 ? 4 : 8) + (stream.surprises & 3);
    } else {
      const doubt = predict(stream, m, slot);
      const quiet = age(m.surprised[slot], chunk);
      if (plan.hasParents) context = plan.moving + 4 * lived(stream, m, slot) + least(sizeClass(doubt), 3);
      else if (doubt === 0) context = plan.moving + least(quiet, 63);
      else context = plan.moving + 64 + 3 * doubt + least(quiet, 2);
    }
    const surprise = wire.decide(context);
    stream.surprises = (2 * stream.surprises + surprise) & 3;
    if (surprise === 1) readSurprise(stream, m, slot, rests);
    else if (!rests) goOn(stream, m, slot);
  }
}

/** @param {number} a @param {number} b @returns {number} the lesser */
const least = (a, b) => (a < b ? a : b);

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @returns {number} for how many chunks the row has been there, at most 31
 */
const lived = (stream, m, slot) => least(stream.chunk - m.born[slot], 31);

/**
 * Predicts what moves and turns.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @returns {number} the row's doubt, 0 to 15
 */
function predict(stream, m, slot) {
  const { plan } = m;
  const { predicted, doubts } = stream;
  const row = slot * plan.words;
  const first = slot * m.laneCount;
  let sure = 256;
  for (let mask = m.moves[slot]; mask !== 0; mask &= mask - 1) {
    const lane = plan.lanes[31 - Math.clz32(mask & -mask)];
    predicted[lane.word] = expect(m, first + lane.at, lane, m.words[row + lane.word], doubts);
    sure = (sure * (256 - doubts[lane.at])) >> 8;
  }
  for (let mask = m.turns[slot]; mask !== 0; mask &= mask - 1) {
    const turn = 31 - Math.clz32(mask & -mask);
    const { start, bits } = plan.rotations[turn];
    const before = (slot * m.turnCount + turn) * 4;
    nextAttitude(m.words, row + start, m.before, before, bits, stream.attitude);
    const largest = largestOf(stream.attitude, -1);
    predicted[start] = largest;
    without(stream.attitude, largest, bits, predicted, start + 1, null);
  }
  const doubt = (256 - sure) >> 4;
  return doubt < 15 ? doubt : 15;
}

/**
 * A row that went as predicted.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 */
function goOn(stream, m, slot) {
  const { plan } = m;
  const { predicted } = stream;
  const row = slot * plan.words;
  const first = slot * m.laneCount;
  let moves = m.moves[slot];
  let changed = false;
  for (let mask = moves; mask !== 0; mask &= mask - 1) {
    const bit = mask & -mask;
    const lane = plan.lanes[31 - Math.clz32(bit)];
    const at = row + lane.word;
    const old = m.words[at];
    const word = predicted[lane.word];
    if (word !== old) {
      m.words[at] = word;
      changed = true;
    }
    if (!observe(m, first + lane.at, lane, row, old, stream.span)) moves &= ~bit;
    m.calm(at);
  }
  m.moves[slot] = moves;
  for (let mask = m.turns[slot]; mask !== 0; mask &= mask - 1) {
    const turn = 31 - Math.clz32(mask & -mask);
    const { start } = plan.rotations[turn];
    for (let word = row + start; word < row + start + 4; word++) m.calm(word);
    if (turnOn(m, slot, turn, m.words, row + start, predicted, start)) changed = true;
  }
  settle(stream, m, slot, changed);
}

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {boolean} changed whether a word is another than before the chunk
 */
function settle(stream, m, slot, changed) {
  if (changed) m.changed[slot] = stream.chunk;
  else if (age(m.changed[slot], stream.chunk) + 1 >= 4) m.moves[slot] &= m.plan.exactMask;
}

/**
 * A row that did not go as predicted.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {boolean} rests whether nothing of it was predicted to change
 */
function readSurprise(stream, m, slot, rests) {
  const { wire, old, predicted } = stream;
  const { plan } = m;
  if (wire.decide(plan.gone + (plan.hasParents ? lived(stream, m, slot) : 0)) === 1) {
    m.taken[slot] = 0;
    return;
  }
  const row = slot * plan.words;
  for (let word = 0; word < plan.words; word++) old[word] = m.words[row + word];
  if (rests) for (let word = 0; word < plan.words; word++) predicted[word] = old[word];
  else fillPredicted(stream, m, slot);
  stream.missed = 0;
  stream.fresh = m.surprised[slot] + 1 === stream.chunk;
  stream.relinked = 0;
  for (let place = 0; place < m.groupCount; place++) readGroup(stream, m, slot, plan.groups[place], place);
  let changed = false;
  for (let word = 0; word < plan.words; word++) if (m.words[row + word] !== old[word]) changed = true;
  settle(stream, m, slot, changed);
  m.surprised[slot] = stream.chunk;
}

/**
 * What was not predicted to change is as before.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} slot
 */
function fillPredicted({ old, predicted }, m, slot) {
  for (const { kind, start, end, lanes, turn } of m.plan.groups) {
    for (let word = start; word < end; word++) {
      let goes = 0;
      if (kind === MOTION) goes = (m.moves[slot] >> lanes[word - start].at) & 1;
      else if (kind === ROTATION) goes = (m.turns[slot] >> turn) & 1;
      if (goes === 0) predicted[word] = old[word];
    }
  }
}
