// Bytes as decisions and numbers: sections 10.1 to 10.3 of shared/PROTOCOL.md.
//
// All numbers are 64-bit floats that hold whole numbers; `| 0` and `>>> 0` only where they fit 32 bits.

export const clamp = (a, low, high) => Math.min(Math.max(a, low), high);
/** The quotient rounded down. */
export const div = (a, b) => Math.floor(a / b);
/** What is left, from 0 up. */
export const rem = (a, b) => a - b * Math.floor(a / b);
/** The quotient rounded up. */
export const ceil = (a, b) => -Math.floor(-a / b);
/** How many bits a number of at most 32 has. */
export const sizeClass = (a) => (a >= 2 ** 32 ? 33 : 32 - Math.clz32(a));
export const third = (a) => (a > 0 ? 1 : a < 0 ? 2 : 0);
export const isqrt = (a) => Math.floor(Math.sqrt(a));

const RATES = [1, 1, 2, 3, 4, 4, 5, 5];

/** A message, with the table of contexts that its decisions use. */
export class Wire {
  /** `learns`: whether the contexts follow what happens. */
  constructor(bytes, table, learns = true) {
    this.bytes = bytes;
    this.at = 0;
    this.table = table;
    this.learns = learns;
    this.range = 2 ** 32 - 1;
    this.code = 0;
    for (let i = 0; i < 4; i++) this.shiftIn();
  }

  shiftIn() {
    const next = this.at < this.bytes.length ? this.bytes[this.at++] : 0;
    this.code = ((this.code << 8) | next) >>> 0;
  }

  widen() {
    while (this.range < 2 ** 24) {
      this.range *= 256;
      this.shiftIn();
    }
  }

  /** Ends reading: nothing may be left over. */
  finish() {
    if (this.at < this.bytes.length) throw new Error("bytes are left over");
  }

  decide(context) {
    const word = this.table[context];
    if (word === undefined) throw new Error("no such context");
    let p = word >> 3;
    const n = word & 7;
    const odds = 2 ** 15 - (4 * p + 2);
    const bound = (this.range >>> 15) * odds;
    const yes = this.code >= bound;
    if (yes) {
      this.code -= bound;
      this.range -= bound;
    } else {
      this.range = bound;
    }
    this.widen();
    if (this.learns) {
      p = yes ? p + ((8191 - p) >> RATES[n]) : p - (p >> RATES[n]);
      this.table[context] = 8 * p + Math.min(n + 1, 7);
    }
    return yes ? 1 : 0;
  }

  /** 1 to 16 bits about which nothing is known. */
  raw(bits) {
    this.range = this.range >>> bits;
    const value = Math.min(div(this.code, this.range), 2 ** bits - 1);
    this.code -= value * this.range;
    this.widen();
    return value;
  }

  /** A word of up to 32 bits, its low half first. */
  rawWord(bits) {
    const low = Math.min(bits, 16);
    let word = low > 0 ? this.raw(low) : 0;
    if (bits > low) word += this.raw(bits - low) * 2 ** low;
    return word;
  }

  /** A number with its sign at a site; `known` is its sign where it can only be one. */
  read(site, c, s, known = 0) {
    if (!this.decide(site.zero + c)) return 0;
    const below = known !== 0 ? known < 0 : this.decide(site.sign + s) === 1;
    let e = 0;
    if (site.top > 0 && this.decide(site.first + c)) {
      e = 1;
      while (e < site.top && this.decide(site.exponents + 8 * Math.min(e - 1, 15) + (c & 7))) e++;
    }
    let size = 1;
    let left = e;
    if (left > 0) {
      const h = this.decide(site.high + Math.min(e - 1, 16));
      size = 2 * size + h;
      left--;
      if (left > 0) {
        size = 2 * size + this.decide(site.low + 2 * Math.min(e - 1, 11) + h);
        left--;
      }
    }
    while (left > 0) {
      const n = Math.min(left, 16);
      size = size * 2 ** n + this.raw(n);
      left -= n;
    }
    return (below ? -size : size) | 0;
  }
}

/** Lays contexts out, with what each begins with. */
export class Contexts {
  words = [];

  take(count, p) {
    const start = this.words.length;
    for (let i = 0; i < count; i++) this.words.push(8 * p + 1);
    return start;
  }

  rare(count) {
    return this.take(count, 128);
  }

  uncommon(count) {
    return this.take(count, 819);
  }

  even(count) {
    return this.take(count, 4096);
  }

  number(contexts, signs, bits) {
    const top = Math.max(bits - 1, 0);
    return {
      top,
      zero: this.even(contexts),
      sign: this.even(signs),
      first: this.even(contexts),
      exponents: this.even(8 * Math.min(Math.max(top - 1, 0), 16)),
      high: this.even(Math.min(top, 17)),
      low: this.even(2 * Math.min(top, 12)),
    };
  }
}
