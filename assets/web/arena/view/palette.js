// The colours of the canvas: those of the style sheet, so that both agree.

import { TEAM_COLOURS } from "../teams.js";

/** How many accents there are: styles/theme.css. */
export const ACCENTS = 12;

/**
 * @typedef {object} Palette
 * @property {string} void beyond the map
 * @property {string} floor
 * @property {string} grid
 * @property {string} wall
 * @property {string} wallSide
 * @property {string} edge of walls and of the map
 * @property {string} ink
 * @property {string} danger
 * @property {string} repair
 * @property {string} rapid
 * @property {string[]} accents by seat
 * @property {string[]} teams
 * @property {Map<number, string>} seats colours of seats that are not those by number
 */

/** @returns {Palette} as the style sheet says */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim() || "#888888";
  return {
    void: colour("void"),
    floor: colour("floor"),
    grid: colour("grid"),
    wall: colour("wall"),
    wallSide: colour("wall-side"),
    edge: colour("edge"),
    ink: colour("ink"),
    danger: colour("danger"),
    repair: colour("good"),
    rapid: colour("warm"),
    accents: Array.from({ length: ACCENTS }, (_, at) => colour(`accent-${at}`)),
    teams: Array.from({ length: TEAM_COLOURS }, (_, at) => colour(`team-${at}`)),
    seats: new Map(),
  };
}

/**
 * @param {Palette} palette
 * @param {number} player a seat
 * @returns {string} its colour, the same on every page
 */
export const accentOf = (palette, player) => palette.seats.get(player) ?? palette.accents[player % palette.accents.length];

/**
 * @param {string} colour like #4de2ff
 * @param {number} alpha from 0 to 1
 * @returns {string}
 */
export function fade(colour, alpha) {
  const value = parseInt(colour.slice(1), 16);
  return `rgba(${value >> 16}, ${(value >> 8) & 255}, ${value & 255}, ${alpha})`;
}

/** How many mixtures are kept; beyond that all are mixed anew. */
const MIXTURES_MAX = 4000;

/** @type {Map<string, string>} Mixtures: they are asked for at each picture. */
const mixtures = new Map();

/**
 * @param {string} from like #4de2ff
 * @param {string} to
 * @param {number} part from 0 to 1
 * @returns {string}
 */
export function mix(from, to, part) {
  const key = `${from}${to}${part}`;
  const known = mixtures.get(key);
  if (known !== undefined) return known;
  if (mixtures.size >= MIXTURES_MAX) mixtures.clear();
  const made = mixed(from, to, part);
  mixtures.set(key, made);
  return made;
}

/** @param {string} from @param {string} to @param {number} part @returns {string} */
function mixed(from, to, part) {
  const [a, b] = [from, to].map((colour) => parseInt(colour.slice(1), 16));
  const lanes = [16, 8, 0].map((shift) => {
    const [low, high] = [(a >> shift) & 255, (b >> shift) & 255];
    return Math.round(low + (high - low) * part)
      .toString(16)
      .padStart(2, "0");
  });
  return `#${lanes.join("")}`;
}
