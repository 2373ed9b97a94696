// Bytes as decisions and numbers: sections 10.1 to 10.3 of shared/PROTOCOL.md.
//
// The range and the code are numbers of 32 bits without a sign. They live in a typed array: a field
// of an object would be boxed anew for each decision.

import { NO_BYTES } from "./bits.js";
import { demand } from "./error.js";

/** @typedef {import("./stream/model.js").Site} Site */

const RATES = Uint8Array.of(1, 1, 2, 3, 4, 4, 5, 5);

/** Reads one message after the other. */
export class RangeDecoder {
  constructor() {
    /** The range, then the code. */
    this.state = new Uint32Array(2);
    /** @type {Uint8Array} */
    this.bytes = NO_BYTES;
    this.at = 0;
    this.end = 0;
    /** @type {Uint16Array} The contexts of the message's decisions. */
    this.table = new Uint16Array(0);
    /** Whether the contexts follow what happens. */
    this.learns = true;
  }

  /**
   * Begins a message.
   *
   * @param {Uint8Array} bytes where it is
   * @param {number} end where in them it ends
   * @param {Uint16Array} table the contexts of its decisions
   * @param {boolean} learns whether they follow what happens
   */
  begin(bytes, end, table, learns) {
    this.bytes = bytes;
    this.at = 0;
    this.end = end;
    this.table = table;
    this.learns = learns;
    this.state[0] = 0xffffffff;
    let code = 0;
    for (let at = 0; at < 4; at++) code = (code << 8) | this.next();
    this.state[1] = code;
  }

  /** @returns {number} the next byte; 0 past the end */
  next() {
    return this.at < this.end ? this.bytes[this.at++] : 0;
  }

  /** @returns {number} the range as it is now */
  get range() {
    return this.state[0];
  }

  /** Ends a message: nothing may be left over. */
  finish() {
    demand(this.at === this.end);
  }

  /**
   * @param {number} context the place of the odds
   * @returns {number} 1 for yes, 0 for no
   */
  decide(context) {
    const { state, table } = this;
    const word = table[context];
    const p = word >> 3;
    const n = word & 7;
    const yes = 4 * p + 2;
    const odds = 32768 - (yes < 16 ? 16 : yes > 32752 ? 32752 : yes);
    let range = state[0];
    let code = state[1];
    const bound = Math.imul(range >>> 15, odds) >>> 0;
    let taken = 0;
    if (code < bound) {
      range = bound;
      if (this.learns) table[context] = ((p - (p >> RATES[n])) << 3) | (n < 7 ? n + 1 : 7);
    } else {
      code = (code - bound) >>> 0;
      range = (range - bound) >>> 0;
      taken = 1;
      if (this.learns) table[context] = ((p + ((8191 - p) >> RATES[n])) << 3) | (n < 7 ? n + 1 : 7);
    }
    while (range < 0x1000000) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | (this.at < this.end ? this.bytes[this.at++] : 0)) >>> 0;
    }
    state[0] = range;
    state[1] = code;
    return taken;
  }

  /**
   * @param {number} bits 1 to 16
   * @returns {number} a number about which nothing is known
   */
  raw(bits) {
    const { state } = this;
    let range = state[0] >>> bits;
    let code = state[1];
    const value = Math.min(Math.floor(code / range), 2 ** bits - 1);
    code -= value * range;
    while (range < 0x1000000) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | this.next()) >>> 0;
    }
    state[0] = range;
    state[1] = code;
    return value;
  }

  /**
   * @param {number} bits 0 to 32
   * @returns {number} a word, its low half first
   */
  rawWord(bits) {
    const low = bits < 16 ? bits : 16;
    let word = low > 0 ? this.raw(low) : 0;
    if (bits > low) word += this.raw(bits - low) * 2 ** low;
    return word;
  }

  /**
   * @param {Site} site where the odds are
   * @param {number} c the context of its size
   * @param {number} s the context of its sign
   * @param {number} known its sign, where it can only be one; else 0
   * @returns {number} of 32 bits with a sign
   */
  read(site, c, s, known) {
    if (this.decide(site.zero + c) === 0) return 0;
    const below = known !== 0 ? known < 0 : this.decide(site.sign + s) === 1;
    const { top } = site;
    if (top === 0 || this.decide(site.first + c) === 0) return below ? -1 : 1;
    let e = 1;
    const exponents = site.exponents + (c & 7);
    while (e < top && this.decide(exponents + 8 * (e < 17 ? e - 1 : 15)) === 1) e++;
    const high = this.decide(site.high + (e < 18 ? e - 1 : 16));
    let size = 2 + high;
    let left = e - 1;
    if (left > 0) {
      size = 2 * size + this.decide(site.low + 2 * (e < 13 ? e - 1 : 11) + high);
      left--;
      while (left > 0) {
        const width = left < 16 ? left : 16;
        size = size * 2 ** width + this.raw(width);
        left -= width;
      }
    }
    return (below ? -size : size) | 0;
  }
}
