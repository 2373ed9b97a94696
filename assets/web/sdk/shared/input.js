// Inputs: section 7 of shared/PROTOCOL.md.

import { ByteWriter } from "./bits.js";

/** @typedef {import("./schema.js").RowClass} RowClass */
/**
 * @typedef {object} InputFrame what a player does at one tick
 * @property {number} tick which tick
 * @property {number} viewLag eighths of a tick that the moment the player looked at lies before it
 * @property {ArrayLike<number>} words by the schema's input class
 */

/** Set in the byte that counts frames: the last one is held. */
const HELD = 0x40;

/**
 * @param {RowClass} input the schema's input class
 * @param {number} incarnation the timeline
 * @param {number} received how many messages of this connection came
 * @param {InputFrame[]} frames for consecutive ticks, oldest first; at most 32
 * @param {boolean} held whether the last frame counts for every later tick too, until another comes:
 *   for clients that send what changes
 * @returns {Uint8Array} the body of an input section
 */
export function encodeInputs(input, incarnation, received, frames, held = false) {
  const writer = new ByteWriter();
  writer.varint(incarnation);
  writer.varint(received);
  writer.u8(frames.length && held ? frames.length | HELD : frames.length);
  if (frames.length > 0) writer.varint(frames[0].tick);
  for (const { viewLag } of frames) writer.varint(viewLag);
  for (const { words } of frames) {
    for (let word = 0; word < input.words; word++) writer.bits(words[word], input.bits[word]);
  }
  return writer.finish();
}
