// A browser, its pages, and what they complain about.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** How long anything may take: machines are slow, and conditions are polled. */
const PATIENCE_MS = 30000;

/** Where pictures go. */
export const shots = process.env.SHOTS ?? join(fileURLToPath(import.meta.url), "..", "..", "..", "..", "target", "browser");

/** A browser that is closed after the tests of a file. */
export async function startBrowser() {
  // Tests run as root in containers, where the sandbox has no place.
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "chromium", args: ["--no-sandbox"] });
  mkdirSync(shots, { recursive: true });
  /** What pages complained of. */
  const complaints = [];
  return {
    complaints,
    close: () => browser.close(),
    /** Another person: storage and locks of their own. */
    person: async (options = {}) => {
      const context = await browser.newContext({ viewport: { width: 960, height: 600 }, ...options });
      await context.addInitScript(() => {
        addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
          console.error(`refused by the policy: ${violatedDirective} ${blockedURI}`);
        });
      });
      context.on("page", (page) => {
        page.setDefaultTimeout(PATIENCE_MS);
        page.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
        });
        page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
      });
      return context;
    },
  };
}

/** Opens the page for a person, and waits until there is a ship. */
export async function play(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await playing(page);
  return page;
}

/** Waits until the own ship flies. */
export const playing = (page) => until(page, "the own ship flies", () => window.arena?.client.state === "playing" && window.arena.drawn().own?.alive === true);

/** Polls a condition in the page: what `condition` returns, when it is true of it. */
export async function until(page, what, condition, argument = null) {
  try {
    return await (await page.waitForFunction(condition, argument, { polling: "raf", timeout: PATIENCE_MS })).jsonValue();
  } catch (error) {
    const state = await page.evaluate(() => JSON.stringify({ state: window.arena?.client.state, ending: window.arena?.client.ending?.message, drawn: window.arena?.drawn() })).catch(() => "");
    assert.fail(`${what}: not in ${PATIENCE_MS} ms. ${state} ${error.message}`);
  }
}

/** Waits until an element is seen and its text has some words, a regular expression. */
export const says = (page, id, words) => {
  const isSaid = ([id, words]) => document.getElementById(id).checkVisibility() && new RegExp(words).test(document.getElementById(id).textContent);
  return until(page, `${id} says ${words}`, isSaid, [id, words]);
};

/**
 * A person who opens a room by the menu, in its lobby, and the room's code.
 *
 * @param {{ password?: string, isListed?: boolean, teams?: number }} [room]
 */
export async function openRoom(browser, server, { password = "", isListed = false, teams = 0 } = {}) {
  const person = await browser.person();
  const page = await play(person, server.url);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "New room" }).click();
  if (isListed) await page.getByRole("switch", { name: "Listed" }).check();
  await page.selectOption("#new-room select", String(teams));
  await page.fill("#new-room input[name=password]", password);
  await page.getByRole("button", { name: "Open the room" }).click();
  await says(page, "lobby", "Lobby");
  return { person, page, code: await page.textContent("#lobby .code") };
}

/** Polls a condition of several pages. */
export async function eventually(what, condition) {
  for (const end = Date.now() + PATIENCE_MS; !(await condition()); ) {
    assert.ok(Date.now() < end, `${what}: not in ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The page's statistics. */
export const statistics = (page) => page.evaluate(() => window.arena.statistics());

/** Where the page draws a player's ship. */
export const shipOf = (page, player) => page.evaluate((player) => window.arena.drawn().ships.find((ship) => ship.player === player) ?? null, player);

/** Elements that reach over the edges of the screen. */
export const overflowing = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility() && element.getClientRects().length > 0 && !element.closest(".unseen"));
    return shown
      .filter((element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
      })
      .map((element) => `${element.tagName} ${element.id} ${element.className}`);
  });

/** The key of a way that is free for some units from the own ship on. */
export const freeWay = (page, units = 40) =>
  page.evaluate((units) => {
    const { client, drawn } = window.arena;
    const { x, y } = drawn().own;
    const { width, height } = client.world.first("Rules");
    const walls = client.world.toObjects("Wall");
    const ways = { KeyD: [1, 0], KeyA: [-1, 0], KeyS: [0, 1], KeyW: [0, -1] };
    const isFree = ([dx, dy]) => {
      for (let far = 1; far <= units; far++) {
        const [a, b] = [x + dx * far, y + dy * far];
        if (a < 6 || b < 6 || a > width - 6 || b > height - 6) return false;
        if (walls.some((wall) => a > wall.x - 6 && b > wall.y - 6 && a < wall.x + wall.width + 6 && b < wall.y + wall.height + 6)) return false;
      }
      return true;
    };
    return Object.keys(ways).find((key) => isFree(ways[key])) ?? "KeyD";
  }, units);

/** Flies about for a number of pictures. */
export async function roam(page, turns) {
  for (let turn = 0; turn < turns; turn++) {
    const key = turn % 3 === 2 ? ["KeyD", "KeyS", "KeyA", "KeyW"][turn % 4] : await freeWay(page);
    await page.keyboard.down(key);
    await page.mouse.move(480 + 200 * Math.cos(turn), 300 + 200 * Math.sin(turn));
    if (turn % 2 === 0) await page.mouse.down();
    const { frames } = await page.evaluate(() => window.arena.drawn());
    await until(page, "pictures are painted", (frames) => window.arena.drawn().frames > frames + 20, frames);
    await page.mouse.up();
    await page.keyboard.up(key);
  }
}
