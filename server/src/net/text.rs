//! One WebSocket of another protocol than ours: text in, text out.
//!
//! Has the limits of any other: bytes and messages a second, the size of a message, a sign of life.
//! Knows nothing of what is said on it.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use syncline_server_core::ConnectionId;
use syncline_shared::close::CloseReason;
use tokio_tungstenite::tungstenite::Message;

use crate::net::connection::{Lobby, time_out};
use crate::net::ending::End;
use crate::net::guard::PeerName;
use crate::net::incoming::{broken, too_many};
use crate::net::link::{Ends, Socket};
use crate::net::meter::Meter;
use crate::net::outbox::{Outbox, Outward};
use crate::net::socket::websocket_config;
use crate::net::stream::Stream;

/// One client's WebSocket.
pub(crate) struct TextSocket {
    lobby: Arc<Lobby>,
    connection: ConnectionId,
    socket: Socket,
    outward: Arc<Outward>,
    /// Set by anything that comes, be it a pong.
    heard: Arc<AtomicBool>,
    meter: Meter,
    /// No room has it; without it the connection would end.
    _outbox: Outbox,
}

impl TextSocket {
    /// The WebSocket on `stream`, of which `early` was read already.
    pub(crate) fn new(lobby: Arc<Lobby>, stream: Stream, early: &Bytes) -> Self {
        let connection = ConnectionId(lobby.connections.fetch_add(1, Ordering::Relaxed) + 1);
        let Ends {
            link,
            outbox,
            outward,
        } = Ends::of_stream(stream);
        let exceeded = &lobby.metrics.message_rate_exceeded;
        Self {
            connection,
            socket: Socket::new(link, early.to_vec(), websocket_config()),
            outward,
            heard: Arc::new(AtomicBool::new(true)),
            meter: Meter::new(lobby.message_rate, lobby.clock, exceeded),
            _outbox: outbox,
            lobby,
        }
    }

    /// What comes next, as text or not. Nothing is lost if it is not waited for.
    pub(crate) async fn hear(&mut self) -> Result<Bytes, End> {
        poll_fn(|context| self.poll_hear(context)).await
    }

    fn poll_hear(&mut self, context: &Context<'_>) -> Poll<Result<Bytes, End>> {
        loop {
            let message = ready!(self.socket.poll_message(context));
            self.heard.store(true, Ordering::Relaxed);
            let message = message.map_err(broken)?;
            self.meter.count(1).map_err(|_| too_many("messages"))?;
            let bytes = match message {
                Message::Text(text) => text.into(),
                Message::Binary(bytes) => bytes,
                Message::Close(_) => return Poll::Ready(Err(End::Gone)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            self.lobby.metrics.received_messages.inc();
            self.lobby.metrics.received_bytes.inc_by(bytes.len() as u64);
            return Poll::Ready(Ok(bytes));
        }
    }

    /// Says `text`. What the socket does not take waits.
    ///
    /// # Errors
    ///
    /// The connection's end, if too much waits already or nobody is there.
    pub(crate) fn say(&mut self, text: Vec<u8>) -> Result<(), End> {
        let metrics = &self.lobby.metrics;
        metrics.sent_messages.inc();
        metrics.sent_bytes.inc_by(text.len() as u64);
        let message = match String::from_utf8(text) {
            Ok(text) => Message::text(text),
            Err(other) => Message::binary(other.into_bytes()),
        };
        self.socket.say(message).map_err(|_| End::Gone)
    }

    /// Whether something waits that the socket did not take.
    pub(crate) fn is_blocked(&self) -> bool {
        self.outward.is_blocked()
    }

    /// Comes when nothing waits any more, or nobody is there.
    pub(crate) fn flushed(&self) -> impl Future<Output = ()> + Send + use<> {
        let outward = self.outward.clone();
        async move { outward.flushed().await }
    }

    /// Comes with what ends the connection beside what is said on it: it is gone, it gave no sign of
    /// life, the server ends. Writes meanwhile what waits.
    pub(crate) fn ended(&self) -> impl Future<Output = End> + Send + use<> {
        let (lobby, heard) = (self.lobby.clone(), self.heard.clone());
        let outward = self.outward.clone();
        async move {
            tokio::select! {
                close = outward.attend() => close.map_or(End::Gone, End::Closed),
                end = time_out(lobby.idle_timeout, &heard, &outward) => end,
                () = lobby.shutdown.thrown() => CloseReason::Restarting.into(),
            }
        }
    }

    /// Ends it: logs, counts and says why.
    pub(crate) async fn end(self, end: End, peer: PeerName) {
        let Self {
            lobby,
            connection,
            mut socket,
            outward,
            ..
        } = self;
        let longest = lobby.close_timeout;
        end.note(&lobby.metrics, connection, peer);
        end.tell(&mut socket, &outward, longest / 2).await;
        outward.finish(longest).await;
    }
}
