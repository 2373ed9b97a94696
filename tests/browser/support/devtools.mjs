// A browser that is driven by the bare devtools protocol: a tab of playwright's always counts as seen,
// and only what is not seen can be frozen.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";

/** Starts it. */
export async function startBareBrowser() {
  const profile = mkdtempSync(join(tmpdir(), "syncline-chromium-"));
  const options = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--remote-debugging-port=0", `--user-data-dir=${profile}`];
  const child = spawn(process.env.CHROMIUM || "chromium", [...options, "about:blank"], { stdio: ["ignore", "ignore", "pipe"], detached: true });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const endpoint = await new Promise((resolve, reject) => {
    let told = "";
    child.stderr.on("data", (text) => {
      told += text;
      const found = /listening on (ws:\S+)/.exec(told);
      if (found) resolve(found[1]);
    });
    child.once("exit", () => reject(new Error(`the browser ended: ${told}`)));
  });
  const socket = new WebSocket(endpoint);
  await new Promise((resolve) => socket.once("open", resolve));
  const complaints = [];
  const waiting = new Map();
  socket.on("message", (message) => {
    const { id, method, params, result, error } = JSON.parse(message);
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Log.entryAdded" && params.entry.level === "error") complaints.push(params.entry.text);
    if (!waiting.has(id)) return;
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  });
  let last = 0;
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    });
  return {
    complaints,
    open: (url) => openTab(send, url),
    close: async () => {
      socket.terminate();
      // With its children, which else go on writing into the folder.
      process.kill(-child.pid, "SIGKILL");
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };
}

async function openTab(send, url) {
  const { targetId } = await send("Target.createTarget", { url });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  await send("Runtime.enable", {}, sessionId);
  await send("Log.enable", {}, sessionId);
  let cover = null;
  return {
    /** What a function of the page returns. */
    async evaluate(call, argument = null) {
      const expression = `(${call})(${JSON.stringify(argument)})`;
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    /** Hides the tab behind another, and freezes it. */
    async freeze() {
      cover = await send("Target.createTarget", { url: "about:blank" });
      await send("Target.activateTarget", cover);
      await this.until("it is hidden", () => document.hidden);
      await send("Page.setWebLifecycleState", { state: "frozen" }, sessionId);
    },
    /** Wakes it, and brings it to the front. */
    async thaw() {
      await send("Page.setWebLifecycleState", { state: "active" }, sessionId);
      await send("Target.activateTarget", { targetId });
      await send("Target.closeTarget", cover);
    },
    /** Polls a condition. */
    async until(what, condition, argument = null) {
      const end = Date.now() + 30000;
      for (;;) {
        const met = await this.evaluate(condition, argument).catch(() => false);
        if (met) return met;
        if (Date.now() > end) throw new Error(`${what}: not in 30 s`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
