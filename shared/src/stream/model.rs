//! Decisions with odds that are learned: the tables of a stream, and numbers made of decisions.
//!
//! Knows nothing of rows: who codes names the contexts.

// Every cast below is of a value that was just masked or compared to fit.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use crate::range_coder::{Coder, ODDS_ONE, RAW_BITS_MAX, raw_word};
use crate::schema::site::{COUNT_MAX, EXPONENTS, HIGHS, LOWS, NumberSite};

/// Odds never go nearer to a sure thing than this, out of [`ODDS_ONE`].
const ODDS_MIN: u32 = 16;

/// How far a word's odds go towards what happened, as a power of two, by the word's count.
const RATES: u32 = 0x5544_3211;

/// The odds of a stream's decisions.
pub(super) trait Odds {
    /// Codes a decision in a context.
    fn decide<C: Coder>(&mut self, coder: &mut C, context: u32, bit: bool) -> bool;
}

/// Odds that follow what happens: a table of the stream's own.
#[derive(Debug)]
pub(super) struct Adaptive<'a>(pub(super) &'a mut [u16]);

/// Odds that stay as the schema has them: no memory, for streams of which there are thousands.
#[derive(Debug)]
pub(super) struct Primed<'a>(pub(super) &'a [u16]);

/// The odds of "no" that a word stands for.
#[inline(always)]
fn odds_of(word: u16) -> u32 {
    let surprise = (u32::from(word >> 3) << 1 | 1) << 1;
    ODDS_ONE - surprise.clamp(ODDS_MIN, ODDS_ONE - ODDS_MIN)
}

/// A word after `bit` happened.
#[inline(always)]
fn adapted(word: u16, bit: bool) -> u16 {
    let (odds, count) = (word >> 3, word & COUNT_MAX);
    let rate = RATES >> (4 * count) & 7;
    let odds = if bit {
        odds + ((8191 - odds) >> rate)
    } else {
        odds - (odds >> rate)
    };
    odds << 3 | (count + 1).min(COUNT_MAX)
}

impl Odds for Adaptive<'_> {
    #[inline(always)]
    fn decide<C: Coder>(&mut self, coder: &mut C, context: u32, bit: bool) -> bool {
        let place = &mut self.0[context as usize];
        let word = *place;
        let bit = coder.bit(bit, odds_of(word));
        *place = adapted(word, bit);
        bit
    }
}

impl Odds for Primed<'_> {
    #[inline(always)]
    fn decide<C: Coder>(&mut self, coder: &mut C, context: u32, bit: bool) -> bool {
        coder.bit(bit, odds_of(self.0[context as usize]))
    }
}

/// A coder with the odds of its decisions.
#[derive(Debug)]
pub(super) struct Codec<C, O> {
    pub(super) coder: C,
    pub(super) odds: O,
}

/// In which contexts a number is coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contexts {
    pub(super) value: u32,
    pub(super) sign: u32,
    /// The sign, where it can only be one.
    pub(super) known: Option<bool>,
}

impl<C: Coder, O: Odds> Codec<C, O> {
    /// Codes a decision in a context.
    #[inline(always)]
    pub(super) fn decide(&mut self, context: u32, bit: bool) -> bool {
        self.odds.decide(&mut self.coder, context, bit)
    }

    /// Codes the low `bits` bits of a word about which nothing is known.
    pub(super) fn raw(&mut self, word: u32, bits: u32) -> u32 {
        raw_word(&mut self.coder, word, bits)
    }

    /// Codes a residual: whether it is 0, its sign, its exponent in unary, then what is behind the
    /// leading one, of which two bits have odds.
    #[inline(never)]
    pub(super) fn number(&mut self, site: &NumberSite, contexts: Contexts, value: i32) -> i32 {
        if !self.decide(site.zero + contexts.value, value != 0) {
            return 0;
        }
        let below = match contexts.known {
            Some(known) => known,
            None => self.decide(site.sign + contexts.sign, value < 0),
        };
        let magnitude = value.unsigned_abs();
        let exponent = self.exponent(site, contexts.value, magnitude.max(1).ilog2());
        let magnitude = self.mantissa(site, exponent, magnitude);
        if below {
            (magnitude as i32).wrapping_neg()
        } else {
            magnitude as i32
        }
    }

