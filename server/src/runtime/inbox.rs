//! What reaches a room, how much of it may wait, and when its thread is woken for it.
//!
//! Each room has an inbox of its own, which stays with it wherever it lives. Inputs only matter at
//! the next tick: they are put in without a word, and found by the room when it is due. For anything
//! else its thread is woken.
//!
//! The queue itself has no bound: each message in it holds one of its member's places, and a member
//! has few. Of what holds no place there is one per connection (attach, detach,
//! a request that moves what is shown).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use syncline_server_core::replay_room::{PlaybackControl, PlaybackStatus};
use syncline_server_core::{Attach, ClientMessage, ConnectionId, Room, RoomConfig};
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::input::InputBatch;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::games::HostedGame;
use crate::journal_store::Recorder;
use crate::net::outbox::Outbox;
use crate::runtime::bell::Bell;
use crate::runtime::board::{Reservation, RoomBoard};
use crate::runtime::pulse::Pulse;

/// How many control messages and commands of one member may wait for its room. With all places
/// taken the connection stops reading, so that its own socket feels it.
const CONTROL_PLACES: usize = 64;

/// How many visits of one room may wait: those of a room that stands still pile up no higher.
const VISITS: usize = 64;

/// How long a room may take to receive a visit; one that runs does at its next tick.
const VISIT_WITHIN: Duration = Duration::from_secs(2);

/// How many input batches of one member may wait for its room. At 30 Hz they are a second, more
/// than a connection that stood still brings at once; a batch beyond is dropped and counted.
const INPUT_PLACES: u32 = 32;

/// How long an input may lie in an inbox, in microseconds: if its room looks there by itself before
/// that, nobody is woken for it. More than a tick of most games; rooms that tick more slowly, or not
/// at all, still learn in time what was acknowledged.
const LAZY_MICROS: u64 = 40_000;

/// What a room is made of.
#[derive(Clone)]
pub(crate) struct RoomSpec {
    /// Its settings.
    pub(crate) config: RoomConfig,
    /// Its game.
    pub(crate) game: Arc<HostedGame>,
    /// Where its matches are recorded.
    pub(crate) journals: Recorder,
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
    /// A connection acknowledged something, or pressed something.
    Input {
        /// Which connection.
        connection: ConnectionId,
        /// What.
        batch: InputBatch,
        /// When it was taken off the socket.
        at: Timestamp,
    },
    /// A connection said something else.
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
    /// Somebody moves what the room shows, and is told where it stands then. A room that plays
    /// answers nothing.
    Playback(PlaybackControl, oneshot::Sender<PlaybackStatus>),
    /// Somebody who is no member looks at the room, or changes something; done with what the room
    /// hears at this moment.
    Visit(Visit, OwnedSemaphorePermit),
}

/// What somebody does in a room, at a moment of the room's time.
pub(crate) type Visit = Box<dyn FnOnce(Timestamp, &mut Room) + Send>;

/// Why a room was not visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unvisited {
    /// It is over.
    Over,
    /// It does not respond in time; it may still do what it was to do.
    Busy,
}

/// A place of one member in the inbox of its room.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// The places of one member.
#[derive(Debug)]
pub(crate) struct Places {
    control: Arc<Semaphore>,
    /// Input batches since the inbox was last emptied, and in the upper half how often it was: its
    /// places are free again all at once, so that nobody has to give them back one by one.
    inputs: AtomicU64,
}

impl Places {
    /// All places, free.
    pub(crate) fn new() -> Self {
        Self {
            control: Arc::new(Semaphore::new(CONTROL_PLACES)),
            inputs: AtomicU64::new(0),
        }
    }

    /// A place for a control message or command, as soon as there is one.
    pub(crate) async fn control(&self) -> Place {
        let permit = self.control.clone().acquire_owned().await;
        Place {
            _permit: permit.expect("nothing closes this semaphore"),
        }
    }

