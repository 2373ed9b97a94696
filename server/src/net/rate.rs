//! How much may come in how much time: a bucket of tokens, told the time.
//!
//! Knows nothing of what it counts, and has no clock.

use syncline_shared::tick::Timestamp;

/// For how many seconds a bucket saves. A path or a server that stood still for so long delivers
/// all of it at once, and nobody is to blame.
const SAVED_SECONDS: u64 = 4;

/// Parts of a token: as many as a second has microseconds, so that nothing is ever rounded.
const PARTS: u64 = 1_000_000;

/// Fills at a steady rate up to [`SAVED_SECONDS`] of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    /// Tokens a second, which is parts a microsecond.
    per_second: u64,
    /// In parts.
    level: u64,
    filled: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn full(per_second: u32, now: Timestamp) -> Self {
        let per_second = u64::from(per_second);
        Self {
            per_second,
            level: capacity(per_second),
            filled: now,
        }
    }

    /// Takes `amount` tokens, if they are there; else none.
    pub(crate) fn take(&mut self, amount: u64, now: Timestamp) -> bool {
        let gained = now.since(self.filled).saturating_mul(self.per_second);
        let level = self.level.saturating_add(gained);
        self.level = level.min(capacity(self.per_second));
        // Never back: a time that was seen is not counted twice.
        self.filled = self.filled.max(now);
        let Some(left) = self.level.checked_sub(amount.saturating_mul(PARTS)) else {
            return false;
        };
        self.level = left;
        true
    }
}

/// The most parts in a bucket. The largest rate has less than a thousandth of what fits.
const fn capacity(per_second: u64) -> u64 {
    per_second * SAVED_SECONDS * PARTS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_bucket_has_what_was_saved_and_then_the_rate() {
        let mut bucket = TokenBucket::full(10, Timestamp::ZERO);
        assert!(bucket.take(40, Timestamp::ZERO));
        assert!(!bucket.take(1, Timestamp::ZERO));
        assert!(!bucket.take(1, Timestamp(99_999)));
        assert!(bucket.take(1, Timestamp(100_000)));
        assert!(!bucket.take(1, Timestamp(100_000)));
        assert!(bucket.take(40, Timestamp::from_millis(60_000)));
        assert!(!bucket.take(1, Timestamp::from_millis(60_000)));
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let mut bucket = TokenBucket::full(10, Timestamp::ZERO);
        assert!(!bucket.take(41, Timestamp::ZERO));
        assert!(bucket.take(40, Timestamp::ZERO));
    }

    #[test]
    fn the_largest_rate_counts_right() {
        let mut bucket = TokenBucket::full(u32::MAX, Timestamp::ZERO);
        assert!(bucket.take(4 * u64::from(u32::MAX), Timestamp(u64::MAX)));
        assert!(!bucket.take(1, Timestamp(u64::MAX)));
        assert!(!bucket.take(u64::MAX, Timestamp(u64::MAX)));
    }

    proptest! {
        /// Whatever is asked for and when, no window of time gives more than what was saved and
        /// what came in it; and a client below the rate is never refused.
        #[test]
        fn no_window_gives_more_than_saved_and_come(
            rate in 1u32..1000,
            steps in prop::collection::vec((0u64..2_000_000, 0u64..50), 1..100),
        ) {
            let mut bucket = TokenBucket::full(rate, Timestamp::ZERO);
            let mut now = 0;
            let mut taken: Vec<(u64, u64)> = Vec::new();
            for (pause, amount) in steps {
                now += pause;
                if bucket.take(amount, Timestamp(now)) {
                    taken.push((now, amount));
                }
            }
            for (first, (start, _)) in taken.iter().enumerate() {
                let mut sum = 0;
                for (at, amount) in &taken[first..] {
                    sum += amount;
                    let come = (at - start) * u64::from(rate);
                    prop_assert!(sum * PARTS <= capacity(rate.into()) + come);
                }
            }
        }

        #[test]
        fn whoever_keeps_to_the_rate_is_never_refused(
            rate in 1u32..1000,
            pauses in prop::collection::vec(1u64..3_000_000, 1..100),
        ) {
            let mut bucket = TokenBucket::full(rate, Timestamp::ZERO);
            let (mut now, mut owed) = (0, 0);
            for pause in pauses {
                now += pause;
                owed += pause.min(SAVED_SECONDS * PARTS) * u64::from(rate);
                prop_assert!(bucket.take(owed / PARTS, Timestamp(now)));
                owed %= PARTS;
            }
        }

        /// Clocks that go back give nothing twice.
        #[test]
        fn a_time_seen_before_gives_nothing(times in prop::collection::vec(0u64..1_000_000, 1..50)) {
            let mut bucket = TokenBucket::full(1, Timestamp::from_millis(1000));
            prop_assert!(bucket.take(SAVED_SECONDS, Timestamp::from_millis(1000)));
            for time in times {
                prop_assert!(!bucket.take(1, Timestamp(time)));
            }
        }
    }
}
