/**
 * The vector along an angle, about 2^14 long.
 *
 * @param {number} angle a word
 * @param {number} bits of the word
 * @returns {[number, number]} x and y
 */
export function unit(angle: number, bits: number): [number, number];
/**
 * The angle of a vector.
 *
 * @param {number} x within 2^25 of 0
 * @param {number} y within 2^25 of 0
 * @param {number} bits of the angle
 * @returns {number} a word; 0 for no vector
 */
export function direction(x: number, y: number, bits: number): number;
