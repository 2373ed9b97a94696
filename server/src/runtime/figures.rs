//! What one room has measured and counted since it opened, for those who look into it.
//!
//! Plain numbers; the thread of the room fills them in, and shows a copy now and then.

use std::collections::BTreeMap;

use syncline_server_core::counters::RoomCounters;

/// One room's figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// What the room counts.
    pub(crate) counters: RoomCounters,
    /// How long ticks took.
    pub(crate) ticks: Spread,
    /// How late they began.
    pub(crate) lateness: Spread,
    /// How long the streams of a snapshot took to encode.
    pub(crate) encoding: Spread,
    /// Frames that wait for members' credit now.
    pub(crate) waiting_frames: usize,
    /// About how many bytes they have.
    pub(crate) waiting_bytes: usize,
    /// About how many bytes are held back for those who watch.
    pub(crate) held_back_bytes: usize,
    /// Connections that the room closed, by reason.
    pub(crate) closes: BTreeMap<&'static str, u64>,
}

/// How durations are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spread {
    /// How many were up to 2^(n + 4) microseconds, and more than half of that; the last one holds
    /// all that were longer.
    pub(crate) buckets: [u64; Self::BUCKETS],
    /// How many there were.
    pub(crate) count: u64,
    /// All together, in microseconds.
    pub(crate) sum: u64,
}

impl Spread {
    /// Up to 16 us, to half a second, and beyond.
    const BUCKETS: usize = 17;

    /// Adds a duration.
    pub(crate) fn add(&mut self, micros: u64) {
        let power = micros.max(1).next_power_of_two().trailing_zeros();
        let bucket = usize::try_from(power.saturating_sub(4)).unwrap_or(usize::MAX);
        self.buckets[bucket.min(Self::BUCKETS - 1)] += 1;
        self.count += 1;
        self.sum += micros;
    }

    /// A duration that so many thousandths of all did not exceed, in microseconds: at most twice too
    /// much; nothing without any.
    pub(crate) fn percentile(&self, thousandths: u64) -> Option<u64> {
        let mut left = (self.count * thousandths).div_ceil(1000).max(1);
        for (power, &count) in (4..).zip(&self.buckets) {
            if count >= left {
                return Some(1 << power);
            }
            left -= count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_found_again_within_a_factor_of_two() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(500), None);
        for micros in [0, 16, 17, 100, 1000, 33_000, u64::from(u32::MAX)] {
            spread.add(micros);
        }
        assert_eq!(spread.buckets[0], 2);
        assert_eq!(spread.percentile(1), Some(16));
        assert_eq!(spread.percentile(500), Some(128));
        assert_eq!(spread.percentile(800), Some(65_536));
        assert_eq!(spread.percentile(1000), Some(1 << 20));
        assert_eq!(spread.count, 7);
    }
}
