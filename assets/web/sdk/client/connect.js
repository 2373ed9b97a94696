// Where a game begins.

import { Client } from "./client.js";
import { resolveOptions } from "./options.js";

/**
 * Connects to a server. Returns at once; the network never makes it throw.
 *
 * @param {string} url of the server's endpoint, like `wss://example.org/play`
 * @param {import("./options.js").Options} [options]
 * @returns {Client} a client that connects, plays, and comes back by itself
 * @throws {TypeError} for unknown options and values that make no sense
 */
export function connect(url, options = {}) {
  return new Client(resolveOptions(url, options));
}
