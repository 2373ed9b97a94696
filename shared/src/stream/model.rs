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

/// The part of a word that is the probability of a surprise; the rest is its count.
const PROBABILITY: u16 = !COUNT_MAX;

/// The odds of "no" that a word stands for: never sure, since no probability gets near 0 or 1.
#[inline(always)]
fn odds_of(word: u16) -> u32 {
    ODDS_ONE - 2 - u32::from((word & PROBABILITY) >> 1)
}

/// A word after `bit` happened. Works on the probability where it stands.
#[inline(always)]
fn adapted(word: u16, bit: bool) -> u16 {
    // Of a shift only the low five bits count: four times the count.
    let rate = RATES.wrapping_shr(u32::from(word) << 2) & 7;
    let now = word & PROBABILITY;
    let word = word.wrapping_add(u16::from(word & COUNT_MAX < COUNT_MAX));
    if bit {
        word.wrapping_add((PROBABILITY ^ now) >> rate & PROBABILITY)
    } else {
        word.wrapping_sub(now >> rate & PROBABILITY)
    }
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
    use crate::schema::site::{PROBABILITIES, Priors};

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

    /// All words that any decisions lead to are probabilities that a join takes, and odds that the
    /// coder takes.
    #[test]
    fn odds_stay_away_from_a_sure_thing() {
        let mut priors = Priors::default();
        priors.rare(1);
        priors.uncommon(1);
        priors.even(1);
        let mut reached = vec![false; 1 << 16];
        let mut waiting = priors.into_words();
        while let Some(word) = waiting.pop() {
            if core::mem::replace(&mut reached[usize::from(word)], true) {
                continue;
            }
            assert!(PROBABILITIES.contains(&(word >> 3)), "{}", word >> 3);
            assert!((16..=ODDS_ONE - 16).contains(&odds_of(word)));
            waiting.extend([adapted(word, false), adapted(word, true)]);
        }
    }

    /// Working in place comes to the same as taking the word apart.
    #[test]
    fn words_adapt_as_their_parts_do() {
        for word in 0..=u16::MAX {
            let (odds, count) = (word >> 3, word & COUNT_MAX);
            let rate = [1, 1, 2, 3, 4, 4, 5, 5][usize::from(count)];
            let count = (count + 1).min(COUNT_MAX);
            assert_eq!(odds_of(word), ODDS_ONE - 2 - 4 * u32::from(odds));
            let less = odds - (odds >> rate);
            let more = odds + ((8191 - odds) >> rate);
            assert_eq!(adapted(word, false), less << 3 | count);
            assert_eq!(adapted(word, true), more << 3 | count);
        }
    }
}
