// The hash over rows: section 10.15 of shared/PROTOCOL.md.

/** What a hash begins with. */
export const HASH_BEGIN = 0x811c9dc5;

/**
 * @param {number} h the hash so far
 * @param {number} word of 32 bits
 * @returns {number} the hash with the word
 */
export function mix(h, word) {
  const mixed = Math.imul(h ^ word, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
