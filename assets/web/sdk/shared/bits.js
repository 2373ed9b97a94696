// Varints, byte strings and bits: sections 2.1 and 2.2 of shared/PROTOCOL.md.

import { DecodeError, demand } from "./error.js";

export const NO_BYTES = new Uint8Array(0);

/** Reads varints, bytes and bits, and refuses what goes past the end. */
export class ByteReader {
  /** @param {Uint8Array} bytes what to read */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** @returns {boolean} whether everything was read */
  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  /** @returns {number} one byte */
  u8() {
    demand(!this.isAtEnd);
    return this.bytes[this.at++];
  }

  /** @returns {number} a number of up to 32 bits */
  varint() {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      if (shift === 28 && byte > 15) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new DecodeError();
  }

  /** @returns {number} a number of 32 bits with a sign */
  signed() {
    return unfold(this.varint());
  }

  /**
   * @param {number} length how many bytes
   * @returns {Uint8Array} that many bytes, not copied
   */
  take(length) {
    demand(length <= this.bytes.length - this.at);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** @returns {Uint8Array} a byte string, not copied */
  string() {
    return this.take(this.varint());
  }

  /** Refuses bytes that are left over. */
  finish() {
    demand(this.isAtEnd);
  }
}

/** Reads numbers of 0 to 32 bits that are packed without gaps. */
export class BitReader {
  /** @param {Uint8Array} bytes what to read */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /**
   * @param {number} width 0 to 32
   * @returns {number} a number of so many bits
   */
  read(width) {
    demand(this.at + width <= 8 * this.bytes.length);
    let value = 0;
    for (let bit = 0; bit < width; bit++, this.at++) {
      if ((this.bytes[this.at >> 3] >> (this.at & 7)) & 1) value += 2 ** bit;
    }
    return value;
  }

  /** Refuses further bytes, and a last one that is not filled up with zeros. */
  finish() {
    const left = 8 * this.bytes.length - this.at;
    demand(left < 8 && this.read(left) === 0);
  }
}

/** Writes what {@link ByteReader} and {@link BitReader} read. */
export class ByteWriter {
  constructor() {
    /** @type {number[]} */
    this.bytes = [];
    this.bit = 0;
  }

  /** @param {number} value one byte */
  u8(value) {
    this.bytes.push(value);
  }

  /** @param {number} value a number of up to 32 bits */
  varint(value) {
    while (value >= 128) {
      this.bytes.push((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    this.bytes.push(value);
  }

  /** @param {number} value a number of 32 bits with a sign */
  signed(value) {
    this.varint(fold(value));
  }

  /** @param {ArrayLike<number>} bytes written as they are */
  raw(bytes) {
    for (let at = 0; at < bytes.length; at++) this.bytes.push(bytes[at]);
  }

  /** @param {ArrayLike<number>} bytes a byte string */
  string(bytes) {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /**
   * Appends bits behind those before; the first ones begin a byte.
   *
   * @param {number} value the number
   * @param {number} width 0 to 32
   */
  bits(value, width) {
    for (let bit = 0; bit < width; bit++) {
      if (this.bit === 0) this.bytes.push(0);
      if (Math.floor(value / 2 ** bit) % 2) this.bytes[this.bytes.length - 1] |= 1 << this.bit;
      this.bit = (this.bit + 1) & 7;
    }
  }

  /** @returns {Uint8Array} all that was written */
  finish() {
    return Uint8Array.from(this.bytes);
  }
}

/**
 * @param {number} value of 32 bits with a sign
 * @returns {number} the same folded, so that small magnitudes are small
 */
export function fold(value) {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/**
 * @param {number} folded of 32 bits
 * @returns {number} what was folded
 */
export function unfold(folded) {
  return (folded >>> 1) ^ -(folded & 1);
}
