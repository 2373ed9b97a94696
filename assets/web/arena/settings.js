// What the page remembers of its player, in local storage: name, sound, ship, colour.

import { isColour } from "./view/colours.js";

/**
 * @typedef {object} Settings
 * @property {string} name
 * @property {boolean} sound
 * @property {number} ship the kind that was chosen last
 * @property {string | null} colour of the player's ships, like #4de2ff; null for that of its seat
 * @property {boolean} played whether the controls were found out
 */

const KEY = "syncline arena";

const FIRST = ["Swift", "Bold", "Lunar", "Solar", "Silent", "Crimson", "Astral", "Rapid", "Wild", "Lucky", "Cosmic", "Iron"];
const SECOND = ["Comet", "Falcon", "Otter", "Nova", "Lynx", "Quasar", "Raven", "Pulsar", "Fox", "Meteor", "Heron", "Viper"];

/** @returns {Settings} as they were left, with a made-up name for who has none */
export function readSettings() {
  /** @type {Partial<Settings>} */
  let stored = {};
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    // A page without storage plays with the defaults.
  }
  const { name, sound, ship, colour, played } = stored;
  return {
    name: typeof name === "string" && name.trim() ? name : inventName(),
    sound: sound === true,
    ship: Number.isInteger(ship) ? Number(ship) : 0,
    colour: typeof colour === "string" && isColour(colour) ? colour : null,
    played: played === true,
  };
}

/** @param {Settings} settings to be remembered, if the browser lets us */
export function keepSettings(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // It forgets with the page.
  }
}

/** @returns {string} like Lunar Otter */
export function inventName() {
  const pick = (/** @type {string[]} */ words) => words[Math.floor(Math.random() * words.length)];
  return `${pick(FIRST)} ${pick(SECOND)}`;
}
