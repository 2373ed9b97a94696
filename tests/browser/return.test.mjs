// Coming back: after a refresh, a cut, a freeze, in a duplicated tab, from elsewhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { play, playing, startBrowser, statistics, until } from "./support/browser.mjs";
import { startBareBrowser } from "./support/devtools.mjs";
import { startProxy, startServer } from "./support/server.mjs";

/** How long a tab is frozen, and how soon after that it has to be in the present; ms. */
const FROZEN_MS = process.env.LONG ? 60000 : 5000;
const PRESENT_MS_MAX = 1000;

/** What a tab in the present may be behind another, in ticks. */
const BEHIND_MAX = 15;

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const stay = (page) => page.evaluate(() => ({ player: window.arena.client.player, session: String(window.arena.client.room.session), attach: window.arena.client.room.attach }));

test("a refresh resumes the seat", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  const before = await stay(page);
  await page.reload();
  await playing(page);
  const now = await stay(page);
  assert.deepEqual({ ...now, attach: 0 }, { ...before, attach: 0 });
  assert.ok(now.attach > before.attach, "it is another connection of the same session");
  await person.close();
});

test("a duplicated tab joins as new, and the first plays on", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  const before = await stay(page);
  const [copy] = await Promise.all([person.waitForEvent("page"), page.evaluate(() => void window.open(location.href))]);
  await playing(copy);
  assert.equal(await copy.evaluate(() => sessionStorage.length > 0 && window.opener !== null), true, "it got a copy of the session's storage");
  const other = await stay(copy);
  assert.notEqual(other.player, before.player);
  assert.notEqual(other.session, before.session);
  assert.deepEqual(await stay(page), before);
  assert.equal(await page.evaluate(() => window.arena.client.state), "playing");
  await person.close();
});

test("a session taken over elsewhere says so, and can be taken back", async () => {
  const [here, there] = await Promise.all([0, 1].map(() => browser.person()));
  const page = await play(here, server.url);
  const [address, stored] = await page.evaluate(() => [location.href, JSON.stringify({ ...sessionStorage })]);
  await there.addInitScript((stored) => {
    if (location.origin === "null") return;
    for (const [key, value] of Object.entries(JSON.parse(stored))) sessionStorage.setItem(key, value);
  }, stored);
  const other = await play(there, address);
  await until(page, "it plays elsewhere", () => window.arena.client.state === "replaced");
  assert.match(await page.textContent("#notice"), /Playing elsewhere/);
  assert.deepEqual({ ...(await stay(other)), attach: 0 }, { ...(await stay(page)), attach: 0 });
  // The button has the focus: Enter is enough.
  await page.keyboard.press("Enter");
  await playing(page);
  await until(other, "it was taken back", () => window.arena.client.state === "replaced");
  await Promise.all([here.close(), there.close()]);
});

test("a cut connection leads back to play without a reload", async () => {
  const known = browser.complaints.length;
  const proxy = await startProxy(server.port);
  const person = await browser.person();
  const page = await play(person, proxy.url);
  const before = await stay(page);
  await page.evaluate(() => (window.isSamePage = true));
  proxy.cut();
  await until(page, "it is missed", () => window.arena.client.state !== "playing" && !document.getElementById("notice").hidden);
  assert.match(await page.textContent("#notice"), /Connection lost|Reconnecting/);
  proxy.mend();
  await playing(page);
  await until(page, "the notice is gone", () => document.getElementById("notice").hidden);
  assert.equal(await page.evaluate(() => window.isSamePage), true);
  const now = await stay(page);
  assert.deepEqual({ ...now, attach: 0 }, { ...before, attach: 0 });
  assert.equal((await statistics(page)).predictionErrors, 0);
  await person.close();
  proxy.stop();
  // The browser itself tells of connections that were refused; nothing else may be told.
  const told = browser.complaints.splice(known);
  assert.deepEqual(told.filter((text) => !/WebSocket connection to|Failed to load resource: net::/.test(text)), []);
});

