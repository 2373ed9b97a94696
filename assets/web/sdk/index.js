// Syncline for JavaScript. README.md tells how it is used; shared/PROTOCOL.md what it speaks.
//
// - client/: one client across its connections, as bot-client/core is in Rust
// - shared/: what both ends agree on, as the shared crate is

import { Client } from "./client/client.js";
import { resolveOptions } from "./client/options.js";

/**
 * Connects to a server. Returns at once; the network never makes it throw.
 *
 * @param {string} url of the server's endpoint, like `wss://example.org/play`
 * @param {import("./client/options.js").Options} [options]
 * @returns {Client} a client that connects, plays, and comes back by itself
 * @throws {TypeError} for unknown options and values that make no sense
 */
export function connect(url, options = {}) {
  return new Client(resolveOptions(url, options));
}

export { Client, CommandRefused } from "./client/client.js";
export { browser } from "./client/browser.js";
export { View, World } from "./client/world.js";
export { SynclineError } from "./shared/close.js";
export { encodeCommand, encodeCommandSection } from "./shared/command.js";
export {
  encodeHello,
  encodeLeave,
  encodePing,
  encodeRematch,
  encodeResync,
  normalCode,
  readServerControl,
} from "./shared/control.js";
export { direction, unit } from "./shared/direction.js";
export { DecodeError } from "./shared/error.js";
export { readFrame } from "./shared/frame.js";
export { encodeInputs } from "./shared/input.js";
export { ByteWriter } from "./shared/bits.js";
export { readSections, writeSection } from "./shared/message.js";
export { readRow, writeRow } from "./shared/replicated.js";
export { readSchema } from "./shared/schema.js";
export { StreamDecoder } from "./shared/stream/decoder.js";
