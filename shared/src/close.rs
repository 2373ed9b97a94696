//! Why a session ends: one table for the wire, the log, the counters and the client's next step.

use core::fmt;

/// Whose fault the end of a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The other end broke a rule.
    Peer,
    /// The server did.
    Server,
    /// Nobody.
    Neither,
}

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing: trying again would end the same way.
    Never,
    /// Connect again with the resume token.
    Resume,
    /// Connect again as new: the seat is gone.
    Rejoin,
    /// As before, with the resume token if there is one, but after about this many seconds, jittered.
    Retry(u8),
}

macro_rules! close_reasons {
    ($( $(#[$meta:meta])* $name:ident = $code:literal, $slug:literal, $fault:ident, $then:expr; )*) => {
        /// Why a session ended. Every session ends with exactly one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CloseReason {
            $( $(#[$meta])* $name, )*
        }

        impl CloseReason {
            /// All reasons, in the order of the table.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The WebSocket close code.
            pub const fn code(self) -> u16 {
                match self { $( Self::$name => $code, )* }
            }

            /// The name in logs, counters and the close frame's text.
            pub const fn slug(self) -> &'static str {
                match self { $( Self::$name => $slug, )* }
            }

            /// Whose fault it is.
            pub const fn fault(self) -> Fault {
                match self { $( Self::$name => Fault::$fault, )* }
            }

            /// What the client does next.
            pub const fn then(self) -> Then {
                match self { $( Self::$name => $then, )* }
            }

            /// The reason with this WebSocket close code.
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $( $code => Some(Self::$name), )* _ => None }
            }
        }
    };
}

close_reasons! {
    /// The client left on purpose.
    Left = 1000, "left", Neither, Then::Never;
    /// Bytes that are no WebSocket frames, or frames out of order.
    ProtocolError = 1002, "protocol_error", Peer, Then::Resume;
    /// A text message: the endpoint is binary.
    TextMessage = 1003, "text_message", Peer, Then::Never;
    /// A text that is not UTF-8.
    InvalidText = 1007, "invalid_text", Peer, Then::Never;
    /// More messages or bytes than a client may send.
    TooManyMessages = 1008, "too_many_messages", Peer, Then::Retry(5);
    /// A message larger than the limit.
    MessageTooLarge = 1009, "message_too_large", Peer, Then::Resume;
    /// The server has no room or connection left.
    ServerFull = 1013, "server_full", Neither, Then::Retry(10);
    /// The client speaks another version of the protocol.
    UnsupportedVersion = 4001, "unsupported_version", Peer, Then::Never;
    /// The client was built against another schema of the game.
    SchemaMismatch = 4002, "schema_mismatch", Peer, Then::Never;
    /// The server hosts no game of that name.
    UnknownGame = 4003, "unknown_game", Peer, Then::Never;
    /// No room has that id or code, or is as it was asked for.
    UnknownRoom = 4004, "unknown_room", Peer, Then::Never;
    /// The room has no place left.
    RoomFull = 4005, "room_full", Neither, Then::Retry(5);
    /// The match does not take players once it has begun.
    AlreadyStarted = 4006, "already_started", Neither, Then::Retry(30);
    /// The game refused the player.
    NotAllowed = 4007, "not_allowed", Neither, Then::Never;
    /// Too many connections were waiting to be greeted, and this one was the oldest.
    Busy = 4008, "busy", Neither, Then::Resume;
    /// No hello came in time.
    HelloTimeout = 4009, "hello_timeout", Peer, Then::Resume;
    /// Something other than a hello came first, or a second hello came.
    OutOfOrder = 4010, "out_of_order", Peer, Then::Never;
    /// A message could not be read.
    Malformed = 4011, "malformed", Peer, Then::Resume;
    /// A section of an unknown kind.
    UnknownSection = 4012, "unknown_section", Peer, Then::Never;
    /// The resume token was not made here, or for something else.
    InvalidToken = 4013, "invalid_token", Peer, Then::Rejoin;
    /// The session's grace period is over, or its room is.
    SessionExpired = 4014, "session_expired", Neither, Then::Rejoin;
    /// A newer connection of the same session took its place.
    Replaced = 4015, "replaced", Neither, Then::Never;
    /// The client takes its messages too slowly.
    TooSlow = 4016, "too_slow", Peer, Then::Resume;
    /// Nothing was heard from the client for too long.
    Idle = 4018, "idle", Peer, Then::Resume;
    /// A stream of the client went astray, again and again.
    Desynchronised = 4019, "desynchronised", Server, Then::Resume;
    /// The room was ended.
    RoomClosed = 4020, "room_closed", Neither, Then::Rejoin;
    /// The room ended by a defect of its game or the server.
    Internal = 4021, "internal", Server, Then::Rejoin;
    /// The server restarts.
    Restarting = 4022, "restarting", Neither, Then::Resume;
    /// An operator or the host removed the player.
    Kicked = 4023, "kicked", Neither, Then::Never;
    /// The room can't be as it was asked to be, or the query for one or the player's properties are
    /// none.
    InvalidOptions = 4024, "invalid_options", Peer, Then::Never;
    /// The room has a password, and the hello none or another.
    WrongPassword = 4025, "wrong_password", Peer, Then::Never;
    /// The client's address was wrong about codes or passwords of rooms too often.
    TooManyTries = 4026, "too_many_tries", Peer, Then::Retry(10);
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// A reason with what a person should know about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}{}{detail}", if detail.is_empty() { "" } else { ": " })]
pub struct Close {
    /// The reason.
    pub reason: CloseReason,
    /// Details; may be empty.
    pub detail: String,
}

impl Close {
    /// A reason with details.
    pub fn new(reason: CloseReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// The text of the close frame, cut to the 123 bytes that WebSocket allows.
    pub fn text(&self) -> String {
        let mut text = self.to_string();
        let end = (0..=text.len().min(123))
            .rev()
            .find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text
    }
}

impl From<CloseReason> for Close {
    fn from(reason: CloseReason) -> Self {
        Self {
            reason,
            detail: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_one_reason_each() {
        for &reason in CloseReason::ALL {
            assert_eq!(CloseReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(CloseReason::from_code(4999), None);
    }

    #[test]
    fn texts_fit_a_close_frame() {
        let close = Close::new(CloseReason::Internal, "ä".repeat(200));
        assert!(close.text().len() <= 123);
        assert_eq!(Close::from(CloseReason::Left).text(), "left");
    }
}
