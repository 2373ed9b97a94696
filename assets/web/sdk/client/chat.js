// What was said in the room, as one client hears it: each line once, and nothing of those it muted.

import { Unheard } from "./unheard.js";

/** @typedef {import("../shared/control.js").ChatLine} ChatLine */

/** How many lines are kept. */
const LINES_MAX = 100;

/** The chat of one client, across the connections of its session. */
export class Chat {
  #heard = 0;
  /** @type {ChatLine[]} The last lines, the oldest first. */
  lines = [];
  /** @type {Set<number>} Seats of players whom the client does not want to hear. */
  muted = new Set();
  /** What the client said itself. */
  own = new Unheard();

  /** Another session began: what it is told has ids of its own. */
  clear() {
    this.#heard = 0;
    this.lines = [];
    this.muted.clear();
    this.own.clear();
  }

  /**
   * Lines came. After a resume the server tells again what it told before.
   *
   * @param {ChatLine[]} lines
   * @param {{ player: number | null, name: string }} self the client's seat and name
   * @returns {ChatLine[]} those that are new, and from somebody who is heard
   */
  take(lines, self) {
    const news = lines.filter(({ id }) => id > this.#heard);
    this.own.heard(news, self);
    this.#heard = news.at(-1)?.id ?? this.#heard;
    const heard = news.filter(({ from }) => from.player === null || !this.muted.has(from.player));
    this.lines = [...this.lines, ...heard].slice(-LINES_MAX);
    return heard;
  }

  /** @param {Map<number, unknown>} roster those who are here: whoever gets a free seat was never muted */
  keepTo(roster) {
    for (const player of this.muted) if (!roster.has(player)) this.muted.delete(player);
  }
}
