// Teams as players see them: letters and colours in the lobby and in a match, another team, talk among them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openRoom, play, playing, says, shots, startBrowser, until } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer(["--lobby-countdown", "0s"]);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function guest(code) {
  const person = await browser.person();
  const page = await person.newPage();
  await page.goto(`${server.url}/?room=${code}`);
  return { person, page };
}

/** Waits until the lobby's lines begin with these letters. */
const letters = (page, wanted) => until(page, `teams are ${wanted}`, (wanted) => [...document.querySelectorAll("#lobby-roster i.team")].map(({ textContent }) => textContent).join("") === wanted, wanted);

test("a player asks for another team, which others see by letter and colour, and flies in it", async () => {
  const ada = await openRoom(browser, server, { teams: 3 });
  const bo = await guest(ada.code);
  for (const { page } of [ada, bo]) {
    await letters(page, "AB");
    await until(page, "there are three", () => document.querySelectorAll("#lobby .team-choice button").length === 3);
  }
  await ada.page.getByRole("button", { name: "Team C" }).click();
  await letters(bo.page, "BC");
  const [own, other] = await bo.page.evaluate(() => [...document.querySelectorAll("#lobby-roster li")].map((line) => getComputedStyle(line).borderLeftColor));
  assert.deepEqual([own, other], ["rgb(255, 157, 46)", "rgb(63, 224, 162)"]);
  assert.equal(await ada.page.getByRole("button", { name: "Team C" }).getAttribute("aria-pressed"), "true");
  await ada.page.screenshot({ path: join(shots, "teams-lobby.png") });
  await ada.page.getByRole("button", { name: "Team B" }).click();
  await says(ada.page, "lobby-note", "too large");
  await ada.page.getByRole("button", { name: "Start now" }).click();
  for (const { page } of [ada, bo]) {
    await playing(page);
    await until(page, "ships have their team's colour", () => {
      const colours = new Map(window.arena.drawn().ships.map(({ player, colour }) => [player, colour]));
      return colours.get(0) === "#3fe0a2" && colours.get(1) === "#ff9d2e";
    });
    await until(page, "leaders have letters", () => [...document.querySelectorAll("#standing ol:first-child i.team")].map(({ textContent }) => textContent).join("") === "CB");
    assert.equal(await page.locator("#standing .team-scores li").count(), 2);
  }
  await ada.page.keyboard.down("Tab");
  await until(ada.page, "scores are shown", () => document.querySelectorAll("#scores tbody i.team").length === 2);
  await ada.page.screenshot({ path: join(shots, "teams.png") });
  await ada.page.keyboard.up("Tab");
  await Promise.all([ada.person.close(), bo.person.close()]);
});

test("a team talks among itself", async () => {
  const ada = await openRoom(browser, server, { teams: 2 });
  const bo = await guest(ada.code);
  await letters(ada.page, "AB");
  const cy = await guest(ada.code);
  await letters(ada.page, "AAB");
  await ada.page.keyboard.press("Enter");
  await ada.page.getByRole("button", { name: "Team", exact: true }).click();
  await ada.page.getByRole("textbox", { name: "Say to your team" }).press("l");
  await ada.page.keyboard.type("eft");
  await ada.page.keyboard.press("Enter");
  await says(cy.page, "chat-log", "\\(team\\): left");
  await ada.page.getByRole("button", { name: "Team", exact: true }).click();
  await ada.page.keyboard.type("good luck");
  await ada.page.keyboard.press("Enter");
  for (const { page } of [bo, cy]) await says(page, "chat-log", "good luck");
  assert.doesNotMatch(await bo.page.textContent("#chat-log"), /left/);
  await Promise.all([ada, bo, cy].map(({ person }) => person.close()));
});

test("where matches follow each other another team is chosen while a result is shown", async () => {
  const folder = mkdtempSync(join(tmpdir(), "syncline-teams-"));
  const config = join(folder, "short.toml");
  // Nothing but a vote begins the next match in time.
  writeFileSync(config, 'rematch-delay = "10m"\n\n[games.arena]\nteams = 2\n\n[games.arena.tuning]\nround_seconds = 10\n');
  const short = await startServer(["--config", config, "--demo-bots", "0"]);
  const person = await browser.person();
  const page = await play(person, short.url);
  await until(page, "results are shown", () => document.getElementById("results").open);
  await page.getByRole("button", { name: "Team B" }).click();
  await until(page, "it is in the other", () => document.querySelector("#results .team-choice [aria-pressed=true]")?.textContent.includes("Team B"));
  await page.screenshot({ path: join(shots, "teams-results.png") });
  await page.locator("#results").focus();
  await page.keyboard.press("Enter");
  await playing(page);
  await until(page, "its ship has the colour", () => window.arena.drawn().ships.find(({ player }) => player === 0)?.colour === "#ff9d2e");
  await person.close();
  await short.stop();
  rmSync(folder, { recursive: true });
});

test("where there are no teams nothing tells of them", async () => {
  const ada = await openRoom(browser, server);
  assert.equal(await ada.page.isVisible("#lobby .team-choice"), false);
  await ada.page.keyboard.press("Enter");
  await until(ada.page, "the chat is open", () => document.activeElement.id === "chat-text");
  assert.equal(await ada.page.isVisible("#chat-team"), false);
  await ada.person.close();
});

test("nothing is complained of", () => {
  assert.deepEqual(browser.complaints, []);
});
