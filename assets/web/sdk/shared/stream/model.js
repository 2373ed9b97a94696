// Contexts and number sites: where the odds of each decision lie. Sections 10.2 to 10.4 of
// shared/PROTOCOL.md.

/** Where the contexts of one kind of number lie. */
export class Site {
  /**
   * @param {Contexts} contexts
   * @param {number} count of contexts
   * @param {number} signs of contexts for the sign
   * @param {number} bits of the numbers
   */
  constructor(contexts, count, signs, bits) {
    this.top = Math.max(bits - 1, 0);
    this.zero = contexts.even(count);
    this.sign = contexts.even(signs);
    this.first = contexts.even(count);
    this.exponents = contexts.even(8 * Math.min(Math.max(this.top - 1, 0), 16));
    this.high = contexts.even(Math.min(this.top, 17));
    this.low = contexts.even(2 * Math.min(this.top, 12));
  }
}

/** Lays contexts out, with what each begins with. */
export class Contexts {
  constructor() {
    /** @type {number[]} */
    this.words = [];
  }

  /**
   * @param {number} count how many
   * @param {number} p the probability of yes, of 2^13
   * @returns {number} the place of the first
   */
  take(count, p) {
    const start = this.words.length;
    for (let at = 0; at < count; at++) this.words.push(8 * p + 1);
    return start;
  }

  /** @param {number} count @returns {number} the place of the first of so many unlikely ones */
  rare(count) {
    return this.take(count, 128);
  }

  /** @param {number} count @returns {number} the place of the first of so many that may well be */
  uncommon(count) {
    return this.take(count, 819);
  }

  /** @param {number} count @returns {number} the place of the first of so many open ones */
  even(count) {
    return this.take(count, 4096);
  }
}