    /// Takes a place for an input batch, if there is one, in an inbox that was emptied `turn` times.
    ///
    /// Only called with the inbox locked.
    fn take_input(&self, turn: u32) -> bool {
        let known = self.inputs.load(Ordering::Relaxed);
        let taken = if known >> 32 == u64::from(turn) {
            known
        } else {
            u64::from(turn) << 32
        };
        let free = taken & u64::from(u32::MAX) < u64::from(INPUT_PLACES);
        self.inputs
            .store(taken + u64::from(free), Ordering::Relaxed);
        free
    }
}

/// The thread that a room lives on, as its inbox knows it.
#[derive(Clone, Default)]
pub(super) struct Home {
    /// Wakes it.
    pub(super) bell: Arc<Bell>,
    /// Whether it moves.
    pub(super) pulse: Arc<Pulse>,
}

struct Inbox(Mutex<State>);

struct State {
    events: Vec<HostedEvent>,
    /// Whether one of them must not wait until the room looks by itself.
    urgent: bool,
    /// How often the inbox was emptied.
    turn: u32,
    /// When the room looks here by itself; zero if it will before it rests.
    looks_at: Timestamp,
    home: Home,
    /// Nobody looks any more.
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Puts `event` in, which may lie there until `latest`; what to ring for it, if anything.
    fn push(&mut self, event: HostedEvent, latest: Timestamp) -> Option<Arc<Bell>> {
        self.events.push(event);
        self.urgent |= latest == Timestamp::ZERO;
        (self.looks_at > latest).then(|| {
            // Once is enough, however many more come.
            self.looks_at = Timestamp::ZERO;
            self.home.bell.clone()
        })
    }
}

/// A room as connections know it.
#[derive(Clone)]
pub(crate) struct RoomHandle {
    /// What it shows.
    pub(crate) board: Arc<RoomBoard>,
    /// The clock by which inputs are stamped.
    pub(crate) clock: Clock,
    inbox: Arc<Inbox>,
    visits: Arc<Semaphore>,
}

impl RoomHandle {
    /// Whether the room's thread has been in one room for `longest` microseconds at `now`, so that
    /// whoever is sent there may wait for ever.
    pub(crate) fn is_stuck(&self, now: Timestamp, longest: u64) -> bool {
        self.inbox.lock().home.pulse.is_stuck(now, longest)
    }

    /// Tells the room, and wakes its thread. A room that is over hears nothing; whoever wants in is
    /// then told so.
    pub(crate) fn tell(&self, event: HostedEvent) {
        let mut state = self.inbox.lock();
        if state.closed {
            drop(state);
            return refuse(event);
        }
        let bell = state.push(event, Timestamp::ZERO);
        drop(state);
        self.ring(bell);
    }

    /// Has the room's thread do something in the room; what came of it.
    pub(crate) async fn visit<A: Send + 'static>(
        &self,
        act: impl FnOnce(Timestamp, &mut Room) -> A + Send + 'static,
    ) -> Result<A, Unvisited> {
        let permit = self.visits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Unvisited::Busy)?;
        let (reply, answer) = oneshot::channel();
        let visit: Visit = Box::new(move |now, room| {
            // Whoever asked may be gone.
            let _ = reply.send(act(now, room));
        });
        self.tell(HostedEvent::Visit(visit, permit));
        match tokio::time::timeout(VISIT_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|_| Unvisited::Over),
            Err(_) => Err(Unvisited::Busy),
        }
    }

    /// Tells the room what a member, whose `places` these are, acknowledged and pressed; whether
    /// there was a place for it. It is taken in before the room's next tick, and before
    /// [`LAZY_MICROS`] have passed.
    pub(crate) fn tell_input(
        &self,
        connection: ConnectionId,
        batch: InputBatch,
        at: Timestamp,
        places: &Places,
    ) -> bool {
        let mut state = self.inbox.lock();
        if state.closed {
            return true;
        }
        if !places.take_input(state.turn) {
            return false;
        }
        let event = HostedEvent::Input {
            connection,
            batch,
            at,
        };
        let bell = state.push(event, at.plus_micros(LAZY_MICROS));
        drop(state);
        self.ring(bell);
        true
    }

    /// Rings, if need be, once nothing is locked any more: who is woken wants the lock.
    fn ring(&self, bell: Option<Arc<Bell>>) {
        if let Some(bell) = bell {
            bell.ring(self.board.id);
        }
    }
}

