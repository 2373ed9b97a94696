//! The two hashes: of decoded rows, in 32-bit steps that any client can take, and of bytes.

/// A hash of 32-bit words, built one at a time.
///
/// `h = (h ^ word) * 0x9E3779B1; h = h ^ (h >> 15)`, all modulo 2^32, starting from `0x811C9DC5`:
/// one `Math.imul` a word in JavaScript. It finds drift, not forgery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordHash(u32);

impl Default for WordHash {
    fn default() -> Self {
        Self(0x811C_9DC5)
    }
}

impl WordHash {
    /// The hash whose value so far is this.
    pub const fn resume(value: u32) -> Self {
        Self(value)
    }

    /// Mixes in `word`.
    pub fn add(&mut self, word: u32) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B1);
        self.0 = mixed ^ (mixed >> 15);
    }

    /// The hash of the words so far.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The 16 bits of the hash that travel in a chunk.
    pub const fn short(self) -> u16 {
        (self.0 >> 16) as u16
    }
}

/// The hash of a byte string (XXH3, 64 bits): schema fingerprints and states of matches.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

/// The same with a seed: the checksums of journals.
pub fn hash_bytes_seeded(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_word_changes_the_hash() {
        let hash = |words: &[u32]| {
            let mut hash = WordHash::default();
            for &word in words {
                hash.add(word);
            }
            hash.value()
        };
        assert_ne!(hash(&[1, 2, 3]), hash(&[1, 2, 4]));
        assert_ne!(hash(&[1, 2, 3]), hash(&[1, 3, 2]));
        assert_ne!(hash(&[0]), hash(&[0xffff_ffff]));
    }
}
