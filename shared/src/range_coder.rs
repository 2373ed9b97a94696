//! A binary range coder: decisions and their odds as bytes.
//!
//! The shape is LZMA's: a range of 32 bits, whole bytes out, carries that run back into what was
//! written. The lower part of the range stands for 0, the expected symbol: a message in which every
//! decision went as expected is all zeros, and because zeros at the end are left out, empty. Knows
//! nothing of models or rows.
//!
//! One trait serves both directions, so that what is coded is written down once.

// Wire code is where truncating casts are wanted: each one below keeps the bits it just shifted down.
#![allow(clippy::cast_possible_truncation)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use crate::error::DecodeError;

/// The range is kept at or above this, so that 15 bits of odds always cut it in two.
const RANGE_MIN: u32 = 1 << 24;

/// The odds of a sure thing: a decision's odds lie between 0 and this, both excluded.
pub const ODDS_ONE: u32 = 1 << 15;

/// The most bits that [`Coder::raw`] takes at once.
pub const RAW_BITS_MAX: u32 = 16;

/// Either end of the coding: what an encoder is given and returns, a decoder finds and returns.
pub trait Coder {
    /// Whether this is the writing end.
    const ENCODES: bool;

    /// Codes a decision; `odds` out of [`ODDS_ONE`] that it is false.
    fn bit(&mut self, bit: bool, odds: u32) -> bool;

    /// Codes the low `bits` bits, 1 to [`RAW_BITS_MAX`], of a number about which nothing is known.
    fn raw(&mut self, value: u32, bits: u32) -> u32;

    /// What is left of the range: it follows from every decision so far and from its odds.
    fn range(&self) -> u32;

    /// What the coming decisions are about, for those who count.
    #[inline(always)]
    fn about(&mut self, _cause: usize) {}
}

/// Codes the low `bits` bits of a number of up to 32, the lowest first.
pub fn raw_word<C: Coder>(coder: &mut C, value: u32, bits: u32) -> u32 {
    let low = bits.min(RAW_BITS_MAX);
    let mut word = 0;
    if low > 0 {
        word = coder.raw(value & ((1 << low) - 1), low);
    }
    if bits > low {
        word |= coder.raw(value >> low, bits - low) << low;
    }
    word
}

/// Appends decisions to a byte vector.
#[derive(Debug)]
pub struct RangeEncoder<'a> {
    low: u32,
    range: u32,
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> RangeEncoder<'a> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self {
            low: 0,
            range: u32::MAX,
            out,
            start,
        }
    }

    /// Whether everything so far was as expected: the message would be empty.
    pub fn is_as_expected(&self) -> bool {
        self.low == 0 && self.out[self.start..].iter().all(|&byte| byte == 0)
    }

    /// Ends the message with the shortest tail that decodes, zeros being read past the end; returns
    /// what it was appended to.
    #[expect(clippy::must_use_candidate, reason = "most are done with it")]
    pub fn finish(mut self) -> &'a mut Vec<u8> {
        if self.low != 0 {
            self.add(RANGE_MIN - 1);
            self.out.push((self.low >> 24) as u8);
        }
        while self.out.len() > self.start && self.out.last() == Some(&0) {
            self.out.pop();
        }
        self.out
    }

    #[inline(always)]
    fn add(&mut self, part: u32) {
        let (low, carries) = self.low.overflowing_add(part);
        self.low = low;
        if carries {
            self.carry();
        }
    }

    #[cold]
    fn carry(&mut self) {
        for byte in self.out[self.start..].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    #[inline(always)]
    fn widen(&mut self) {
        if self.range < RANGE_MIN {
            self.shift_out();
        }
    }

    // Hardly any decision costs a whole byte: kept out of the way of those that don't.
    #[inline(never)]
    fn shift_out(&mut self) {
        while self.range < RANGE_MIN {
            self.out.push((self.low >> 24) as u8);
            self.low <<= 8;
            self.range <<= 8;
        }
    }
}

impl Coder for RangeEncoder<'_> {
    const ENCODES: bool = true;

    #[inline(always)]
    fn bit(&mut self, bit: bool, odds: u32) -> bool {
        let bound = (self.range >> 15) * odds;
        if bit {
            self.add(bound);
            self.range -= bound;
        } else {
            self.range = bound;
        }
        self.widen();
        bit
    }

    #[inline(always)]
    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.range >>= bits;
        self.add(self.range * value);
        self.widen();
        value
    }

    fn range(&self) -> u32 {
        self.range
    }
}

/// Reads what [`RangeEncoder`] wrote. Any bytes decode to something; bytes that are missing read as
/// zeros, which decode to what was expected.
#[derive(Debug)]
pub struct RangeDecoder<'a> {
    code: u32,
    range: u32,
    bytes: &'a [u8],
}

