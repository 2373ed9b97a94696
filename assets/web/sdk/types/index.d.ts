/**
 * Connects to a server. Returns at once; the network never makes it throw.
 *
 * @param {string} url of the server's endpoint, like `wss://example.org/play`
 * @param {import("./client/options.js").Options} [options]
 * @returns {Client} a client that connects, plays, and comes back by itself
 * @throws {TypeError} for unknown options and values that make no sense
 */
export function connect(url: string, options?: import("./client/options.js").Options): Client;
export { browser } from "./client/browser.js";
export { SynclineError } from "./shared/close.js";
export { DecodeError } from "./shared/error.js";
export { readFrame } from "./shared/frame.js";
export { encodeInputs } from "./shared/input.js";
export { ByteWriter } from "./shared/bits.js";
export { readSchema } from "./shared/schema.js";
export { StreamDecoder } from "./shared/stream/decoder.js";
import { Client } from "./client/client.js";
export { Client, CommandRefused } from "./client/client.js";
export { View, World } from "./client/world.js";
export { encodeCommand, encodeCommandSection } from "./shared/command.js";
export { encodeHello, encodeLeave, encodePing, encodeRematch, encodeResync, normalCode, readServerControl } from "./shared/control.js";
export { direction, unit } from "./shared/direction.js";
export { readSections, writeSection } from "./shared/message.js";
export { readRow, writeRow } from "./shared/replicated.js";