test("without a network it waits, and goes on when there is one", async () => {
  const known = browser.complaints.length;
  const proxy = await startProxy(server.port);
  const person = await browser.person();
  const page = await play(person, proxy.url);
  const before = await stay(page);
  await person.setOffline(true);
  proxy.cut();
  await until(page, "it says so", () => window.arena.client.state === "offline" && /You are offline/.test(document.getElementById("notice").textContent));
  proxy.mend();
  await person.setOffline(false);
  await playing(page);
  await until(page, "the notice is gone", () => document.getElementById("notice").hidden);
  assert.deepEqual({ ...(await stay(page)), attach: 0 }, { ...before, attach: 0 });
  await person.close();
  proxy.stop();
  const told = browser.complaints.splice(known);
  assert.deepEqual(told.filter((text) => !/WebSocket connection to|Failed to load resource: net::/.test(text)), []);
});

test(`a tab that was frozen for ${FROZEN_MS / 1000} s is in the present at once`, async (context) => {
  const bare = await startBareBrowser();
  const person = await browser.person();
  const other = await play(person, server.url);
  const tab = await bare.open(await other.evaluate(() => location.href));
  await tab.until("the own ship flies", () => window.arena?.client.state === "playing" && window.arena.drawn().own?.alive === true);
  const tick = () => other.evaluate(() => window.arena.client.world.tick);
  const overruns = await server.metric("syncline_overruns_total");
  // In the page itself, so that no message to it counts.
  await tab.evaluate(() => {
    window.thaw = { frozenAt: null, resumedAt: null, pictures: [] };
    document.addEventListener("freeze", () => (window.thaw.frozenAt = window.arena.client.world.tick));
    document.addEventListener("resume", () => (window.thaw.resumedAt = Date.now()));
    requestAnimationFrame(function look(now) {
      requestAnimationFrame(look);
      const { client, drawn } = window.arena;
      if (window.thaw.resumedAt === null || !drawn().own || client.state !== "playing") return;
      window.thaw.pictures.push({ at: Date.now(), tick: client.interpolate(now).tick });
    });
  });
  await tab.freeze();
  const from = await tick();
  const ticks = Math.round((FROZEN_MS / 1000) * 30);
  await other.waitForFunction((until) => window.arena.client.world.tick >= until, from + ticks, { timeout: FROZEN_MS * 3 + 10000, polling: 100 });
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, "the server is well");
  await tab.thaw();
  const present = await other.evaluate(() => ({ at: Date.now(), tick: window.arena.client.world.tick }));
  const { frozenAt, resumedAt, pictures } = await tab.until("pictures are painted", () => window.thaw.pictures.at(-1)?.at > window.thaw.resumedAt + 1500 && window.thaw);
  const isPresent = ({ at, tick }) => tick > present.tick + ((at - present.at) * 30) / 1000 - BEHIND_MAX;
  const millis = pictures.find(isPresent).at - resumedAt;
  assert.ok(frozenAt >= from - 60 && frozenAt <= from + 60, "it was frozen");
  context.diagnostic(`in the present ${millis.toFixed(0)} ms after the thaw; ${(await server.metric("syncline_overruns_total")) - overruns} overruns of the server meanwhile`);
  assert.ok(millis <= PRESENT_MS_MAX, `it took ${millis} ms`);
  await tab.until("it plays on", () => window.arena.client.state === "playing" && window.arena.drawn().own?.alive === true);
  assert.ok(server.isRunning());
  assert.equal(await tab.evaluate(() => window.arena.statistics().predictionErrors), 0);
  assert.equal((await statistics(other)).predictionErrors, 0);
  // Of a minute's silence the server may have made an end; the browser then tells of it.
  assert.deepEqual(bare.complaints.filter((text) => !/WebSocket connection to|Failed to load resource: net::/.test(text)), []);
  await person.close();
  await bare.close();
});

test("nothing else is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