/// The room's end of its inbox. Once it is dropped, nothing more is taken in.
pub(super) struct RoomInbox(Arc<Inbox>);

/// The inbox of the room of `board`, which is about to live at `home`.
pub(super) fn inbox(board: Arc<RoomBoard>, home: Home, clock: Clock) -> (RoomHandle, RoomInbox) {
    let state = State {
        events: Vec::new(),
        urgent: false,
        turn: 0,
        looks_at: Timestamp::ZERO,
        home,
        closed: false,
    };
    let inbox = Arc::new(Inbox(Mutex::new(state)));
    let handle = RoomHandle {
        board,
        clock,
        inbox: inbox.clone(),
        visits: Arc::new(Semaphore::new(VISITS)),
    };
    (handle, RoomInbox(inbox))
}

impl RoomInbox {
    /// Takes everything out into `events`, which must be empty. Until the room rests, nobody rings.
    pub(super) fn take(&self, events: &mut Vec<HostedEvent>) {
        debug_assert!(events.is_empty(), "what was taken is handled at once");
        let mut state = self.0.lock();
        state.turn = state.turn.wrapping_add(1);
        state.urgent = false;
        state.looks_at = Timestamp::ZERO;
        std::mem::swap(&mut state.events, events);
    }

    /// The room lives at `home` from now on. Only between [`RoomInbox::take`] and
    /// [`RoomInbox::rest`], while nobody rings: so no ring is lost at the home that was.
    pub(super) fn move_to(&self, home: Home) {
        let mut state = self.0.lock();
        state.looks_at = Timestamp::ZERO;
        state.home = home;
    }

    /// The room will look again at `next`; whether it may rest until then. If not, something came
    /// since [`RoomInbox::take`] that it must look at before that.
    pub(super) fn rest(&self, now: Timestamp, next: Timestamp) -> bool {
        let mut state = self.0.lock();
        let soon = next <= now.plus_micros(LAZY_MICROS);
        let rests = !state.urgent && (soon || state.events.is_empty());
        if rests {
            state.looks_at = next;
        }
        rests
    }
}

impl Drop for RoomInbox {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let events = std::mem::take(&mut state.events);
        drop(state);
        events.into_iter().for_each(refuse);
    }
}

/// Lets go of what a room that is over will never hear.
fn refuse(event: HostedEvent) {
    if let HostedEvent::Attach { outbox, .. } = event {
        // A room does not end well with somebody on the way: this one broke, or never opened.
        outbox.close(broke());
    }
}

