/** @typedef {{ roundTrip: number, offset: number }} Sample an answer: the match's time less ours */
/** An estimate of the running match's time. */
export class ClockSync {
    /** @param {number} now when it wants to ping first */
    constructor(now: number);
    nonce: number;
    /** When the next ping is due. */
    nextPing: number;
    /** @type {{ nonce: number, sent: number }[]} */
    unanswered: {
        nonce: number;
        sent: number;
    }[];
    /** @type {Sample[]} */
    samples: Sample[];
    /** @type {number | null} */
    offset: number | null;
    /** @type {number | null} The quickest round trip of late, kept over a change of the match. */
    roundTrip: number | null;
    /** By how much round trips exceed the quickest, smoothed. */
    jitter: number;
    /**
     * Forgets the match's time, because another match has begun; round trips stay known.
     *
     * @param {number} now
     */
    restart(now: number): void;
    /**
     * Time may have jumped: asks at once.
     *
     * @param {number} now
     */
    doubt(now: number): void;
    /**
     * @param {number} now
     * @returns {number | null} the nonce of a ping to send now, if one is due
     */
    pollPing(now: number): number | null;
    /**
     * Takes in an answer; one that was not asked for is ignored.
     *
     * @param {number} now
     * @param {number} nonce
     * @param {number} matchMicros the match's time when it was given, or 0 without a match
     */
    pong(now: number, nonce: number, matchMicros: number): void;
    /** @param {boolean} clockChanged whether nothing that was known holds any more */
    steer(clockChanged: boolean): void;
    /**
     * @param {number} now
     * @returns {number | null} the match's time; null until an answer came
     */
    matchTime(now: number): number | null;
    /**
     * @param {number} matchTime
     * @returns {number | null} what our clock shows then
     */
    localTime(matchTime: number): number | null;
}
/**
 * an answer: the match's time less ours
 */
export type Sample = {
    roundTrip: number;
    offset: number;
};
