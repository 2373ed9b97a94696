// A recorded match, watched: the timeline, what moves it, and that it is the same match each time.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually, play, roam, shots, startBrowser, until } from "./support/browser.mjs";
import { startReplay, startServer } from "./support/server.mjs";

let folder;
let server;
let browser;
let person;
let page;

/** What the server says, or says after it was told something. */
const api = async (wish = null) => {
  const request = wish ? { method: "POST", body: JSON.stringify(wish) } : {};
  const answer = await fetch(`${server.url}/api/replay`, request);
  assert.equal(answer.status, 200);
  return answer.json();
};

/** What the page says of it. */
const read = () => page.evaluate(() => window.arena.replay());

/** Waits until the page stands still at a tick, and tells where it draws the ships. */
const ships = async (tick) => {
  await until(page, `tick ${tick} is drawn`, (tick) => {
    const { tick: at, paused } = window.arena.replay();
    return paused && Math.abs(at - tick) < 0.5 && window.arena.drawn().ships.length > 0;
  }, tick);
  // What is drawn lies between snapshots: until two of them are the same, it moves.
  await until(page, "the ships stand still", () => {
    const now = JSON.stringify(window.arena.drawn().ships);
    window.seen = window.seen?.at === now ? { at: now, times: window.seen.times + 1 } : { at: now, times: 0 };
    return window.seen.times > 20;
  });
  return page.evaluate(() => window.arena.drawn().ships);
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "syncline-replay-"));
  browser = await startBrowser();
  // Somebody plays with the server's bots.
  const live = await startServer(["--demo-bots", "4"], { folder: join(folder, "data") });
  const player = await browser.person();
  const ship = await play(player, live.url);
  await until(ship, "others are there", () => window.arena.drawn().ships.length > 3);
  await roam(ship, 8);
  // Somebody looks in.
  const visitor = await browser.person();
  await play(visitor, await ship.evaluate(() => location.href));
  await visitor.close();
  await until(ship, "the visitor is gone", () => [...window.arena.client.roster.values()].some(({ connected }) => !connected));
  await until(ship, "it lasts for ten seconds", () => window.arena.client.world.tick > 300);
  await player.close();
  await live.stop();
  const journal = readdirSync(join(folder, "data")).find((name) => name.endsWith(".journal"));
  server = await startReplay(join(folder, "data", journal));
  person = await browser.person();
  page = await person.newPage();
  await page.goto(`${server.url}/?replay=${journal}`);
  await until(page, "the match is drawn", () => window.arena?.drawn().ships.length > 2 && window.arena.replay().ticks > 300);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("it plays, and its timeline says where it is", async () => {
  assert.equal(await page.evaluate(() => window.arena.client.player), null);
  assert.match(page.url(), /\?replay=/);
  const { tick } = await read();
  await until(page, "time passes", (tick) => window.arena.replay().tick > tick + 20, tick);
  const { ticks } = await api();
  assert.equal(await page.getAttribute("#timeline-slider", "max"), String(ticks));
  assert.match(await page.textContent("#timeline-time"), /^\d:\d\d \/ \d:\d\d$/);
  assert.ok((await page.locator("#timeline-marks button").count()) > 0, "somebody came or went");
  await page.screenshot({ path: join(shots, "replay.png") });
});

test("it stands still, jumps and comes back to the very same ships", async () => {
  await page.focus("body");
  await page.keyboard.press("Space");
  await eventually("it stands still", async () => (await api()).paused);
  await page.evaluate(() => document.getElementById("timeline-slider").focus());
  await api({ tick: 120 });
  const first = await ships(120);
  assert.ok(first.length > 2);
  await api({ tick: 240 });
  const later = await ships(240);
  assert.notDeepEqual(later, first);
  // By the keyboard: five seconds are 150 ticks.
  await page.keyboard.press("ArrowLeft");
  await eventually("it is five seconds back", async () => (await api()).tick === 90);
  await ships(90);
  await page.keyboard.press("ArrowRight");
  await eventually("it is where it was", async () => (await api()).tick === 240);
  assert.deepEqual(await ships(240), later);
  await api({ tick: 120 });
  assert.deepEqual(await ships(120), first);
  // To what happened next.
  const { marks } = await api();
  const next = marks.find(({ tick }) => tick > 20);
  await api({ tick: next.tick - 10 });
  await ships(next.tick - 10);
  await page.keyboard.press(".");
  await eventually("it is where somebody came or went", async () => (await api()).tick === next.tick);
});

test("it plays at four times the speed, as smoothly as ever", async () => {
  await page.selectOption("#timeline-speed", "4");
  await api({ tick: 10 });
  await ships(10);
  await page.evaluate(() => {
    window.drawn = [];
    const look = () => {
      const { tick, paused } = window.arena.replay();
      if (!paused) window.drawn.push({ tick, ships: window.arena.drawn().ships, incarnation: window.arena.client.phase.incarnation });
      requestAnimationFrame(look);
    };
    look();
  });
  await page.click("#timeline-play");
  await until(page, "it has played for a while", () => window.arena.replay().tick > 250);
  await page.click("#timeline-play");
  await eventually("it stands still", async () => (await api()).paused);
  const { tick, speed } = await api();
  assert.equal(speed, 4);
  await ships(tick);
  const drawn = await page.evaluate(() => window.drawn);
  assert.ok(drawn.length > 10);
  for (let at = 1; at < drawn.length; at++) {
    assert.equal(drawn[at].incarnation, drawn[0].incarnation);
    assert.ok(drawn[at].tick >= drawn[at - 1].tick - 1, `back from ${drawn[at - 1].tick} to ${drawn[at].tick}`);
  }
  // The tick that is drawn last is the server's.
  assert.equal(Math.round((await read()).tick), tick);
});

test("somebody else's hand is seen, and the end of the record", async () => {
  const { ticks } = await api();
  await api({ tick: 200, speed: 1 });
  await until(page, "the page follows", () => Math.abs(window.arena.replay().tick - 200) < 1 && window.arena.replay().speed === 1);
  assert.equal(await page.inputValue("#timeline-speed"), "1");
  await api({ tick: ticks - 20, paused: false });
  await until(page, "it is over", () => window.arena.replay().tick >= window.arena.replay().ticks && window.arena.replay().paused);
  assert.equal(await page.getAttribute("#timeline-play", "aria-label"), "Play");
  // From the end it begins anew.
  await page.click("#timeline-play");
  await until(page, "it begins anew", () => window.arena.replay().tick < 100 && !window.arena.replay().paused && window.arena.drawn().ships.length > 0);
});

test("it fits a phone", async () => {
  const phone = await browser.person({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  const small = await phone.newPage();
  await small.goto(`${server.url}/?replay`);
  await until(small, "the match is drawn", () => window.arena?.drawn().ships.length > 0 && window.arena.replay().ticks > 0);
  const { x, width } = await small.locator("#timeline").boundingBox();
  assert.ok(x >= 0 && x + width <= 390);
  await small.screenshot({ path: join(shots, "replay-phone.png") });
  await phone.close();
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
