// The inputs that were stamped and sent, until the server has told what became of them.

/** How many inputs are remembered: four seconds at the highest rate. */
const STAMPED_MAX = 512;

/**
 * @typedef {object} Stamped an input as it was sent
 * @property {number} tick the tick it was meant for
 * @property {number} at when it was stamped, in ms
 * @property {Uint32Array} words what was pressed
 */

/** Inputs by tick, ascending. */
export class InputHistory {
  constructor() {
    /** @type {Stamped[]} */
    this.stamped = [];
  }

  /**
   * Remembers an input. One that is not later than the last is ignored: no tick is stamped twice.
   *
   * @param {Stamped} stamped
   */
  push(stamped) {
    const { newest } = this;
    if (newest !== null && stamped.tick <= newest) return;
    if (this.stamped.length === STAMPED_MAX) this.stamped.shift();
    this.stamped.push(stamped);
  }

  /** @returns {number | null} the last tick that was stamped, if it is not forgotten */
  get newest() {
    return this.stamped.at(-1)?.tick ?? null;
  }

  /**
   * @param {number} tick
   * @returns {Stamped | null} what was stamped for it
   */
  get(tick) {
    let low = 0;
    let high = this.stamped.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.stamped[middle].tick < tick) low = middle + 1;
      else high = middle;
    }
    const found = this.stamped[low];
    return found?.tick === tick ? found : null;
  }

  /** @param {number} tick forgets everything up to and including it */
  forgetUntil(tick) {
    let gone = 0;
    while (gone < this.stamped.length && this.stamped[gone].tick <= tick) gone++;
    if (gone > 0) this.stamped.splice(0, gone);
  }

  /** @param {number} tick forgets everything after it */
  forgetAfter(tick) {
    while (this.stamped.length > 0 && this.stamped[this.stamped.length - 1].tick > tick) this.stamped.pop();
  }
}
