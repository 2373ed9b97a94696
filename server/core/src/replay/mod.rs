//! A match again, from its journal: to check it, or to go on with it.
//!
//! Takes records one by one and runs the game with them. Knows no files and no time.
//!
//! - `packing`: checkpoints made small, and back
//! - `restore`: the match as it was at the end of a journal
//! - `recording`, `playback`: a journal in memory, and its match at any tick, to be watched
//! - `difference`: what differs between two matches, in words

mod difference;
mod packing;
mod playback;
mod recording;
mod restore;

use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::journal::{FileHeader, Record, TickRecord};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

use crate::match_state::{Match, ReplayError};
use crate::simulation::GameKind;

pub use difference::first_difference;
pub use packing::{pack, unpack};
pub use playback::Playback;
pub use recording::{Happened, Mark, Recording};
pub use restore::{Restored, restore};

/// Why a journal's match can't be run here at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplayable {
    /// It is of another game.
    #[error("it is of the game {0}")]
    OtherGame(String),
    /// The game's inputs are not what they were.
    #[error("the inputs of {0} are not what they were")]
    OtherInputs(String),
    /// The game doesn't read its config.
    #[error("{game} can't read its config: {error}")]
    Config {
        /// Which game.
        game: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The game doesn't read its checkpoint.
    #[error("the checkpoint of tick {tick} can't be read: {error}")]
    Checkpoint {
        /// Of which tick.
        tick: Tick,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A record can't be run.
    #[error(transparent)]
    Record(#[from] ReplayError),
}

/// Where a match that is run again is not the match that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The first tick at which it is known to differ.
    pub tick: Tick,
    /// The last at which it was known to be equal.
    pub equal_until: Tick,
    /// What is not the same.
    pub what: Difference,
}

/// What is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The hash of the match.
    Hash {
        /// As it was recorded.
        recorded: u64,
        /// As it is now.
        replayed: u64,
    },
    /// The match itself, at a checkpoint.
    Checkpoint,
    /// The game refuses what it took.
    Refused(ReplayError),
}

/// A match that is run again.
pub struct Replay {
    game: Match,
    world: SnapshotWriter,
    schema: Arc<Schema>,
    equal_until: Tick,
    /// Hashes and checkpoints that were compared.
    compared: u64,
    /// The checkpoint that the last tick took.
    taken: Option<Vec<u8>>,
}

impl Replay {
    /// The match of `header` before its first tick.
    ///
    /// # Errors
    ///
    /// [`Unplayable`].
    pub fn start(kind: &dyn GameKind, header: &FileHeader) -> Result<Self, Unplayable> {
        Ok(Self {
            game: start(kind, header)?,
            world: SnapshotWriter::new(Arc::clone(kind.schema())),
            schema: Arc::clone(kind.schema()),
            equal_until: Tick::ZERO,
            compared: 0,
            taken: None,
        })
    }

    /// The match as it is.
    pub fn game(&self) -> &Match {
        &self.game
    }

    /// How many hashes and checkpoints were compared.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The schema of the game that runs it.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The checkpoint that was taken at the last tick, if one was.
    pub fn checkpoint(&self) -> Option<&[u8]> {
        self.taken.as_deref()
    }

    /// Runs, or compares, what was recorded.
    ///
    /// # Errors
    ///
    /// Where it is not as it was recorded. After a difference in a hash or a checkpoint the match can
    /// be run further, after a refusal not.
    pub fn apply(&mut self, record: &Record) -> Result<(), Divergence> {
        match record {
            Record::Tick(tick) => self.run(tick),
            Record::Hash(_, recorded) => {
                let replayed = self.game.state_hash();
                let (same, recorded) = (replayed == *recorded, *recorded);
                self.compare(same, Difference::Hash { recorded, replayed })
            }
            Record::Checkpoint(checkpoint) => {
                let recorded = unpack(&checkpoint.packed, checkpoint.size);
                let same = recorded.is_ok_and(|recorded| self.taken == Some(recorded));
                self.compare(same, Difference::Checkpoint)
            }
            Record::Roster(_) | Record::Hold(_) | Record::End(_) => Ok(()),
        }
    }

    fn run(&mut self, record: &TickRecord) -> Result<(), Divergence> {
        self.world.clear();
        let outcome = self.game.replay(record, &mut self.world);
        self.taken = self.game.take_checkpoint();
        outcome.map_err(|error| self.divergence(record.tick, Difference::Refused(error)))
    }

    fn compare(&mut self, same: bool, difference: Difference) -> Result<(), Divergence> {
        self.compared += 1;
        let tick = self.game.tick();
        if same {
            self.equal_until = tick;
            return Ok(());
        }
        Err(self.divergence(tick, difference))
    }

    fn divergence(&self, tick: Tick, what: Difference) -> Divergence {
        Divergence {
            tick,
            equal_until: self.equal_until,
            what,
        }
    }
}

/// The match of `header` before its first tick, if `kind` can run it.
fn start(kind: &dyn GameKind, header: &FileHeader) -> Result<Match, Unplayable> {
    let game = || header.start.game.clone();
    if kind.name() != header.start.game {
        return Err(Unplayable::OtherGame(game()));
    }
    let here = kind.schema();
    if here.fingerprint() != header.start.fingerprint {
        // Rows and events may have changed as they like: nothing of them is in a journal.
        let before = Schema::decode(&header.schema);
        let same = before.is_ok_and(|before| before.data().input == here.data().input);
        if !same {
            return Err(Unplayable::OtherInputs(game()));
        }
    }
    let started = Match::new(kind, header.start.clone());
    started.map_err(|error| Unplayable::Config {
        game: game(),
        error,
    })
}
