//! The seeded generator that games draw from.

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

/// A deterministic generator, part of a match's checkpoint.
///
/// PCG-XSH-RR 64/32 underneath. The ranges are drawn by our own arithmetic, because libraries keep
/// the right to change how they map bits to ranges, and a journal must replay for years.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rng(Pcg32);

impl Rng {
    /// The generator that `seed` names.
    pub fn from_seed(seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(seed))
    }

    /// Any `u32`, uniform.
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Any `u64`, uniform.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, or 0 if `bound` is 0.
    ///
    /// The high half of a 64-bit product (Lemire's method without rejection): the bias is below
    /// `bound / 2^32`, which no player can see.
    pub fn below(&mut self, bound: u32) -> u32 {
        let product = u64::from(self.next_u32()) * u64::from(bound);
        u32::try_from(product >> 32).expect("the high half of a product of two u32 fits")
    }

    /// A number in `low..=high`; `low` if the range is empty.
    pub fn range(&mut self, low: i32, high: i32) -> i32 {
        let span = high.max(low).abs_diff(low);
        let step = if span == u32::MAX {
            self.next_u32()
        } else {
            self.below(span + 1)
        };
        low.wrapping_add_unsigned(step)
    }

    /// A float in `[0, 1)` with 24 random bits.
    pub fn unit(&mut self) -> f32 {
        let bits = self.next_u32() >> 8;
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact in an f32")]
        let fraction = bits as f32 / 16_777_216.0;
        fraction
    }

    /// True with probability `numerator / denominator`.
    pub fn chance(&mut self, numerator: u32, denominator: u32) -> bool {
        self.below(denominator) < numerator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal depends on these numbers for ever.
    #[test]
    fn the_sequence_of_a_seed_never_changes() {
        let mut rng = Rng::from_seed(7);
        let drawn: Vec<u32> = (0..4).map(|_| rng.below(1000)).collect();
        let mut again = Rng::from_seed(7);
        assert_eq!(drawn, (0..4).map(|_| again.below(1000)).collect::<Vec<_>>());
        assert_eq!(drawn, GOLDEN, "the generator of old journals changed");
    }

    const GOLDEN: [u32; 4] = [568, 96, 638, 820];

    #[test]
    fn ranges_are_kept() {
        let mut rng = Rng::from_seed(1);
        for _ in 0..1000 {
            assert!(rng.below(7) < 7);
            assert!((-3..=4).contains(&rng.range(-3, 4)));
            assert!((0.0..1.0).contains(&rng.unit()));
        }
        let wide: Vec<i32> = (0..100).map(|_| rng.range(i32::MIN, i32::MAX)).collect();
        assert!(wide.iter().any(|&drawn| drawn < 0) && wide.iter().any(|&drawn| drawn > 0));
        let most: Vec<i32> = (0..100)
            .map(|_| rng.range(-2_000_000_000, 2_000_000_000))
            .collect();
        assert!(most.iter().any(|&drawn| drawn < 0) && most.iter().any(|&drawn| drawn > 0));
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.range(5, 5), 5);
        assert_eq!(rng.range(5, 4), 5);
    }
}
