// What it looks like and says: pictures of a wide screen and a phone, menus by keys alone, ends.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { overflowing, play, playing, roam, shots, startBrowser, statistics, until } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

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

/** How many different colours the picture has. */
const colours = (page) =>
  page.evaluate(() => {
    const canvas = document.getElementById("screen");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });

for (const [name, options] of Object.entries({
  wide: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  lying: { viewport: { width: 844, height: 390 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
})) {
  test(`a picture of a screen: ${name}`, async (context) => {
    const person = await browser.person(options);
    const page = await play(person, server.url);
    context.diagnostic(`playing ${(await page.evaluate(() => performance.now())).toFixed(0)} ms after the address was opened`);
    if (!options.hasTouch) await roam(page, 4);
    await page.screenshot({ path: join(shots, `${name}.png`) });
    const count = await colours(page);
    const { decodeMicros } = await statistics(page);
    const { frameMs, ratio } = await page.evaluate(() => window.arena.drawn());
    context.diagnostic(`${count} colours, ${frameMs.toFixed(1)} ms a picture at ${ratio} pixels per CSS pixel, a frame decoded in ${decodeMicros.toFixed(0)} us`);
    assert.ok(count > 300, `${count} colours`);
    const { width, height } = options.viewport;
    await until(page, "the own ship is on the screen", ({ width, height }) => {
      const { x, y } = window.arena.drawn().own.screen;
      return x > width * 0.15 && x < width * 0.85 && y > height * 0.15 && y < height * 0.85;
    }, { width, height });
    assert.deepEqual(await overflowing(page), []);
    await page.click("#open-menu");
    await page.screenshot({ path: join(shots, `${name}-menu.png`) });
    await page.keyboard.press("Escape");
    await page.click("#open-net");
    await until(page, "the network is measured", () => [...document.querySelectorAll("#net dd")].some(({ textContent }) => /\d ms/.test(textContent)));
    await page.screenshot({ path: join(shots, `${name}-net.png`) });
    await person.close();
  });
}

test("by keys alone: the menu, another name, another ship", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  await page.keyboard.press("Escape");
  await until(page, "the menu is open", () => document.getElementById("menu").open);
  assert.equal(await page.evaluate(() => document.activeElement.name), "name", "the focus is in the menu");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("Grace");
  await page.keyboard.press("Enter");
  await until(page, "the name is known", () => [...window.arena.client.roster.values()].some(({ name }) => name === "Grace"));
  await playing(page);
  await page.keyboard.press("2");
  await until(page, "the ship is chosen", () => window.arena.client.own.first("Cockpit")?.next_kind === 1);
  await until(page, "the button shows it", () => document.querySelector("#hangar button:nth-child(2)").getAttribute("aria-pressed") === "true");
  await page.reload();
  await playing(page);
  assert.equal(await page.evaluate(() => JSON.parse(localStorage.getItem("syncline arena")).name), "Grace", "the name is remembered");
  await person.close();
});

test("a link to a room that is gone says so, and leads on", async () => {
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto(`${server.url}/?room=ZZZZZZ`);
  await until(page, "it says so", () => !document.getElementById("notice").hidden && /No such room/.test(document.getElementById("notice").textContent));
  await until(page, "and those who only hear it are told", () => /No such room/.test(document.getElementById("live").textContent));
  await page.keyboard.press("Enter");
  await playing(page);
  await person.close();
});

test("sliders make the network worse, and the badge stays when the panel is closed", async () => {
  const person = await browser.person();
  const page = await play(person, server.url);
  await page.keyboard.press("KeyN");
  await page.focus("#net input[name=latency]");
  for (let left = 10; left > 0; left--) await page.keyboard.press("ArrowRight");
  await until(page, "it is simulated", () => window.arena.statistics().simulated?.latency === 100);
  await page.click("#open-net");
  assert.equal(await page.isVisible("#net"), false);
  assert.match(await page.textContent("#simulated"), /\+100 ms/);
  assert.equal(await page.isVisible("#simulated"), true);
  await person.close();
});

test("with less movement wished for, nothing shakes and everything is still shown", async (context) => {
  const person = await browser.person({ reducedMotion: "reduce" });
  const page = await play(person, server.url);
  context.diagnostic(`${await colours(page)} colours`);
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("button")).transitionDuration), "1e-05s");
  await person.close();
});

test("what decoding a match of 200 costs here is told", async (context) => {
  const { messages } = JSON.parse(readFileSync(new URL("../sdk/traces/arena_200.json", import.meta.url), "utf8"));
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto(`${server.url}/rooms/`);
  const told = await page.evaluate(async (messages) => {
    const { readFrame, readSchema, readSections, readServerControl } = await import("/sdk/index.js");
    const { Streams } = await import("/sdk/client/streams.js");
    const bytes = messages.map((message) => Uint8Array.from(message.match(/../g), (pair) => parseInt(pair, 16)));
    const sections = bytes.flatMap((message) => readSections(message));
    const schema = readSchema(readServerControl(sections[0].body).schema);
    const frames = sections.filter(({ kind }) => kind === 3).map(({ body }) => readFrame(body));
    const means = [];
    let ships = 0;
    for (let round = 0; round < 8; round++) {
      const streams = new Streams(schema, schema.tickRate, [0], null);
      streams.apply(frames[0]);
      let count = 0;
      // A page's clock is coarse: the mean of all, and the median of rounds.
      const before = performance.now();
      for (const frame of frames.slice(1)) count += streams.apply(frame).snapshots;
      means.push(((performance.now() - before) * 1000) / count);
      ships = streams.decoder(0).state.classes[0].taken.reduce((sum, taken) => sum + taken, 0);
    }
    return { micros: means.sort((a, b) => a - b)[means.length >> 1], ships };
  }, messages);
  context.diagnostic(`${told.micros.toFixed(1)} us a snapshot of arena with 200`);
  assert.equal(told.ships, 200);
  await person.close();
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
