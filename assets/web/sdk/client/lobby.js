// What a member asks of its room around a match. It does it, or a "roomRefused" tells why not.

import { pairs } from "./pairs.js";

/** @typedef {import("../shared/control.js").RoomRequest} RoomRequest */

/** The room, as one may ask it for something. All of it is ignored outside a room. */
export class Lobby {
  #ask;

  /** @param {(request: RoomRequest) => void} ask asks it */
  constructor(ask) {
    this.#ask = ask;
  }

  /**
   * The player is ready for the match to begin, in a room that was made with `whenReady`; or is not any
   * more, which stops the countdown.
   *
   * @param {boolean} [ready]
   */
  ready(ready = true) {
    this.#ask({ ready });
  }

  /** The host lets the countdown begin, though not all are ready. */
  start() {
    this.#ask({ start: true });
  }

  /**
   * The player would be in this team; not while a match runs.
   *
   * @param {number} team
   */
  team(team) {
    this.#ask({ team });
  }

  /**
   * The player says this of itself from now on, in place of what it said before; not while a match runs.
   *
   * @param {Record<string, string | number>} properties names and values, such as `{ colour: "#ff8800" }`
   */
  properties(properties) {
    this.#ask({ properties: pairs(properties) });
  }

  /**
   * The host removes another player, whose session is kept out for a while.
   *
   * @param {number} player the seat
   * @param {string} [reason] for that player to read; at most 64 characters
   */
  kick(player, reason = "") {
    this.#ask({ kick: player, reason });
  }
}
