// What the page's address says, and links that lead others here. Knows no connection.
//
// - `?room=7K2MXQ`: the room to enter; without, the server chooses
// - `?spectate`: to watch
// - `?replay=FILE`: to watch the recorded match that the server shows; the name is only there to be seen
// - `?latency=150&jitter=30`: a worse network, to see how it plays

import { normalCode } from "../sdk/index.js";

/**
 * @typedef {object} Address
 * @property {string | null} room a code
 * @property {boolean} spectate
 * @property {boolean} replay
 * @property {{ latency: number, jitter: number }} simulate
 */

/** The most that may be simulated, in ms. */
export const SIMULATED_MS_MAX = 500;

/**
 * @param {string} [search] of the page
 * @returns {Address}
 */
export function readAddress(search = location.search) {
  const query = new URLSearchParams(search);
  const millis = (/** @type {string} */ name) => {
    const value = Number(query.get(name) ?? 0);
    return value >= 0 ? Math.min(value, SIMULATED_MS_MAX) : 0;
  };
  return {
    room: normalCode(query.get("room") ?? ""),
    spectate: query.has("spectate") || query.has("replay"),
    replay: query.has("replay"),
    simulate: { latency: millis("latency"), jitter: millis("jitter") },
  };
}

/**
 * Puts the room into the address, so that a refresh and a copied address lead to it.
 *
 * @param {string} code of the room
 * @param {boolean} spectate
 */
export function showRoom(code, spectate) {
  history.replaceState(null, "", `${location.pathname}?room=${code}${spectate ? "&spectate" : ""}`);
}

/** @param {string} code of a room @returns {string} a link that leads a friend there */
export const invitation = (code) => `${location.origin}${location.pathname}?room=${code}`;

/** @returns {string} where the server listens for players */
export function endpoint() {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/play`;
}
