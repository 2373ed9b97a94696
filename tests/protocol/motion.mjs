// What follows from what is remembered: sections 10.9 to 10.11 of shared/PROTOCOL.md.

import { ceil, clamp, div, isqrt, rem } from "./coder.mjs";

const fit = (a) => clamp(a, -(2 ** 30), 2 ** 30);

/** What is known of one motion lane. `lead` is the lane of the class. */
export class Filter {
  place = [0, 0];
  speed = [0, 0];
  start = [0, 0];
  run = 0;

  settle(lead, word) {
    this.place = [word * lead.one - lead.half, word * lead.one + lead.half];
    this.start = [...this.place];
    this.run = 0;
  }

  /** Takes the speed of the link; whether the lane moves. */
  follow(lead, row, span) {
    const { num, den, word, firstStep } = lead.link;
    const v = row[word] + firstStep;
    if (lead.exact) {
      const d = v * num * span;
      this.place[0] = div(den, 2);
      this.speed = [fit(div(d, den)), rem(d, den)];
      this.run = 0;
      return this.speed[0] !== 0 || this.speed[1] !== 0;
    }
    const k = num * span * lead.one;
    this.speed = [fit(div((2 * v - 1) * k, 2 * den)), fit(ceil((2 * v + 1) * k, 2 * den))];
    return v !== 0;
  }

  begin(lead, row, span) {
    if (!lead.link) return false;
    this.settle(lead, row[lead.word]);
    return this.follow(lead, row, span);
  }

  relink(lead, oldWord, row, span, moves) {
    if (moves) {
      this.start = [...this.place];
      this.run = 0;
    } else {
      this.settle(lead, oldWord);
    }
    return this.follow(lead, row, span);
  }

  expect(lead, word) {
    if (lead.exact) {
      const carry = this.place[0] + this.speed[1] >= lead.link.den ? 1 : 0;
      return { value: clamp(word + this.speed[0] + carry, 0, lead.max), doubt: 0, fraction: 8 };
    }
    if (this.run === -1) return { value: word, doubt: 0, fraction: 8 };
    const low = this.place[0] + this.speed[0];
    const high = this.place[1] + this.speed[1];
    const t = low + high + lead.one;
    const value = clamp(div(t, 2 * lead.one), 0, lead.max);
    const middle = value * lead.one;
    const out = Math.max(middle - lead.half - low, 0) + Math.max(high - middle - lead.half, 0);
    const doubt = high === low ? 255 : Math.min(div(256 * out, high - low), 255);
    return { value, doubt, fraction: rem(div(t, lead.one / 8), 16) };
  }

  /** A moving lane went from `old` to its word in `row`; `momentum` is the class's. */
  observe(lead, index, old, row, span, momentum) {
    const word = row[lead.word];
    if (lead.exact) {
      if (this.expect(lead, old).value === word) {
        this.step(lead, old);
        return true;
      }
      return this.begin(lead, row, span) && word !== old;
    }
    if (lead.link) {
      if (this.narrow(lead, word)) return true;
      return this.begin(lead, row, span) && word !== old;
    }
    if (this.run <= 0) this.learn(lead, index, old, word, momentum);
    if (this.run !== -1 && this.narrow(lead, word)) return true;
    return this.jump(lead, old, word, momentum[index]);
  }

  step(lead, old) {
    this.place[0] += this.speed[1];
    let carry = 0;
    if (this.place[0] >= lead.link.den) {
      this.place[0] -= lead.link.den;
      carry = 1;
    }
    const value = old + this.speed[0] + carry;
    if (value < 0 || value > lead.max) this.place[0] = div(lead.link.den, 2);
  }

  narrow(lead, word) {
    const low = Math.max(this.place[0] + this.speed[0], word * lead.one - lead.half);
    const high = Math.min(this.place[1] + this.speed[1], word * lead.one + lead.half);
    if (low > high) return false;
    this.place = [low, high];
    if (this.run === 255) return true;
    this.run += 1;
    const least = low - this.start[1];
    const most = high - this.start[0];
    if (least >= (this.speed[0] + 1) * this.run) this.speed[0] = fit(div(least, this.run));
    if (most <= (this.speed[1] - 1) * this.run) this.speed[1] = fit(ceil(most, this.run));
    return this.speed[0] <= this.speed[1];
  }

  learn(lead, index, old, word, momentum) {
    const jumped = this.run === -1 ? this.speed[0] : div(this.speed[0] + this.speed[1], 2 * lead.one);
    const change = word - old;
    const better = Math.sign(Math.abs(change) - Math.abs(change - jumped));
    momentum[index] = clamp(momentum[index] + better, -8, 8);
  }

