// Bincode 2, standard configuration, as much as is needed: section 2.3 of shared/PROTOCOL.md.

import { DecodeError, demand } from "./error.js";
import { ByteReader, ByteWriter, fold, unfold } from "./bits.js";

const TEXT = new TextDecoder("utf-8", { fatal: true });

/** Reads bincode. Every method throws a {@link DecodeError} for bytes that are not what it reads. */
export class BincodeReader extends ByteReader {
  /** @param {number} length how many bytes @returns {DataView} they */
  view(length) {
    const { buffer, byteOffset } = this.take(length);
    return new DataView(buffer, byteOffset, length);
  }

  /** @returns {boolean} a byte of 0 or 1 */
  bool() {
    const byte = this.u8();
    demand(byte < 2);
    return byte === 1;
  }

  /** @returns {number} a number of 16 bits */
  u16() {
    const first = this.u8();
    if (first < 251) return first;
    demand(first === 251);
    return this.view(2).getUint16(0, true);
  }

  /** @returns {number} a number of 32 bits; also a length, a count, a variant */
  u32() {
    const first = this.u8();
    if (first < 251) return first;
    if (first === 251) return this.view(2).getUint16(0, true);
    if (first === 252) return this.view(4).getUint32(0, true);
    throw new DecodeError();
  }

  /** @returns {bigint} a number of 64 bits */
  u64() {
    if (this.at < this.bytes.length && this.bytes[this.at] === 253) {
      this.at++;
      return this.view(8).getBigUint64(0, true);
    }
    return BigInt(this.u32());
  }

  /** @returns {number} a number of 32 bits with a sign */
  i32() {
    return unfold(this.u32());
  }

  /** @returns {number} a float of 32 bits */
  f32() {
    return this.view(4).getFloat32(0, true);
  }

  /** @returns {number} a float of 64 bits */
  f64() {
    return this.view(8).getFloat64(0, true);
  }

  /** @returns {Uint8Array} bytes, copied */
  blob() {
    return this.take(this.u32()).slice();
  }

  /** @returns {string} text */
  text() {
    const bytes = this.blob();
    try {
      return TEXT.decode(bytes);
    } catch {
      throw new DecodeError();
    }
  }

  /**
   * @template T
   * @param {() => T} read one element
   * @returns {T[]} a list
   */
  list(read) {
    const length = this.u32();
    /** @type {T[]} */
    const items = [];
    for (let at = 0; at < length; at++) items.push(read());
    return items;
  }

  /**
   * @template T
   * @param {() => T} read what may be there
   * @returns {T | null} it, or null
   */
  optional(read) {
    return this.bool() ? read() : null;
  }
}

/** Writes bincode. */
export class BincodeWriter extends ByteWriter {
  /** @param {boolean} value a flag */
  bool(value) {
    this.u8(value ? 1 : 0);
  }

  /** @param {number} value a number of 16 or 32 bits; also a length or a variant */
  u32(value) {
    if (value < 251) this.u8(value);
    else if (value < 65536) this.little(251, value, 2);
    else this.little(252, value, 4);
  }

  /** @param {bigint} value a number of 64 bits */
  u64(value) {
    if (value < 0x1_0000_0000n) return this.u32(Number(value));
    this.little(253, Number(value & 0xffffffffn), 4);
    this.raw(littleBytes(Number(value >> 32n), 4));
  }

  /** @param {number} value a number of 32 bits with a sign */
  i32(value) {
    this.u32(fold(value));
  }

  /** @param {number} value a float of 32 bits */
  f32(value) {
    this.raw(new Uint8Array(Float32Array.of(value).buffer));
  }

  /** @param {Uint8Array} bytes bytes with their number */
  blob(bytes) {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** @param {string} text text */
  text(text) {
    this.blob(new TextEncoder().encode(text));
  }

  /**
   * @template T
   * @param {T | null | undefined} value what may be there
   * @param {(value: T) => void} write writes it
   */
  optional(value, write) {
    this.bool(value != null);
    if (value != null) write(value);
  }

  /**
   * @param {number} marker how long the number is
   * @param {number} value the number
   * @param {number} width its bytes
   */
  little(marker, value, width) {
    this.u8(marker);
    this.raw(littleBytes(value, width));
  }
}

/**
 * @param {number} value the number
 * @param {number} width its bytes
 * @returns {number[]} the bytes, the lowest first
 */
function littleBytes(value, width) {
  return Array.from({ length: width }, (_, at) => (value >>> (8 * at)) & 255);
}
