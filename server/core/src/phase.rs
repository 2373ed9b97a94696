//! Where a room is in its life, and what it owns in each phase.
//!
//! Data alone: the transitions are the room's.

use std::collections::BTreeSet;

use syncline_shared::game::Outcome;
use syncline_shared::id::SessionId;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::{Tick, Timestamp};

use crate::match_state::Match;
use crate::replication::Replication;

/// Where a room is in its life.
///
/// ```text
///            enough players               the game has an outcome
///   Lobby ─────────────────────► Running ─────────────────────────► Ended
///     ▲                             ▲                                 │
///     │  too few players            │  all voted, or time is up       │
///     └─────────────────────────────┴─────────────────────────────────┘
/// ```
///
/// In a room whose matches begin when all are ready, `Lobby` lasts until they are and a countdown is
/// over, and a result is followed by it unless all voted.
///
/// A match that nobody plays and nobody may join falls back to `Lobby`. A match that was recovered is
/// `Running` and held at first: it stands still until those who played it are back.
///
/// Only `Running` owns a [`Match`], so nothing can step, or send a snapshot of, a match that has not
/// begun.
pub(crate) enum Phase {
    /// Waiting for players.
    Lobby,
    /// A match is running.
    Running(Box<Running>),
    /// A match has ended.
    Ended(Ended),
}

/// A match and its streams.
pub(crate) struct Running {
    pub(crate) game: Match,
    pub(crate) replication: Replication,
    /// When the match's time was `begun`.
    pub(crate) origin: Timestamp,
    /// The match's time in the beginning, in microseconds: 0, or where it goes on from.
    pub(crate) begun: u64,
    /// While the match stands still.
    pub(crate) hold: Option<Hold>,
    /// Ticks from one snapshot to the next.
    pub(crate) snapshot_interval: u32,
    /// The last snapshot's tick.
    pub(crate) snapshot_tick: Tick,
    /// The rows of this tick and the events since the last snapshot.
    pub(crate) world: SnapshotWriter,
}

/// Why a recovered match stands still.
pub(crate) struct Hold {
    /// Since when.
    pub(crate) since: Timestamp,
    /// When it goes on at the latest.
    pub(crate) until: Timestamp,
    /// Who was connected and played when the server was lost.
    pub(crate) awaited: BTreeSet<SessionId>,
}

impl Running {
    /// How much of the match's time has passed at `now`, in microseconds.
    pub(crate) fn time(&self, now: Timestamp) -> u64 {
        if self.hold.is_some() {
            return self.begun;
        }
        self.begun + now.since(self.origin)
    }

    /// When `time` of the match is due, in microseconds of it.
    pub(crate) fn due(&self, time: u64) -> Timestamp {
        self.origin.plus_micros(time.saturating_sub(self.begun))
    }
}

/// A result that is being shown.
pub(crate) struct Ended {
    pub(crate) tick: Tick,
    pub(crate) outcome: Outcome,
    /// When the next match begins by itself.
    pub(crate) until: Timestamp,
}

impl Phase {
    pub(crate) fn running(&self) -> Option<&Running> {
        match self {
            Self::Running(running) => Some(running),
            Self::Lobby | Self::Ended(_) => None,
        }
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Running> {
        match self {
            Self::Running(running) => Some(running),
            Self::Lobby | Self::Ended(_) => None,
        }
    }

    /// Whether a match is running and time passes in it.
    pub(crate) fn is_ticking(&self) -> bool {
        self.running().is_some_and(|running| running.hold.is_none())
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
            Self::Running(running) if running.hold.is_some() => "held",
            Self::Running(_) => "running",
            Self::Ended(_) => "ended",
        }
    }

    pub(crate) fn tick(&self) -> Tick {
        match self {
            Self::Lobby => Tick::ZERO,
            Self::Running(running) => running.game.tick(),
            Self::Ended(ended) => ended.tick,
        }
    }
}
