// Teams as they are shown: a colour and a letter each, as not everybody can tell the colours apart.

import { make } from "./elements.js";

/** How many colours of teams there are: styles/theme.css. */
export const TEAM_COLOURS = 4;

/** @param {number} team from 0 @returns {string} A, B and so on; a number where letters end */
export const letterOf = (team) => (team < 26 ? String.fromCharCode(65 + team) : String(team + 1));

/** @param {number} team from 0 @returns {string} like Team A */
export const teamName = (team) => `Team ${letterOf(team)}`;

/** @param {number} team from 0 @returns {string} the class that gives its colour */
export const teamClass = (team) => `team-${team % TEAM_COLOURS}`;

/**
 * @param {number | null} team null where there are none
 * @returns {HTMLElement} what stands before a player's name: its team's letter, or a dot in its colour
 */
export function mark(team) {
  if (team === null) return make("i");
  const name = teamName(team);
  return make("i", { class: `team ${teamClass(team)}`, role: "img", title: name, "aria-label": name }, letterOf(team));
}
