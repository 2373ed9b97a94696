//! What each class and field costs: a coder that counts bits by cause.
//!
//! Costs nothing where nobody counts, and doesn't change a byte of what is written.

// A cost is at most 16 bits, and positive.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::range_coder::{Coder, ODDS_ONE, RangeEncoder};

/// The parts of a bit in which costs are counted.
pub const COSTS_PER_BIT: u64 = 1 << 16;

/// What chunks cost, by cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitCosts {
    costs: Vec<u64>,
    chunks: u64,
}

impl BitCosts {
    /// What was spent on each of a schema's [causes](crate::schema::Schema::causes), in parts of a
    /// bit, [`COSTS_PER_BIT`] to one.
    pub fn costs(&self) -> &[u64] {
        &self.costs
    }

    /// How many chunks were counted.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Another chunk of a stream with `causes` causes.
    pub(super) fn begin_chunk(&mut self, causes: usize) {
        self.costs.resize(causes.max(self.costs.len()), 0);
        self.chunks += 1;
    }
}

/// A range coder that counts.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    pub(super) coder: RangeEncoder<'a>,
    pub(super) costs: &'a mut BitCosts,
    pub(super) cause: usize,
}

impl Meter<'_> {
    fn spend(&mut self, cost: u64) {
        if let Some(spent) = self.costs.costs.get_mut(self.cause) {
            *spent += cost;
        }
    }
}

impl Coder for Meter<'_> {
    const ENCODES: bool = true;

    fn bit(&mut self, bit: bool, odds: u32) -> bool {
        let part = if bit { ODDS_ONE - odds } else { odds };
        let bits = (f64::from(ODDS_ONE) / f64::from(part)).log2();
        self.spend((bits * 65_536.0) as u64);
        self.coder.bit(bit, odds)
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.spend(u64::from(bits) * COSTS_PER_BIT);
        self.coder.raw(value, bits)
    }

    fn range(&self) -> u32 {
        self.coder.range()
    }

    fn about(&mut self, cause: usize) {
        self.cause = cause;
    }
}
