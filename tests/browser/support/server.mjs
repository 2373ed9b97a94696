// A server of one's own for each test file, and a proxy that cuts what passes through it.

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";

/**
 * Starts the binary of SYNCLINE_SERVER on a free port.
 *
 * @param {string[]} options
 * @returns {Promise<{ port: number, url: string, stop: () => Promise<void>, metric: (name: string) => Promise<number>, isRunning: () => boolean }>}
 */
export async function startServer(options = []) {
  // Seats are kept for as long as a slow machine may take to come back for them.
  const fixed = ["--bind", "127.0.0.1:0", "--log", "warn", "--grace-period", "10m", "--no-journal"];
  const child = spawn(process.env.SYNCLINE_SERVER, [...fixed, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
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
  };
}

/**
 * A way to a port that can be cut: connections end, and new ones are refused until it is mended.
 *
 * @param {number} target
 */
export async function startProxy(target) {
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
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
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
