// How much of something there was in the last second.

/** Sums over ten tenths of a second. */
export class RateMeter {
  constructor() {
    this.tenths = new Float64Array(10);
    this.tenth = 0;
    this.total = 0;
  }

  /** @param {number} now in ms @param {number} amount */
  add(now, amount) {
    this.forget(now);
    this.tenths[this.tenth % 10] += amount;
    this.total += amount;
  }

  /** @param {number} now in ms @returns {number} how much there was in the second before */
  perSecond(now) {
    this.forget(now);
    return this.tenths.reduce((sum, part) => sum + part, 0);
  }

  /** @param {number} now in ms */
  forget(now) {
    const tenth = Math.floor(now / 100);
    if (tenth - this.tenth >= 10 || tenth < this.tenth) this.tenths.fill(0);
    else for (let past = this.tenth + 1; past <= tenth; past++) this.tenths[past % 10] = 0;
    this.tenth = tenth;
  }
}
