// Numbers as words and back: section 6 of shared/PROTOCOL.md.

const TAU = 2 * Math.PI;

/**
 * @param {number} value to round
 * @param {number} max the highest word
 * @returns {number} the nearest word; halves go up, NaN is 0
 */
function toWord(value, max) {
  const rounded = Math.floor(value + 0.5);
  return rounded >= max ? max : rounded >= 0 ? rounded : 0;
}

/**
 * @param {number} min the lowest value
 * @param {number} max the highest value
 * @param {number} step from one value to the next
 * @returns {number} the highest word of a Fixed
 */
export function fixedWordMax(min, max, step) {
  return toWord((max - min) / step, 2 ** 32 - 1);
}

/**
 * @param {number} min the lowest value
 * @param {number} step from one value to the next
 * @returns {number} how many steps from 0 word 0 is
 */
export function fixedFirstStep(min, step) {
  return Math.floor(min / step + 0.5);
}

/**
 * @param {number} value the number
 * @param {number} min the lowest value
 * @param {number} step from one value to the next
 * @param {number} max the highest word
 * @returns {number} the word nearest to it
 */
export function quantizeFixed(value, min, step, max) {
  return toWord((value - min) / step, max);
}

/**
 * @param {number} radians an angle
 * @param {number} bits of the word
 * @returns {number} the word nearest to it
 */
export function quantizeAngle(radians, bits) {
  const turn = 2 ** bits;
  const part = ((radians / TAU) * turn) % turn;
  const word = toWord(part < 0 ? part + turn : part, turn);
  return word >= turn ? 0 : word;
}

/**
 * @param {number} word the word, or a place between two
 * @param {number} bits of the word
 * @returns {number} radians, from 0 up to a turn
 */
export function restoreAngle(word, bits) {
  return (word / 2 ** bits) * TAU;
}

/**
 * @param {ArrayLike<number>} rotation x, y, z, w of about unit length
 * @param {number} bits of each of the three parts
 * @returns {[number, number, number, number]} four words
 */
export function quantizeQuaternion(rotation, bits) {
  let largest = 0;
  for (let at = 1; at < 4; at++) {
    if (Math.abs(rotation[at]) > Math.abs(rotation[largest])) largest = at;
  }
  const sign = rotation[largest] < 0 ? -1 : 1;
  const scale = 2 ** bits - 1;
  const words = [largest];
  for (let at = 0; at < 4; at++) {
    if (at !== largest) words.push(toWord((rotation[at] * sign * Math.SQRT2 + 1) * 0.5 * scale, scale));
  }
  return /** @type {[number, number, number, number]} */ (words);
}

/**
 * @param {ArrayLike<number>} words where the four words are
 * @param {number} start the place of the first
 * @param {number} bits of each of the three parts
 * @returns {[number, number, number, number]} x, y, z, w of unit length
 */
export function restoreQuaternion(words, start, bits) {
  const scale = 2 ** bits - 1;
  const largest = words[start] & 3;
  /** @type {[number, number, number, number]} */
  const parts = [0, 0, 0, 0];
  let squares = 0;
  for (let at = 0, from = start + 1; at < 4; at++) {
    if (at === largest) continue;
    parts[at] = (2 * words[from++] - scale) / (scale * Math.SQRT2);
    squares += parts[at] * parts[at];
  }
  parts[largest] = Math.sqrt(Math.max(0, 1 - squares));
  const length = Math.hypot(...parts) || 1;
  for (let at = 0; at < 4; at++) parts[at] /= length;
  return parts;
}
