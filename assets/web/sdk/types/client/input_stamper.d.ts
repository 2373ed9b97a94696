/** One player's inputs on one timeline. */
export class InputStamper {
    /**
     * @param {number} tickRate steps per second
     * @param {() => Uint32Array} controls what is pressed, asked for each tick
     */
    constructor(tickRate: number, controls: () => Uint32Array);
    rate: number;
    lead: InputLead;
    history: InputHistory;
    controls: () => Uint32Array;
    /** @type {number | null} The last tick that was stamped. */
    last: number | null;
    /** @param {number | null} last another timeline begins, of which this was stamped already */
    restart(last: number | null): void;
    /**
     * @param {ClockSync} clock
     * @returns {number | null} when the next input is to be stamped; null while the match's time is not known
     */
    nextDue(clock: ClockSync): number | null;
    /**
     * The server's clock is known better. What is too far ahead to have been queued was not, and is
     * stamped again.
     *
     * @param {number} now
     * @param {ClockSync} clock
     */
    clockMoved(now: number, clock: ClockSync): void;
    /**
     * The inputs that are due now: usually one or none.
     *
     * @param {number} now
     * @param {ClockSync} clock
     * @param {number | null} view the moment that is drawn, in ticks
     * @returns {InputFrame[]} oldest first
     */
    stamp(now: number, clock: ClockSync, view: number | null): InputFrame[];
    /** @param {number} tick @param {number | null} view @returns {number} eighths of a tick */
    viewLag(tick: number, view: number | null): number;
}
export type InputFrame = import("../shared/input.js").InputFrame;
export type ClockSync = import("./clock_sync.js").ClockSync;
import { InputLead } from "./input_lead.js";
import { InputHistory } from "./input_history.js";
