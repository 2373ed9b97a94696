// One client in virtual time, against a server that the tests write.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "../../assets/web/sdk/index.js";
import { hex, unhex } from "./support/golden.mjs";
import { ARENA, FakeServer, VirtualClock, arenaFrame, chatOf, frameOf, replyOf, updateOf, welcomeOf } from "./support/virtual.mjs";

const TICK = 1000 / 30;

function begin(options = {}) {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const { WebSocket } = server;
  const client = connect("ws://test/play", { WebSocket, transport: "websocket", clock, environment: null, name: "Ada", ...options });
  clock.pass(0);
  return { clock, server, client };
}

/** A client in a running match that joined at tick 100 of it, the first of the vector. */
function playing(options = {}) {
  const made = begin(options);
  made.origin = made.clock.time - 100 * TICK;
  made.server.pong(made.clock, made.origin, made.server.welcome().control);
  made.server.send([3, arenaFrame(0, 100, "join")]);
  return made;
}

/** Plays the vector's ticks from `first` on, one a tick, `lost` of them unsent because empty. */
function play({ clock, server, origin }, first, last) {
  const taken = { control: [], input: [], command: [] };
  for (let number = first; number <= last; number++) {
    clock.pass(Math.max(origin + (100 + number) * TICK - clock.time, 0));
    const { chunk } = ARENA.ticks[number];
    if (chunk !== "" || number === last) server.send([3, arenaFrame(number, 100 + number)]);
    const { control, input, command } = server.take();
    server.pong(clock, origin, control);
    taken.control.push(...control);
    taken.input.push(...input);
    taken.command.push(...command);
  }
  return taken;
}

const wordsOf = (world, name) => {
  const { index } = world.schema.classes.find((data) => data.name === name);
  const { count, taken } = world.rows[index];
  return Array.from({ length: count }, (_, slot) => (taken[slot] ? { slot, words: world.words(name, slot) } : [])).flat();
};

test("greets, is welcomed, and shows the world as it was told", () => {
  const { server, client } = begin();
  assert.equal(client.state, "connecting");
  assert.equal(server.socket.protocol, "syncline.v1");
  server.open();
  const [hello] = server.take().control;
  assert.deepEqual([hello.name, hello.text, hello.fingerprint, hello.resume], ["hello", "Ada", null, null]);
  assert.deepEqual([hello.role, hello.company], [0, false]);
  server.welcome();
  assert.equal(client.state, "playing");
  assert.deepEqual([client.player, client.room.code, client.phase.name], [0, "7K2MXQ", "running"]);
  assert.deepEqual([...client.roster.values()], [{ player: 0, name: "Ada", connected: true, ready: false, host: true, team: 1, properties: { hat: "fez" } }]);
  server.send([3, arenaFrame(0, 100, "join")]);
  assert.equal(client.world.tick, 100);
  ARENA.ticks[0].classes.forEach((rows, index) => {
    assert.deepEqual(wordsOf(client.world, client.schema.classes[index].name), rows);
  });
  const [ship] = client.world.all("Ship");
  if (ship) assert.equal(typeof ship.position[0], "number");
});

test("silent ticks went as predicted", () => {
  const made = playing();
  play(made, 1, 200);
  const told = ARENA.ticks.slice(0, 201).findLastIndex(({ classes }) => classes);
  const again = playing();
  play(again, 1, told);
  ARENA.ticks[told].classes.forEach((rows, index) => {
    assert.deepEqual(wordsOf(again.client.world, again.client.schema.classes[index].name), rows);
  });
  assert.equal(made.client.stats.resyncs, 0);
});

