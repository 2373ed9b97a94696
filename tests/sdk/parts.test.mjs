// Joins in parts, and who else they start anew: "Parts" in section 9 of shared/PROTOCOL.md.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "../../assets/web/sdk/index.js";
import { golden, rowsOf, unhex } from "./support/golden.mjs";
import { FakeServer, VirtualClock, frameOf } from "./support/virtual.mjs";

const [COMMON, OWN] = ["common", "own"].map((wanted) => golden("arena").find(({ name }) => name === wanted).ticks);

/** Both streams' entries at the vectors' tick `number`. */
const chunksAt = (number) => [COMMON, OWN].map((ticks, stream) => [stream, 0, unhex(ticks[number].chunk)]);
const joinAt = (ticks, number) => unhex(ticks[number].join);

/** A join in so many parts, as frames of one entry each. */
function partsOf(stream, join, count) {
  const length = Math.ceil(join.length / count);
  return Array.from({ length: count }, (_, index) => [stream, 2, join.slice(index * length, (index + 1) * length), index, count]);
}

/** A client of both streams, which have come to tick `number`. */
function following(number) {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const client = connect("ws://test/play", { WebSocket: server.WebSocket, transport: "websocket", clock, environment: null });
  clock.pass(0);
  server.welcome({ streams: [0, 1] });
  const told = [];
  client.on("reset", (reason) => told.push(reason));
  client.on("frame", (tick) => told.push(tick));
  const send = (tick, ...entries) => server.send([3, frameOf(tick, entries)]);
  send(0, [0, 1, joinAt(COMMON, 0)], [1, 1, joinAt(OWN, 0)]);
  for (let tick = 1; tick <= number; tick++) send(tick, ...chunksAt(tick));
  assert.deepEqual(told.splice(0), Array.from({ length: number + 1 }, (_, tick) => tick));
  const isRight = (tick) => {
    assert.equal(client.world.tick, tick);
    // The vectors tell all rows at some ticks; hashes at all.
    for (const [world, ticks] of [[client.world, COMMON], [client.own, OWN]]) {
      const { hash, classes } = ticks[tick];
      if (classes) assert.deepEqual(rowsOf({ classes: world.rows }), classes);
      assert.ok(world.rows.length > 0 && hash > 0);
    }
  };
  const resyncs = () => server.take().control.filter(({ name }) => name === "resync");
  return { client, server, send, told, isRight, resyncs };
}

test("the first part of a new start voids what stands at an earlier tick, however few were missed", () => {
  for (const [last, tick] of [[10, 12], [10, 96]]) {
    const { client, send, told, isRight, resyncs } = following(last);
    const [first, second, third] = partsOf(0, joinAt(COMMON, tick), 3);
    send(tick, first);
    send(tick, second);
    assert.equal(client.world.tick, last, "the world stays as it was told");
    send(tick, third);
    assert.deepEqual([told, client.world.tick], [[], last], "the other stream is awaited");
    for (const part of partsOf(1, joinAt(OWN, tick), 2)) send(tick, part);
    assert.deepEqual(told.splice(0), ["join", tick], "told once, when all is there");
    isRight(tick);
    for (let after = tick + 1; after <= tick + 24; after++) send(after, ...chunksAt(after));
    isRight(tick + 24);
    assert.deepEqual([resyncs(), client.state, client.stats.resyncs], [[], "playing", 0]);
  }
});

test("the parts of one stream start no other anew that stands at their tick", () => {
  const { client, send, told, isRight, resyncs } = following(10);
  const [[, , common], own] = chunksAt(11);
  send(11, [0, 0, Uint8Array.of(...common, 0, 0, 0, 0, 0, 0, 0, 0)], own);
  assert.equal(resyncs().length, 1);
  // First the frame of the tick, then the parts, then what happened since.
  send(12, chunksAt(12)[1]);
  for (const part of partsOf(0, joinAt(COMMON, 12), 2)) send(12, part);
  assert.deepEqual(told.splice(0), ["join", 12]);
  isRight(12);
  for (let after = 13; after <= 36; after++) send(after, ...chunksAt(after));
  isRight(36);
  assert.deepEqual([resyncs(), client.state, client.stats.resyncs], [[], "playing", 1]);
});

test("parts that were given up count for nothing, and one that comes twice makes no sense", () => {
  const { client, server, send, isRight, resyncs } = following(10);
  send(12, partsOf(0, joinAt(COMMON, 12), 3)[0]);
  const parts = partsOf(0, joinAt(COMMON, 24), 3);
  for (const part of parts) send(24, part);
  send(24, [1, 1, joinAt(OWN, 24)]);
  isRight(24);
  assert.deepEqual(resyncs(), []);
  send(36, parts[0]);
  send(36, parts[0]);
  assert.deepEqual([server.socket.closedWith, client.state], [4011, "waiting"]);
});
