// Clients where no WebSocket comes through: on a real server behind proxies that refuse upgrades,
// swallow them, or collect answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import WebSocket from "ws";

import { connect } from "../../assets/web/sdk/index.js";
import { BINARY, CLOSE, FrameReader, writeFrame } from "../../assets/web/sdk/shared/frames.js";
import { Unheard } from "../../assets/web/sdk/client/unheard.js";
import { startProxy } from "./support/proxy.mjs";
import { skip, startServer, until } from "./support/server.mjs";

let server;
/** @type {any[]} */
const proxies = [];

before(async () => {
  if (!skip) server = await startServer();
});

after(() => {
  for (const proxy of proxies) proxy.close();
  server?.stop();
});

async function proxied(rules) {
  const proxy = await startProxy(server.port, { upgrades: "pass", collects: false, ...rules });
  proxies.push(proxy);
  return proxy;
}

const play = (url, options = {}) => connect(url, { WebSocket, game: "arena", room: { create: true, private: true }, environment: null, ...options });

/** Plays for a while: a match runs, inputs are applied, and what is said is heard. */
async function proves(client) {
  await client.joined;
  const frames = [];
  const stop = client.on("frame", (tick) => frames.push(tick));
  client.setInput({ direction: 3 });
  client.chat("hello");
  const heard = () => client.chatLines.filter(({ text }) => text === "hello").length;
  await until("frames and chat", () => frames.length > 15 && heard() > 0);
  await until("applied inputs", () => client.stats.inputs.applied > 10);
  stop();
  assert.equal(heard(), 1);
  assert.equal(client.stats.resyncs, 0);
  client.setInput({});
}

