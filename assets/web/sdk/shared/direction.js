// Directions as whole numbers: section 10.11 of shared/PROTOCOL.md. Games that want to fire along
// an angle exactly as the server does use them too.

const QUARTER = Int32Array.from({ length: 257 }, (_, i) => Math.floor(2 ** 14 * Math.sin((i / 512) * Math.PI) + 0.5));
const ARC = Int32Array.from({ length: 65 }, (_, i) => Math.floor((2 ** 16 * Math.atan(i / 64)) / (2 * Math.PI) + 0.5));

/**
 * @param {number} i of 1024 to a turn
 * @returns {number} the sine, of 2^14
 */
function sine(i) {
  const n = i & 255;
  const quarter = (i >> 8) & 3;
  const value = QUARTER[quarter & 1 ? 256 - n : n];
  return quarter > 1 ? -value : value;
}

/**
 * The vector along an angle, about 2^14 long.
 *
 * @param {number} angle a word
 * @param {number} bits of the word
 * @returns {[number, number]} x and y
 */
export function unit(angle, bits) {
  const i = bits > 10 ? angle >> (bits - 10) : angle << (10 - bits);
  return [sine(i + 256), sine(i)];
}

/**
 * The angle of a vector.
 *
 * @param {number} x within 2^25 of 0
 * @param {number} y within 2^25 of 0
 * @param {number} bits of the angle
 * @returns {number} a word; 0 for no vector
 */
export function direction(x, y, bits) {
  const [across, up] = [Math.abs(x), Math.abs(y)];
  const long = Math.max(across, up);
  if (long === 0) return 0;
  const slope = Math.floor((Math.min(across, up) * 65536) / long);
  const i = Math.min(slope >> 10, 63);
  let a = ARC[i] + (((ARC[i + 1] - ARC[i]) * (slope - i * 1024) + 512) >> 10);
  if (up > across) a = 16384 - a;
  if (x < 0) a = 32768 - a;
  if (y < 0) a = 65536 - a;
  return ((a + (2 ** (16 - bits) >> 1)) >> (16 - bits)) & (2 ** bits - 1);
}
