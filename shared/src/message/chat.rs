//! Chat: what members of a room, and whoever runs the server, say to people.
//!
//! It is no part of a match: nothing that is said reaches a game or a journal.

use serde::{Deserialize, Serialize};

use crate::id::PlayerId;
use crate::limits::CHAT_CHARS_MAX;
use crate::text::line;

/// Who is to hear something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatTo {
    /// Everybody in the room, also those who come a little later.
    Room,
    /// One player, and nobody else: a whisper.
    Player(PlayerId),
    /// The team of whoever says it, and nobody else.
    Team,
}

/// Who said something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatFrom {
    /// Whoever runs the server: an announcement.
    Server,
    /// A player.
    Player {
        /// The seat.
        player: PlayerId,
        /// The name at that time: the seat may be another's by now.
        name: String,
    },
    /// Somebody who watches.
    Spectator {
        /// The name.
        name: String,
    },
}

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatLine {
    /// Grows with each line of a room, whispers to others included; the server's loss does not set
    /// it back. What a client has heard already it passes over.
    pub id: u64,
    /// How long ago it was said when it was sent, in milliseconds.
    pub age_ms: u32,
    /// By whom.
    pub from: ChatFrom,
    /// To whom.
    pub to: ChatTo,
    /// What: of [`CHAT_CHARS_MAX`] characters at most, none of them a control character.
    pub text: String,
}

/// Why something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatRefusal {
    /// The sender says too much.
    TooFast {
        /// After how many milliseconds it may go on.
        retry_ms: u32,
    },
    /// There are more than [`CHAT_CHARS_MAX`] characters.
    TooLong,
    /// Nothing is left of it.
    Empty,
    /// The sender was muted by whoever runs the server.
    Muted,
    /// Only players whisper.
    NotAPlayer,
    /// Nobody has the seat.
    NoSuchPlayer,
    /// The server's filter does not let it pass.
    Filtered,
    /// The sender is in no team.
    NoTeam,
}

/// A text as others may read it: [`line()`].
///
/// # Errors
///
/// [`ChatRefusal::Empty`] or [`ChatRefusal::TooLong`].
pub fn clean(text: &str) -> Result<String, ChatRefusal> {
    let clean = line(text);
    if clean.is_empty() {
        return Err(ChatRefusal::Empty);
    }
    if clean.chars().nth(CHAT_CHARS_MAX).is_some() {
        return Err(ChatRefusal::TooLong);
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(text: String) {
            if let Ok(once) = clean(&text) {
                prop_assert!(once.chars().count() <= CHAT_CHARS_MAX);
                prop_assert!(!once.chars().any(char::is_control));
                prop_assert_eq!(clean(&once), Ok(once));
            }
        }
    }

    #[test]
    fn texts_are_made_presentable() {
        assert_eq!(clean(" a\nb\u{7}\u{202e}c\t"), Ok("a bc".to_owned()));
        assert_eq!(clean("👩\u{200d}🚀"), Ok("👩\u{200d}🚀".to_owned()));
        assert_eq!(clean(" \n\u{0}"), Err(ChatRefusal::Empty));
        assert_eq!(
            clean(&"ß".repeat(CHAT_CHARS_MAX)).map(|text| text.len()),
            Ok(2 * CHAT_CHARS_MAX)
        );
        assert_eq!(
            clean(&"x".repeat(CHAT_CHARS_MAX + 1)),
            Err(ChatRefusal::TooLong)
        );
    }
}
