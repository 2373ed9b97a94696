// Bytes that can't be read.

/** What a peer sent is not what the protocol says. */
export class DecodeError extends Error {
  /** @param {string} [message] what is wrong with the bytes */
  constructor(message = "bytes that are not what the protocol says") {
    super(message);
    this.name = "DecodeError";
  }
}
