/**
 * @param {number} value of 32 bits with a sign
 * @returns {number} the same folded, so that small magnitudes are small
 */
export function fold(value: number): number;
/**
 * @param {number} folded of 32 bits
 * @returns {number} what was folded
 */
export function unfold(folded: number): number;
export const NO_BYTES: Uint8Array<ArrayBuffer>;
/** Reads varints, bytes and bits, and refuses what goes past the end. */
export class ByteReader {
    /** @param {Uint8Array} bytes what to read */
    constructor(bytes: Uint8Array);
    bytes: Uint8Array<ArrayBufferLike>;
    at: number;
    /** @returns {boolean} whether everything was read */
    get isAtEnd(): boolean;
    /** @returns {number} one byte */
    u8(): number;
    /** @returns {number} a number of up to 32 bits */
    varint(): number;
    /** @returns {number} a number of 32 bits with a sign */
    signed(): number;
    /**
     * @param {number} length how many bytes
     * @returns {Uint8Array} that many bytes, not copied
     */
    take(length: number): Uint8Array;
    /** @returns {Uint8Array} a byte string, not copied */
    string(): Uint8Array;
    /** Refuses bytes that are left over. */
    finish(): void;
}
/** Reads numbers of 0 to 32 bits that are packed without gaps. */
export class BitReader {
    /** @param {Uint8Array} bytes what to read */
    constructor(bytes: Uint8Array);
    bytes: Uint8Array<ArrayBufferLike>;
    at: number;
    /**
     * @param {number} width 0 to 32
     * @returns {number} a number of so many bits
     */
    read(width: number): number;
    /** Refuses further bytes, and a last one that is not filled up with zeros. */
    finish(): void;
}
/** Writes what {@link ByteReader} and {@link BitReader} read. */
export class ByteWriter {
    /** @type {number[]} */
    bytes: number[];
    bit: number;
    /** @param {number} value one byte */
    u8(value: number): void;
    /** @param {number} value a number of up to 32 bits */
    varint(value: number): void;
    /** @param {number} value a number of 32 bits with a sign */
    signed(value: number): void;
    /** @param {ArrayLike<number>} bytes written as they are */
    raw(bytes: ArrayLike<number>): void;
    /** @param {ArrayLike<number>} bytes a byte string */
    string(bytes: ArrayLike<number>): void;
    /**
     * Appends bits behind those before; the first ones begin a byte.
     *
     * @param {number} value the number
     * @param {number} width 0 to 32
     */
    bits(value: number, width: number): void;
    /** @returns {Uint8Array} all that was written */
    finish(): Uint8Array;
}
