//! One WebSocket, from its opening to its close.
//!
//! It knows rooms only as something that takes events and fills an outbox, and ends with exactly one
//! reason.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use syncline_server_core::{ClientMessage, ConnectionId};
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::error::DecodeError;
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::schema::Schema;

use crate::directory::{Admission, Directory};
use crate::metrics::Metrics;
use crate::net::ending::{CLOSE_WRITE_MAX, End, Outward};
use crate::net::handshake::{self, Admitted};
use crate::net::incoming::{Ear, Incoming, decode};
use crate::net::outbox::{Cut, Ending, OutboxReader, Outgoing, outbox};
use crate::net::socket;
use crate::runtime::inbox::{HostedEvent, Places, RoomHandle};
use crate::session::TokenKey;
use crate::shutdown::Shutdown;

/// What all connections of a server share.
pub(crate) struct Lobby {
    /// Where rooms are found.
    pub(crate) directory: Arc<Directory>,
    /// Makes and checks resume tokens.
    pub(crate) tokens: TokenKey,
    /// Counts what connections do.
    pub(crate) metrics: Arc<Metrics>,
    /// When to end.
    pub(crate) shutdown: Shutdown,
    /// How long a hello may take.
    pub(crate) hello_timeout: Duration,
    /// How long a client may say nothing.
    pub(crate) idle_timeout: Duration,
    /// Connections so far.
    pub(crate) connections: AtomicU64,
}

/// Serves one WebSocket until it ends.
pub(crate) async fn serve(
    lobby: Arc<Lobby>,
    websocket: WebSocketStream<TcpStream>,
    peer: SocketAddr,
) {
    let connection = ConnectionId(lobby.connections.fetch_add(1, Ordering::Relaxed) + 1);
    let (mut outward, mut incoming) = websocket.split();
    let end = tokio::select! {
        end = stay(&lobby, connection, &mut incoming, &mut outward) => end,
        () = lobby.shutdown.thrown() => CloseReason::Restarting.into(),
    };
    end.note(&lobby.metrics, connection, peer);
    end.tell(&mut outward).await;
    if let Ok(websocket) = outward.reunite(incoming) {
        socket::finish(websocket.into_inner()).await;
    }
}

/// Everything between the opening and the end.
async fn stay(
    lobby: &Lobby,
    connection: ConnectionId,
    incoming: &mut Incoming,
    outward: &mut Outward,
) -> End {
    let mut ear = Ear {
        incoming,
        metrics: &lobby.metrics,
        heard: &AtomicBool::new(true),
    };
    let message = match tokio::time::timeout(lobby.hello_timeout, ear.hear()).await {
        Ok(Ok(message)) => message,
        Ok(Err(end)) => return end,
        Err(_) => return CloseReason::HelloTimeout.into(),
    };
    let (member, reader, mut cut) = match enter(lobby, connection, &message) {
        Ok(entered) => entered,
        Err(close) => return close.into(),
    };
    let (heard, ask) = (ear.heard, Notify::new());
    let end = tokio::select! {
        end = listen(&member, message, ear) => Some(end),
        end = speak(&lobby.metrics, reader, outward, &ask) => end,
        end = time_out(lobby.idle_timeout, heard, &ask) => Some(end),
        Some(end) = closing(&mut cut) => Some(end),
    };
    end.unwrap_or_else(|| silenced(cut))
}

/// Ends a connection that the room has closed, and that does not get there by reading what still
/// waits; nothing if the room is gone without a word.
async fn closing(cut: &mut Cut) -> Option<End> {
    match cut.await.ok()? {
        Ending::Soon(close) => {
            tokio::time::sleep(CLOSE_WRITE_MAX).await;
            Some(close.into())
        }
        Ending::Now(close) => Some(close.into()),
    }
}

/// The end of a connection whose room says nothing more: what it said last, if it did.
fn silenced(mut cut: Cut) -> End {
    match cut.try_recv() {
        Ok(Ending::Soon(close) | Ending::Now(close)) => close.into(),
        Err(_) => CloseReason::Internal.into(),
    }
}

/// A connection that a room knows of. The room learns of its end when this is dropped.
struct Member {
    connection: ConnectionId,
    room: RoomHandle,
    schema: Arc<Schema>,
    places: Places,
}

impl Drop for Member {
    fn drop(&mut self) {
        // Without the thread there is nobody to tell.
        let _ = self.room.tell(HostedEvent::Detach(self.connection));
    }
}

