//! What happened to a match, tick by tick: the records that reproduce it, and the file of them.
//!
//! A match is a deterministic function of its [`MatchHeader`] and the [`TickRecord`]s in order.
//! Everything that reaches a game is in one record, which is put out before the tick's frames are.
//! `JOURNAL.md` has the file byte for byte; this knows no disk, and a checkpoint's compression only
//! by name.
//!
//! - `header`, `record`: what a file begins with, and what follows
//! - `frame`: how records stand one after the other, each with its checksum
//! - `ticks`: how a tick is written, which is what differs from its prediction
//! - `writer`, `reader`: a journal to bytes and back, with what to make of a torn or damaged end

mod frame;
mod header;
mod reader;
mod record;
#[cfg(test)]
mod tests;
mod ticks;
mod writer;

use serde::{Deserialize, Serialize};

pub use crate::command::Origin;
use crate::game::{LeaveReason, Profile};
use crate::id::PlayerId;
use crate::input::{InputStatus, InputWords};
use crate::tick::{Tick, ViewTick};

pub use header::{FileHeader, MAGIC, RoomHeader, RoomLock, SeatedSession, VERSION};
pub use reader::{JournalReader, OpenError, Tail};
pub use record::{Checkpoint, Ending, Hold, Record, RosterChange};
pub use writer::{JournalWriter, QUIET_TICKS_MAX};

/// The kinds of records, in the low four bits of their first byte.
mod kind {
    /// Nothing but the quiet ticks that the high four bits count.
    pub(super) const QUIET: u8 = 0;
    /// A tick with inputs that were not expected.
    pub(super) const INPUTS: u8 = 1;
    /// A tick with acts, and inputs.
    pub(super) const ACTS: u8 = 2;
    /// A hash of the match.
    pub(super) const HASH: u8 = 3;
    /// The match itself.
    pub(super) const CHECKPOINT: u8 = 4;
    /// A change of the roster.
    pub(super) const ROSTER: u8 = 5;
    /// Time that stood still.
    pub(super) const HOLD: u8 = 6;
    /// The last record.
    pub(super) const END: u8 = 7;
}

/// What a match starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchHeader {
    /// The game's name.
    pub game: String,
    /// Identifies the schema that the game had.
    pub fingerprint: u64,
    /// The game's config, encoded by value.
    pub config: Vec<u8>,
    /// Seeds the game and its generator.
    pub seed: u64,
    /// Ticks from one checkpoint to the next. Taking one is part of the tick.
    pub checkpoint_interval: u32,
}

/// What was applied before and at one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRecord {
    /// The tick that the step led to.
    pub tick: Tick,
    /// Changes, in the order in which they were applied, before the step.
    pub acts: Vec<Act>,
    /// The inputs that differ from a plain repetition of the player's previous one, by player.
    pub inputs: Vec<AppliedInput>,
}

/// Something that was done to a match between two steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// A player took a seat.
    Join(PlayerId, Profile),
    /// A player gave up its seat.
    Leave(PlayerId, LeaveReason),
    /// A command, encoded. Refused ones are recorded too: refusing is the game's to repeat.
    Command(Origin, Vec<u8>),
}

/// One player's input as a tick applied it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedInput {
    /// Whose.
    pub player: PlayerId,
    /// What was pressed.
    pub words: InputWords,
    /// How it came about.
    pub status: InputStatus,
    /// What the player was looking at.
    pub view: ViewTick,
}
