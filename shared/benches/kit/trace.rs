//! A recorded world: what a game would have written, tick by tick.

use std::sync::Arc;

use syncline_shared::id::PlayerId;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Frame, SnapshotWriter};

use super::format::Format;
use super::options::Options;

/// The snapshots at the start that averages leave out: the first holds every entity's first row.
pub(crate) const START_TICKS: usize = 6;

/// A world that can be recorded.
#[derive(Clone)]
pub(crate) struct Case {
    /// What it is chosen by.
    pub(crate) name: String,
    /// How many there are.
    pub(crate) ticks: usize,
    /// Whether to measure what people use instead: not for rows that are another case's as well, of
    /// which only the schema says more or less. That is nothing to the baselines.
    pub(crate) has_baselines: bool,
    /// What it is made from if nothing else is asked for.
    pub(crate) default_seed: u64,
    /// Makes it from a seed and a number of ticks.
    pub(crate) record: Arc<dyn Fn(u64, usize) -> Trace>,
}

impl Case {
    /// A case of so many ticks, that `record` makes from a seed and a number of ticks.
    pub(crate) fn new(
        name: impl Into<String>,
        ticks: usize,
        record: impl Fn(u64, usize) -> Trace + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            ticks,
            has_baselines: true,
            default_seed: 1,
            record: Arc::new(record),
        }
    }

    /// Records as much of it as asked for.
    pub(crate) fn record(&self, options: &Options) -> Trace {
        let seed = options.seed.unwrap_or(self.default_seed);
        let mut trace = (self.record)(seed, self.ticks.min(options.ticks));
        trace.seed = seed;
        trace
    }
}

/// What makes the format that carries a world's frames as plain structs.
pub(crate) type MakePlain = for<'a> fn(&'a Schema, &'a [Frame]) -> Box<dyn Format + 'a>;

/// A recorded world. A snapshot is taken at every tick.
pub(crate) struct Trace {
    pub(crate) schema: Arc<Schema>,
    pub(crate) hz: u16,
    pub(crate) seed: u64,
    pub(crate) ticks: Vec<SnapshotWriter>,
    /// Players who see something of their own.
    pub(crate) players: Vec<PlayerId>,
    pub(crate) plain: MakePlain,
}

impl Trace {
    /// A world of which nothing is recorded yet.
    pub(crate) fn new(schema: Arc<Schema>, hz: u16, plain: MakePlain) -> Self {
        Self {
            schema,
            hz,
            seed: 0,
            ticks: Vec::new(),
            players: Vec::new(),
            plain,
        }
    }

    /// Adds a tick.
    pub(crate) fn push(&mut self, written: SnapshotWriter) {
        self.ticks.push(written);
    }

    /// Rows that everybody sees, of all ticks from `start` on.
    pub(crate) fn rows(&self, start: usize) -> usize {
        let ticks = self.ticks.iter().skip(start);
        ticks.map(|tick| tick.everyone().rows().len()).sum()
    }

    /// Rows that one player sees, of all players and all ticks from `start` on.
    pub(crate) fn own_rows(&self, start: usize) -> usize {
        let ticks = self.ticks.iter().skip(start);
        let rows = |player: &PlayerId, tick: &SnapshotWriter| tick.player(*player).rows().len();
        ticks
            .map(|tick| {
                self.players
                    .iter()
                    .map(|player| rows(player, tick))
                    .sum::<usize>()
            })
            .sum()
    }
}

/// How many times as large one number is as another.
#[expect(
    clippy::cast_precision_loss,
    reason = "sums of bytes and rows are below 2^53"
)]
pub(crate) fn ratio(number: usize, other: usize) -> f64 {
    number as f64 / other.max(1) as f64
}
