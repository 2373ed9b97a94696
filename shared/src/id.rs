//! Names of things: players, entities, sessions, rooms, streams.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

slotmap::new_key_type! {
    /// A replicated thing inside a game: the key of the slot map that holds it.
    ///
    /// It never leaves the server. On the wire an entity is a slot of its class in its stream, so
    /// that nobody learns of hidden spawns.
    pub struct EntityId;
}

/// A seat in a match, counted from 0, reused after its player has left for good.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct PlayerId(pub u16);

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A team of a match, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TeamId(pub u8);

impl fmt::Display for TeamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One client's stay in a room, across its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A room of one server process, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoomId(pub u32);

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which replicated class of its schema a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClassId(pub u8);

/// A place of an entity among those of its class in its stream. Reused after the entity is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

/// A stream as one member knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamSlot(pub u8);

impl StreamSlot {
    /// What everybody in the room sees.
    pub const COMMON: Self = Self(0);
    /// What the member's player alone sees.
    pub const OWN: Self = Self(1);
}

/// What people say to each other to meet in a room: six characters without look-alikes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomCode([u8; RoomCode::LENGTH]);

impl RoomCode {
    /// Characters in a code.
    pub const LENGTH: usize = 6;
    /// The characters a code is made of: no 0/O, no 1/I/L.
    pub const ALPHABET: &'static [u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

    /// The code that `entropy` picks; uniform if `entropy` is.
    pub fn from_entropy(mut entropy: u64) -> Self {
        let base = Self::ALPHABET.len() as u64;
        Self(core::array::from_fn(|_| {
            let digit = usize::try_from(entropy % base).expect("a digit is below 31");
            entropy /= base;
            Self::ALPHABET[digit]
        }))
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a room code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room code is six characters of 2-9 and A-Z without I, L and O")]
pub struct NotARoomCode;

impl FromStr for RoomCode {
    type Err = NotARoomCode;

    /// Reads a code as people type it: in either case, with spaces or dashes.
    fn from_str(text: &str) -> Result<Self, NotARoomCode> {
        let mut code = [0; Self::LENGTH];
        let mut typed = text
            .bytes()
            .filter(|byte| !matches!(byte, b' ' | b'-'))
            .map(|b| b.to_ascii_uppercase());
        for place in &mut code {
            *place = typed
                .next()
                .filter(|byte| Self::ALPHABET.contains(byte))
                .ok_or(NotARoomCode)?;
        }
        if typed.next().is_some() {
            Err(NotARoomCode)
        } else {
            Ok(Self(code))
        }
    }
}

impl TryFrom<String> for RoomCode {
    type Error = NotARoomCode;

    fn try_from(text: String) -> Result<Self, NotARoomCode> {
        text.parse()
    }
}

impl From<RoomCode> for String {
    fn from(code: RoomCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_reads_back_as_people_type_it(entropy: u64) {
            let code = RoomCode::from_entropy(entropy);
            let text = code.to_string();
            let typed = format!("{}-{}", text[..3].to_lowercase(), &text[3..]);
            prop_assert_eq!(text.parse(), Ok(code));
            prop_assert_eq!(typed.parse(), Ok(code));
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "ABC", "ABCDEFG", "ABCDE0", "ÄBCDEF"] {
            assert_eq!(text.parse::<RoomCode>(), Err(NotARoomCode), "{text}");
        }
    }
}