test("draws on in a silence, as if everything had been said", () => {
  let first = 1;
  while (ARENA.ticks.slice(first + 1, first + 4).some(({ chunk }) => chunk !== "")) first++;
  const [silent, told] = [playing(), playing()];
  for (const made of [silent, told]) {
    play(made, 1, first);
    for (let number = first + 1; number < first + 4; number++) {
      made.clock.pass(Math.max(made.origin + (100 + number) * TICK - made.clock.time, 0));
      if (made === told) made.server.send([3, frameOf(100 + number, [])]);
      made.client.interpolate(made.clock.time);
    }
  }
  const [ahead, known] = [silent, told].map(({ client, clock }) => {
    const view = client.interpolate(clock.time + 2 * TICK);
    const round = (_, value) => (typeof value === "number" ? Math.round(value * 1000) / 1000 : value);
    const seen = { tick: view.tick, ships: view.toObjects("Ship"), shots: view.toObjects("Projectile") };
    return JSON.parse(JSON.stringify(seen, round));
  });
  assert.ok(known.tick > 100 + first, "past the last frame of the silent one");
  assert.deepEqual(ahead, known);
  assert.equal(silent.client.world.tick, 100 + first, "the world is what was told");
  // Something was said after all, of a tick that was drawn already.
  silent.server.send([3, arenaFrame(first + 1, 100 + first + 1)]);
  assert.equal(silent.client.world.tick, 101 + first);
  assert.ok(silent.client.interpolate(silent.clock.time + 2 * TICK).tick >= known.tick - 0.001);
});

test("asks for company where the game wants it", () => {
  const { server } = begin({ company: true });
  server.open();
  assert.equal(server.take().control[0].company, true);
});

test("asks for rooms as the game describes them", () => {
  const hello = (room) => {
    const { server } = begin({ room });
    server.open();
    return server.take().control[0];
  };
  assert.equal(hello("quick").query, "");
  assert.equal(hello({ query: "mode=ctf players<8" }).query, "mode=ctf players<8");
  const { labels, rules } = hello({ create: true, labels: { mode: "ctf", rank: 5 }, rules: { points: 3 } });
  assert.deepEqual(labels, [["mode", "ctf"], ["rank", "5"]]);
  assert.deepEqual(rules, [["points", "3"]]);
  const { whenReady, countdown } = hello({ create: true, whenReady: true, countdown: 30 });
  assert.deepEqual([whenReady, countdown], [true, 30]);
  const wrong = [{ id: 0 }, { id: 1.5 }, { id: 2 ** 32 }, { id: "1" }, { create: true, playersMax: 70000 }, { create: true, countdown: -1 }, { create: true, spectatorDelay: 256 }];
  for (const room of [{}, ...wrong]) assert.throws(() => begin({ room }), TypeError);
  const { server } = begin({ room: "7K2MXQ", password: "sesame", properties: { hat: "fez" } });
  server.open();
  const [said] = server.take().control;
  assert.deepEqual([said.password, said.properties], ["sesame", [["hat", "fez"]]]);
  server.close(4025, "wrong_password");
});

test("repeats a join with its key until it is answered", () => {
  const { clock, server } = begin();
  const key = () => {
    server.open();
    return server.take().control[0].joinKey;
  };
  const lose = (code) => {
    const { length } = server.sockets;
    server.close(code);
    for (let at = 0; server.sockets.length === length && at < 100; at++) clock.pass(500);
  };
  const first = key();
  assert.equal(first.length, 16);
  lose(1006);
  assert.deepEqual(key(), first, "nobody knows whether it was heard");
  lose(4005);
  const second = key();
  assert.notDeepEqual(second, first, "it was answered");
  server.send([1, welcomeOf({})]);
  lose(1006);
  assert.equal(key(), null, "the token says more");
});

test("acknowledges after 100 ms at the latest, and at four messages at once", () => {
  const { clock, server } = begin({ role: "spectator" });
  const received = () => server.take().input.map(({ received }) => received);
  server.open();
  server.send([1, welcomeOf({ player: null })]);
  assert.deepEqual(received(), [1], "the first ping takes it along");
  server.send([3, arenaFrame(0, 100, "join")]);
  clock.pass(99);
  assert.deepEqual(received(), []);
  clock.pass(1);
  assert.deepEqual(received(), [2]);
  for (let number = 1; number < 5; number++) {
    assert.deepEqual(received(), []);
    server.send([3, arenaFrame(number, 100 + number)]);
  }
  assert.deepEqual(received(), [6]);
});

