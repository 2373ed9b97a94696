// Newcomers: section 10.12 of shared/PROTOCOL.md.

import { direction, unit } from "../direction.js";
import { demand } from "../error.js";
import { ANGLE } from "../kinds.js";
import { STREAM_WORDS_MAX } from "../limits.js";
import { moved } from "./fields.js";
import { age, sizeClass } from "./memory.js";
import { begin } from "./motion.js";

/** @typedef {import("../plan.js").ClassPlan} ClassPlan */
/** @typedef {import("../plan.js").GroupPlan} GroupPlan */
/** @typedef {import("../schema.js").Field} Field */
/** @typedef {import("./memory.js").ClassMemory} ClassMemory */
/** @typedef {import("./state.js").StreamState} StreamState */

/**
 * Reads the newcomers of a class.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m the class
 */
export function readBirths(stream, m) {
  const { wire, chunk } = stream;
  const { plan } = m;
  let from = 0;
  if (plan.hasParents) {
    const parents = stream.classes[plan.parents];
    for (let slot = 0; slot < parents.count; slot++) {
      if (parents.taken[slot] === 0) continue;
      let context = plan.fires + 2 * Math.min(age(parents.fired[slot], chunk), 63);
      if (wire.decide(context) === 0) continue;
      context += 1;
      do from = readBirth(stream, m, from, parents, slot);
      while (wire.decide(context) === 1);
      parents.fired[slot] = chunk;
    }
  }
  for (let n = 0; wire.decide(plan.more + (n < 15 ? n : 15)) === 1; n++) from = readBirth(stream, m, from, null, 0);
}

/**
 * Finds a free slot, and makes room for it.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} from where to look from
 * @returns {number} the slot
 */
function freeSlot(stream, m, from) {
  let slot = from;
  while (slot < m.count && m.taken[slot] === 1) slot++;
  if (slot >= m.count) {
    let words = m.plan.words;
    for (const each of stream.classes) words += each.count * each.plan.words;
    demand(words <= STREAM_WORDS_MAX);
    m.reserve(slot + 1);
  }
  return slot;
}

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {number} from the first slot that it may take
 * @param {ClassMemory | null} parents
 * @param {number} parent the parent's slot
 * @returns {number} the first slot that the next one may take
 */
function readBirth(stream, m, from, parents, parent) {
  const { plan } = m;
  const slot = freeSlot(stream, m, from);
  const words = m.newest;
  if (parents) inherit(stream, m, words, parents, parent);
  for (const group of plan.groups) head(group, words);
  if (stream.wire.decide(plan.birth) === 1) readResiduals(stream, m, words, parents !== null);
  if (parents && plan.along) learnLaunch(m, words, parents, parent, plan.along);
  m.take(slot, words, stream.chunk);
  let moves = 0;
  for (const lane of plan.lanes) {
    if (begin(m, slot * m.laneCount + lane.at, lane, slot * plan.words, stream.span)) moves |= 1 << lane.at;
  }
  m.moves[slot] = moves;
  return slot + 1;
}

/**
 * An angle with a Heading points along its velocity.
 *
 * @param {GroupPlan} group
 * @param {Uint32Array} words
 */
function head({ kind, heading, start, bits }, words) {
  if (kind !== ANGLE || !heading) return;
  const { word, firstStep } = heading;
  words[start] = direction(words[word] + firstStep, words[word + 1] + firstStep, bits);
}

/**
 * What follows from the parent.
 *
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {Uint32Array} words the newcomer's
 * @param {ClassMemory} parents
 * @param {number} parent the parent's slot
 */
function inherit(stream, m, words, parents, parent) {
  const { plan } = m;
  const row = parent * parents.plan.words;
  words[/** @type {Field} */ (plan.parent).start] = 1 + parent + (stream.isPrivate ? 65536 : 0);
  for (const field of plan.data.fields) {
    if (field.birth?.name !== "copies") continue;
    const from = row + parents.plan.data.fields[field.birth.field].start;
    for (let at = 0; at < field.words; at++) {
      words[field.start + at] = Math.min(parents.words[from + at], plan.max[field.start + at]);
    }
  }
  const { along } = plan;
  if (!along) return;
  const speed = Math.floor((m.launch[0] + m.launch[1]) / 2);
  const aim = aimOf(parents, parent, along);
  for (let at = 0; at < 2; at++) {
    const step = Math.floor((aim[at] * speed + 8192) / 16384);
    words[along.start + at] = Math.min(Math.max(step - along.kind.firstStep, 0), plan.max[along.start + at]);
  }
}

/**
 * @param {ClassMemory} parents
 * @param {number} parent the parent's slot
 * @param {Field} along the velocity
 * @returns {[number, number]} where it points
 */
function aimOf(parents, parent, along) {
  const angle = parents.plan.data.fields[along.birth?.field ?? 0];
  return unit(parents.words[parent * parents.plan.words + angle.start], angle.kind.bits);
}

/**
 * @param {StreamState} stream
 * @param {ClassMemory} m
 * @param {Uint32Array} words the newcomer's, as predicted
 * @param {boolean} hasParent
 */
function readResiduals({ wire }, { plan }, words, hasParent) {
  const known = hasParent && plan.parent ? plan.parent.start : -1;
  let size = 0;
  for (const group of plan.groups) {
    head(group, words);
    for (let word = group.start; word < group.end; word++) {
      if (word === known) continue;
      const r = wire.read(group.births[word - group.start], Math.min(sizeClass(size), 7), 0, 0);
      if (group.kind === ANGLE) words[word] = (words[word] + r) & (2 ** group.bits - 1);
      else words[word] = moved(words[word], r, plan.max[word]);
      size = Math.min((word === group.start ? 0 : size) + Math.abs(r), 4294967295);
    }
  }
}

/**
 * The speed of what is launched tells about that of the next one.
 *
 * @param {ClassMemory} m
 * @param {Uint32Array} words the newcomer's
 * @param {ClassMemory} parents
 * @param {number} parent the parent's slot
 * @param {Field} along the velocity
 */
function learnLaunch(m, words, parents, parent, along) {
  const aim = aimOf(parents, parent, along);
  const at = Math.abs(aim[0]) >= Math.abs(aim[1]) ? 0 : 1;
  const part = aim[at];
  const v = 16384 * (words[along.start + at] + along.kind.firstStep);
  const h = 8192;
  const least = part > 0 ? -Math.floor(-(v - h) / part) : -Math.floor((v + h - 1) / -part);
  const most = part > 0 ? Math.floor((v + h - 1) / part) : Math.floor((h - v) / -part);
  const low = Math.max(least, m.launch[0]);
  const high = Math.min(most, m.launch[1]);
  m.launch[0] = low <= high ? low : least;
  m.launch[1] = low <= high ? high : most;
}
