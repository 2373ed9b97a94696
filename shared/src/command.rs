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
    /// Which timeline it is meant for; in another it is refused.
    pub incarnation: u32,
    /// The sender's own number of it, in its answer; from [`first_sequence`] on.
    pub sequence: u32,
    /// The game's command, encoded.
    pub payload: Vec<u8>,
}

/// How many numbers a connection has for its commands.
const COMMANDS_PER_CONNECTION: u32 = 1 << 16;

/// The number of the first command on a session's connection, counted from 1 as in a Welcome. So each
/// has numbers of its own, and a command that is sent again on a later one is known by its number.
pub fn first_sequence(attach: u32) -> u32 {
    attach.wrapping_sub(1).wrapping_mul(COMMANDS_PER_CONNECTION)
}

impl CommandMessage {
    /// Whether its number is one of those of a session's connection, and not of another before it.
    pub fn is_first_sent_on(&self, attach: u32) -> bool {
        self.sequence / COMMANDS_PER_CONNECTION == first_sequence(attach) / COMMANDS_PER_CONNECTION
    }

    /// Appends the body of a command section: varint incarnation, varint sequence, the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write_varint(out, self.incarnation);
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
        let (incarnation, sequence) = (reader.varint()?, reader.varint()?);
        let payload = reader.rest();
        if payload.len() > COMMAND_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        Ok(Self {
            incarnation,
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
    /// No match is running, or not the one that it was meant for.
    #[error("the match is not running")]
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn commands_round_trip(
            incarnation: u32,
            sequence: u32,
            payload in prop::collection::vec(any::<u8>(), 0..=COMMAND_BYTES_MAX),
        ) {
            let message = CommandMessage { incarnation, sequence, payload };
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            prop_assert_eq!(CommandMessage::decode(&bytes), Ok(message));
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            if let Ok(message) = CommandMessage::decode(&bytes) {
                prop_assert!(message.payload.len() <= COMMAND_BYTES_MAX);
            }
        }
    }

    #[test]
    fn a_command_that_is_too_long_is_refused() {
        let long = vec![0; COMMAND_BYTES_MAX + 3];
        assert_eq!(CommandMessage::decode(&long), Err(DecodeError::TooLong));
        assert_eq!(CommandMessage::decode(&[]), Err(DecodeError::UnexpectedEnd));
    }

    #[test]
    fn refusals_tell_people_why() {
        let rule = CommandRefusal::Rule("not enough gold".to_owned());
        assert_eq!(rule.to_string(), "not enough gold");
        assert_eq!(
            CommandRefusal::NotAPlayer.to_string(),
            "only players may do that"
        );
    }
}
