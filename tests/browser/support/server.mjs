// A server of one's own for each test file, and proxies that cut or swallow what passes through them.

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { Transform } from "node:stream";

/**
 * Starts the binary of SYNCLINE_SERVER. Without a folder for its journals it keeps none.
 *
 * @param {string[]} options
 * @param {{ port?: number, folder?: string | null }} [place] a free port, if none is named
 * @returns {Promise<{ port: number, url: string, stop: () => Promise<void>, kill: () => Promise<void>, metric: (name: string) => Promise<number>, isRunning: () => boolean }>}
 */
export async function startServer(options = [], { port: asked = 0, folder = null } = {}) {
  // Seats are kept for as long as a slow machine may take to come back for them.
  const fixed = ["--bind", `127.0.0.1:${asked}`, "--log", "warn", "--grace-period", "10m", ...(folder ? ["--data-dir", folder] : ["--no-journal"])];
  return start([...fixed, ...options]);
}

/**
 * Shows the recorded match of a journal on a free port.
 *
 * @param {string} journal its file
 */
export const startReplay = (journal) => start(["replay", journal, "--serve", "--bind", "127.0.0.1:0"]);

/** @param {string[]} options */
async function start(options) {
  const child = spawn(process.env.SYNCLINE_SERVER, options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const port = await new Promise((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const found = / on 127\.0\.0\.1:(\d+)$/.exec(line);
      if (found) resolve(Number(found[1]));
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    isRunning: () => child.exitCode === null,
    metric: async (name) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/**
 * A way to a port that can be cut: connections end, and new ones are refused until it is mended.
 *
 * @param {number} target
 * @param {{ swallows?: boolean }} [how] swallows: no close frame of a server's comes through, and what a
 *   server has closed stays open
 */
export async function startProxy(target, { swallows = false } = {}) {
  const sockets = new Set();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        if (!swallows || socket === near) other.destroy();
      });
    }
    near.pipe(far);
    if (swallows) far.pipe(withoutCloses()).pipe(near, { end: false });
    else far.pipe(near);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    stop() {
      this.cut();
      server.close();
    },
  };
}

/** What a server sends on one connection, less the close frames of its WebSocket. */
function withoutCloses() {
  let rest = Buffer.alloc(0);
  let isUpgraded = false;
  return new Transform({
    transform(bytes, _, done) {
      rest = Buffer.concat([rest, bytes]);
      if (!isUpgraded) {
        const end = rest.indexOf("\r\n\r\n");
        if (end < 0) return done();
        isUpgraded = rest.subarray(0, end).includes(" 101 ");
        // A plain answer passes as it is.
        this.push(rest.subarray(0, isUpgraded ? end + 4 : rest.length));
        rest = rest.subarray(isUpgraded ? end + 4 : rest.length);
      }
      for (let length = frameLength(rest); length !== null && length <= rest.length; length = frameLength(rest)) {
        if ((rest[0] & 15) !== 8) this.push(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
      done();
    },
  });
}

/** How long the unmasked frame at the beginning of `bytes` is, if that is known. */
function frameLength(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 127;
  if (short < 126) return 2 + short;
  if (bytes.length < (short === 126 ? 4 : 10)) return null;
  return short === 126 ? 4 + bytes.readUInt16BE(2) : 10 + Number(bytes.readBigUInt64BE(2));
}
