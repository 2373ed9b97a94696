/**
 * @typedef {object} Stamped an input as it was sent
 * @property {number} tick the tick it was meant for
 * @property {Uint32Array} words what was pressed
 */
/** Inputs by tick, ascending. */
export class InputHistory {
    /** @type {Stamped[]} */
    stamped: Stamped[];
    /**
     * Remembers an input, of a later tick than those before.
     *
     * @param {Stamped} stamped
     */
    push(stamped: Stamped): void;
    /**
     * @param {number} tick
     * @returns {Uint32Array | null} what was stamped for it
     */
    get(tick: number): Uint32Array | null;
    /**
     * @param {number} tick
     * @returns {Uint32Array | null} what was stamped for it or, for want of it, for the last tick before:
     *   what is held at it by who sends only what changes
     */
    heldAt(tick: number): Uint32Array | null;
    /** @param {number} tick @returns {number} the place of the first input that was stamped for a later one */
    after(tick: number): number;
    /** @param {number} tick forgets what came before the input that was stamped for it, or is held there */
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
     * what was pressed
     */
    words: Uint32Array;
};
