/** Where the contexts of one kind of number lie. */
export class Site {
    /**
     * @param {Contexts} contexts
     * @param {number} count of contexts
     * @param {number} signs of contexts for the sign
     * @param {number} bits of the numbers
     */
    constructor(contexts: Contexts, count: number, signs: number, bits: number);
    top: number;
    zero: number;
    sign: number;
    first: number;
    exponents: number;
    high: number;
    low: number;
}
/** Lays contexts out, with what each begins with. */
export class Contexts {
    /** @type {number[]} */
    words: number[];
    /**
     * @param {number} count how many
     * @param {number} p the probability of yes, of 2^13
     * @returns {number} the place of the first
     */
    take(count: number, p: number): number;
    /** @param {number} count @returns {number} the place of the first of so many unlikely ones */
    rare(count: number): number;
    /** @param {number} count @returns {number} the place of the first of so many that may well be */
    uncommon(count: number): number;
    /** @param {number} count @returns {number} the place of the first of so many open ones */
    even(count: number): number;
}
