//! What reaches a scheduler thread, and how much of it may wait.
//!
//! The channel itself has no bound: each message in it holds one of its member's places, and a
//! member has few. Of what holds no place there is one per connection (attach, detach) or room.

use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use syncline_server_core::{Attach, ClientMessage, ConnectionId, RoomConfig};
use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::games::HostedGame;
use crate::net::outbox::Outbox;
use crate::runtime::board::{Reservation, RoomBoard};
use crate::runtime::pulse::Pulse;

/// How many control messages and commands of one member may wait for its room. With all places
/// taken the connection stops reading, so that its own socket feels it.
const CONTROL_PLACES: usize = 64;

/// How many input batches of one member may wait for its room. At 30 Hz they are a tenth of a
/// second; a batch beyond is dropped and counted, since by its turn it would be late anyway.
const INPUT_PLACES: usize = 4;

/// What a scheduler thread is told.
pub(crate) enum ThreadEvent {
    /// It has one more room.
    Host(RoomSpec, Arc<RoomBoard>),
    /// Something for one of its rooms.
    Room(RoomId, HostedEvent),
    /// It ends, with all its rooms.
    Stop,
}

/// What a room is made of.
#[derive(Clone)]
pub(crate) struct RoomSpec {
    /// Its settings.
    pub(crate) config: RoomConfig,
    /// Its game.
    pub(crate) game: Arc<HostedGame>,
}

/// What happens to a room from outside.
pub(crate) enum HostedEvent {
    /// A greeted connection wants in; its messages go to the outbox from now on.
    Attach {
        /// Which connection.
        connection: ConnectionId,
        /// Who.
        attach: Box<Attach>,
        /// The way back.
        outbox: Outbox,
        /// Given up once the room has taken the event in.
        reservation: Reservation,
    },
    /// A connection said something.
    Message {
        /// Which connection.
        connection: ConnectionId,
        /// What.
        message: ClientMessage,
        /// Given up once the room has taken the event in.
        place: Place,
    },
    /// A connection is gone.
    Detach(ConnectionId),
}

/// A place of one member in the inbox of its room's thread.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The places of one member.
#[derive(Debug)]
pub(crate) struct Places {
    control: Arc<Semaphore>,
    inputs: Arc<Semaphore>,
}

impl Places {
    /// All places, free.
    pub(crate) fn new() -> Self {
        Self {
            control: Arc::new(Semaphore::new(CONTROL_PLACES)),
            inputs: Arc::new(Semaphore::new(INPUT_PLACES)),
        }
    }

    /// A place for a control message or command, as soon as there is one.
    pub(crate) async fn control(&self) -> Place {
        let permit = self.control.clone().acquire_owned().await;
        Place {
            _permit: permit.expect("nothing closes this semaphore"),
        }
    }

    /// A place for an input batch, if there is one.
    pub(crate) fn input(&self) -> Option<Place> {
        let permit = self.inputs.clone().try_acquire_owned().ok()?;
        Some(Place { _permit: permit })
    }
}

/// A room as connections know it.
#[derive(Clone)]
pub(crate) struct RoomHandle {
    /// What it shows.
    pub(crate) board: Arc<RoomBoard>,
    thread: mpsc::Sender<ThreadEvent>,
    pulse: Arc<Pulse>,
}

/// The thread that owns the room is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadGone;

impl RoomHandle {
    /// The room of `board`, which lives on the thread with this inbox and pulse.
    pub(super) fn new(
        board: Arc<RoomBoard>,
        thread: mpsc::Sender<ThreadEvent>,
        pulse: Arc<Pulse>,
    ) -> Self {
        Self {
            board,
            thread,
            pulse,
        }
    }

    /// Whether the room's thread has been in one room for `longest` microseconds at `now`, so that
    /// whoever is sent there may wait for ever.
    pub(crate) fn is_stuck(&self, now: Timestamp, longest: u64) -> bool {
        self.pulse.is_stuck(now, longest)
    }

    /// Tells the room.
    ///
    /// # Errors
    ///
    /// [`ThreadGone`] if nobody will ever hear it.
    pub(crate) fn tell(&self, event: HostedEvent) -> Result<(), ThreadGone> {
        let event = ThreadEvent::Room(self.board.id, event);
        self.thread.send(event).map_err(|_| ThreadGone)
    }
}
