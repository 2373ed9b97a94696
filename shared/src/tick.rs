//! Ticks, tick rates and timestamps: the units of time that both ends share.
//!
//! Nothing here reads a clock; a [`Timestamp`] is always handed in.

use core::fmt;

use serde::{Deserialize, Serialize};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// One fixed step of a match, counted from 0.
///
/// Ordered and never wrapping: at 30 Hz a `u32` lasts 4.5 years, at 128 Hz more than one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Tick(pub u32);

impl Tick {
    /// The state of a match before its first step.
    pub const ZERO: Self = Self(0);

    /// The tick after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The tick `ticks` later.
    #[must_use]
    pub const fn plus(self, ticks: u32) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// The tick `ticks` earlier, or [`Tick::ZERO`].
    #[must_use]
    pub const fn minus(self, ticks: u32) -> Self {
        Self(self.0.saturating_sub(ticks))
    }

    /// How many ticks lie between `earlier` and this one; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whether this tick is a multiple of `interval`. No tick is a multiple of 0.
    pub const fn is_multiple_of(self, interval: u32) -> bool {
        interval != 0 && self.0.is_multiple_of(interval)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Microseconds since an origin that the caller chose: a room's beginning, a client's start.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// A timestamp `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Whole milliseconds since the origin.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// The timestamp `micros` microseconds later.
    #[must_use]
    pub const fn plus_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds since `earlier`; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Microseconds from `other` to this, negative if this is earlier.
    pub fn offset_from(self, other: Self) -> i64 {
        if self >= other {
            i64::try_from(self.0 - other.0).unwrap_or(i64::MAX)
        } else {
            i64::try_from(other.0 - self.0).map_or(i64::MIN, |micros| -micros)
        }
    }
}

/// Steps per second of a game, 1 to 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct TickRate(u16);

impl TickRate {
    /// The highest rate a game may run at, in Hz.
    pub const HZ_MAX: u16 = 128;

    /// A rate of `hz` steps per second, for constants.
    ///
    /// # Panics
    ///
    /// If `hz` is not in `1..=128`; in a constant this fails the build.
    pub const fn hz(hz: u16) -> Self {
        assert!(hz >= 1 && hz <= Self::HZ_MAX, "a tick rate is 1 to 128 Hz");
        Self(hz)
    }

    /// Steps per second.
    pub const fn as_hz(self) -> u16 {
        self.0
    }

    /// When `tick` is due, counted from when tick 0 was: computed, never accumulated.
    pub fn due(self, tick: Tick) -> Timestamp {
        Timestamp(u64::from(tick.0) * MICROS_PER_SECOND / u64::from(self.0))
    }

    /// The last tick that is due `at` after tick 0 was.
    pub fn tick_at(self, at: Timestamp) -> Tick {
        let ticks = (u128::from(at.0) * u128::from(self.0) + u128::from(self.0))
            / u128::from(MICROS_PER_SECOND);
        // `due` rounds down, so the quotient is off by at most one.
        let tick = Tick(u32::try_from(ticks).unwrap_or(u32::MAX));
        if self.due(tick) > at {
            tick.minus(1)
        } else {
            tick
        }
    }

    /// Microseconds from one tick to the next, rounded down.
    pub fn period_micros(self) -> u64 {
        MICROS_PER_SECOND / u64::from(self.0)
    }

    /// The least number of ticks that cover `micros`.
    pub fn ticks_covering(self, micros: u64) -> u32 {
        let ticks = (micros.saturating_mul(u64::from(self.0))).div_ceil(MICROS_PER_SECOND);
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }
}

impl TryFrom<u16> for TickRate {
    type Error = TickRateOutOfRange;

    fn try_from(hz: u16) -> Result<Self, Self::Error> {
        if (1..=Self::HZ_MAX).contains(&hz) {
            Ok(Self(hz))
        } else {
            Err(TickRateOutOfRange(hz))
        }
    }
}

impl From<TickRate> for u16 {
    fn from(rate: TickRate) -> Self {
        rate.0
    }
}

/// A tick rate outside `1..=128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tick rate is 1 to 128 Hz, not {0}")]
pub struct TickRateOutOfRange(pub u16);

/// Which moment of the match a player was looking at, in eighths of a tick.
///
/// A client draws others between two snapshots; this says where, so that the server can judge a
/// shot in the world its shooter saw.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ViewTick(pub u64);

impl ViewTick {
    /// Eighths in a tick.
    pub const EIGHTHS: u64 = 8;

    /// Exactly `tick`.
    pub fn at(tick: Tick) -> Self {
        Self(u64::from(tick.0) * Self::EIGHTHS)
    }

    /// How many eighths of a tick this lies before `tick`; 0 if it lies after.
    pub fn lag(self, tick: Tick) -> u64 {
        Self::at(tick).0.saturating_sub(self.0)
    }

    /// The moment `eighths` before `tick`.
    #[must_use]
    pub fn before(tick: Tick, eighths: u64) -> Self {
        Self(Self::at(tick).0.saturating_sub(eighths))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A tick is the last one due at the moment it is due, and not a microsecond before.
        #[test]
        fn tick_at_inverts_due(hz in 1u16..=128, tick in 1u32..1_000_000_000) {
            let rate = TickRate::try_from(hz).unwrap();
            let due = rate.due(Tick(tick));
            prop_assert_eq!(rate.tick_at(due), Tick(tick));
            prop_assert_eq!(rate.tick_at(Timestamp(due.0 - 1)), Tick(tick - 1));
        }
    }

    #[test]
    fn rates_outside_the_range_are_refused() {
        assert!(TickRate::try_from(0).is_err());
        assert!(TickRate::try_from(129).is_err());
        assert_eq!(TickRate::try_from(128).map(TickRate::as_hz), Ok(128));
    }

    #[test]
    fn a_view_lies_before_its_tick() {
        let view = ViewTick::before(Tick(10), 12);
        assert_eq!(view.lag(Tick(10)), 12);
        assert_eq!(ViewTick::before(Tick(1), 100), ViewTick(0));
    }
}
