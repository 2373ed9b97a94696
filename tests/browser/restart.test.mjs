// A server that is lost and starts again: the page plays on, in the same match.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { play, playing, startBrowser, statistics, until } from "./support/browser.mjs";
import { startProxy, startServer } from "./support/server.mjs";

let browser;
let folder;
let server;

before(async () => {
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "syncline-data-"));
  server = await startServer([], { folder });
});

afterEach(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Another server in the place of the one that is gone. */
async function again() {
  server = await startServer([], { port: server.port, folder });
}

const stay = (page) =>
  page.evaluate(() => {
    const { client } = window.arena;
    return { player: client.player, session: String(client.room.session), code: client.room.code, attach: client.room.attach, incarnation: client.phase.incarnation, tick: client.world.tick };
  });

/** The same match goes on for the same player, on a later connection, in a later timeline. */
async function goesOn(page, before) {
  await playing(page);
  await until(page, "the match goes on", (was) => window.arena.client.phase.name === "running" && window.arena.client.phase.incarnation > was, before.incarnation);
  const now = await stay(page);
  for (const name of ["player", "session", "code"]) assert.equal(now[name], before[name], name);
  assert.ok(now.attach > before.attach, "attach");
  assert.ok(now.tick > before.tick - 5, `tick ${now.tick} after ${before.tick}`);
}

/** The browser itself tells of connections that failed; nothing else may be told. */
function assertNoOtherComplaints() {
  const told = browser.complaints.splice(0);
  assert.deepEqual(told.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED/.test(text)), []);
}

const noticed = (page) => until(page, "it is missed", () => window.arena.client.state !== "playing");

test("a server that was killed is back, and two players play on", async () => {
  const people = await Promise.all([0, 1].map(() => browser.person()));
  const first = await play(people[0], server.url);
  const pages = [first, await play(people[1], await first.evaluate(() => location.href))];
  const before = await Promise.all(pages.map(stay));
  for (const page of pages) await page.evaluate(() => (window.isSamePage = true));
  await server.kill();
  await Promise.all(pages.map(noticed));
  await again();
  await Promise.all(pages.map((page, at) => goesOn(page, before[at])));
  await until(first, "the notice is gone", () => document.getElementById("notice").hidden);
  for (const page of pages) {
    assert.equal(await page.evaluate(() => window.isSamePage), true);
    const { predictionErrors, resyncs } = await statistics(page);
    assert.deepEqual({ predictionErrors, resyncs }, { predictionErrors: 0, resyncs: 0 });
  }
  assert.equal(await server.metric("syncline_journals_recovered_total"), 1);
  await Promise.all(people.map((person) => person.close()));
  assertNoOtherComplaints();
});

test("a page that is opened again after that has its seat", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  const before = await stay(page);
  await server.kill();
  await again();
  await page.reload();
  await goesOn(page, before);
  await person.close();
  assertNoOtherComplaints();
});

test("a restart is told, and nobody has to do anything", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  const before = await stay(page);
  await Promise.all([server.stop(), noticed(page)]);
  await until(page, "it says so", () => /The server restarts/.test(document.getElementById("notice").textContent));
  await again();
  await goesOn(page, before);
  await person.close();
  assertNoOtherComplaints();
});

test("behind a proxy that tells of no end the silence does", async () => {
  const proxy = await startProxy(server.port, { swallows: true });
  const person = await browser.person();
  const page = await play(person, proxy.url);
  const before = await stay(page);
  await server.stop();
  await again();
  await noticed(page);
  await goesOn(page, before);
  assert.equal((await statistics(page)).predictionErrors, 0);
  await person.close();
  proxy.stop();
  assertNoOtherComplaints();
});
