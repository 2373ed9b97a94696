//! What a client says: messages off its socket, and what the sections in them mean.
//!
//! Everything that a peer can send passes here, and comes out in range or ends the connection.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{self, Message};

use syncline_server_core::ClientMessage;
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::command::CommandMessage;
use syncline_shared::error::DecodeError;
use syncline_shared::input::InputBatch;
use syncline_shared::limits::CLIENT_MESSAGE_BYTES_MAX;
use syncline_shared::message::SectionKind;
use syncline_shared::message::control::ClientControl;
use syncline_shared::schema::Schema;

use crate::metrics::Metrics;
use crate::net::ending::End;
use crate::net::handshake::malformed;
use crate::net::link::Socket;
use crate::net::meter::{Exceeded, Meter};

/// Hears what a client says.
pub(super) struct Ear<'a> {
    /// Where its messages come from.
    pub(super) socket: &'a mut Socket,
    /// Where they are counted.
    pub(super) metrics: &'a Metrics,
    /// Set by anything that comes, be it a pong.
    pub(super) heard: &'a AtomicBool,
    /// How many messages may come, of whatever kind.
    pub(super) meter: Meter,
}

impl Ear<'_> {
    /// The next binary message.
    pub(super) async fn hear(&mut self) -> Result<Bytes, End> {
        poll_fn(|context| self.poll_hear(context)).await
    }

    /// The next binary message, once there is one.
    pub(super) fn poll_hear(&mut self, context: &Context<'_>) -> Poll<Result<Bytes, End>> {
        loop {
            let message = ready!(self.socket.poll_message(context));
            self.heard.store(true, Ordering::Relaxed);
            let message = message.map_err(broken)?;
            self.meter.count(1).map_err(|_| too_many("messages"))?;
            match message {
                Message::Binary(bytes) => {
                    self.metrics.received_messages.inc();
                    self.metrics.received_bytes.inc_by(bytes.len() as u64);
                    return Poll::Ready(Ok(bytes));
                }
                Message::Text(_) => return Poll::Ready(Err(text_message())),
                Message::Close(_) => return Poll::Ready(Err(End::Gone)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}

fn text_message() -> End {
    Close::new(
        CloseReason::TextMessage,
        "this endpoint takes binary messages",
    )
    .into()
}

/// The end of a client that sends more than the server's settings allow.
pub(super) fn too_many(what: &str) -> End {
    let detail = format!("too many {what} a second");
    Close::new(CloseReason::TooManyMessages, detail).into()
}

/// How a connection ends whose bytes are no WebSocket messages.
pub(super) fn broken(error: tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Capacity(_) => {
            let detail = format!("a message may have {CLIENT_MESSAGE_BYTES_MAX} bytes");
            Close::new(CloseReason::MessageTooLarge, detail).into()
        }
        tungstenite::Error::Utf8(_) => {
            Close::new(CloseReason::InvalidText, "a text that is not UTF-8").into()
        }
        tungstenite::Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake | ProtocolError::ReceivedAfterClosing,
        ) => End::Gone,
        tungstenite::Error::Protocol(error) => {
            Close::new(CloseReason::ProtocolError, error.to_string()).into()
        }
        tungstenite::Error::Io(error) if Exceeded::is_in(&error) => too_many("bytes"),
        _ => End::Gone,
    }
}

/// What a section of a greeted client means, under its game's schema.
///
/// # Errors
///
/// [`CloseReason::UnknownSection`], [`CloseReason::Malformed`], [`CloseReason::OutOfOrder`].
pub(super) fn decode(
    section: Result<(SectionKind, &[u8]), DecodeError>,
    schema: &Schema,
) -> Result<ClientMessage, Close> {
    let (kind, body) = section.map_err(malformed)?;
    match kind {
        SectionKind::Control => control(body),
        SectionKind::Input => InputBatch::decode(schema.input(), body)
            .map(ClientMessage::Input)
            .map_err(malformed),
        SectionKind::Command => CommandMessage::decode(body)
            .map(ClientMessage::Command)
            .map_err(malformed),
        SectionKind::Frame => Err(Close::new(
            CloseReason::UnknownSection,
            "only servers send frames",
        )),
    }
}

fn control(body: &[u8]) -> Result<ClientMessage, Close> {
    match ClientControl::decode(body).map_err(malformed)? {
        ClientControl::Hello(_) => Err(Close::new(CloseReason::OutOfOrder, "a second hello")),
        ClientControl::Ping { nonce } => Ok(ClientMessage::Ping { nonce }),
        ClientControl::Rematch => Ok(ClientMessage::Rematch),
        ClientControl::Leave => Ok(ClientMessage::Leave),
        ClientControl::Resync {
            incarnation,
            stream,
            tick,
        } => Ok(ClientMessage::Resync {
            incarnation,
            stream,
            tick,
        }),
        ClientControl::Chat { to, text } => Ok(ClientMessage::Chat {
            to,
            text: Some(text),
        }),
        ClientControl::Room(request) => Ok(ClientMessage::Room(request)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use syncline_games::Arena;
    use syncline_shared::game::Game;
    use syncline_shared::message::sections;

    use super::*;

    proptest! {
        /// Whatever comes, it is a message or a reason, and every reason is the client's fault.
        #[test]
        fn garbage_ends_the_connection_or_means_something(
            message in prop::collection::vec(any::<u8>(), 0..200),
            kind in 0u8..8,
        ) {
            let schema = Arena::schema();
            let length = u8::try_from(message.len().min(127)).unwrap_or_default();
            let framed = [&[kind, length][..], &message[..usize::from(length)]].concat();
            for bytes in [message, framed] {
                for section in sections(&bytes) {
                    if let Err(close) = decode(section, &schema) {
                        prop_assert_eq!(close.reason.fault(), syncline_shared::close::Fault::Peer);
                    }
                }
            }
        }
    }
}
