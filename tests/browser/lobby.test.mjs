// Around a match: a room whose matches begin when all are ready, its host, who is kicked, a phone.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRoom, overflowing, play, playing, says, shots, startBrowser, until } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer(["--lobby-countdown", "3s"]);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A person in a lobby of its own, and the room's code. */
const host = (room) => openRoom(browser, server, room);

/** Another one, who has the code. */
async function guest(code, options = {}) {
  const person = await browser.person(options);
  const page = await person.newPage();
  await page.goto(`${server.url}/?room=${code}`);
  return { person, page };
}

const names = (page) => page.locator("#lobby-roster b").allTextContents();

test("a match begins when all are ready, and whoever is kicked reads why", async () => {
  const ada = await host();
  const bo = await guest(ada.code);
  for (const { page } of [ada, bo]) {
    await until(page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
    await says(page, "lobby-waits", "2 are not ready");
  }
  assert.deepEqual(await names(ada.page), await names(bo.page));
  const [, name] = await names(ada.page);
  await until(ada.page, "who only hears it is told who came", (name) => document.getElementById("live").textContent === `${name} is here`, name);
  assert.equal(await ada.page.locator("#lobby-roster .host").count(), 1);
  assert.match(await bo.page.textContent("#lobby-roster li:first-child"), /Host/);
  assert.match(await bo.page.textContent("#lobby-roster li.own"), /\(you\)/);
  assert.equal(await bo.page.isVisible("#lobby-start"), false, "only the host starts");
  assert.equal(await bo.page.locator("#lobby-roster .kick:visible").count(), 0, "or kicks");
  assert.equal(await ada.page.isVisible("#notice"), false);
  await ada.page.screenshot({ path: join(shots, "lobby.png") });

  // A line of chat is no key of the lobby's.
  await ada.page.keyboard.press("Enter");
  await ada.page.keyboard.type("are you ready?");
  await ada.page.keyboard.press("Enter");
  await ada.page.keyboard.press("Escape");
  await says(bo.page, "chat-log", "are you ready\\?");
  await says(ada.page, "lobby-waits", "2 are not ready");

  await ada.page.keyboard.press("r");
  await says(bo.page, "lobby-waits", "1 is not ready");
  assert.match(await bo.page.textContent("#lobby-roster li:first-child"), /✓ Ready/);
  await bo.page.getByRole("button", { name: "I'm ready" }).click();
  for (const { page } of [ada, bo]) {
    await playing(page);
    assert.equal(await page.isVisible("#lobby"), false);
  }
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("the host starts early, with one who typed the code and without one who is away", async () => {
  const ada = await host();
  const cy = await guest(ada.code);
  await until(ada.page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
  await cy.person.close();
  await until(ada.page, "one is away", () => /Away/.test(document.querySelectorAll("#lobby-roster li")[1].textContent));
  const person = await browser.person();
  const bo = { person, page: await play(person, server.url) };
  await bo.page.keyboard.press("Escape");
  await bo.page.fill("#menu input[name=room]", ada.code.toLowerCase());
  await bo.page.keyboard.press("Enter");
  await says(bo.page, "lobby", ada.code);
  await until(ada.page, "all are there", () => document.querySelectorAll("#lobby-roster li").length === 3);
  await ada.page.getByRole("button", { name: "Start now" }).click();
  await says(bo.page, "lobby-clock", "[123]");
  for (const { page } of [ada, bo]) await playing(page);
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("by keys alone the host kicks with a reason, which is read as it is written, and stays away", async () => {
  const ada = await host();
  const bo = await guest(ada.code);
  await until(ada.page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
  const [, name] = await names(ada.page);
  await ada.page.getByRole("button", { name: `Kick ${name}` }).focus();
  await ada.page.keyboard.press("Enter");
  await ada.page.keyboard.type("be <b>kind</b> r");
  assert.equal(await ada.page.evaluate(() => document.activeElement.closest("form")?.id), "lobby-kick");
  await ada.page.keyboard.press("Enter");
  await says(bo.page, "notice", "You were sent away");
  assert.match(await bo.page.textContent("#notice p"), /be <b>kind<\/b> r/);
  await until(ada.page, "one is left", () => document.querySelectorAll("#lobby-roster li").length === 1);
  await says(ada.page, "lobby-waits", "1 is not ready");
  assert.equal(await bo.page.evaluate(() => window.arena.client.state), "closed", "it does not come back by itself");
  await bo.page.reload();
  await says(bo.page, "notice", "You were sent away");
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("a listed room is entered from the page of rooms", async () => {
  const hidden = await host();
  const ada = await host({ isListed: true });
  const bo = await browser.person();
  const page = await bo.newPage();
  await page.goto(`${server.url}/rooms/`);
  const link = page.getByRole("link", { name: ada.code, exact: true });
  await link.waitFor();
  assert.equal(await page.getByText(hidden.code).count(), 0, "the other one is not");
  await link.click();
  await says(page, "lobby", ada.code);
  await until(ada.page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
  await Promise.all([ada.person.close(), hidden.person.close(), bo.close()]);
});

test("a room with a password asks for it", async () => {
  const ada = await host({ password: "open sesame" });
  const bo = await guest(ada.code);
  for (const password of ["sesame", "open sesame"]) {
    await says(bo.page, "notice", "The room has a password");
    await bo.page.evaluate(() => (window.before = window.arena.client));
    await bo.page.getByRole("button", { name: "Enter the password" }).click();
    assert.equal(await bo.page.inputValue("#menu input[name=room]"), ada.code);
    await bo.page.keyboard.type(password);
    await bo.page.keyboard.press("Enter");
    await until(bo.page, "it is answered", () => window.arena.client !== window.before && ["playing", "closed"].includes(window.arena.client.state));
  }
  await says(bo.page, "lobby", ada.code);
  await until(ada.page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("others see the colour that a player chose, between matches and in one", async () => {
  const ada = await host();
  const bo = await guest(ada.code);
  await until(bo.page, "both are there", () => document.querySelectorAll("#lobby-roster li").length === 2);
  const seen = (colour) => until(bo.page, `${colour} is seen`, (colour) => getComputedStyle(document.querySelector("#lobby-roster li")).borderLeftColor === colour, colour);
  await ada.page.keyboard.press("Escape");
  await ada.page.fill("#menu input[name=colour]", "#ffee00");
  await ada.page.keyboard.press("Escape");
  await seen("rgb(255, 238, 0)");
  await ada.page.evaluate(() => window.arena.client.lobby.properties({ colour: "url(/nothing)" }));
  await seen("rgb(77, 226, 255)");
  await ada.page.evaluate(() => window.arena.client.lobby.properties({ colour: "#000000" }));
  await until(bo.page, "black is lighter than it is", () => /rgb\((1[0-9]+), \1, \1\)/.test(getComputedStyle(document.querySelector("#lobby-roster li")).borderLeftColor));
  await ada.page.evaluate(() => window.arena.client.lobby.properties({ colour: "#ffee00" }));
  await seen("rgb(255, 238, 0)");
  await ada.page.getByRole("button", { name: "Start now" }).click();
  for (const { page } of [ada, bo]) await playing(page);
  await until(bo.page, "the ship has it", () => window.arena.drawn().ships.find(({ player }) => player === 0)?.colour === "#ffee00");
  await ada.page.keyboard.press("Escape");
  await ada.page.getByRole("button", { name: "New room" }).click();
  await ada.page.getByRole("button", { name: "Open the room" }).click();
  await says(ada.page, "lobby", "Lobby");
  assert.equal(await ada.page.evaluate(() => window.arena.client.roster.get(0).properties.colour), "#ffee00", "it goes along");
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("on phones the lobby fits, by touch", async () => {
  const phone = { hasTouch: true, isMobile: true };
  const ada = await host();
  const standing = await guest(ada.code, { ...phone, viewport: { width: 390, height: 844 } });
  const lying = await guest(ada.code, { ...phone, viewport: { width: 844, height: 390 } });
  for (const [name, { page }] of Object.entries({ standing, lying })) {
    await until(page, "all are there", () => document.querySelectorAll("#lobby-roster li").length === 3);
    await page.screenshot({ path: join(shots, `lobby-${name}.png`) });
    assert.deepEqual(await overflowing(page), []);
    await page.locator("#open-menu").tap();
    await page.screenshot({ path: join(shots, `menu-${name}.png`) });
    await page.getByRole("button", { name: "New room" }).tap();
    await page.screenshot({ path: join(shots, `new-room-${name}.png`) });
    await page.getByRole("button", { name: "Cancel" }).tap();
    await page.locator("#lobby-ready").tap();
    await says(page, "lobby-ready", "I'm not ready");
  }
  await Promise.all([ada, standing, lying].map(({ person }) => person.close()));
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
