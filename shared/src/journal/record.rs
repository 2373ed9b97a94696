//! What can stand in a journal behind its header.

use serde::{Deserialize, Serialize};

use super::{SeatedSession, TickRecord};
use crate::game::{LeaveReason, Outcome, Profile};
use crate::id::SessionId;
use crate::tick::Tick;

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A tick was run.
    Tick(TickRecord),
    /// The hash of the whole match after this tick, the last that was run.
    Hash(Tick, u64),
    /// The match from which it went on after this tick, the last that was run.
    Checkpoint(Checkpoint),
    /// Somebody came to the room, or went.
    Roster(RosterChange),
    /// Time stood still.
    Hold(Hold),
    /// The match is over, or its journal is. Nothing follows.
    End(Ending),
}

/// A whole match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// After which tick.
    pub tick: Tick,
    /// Bytes of it, unpacked.
    pub size: u32,
    /// The bytes, packed: one zstd frame.
    pub packed: Vec<u8>,
}

/// Somebody came to a room, or went. What a game knows of it is in the acts of the next tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RosterChange {
    /// A session began.
    Came(SeatedSession),
    /// It has a connection again, or another one.
    Attached(SessionId),
    /// It lost its connection.
    Away(SessionId),
    /// It ended.
    Left(SessionId, LeaveReason),
    /// Something that others know of it changed.
    Changed(SessionId, Profile),
}

/// Time stood still after the last tick that was run: the server was down, and waited then for
/// players to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When the match was ready to go on, in milliseconds since 1970.
    pub from_unix_ms: u64,
    /// How long it then waited for its players, in milliseconds.
    pub waited_ms: u32,
}

/// Why there is no more of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The match has a result.
    Outcome(Outcome),
    /// Too few players were left.
    Deserted,
    /// The room closed.
    Closed,
    /// The game panicked, and said this. If it did in a tick or an act before it, that led to it: the next one,
    /// which nobody has seen the end of.
    Panicked(String, Option<Box<TickRecord>>),
    /// What came after could not be recorded, for this reason; the match went on.
    Lost(String),
}

impl Ending {
    /// One word for it.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Outcome(_) => "finished",
            Self::Deserted => "deserted",
            Self::Closed => "closed",
            Self::Panicked(..) => "panicked",
            Self::Lost(_) => "lost",
        }
    }
}
