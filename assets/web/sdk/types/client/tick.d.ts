/**
 * @param {number} tick
 * @param {number} rate steps per second
 * @returns {number} when it is due
 */
export function dueOf(tick: number, rate: number): number;
/**
 * @param {number} time
 * @param {number} rate steps per second
 * @returns {number} the last tick that is due by then
 */
export function tickAt(time: number, rate: number): number;
