// A real server, whose binary SYNCLINE_SERVER names.

import { spawn } from "node:child_process";

const binary = process.env.SYNCLINE_SERVER;

/** Why tests with a server are skipped, if they are. */
export const skip = binary ? false : "SYNCLINE_SERVER names no binary";

/** Starts one; its port. */
export async function startServer(...options) {
  const server = spawn(binary, ["serve", "--bind", "127.0.0.1:0", "--log", "info", "--no-journal", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const port = await new Promise((resolve, reject) => {
    let told = "";
    const read = (text) => {
      told += text;
      const found = /listening.*127\.0\.0\.1:(\d+)/.exec(told.replace(/\u001b\[[0-9;]*m/g, ""));
      if (found) resolve(Number(found[1]));
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("exit", () => reject(new Error(`the server ended: ${told}`)));
  });
  return { port, stop: () => server.kill() };
}

/** Polls a condition. */
export async function until(what, condition, ms = 20000) {
  for (const end = Date.now() + ms; !condition(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`no ${what} in time`);
  }
}
