/** @typedef {import("../shared/schema.js").Schema} Schema */
/** The player's controls as words, and what was pressed for less than a tick. */
export class Controls {
    /** @type {Schema | null} */
    schema: Schema | null;
    /** @type {Record<string, any>} */
    values: Record<string, any>;
    /** @type {Uint32Array} */
    words: Uint32Array;
    /** @type {Uint32Array} */
    neutral: Uint32Array;
    /** @type {Set<number>} Flags that were on since the last tick. */
    pressed: Set<number>;
    /** Whether nothing counts as pressed: the page is hidden. */
    released: boolean;
    /** @param {Schema} schema what inputs look like from now on */
    learn(schema: Schema): void;
    /**
     * @param {Record<string, any>} values what is pressed from now on
     * @throws {TypeError} for names and values that the input does not have
     */
    set(values: Record<string, any>): void;
    /** @returns {Uint32Array} what the next tick's input is, as it looks now */
    peek(): Uint32Array;
    /** @returns {Uint32Array} a tick's input */
    take(): Uint32Array;
    /**
     * @param {ArrayLike<number>} words
     * @returns {Record<string, any>} what they say
     */
    read(words: ArrayLike<number>): Record<string, any>;
}
export type Schema = import("../shared/schema.js").Schema;
