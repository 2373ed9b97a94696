//! Where odds lie in the tables of a stream, and what they are before anything was coded.

use core::ops::RangeInclusive;

/// The rates of adaptation count up to this.
pub(crate) const COUNT_MAX: u16 = 7;

/// Where a probability stays from whatever it begins with, out of 2^13.
pub(crate) const PROBABILITIES: RangeInclusive<u16> = 31..=8160;

/// The contexts of one number: a residual of up to 32 bits.
///
/// In this order: "not 0", by context; the sign; "at least 2", by context; the exponents beyond, by
/// exponent and the low three bits of the context; the first bit behind the leading one, by
/// exponent; the second, by exponent and the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NumberSite {
    pub(crate) zero: u32,
    pub(crate) sign: u32,
    pub(crate) first: u32,
    pub(crate) exponents: u32,
    pub(crate) high: u32,
    pub(crate) low: u32,
    /// The highest exponent that a magnitude may have.
    pub(crate) exponent_max: u32,
}

/// Exponents beyond share contexts, in each of the three blocks.
pub(crate) const EXPONENTS: u32 = 16;
pub(crate) const HIGHS: u32 = 17;
pub(crate) const LOWS: u32 = 12;

/// Hands out contexts, and collects the odds that each begins with.
///
/// A word of odds is the probability of a surprise in 13 bits, above a count in 3 bits of what it
/// has seen.
#[derive(Debug, Default)]
pub(crate) struct Priors {
    words: Vec<u16>,
}

impl Priors {
    /// Contexts of something that hardly ever happens.
    pub(crate) fn rare(&mut self, count: u32) -> u32 {
        self.take(count, 8192 / 64)
    }

    /// Contexts of something that happens now and then.
    pub(crate) fn uncommon(&mut self, count: u32) -> u32 {
        self.take(count, 8192 / 10)
    }

    /// Contexts of something about which nothing is known.
    pub(crate) fn even(&mut self, count: u32) -> u32 {
        self.take(count, 8192 / 2)
    }

    /// The contexts of a number of `bits` bits.
    pub(crate) fn number(&mut self, contexts: u32, signs: u32, bits: u32) -> NumberSite {
        let exponent_max = bits.saturating_sub(1);
        let beyond = exponent_max.saturating_sub(1).min(EXPONENTS);
        NumberSite {
            zero: self.even(contexts),
            sign: self.even(signs),
            first: self.even(contexts),
            exponents: self.even(beyond * 8),
            high: self.even(exponent_max.min(HIGHS)),
            low: self.even(exponent_max.min(LOWS) * 2),
            exponent_max,
        }
    }

    pub(crate) fn into_words(self) -> Vec<u16> {
        self.words
    }

    fn take(&mut self, count: u32, odds: u16) -> u32 {
        let start = u32::try_from(self.words.len()).expect("a schema has few fields");
        let count = usize::try_from(count).expect("a u32 fits a usize");
        self.words.resize(self.words.len() + count, odds << 3 | 1);
        start
    }
}
