// Bytes that can't be read.

/** What a peer sent is not what the protocol says. */
export class DecodeError extends Error {
  constructor() {
    super("bytes that are not what the protocol says");
    this.name = "DecodeError";
  }
}

/**
 * @param {unknown} sound whether bytes are what the protocol says
 * @returns {asserts sound}
 * @throws {DecodeError} if not
 */
export function demand(sound) {
  if (!sound) throw new DecodeError();
}
