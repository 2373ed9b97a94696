//! What happened to a match, tick by tick: the record that reproduces it.
//!
//! A match is a deterministic function of its [`MatchHeader`] and the [`TickRecord`]s in order.
//! Everything that reaches a game passes through one record first.

use serde::{Deserialize, Serialize};

use crate::command::Origin;
use crate::game::{LeaveReason, Profile};
use crate::id::PlayerId;
use crate::input::{InputStatus, InputWords};
use crate::tick::{Tick, ViewTick};

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickRecord {
    /// The tick that the step led to.
    pub tick: Tick,
    /// Changes, in the order in which they were applied, before the step.
    pub acts: Vec<Act>,
    /// The inputs that differ from a plain repetition of the player's previous one, by player.
    pub inputs: Vec<AppliedInput>,
}

/// Something that was done to a match between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
