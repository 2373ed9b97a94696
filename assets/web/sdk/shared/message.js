// Messages and their sections: section 3 of shared/PROTOCOL.md.

import { ByteReader, ByteWriter } from "./bits.js";
import { DecodeError } from "./error.js";
import { SECTIONS_PER_MESSAGE_MAX, SERVER_MESSAGE_BYTES_MAX } from "./limits.js";

/** The kinds of sections. */
export const CONTROL = 1;
export const FRAME = 3;
export const INPUT = 4;
export const COMMAND = 5;

/** @typedef {{ kind: number, body: Uint8Array }} Section */

/**
 * @param {Uint8Array} message
 * @returns {Section[]} its sections, not copied
 * @throws {DecodeError} if it is no message
 */
export function readSections(message) {
  if (message.length > SERVER_MESSAGE_BYTES_MAX) throw new DecodeError();
  const reader = new ByteReader(message);
  /** @type {Section[]} */
  const sections = [];
  while (!reader.isAtEnd) {
    const kind = reader.u8();
    if (kind !== CONTROL && (kind < FRAME || kind > COMMAND)) throw new DecodeError();
    if (sections.length === SECTIONS_PER_MESSAGE_MAX) throw new DecodeError("too many sections");
    sections.push({ kind, body: reader.string() });
  }
  return sections;
}

/**
 * Appends a section to a message.
 *
 * @param {ByteWriter} message
 * @param {number} kind
 * @param {Uint8Array} body
 */
export function writeSection(message, kind, body) {
  message.u8(kind);
  message.string(body);
}
