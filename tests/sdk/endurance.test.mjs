// How long it takes to decode, and whether hours leave anything behind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { Streams } from "../../assets/web/sdk/client/streams.js";
import { connect, readFrame, readSchema, readSections, readServerControl } from "../../assets/web/sdk/index.js";
import { unhex } from "./support/golden.mjs";
import { ARENA, FakeServer, VirtualClock, frameOf } from "./support/virtual.mjs";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

const TICK = 1000 / 30;

const HOUR = 60 * 60 * 30;

test("an hour of play leaves nothing behind", async (context) => {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const { WebSocket } = server;
  const rules = {
    state: (world) => ({ place: world.first("Ship")?.position.slice() ?? [0, 0] }),
    step: () => {},
    drawn: ({ place }) => place,
  };
  const client = connect("ws://test/play", { WebSocket, transport: "websocket", clock, environment: null, prediction: rules });
  clock.pass(0);
  const origin = clock.time;
  server.pong(clock, origin, server.welcome().control);
  const join = unhex(ARENA.ticks[0].join);
  const chunks = ARENA.ticks.map(({ chunk }) => unhex(chunk));

  const play = (from, to) => {
    for (let tick = from; tick < to; tick++) {
      clock.pass(Math.max(origin + tick * TICK - clock.time, 0));
      const number = tick % 240;
      const bytes = number === 0 ? join : chunks[number];
      if (bytes.length > 0 || tick % 5 === 0) server.send([3, frameOf(tick, [[0, number === 0 ? 1 : 0, bytes]])]);
      client.setInput({ direction: tick % 9 });
      client.interpolate(clock.time);
      client.predict(clock.time);
      server.pong(clock, origin, server.take().control);
    }
  };
  // Buffers are freed a little after their arrays are collected.
  const heap = async () => {
    for (let round = 0; round < 5; round++) {
      gc();
      await new Promise(setImmediate);
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const warm = Math.ceil(HOUR / 8 / 240) * 240;
  play(240, 240 + warm);
  const before = await heap();
  play(240 + warm, 240 + HOUR);
  const grown = (await heap()) - before;
  context.diagnostic(`${grown} bytes more after ${HOUR - warm} ticks`);
  assert.ok(grown < 1000000, `${grown} bytes`);
  assert.deepEqual([client.state, client.stats.resyncs], ["playing", 0]);
});

test("a recorded match of 200 is decoded; how long that takes is told", (context) => {
  const { messages } = JSON.parse(readFileSync(new URL("traces/arena_200.json", import.meta.url), "utf8"));
  const sections = messages.flatMap((message) => readSections(unhex(message)));
  const schema = readSchema(readServerControl(sections[0].body).schema);
  const frames = sections.filter(({ kind }) => kind === 3).map(({ body }) => readFrame(body));
  let times = [];
  let verified = 0;
  let ships = 0;
  for (let round = 0; round < 5; round++) {
    const streams = new Streams(schema, schema.tickRate, [0], null);
    times = [];
    for (const frame of frames) {
      const before = process.hrtime.bigint();
      const { snapshots, joined } = streams.apply(frame);
      const micros = Number(process.hrtime.bigint() - before) / 1000;
      if (!joined) for (let each = 0; each < snapshots; each++) times.push(micros / snapshots);
    }
    assert.deepEqual(streams.takeAstray(), []);
    const { state } = streams.decoder(0);
    verified = Math.floor(state.chunk / 30);
    ships = state.classes[0].taken.reduce((sum, taken) => sum + taken, 0);
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  context.diagnostic(`${median.toFixed(1)} us a snapshot (median of ${times.length})`);
  assert.ok(verified > 3, "hashes were met");
  assert.equal(ships, 200);
});
