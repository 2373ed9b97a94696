/** @typedef {{ kind: number, body: Uint8Array }} Section */
/**
 * @param {Uint8Array} message
 * @returns {Section[]} its sections, not copied
 * @throws {DecodeError} if it is no message
 */
export function readSections(message: Uint8Array): Section[];
/**
 * Appends a section to a message.
 *
 * @param {ByteWriter} message
 * @param {number} kind
 * @param {Uint8Array} body
 */
export function writeSection(message: ByteWriter, kind: number, body: Uint8Array): void;
export type Section = {
    kind: number;
    body: Uint8Array;
};
import { ByteWriter } from "./bits.js";
