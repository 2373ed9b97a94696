// All scores, while Tab is held or the leaders were pressed; and the table that results show.

import { totals } from "../teams.js";
import { accentClass, find, make } from "./elements.js";
import { ranking } from "./hud.js";
import { mark, teamScores } from "./team_mark.js";

/** @typedef {import("../../sdk/index.js").Client} Client */
/** @typedef {import("../view/sight.js").DrawnShip} DrawnShip */
/** @typedef {{ player: number, name: string, score: number, isOwn: boolean, here: boolean, team: number | null }} Row */

/** How often it changes at most, in ms. */
const EVERY_MS = 250;

const scores = find("scores", HTMLElement);
const standing = find("standing", HTMLElement);

/** The board. */
export class Scoreboard {
  constructor() {
    this.isHeld = false;
    this.isPinned = false;
    this.paintedAt = -Infinity;
    standing.addEventListener("click", () => (this.isPinned = !this.isPinned));
    scores.addEventListener("click", () => (this.isPinned = false));
    addEventListener("blur", () => (this.isHeld = false));
  }

  /**
   * @param {Client} client
   * @param {DrawnShip[]} ships
   * @param {number} now ms
   */
  update(client, ships, now) {
    const isShown = this.isHeld || this.isPinned;
    if (scores.hidden === isShown) {
      scores.hidden = !isShown;
      this.paintedAt = -Infinity;
    }
    if (!isShown || now - this.paintedAt < EVERY_MS) return;
    this.paintedAt = now;
    const rows = ranking(ships).map(({ owner, name, score, isOwn, team }) => {
      return { player: owner, name, score, isOwn, team, here: client.roster.get(owner)?.connected ?? false };
    });
    scores.replaceChildren(make("h2", {}, `Room ${client.room?.code ?? ""}`), teamScores(totals(rows)) ?? "", table(rows));
  }
}

/** @param {Row[]} rows the best first @returns {HTMLElement} */
export function table(rows) {
  const body = rows.map(({ player, name, score, isOwn, here, team }, at) => {
    const row = make("tr", { class: `${accentClass(player)}${isOwn ? " own" : ""}${here ? "" : " gone"}` });
    row.append(make("td", { class: "number" }, String(at + 1)), make("th", { scope: "row" }, mark(team), name), make("td", { class: "number" }, String(score)));
    return row;
  });
  const cell = (/** @type {string} */ text) => make("th", { scope: "col" }, text);
  return make("table", {}, make("thead", {}, make("tr", {}, cell("#"), cell("Pilot"), cell("Score"))), make("tbody", {}, ...body));
}
