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
export function roomOf({ room: id, code, game, session, attach, graceMs, tickRate, snapshotInterval }: Welcome): Room;
export type Welcome = import("../shared/control.js").Welcome;
/**
 * the client's place
 */
export type Room = {
    id: number;
    /**
     * leads others here
     */
    code: string;
    /**
     * its name
     */
    game: string;
    /**
     * the client's stay, the same after resuming
     */
    session: bigint;
    /**
     * which connection of the session this is, from 1
     */
    attach: number;
    /**
     * whether the session goes on from an earlier connection
     */
    resumed: boolean;
    /**
     * how long the seat is kept after the connection is lost
     */
    graceMs: number;
    /**
     * steps per second
     */
    tickRate: number;
    /**
     * ticks from one snapshot to the next
     */
    snapshotInterval: number;
};