/// Follows the hello at the beginning of `message` to a room.
fn enter(
    lobby: &Lobby,
    connection: ConnectionId,
    message: &[u8],
) -> Result<(Member, OutboxReader, Cut), Close> {
    let hello = handshake::read_hello(sections(message).next())?;
    let Admitted { admission, attach } = handshake::admit(*hello, &lobby.directory, &lobby.tokens)?;
    let Admission { room, reservation } = admission;
    let schema = room.board.game.kind.schema().clone();
    let (outbox, reader, cut) = outbox();
    tracing::debug!(
        connection = connection.0, session = %attach.session, room = %room.board.id,
        resume = attach.resume, "attaching"
    );
    let event = HostedEvent::Attach {
        connection,
        attach,
        outbox,
        reservation,
    };
    room.tell(event).map_err(|_| CloseReason::Internal)?;
    Ok((
        Member {
            connection,
            room,
            schema,
            places: Places::new(),
        },
        reader,
        cut,
    ))
}

/// Takes in what the client says, `first` being the message with its hello.
async fn listen(member: &Member, first: Bytes, mut ear: Ear<'_>) -> End {
    let mut message = first;
    let mut taken = 1;
    loop {
        for section in sections(&message).skip(taken) {
            if let Err(close) = member.take(section, ear.metrics).await {
                return close.into();
            }
        }
        taken = 0;
        message = match ear.hear().await {
            Ok(message) => message,
            Err(end) => return end,
        };
    }
}

impl Member {
    /// Hands one section on to the room.
    async fn take(
        &self,
        section: Result<(SectionKind, &[u8]), DecodeError>,
        metrics: &Metrics,
    ) -> Result<(), Close> {
        let message = decode(section, &self.schema)?;
        let place = match &message {
            ClientMessage::Input(_) => self.places.input(),
            ClientMessage::Ping { .. }
            | ClientMessage::Rematch
            | ClientMessage::Leave
            | ClientMessage::Resync { .. }
            | ClientMessage::Command(_) => Some(self.places.control().await),
        };
        let Some(place) = place else {
            metrics.inputs_dropped.inc();
            return Ok(());
        };
        let event = HostedEvent::Message {
            connection: self.connection,
            message,
            place,
        };
        self.room
            .tell(event)
            .map_err(|_| CloseReason::Internal.into())
    }
}

/// Writes what the room says: all that waits at once, and then one flush. Ends without an end if the
/// room says nothing more.
async fn speak(
    metrics: &Metrics,
    mut reader: OutboxReader,
    outward: &mut Outward,
    ask: &Notify,
) -> Option<End> {
    loop {
        let mut next = tokio::select! {
            outgoing = reader.receive() => outgoing?,
            () = ask.notified() => {
                if outward.send(Message::Ping(Bytes::new())).await.is_err() {
                    return Some(End::Gone);
                }
                continue;
            }
        };
        loop {
            match next {
                Outgoing::Close(close) => return Some(close.into()),
                Outgoing::Message(message) => {
                    metrics.sent_messages.inc();
                    metrics.sent_bytes.inc_by(message.len() as u64);
                    if outward.feed(Message::Binary(message.into())).await.is_err() {
                        return Some(End::Gone);
                    }
                }
            }
            let Some(more) = reader.receive_now() else {
                break;
            };
            next = more;
        }
        if outward.flush().await.is_err() {
            return Some(End::Gone);
        }
    }
}

/// Ends a connection from which nothing was heard for `longest`, give or take a quarter. Half way
/// there it is asked: a browser whose page sleeps still answers a ping.
async fn time_out(longest: Duration, heard: &AtomicBool, ask: &Notify) -> End {
    const QUARTERS: u32 = 4;
    let mut silent = 0;
    loop {
        tokio::time::sleep(longest / QUARTERS).await;
        silent = if heard.swap(false, Ordering::Relaxed) {
            0
        } else {
            silent + 1
        };
        if silent == QUARTERS / 2 {
            ask.notify_one();
        } else if silent == QUARTERS {
            return CloseReason::Idle.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::outbox::Outbox;

    fn reason(end: &End) -> Option<CloseReason> {
        match end {
            End::Closed(close) => Some(close.reason),
            End::Gone => None,
        }
    }

    /// Whoever finds the queue gone before it looks at the cut must still say why.
    #[tokio::test]
    async fn a_connection_that_finds_its_queue_gone_ends_with_the_rooms_reason() {
        let (room, mut reader, cut) = outbox();
        room.cut(CloseReason::TooSlow.into());
        assert_eq!(reader.receive().await, None);
        assert_eq!(reason(&silenced(cut)), Some(CloseReason::TooSlow));
        let (room, mut reader, cut) = outbox();
        drop::<Outbox>(room);
        assert_eq!(reader.receive().await, None);
        assert_eq!(reason(&silenced(cut)), Some(CloseReason::Internal));
    }

    /// Nothing takes the close out of the queue here, as when the client does not read.
    #[tokio::test(start_paused = true)]
    async fn a_close_does_not_wait_for_a_client_that_does_not_read() {
        let (room, _reader, mut cut) = outbox();
        assert!(room.send(vec![1]));
        room.close(CloseReason::Kicked.into());
        let end = closing(&mut cut).await.expect("the room said why");
        assert_eq!(reason(&end), Some(CloseReason::Kicked));
    }
}
