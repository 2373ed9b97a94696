//! Bits and bytes: writing and reading numbers of any width, least significant bit first.
//!
//! Knows nothing of what the numbers mean.

// Wire code is where truncating casts are wanted: each one below keeps the bits it just masked.
#![allow(clippy::cast_possible_truncation)]

use crate::error::DecodeError;

/// Appends numbers of 0 to 32 bits to a byte vector.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits not yet in `out`, in the low `filled` bits; always fewer than 8 between calls.
    pending: u64,
    filled: u32,
}

impl<'a> BitWriter<'a> {
    /// A writer that appends to `out`, starting with a fresh byte.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            pending: 0,
            filled: 0,
        }
    }

    /// Writes the low `bits` bits of `value`; `bits` is at most 32.
    pub fn write(&mut self, value: u32, bits: u32) {
        debug_assert!(bits <= 32);
        let mask = (1u64 << bits) - 1;
        self.pending |= (u64::from(value) & mask) << self.filled;
        self.filled += bits;
        while self.filled >= 8 {
            self.out.push(self.pending as u8);
            self.pending >>= 8;
            self.filled -= 8;
        }
    }

    /// Writes one bit.
    pub fn write_bool(&mut self, value: bool) {
        self.write(u32::from(value), 1);
    }

    /// Fills the last byte with zeros.
    pub fn finish(self) {
        if self.filled > 0 {
            self.out.push(self.pending as u8);
        }
    }
}

/// Reads what [`BitWriter`] wrote.
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    pending: u64,
    filled: u32,
}

impl<'a> BitReader<'a> {
    /// A reader of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            pending: 0,
            filled: 0,
        }
    }

    /// Reads a number of `bits` bits, at most 32.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`] if fewer bits are left.
    pub fn read(&mut self, bits: u32) -> Result<u32, DecodeError> {
        debug_assert!(bits <= 32);
        while self.filled < bits {
            let (&byte, rest) = self.bytes.split_first().ok_or(DecodeError::UnexpectedEnd)?;
            self.bytes = rest;
            self.pending |= u64::from(byte) << self.filled;
            self.filled += 8;
        }
        let mask = (1u64 << bits) - 1;
        let value = (self.pending & mask) as u32;
        self.pending >>= bits;
        self.filled -= bits;
        Ok(value)
    }

    /// Reads one bit.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`] if none is left.
    pub fn read_bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.read(1)? != 0)
    }

    /// Ends reading: only zeros that fill the last byte may be left.
    ///
    /// # Errors
    ///
    /// [`DecodeError::LeftOver`] if anything else is.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() && self.filled < 8 && self.pending == 0 {
            Ok(())
        } else {
            Err(DecodeError::LeftOver)
        }
    }
}

/// Appends `value` seven bits at a time, lowest first, the top bit of each byte saying "more".
pub fn write_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number as a varint, folded so that small magnitudes are short: 0, -1, 1, -2.
pub fn write_signed_varint(out: &mut Vec<u8>, value: i32) {
    write_varint(out, ((value << 1) ^ (value >> 31)).cast_unsigned());
}

/// Appends the length of `bytes` as a varint, then `bytes`.
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_varint(
        out,
        u32::try_from(bytes.len()).expect("messages are far below 4 GiB"),
    );
    out.extend_from_slice(bytes);
}

/// Reads bytes, varints and byte strings from a slice.
#[derive(Clone, Copy, Debug)]
pub struct ByteReader<'a> {
    bytes: &'a [u8],
}

impl<'a> ByteReader<'a> {
    /// A reader of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was not read yet.
    pub const fn rest(self) -> &'a [u8] {
        self.bytes
    }

    /// Reads one byte.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`] if none is left.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.bytes.split_first().ok_or(DecodeError::UnexpectedEnd)?;
        self.bytes = rest;
        Ok(byte)
    }

    /// Reads a varint of at most five bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`], or [`DecodeError::OutOfRange`] beyond 32 bits.
    pub fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
            let low = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                return Err(DecodeError::OutOfRange);
            }
            value |= low << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::OutOfRange)
    }

    /// Reads a varint into a smaller type.
    ///
    /// # Errors
    ///
    /// As [`Self::varint`]; [`DecodeError::OutOfRange`] if the number doesn't fit.
    pub fn varint_as<T: TryFrom<u32>>(&mut self) -> Result<T, DecodeError> {
        T::try_from(self.varint()?).map_err(|_| DecodeError::OutOfRange)
    }

    /// Reads what [`write_signed_varint`] wrote.
    ///
    /// # Errors
    ///
    /// As [`Self::varint`].
    pub fn signed_varint(&mut self) -> Result<i32, DecodeError> {
        let folded = self.varint()?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }

    /// Takes the next `count` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedEnd`] if fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(DecodeError::UnexpectedEnd)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// Reads what [`write_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// As [`Self::varint`] and [`Self::take`].
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let count = self.varint_as::<usize>()?;
        self.take(count)
    }

    /// Ends reading.
    ///
    /// # Errors
    ///
    /// [`DecodeError::LeftOver`] if anything is left.
    pub const fn finish(self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::LeftOver)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = (u32, u32)> {
        (any::<u32>(), 0u32..=32).prop_map(|(value, bits)| {
            let mask = if bits == 32 {
                u32::MAX
            } else {
                (1 << bits) - 1
            };
            (value & mask, bits)
        })
    }

    proptest! {
        #[test]
        fn bits_round_trip(numbers in prop::collection::vec(number(), 0..200)) {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            for &(value, bits) in &numbers {
                writer.write(value, bits);
            }
            writer.finish();
            let total: u32 = numbers.iter().map(|&(_, bits)| bits).sum();
            prop_assert_eq!(bytes.len(), total.div_ceil(8) as usize);
            let mut reader = BitReader::new(&bytes);
            for &(value, bits) in &numbers {
                prop_assert_eq!(reader.read(bits), Ok(value));
            }
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn varints_round_trip(value: u32, signed: i32, text: Vec<u8>) {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            write_signed_varint(&mut bytes, signed);
            write_bytes(&mut bytes, &text);
            let mut reader = ByteReader::new(&bytes);
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert_eq!(reader.signed_varint(), Ok(signed));
            prop_assert_eq!(reader.bytes(), Ok(&text[..]));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, widths in prop::collection::vec(0u32..=32, 0..50)) {
            let mut bits = BitReader::new(&bytes);
            for width in widths {
                let _ = bits.read(width);
            }
            let _ = bits.finish();
            let mut reader = ByteReader::new(&bytes);
            while !reader.is_empty() {
                if reader.bytes().is_err() && reader.varint().is_err() && reader.u8().is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_varint_beyond_32_bits_is_refused() {
        let mut reader = ByteReader::new(&[0xff, 0xff, 0xff, 0xff, 0x10]);
        assert_eq!(reader.varint(), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn bits_left_over_are_refused() {
        assert_eq!(BitReader::new(&[0]).finish(), Err(DecodeError::LeftOver));
        let mut reader = BitReader::new(&[0b1000_0001]);
        assert_eq!(reader.read(1), Ok(1));
        assert_eq!(reader.finish(), Err(DecodeError::LeftOver));
    }
}