/// What clients of a room that broke are told.
pub(super) fn broke() -> Close {
    Close::new(CloseReason::Internal, "the room broke")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use syncline_games::Pong;
    use syncline_shared::id::{RoomCode, RoomId};

    use super::*;
    use crate::config::Config;
    use crate::games::Games;

    const NOW: Timestamp = Timestamp(1_000_000);
    const CONNECTION: ConnectionId = ConnectionId(1);

    fn room() -> (RoomHandle, RoomInbox, Arc<Bell>) {
        let games = Games::new()
            .with::<Pong>()
            .resolve(&Config::default())
            .unwrap();
        let config = RoomConfig::new(RoomId(7), RoomCode::from_entropy(1), 1);
        let board = Arc::new(RoomBoard::new(&config, games.default_game().clone(), NOW));
        let home = Home::default();
        let (handle, inbox) = inbox(board, home.clone(), Clock::start());
        (handle, inbox, home.bell)
    }

    fn press(room: &RoomHandle, at: Timestamp, places: &Places) -> bool {
        room.tell_input(CONNECTION, InputBatch::default(), at, places)
    }

    fn rung(bell: &Bell) -> usize {
        let mut rooms = Vec::new();
        bell.wait(Some(Duration::ZERO), &mut rooms);
        rooms.len()
    }

    fn taken(inbox: &RoomInbox) -> usize {
        let mut events = Vec::new();
        inbox.take(&mut events);
        events.len()
    }

    #[test]
    fn an_input_wakes_nobody_who_looks_soon_and_anything_else_does_once() {
        let (room, inbox, bell) = room();
        assert!(inbox.rest(NOW, NOW.plus_micros(33_333)));
        for _ in 0..3 {
            assert!(press(&room, NOW, &Places::new()));
        }
        assert_eq!(rung(&bell), 0);
        room.tell(HostedEvent::Detach(CONNECTION));
        room.tell(HostedEvent::Detach(CONNECTION));
        assert_eq!((rung(&bell), taken(&inbox)), (1, 5));
    }

    #[test]
    fn an_input_wakes_a_room_that_would_look_too_late_or_never() {
        for next in [NOW.plus_micros(LAZY_MICROS + 1), Timestamp(u64::MAX)] {
            let (room, inbox, bell) = room();
            assert!(inbox.rest(NOW, next));
            assert!(press(&room, NOW, &Places::new()));
            assert!(press(&room, NOW, &Places::new()));
            assert_eq!((rung(&bell), taken(&inbox)), (1, 2));
        }
    }

    /// What comes between the look and the rest rings for nobody, and must not be forgotten.
    #[test]
    fn a_room_does_not_rest_before_it_saw_what_came_meanwhile() {
        let (room, inbox, bell) = room();
        let (soon, later) = (NOW.plus_micros(LAZY_MICROS), Timestamp(u64::MAX));
        assert_eq!(taken(&inbox), 0);
        assert!(press(&room, NOW, &Places::new()));
        assert!(!inbox.rest(NOW, later));
        assert!(inbox.rest(NOW, soon), "it looks soon enough");
        assert_eq!(taken(&inbox), 1);
        room.tell(HostedEvent::Detach(CONNECTION));
        assert!(!inbox.rest(NOW, soon));
        assert_eq!((rung(&bell), taken(&inbox)), (0, 1));
        assert!(inbox.rest(NOW, later));
    }

    #[test]
    fn a_member_has_so_many_places_for_inputs_until_the_room_looks() {
        let (room, inbox, _bell) = room();
        let (greedy, other) = (Places::new(), Places::new());
        for _ in 0..3 {
            let found = (0..100).filter(|_| press(&room, NOW, &greedy)).count();
            assert_eq!(found, 32);
            assert!(press(&room, NOW, &other));
            assert_eq!(taken(&inbox), 33);
        }
    }

    /// What is told between the last look at one home and the first at the next one keeps its order,
    /// and is looked at without a ring.
    #[test]
    fn a_room_that_moves_loses_nothing() {
        let (room, inbox, old) = room();
        assert!(inbox.rest(NOW, Timestamp(u64::MAX)));
        room.tell(HostedEvent::Detach(ConnectionId(1)));
        assert_eq!((rung(&old), taken(&inbox)), (1, 1));
        room.tell(HostedEvent::Detach(ConnectionId(2)));
        let home = Home::default();
        inbox.move_to(home.clone());
        room.tell(HostedEvent::Detach(ConnectionId(3)));
        assert_eq!((rung(&old), rung(&home.bell)), (0, 0));
        assert!(!inbox.rest(NOW, Timestamp(u64::MAX)), "it looks first");
        let mut events = Vec::new();
        inbox.take(&mut events);
        let told = events.iter().map(|event| match event {
            HostedEvent::Detach(connection) => connection.0,
            _ => 0,
        });
        assert_eq!(told.collect::<Vec<_>>(), [2, 3]);
        assert!(inbox.rest(NOW, Timestamp(u64::MAX)));
        room.tell(HostedEvent::Detach(ConnectionId(4)));
        assert_eq!((rung(&old), rung(&home.bell)), (0, 1));
    }

    #[test]
    fn a_room_that_is_over_takes_nothing_in() {
        let (room, inbox, bell) = room();
        drop(inbox);
        room.tell(HostedEvent::Detach(CONNECTION));
        assert!(press(&room, NOW, &Places::new()));
        assert_eq!(rung(&bell), 0);
        assert_eq!(room.inbox.lock().events.len(), 0);
    }
}
