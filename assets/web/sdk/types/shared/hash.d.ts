/**
 * @param {number} h the hash so far
 * @param {number} word of 32 bits
 * @returns {number} the hash with the word
 */
export function mix(h: number, word: number): number;
/** What a hash begins with. */
export const HASH_BEGIN: 2166136261;
