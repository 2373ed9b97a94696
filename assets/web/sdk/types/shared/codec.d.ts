/** Reads bincode. Every method throws a {@link DecodeError} for bytes that are not what it reads. */
export class BincodeReader extends ByteReader {
    /** @param {number} length how many bytes @returns {DataView} they */
    view(length: number): DataView;
    /** @returns {boolean} a byte of 0 or 1 */
    bool(): boolean;
    /** @returns {number} a number of 16 bits */
    u16(): number;
    /** @returns {number} a number of 32 bits; also a length, a count, a variant */
    u32(): number;
    /** @returns {bigint} a number of 64 bits */
    u64(): bigint;
    /** @returns {number} a number of 32 bits with a sign */
    i32(): number;
    /** @returns {number} a float of 32 bits */
    f32(): number;
    /** @returns {number} a float of 64 bits */
    f64(): number;
    /** @returns {Uint8Array} bytes, copied */
    blob(): Uint8Array;
    /** @returns {string} text */
    text(): string;
    /**
     * @template T
     * @param {() => T} read one element
     * @returns {T[]} a list
     */
    list<T>(read: () => T): T[];
    /**
     * @template T
     * @param {() => T} read what may be there
     * @returns {T | null} it, or null
     */
    optional<T>(read: () => T): T | null;
}
/** Writes bincode. */
export class BincodeWriter extends ByteWriter {
    /** @param {boolean} value a flag */
    bool(value: boolean): void;
    /** @param {number} value a number of 16 or 32 bits; also a length or a variant */
    u32(value: number): void;
    /** @param {bigint} value a number of 64 bits */
    u64(value: bigint): void;
    /** @param {number} value a number of 32 bits with a sign */
    i32(value: number): void;
    /** @param {number} value a float of 32 bits */
    f32(value: number): void;
    /** @param {Uint8Array} bytes bytes with their number */
    blob(bytes: Uint8Array): void;
    /** @param {string} text text */
    text(text: string): void;
    /**
     * @template T
     * @param {T | null | undefined} value what may be there
     * @param {(value: T) => void} write writes it
     */
    optional<T>(value: T | null | undefined, write: (value: T) => void): void;
    /**
     * @param {number} marker how long the number is
     * @param {number} value the number
     * @param {number} width its bytes
     */
    little(marker: number, value: number, width: number): void;
}
import { ByteReader } from "./bits.js";
import { ByteWriter } from "./bits.js";