impl<'a> RangeDecoder<'a> {
    /// A decoder of a whole message.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            code: 0,
            range: u32::MAX,
            bytes,
        };
        for _ in 0..4 {
            decoder.code = decoder.code << 8 | decoder.next();
        }
        decoder
    }

    /// Ends reading.
    ///
    /// # Errors
    ///
    /// [`DecodeError::LeftOver`] if the message goes on.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::LeftOver)
        }
    }

    #[inline(always)]
    fn widen(&mut self) {
        if self.range < RANGE_MIN {
            self.shift_in();
        }
    }

    #[inline(never)]
    fn shift_in(&mut self) {
        while self.range < RANGE_MIN {
            self.code = self.code << 8 | self.next();
            self.range <<= 8;
        }
    }

    fn next(&mut self) -> u32 {
        if let Some((&byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            u32::from(byte)
        } else {
            0
        }
    }
}

impl Coder for RangeDecoder<'_> {
    const ENCODES: bool = false;

    #[inline(always)]
    fn bit(&mut self, _: bool, odds: u32) -> bool {
        let bound = (self.range >> 15) * odds;
        let bit = self.code >= bound;
        if bit {
            self.code -= bound;
            self.range -= bound;
        } else {
            self.range = bound;
        }
        self.widen();
        bit
    }

    #[inline(always)]
    fn raw(&mut self, _: u32, bits: u32) -> u32 {
        self.range >>= bits;
        let value = (self.code / self.range).min((1 << bits) - 1);
        self.code -= value * self.range;
        self.widen();
        value
    }

    fn range(&self) -> u32 {
        self.range
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A decision with its odds, or raw bits.
    #[derive(Clone, Copy, Debug)]
    enum Symbol {
        Bit(bool, u32),
        Raw(u32, u32),
    }

    fn symbols() -> impl Strategy<Value = Vec<Symbol>> {
        let bit = (any::<bool>(), 16..ODDS_ONE - 15).prop_map(|(bit, odds)| Symbol::Bit(bit, odds));
        let sure = (16u32..40).prop_map(|odds| Symbol::Bit(false, ODDS_ONE - odds));
        let raw = (any::<u32>(), 1..=RAW_BITS_MAX)
            .prop_map(|(value, bits)| Symbol::Raw(value & ((1 << bits) - 1), bits));
        prop::collection::vec(prop_oneof![3 => bit, 3 => sure, 1 => raw], 0..400)
    }

    fn code<C: Coder>(coder: &mut C, symbol: Symbol) -> Symbol {
        match symbol {
            Symbol::Bit(bit, odds) => Symbol::Bit(coder.bit(bit, odds), odds),
            Symbol::Raw(value, bits) => Symbol::Raw(coder.raw(value, bits), bits),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(symbols in symbols(), before: Vec<u8>) {
            let mut bytes = before.clone();
            let mut encoder = RangeEncoder::new(&mut bytes);
            for &symbol in &symbols {
                code(&mut encoder, symbol);
            }
            let range = encoder.range();
            encoder.finish();
            prop_assert_eq!(&bytes[..before.len()], &before[..]);
            let mut decoder = RangeDecoder::new(&bytes[before.len()..]);
            for &symbol in &symbols {
                prop_assert_eq!(format!("{:?}", code(&mut decoder, symbol)), format!("{symbol:?}"));
            }
            prop_assert_eq!(decoder.range(), range);
            prop_assert_eq!(decoder.finish(), Ok(()));
        }

        /// Silence costs nothing, whatever the odds were.
        #[test]
        fn what_was_expected_is_empty(odds in prop::collection::vec(16..ODDS_ONE - 15, 0..400)) {
            let mut bytes = Vec::new();
            let mut encoder = RangeEncoder::new(&mut bytes);
            for &odds in &odds {
                encoder.bit(false, odds);
            }
            prop_assert!(encoder.is_as_expected());
            encoder.finish();
            prop_assert_eq!(bytes.len(), 0);
        }

        #[test]
        fn words_of_any_width_survive(value: u32, bits in 0u32..=32) {
            let word = value & u32::MAX.checked_shr(32 - bits).unwrap_or(0);
            let mut bytes = Vec::new();
            let mut encoder = RangeEncoder::new(&mut bytes);
            raw_word(&mut encoder, word, bits);
            encoder.finish();
            prop_assert_eq!(raw_word(&mut RangeDecoder::new(&bytes), 0, bits), word);
        }

        #[test]
        fn garbage_decodes_to_something(bytes: Vec<u8>, symbols in symbols()) {
            let mut decoder = RangeDecoder::new(&bytes);
            for symbol in symbols {
                code(&mut decoder, symbol);
            }
        }
    }
}