test("frames are found however they are cut", () => {
  const sent = [
    { opcode: BINARY, payload: new Uint8Array(0) },
    { opcode: BINARY, payload: Uint8Array.from({ length: 300 }, (_, at) => at) },
    { opcode: BINARY, payload: new Uint8Array(70000).fill(7) },
    { opcode: CLOSE, payload: Uint8Array.of(3, 232) },
  ];
  const bytes = Buffer.concat(
    sent.map(({ opcode, payload: { length }, payload }) => {
      const head = length < 126 ? [length] : length < 65536 ? [126, length >> 8, length & 255] : [127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
      return Buffer.concat([Buffer.of(128 | opcode, ...head), payload]);
    }),
  );
  for (const piece of [1, 7, 1000, bytes.length]) {
    const reader = new FrameReader();
    const found = [];
    for (let at = 0; at < bytes.length; at += piece) found.push(...reader.read(bytes.subarray(at, at + piece)));
    assert.deepEqual(found, sent);
  }
  for (const wrong of [[2, 0], [130, 128], [130, 127, 0, 0, 0, 0, 0, 18, 64, 1]]) assert.throws(() => new FrameReader().read(Uint8Array.from(wrong)));
  assert.deepEqual([...writeFrame(BINARY, Uint8Array.of(5))], [130, 129, 0, 0, 0, 0, 5]);
  assert.deepEqual([...writeFrame(BINARY, new Uint8Array(300)).subarray(0, 4)], [130, 254, 1, 44]);
});

test("what is lost with a connection is said again on the next, and nothing twice", () => {
  const own = new Unheard();
  const self = { player: 3, name: "Ada" };
  const line = (player, text, to = null) => ({ id: 1, ageMs: 0, from: { kind: "player", player, name: "Ada" }, to, text });
  for (const text of ["one", " two ", "three", "four"]) own.say(text, null);
  own.say("a whisper", 5);
  own.heard([line(3, "one"), line(4, "three"), { ...line(null, "three"), from: { kind: "server", player: null, name: "" } }], self);
  assert.deepEqual(own.again(), [], "nothing is lost as yet");
  own.lost();
  assert.equal(own.say("five", null), false, "what was lost comes before it");
  own.heard([line(3, "two")], self);
  // Whatever a filter made of it, it was said.
  own.heard([line(3, "*****")], self);
  assert.deepEqual(own.again().map(({ text, to }) => [text, to]), [["four", null], ["a whisper", 5], ["five", null]]);
  assert.equal(own.say("six", null), true);
  assert.deepEqual(own.again(), [], "once is enough");
  own.lost();
  own.refused();
  assert.deepEqual(own.again().map(({ text }) => text), ["a whisper", "five", "six"]);
  for (let said = 0; said < 100; said++) own.say("again", null);
  own.lost();
  assert.equal(own.again().length, 16);
});

test("unknown ways in are refused", () => {
  assert.throws(() => connect("ws://test/play", { WebSocket, transport: /** @type {any} */ ("pigeon") }), TypeError);
});

test("where all comes through it is a WebSocket", { skip }, async () => {
  const proxy = await proxied({});
  const client = play(proxy.url);
  await proves(client);
  assert.equal(client.transport, "websocket");
  await client.leave();
  assert.equal(client.transport, null);
  assert.equal(proxy.counts.requests, 0);
});

test("where upgrades are refused answers are streamed, and that is remembered", { skip }, async () => {
  const proxy = await proxied({ upgrades: "refuse" });
  const client = play(proxy.url);
  await proves(client);
  assert.equal(client.transport, "stream");
  await client.leave();
  assert.equal(client.ending.reason, "left");
  assert.equal(proxy.counts.upgrades, 1);
  const another = play(proxy.url);
  await another.joined;
  assert.equal(another.transport, "stream");
  assert.equal(proxy.counts.upgrades, 1);
  await another.leave();
});

test("where answers are collected too it polls", { skip }, async () => {
  const proxy = await proxied({ upgrades: "refuse", collects: true });
  const client = play(proxy.url);
  await proves(client);
  assert.equal(client.transport, "poll");
  assert.equal(client.room.attach, 1);
  await client.leave();
  assert.equal(client.ending.reason, "left");
});

test("an upgrade that is swallowed is not waited for", { skip }, async () => {
  const proxy = await proxied({ upgrades: "hang" });
  const client = play(proxy.url);
  await client.joined;
  assert.equal(client.transport, "stream");
  await client.leave();
});

for (const transport of ["stream", "poll"]) {
  test(`a game may insist on ${transport}`, { skip }, async () => {
    const proxy = await proxied({});
    const client = play(proxy.url, { transport });
    await proves(client);
    assert.equal(client.transport, transport);
    assert.equal(proxy.counts.upgrades, 0);
    await client.leave();
  });
}

test("a game that insists on a WebSocket gets none where there is none", { skip }, async () => {
  const proxy = await proxied({ upgrades: "refuse" });
  const client = play(proxy.url, { transport: "websocket" });
  await until("an attempt that failed", () => client.ending !== null);
  assert.equal(client.ending.reason, "lost");
  assert.equal(proxy.counts.requests, 0);
  await client.leave();
});

test("a session moves in the middle of a match, and keeps its seat and every line", { skip }, async () => {
  const proxy = await proxied({});
  const client = play(proxy.url);
  const { room } = await client.joined.then(() => client);
  const watcher = connect(`ws://127.0.0.1:${server.port}/play`, { WebSocket, room: room.code, role: "spectator", environment: null });
  await watcher.joined;
  const seat = client.player;
  const said = [];
  const say = async (text) => {
    said.push(text);
    client.chat(text);
    await until(text, () => watcher.chatLines.at(-1)?.text === text);
  };
  await say("on a websocket");
  // The network changes: what is open breaks, and no WebSocket opens any more.
  proxy.rules.upgrades = "refuse";
  said.push("in between");
  client.chat("in between");
  proxy.cut();
  await until("a resume", () => client.room.attach === 2 && client.state === "playing");
  assert.equal(client.transport, "stream");
  assert.deepEqual([client.room.session, client.player, client.room.resumed], [room.session, seat, true]);
  await say("through a stream");
  // It gets worse: from the stream to polls it goes without a resume.
  proxy.rules.collects = true;
  proxy.cut();
  await until("polls", () => client.transport === "poll");
  await say("through polls");
  assert.equal(client.room.attach, 2);
  await until("all lines", () => client.chatLines.length === said.length);
  for (const { chatLines } of [client, watcher]) assert.deepEqual(chatLines.map(({ text }) => text), said);
  assert.equal(client.player, seat);
  await client.leave();
  await watcher.leave();
});

test("broken connections lose and double nothing", { skip }, async () => {
  const proxy = await proxied({});
  for (const transport of ["stream", "poll", "websocket"]) {
    const client = play(proxy.url, { transport });
    await client.joined;
    await until("a match", () => client.phase.name === "running");
    const lines = [];
    client.on("chat", ({ text }) => lines.push(text));
    const said = [];
    for (let round = 0; round < 5; round++) {
      said.push(`line ${round}`);
      client.chat(`line ${round}`);
      const chosen = client.command("ChooseShip", { ship: round % 2 });
      // What is on its way, up and down, is lost with its requests.
      proxy.cut();
      await until(`line ${round}`, () => lines.length === said.length && client.state === "playing");
      assert.ok((await chosen).tick >= 0);
    }
    assert.deepEqual(lines, said);
    // Only a WebSocket has to be taken up again.
    assert.equal(client.room.attach > 1, transport === "websocket");
    assert.equal(client.stats.resyncs, 0);
    await client.leave();
  }
});

test("a server that closes says why", { skip }, async () => {
  const proxy = await proxied({ upgrades: "refuse", collects: true });
  const client = play(proxy.url, { room: "ZZZZZZ" });
  await assert.rejects(client.joined, { reason: "unknown_room" });
});
