//! Around a match: how it begins, what members of a room ask of the room, and why it is refused.

use serde::{Deserialize, Serialize};

use crate::id::{PlayerId, TeamId};

/// When the matches of a room begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lobby {
    /// As soon as enough players are there.
    #[default]
    Automatic,
    /// When all players who are connected are ready, or the host says so; after a countdown.
    WhenReady {
        /// Of how many seconds; without it as the server has it.
        countdown: Option<u8>,
    },
}

/// What a member asks of its room. Nothing answers it but what it changes, or why it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomRequest {
    /// The player is ready for the match to begin, or is not any more, which stops the countdown.
    Ready(bool),
    /// The host lets the countdown begin, though not all are ready.
    Start,
    /// The host removes another player.
    Kick {
        /// The seat.
        player: PlayerId,
        /// Why, for that player to read; may be empty.
        reason: String,
    },
    /// The player would be in this team; not while a match runs.
    Team(TeamId),
    /// Names and values of the [`Properties`](crate::properties::Properties) that the player has from
    /// now on, in place of those before; not while a match runs.
    Properties(Vec<(String, String)>),
}

/// Why a room does not do what a member asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomRefusal {
    /// Only players may.
    NotAPlayer,
    /// Only the host may.
    NotTheHost,
    /// Not in this room, not while it is where it is in its life, or too soon after as much was asked.
    NotNow,
    /// Too few players are there.
    TooFewPlayers,
    /// Nobody has the seat, or nobody else.
    NoSuchPlayer,
    /// The game has no such team.
    NoSuchTeam,
    /// The team would be larger than another by more than one.
    Unbalanced,
    /// They are no [`Properties`](crate::properties::Properties).
    InvalidProperties,
}
