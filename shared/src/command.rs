//! Commands: acts that a player or the operator asks for, reliable and answered.

use serde::{Deserialize, Serialize};

use crate::bits::{ByteReader, write_varint};
use crate::error::DecodeError;
use crate::id::PlayerId;
use crate::limits::COMMAND_BYTES_MAX;
use crate::tick::Tick;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A player of the match.
    Player(PlayerId),
    /// Whoever runs the server.
    Operator,
}

/// A command on its way: the body of a command section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandMessage {
    /// The sender's own number of it, in its answer.
    pub sequence: u32,
    /// The game's command, encoded.
    pub payload: Vec<u8>,
}

impl CommandMessage {
    /// Appends the body of a command section: varint sequence, then the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write_varint(out, self.sequence);
        out.extend_from_slice(&self.payload);
    }

    /// Reads what [`CommandMessage::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] if the payload is beyond [`COMMAND_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = ByteReader::new(bytes);
        let sequence = reader.varint()?;
        let payload = reader.rest();
        if payload.len() > COMMAND_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        Ok(Self {
            sequence,
            payload: payload.to_vec(),
        })
    }
}

/// Why a command was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum CommandRefusal {
    /// The game knows no such command.
    #[error("the game has no such command")]
    Unknown,
    /// The bytes are not a command.
    #[error("the command is malformed")]
    Malformed,
    /// The sender has too many waiting.
    #[error("too many commands are waiting")]
    TooMany,
    /// No match is running.
    #[error("no match is running")]
    NotRunning,
    /// The sender has no seat.
    #[error("only players may do that")]
    NotAPlayer,
    /// The game says no.
    #[error("{0}")]
    Rule(String),
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandOutcome {
    /// It was applied at the start of this tick.
    Applied(Tick),
    /// It was not.
    Refused(CommandRefusal),
}