test("something other than a welcome first makes no sense", () => {
  const { server, client } = begin();
  server.open();
  server.send([1, unhex("0307fc15a57302")]);
  assert.deepEqual([server.socket.closedWith, client.ending.reason], [4011, "unreadable"]);
});

test("stamps one input a tick, ahead of the match by the way and half a tick", () => {
  const made = playing({ inputs: "every-tick" });
  made.client.setInput({ direction: 3 });
  const { input } = play(made, 1, 60);
  const frames = input.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at));
  assert.ok(frames.length >= 55, `${frames.length}`);
  frames.slice(1).forEach((tick, at) => assert.equal(tick, frames[at] + 1));
  const now = Math.floor((made.clock.time - made.origin) / TICK);
  assert.ok(frames.at(-1) >= now && frames.at(-1) <= now + 2, `${frames.at(-1)} at ${now}`);
  assert.ok(input.every(({ held }) => !held));
});

test("on change little is sent, which holds, and a change takes the next tick", () => {
  const made = playing();
  play(made, 1, 30);
  made.client.setInput({ direction: 3 });
  const { input } = play(made, 31, 90);
  const frames = input.filter(({ count }) => count > 0);
  assert.ok(frames.length >= 4 && frames.length <= 5, `${frames.length} frames in two seconds`);
  assert.ok(frames.every(({ held, count, words }) => held && count === 1 && (words[0] & 15) === 3));
  assert.ok([130, 131, 132].includes(frames[0].first), `${frames[0].first}`);
  frames.slice(1).forEach(({ first }, at) => assert.ok([15, 16].includes(first - frames[at].first)));
  // A page that sets the same again and again, or draws, sends nothing.
  for (let passed = 0; passed < 2000; passed += 10) {
    made.client.setInput({ direction: 3 });
    made.client.predict(made.clock.time);
    made.clock.pass(10);
  }
  assert.ok(made.server.take().input.filter(({ count }) => count > 0).length <= 4);
});

test("a press shorter than a tick is not lost", () => {
  const made = playing();
  play(made, 1, 30);
  made.client.setInput({ fire: true });
  made.client.setInput({});
  const { input } = play(made, 31, 36);
  // direction has 4 bits, then boost, then fire.
  const fires = input.filter(({ count }) => count > 0).map(({ words }) => (words[0] >> 5) & 1);
  assert.deepEqual(fires.filter(Boolean).length, 1, fires.join());
  assert.throws(() => made.client.setInput({ jump: true }), TypeError);
  assert.throws(() => made.client.setInput({ fire: 1 }), TypeError);
});

test("a stream that goes astray is asked for anew, and heals", () => {
  const made = playing();
  play(made, 1, 28);
  const chunk = Uint8Array.from(unhex(ARENA.ticks[29].chunk), (byte) => byte ^ 255);
  made.server.send([3, frameOf(129, [[0, 0, Uint8Array.of(...chunk, 7, 7, 7, 7, 7, 7, 7, 7, 7)]])]);
  const [resync] = made.server.take().control.filter(({ name }) => name === "resync");
  assert.deepEqual(resync, { name: "resync", incarnation: 1, stream: 0, tick: 129 });
  made.server.send([3, arenaFrame(30, 130)]);
  assert.equal(made.client.world.tick, 128, "chunks pass meanwhile");
  const number = ARENA.ticks.findIndex(({ join }, at) => at > 30 && join);
  const reset = [];
  made.client.on("reset", (reason) => reset.push(reason));
  made.server.send([3, arenaFrame(number, 100 + number, "join")]);
  assert.equal(made.client.world.tick, 100 + number);
  assert.deepEqual(reset, ["join"]);
  assert.equal(made.client.stats.resyncs, 1);
});

test("a lost connection is resumed with the token, after a wait that grows", () => {
  const made = playing();
  const states = [];
  made.client.on("state", (state, ending) => states.push([state, ending?.reason]));
  made.server.close(1006);
  assert.deepEqual(states, [["waiting", "lost"]]);
  assert.ok(made.client.world.tick === 100, "the world stays");
  const waits = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    waits.push(made.client.retryAt - made.clock.time);
    made.clock.pass(waits.at(-1) + 1);
    if (attempt < 3) made.server.close(1006);
  }
  waits.forEach((wait, at) => assert.ok(wait >= 125 * 2 ** at && wait <= 250 * 2 ** at, `${waits}`));
  made.server.open();
  const [hello] = made.server.take().control;
  assert.equal(hex(hello.resume), "010203");
  assert.equal(hello.fingerprint, 99n);
  made.server.welcome({ schema: false, attach: 2 });
  assert.equal(made.client.state, "playing");
  assert.equal(made.client.room.resumed, true);
});

