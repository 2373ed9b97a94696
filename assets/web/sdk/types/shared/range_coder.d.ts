/** Reads one message after the other. */
export class RangeDecoder {
    /** The range, then the code. */
    state: Uint32Array<ArrayBuffer>;
    /** @type {Uint8Array} */
    bytes: Uint8Array;
    at: number;
    end: number;
    /** @type {Uint16Array} The contexts of the message's decisions. */
    table: Uint16Array;
    /** Whether the contexts follow what happens. */
    learns: boolean;
    /**
     * Begins a message.
     *
     * @param {Uint8Array} bytes where it is
     * @param {number} end where in them it ends
     * @param {Uint16Array} table the contexts of its decisions
     * @param {boolean} learns whether they follow what happens
     */
    begin(bytes: Uint8Array, end: number, table: Uint16Array, learns: boolean): void;
    /** @returns {number} the next byte; 0 past the end */
    next(): number;
    /** @returns {number} the range as it is now */
    get range(): number;
    /** Ends a message: nothing may be left over. */
    finish(): void;
    /**
     * @param {number} context the place of the odds
     * @returns {number} 1 for yes, 0 for no
     */
    decide(context: number): number;
    /**
     * @param {number} bits 1 to 16
     * @returns {number} a number about which nothing is known
     */
    raw(bits: number): number;
    /**
     * @param {number} bits 0 to 32
     * @returns {number} a word, its low half first
     */
    rawWord(bits: number): number;
    /**
     * @param {Site} site where the odds are
     * @param {number} c the context of its size
     * @param {number} s the context of its sign
     * @param {number} known its sign, where it can only be one; else 0
     * @returns {number} of 32 bits with a sign
     */
    read(site: Site, c: number, s: number, known: number): number;
}
export type Site = import("./stream/model.js").Site;
