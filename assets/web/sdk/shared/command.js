// Commands: section 8 of shared/PROTOCOL.md.

import { ByteWriter } from "./bits.js";
import { BincodeWriter } from "./codec.js";
import { COMMAND_BYTES_MAX } from "./limits.js";

/** @typedef {import("./schema.js").CommandClass} CommandClass */
/** @typedef {import("./schema.js").CommandKind} CommandKind */
/** @typedef {boolean | number | string | Uint8Array} CommandValue */

/** Ranges of the whole numbers. */
const RANGES = { u8: [0, 255], u16: [0, 65535], u32: [0, 4294967295], i32: [-2147483648, 2147483647] };

/**
 * @param {CommandClass} command its class
 * @param {Record<string, CommandValue>} values each field by its name
 * @returns {Uint8Array} the command, without incarnation and sequence
 * @throws {TypeError} for a field that is missing, unknown, of another kind or out of range, and for
 * a command that is too long
 */
export function encodeCommand(command, values) {
  const writer = new BincodeWriter();
  writer.u32(command.index);
  for (const name of Object.keys(values)) {
    if (!command.fields.some((field) => field.name === name)) throw new TypeError(`${command.name} has no ${name}`);
  }
  for (const { name, kind } of command.fields) writeValue(writer, kind, values[name], `${command.name}.${name}`);
  if (writer.bytes.length > COMMAND_BYTES_MAX) throw new TypeError(`${command.name} is too long`);
  return writer.finish();
}

/**
 * @param {BincodeWriter} writer
 * @param {CommandKind} kind
 * @param {CommandValue} value
 * @param {string} at the field, for errors
 */
function writeValue(writer, kind, value, at) {
  if (kind === "bool" && typeof value === "boolean") return writer.bool(value);
  if (kind === "string" && typeof value === "string") return writer.text(value);
  if (kind === "bytes" && value instanceof Uint8Array) return writer.blob(value);
  if (typeof value === "number" && kind === "f32") return writer.f32(value);
  if (typeof value === "number" && kind in RANGES) {
    const [low, high] = RANGES[/** @type {keyof typeof RANGES} */ (kind)];
    if (!Number.isInteger(value) || value < low || value > high) throw new TypeError(`${at} is no ${kind}`);
    if (kind === "u8") return writer.u8(value);
    return kind === "i32" ? writer.i32(value) : writer.u32(value);
  }
  throw new TypeError(`${at} is no ${kind}`);
}

/**
 * @param {number} incarnation the timeline
 * @param {number} sequence the sender's number of the command
 * @param {Uint8Array} payload of {@link encodeCommand}
 * @returns {Uint8Array} the body of a command section
 */
export function encodeCommandSection(incarnation, sequence, payload) {
  const writer = new ByteWriter();
  writer.varint(incarnation);
  writer.varint(sequence);
  writer.raw(payload);
  return writer.finish();
}
