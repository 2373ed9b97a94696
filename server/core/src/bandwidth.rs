//! What a room's streams cost of late, by cause.
//!
//! Owns which snapshots are sampled and for how long they count. Changes no byte that is sent, and
//! doesn't know what the causes are called: a schema does.

use syncline_shared::stream::BitCosts;
use syncline_shared::tick::TickRate;

/// How far back the samples reach, in seconds.
const WINDOW_SECONDS: u32 = 60;

/// Cuts a run of snapshots into parts that spread well: the golden ratio, of 2^32.
const SPREAD: u32 = 2_654_435_769;

/// The samples of the last minute or so, in two halves of which the older one is dropped whole.
#[derive(Debug)]
pub struct Bandwidth {
    /// Of so many snapshots in a row one is sampled; of 0 none.
    sampling: u32,
    half_ticks: u32,
    /// Which run of `sampling` snapshots it is, and how far it is.
    run: u32,
    place: u32,
    sampled: u64,
    older: Period,
    newer: Period,
}

/// The samples of a stretch of time.
#[derive(Debug, Default)]
pub(crate) struct Period {
    ticks: u32,
    snapshots: u32,
    pub(crate) common: StreamMeter,
    pub(crate) own: StreamMeter,
}

/// Where the chunks of one kind of stream are counted.
#[derive(Debug, Default)]
pub(crate) struct StreamMeter {
    pub(crate) spent: BitCosts,
    pub(crate) bytes: u64,
}

/// What the chunks of one kind of stream cost.
#[derive(Clone, Debug, Default)]
pub struct StreamCosts {
    /// How many chunks were counted, those included that had nothing to say.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What was spent on each of the schema's causes, in parts of a bit, as
    /// [`syncline_shared::stream::BitCosts::costs`] has them; empty if nothing was counted.
    pub costs: Vec<u64>,
}

/// What was sampled lately.
#[derive(Clone, Debug, Default)]
pub struct BandwidthWindow {
    /// How many ticks the window spans, those included whose snapshots were not sampled.
    pub ticks: u32,
    /// How many snapshots of them were sampled.
    pub snapshots: u32,
    /// The stream that all follow.
    pub common: StreamCosts,
    /// All streams that one player alone follows.
    pub own: StreamCosts,
}

impl Bandwidth {
    /// Samples one of `sampling` snapshots of a game with this rate, or none of 0.
    pub(crate) fn new(sampling: u32, rate: TickRate) -> Self {
        Self {
            sampling,
            half_ticks: WINDOW_SECONDS / 2 * u32::from(rate.as_hz()),
            run: 1,
            place: 0,
            sampled: 0,
            older: Period::default(),
            newer: Period::default(),
        }
    }

    /// Of how many snapshots one is sampled; 0 if none is.
    pub fn sampling(&self) -> u32 {
        self.sampling
    }

    /// How many snapshots were sampled since the room began.
    pub fn sampled(&self) -> u64 {
        self.sampled
    }

    /// The samples of the last half to whole minute of play.
    pub fn window(&self) -> BandwidthWindow {
        let (older, newer) = (&self.older, &self.newer);
        BandwidthWindow {
            ticks: older.ticks + newer.ticks,
            snapshots: older.snapshots + newer.snapshots,
            common: StreamCosts::sum([&older.common, &newer.common]),
            own: StreamCosts::sum([&older.own, &newer.own]),
        }
    }

    /// The next snapshot, `span` ticks after the last: where its costs are counted, if they are.
    pub(crate) fn next_snapshot(&mut self, span: u32) -> Option<&mut Period> {
        if self.sampling == 0 {
            return None;
        }
        if self.newer.ticks >= self.half_ticks {
            self.older = core::mem::take(&mut self.newer);
        }
        self.newer.ticks = self.newer.ticks.saturating_add(span);
        let is_sampled = self.place == self.place_sampled();
        self.place += 1;
        if self.place == self.sampling {
            self.place = 0;
            self.run = self.run.wrapping_add(1);
        }
        if !is_sampled {
            return None;
        }
        self.sampled += 1;
        self.newer.snapshots += 1;
        Some(&mut self.newer)
    }

    /// Which snapshot of this run is sampled: another one in each, so that what happens at regular
    /// times is neither always seen nor never.
    fn place_sampled(&self) -> u32 {
        let part = u64::from(self.run.wrapping_mul(SPREAD));
        let place = (part * u64::from(self.sampling)) >> 32;
        u32::try_from(place).expect("less than the length of a run")
    }
}

impl StreamCosts {
    fn sum(meters: [&StreamMeter; 2]) -> Self {
        let mut sum = Self::default();
        for meter in meters {
            let spent = meter.spent.costs();
            sum.chunks += meter.spent.chunks();
            sum.bytes += meter.bytes;
            sum.costs.resize(spent.len().max(sum.costs.len()), 0);
            for (sum, cost) in sum.costs.iter_mut().zip(spent) {
                *sum += cost;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: TickRate = TickRate::hz(30);

    /// Which of the first `snapshots` snapshots are sampled.
    fn sampled(sampling: u32, snapshots: u32) -> Vec<u32> {
        let mut bandwidth = Bandwidth::new(sampling, RATE);
        (0..snapshots)
            .filter(|_| bandwidth.next_snapshot(1).is_some())
            .collect()
    }

    #[test]
    fn one_snapshot_of_each_run_is_sampled_and_not_always_the_same() {
        for sampling in [1, 2, 16, 1000] {
            let runs: Vec<u32> = sampled(sampling, sampling * 20)
                .into_iter()
                .map(|snapshot| snapshot / sampling)
                .collect();
            assert_eq!(runs, (0..20).collect::<Vec<_>>(), "one of {sampling}");
        }
        let mut places: Vec<u32> = sampled(16, 16 * 160).iter().map(|at| at % 16).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places, (0..16).collect::<Vec<_>>());
    }

    #[test]
    fn none_is_sampled_of_none() {
        assert_eq!(sampled(0, 100), []);
        assert_eq!(Bandwidth::new(0, RATE).window().ticks, 0);
    }

    #[test]
    fn the_window_is_the_last_half_to_whole_minute() {
        let mut bandwidth = Bandwidth::new(1, RATE);
        let mut widest = 0;
        for snapshot in 0..10_000_u32 {
            if let Some(period) = bandwidth.next_snapshot(3) {
                period.common.bytes += 7;
            }
            let window = bandwidth.window();
            assert_eq!(window.ticks, 3 * window.snapshots);
            assert_eq!(window.common.bytes, 7 * u64::from(window.snapshots));
            assert!(window.ticks > 30 * 30 || window.snapshots == snapshot + 1);
            widest = widest.max(window.ticks);
        }
        assert_eq!(widest, 60 * 30);
        assert_eq!(bandwidth.sampled(), 10_000);
    }
}
