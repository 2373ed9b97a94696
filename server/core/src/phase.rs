//! Where a room is in its life, and what it owns in each phase.
//!
//! Data alone: the transitions are the room's.

use syncline_shared::game::Outcome;
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
/// A match that nobody plays and nobody may join falls back to `Lobby`.
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
    /// When tick 0 was due.
    pub(crate) origin: Timestamp,
    /// Ticks from one snapshot to the next.
    pub(crate) snapshot_interval: u32,
    /// The last snapshot's tick.
    pub(crate) snapshot_tick: Tick,
    /// The rows of this tick and the events since the last snapshot.
    pub(crate) world: SnapshotWriter,
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

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Lobby => "lobby",
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
