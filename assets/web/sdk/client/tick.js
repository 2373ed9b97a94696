// When ticks are due. Section 12 of shared/PROTOCOL.md. Times are in ms of the match.

/**
 * @param {number} tick
 * @param {number} rate steps per second
 * @returns {number} when it is due
 */
export function dueOf(tick, rate) {
  return Math.floor((tick * 1000000) / rate) / 1000;
}

/**
 * @param {number} time
 * @param {number} rate steps per second
 * @returns {number} the last tick that is due by then
 */
export function tickAt(time, rate) {
  const tick = Math.max(Math.floor((time * rate) / 1000), 0);
  return dueOf(tick + 1, rate) <= time ? tick + 1 : tick;
}
