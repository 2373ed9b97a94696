//! What a program that hosts games lets people say to each other.

use std::fmt;
use std::sync::Arc;

use syncline_shared::id::{RoomId, SessionId};
use syncline_shared::message::chat::ChatTo;

/// Something that somebody wants to say.
#[derive(Clone, Copy, Debug)]
pub struct ChatMessage<'a> {
    /// In which room.
    pub room: RoomId,
    /// Whose stay it is; the same for all that a client says, across its connections.
    pub session: SessionId,
    /// To whom.
    pub to: ChatTo,
    /// What, as the client sent it.
    pub text: &'a str,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filtered {
    /// It is said as it is.
    Pass,
    /// This is said instead.
    Replace(String),
    /// It is said to nobody, and whoever sent it is told so.
    Refuse,
}

/// Looks at everything that is said by clients, before it is.
///
/// It runs on the threads that read sockets, never on one that ticks a room: what it takes delays
/// that client, and a little those whose sockets the thread reads. So it must not wait for
/// anything. It is asked before the limits on how much one may say, which are the room's; how many
/// messages a client may send a second bounds how often. If it panics, that client's connection ends.
///
/// ```
/// use syncline_server::{ChatFilter, Config, Filtered};
///
/// let filter = ChatFilter::new(|message| {
///     if message.text.contains("http") { Filtered::Refuse } else { Filtered::Pass }
/// });
/// let config = Config { chat_filter: Some(filter), ..Config::default() };
/// ```
#[derive(Clone)]
pub struct ChatFilter(Arc<dyn Fn(&ChatMessage<'_>) -> Filtered + Send + Sync>);

impl ChatFilter {
    /// What `filter` says.
    pub fn new(filter: impl Fn(&ChatMessage<'_>) -> Filtered + Send + Sync + 'static) -> Self {
        Self(Arc::new(filter))
    }

    /// What is said instead of `message`, if anything.
    pub(crate) fn apply(&self, message: ChatMessage<'_>) -> Option<String> {
        match self.0(&message) {
            Filtered::Pass => Some(message.text.to_owned()),
            Filtered::Replace(text) => Some(text),
            Filtered::Refuse => None,
        }
    }
}

impl fmt::Debug for ChatFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatFilter")
    }
}
