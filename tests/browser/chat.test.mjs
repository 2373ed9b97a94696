// Talking: two pages hear each other, the keyboard writes and does not steer, a phone has a button.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { play, shots, startBrowser, until } from "./support/browser.mjs";
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

const hears = (page, words) => until(page, `it hears ${words}`, (words) => document.getElementById("chat-log").textContent.includes(words), words);

test("two pages talk, and the keyboard does not steer meanwhile", async () => {
  const [ada, bob] = await Promise.all([0, 1].map(() => browser.person()));
  const first = await play(ada, server.url);
  const second = await play(bob, await first.evaluate(() => location.href));
  await first.keyboard.press("Enter");
  assert.equal(await first.evaluate(() => document.activeElement.id), "chat-text");
  await first.keyboard.down("KeyW");
  await first.keyboard.down("Space");
  await until(first, "nothing is pressed", () => {
    const { direction, fire } = window.arena.client.input;
    return direction === 0 && fire === false && document.getElementById("chat-text").value !== "";
  });
  await first.keyboard.up("Space");
  await first.keyboard.up("KeyW");
  await first.keyboard.type("as would <b>never</b> steer N 1 2");
  await first.keyboard.press("Enter");
  await hears(first, "as would <b>never</b> steer N 1 2");
  await hears(second, "as would <b>never</b> steer N 1 2");
  assert.equal(await first.isVisible("#net"), false, "N was typed, not pressed");
  assert.equal(await first.evaluate(() => document.getElementById("chat").classList.contains("open")), true);
  await first.screenshot({ path: join(shots, "chat.png") });
  await first.keyboard.press("Escape");
  assert.equal(await first.evaluate(() => document.activeElement === document.body && !document.getElementById("menu").open), true);
  await first.keyboard.down("KeyW");
  await until(first, "it steers again", () => window.arena.client.input.direction !== 0);
  await first.keyboard.up("KeyW");

  const third = await play(await browser.person(), await first.evaluate(() => location.href));
  await hears(third, "steer N 1 2");
  const log = third.getByRole("log", { name: "What was said" });
  assert.match(await log.textContent(), /: w as would/);
});

test("too much at once is refused, and said so", async () => {
  const page = await play(await browser.person(), server.url);
  await page.evaluate(() => Array.from({ length: 7 }, (_, at) => window.arena.client.chat(`${at}`)));
  await page.keyboard.press("Enter");
  await until(page, "it is told", () => document.getElementById("chat-note").textContent === "Not so fast.");
});

test("on a phone a button opens it", async () => {
  const phone = await browser.person({ viewport: { width: 780, height: 360 }, hasTouch: true, isMobile: true });
  const page = await play(phone, server.url);
  await page.tap("#open-chat");
  await until(page, "it is open", () => document.activeElement.id === "chat-text");
  assert.equal(await page.getAttribute("#open-chat", "aria-expanded"), "true");
  await page.keyboard.type("from my phone");
  await page.screenshot({ path: join(shots, "chat-phone.png") });
  await page.keyboard.press("Enter");
  await hears(page, "from my phone");
  assert.equal(await page.getAttribute("#open-chat", "aria-expanded"), "false");
});

test("an EventSource hears what happens in a room, and what it missed", async () => {
  const page = await play(await browser.person(), server.url);
  await page.evaluate(() => {
    const events = new EventSource(`/api/rooms/${window.arena.client.room.code}/events`);
    window.heard = [];
    for (const name of ["room", "chat", "announcement"]) {
      events.addEventListener(name, ({ data, lastEventId }) => window.heard.push({ ...JSON.parse(data), name, id: lastEventId }));
    }
    window.events = events;
  });
  const heard = (name, text) => until(page, `${name} ${text}`, ([name, text]) => window.heard.some((event) => event.name === name && (!text || event.text === text)), [name, text]);
  await heard("room");
  await page.evaluate(() => window.arena.client.chat("hi"));
  await heard("chat", "hi");
  const { id } = await page.evaluate(() => ({ id: window.arena.client.room.id }));
  const said = await fetch(`${server.url}/api/rooms/${id}/announce`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: "hello from the backend" }),
  });
  assert.equal((await said.json()).reached >= 1, true);
  await heard("announcement", "hello from the backend");
  await hears(page, "hello from the backend");
  const ids = await page.evaluate(() => window.heard.filter(({ name }) => name !== "room").map(({ id }) => Number(id)));
  assert.deepEqual(ids, ids.toSorted((one, next) => one - next));
  await page.evaluate(() => window.events.close());
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
