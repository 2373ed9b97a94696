// Rotations that go on turning: section 10.10 of shared/PROTOCOL.md.
//
// An attitude is four whole numbers in a Float64Array: their products pass 2^31.

/** @typedef {import("./memory.js").ClassMemory} ClassMemory */

/** @param {number} bits @returns {number} 2 to the fractional bits of an attitude */
const scaleOf = (bits) => 2 ** Math.min(Math.max(15 - bits, 0), 6);

/** @param {Float64Array} a @param {Float64Array} b @returns {number} */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];

/**
 * @param {Uint32Array} words where the four words are
 * @param {number} start the place of the first
 * @param {number} bits of each part
 * @param {Float64Array} into where the attitude goes
 */
export function attitude(words, start, bits, into) {
  const unit = scaleOf(bits);
  const m = 2 ** bits - 1;
  const largest = words[start] & 3;
  let squares = 0;
  for (let part = 0, from = start + 1; part < 4; part++) {
    if (part === largest) continue;
    const value = (2 * words[from++] - m) * unit;
    into[part] = value;
    squares += value * value;
  }
  const left = 2 * (m * unit) ** 2 - squares;
  into[largest] = left > 0 ? Math.floor(Math.sqrt(left)) : 0;
}

const PRESENT = new Float64Array(4);
const BEFORE = new Float64Array(4);

/**
 * The attitude that follows if the rotation turns on as it did.
 *
 * @param {Uint32Array} words where the four words are
 * @param {number} start the place of the first
 * @param {Uint32Array} before where the words before are
 * @param {number} first the place of the first of them
 * @param {number} bits of each part
 * @param {Float64Array} into where the attitude goes
 */
export function nextAttitude(words, start, before, first, bits, into) {
  attitude(words, start, bits, PRESENT);
  attitude(before, first, bits, BEFORE);
  const one = ((2 ** bits - 1) * scaleOf(bits)) ** 2;
  const cosine = Math.floor((262144 * dot(PRESENT, BEFORE)) / one);
  for (let part = 0; part < 4; part++) {
    into[part] = Math.floor((cosine * PRESENT[part] + 131072) / 262144) - BEFORE[part];
  }
  if (dot(into, PRESENT) < 0) for (let part = 0; part < 4; part++) into[part] = -into[part];
}

/**
 * @param {Float64Array} parts an attitude
 * @param {number} except a part that does not count; -1 for none
 * @returns {number} the part of largest magnitude, the first of equals
 */
export function largestOf(parts, except) {
  let largest = -1;
  for (let part = 0; part < 4; part++) {
    if (part !== except && (largest < 0 || Math.abs(parts[part]) > Math.abs(parts[largest]))) largest = part;
  }
  return largest;
}

/**
 * @param {Float64Array} parts an attitude
 * @param {number} largest its largest part
 * @param {number} second its second
 * @param {number} bits of each part
 * @returns {number} how near they are to each other: 0 to 31
 */
export function nearness(parts, largest, second, bits) {
  const one = (2 ** bits - 1) * scaleOf(bits);
  const apart = Math.abs(parts[largest]) - Math.abs(parts[second]);
  return Math.min(Math.floor((apart * 45) / one), 31);
}

/**
 * The other three parts as words, with their fractions.
 *
 * @param {Float64Array} parts an attitude
 * @param {number} largest the part that is left out
 * @param {number} bits of each part
 * @param {Uint32Array} words where the words go
 * @param {number} start the place of the first
 * @param {Int32Array | null} fractions where the three fractions go
 */
export function without(parts, largest, bits, words, start, fractions) {
  const unit = scaleOf(bits);
  const m = 2 ** bits - 1;
  for (let part = 0, at = 0; part < 4; part++) {
    if (part === largest) continue;
    const above = (parts[largest] < 0 ? -parts[part] : parts[part]) + m * unit + unit;
    const word = Math.floor(above / (2 * unit));
    words[start + at] = word < 0 ? 0 : word > m ? m : word;
    if (fractions) {
      const sixteenths = Math.floor((above * 16) / (2 * unit));
      fractions[at] = sixteenths - 16 * Math.floor(sixteenths / 16);
    }
    at++;
  }
}

/**
 * A rotation takes in its new words.
 *
 * @param {ClassMemory} m
 * @param {number} slot
 * @param {number} turn its place among the rotations
 * @param {Uint32Array} old where the words before are
 * @param {number} from the place of the first of them
 * @param {Uint32Array} words where the new ones are
 * @param {number} start the place of the first of them
 * @returns {boolean} whether it turns
 */
export function turnOn(m, slot, turn, old, from, words, start) {
  const bit = 1 << turn;
  let turns = false;
  for (let word = 0; word < 4; word++) if (old[from + word] !== words[start + word]) turns = true;
  if (!turns) {
    m.turns[slot] &= ~bit;
    return false;
  }
  m.turns[slot] |= bit;
  const before = (slot * m.turnCount + turn) * 4;
  const row = slot * m.plan.words + m.plan.rotations[turn].start;
  for (let word = 0; word < 4; word++) {
    m.before[before + word] = old[from + word];
    m.words[row + word] = words[start + word];
  }
  return true;
}