  jump(lead, old, word, momentum) {
    const change = word - old;
    this.settle(lead, word);
    if (momentum < 0) {
      this.run = -1;
      this.speed = [change, change];
      return change !== 0;
    }
    this.speed = [(change - 1) * lead.one, (change + 1) * lead.one];
    return true;
  }

  rescale(lead, row, before, span) {
    if (lead.exact) {
      const kept = this.place[0];
      this.follow(lead, row, span);
      this.place[0] = kept;
    } else if (this.run !== -1) {
      this.speed = [fit(div(this.speed[0] * span, before)), fit(ceil(this.speed[1] * span, before))];
      this.start = [...this.place];
      this.run = 0;
    }
  }
}

const fractionBits = (bits) => Math.min(Math.max(15 - bits, 0), 6);
const dot = (a, b) => a.reduce((sum, part, at) => sum + part * b[at], 0);

/** The rotation of four words as four whole numbers. */
export function attitude(words, bits) {
  const unit = 2 ** fractionBits(bits);
  const m = 2 ** bits - 1;
  const parts = words.slice(1, 4).map((word) => (2 * word - m) * unit);
  const fourth = isqrt(Math.max(2 * (m * unit) ** 2 - dot(parts, parts), 0));
  parts.splice(words[0] & 3, 0, fourth);
  return parts;
}

/** The rotation that follows `words` if it turns on as it did since `before`. */
export function nextAttitude(words, before, bits) {
  const [a, z] = [attitude(words, bits), attitude(before, bits)];
  const one = ((2 ** bits - 1) * 2 ** fractionBits(bits)) ** 2;
  const cosine = div(2 ** 18 * dot(a, z), one);
  const next = a.map((part, at) => div(cosine * part + 2 ** 17, 2 ** 18) - z[at]);
  return dot(next, a) < 0 ? next.map((part) => -part) : next;
}

/** Its largest part, the second, and how near they are. */
export function order(parts, bits) {
  const sizes = parts.map(Math.abs);
  const largest = sizes.indexOf(Math.max(...sizes));
  const others = sizes.map((size, at) => (at === largest ? -1 : size));
  const second = others.indexOf(Math.max(...others));
  const one = (2 ** bits - 1) * 2 ** fractionBits(bits);
  const nearness = Math.min(div((sizes[largest] - sizes[second]) * 45, one), 31);
  return { largest, second, nearness };
}

/** The other three parts as words, each with its fraction. */
export function without(parts, largest, bits) {
  const f = fractionBits(bits);
  const m = 2 ** bits - 1;
  const others = parts.filter((_, at) => at !== largest);
  return others.map((part) => {
    const above = (parts[largest] < 0 ? -part : part) + m * 2 ** f + 2 ** f;
    return { word: clamp(div(above, 2 ** (f + 1)), 0, m), fraction: rem(div(above * 16, 2 ** (f + 1)), 16) };
  });
}

const QUARTER = Array.from({ length: 257 }, (_, i) => Math.floor(2 ** 14 * Math.sin((i / 512) * Math.PI) + 0.5));
const ARC = Array.from({ length: 65 }, (_, i) => Math.floor((2 ** 16 * Math.atan(i / 64)) / (2 * Math.PI) + 0.5));

function sine(i) {
  const n = i & 255;
  return [QUARTER[n], QUARTER[256 - n], -QUARTER[n], -QUARTER[256 - n]][(i >> 8) & 3];
}

/** The vector along an angle, 2^14 long. */
export function unit(angle, bits) {
  const i = bits > 10 ? angle >> (bits - 10) : angle << (10 - bits);
  return [sine(i + 256), sine(i)];
}

/** The angle of a vector. */
export function direction([x, y], bits) {
  const [short, long] = [Math.abs(x), Math.abs(y)].sort((a, b) => a - b);
  if (long === 0) return 0;
  const slope = div(short * 2 ** 16, long);
  const i = Math.min(slope >> 10, 63);
  let a = ARC[i] + (((ARC[i + 1] - ARC[i]) * (slope - i * 1024) + 512) >> 10);
  if (Math.abs(y) > Math.abs(x)) a = 2 ** 14 - a;
  if (x < 0) a = 2 ** 15 - a;
  if (y < 0) a = 2 ** 16 - a;
  return rem((a + div(2 ** (16 - bits), 2)) >> (16 - bits), 2 ** bits);
}
