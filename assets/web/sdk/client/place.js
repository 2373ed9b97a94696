// The client's place in a room, as listeners of "joined" are told of it.

/** @typedef {import("../shared/control.js").Welcome} Welcome */
/**
 * @typedef {object} Room the client's place
 * @property {number} id
 * @property {string} code leads others here
 * @property {string} game its name
 * @property {bigint} session the client's stay, the same after resuming
 * @property {number} attach which connection of the session this is, from 1
 * @property {boolean} resumed whether the session goes on from an earlier connection
 * @property {number} graceMs how long the seat is kept after the connection is lost
 * @property {number} tickRate steps per second
 * @property {number} snapshotInterval ticks from one snapshot to the next
 */

/** @param {Welcome} welcome @returns {Room} */
export function roomOf({ room: id, code, game, session, attach, graceMs, tickRate, snapshotInterval }) {
  return { id, code, game, session, attach, resumed: attach > 1, graceMs, tickRate, snapshotInterval };
}
