/** The lead of one client's inputs. */
export class InputLead {
    /** @param {number} tickRate steps per second */
    constructor(tickRate: number);
    period: number;
    /** The margin that is aimed at. */
    target: number;
    /** How far ahead to stamp. */
    lead: number;
    /** Whether the server has said anything about it yet. */
    steered: boolean;
    /** @type {number | null} What the server told last. */
    margin: number | null;
    /** @type {{ until: number, margin: number } | null} A change that reports don't show yet. */
    recent: {
        until: number;
        margin: number;
    } | null;
    /**
     * The path was measured. Until the server says better, the lead follows from it.
     *
     * @param {number} roundTrip
     * @param {number} jitter
     */
    measured(roundTrip: number, jitter: number): void;
    /**
     * The server told its least margin of late, negative if late.
     *
     * @param {number} now
     * @param {number} margin
     * @param {number} roundTrip
     */
    told(now: number, margin: number, roundTrip: number): void;
    /**
     * @param {number} lead
     * @param {number} roundTrip
     */
    set(lead: number, roundTrip: number): void;
}
