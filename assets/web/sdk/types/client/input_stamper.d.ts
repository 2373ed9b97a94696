/** One player's inputs on one timeline. */
export class InputStamper {
    /**
     * @param {number} tickRate steps per second
     * @param {Controls} controls what is pressed
     * @param {boolean} holds whether what is sent holds until something else is sent
     */
    constructor(tickRate: number, controls: Controls, holds: boolean);
    rate: number;
    controls: import("./controls.js").Controls;
    holds: boolean;
    lead: InputLead;
    history: InputHistory;
    /** @type {number | null} The last tick that was stamped, or left to what is held. */
    last: number | null;
    /** @type {Uint32Array | null} What the server holds, if that was sent. */
    held: Uint32Array | null;
    /** When it is sent again. */
    again: number;
    /** Whether slots pass unused, because what is held says it all. */
    resting: boolean;
    /** @param {number | null} last another timeline begins, of which this was stamped already */
    restart(last: number | null): void;
    /** The server holds nothing of ours any more. */
    letGo(): void;
    /** @returns {boolean} whether what is held is what is pressed */
    saysAll(): boolean;
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
     * @param {number} now
     * @param {ClockSync} clock
     * @returns {number} the last tick whose slot has opened; NaN while the match's time is not known
     */
    present(now: number, clock: ClockSync): number;
    /**
     * Lets slots pass unused for which what is held says it all.
     *
     * @param {number} now
     * @param {ClockSync} clock
     * @returns {boolean} whether there is nothing to say now
     */
    rests(now: number, clock: ClockSync): boolean;
    /**
     * The inputs that are due now: usually one or none.
     *
     * @param {number} now
     * @param {ClockSync} clock
     * @param {number | null} view the moment that is drawn, in ticks
     * @returns {InputFrame[]} oldest first
     */
    stamp(now: number, clock: ClockSync, view: number | null): InputFrame[];
}
export type InputFrame = import("../shared/input.js").InputFrame;
export type ClockSync = import("./clock_sync.js").ClockSync;
export type Controls = import("./controls.js").Controls;
import { InputLead } from "./input_lead.js";
import { InputHistory } from "./input_history.js";
