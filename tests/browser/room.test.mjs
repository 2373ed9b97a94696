// The life of a room as its players see it: the end of a match, the vote, the next one; a full room.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRoom, play, playing, shots, startBrowser, statistics, until } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let folder;
let server;
let browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "syncline-room-"));
  const config = join(folder, "short.toml");
  // Nothing but a vote begins the next match in time.
  writeFileSync(config, 'rematch-delay = "10m"\n\n[games.arena.tuning]\nround_seconds = 10\n');
  server = await startServer(["--config", config, "--max-players", "2", "--lobby-countdown", "0s"]);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

test("a match ends with results, and begins again when all vote for it", async () => {
  const [ada, bob] = await Promise.all([0, 1].map(() => browser.person()));
  const first = await play(ada, server.url);
  const second = await play(bob, await first.evaluate(() => location.href));
  for (const page of [first, second]) await until(page, "results are shown", () => document.getElementById("results").open);
  await first.screenshot({ path: join(shots, "results.png") });
  assert.equal(await first.textContent("#results h2"), "Nobody won");
  assert.equal(await first.locator("#results tbody tr").count(), 2);
  assert.equal(await first.locator("#results tr.own").count(), 1);
  // Who still fires doesn't vote by it.
  await first.keyboard.press("Space");
  assert.equal(await first.isEnabled("#results button"), true);
  await first.keyboard.press("Enter");
  assert.equal(await first.isDisabled("#results button"), true);
  assert.equal(await first.evaluate(() => window.arena.client.phase.name), "ended", "one of two is no majority");
  await second.click("#results button");
  for (const page of [first, second]) {
    await until(page, "the results are gone", () => !document.getElementById("results").open && window.arena.client.phase.incarnation === 2);
    await playing(page);
    assert.equal((await statistics(page)).predictionErrors, 0);
  }
  await Promise.all([ada.close(), bob.close()]);
});

test("a full room says so, and lets one watch", async () => {
  const people = await Promise.all([0, 1, 2].map(() => browser.person()));
  const first = await play(people[0], server.url);
  const link = await first.evaluate(() => location.href);
  const [second, third] = [await people[1].newPage(), await people[2].newPage()];
  await second.goto(link);
  await second.waitForFunction(() => window.arena?.client.state === "playing");
  await third.goto(link);
  await until(third, "it says so", () => /The room is full/.test(document.getElementById("notice").textContent) && !document.getElementById("notice").hidden);
  await third.getByRole("button", { name: "Watch instead" }).click();
  await until(third, "it watches", () => window.arena.client.state === "playing" && window.arena.client.roster.size === 2);
  assert.equal(await third.evaluate(() => window.arena.client.player), null);
  await Promise.all(people.map((person) => person.close()));
});

test("where all have to be ready the lobby comes after the result, unless all vote", async () => {
  const { person, page } = await openRoom(browser, server);
  await page.getByRole("button", { name: "Start now" }).click();
  await playing(page);
  await until(page, "results are shown", () => document.getElementById("results").open);
  assert.match(await page.textContent("#results"), /Back to the lobby in \d+ s/);
  assert.equal(await page.isVisible("#lobby"), false);
  await page.keyboard.press("Enter");
  await until(page, "the next match runs", () => !document.getElementById("results").open && window.arena.client.phase.incarnation === 2);
  await person.close();
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
