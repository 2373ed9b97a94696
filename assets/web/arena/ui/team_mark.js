// What stands before a player's name in lists: the letter of its team, or a dot in its colour.

import { letterOf, teamName } from "../teams.js";
import { make, teamClass } from "./elements.js";

/** @param {number | null} team null where there are none @returns {HTMLElement} */
export function mark(team) {
  if (team === null) return make("i");
  const name = teamName(team);
  return make("i", { class: `team ${teamClass(team)}`, role: "img", title: name, "aria-label": name }, letterOf(team));
}

/** @param {{ team: number, score: number }[]} totals the best first @returns {HTMLElement | null} null without teams */
export function teamScores(totals) {
  if (totals.length === 0) return null;
  const all = totals.map(({ team, score }) => make("li", {}, mark(team), make("b", { class: "number" }, String(score))));
  return make("ol", { class: "team-scores", "aria-label": "Teams" }, ...all);
}
