// Clients on a real server, whose binary SYNCLINE_SERVER names. Skipped without.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import WebSocket from "ws";

import { connect } from "../../assets/web/sdk/index.js";
import { prediction } from "../../assets/web/arena/step.js";

const binary = process.env.SYNCLINE_SERVER;
const skip = binary ? false : "SYNCLINE_SERVER names no binary";

let server;
let url;

const settle = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, condition, ms = 20000) {
  for (const end = Date.now() + ms; !condition(); await settle(10)) assert.ok(Date.now() < end, `no ${what} in time`);
}

before(async () => {
  if (!binary) return;
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  url = `ws://127.0.0.1:${port}/play`;
  server = spawn(binary, ["serve", "--bind", `127.0.0.1:${port}`, "--log", "warn", "--no-journal"], { stdio: "inherit" });
  await until("server", () => server.pid !== undefined);
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/readyz`);
      return;
    } catch {
      await settle(50);
    }
  }
});

after(() => server?.kill());

/** A player of arena who does what `input` says at each tick of a display of 60 Hz. */
function player(name, input, options = {}) {
  const client = connect(url, { WebSocket, game: "arena", name, prediction, environment: null, ...options });
  const jumps = [];
  let last = null;
  const timer = setInterval(() => {
    client.setInput(input(client));
    client.interpolate();
    const drawn = client.predict()?.drawn ?? null;
    if (drawn && last) jumps.push(Math.hypot(drawn[0] - last[0], drawn[1] - last[1]));
    last = drawn;
  }, 16);
  const done = async () => {
    clearInterval(timer);
    await client.leave();
  };
  return { client, jumps, done };
}

/** Flies in a square and fires now and then. */
const square = (phase) => () => {
  const time = Math.floor(Date.now() / 400) + phase;
  return { direction: 1 + 2 * (time % 4), fire: time % 3 === 0, aim: (time % 16) / 3 };
};

test("three clients see each other move, and predict without an error however they send inputs", { skip, timeout: 60000 }, async () => {
  const one = player("Ada", square(0), { room: { create: true }, inputs: "every-tick" });
  await one.client.joined;
  const far = { room: one.client.room.code, simulate: { latency: 150, jitter: 15 } };
  const two = player("Bo", square(1), far);
  const three = player("Cy", square(2), { ...far, inputs: "every-tick" });
  await Promise.all([two.client.joined, three.client.joined]);
  const seen = (client, who) => client.interpolate()?.all("Ship").find(({ owner }) => owner === who.player)?.position;
  await until("sight", () => seen(one.client, two.client) && seen(two.client, one.client));
  const places = new Set();
  const watch = setInterval(() => places.add(`${seen(one.client, two.client)} ${seen(two.client, one.client)}`), 50);
  const all = [one, two, three];
  await until("prediction", () => all.every(({ client }) => client.stats.predicted > 90));
  clearInterval(watch);
  assert.ok(places.size > 10, `${places.size} places`);
  for (const { client } of all) {
    const { predictionErrors, resyncs, corrections } = client.stats;
    assert.deepEqual([predictionErrors, resyncs], [0, 0], JSON.stringify(corrections));
  }
  const sent = all.map(({ client }) => client.stats.sentMessagesPerSecond);
  assert.ok(sent[1] < sent[0] && sent[1] < sent[2], `on change fewer messages are sent: ${sent}`);
  assert.deepEqual([...one.client.roster.values()].map(({ name }) => name).sort(), ["Ada", "Bo", "Cy"]);
  // A chosen ship is refused or applied by the game.
  const { tick } = await two.client.command("ChooseShip", { ship: 1 });
  assert.ok(tick > 0);
  await assert.rejects(two.client.command("ChooseShip", { ship: 200 }), { reason: "rule" });
  await Promise.all(all.map(({ done }) => done()));
});

test("rooms are made with labels, rules and passwords, and found by them", { skip, timeout: 60000 }, async () => {
  const come = (options) => connect(url, { WebSocket, environment: null, ...options });
  const labels = { mode: "blitz", rank: 5 };
  const one = come({ game: "arena", room: { create: true, labels, rules: { score_limit: 3 } } });
  await one.joined;
  const two = come({ room: { query: "mode=blitz rank>=5" } });
  assert.equal((await two.joined).id, one.room.id);
  await until("the rules", () => one.world.first("Rules"));
  assert.equal(one.world.first("Rules").score_limit, 3);
  const secret = come({ game: "arena", room: { create: true, private: true }, password: "sesame" });
  const { code } = await secret.joined;
  await assert.rejects(come({ room: code }).joined, { reason: "wrong_password" });
  const friend = come({ room: code, password: "sesame" });
  assert.equal((await friend.joined).code, code);
  await assert.rejects(come({ room: { query: "mode<ctf" } }).joined, { reason: "invalid_options" });
  const rules = { score_limit: 0 };
  await assert.rejects(come({ game: "arena", room: { create: true, rules } }).joined, ({ detail }) => /1 to 10000/.test(detail));
  await Promise.all([one, two, secret, friend].map((client) => client.leave()));
});

test("what players say of themselves is seen by others", { skip, timeout: 60000 }, async () => {
  const come = (options) => connect(url, { WebSocket, environment: null, game: "arena", ...options });
  const one = come({ room: { create: true, whenReady: true }, properties: { colour: "#ff8800", rank: 3 } });
  const { code } = await one.joined;
  const two = come({ room: code });
  await two.joined;
  assert.deepEqual([two.roster.get(0).properties, two.roster.get(1).properties], [{ colour: "#ff8800", rank: "3" }, {}]);
  two.lobby.properties({ loadout: "rail, mines" });
  await until("the change", () => one.roster.get(1)?.properties.loadout === "rail, mines");
  const refused = new Promise((resolve) => two.on("roomRefused", resolve));
  two.lobby.properties({ "No name": "x" });
  assert.equal(await refused, "invalid_properties");
  await assert.rejects(come({ room: code, properties: { hat: "x".repeat(99) } }).joined, { reason: "invalid_options" });
  await Promise.all([one, two].map((client) => client.leave()));
});

test("a room's maker has teams play, which talk among themselves", { skip, timeout: 60000 }, async () => {
  const come = (room) => connect(url, { WebSocket, environment: null, game: "arena", room });
  const one = come({ create: true, rules: { teams: 2 } });
  const { code } = await one.joined;
  const all = [one];
  for (let more = 0; more < 3; more++) {
    all.push(come(code));
    await all.at(-1).joined;
  }
  const heard = all.map(() => []);
  all.forEach((client, index) => client.on("chat", ({ text }) => heard[index].push(text)));
  const teams = all.map((client) => client.roster.get(client.player).team);
  assert.deepEqual(teams, [0, 1, 0, 1]);
  all[2].chat("left!", { to: "team" });
  await until("the team's word", () => heard[0].length > 0);
  one.chat("all");
  await until("everybody's word", () => heard.every((lines) => lines.includes("all")));
  assert.deepEqual(heard, [["left!", "all"], ["all"], ["left!", "all"], ["all"]]);
  const odd = come({ create: true, rules: { teams: 1 } });
  await assert.rejects(odd.joined, ({ detail }) => /0, 2, 3 or 4/.test(detail));
  await Promise.all(all.map((client) => client.leave()));
});

test("who watches a room that holds back sees how things were", { skip, timeout: 60000 }, async () => {
  const one = player("Ada", square(0), { room: { create: true, spectatorDelay: 1 } });
  await one.client.joined;
  const two = connect(url, { WebSocket, game: "arena", role: "spectator", room: one.client.room.code, environment: null });
  await two.joined;
  assert.deepEqual([two.roster.size, two.player], [0, null], "nobody had come yet");
  const behind = [];
  const watch = setInterval(() => {
    if (two.world.tick > 0) behind.push(one.client.world.tick - two.world.tick);
  }, 20);
  const seen = () => two.interpolate()?.all("Ship").find(({ owner }) => owner === one.client.player)?.position;
  const places = new Set();
  await until("a ship that moves", () => places.add(`${seen()}`).size > 20);
  clearInterval(watch);
  // Both have what reached them when they were asked; a silence is at most eight ticks.
  assert.ok(behind.every((ticks) => ticks >= 30 - 9 && ticks < 90), behind.join());
  assert.deepEqual([...two.roster.values()].map(({ name }) => name), ["Ada"]);
  assert.deepEqual([two.stats.resyncs, one.client.stats.predictionErrors], [0, 0]);
  await Promise.all([one.done(), two.leave()]);
});

test("a connection that is cut is taken up again", { skip, timeout: 60000 }, async () => {
  const sockets = [];
  class Cut extends WebSocket {
    constructor(...values) {
      super(...values);
      sockets.push(this);
    }
  }
  const { client, done } = player("Cy", square(0), { room: { create: true }, WebSocket: Cut });
  await until("frames", () => client.world.tick > 0 && client.stats.predicted > 5);
  const { session } = client.room;
  const seat = client.player;
  sockets[0].terminate();
  await until("loss", () => client.state !== "playing");
  await until("return", () => client.state === "playing");
  const { tick } = client.world;
  await until("frames again", () => client.world.tick > tick + 10);
  assert.deepEqual([client.room.session, client.player, client.room.resumed, client.room.attach], [session, seat, true, 2]);
  assert.equal(client.stats.predictionErrors, 0);
  await done();
});

test("what another connection takes over is replaced, and can be taken back", { skip, timeout: 60000 }, async () => {
  const kept = { value: null };
  const environment = () => ({
    isHidden: () => false,
    isOffline: () => false,
    listen: () => () => {},
    claim: async () => kept.value,
    keep: (value) => (kept.value = value ?? kept.value),
  });
  const one = connect(url, { WebSocket, game: "arena", room: { create: true }, environment: environment() });
  await one.joined;
  const two = connect(url, { WebSocket, game: "arena", environment: environment() });
  await two.joined;
  await until("replacement", () => one.state === "replaced");
  assert.deepEqual([one.ending.reason, two.room.code, two.player], ["replaced", one.room.code, one.player]);
  one.reconnect();
  await until("return", () => one.state === "playing" && two.state === "replaced");
  await one.leave();
});

/** The code of a document: all its blocks of JavaScript, in order. */
const codeOf = (name) =>
  [...readFileSync(new URL(`../../assets/web/sdk/${name}`, import.meta.url), "utf8").matchAll(/^```js\n([^]*?)^```/gm)].map(
    ([, code]) => code,
  );

/** Runs a document's module with a server, where it says `ws://localhost:7777/play`. */
async function run(code) {
  const sdk = new URL("../../assets/web/sdk/index.js", import.meta.url).href;
  const ws = import.meta.resolve("ws");
  const source = code.replaceAll('"./sdk/index.js"', `"${sdk}"`).replaceAll('"ws"', `"${ws}"`);
  return import(`data:text/javascript,${encodeURIComponent(source.replaceAll("ws://localhost:7777/play", url))}`);
}

test("the 20 lines of the README draw a ship", { skip, timeout: 60000 }, async () => {
  const [code] = codeOf("README.md");
  assert.ok(code.trim().split("\n").length <= 21, `${code.trim().split("\n").length} lines`);
  const drawn = new Set();
  let next = null;
  const screen = { clearRect() {}, fillRect: (x, y) => drawn.add(`${screen.fillStyle} ${x} ${y}`) };
  const listeners = {};
  Object.assign(globalThis, {
    document: { getElementById: () => ({ getContext: () => screen }), hidden: false, addEventListener() {}, removeEventListener() {} },
    addEventListener: (name, listener) => (listeners[name] = listener),
    removeEventListener() {},
    requestAnimationFrame: (draw) => (next = draw),
    WebSocket,
    sessionStorage: { getItem: () => null, setItem() {} },
  });
  if (!globalThis.navigator?.onLine) Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
  await run(`${code}\nglobalThis.shown = client;`);
  listeners.keydown({ code: "KeyD" });
  const timer = setInterval(() => next(performance.now()), 16);
  await until("a ship that moves", () => [...drawn].filter((each) => each.startsWith("gold")).length > 10);
  clearInterval(timer);
  await globalThis.shown.leave();
  for (const name of ["document", "WebSocket", "sessionStorage"]) delete globalThis[name];
});

test("the client of the guide follows a match", { skip, timeout: 60000 }, async () => {
  const { finished } = await run(codeOf("guide.md").join("\n"));
  const ticks = await finished;
  assert.ok(ticks.length >= 10 && ticks.every((tick, at) => at === 0 || tick > ticks[at - 1]), ticks.join());
});
