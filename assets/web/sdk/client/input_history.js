// The inputs that were stamped and sent, until the server has told what became of them.

/** How many inputs are remembered: four seconds at the highest rate. */
const STAMPED_MAX = 512;

/**
 * @typedef {object} Stamped an input as it was sent
 * @property {number} tick the tick it was meant for
 * @property {Uint32Array} words what was pressed
 */

/** Inputs by tick, ascending. */
export class InputHistory {
  constructor() {
    /** @type {Stamped[]} */
    this.stamped = [];
  }

  /**
   * Remembers an input, of a later tick than those before.
   *
   * @param {Stamped} stamped
   */
  push(stamped) {
    if (this.stamped.length === STAMPED_MAX) this.stamped.shift();
    this.stamped.push(stamped);
  }

  /**
   * @param {number} tick
   * @returns {Uint32Array | null} what was stamped for it
   */
  get(tick) {
    const held = this.stamped[this.after(tick) - 1];
    return held?.tick === tick ? held.words : null;
  }

  /**
   * @param {number} tick
   * @returns {Uint32Array | null} what was stamped for it or, for want of it, for the last tick before:
   *   what is held at it by who sends only what changes
   */
  heldAt(tick) {
    return this.stamped[this.after(tick) - 1]?.words ?? null;
  }

  /** @param {number} tick @returns {number} the place of the first input that was stamped for a later one */
  after(tick) {
    let low = 0;
    let high = this.stamped.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.stamped[middle].tick <= tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} tick forgets what came before the input that was stamped for it, or is held there */
  forgetUntil(tick) {
    const gone = this.after(tick) - 1;
    if (gone > 0) this.stamped.splice(0, gone);
  }

  /** @param {number} tick forgets everything after it */
  forgetAfter(tick) {
    this.stamped.splice(this.after(tick));
  }
}
