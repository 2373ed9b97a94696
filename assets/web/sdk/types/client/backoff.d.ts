/** Waits that grow with failures and are jittered. */
export class Backoff {
    /** @param {() => number} random from 0 up to 1 */
    constructor(random: () => number);
    random: () => number;
    failures: number;
    rejoins: boolean;
    /** A connection has proved itself. */
    succeeded(): void;
    /**
     * A server that answers that a session is over is there again: the first such answer in a row
     * counts as no failure.
     *
     * @param {import("../shared/close.js").Then} then what comes next
     * @param {number} retryAfter seconds, if that is `"retry"`
     * @returns {number | null} how long to wait, in ms; null if trying again is pointless
     */
    wait(then: import("../shared/close.js").Then, retryAfter: number): number | null;
}
