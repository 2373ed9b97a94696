//! One WebSocket, from its opening to its close.
//!
//! It knows rooms only as something that takes events and fills an outbox, and ends with exactly one
//! reason.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use syncline_server_core::{ClientMessage, ConnectionId};
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::SessionId;
use syncline_shared::input::InputBatch;
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::message::sections;
use syncline_shared::schema::Schema;

use crate::chat_filter::{ChatFilter, ChatMessage};
use crate::clock::Clock;
use crate::directory::{Admission, Directory};
use crate::metrics::Metrics;
use crate::net::ending::End;
use crate::net::guard::{Peer, PeerName};
use crate::net::handshake::{self, Admitted};
use crate::net::incoming::{Ear, decode};
use crate::net::link::{Ends, Socket};
use crate::net::meter::Meter;
use crate::net::outbox::{Outbox, Outward};
use crate::net::socket::websocket_config;
use crate::runtime::inbox::{HostedEvent, Place, Places, RoomHandle};
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
    /// How long one that we end may take to hear it.
    pub(crate) close_timeout: Duration,
    /// How many messages a second a client may send; 0 for any.
    pub(crate) message_rate: u32,
    /// The time.
    pub(crate) clock: Clock,
    /// Connections so far.
    pub(crate) connections: AtomicU64,
    /// Looks at what clients say.
    pub(crate) chat_filter: Option<ChatFilter>,
}

/// Serves one WebSocket until it ends, on a socket or through a tunnel. `early` is what has been read of it already; `transient` says
/// that the client is a part of this server.
pub(crate) async fn serve(
    lobby: Arc<Lobby>,
    ends: Ends,
    early: Bytes,
    peer: &Peer,
    name: PeerName,
    transient: bool,
) {
    let connection = ConnectionId(lobby.connections.fetch_add(1, Ordering::Relaxed) + 1);
    let Ends {
        link,
        outbox,
        outward,
    } = ends;
    // Copied, since it is mostly nothing in a buffer of kilobytes, which is given back at once.
    let read = early.to_vec();
    drop(early);
    let mut socket = Socket::new(link, read, websocket_config());
    let arrival = Arrival {
        connection,
        outbox,
        address: peer.counted(name),
        transient,
    };
    let end = stay(&lobby, arrival, peer, &mut socket, &outward).await;
    end.note(&lobby.metrics, connection, name);
    end.tell(&mut socket, &outward, lobby.close_timeout / 2)
        .await;
    outward.finish(lobby.close_timeout).await;
}

/// A connection that has not been to a room.
struct Arrival {
    connection: ConnectionId,
    outbox: Outbox,
    /// Where the client is, if limits of an address count there.
    address: Option<IpAddr>,
    /// Whether the client is a part of this server.
    transient: bool,
}

