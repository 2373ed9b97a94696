//! Messages: one WebSocket message is a sequence of sections.
//!
//! A section is one byte kind, a varint length, and a body. Downstream: control and frame; upstream:
//! control, input and command.
//!
//! - [`control`]: hello and welcome, rosters and phases, answers
//! - [`chat`]: what is said
//! - [`lobby`]: how matches begin, and what members ask of their room
//! - [`frame`]: one snapshot tick as one member gets it

pub mod chat;
pub mod control;
pub mod frame;
pub mod lobby;

use crate::bits::{ByteReader, write_bytes};
use crate::error::DecodeError;
use crate::limits::SECTIONS_PER_MESSAGE_MAX;

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "syncline.v1";

/// The version in a hello.
pub const PROTOCOL_VERSION: u16 = 1;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// A control message, bincode: [`control`].
    Control,
    /// Downstream: one snapshot tick, [`frame::FrameSection`].
    Frame,
    /// Upstream: acknowledgement and inputs, [`crate::input::InputBatch`].
    Input,
    /// Upstream: a command, [`crate::command::CommandMessage`].
    Command,
}

impl SectionKind {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Control => 1,
            Self::Frame => 3,
            Self::Input => 4,
            Self::Command => 5,
        }
    }

    /// The kind of a number.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnknownSection`].
    pub const fn from_code(code: u8) -> Result<Self, DecodeError> {
        match code {
            1 => Ok(Self::Control),
            3 => Ok(Self::Frame),
            4 => Ok(Self::Input),
            5 => Ok(Self::Command),
            other => Err(DecodeError::UnknownSection(other)),
        }
    }
}

/// Appends a section.
pub fn write_section(kind: SectionKind, body: &[u8], out: &mut Vec<u8>) {
    out.push(kind.code());
    write_bytes(out, body);
}

/// Splits a message into its sections.
///
/// Yields an error once, then ends: a message with more than [`SECTIONS_PER_MESSAGE_MAX`] sections
/// is [`DecodeError::TooLong`], an unknown kind [`DecodeError::UnknownSection`].
pub fn sections(message: &[u8]) -> impl Iterator<Item = Result<(SectionKind, &[u8]), DecodeError>> {
    let mut reader = ByteReader::new(message);
    let mut count = 0;
    let mut failed = false;
    core::iter::from_fn(move || {
        if failed || reader.is_empty() {
            return None;
        }
        count += 1;
        let section = if count > SECTIONS_PER_MESSAGE_MAX {
            Err(DecodeError::TooLong)
        } else {
            read_section(&mut reader)
        };
        failed = section.is_err();
        Some(section)
    })
}

fn read_section<'a>(reader: &mut ByteReader<'a>) -> Result<(SectionKind, &'a [u8]), DecodeError> {
    let kind = SectionKind::from_code(reader.u8()?)?;
    Ok((kind, reader.bytes()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind() -> impl Strategy<Value = SectionKind> {
        prop::sample::select(vec![
            SectionKind::Control,
            SectionKind::Frame,
            SectionKind::Input,
            SectionKind::Command,
        ])
    }

    proptest! {
        #[test]
        fn sections_round_trip(written in prop::collection::vec((kind(), any::<Vec<u8>>()), 0..10)) {
            let mut message = Vec::new();
            for (kind, body) in &written {
                write_section(*kind, body, &mut message);
            }
            let read: Result<Vec<_>, _> =
                sections(&message).map(|section| section.map(|(kind, body)| (kind, body.to_vec()))).collect();
            prop_assert_eq!(read, Ok(written));
        }

        #[test]
        fn garbage_ends_with_an_error_or_not_at_all(message: Vec<u8>) {
            let read: Vec<_> = sections(&message).collect();
            prop_assert!(read.iter().rev().skip(1).all(Result::is_ok));
        }
    }

    #[test]
    fn too_many_sections_are_refused() {
        let message = [1, 0].repeat(SECTIONS_PER_MESSAGE_MAX + 1);
        assert_eq!(sections(&message).last(), Some(Err(DecodeError::TooLong)));
    }
}