test("does what each close reason says", async () => {
  const after = (code) => {
    const made = playing();
    made.server.close(code, "why");
    return made;
  };
  assert.equal(after(4007).client.state, "closed");
  assert.equal(after(4007).client.ending.reason, "not_allowed");
  const full = after(4005);
  assert.ok(full.client.retryAt - full.clock.time >= 5000);
  const expired = after(4014);
  expired.clock.pass(300);
  expired.server.open();
  assert.equal(expired.server.take().control[0].resume, null);
  const replaced = after(4015);
  assert.equal(replaced.client.state, "replaced");
  replaced.clock.pass(60000);
  assert.equal(replaced.server.sockets.length, 1, "does not fight");
  replaced.client.reconnect();
  replaced.server.open();
  assert.equal(hex(replaced.server.take().control[0].resume), "010203");
  const changed = after(4002);
  changed.clock.pass(300);
  changed.server.open();
  assert.equal(changed.server.take().control[0].fingerprint, null, "learns the new schema");
  const refused = begin();
  refused.server.close(4004);
  await assert.rejects(refused.client.joined, { name: "SynclineError", reason: "unknown_room", then: "never" });
});

test("bytes that make no sense end the connection", () => {
  const made = playing();
  made.server.send([3, Uint8Array.of(1)]);
  assert.equal(made.server.socket.closedWith, 4011);
  assert.deepEqual([made.client.state, made.client.ending.reason], ["waiting", "unreadable"]);
});

test("a silent server is left after ten seconds", () => {
  const made = playing();
  made.clock.pass(9900);
  assert.equal(made.client.state, "playing");
  made.clock.pass(200);
  assert.equal(made.client.ending.reason, "silent");
});

test("commands are answered, refused or lost", async () => {
  const made = playing();
  const applied = made.client.command("ChooseShip", { ship: 1 });
  made.server.send([1, replyOf(0, { tick: 105 })]);
  assert.deepEqual(await applied, { tick: 105 });
  const refused = made.client.command("ChooseShip", { ship: 9 });
  made.server.send([1, replyOf(1, { rule: "there is no ship 9" })]);
  await assert.rejects(refused, { reason: "rule", message: "there is no ship 9" });
  // Lost with its connection it is asked again, under its number; new ones have others.
  const again = made.client.command("ChooseShip", { ship: 0 });
  const asked = made.server.take().command.at(-1);
  made.server.close(1006);
  made.clock.pass(1000);
  assert.deepEqual(made.server.welcome({ attach: 2 }).command, [asked]);
  made.server.send([1, replyOf(2, { tick: 110 })]);
  assert.deepEqual(await again, { tick: 110 });
  const later = made.client.command("ChooseShip", { ship: 1 });
  made.server.send([1, replyOf(65536, { tick: 111 })]);
  assert.deepEqual(await later, { tick: 111 });
  // What was meant for another match is lost, and with the session everything.
  const past = made.client.command("ChooseShip", { ship: 0 });
  made.server.close(1006);
  made.clock.pass(1000);
  assert.deepEqual(made.server.welcome({ attach: 3, incarnation: 2 }).command, []);
  await assert.rejects(past, { reason: "lost" });
  const lost = made.client.command("ChooseShip", { ship: 0 });
  made.server.close(4014);
  await assert.rejects(lost, { reason: "lost" });
  await assert.rejects(made.client.command("ChooseShip", { ship: 0 }), { reason: "lost" });
  const other = playing().client;
  assert.throws(() => other.command("ChooseShip", { ship: -1 }), TypeError);
  assert.throws(() => other.command("Fly"), TypeError);
});