/// Everything between the opening and the end.
async fn stay(
    lobby: &Lobby,
    arrival: Arrival,
    peer: &Peer,
    socket: &mut Socket,
    outward: &Outward,
) -> End {
    let mut ear = Ear {
        socket,
        metrics: &lobby.metrics,
        heard: &AtomicBool::new(true),
        meter: Meter::new(
            lobby.message_rate,
            lobby.clock,
            &lobby.metrics.message_rate_exceeded,
        ),
    };
    let hello = tokio::select! {
        hello = tokio::time::timeout(lobby.hello_timeout, ear.hear()) => hello,
        () = peer.evicted() => return evicted(),
        () = lobby.shutdown.thrown() => return CloseReason::Restarting.into(),
    };
    let message = match hello {
        Ok(Ok(message)) => message,
        Ok(Err(end)) => return end,
        Err(_) => return CloseReason::HelloTimeout.into(),
    };
    let member = match enter(lobby, arrival, &message) {
        Ok(member) => member,
        Err(close) => return close.into(),
    };
    peer.settle();
    let heard = ear.heard;
    // Nearly always it is a message that wakes this task. What else may end the connection has a
    // waker of its own, so that it is not asked each time.
    let mut else_ends = FuturesUnordered::new();
    else_ends.push(Box::pin(async {
        tokio::select! {
            close = outward.attend() => close.map_or(End::Gone, End::Closed),
            end = time_out(lobby.idle_timeout, heard, outward) => end,
            () = lobby.shutdown.thrown() => CloseReason::Restarting.into(),
        }
    }));
    let mut listening = Listening {
        member: &member,
        ear,
        message,
        taken: 1,
        place: None,
    };
    poll_fn(|context| {
        let end = listening.poll_end(context);
        if end.is_ready() {
            return end;
        }
        match else_ends.poll_next_unpin(context) {
            Poll::Ready(Some(end)) => Poll::Ready(end),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The end of a connection that has to make room before it has said hello.
fn evicted() -> End {
    let detail = "too many connections wait to be greeted";
    Close::new(CloseReason::Busy, detail).into()
}

/// A connection that a room knows of. The room learns of its end when this is dropped.
struct Member {
    connection: ConnectionId,
    session: SessionId,
    room: RoomHandle,
    schema: Arc<Schema>,
    places: Places,
    chat_filter: Option<ChatFilter>,
}

impl Drop for Member {
    fn drop(&mut self) {
        self.room.tell(HostedEvent::Detach(self.connection));
    }
}

/// Follows the hello at the beginning of `message` to a room.
fn enter(lobby: &Lobby, arrival: Arrival, message: &[u8]) -> Result<Member, Close> {
    let Arrival {
        connection,
        outbox,
        address,
        transient,
    } = arrival;
    let hello = handshake::read_hello(sections(message).next())?;
    let (directory, tokens) = (&lobby.directory, &lobby.tokens);
    let Admitted { admission, attach } =
        handshake::admit(*hello, directory, tokens, address, transient)?;
    let Admission {
        room, reservation, ..
    } = admission;
    let schema = room.board.game.kind.schema().clone();
    tracing::debug!(
        connection = connection.0, session = %attach.session, room = %room.board.id,
        resume = attach.resume, "attaching"
    );
    let session = attach.session;
    let event = HostedEvent::Attach {
        connection,
        attach,
        outbox,
        reservation,
    };
    room.tell(event);
    Ok(Member {
        connection,
        session,
        room,
        schema,
        places: Places::new(),
        chat_filter: lobby.chat_filter.clone(),
    })
}

/// What a greeted client says, until it ends.
///
/// Polled once for each message of each client, and therefore by hand: every `async` between a task
/// and its socket is one more place in memory to look at.
struct Listening<'a> {
    member: &'a Member,
    ear: Ear<'a>,
    /// The message that is being taken in, and how many of its sections were.
    message: Bytes,
    taken: usize,
    /// Comes with a place for the next section, if it has to wait for one.
    place: Option<Pin<Box<dyn Future<Output = Place> + Send + 'a>>>,
}

impl Listening<'_> {
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<End> {
        loop {
            if let Err(close) = ready!(self.poll_take(context)) {
                return Poll::Ready(close.into());
            }
            match ready!(self.ear.poll_hear(context)) {
                Ok(message) => (self.message, self.taken) = (message, 0),
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// Hands what is left of the message on to the room.
    fn poll_take(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Close>> {
        let said = std::mem::take(&mut self.message);
        let member = self.member;
        for section in sections(&said).skip(self.taken) {
            match decode(section, &member.schema)? {
                ClientMessage::Input(batch) => {
                    if !member.tell_input(batch) {
                        self.ear.metrics.inputs_dropped.inc();
                    }
                }
                message => {
                    let Poll::Ready(place) = self.poll_place(context) else {
                        self.message = said.clone();
                        return Poll::Pending;
                    };
                    member.tell(member.filtered(message), place);
                }
            }
            self.taken += 1;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_place(&mut self, context: &mut Context<'_>) -> Poll<Place> {
        let places = &self.member.places;
        let waiting = self.place.get_or_insert_with(|| Box::pin(places.control()));
        let place = ready!(waiting.as_mut().poll(context));
        self.place = None;
        Poll::Ready(place)
    }
}

impl Member {
    /// Hands on what the client pressed and acknowledged; whether there was a place for it.
    fn tell_input(&self, batch: InputBatch) -> bool {
        let at = self.room.clock.now();
        self.room
            .tell_input(self.connection, batch, at, &self.places)
    }

    /// What is left of a message after the filter of chat: it looks at reasons for kicks, too.
    fn filtered(&self, message: ClientMessage) -> ClientMessage {
        match (&self.chat_filter, message) {
            (
                Some(filter),
                ClientMessage::Chat {
                    to,
                    text: Some(text),
                },
            ) => {
                let (room, session, text) = (self.room.board.id, self.session, text.as_str());
                let said = ChatMessage {
                    room,
                    session,
                    to,
                    text,
                };
                let text = filter.apply(said);
                ClientMessage::Chat { to, text }
            }
            (Some(filter), ClientMessage::Room(RoomRequest::Kick { player, reason })) => {
                let (room, session, text) = (self.room.board.id, self.session, reason.as_str());
                let to = ChatTo::Player(player);
                let said = ChatMessage {
                    room,
                    session,
                    to,
                    text,
                };
                let reason = filter.apply(said).unwrap_or_default();
                ClientMessage::Room(RoomRequest::Kick { player, reason })
            }
            (_, message) => message,
        }
    }

    /// Hands on anything else.
    fn tell(&self, message: ClientMessage, place: Place) {
        self.room.tell(HostedEvent::Message {
            connection: self.connection,
            message,
            place,
        });
    }
}

/// Ends a connection from which nothing was heard for `longest`, give or take a quarter. Half way
/// there it is asked: a browser whose page sleeps still answers a ping.
pub(super) async fn time_out(longest: Duration, heard: &AtomicBool, outward: &Outward) -> End {
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
            outward.ping();
        } else if silent == QUARTERS {
            return CloseReason::Idle.into();
        }
    }
}
