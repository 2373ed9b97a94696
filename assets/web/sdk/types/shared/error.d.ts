/**
 * @param {unknown} sound whether bytes are what the protocol says
 * @returns {asserts sound}
 * @throws {DecodeError} if not
 */
export function demand(sound: unknown): asserts sound;
/** What a peer sent is not what the protocol says. */
export class DecodeError extends Error {
    constructor();
}