    #[inline(always)]
    fn exponent(&mut self, site: &NumberSite, context: u32, exponent: u32) -> u32 {
        if site.exponent_max == 0 || !self.decide(site.first + context, exponent > 0) {
            return 0;
        }
        let mut reached = 1;
        while reached < site.exponent_max {
            let place = (reached - 1).min(EXPONENTS - 1);
            let at = site.exponents + place * 8 + (context & 7);
            if !self.decide(at, exponent > reached) {
                break;
            }
            reached += 1;
        }
        reached
    }

    #[inline(always)]
    fn mantissa(&mut self, site: &NumberSite, exponent: u32, magnitude: u32) -> u32 {
        let mut left = exponent;
        let mut read = 1;
        if left > 0 {
            left -= 1;
            let place = (exponent - 1).min(HIGHS - 1);
            let high = self.decide(site.high + place, magnitude >> left & 1 != 0);
            read = read << 1 | u32::from(high);
            if left > 0 {
                left -= 1;
                let place = (exponent - 1).min(LOWS - 1);
                let at = site.low + place * 2 + u32::from(high);
                read = read << 1 | u32::from(self.decide(at, magnitude >> left & 1 != 0));
            }
        }
        while left > 0 {
            let bits = left.min(RAW_BITS_MAX);
            left -= bits;
            let part = magnitude >> left & ((1 << bits) - 1);
            read = read << bits | self.coder.raw(part, bits);
        }
        read
    }
}

/// The class of a size: 0, 1, 2 to 3, 4 to 7, ...
#[inline(always)]
pub(super) fn class_of(size: u32) -> u32 {
    32 - size.leading_zeros()
}

/// The context of a sign: 0, 1 above, 2 below.
#[inline(always)]
pub(super) fn sign_of(sign: i8) -> u32 {
    u32::from(sign > 0) + 2 * u32::from(sign < 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::range_coder::{RangeDecoder, RangeEncoder};
    use crate::schema::site::Priors;

    proptest! {
        /// Whatever was learned before, a number comes back, and both ends have learned the same.
        #[test]
        fn numbers_survive(
            values in prop::collection::vec((any::<i32>(), 0u32..32, 0u32..8), 1..60),
            bits in 1u32..=32,
        ) {
            let mut priors = Priors::default();
            let site = priors.number(8, 2, bits);
            let mut tables = [priors.into_words(), Vec::new()];
            tables[1] = tables[0].clone();
            let [here, there] = &mut tables;
            let mut bytes = Vec::new();
            let size_max = 1u64 << (bits - 1) | ((1 << (bits - 1)) - 1);
            let fit = |value: i32, shift: u32| {
                let value = value >> shift;
                let fits = u64::from(value.unsigned_abs()) <= size_max;
                if fits { value } else { value % 2 }
            };
            let contexts = |value| Contexts { value, sign: value & 1, known: None };
            let mut wire = Codec { coder: RangeEncoder::new(&mut bytes), odds: Adaptive(here) };
            for &(value, shift, context) in &values {
                wire.number(&site, contexts(context), fit(value, shift));
            }
            wire.coder.finish();
            let mut wire = Codec { coder: RangeDecoder::new(&bytes), odds: Adaptive(there) };
            for &(value, shift, context) in &values {
                prop_assert_eq!(wire.number(&site, contexts(context), 0), fit(value, shift));
            }
            prop_assert_eq!(&tables[0], &tables[1]);
        }
    }

    #[test]
    fn odds_stay_within_what_the_coder_takes() {
        for bit in [false, true] {
            let mut word = 4096 << 3;
            for _ in 0..1000 {
                word = adapted(word, bit);
                let odds = odds_of(word);
                assert!((ODDS_MIN..=ODDS_ONE - ODDS_MIN).contains(&odds));
            }
        }
    }
}
