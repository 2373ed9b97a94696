// What the client said and nobody answered as yet: what is lost with a connection is said again on the
// next one of the session, and nothing twice.

/** @typedef {import("../shared/control.js").ChatLine} ChatLine */
/** @typedef {{ text: string, to: number | "team" | null, isLost: boolean }} Said */

/** How many are remembered: more than may be said at once. */
const SAID_MAX = 16;

/** The words of one client, across the connections of its session. */
export class Unheard {
  /** @type {Said[]} The oldest first. */
  #said = [];

  /** Another session began. */
  clear() {
    this.#said = [];
  }

  /**
   * @param {string} text
   * @param {number | "team" | null} to
   * @returns {boolean} whether to send it now; if not it waits for what has to be said again before it
   */
  say(text, to) {
    const isLost = this.#said.some((said) => said.isLost);
    this.#said = [...this.#said, { text, to, isLost }].slice(-SAID_MAX);
    return !isLost;
  }

  /**
   * Lines came; of those that are the client's own each answers one thing that it said. A server's
   * filter may have changed the text.
   *
   * @param {ChatLine[]} lines that were not told before
   * @param {{ player: number | null, name: string }} self
   */
  heard(lines, self) {
    for (const { from, to, text } of lines) {
      const isOwn = from.kind !== "server" && from.player === self.player && (self.player !== null || from.name === self.name);
      if (!isOwn) continue;
      const same = this.#said.findIndex((said) => said.to === to && said.text.trim() === text);
      this.#forget(same < 0 ? this.#said.findIndex((said) => said.to === to) : same);
    }
  }

  /** The oldest was refused. */
  refused() {
    this.#forget(0);
  }

  /** The connection is lost, and maybe what was said on it. */
  lost() {
    for (const said of this.#said) said.isLost = true;
  }

  /** @returns {Said[]} what to say again, now that all that was heard is told */
  again() {
    const lost = this.#said.filter(({ isLost }) => isLost);
    for (const said of lost) said.isLost = false;
    return lost;
  }

  /** @param {number} at */
  #forget(at) {
    if (at >= 0) this.#said.splice(at, 1);
  }
}
