// Colours of seats that are not those by number: the colour of a team, or one that its player chose, made
// as light as it has to be to be seen.

import { mix } from "./palette.js";

/** @typedef {{ player: number, team: number | null, properties?: Record<string, string> }} Seat as the roster has it */

/** What everything is painted on: `--floor` of styles/theme.css. */
const GROUND = "#0c1024";

/** The least contrast to it. */
const CONTRAST_MIN = 4.5;

/** How many steps there are from a colour to white. */
const STEPS = 16;

/**
 * @param {Iterable<Seat>} seats
 * @param {string[]} teams colours by team
 * @returns {Map<number, string>} by seat, those that have one
 */
export function coloursOf(seats, teams) {
  /** @type {Map<number, string>} */
  const colours = new Map();
  for (const { player, team, properties } of seats) {
    const chosen = properties?.colour ?? "";
    if (team !== null) colours.set(player, teams[team % teams.length]);
    else if (isColour(chosen)) colours.set(player, readable(chosen.toLowerCase()));
  }
  return colours;
}

/** @param {string} text @returns {boolean} whether it is a colour like #4de2ff */
export const isColour = (text) => /^#[0-9a-f]{6}$/i.test(text);

/** @param {string} colour like #4de2ff @returns {string} the same, as light as it has to be */
export function readable(colour) {
  for (let step = 0; step < STEPS; step++) {
    const lighter = step === 0 ? colour : mix(colour, "#ffffff", step / STEPS);
    if (contrast(lighter, GROUND) >= CONTRAST_MIN) return lighter;
  }
  return "#ffffff";
}

/** @param {string} one @param {string} other @returns {number} from 1 to 21, as WCAG 2 has it */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {string} colour @returns {number} from 0 to 1 */
function luminance(colour) {
  const value = parseInt(colour.slice(1), 16);
  const [red, green, blue] = [16, 8, 0].map((shift) => {
    const part = ((value >> shift) & 255) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
