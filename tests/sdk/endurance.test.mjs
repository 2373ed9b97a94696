// How long it takes to decode, and whether hours leave anything behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { StreamDecoder, connect, readSchema } from "../../assets/web/sdk/index.js";
import { unhex } from "./support/golden.mjs";
import { ARENA, FakeServer, VirtualClock, frameOf } from "./support/virtual.mjs";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

const TICK = 1000 / 30;

/** An hour, or with SYNCLINE_LONG unset some minutes of one. */
const MINUTES = process.env.SYNCLINE_LONG ? 60 : 8;

test(`${MINUTES} minutes of play leave nothing behind`, (context) => {
  const clock = new VirtualClock();
  const server = new FakeServer();
  const { WebSocket } = server;
  const rules = {
    state: (world) => ({ place: world.first("Ship")?.position.slice() ?? [0, 0] }),
    step: () => {},
    drawn: ({ place }) => place,
  };
  const client = connect("ws://test/play", { WebSocket, clock, environment: null, prediction: rules });
  clock.pass(0);
  const origin = clock.time;
  server.pong(clock, origin, server.welcome().control);
  const join = unhex(ARENA.ticks[0].join);
  const chunks = ARENA.ticks.map(({ chunk }) => unhex(chunk));
  let heard = 0;
  client.on("event", () => (heard += 1));

  const play = (from, to) => {
    for (let tick = from; tick < to; tick++) {
      clock.pass(Math.max(origin + tick * TICK - clock.time, 0));
      const number = tick % 240;
      if (number === 0 || tick === from) server.send([3, frameOf(tick - number, [])].slice(0, 0));
      const bytes = number === 0 ? join : chunks[number];
      if (bytes.length > 0 || number === 0) server.send([3, frameOf(tick, [[0, number === 0 ? 1 : 0, bytes]])]);
      client.setInput({ direction: tick % 9 });
      client.interpolate(clock.time);
      client.predict(clock.time);
      server.pong(clock, origin, server.take().control);
    }
  };
  const heap = () => {
    gc();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const ticks = MINUTES * 60 * 30;
  const warm = Math.ceil(ticks / 8 / 240) * 240;
  play(240, 240 + warm);
  const before = heap();
  play(240 + warm, 240 + ticks);
  const grown = heap() - before;
  context.diagnostic(`${grown} bytes more after ${ticks - warm} ticks`);
  assert.ok(grown < 300000, `${grown} bytes`);
  assert.deepEqual([client.state, client.stats.resyncs], ["playing", 0]);
  assert.ok(heard > 0);
});

test("a snapshot of arena is decoded within the bound", (context) => {
  const schema = readSchema(unhex(ARENA.schema));
  const chunks = ARENA.ticks.map(({ chunk }) => unhex(chunk));
  let times = [];
  for (let round = 0; round < 20; round++) {
    times = [];
    const decoder = new StreamDecoder(schema, unhex(ARENA.ticks[0].join));
    for (const chunk of chunks.slice(1)) {
      const before = process.hrtime.bigint();
      decoder.apply(1, chunk, []);
      times.push(Number(process.hrtime.bigint() - before) / 1000);
    }
  }
  const rows = ARENA.ticks[0].classes.reduce((sum, each) => sum + each.length, 0);
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  context.diagnostic(`median ${median.toFixed(1)} us for ${rows} rows`);
  assert.ok(median > 0);
});
