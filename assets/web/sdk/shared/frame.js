// Frames: what one member gets of one snapshot tick. Section 9 of shared/PROTOCOL.md.

import { ByteReader, NO_BYTES } from "./bits.js";
import { demand } from "./error.js";
import { GONE, PART } from "./kinds.js";
import { JOIN_PARTS_MAX, SPAN_MAX, STATUSES_MAX } from "./limits.js";

/**
 * @typedef {object} StreamEntry
 * @property {number} stream which stream
 * @property {number} kind CHUNK, JOIN, PART or GONE
 * @property {Uint8Array} bytes of the chunk, the join or the part; not copied
 * @property {number} index of a part
 * @property {number} count of the parts
 */
/**
 * @typedef {object} FrameSection
 * @property {number} tick
 * @property {number} span ticks since the snapshot before
 * @property {number[]} statuses what became of the member's inputs, oldest first
 * @property {boolean} repeated whether at the ticks before those the last input was repeated, rather
 *   than one applied
 * @property {number | null} marginMs how early inputs come
 * @property {StreamEntry[]} entries
 */

/**
 * @param {Uint8Array} body of a frame section
 * @returns {FrameSection} what it says
 * @throws {DecodeError} if it is none
 */
export function readFrame(body) {
  const reader = new ByteReader(body);
  const tick = reader.varint();
  const span = reader.varint();
  demand(span >= 1 && span <= SPAN_MAX);
  const flags = reader.u8();
  demand(flags < 8);
  const statuses = flags & 1 ? readStatuses(reader) : [];
  const repeated = (flags & 4) > 0;
  const marginMs = flags & 2 ? reader.signed() : null;
  /** @type {StreamEntry[]} */
  const entries = [];
  let last = -1;
  while (!reader.isAtEnd) {
    const entry = readEntry(reader);
    demand(entry.stream > last);
    last = entry.stream;
    entries.push(entry);
  }
  return { tick, span, statuses, repeated, marginMs, entries };
}

/** @param {ByteReader} reader @returns {number[]} */
function readStatuses(reader) {
  /** @type {number[]} */
  const statuses = [];
  for (let runs = reader.varint(); runs > 0; runs--) {
    const run = reader.u8();
    for (let left = (run & 63) + 1; left > 0; left--) statuses.push(run >> 6);
    demand(statuses.length <= STATUSES_MAX);
  }
  return statuses;
}

/** @param {ByteReader} reader @returns {StreamEntry} */
function readEntry(reader) {
  const head = reader.varint();
  /** @type {StreamEntry} */
  const entry = { stream: Math.floor(head / 4), kind: head & 3, bytes: NO_BYTES, index: 0, count: 0 };
  demand(entry.stream < 256);
  if (entry.kind === PART) {
    entry.index = reader.varint();
    entry.count = reader.varint();
    demand(entry.index < entry.count && entry.count <= JOIN_PARTS_MAX);
  }
  if (entry.kind !== GONE) entry.bytes = reader.string();
  return entry;
}
