/**
 * @typedef {object} Stamped an input as it was sent
 * @property {number} tick the tick it was meant for
 * @property {number} at when it was stamped, in ms
 * @property {Uint32Array} words what was pressed
 */
/** Inputs by tick, ascending. */
export class InputHistory {
    /** @type {Stamped[]} */
    stamped: Stamped[];
    /**
     * Remembers an input. One that is not later than the last is ignored: no tick is stamped twice.
     *
     * @param {Stamped} stamped
     */
    push(stamped: Stamped): void;
    /** @returns {number | null} the last tick that was stamped, if it is not forgotten */
    get newest(): number | null;
    /**
     * @param {number} tick
     * @returns {Stamped | null} what was stamped for it
     */
    get(tick: number): Stamped | null;
    /** @param {number} tick forgets everything up to and including it */
    forgetUntil(tick: number): void;
    /** @param {number} tick forgets everything after it */
    forgetAfter(tick: number): void;
}
/**
 * an input as it was sent
 */
export type Stamped = {
    /**
     * the tick it was meant for
     */
    tick: number;
    /**
     * when it was stamped, in ms
     */
    at: number;
    /**
     * what was pressed
     */
    words: Uint32Array;
};