test("no more commands are asked again than a server remembers", async () => {
  const made = playing();
  const asked = Array.from({ length: 34 }, () => made.client.command("ChooseShip", { ship: 0 }));
  const sent = made.server.take().command;
  made.server.close(1006);
  made.clock.pass(1000);
  assert.deepEqual(made.server.welcome({ attach: 2 }).command, sent.slice(2));
  await assert.rejects(asked[0], { reason: "lost" });
  await assert.rejects(asked[1], { reason: "lost" });
  made.server.send([1, replyOf(2, { tick: 110 })]);
  assert.deepEqual(await asked[2], { tick: 110 });
});

test("another match voids what was known", () => {
  const made = playing();
  play(made, 1, 20);
  const told = [];
  made.client.on("reset", (reason) => told.push(reason));
  made.server.send([1, updateOf(2)]);
  assert.deepEqual([told, made.client.world.tick, made.client.world.count("Ship")], [["match"], -1, 0]);
  assert.equal(made.client.interpolate(made.clock.time), null);
});

test("draws between two frames, never back, and the present after a freeze", () => {
  const made = playing();
  play(made, 1, 90);
  let before = made.client.interpolate(made.clock.time).tick;
  const moments = [];
  for (let number = 91; number < 120; number++) {
    made.clock.pass(TICK);
    if (number % 2) made.server.send([3, arenaFrame(number, 100 + number)]);
    else if (ARENA.ticks[number].chunk) made.server.send([3, arenaFrame(number, 100 + number)]);
    const { tick } = made.client.interpolate(made.clock.time);
    moments.push(tick - before);
    before = tick;
  }
  assert.ok(moments.every((by) => by >= 0 && by < 1.5), moments.join());
  // A minute without timers; then what waited comes at once, and a join at the present.
  made.clock.freeze(60000);
  for (let number = 120; number < 140; number++) made.server.send([3, arenaFrame(number, 100 + number)]);
  const present = Math.floor((made.clock.time - made.origin) / TICK);
  const number = ARENA.ticks.findIndex(({ join }, at) => at > 140 && join);
  made.server.send([3, arenaFrame(number, present, "join")]);
  made.clock.pass(5);
  for (let after = 1; after <= 10; after++) {
    made.clock.pass(TICK);
    made.server.send([3, arenaFrame(number + after, present + after)]);
    made.client.interpolate(made.clock.time);
  }
  const { tick, events } = made.client.interpolate(made.clock.time);
  assert.ok(present + 10 - tick < 10, `${present + 10 - tick} ticks behind`);
  assert.ok(events.every((event) => event.tick > present - 15), "what is past is past");
  assert.equal(made.client.state, "playing");
});

test("a simulated latency delays both ways, in order", () => {
  const { clock, server, client } = begin({ simulate: { latency: 100, jitter: 40 } });
  server.open();
  assert.equal(server.take().control.length, 0);
  clock.pass(90);
  assert.equal(server.take().control[0].name, "hello");
  server.welcome();
  assert.equal(client.state, "connecting");
  clock.pass(90);
  assert.equal(client.state, "playing");
  assert.equal(client.stats.simulated.latency, 100);
  client.simulate(null);
  assert.equal(client.stats.simulated, null);
  assert.throws(() => client.simulate({ loss: 1 }), TypeError);
});

test("a listener that throws stops nothing", () => {
  const made = begin();
  const error = console.error;
  const reported = [];
  console.error = (value) => reported.push(value);
  made.client.on("joined", () => {
    throw new Error("mine");
  });
  let told = 0;
  made.client.on("phase", () => (told += 1));
  made.server.welcome();
  console.error = error;
  assert.deepEqual([reported.length, told, made.client.state], [1, 1, "playing"]);
});

test("leaving gives the seat up and ends", async () => {
  const made = playing();
  made.server.take();
  const over = made.client.leave();
  assert.equal(made.server.take().control.at(-1).name, "leave");
  made.server.close(1000, "left");
  await over;
  assert.deepEqual([made.client.state, made.client.ending.reason, made.clock.timers.size], ["closed", "left", 0]);
});

