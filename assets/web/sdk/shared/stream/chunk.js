// Chunks: what changed by one snapshot tick. Sections 10.6 and 10.13 of shared/PROTOCOL.md.

import { demand } from "../error.js";
import { mix } from "../hash.js";
import { EVENTS_PER_CHUNK_MAX } from "../limits.js";
import { readBirths } from "./births.js";
import { rescale } from "./motion.js";
import { readRows } from "./rows.js";

/** @typedef {import("./state.js").EventWords} EventWords */
/** @typedef {import("./state.js").StreamState} StreamState */

/** A chunk's number is a multiple of this: it has a hash, unless it is empty. */
const HASHED = 30;

/**
 * Brings a stream forward by a chunk. After an error the stream is of no use.
 *
 * @param {StreamState} stream
 * @param {number} span ticks since the chunk before
 * @param {Uint8Array} bytes the chunk; none if all went as predicted
 * @param {EventWords[]} events what happened is added to them
 * @returns {boolean} whether it had a hash, which is then right
 * @throws {DecodeError} if it can't be decoded or the hash differs
 */
export function applyChunk(stream, span, bytes, events) {
  const { wire } = stream;
  stream.chunk += 1;
  rescaleAll(stream, span < 1 ? 1 : span > 255 ? 255 : span);
  const isHashed = stream.chunk % HASHED === 0 && bytes.length > 0;
  demand(!isHashed || bytes.length >= 2);
  const end = isHashed ? bytes.length - 2 : bytes.length;
  wire.begin(bytes, end, stream.contexts, !stream.isPrivate);
  for (const m of stream.classes) {
    readRows(stream, m);
    readBirths(stream, m);
  }
  readEvents(stream, events);
  wire.finish();
  stream.trail = mix(stream.trail, wire.range);
  demand(!isHashed || bytes[end] + 256 * bytes[end + 1] === mix(stream.hash(), stream.trail) >>> 16);
  return isHashed;
}

/**
 * @param {StreamState} stream
 * @param {number} span the chunk's
 */
function rescaleAll(stream, span) {
  const before = stream.span;
  stream.span = span;
  if (span === before) return;
  for (const m of stream.classes) {
    const { lanes, words } = m.plan;
    for (let slot = 0; slot < m.count; slot++) {
      if (m.taken[slot] === 0) continue;
      for (let mask = m.moves[slot]; mask !== 0; mask &= mask - 1) {
        const lane = lanes[31 - Math.clz32(mask & -mask)];
        rescale(m, slot * lanes.length + lane.at, lane, slot * words, before, span);
      }
    }
  }
}

/**
 * @param {StreamState} stream
 * @param {EventWords[]} events
 */
function readEvents({ wire, plan, lastEvents }, events) {
  for (let n = 0; wire.decide(plan.more + (n === 0 ? 1 : 0)) === 1; n++) {
    demand(n < EVENTS_PER_CHUNK_MAX);
    let i = 1;
    for (let bit = 0; bit < 6; bit++) i = 2 * i + wire.decide(plan.which + (i & 63));
    const event = plan.events[i & 63];
    demand(event);
    const words = lastEvents[i & 63];
    for (let word = 0; word < event.words; word++) {
      if (wire.decide(event.differs + word) === 1) {
        words[word] = Math.min(wire.rawWord(event.bits[word]), event.max[word]);
      }
    }
    events.push({ class: i & 63, words: Array.from(words) });
  }
}
