// Messages and their sections: section 3 of shared/PROTOCOL.md.

import { ByteReader, ByteWriter } from "./bits.js";
import { demand } from "./error.js";
import { COMMAND, CONTROL, FRAME } from "./kinds.js";
import { SECTIONS_PER_MESSAGE_MAX, SERVER_MESSAGE_BYTES_MAX } from "./limits.js";

/** @typedef {{ kind: number, body: Uint8Array }} Section */

/**
 * @param {Uint8Array} message
 * @returns {Section[]} its sections, not copied
 * @throws {DecodeError} if it is no message
 */
export function readSections(message) {
  demand(message.length <= SERVER_MESSAGE_BYTES_MAX);
  const reader = new ByteReader(message);
  /** @type {Section[]} */
  const sections = [];
  while (!reader.isAtEnd) {
    const kind = reader.u8();
    demand(kind === CONTROL || (kind >= FRAME && kind <= COMMAND));
    demand(sections.length < SECTIONS_PER_MESSAGE_MAX);
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