test("options that make no sense are told at once", () => {
  for (const options of [{ rooom: 1 }, { inputs: "often" }, { room: "ABC" }, { room: {} }, { role: "judge" }, { simulate: { latency: -1 } }]) {
    assert.throws(() => begin(options), TypeError, JSON.stringify(options));
  }
});

test("what is said is heard once, also after a resume, and not from those who are muted", () => {
  const { server, client, clock } = begin();
  const heard = [];
  const refused = [];
  client.on("chat", ({ text, from }) => heard.push([from.kind, from.player, text]));
  client.on("chatRefused", (refusal) => refused.push(refusal));
  client.chat("too early");
  server.open();
  server.send([1, welcomeOf({})], [1, chatOf([1, "watcher", "before"])]);
  client.chat("hi", {});
  client.chat("psst", { to: 3 });
  const said = server.take().control.filter(({ name }) => name === "chat");
  assert.deepEqual(said, [{ name: "chat", to: null, text: "hi" }, { name: "chat", to: 3, text: "psst" }]);
  server.send([1, chatOf([2, 0, "hi"], [4, null, "back soon"])]);
  client.mute(0);
  server.send([1, chatOf([5, 0, "noise"])]);
  server.send([1, Uint8Array.from([5, 0, 251, 158, 7])]);
  assert.deepEqual(refused, [{ reason: "too_fast", retryMs: 1950 }]);
  const before = [["spectator", null, "before"], ["player", 0, "hi"], ["server", null, "back soon"]];
  assert.deepEqual(heard, before);
  server.close(1006);
  clock.pass(1000);
  server.open();
  server.send([1, welcomeOf({ attach: 2 })], [1, chatOf([1, "watcher", "before"], [5, 0, "noise"], [6, "watcher", "after"])]);
  assert.deepEqual(heard, [...before, ["spectator", null, "after"]]);
  assert.deepEqual([client.isMuted(0), client.chatLines.length], [true, 4]);
  client.mute(0, false);
  server.send([1, chatOf([7, 0, "sorry"])]);
  assert.deepEqual(heard.at(-1), ["player", 0, "sorry"]);
});

test("another session has another chat", () => {
  const { server, client, clock } = begin();
  server.welcome();
  server.send([1, chatOf([9, 0, "old"])]);
  server.close(4006);
  clock.pass(60000);
  server.open();
  server.send([1, welcomeOf({})], [1, chatOf([1, 0, "new"])]);
  assert.deepEqual(client.chatLines.map(({ text }) => text), ["new"]);
});

test("a lobby is asked for things, and says what it does not do", () => {
  const { server, client } = begin({ room: { create: true, whenReady: true, countdown: 30 } });
  const phases = [];
  const refused = [];
  client.on("phase", (phase) => phases.push(phase));
  client.on("roomRefused", (refusal) => refused.push(refusal));
  client.lobby.ready();
  server.open();
  server.send([1, welcomeOf({})]);
  assert.deepEqual([client.roster.get(0).host, client.roster.get(0).ready], [true, false]);
  // Not all are ready, and it begins in 4200 ms all the same.
  server.send([1, Uint8Array.from([1, 1, 0, 0, 1, 1, 1, 251, 104, 16, 0, 0, 0])]);
  assert.deepEqual(phases.at(-1), { name: "lobby", missing: 0, unready: 1, startsMs: 4200 });
  client.lobby.ready();
  client.lobby.ready(false);
  client.lobby.start();
  client.lobby.kick(3, "be kind");
  client.lobby.team(1);
  client.lobby.properties({ hat: "top", size: 3 });
  const asked = server.take().control.filter(({ name }) => ["ready", "start", "kick", "team", "properties"].includes(name));
  const kick = { name: "kick", player: 3, reason: "be kind" };
  const wears = { name: "properties", properties: [["hat", "top"], ["size", "3"]] };
  assert.deepEqual(asked, [{ name: "ready", ready: true }, { name: "ready", ready: false }, { name: "start" }, kick, { name: "team", team: 1 }, wears]);
  server.send([1, Uint8Array.from([6, 1])]);
  assert.deepEqual(refused, ["not_the_host"]);
});
