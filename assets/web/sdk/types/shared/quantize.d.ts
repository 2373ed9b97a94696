/**
 * @param {number} min the lowest value
 * @param {number} max the highest value
 * @param {number} step from one value to the next
 * @returns {number} the highest word of a Fixed
 */
export function fixedWordMax(min: number, max: number, step: number): number;
/**
 * @param {number} min the lowest value
 * @param {number} step from one value to the next
 * @returns {number} how many steps from 0 word 0 is
 */
export function fixedFirstStep(min: number, step: number): number;
/**
 * @param {number} value the number
 * @param {number} min the lowest value
 * @param {number} step from one value to the next
 * @param {number} max the highest word
 * @returns {number} the word nearest to it
 */
export function quantizeFixed(value: number, min: number, step: number, max: number): number;
/**
 * @param {number} radians an angle
 * @param {number} bits of the word
 * @returns {number} the word nearest to it
 */
export function quantizeAngle(radians: number, bits: number): number;
/**
 * @param {number} word the word, or a place between two
 * @param {number} bits of the word
 * @returns {number} radians, from 0 up to a turn
 */
export function restoreAngle(word: number, bits: number): number;
/**
 * @param {ArrayLike<number>} rotation x, y, z, w of about unit length
 * @param {number} bits of each of the three parts
 * @returns {[number, number, number, number]} four words
 */
export function quantizeQuaternion(rotation: ArrayLike<number>, bits: number): [number, number, number, number];
/**
 * @param {ArrayLike<number>} words where the four words are
 * @param {number} start the place of the first
 * @param {number} bits of each of the three parts
 * @returns {[number, number, number, number]} x, y, z, w of unit length
 */
export function restoreQuaternion(words: ArrayLike<number>, start: number, bits: number): [number, number, number, number];
