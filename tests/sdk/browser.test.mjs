// What browsers do to pages, with a page of plain objects.

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, connect } from "../../assets/web/sdk/index.js";
import { hex } from "./support/golden.mjs";
import { FakeServer, VirtualClock } from "./support/virtual.mjs";

/** Locks as one browser has them; `release` is what happens when a page goes. */
class Locks {
  held = new Set();

  ofPage() {
    const mine = new Set();
    const request = async (name, { signal }, hold) => {
      while (this.held.has(name)) {
        if (signal.aborted) throw new Error("timeout");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      this.held.add(name);
      mine.add(name);
      return hold();
    };
    return { request, release: () => mine.forEach((name) => this.held.delete(name)) };
  }
}

function pageOf(storage, locks, { type = "navigate" } = {}) {
  const made = {
    document: Object.assign(new EventTarget(), { hidden: false }),
    navigator: { onLine: true, locks },
    sessionStorage: {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => storage.set(key, value),
      removeItem: (key) => storage.delete(key),
    },
    performance: { getEntriesByType: () => [{ type }] },
  };
  return Object.assign(new EventTarget(), made);
}

const settle = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

/** A client on a page; the hello that it says. */
async function visit(page, options = {}, wait = 0) {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const { WebSocket } = server;
  const client = connect("ws://test/play", { WebSocket, transport: "websocket", clock, environment: browser(page), ...options });
  await settle(wait);
  server.open();
  const [hello] = server.take().control;
  return { clock, server, client, hello };
}

test("there is no environment without a document", () => {
  assert.equal(browser(), null);
});

test("a refresh takes up the seat, a duplicated tab joins as new", async () => {
  const [storage, locks] = [new Map(), new Locks()];
  const first = locks.ofPage();
  const original = await visit(pageOf(storage, first));
  assert.equal(original.hello.resume, null);
  original.server.send([1, (await import("./support/virtual.mjs")).welcomeOf({ token: [7, 8, 9] })]);

  const duplicate = await visit(pageOf(new Map(storage), locks.ofPage()), {}, 700);
  assert.equal(duplicate.hello.resume, null, "the original holds the lock");

  setTimeout(() => first.release(), 50); // The refreshed page is a little faster than its former self goes.
  const refreshed = await visit(pageOf(storage, locks.ofPage()), {}, 200);
  assert.equal(hex(refreshed.hello.resume), "070809");
});

test("an invitation to another room is not overruled by a seat", async () => {
  const [storage, locks] = [new Map(), new Locks()];
  const first = locks.ofPage();
  const original = await visit(pageOf(storage, first));
  original.server.welcome();
  original.server.take();
  first.release();
  const second = locks.ofPage();
  const invited = await visit(pageOf(storage, second), { room: "222-222" });
  assert.deepEqual([invited.hello.resume, invited.hello.code], [null, "222222"]);
  second.release();
});

test("whoever was kicked comes back to the room as who it was, and to others anew", async () => {
  const [storage, locks] = [new Map(), new Locks()];
  const come = async (options) => {
    const lock = locks.ofPage();
    const made = await visit(pageOf(storage, lock), options);
    lock.release();
    return made;
  };
  const original = await come({});
  original.server.welcome();
  original.server.close(4023, "kicked: be kind");
  assert.deepEqual([original.client.state, original.client.ending.detail], ["closed", "be kind"]);
  const again = await come({ room: "7K2MXQ" });
  assert.equal(hex(again.hello.resume), "010203");
  again.server.close(4023, "kicked: be kind");
  const refreshed = await come({ room: "7K2MXQ" });
  assert.equal(hex(refreshed.hello.resume), "010203");
  // The time is over: it may come in as anybody.
  refreshed.server.close(4014, "session_expired");
  refreshed.clock.pass(2000);
  refreshed.server.open();
  assert.equal(refreshed.server.take().control[0].resume, null);
  refreshed.server.welcome();
  refreshed.server.close(4023, "kicked");
  assert.equal((await come({ room: "222222" })).hello.resume, null);
});

test("without locks a refresh is all that is known to be safe", async () => {
  const storage = new Map();
  const original = await visit(pageOf(storage, undefined));
  original.server.send([1, (await import("./support/virtual.mjs")).welcomeOf({})]);
  const copied = new Map(storage);
  const refreshed = await visit(pageOf(storage, undefined, { type: "reload" }));
  assert.equal(hex(refreshed.hello.resume), "010203");
  const duplicate = await visit(pageOf(copied, undefined));
  assert.equal(duplicate.hello.resume, null);
});

test("a page without storage plays on", async () => {
  const page = pageOf(new Map(), new Locks().ofPage());
  page.sessionStorage = {
    getItem() {
      throw new Error("denied");
    },
    setItem() {
      throw new Error("denied");
    },
  };
  const { server, client } = await visit(page);
  server.welcome();
  assert.equal(client.state, "playing");
});

test("a hidden page presses nothing, and asks for the time when it is shown", async () => {
  const page = pageOf(new Map(), new Locks().ofPage());
  const { clock, server, client } = await visit(page);
  server.send([1, (await import("./support/virtual.mjs")).welcomeOf({})]);
  const origin = clock.time - 4000;
  server.pong(clock, origin, server.take().control);
  client.setInput({ direction: 5 });
  const direction = () => {
    clock.pass(100);
    const { input, control } = server.take();
    server.pong(clock, origin, control);
    return input.at(-1).words[0] & 15;
  };
  assert.equal(direction(), 5);
  page.document.hidden = true;
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(direction(), 0);
  clock.freeze(30000);
  page.document.hidden = false;
  page.document.dispatchEvent(new Event("visibilitychange"));
  assert.ok(server.take().control.some(({ name }) => name === "ping"), "asks at once");
  assert.equal(client.state, "playing");
  clock.pass(2600);
  assert.equal(client.ending.reason, "silent", "nothing was heard after waking");
});

test("offline waits, online tries at once", async () => {
  const page = pageOf(new Map(), new Locks().ofPage());
  const { clock, server, client } = await visit(page);
  server.welcome();
  page.navigator.onLine = false;
  page.dispatchEvent(new Event("offline"));
  server.close(1006);
  assert.equal(client.state, "offline");
  page.navigator.onLine = true;
  page.dispatchEvent(new Event("online"));
  assert.equal(client.state, "connecting");
  assert.equal(server.sockets.length, 2);
  clock.pass(0);
});
