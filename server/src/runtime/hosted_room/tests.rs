//! Rooms on their threads: when they tick, and how late they are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use syncline_games::{Arena, Pong};
use syncline_server_core::Attach;
use syncline_shared::game::{Game, JoinRefusal, LeaveReason, Profile, Seats, SnapshotWriter, Step};
use syncline_shared::id::{PlayerId, RoomCode, RoomId, SessionId};
use syncline_shared::input::InputBatch;
use syncline_shared::message::control::Role;
use syncline_shared::properties::Properties;
use syncline_shared::replicated;
use syncline_shared::replicated::{NoCommand, NoEvent};
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

use super::*;
use crate::config::Config;
use crate::games::Games;
use crate::journal_store::Recorder;
use crate::runtime::board::Unreserved;
use crate::runtime::inbox::{Places, RoomHandle, inbox};

/// Rooms of one rate that are opened at one moment are due at moments of their own.
#[test]
fn ticks_of_rooms_are_spread_over_the_period() {
    const ROOMS: u32 = 32;
    let games = Games::new()
        .with::<Pong>()
        .resolve(&Config::default())
        .unwrap();
    let now = Timestamp(123_456_789);
    let mut phases = BTreeSet::new();
    let mut period = 0;
    for index in 0..ROOMS {
        let config = RoomConfig::new(RoomId(index + 1), RoomCode::from_entropy(1), 1);
        let game = games.default_game().clone();
        let board = Arc::new(RoomBoard::new(&config, game.clone(), now));
        let journals = Recorder::default();
        let spec = RoomSpec {
            config,
            game,
            journals,
        };
        let (_handle, inbox) = inbox(board.clone(), Home::default(), Clock::start());
        let room = HostedRoom::open(spec, board, inbox, now, phase(0, index), None).unwrap();
        let due = room.next_due(now).expect("an empty room ends some day");
        assert!(room.origin <= now && due >= now);
        period = room.period;
        phases.insert(due.0 % period);
    }
    let gaps: Vec<u64> = phases
        .iter()
        .zip(phases.iter().skip(1))
        .map(|(one, next)| next - one)
        .collect();
    assert_eq!(gaps.len(), 31, "no two are the same");
    let even = period / u64::from(ROOMS);
    assert!(
        gaps.iter().all(|gap| *gap > even / 3 && *gap < even * 3),
        "{gaps:?}"
    );
}

/// However many threads there are, and however few rooms on each.
#[test]
fn threads_do_not_tick_at_once_either() {
    for (threads, rooms) in [(2, 50), (3, 16), (7, 1), (8, 100)] {
        let all = (0..threads).flat_map(|thread| (0..rooms).map(move |n| phase(thread, n)));
        let all: BTreeSet<u64> = all.map(u64::from).collect();
        let around = all.first().map(|first| first + (1 << 32));
        let next = all.iter().copied().skip(1).chain(around);
        let widest = all.iter().zip(next).map(|(one, next)| next - one).max();
        let even = (1 << 32) / u64::from(threads * rooms);
        assert!(widest < Some(5 * even), "{threads} x {rooms}: {widest:?}");
    }
}

/// A room of `G`, and the way to it.
fn opened<G: Game>(clock: Clock) -> (RoomHandle, HostedRoom) {
    let game = Games::new().with::<G>().resolve(&Config::default());
    let game = game.unwrap().default_game().clone();
    let config = RoomConfig::new(RoomId(1), RoomCode::from_entropy(1), 1);
    let board = Arc::new(RoomBoard::new(&config, game.clone(), clock.now()));
    let journals = Recorder::default();
    let spec = RoomSpec {
        config,
        game,
        journals,
    };
    let (handle, inbox) = inbox(board.clone(), Home::default(), clock);
    let room = HostedRoom::open(spec, board, inbox, clock.now(), 0, None).unwrap();
    (handle, room)
}

/// A player comes, whose session and connection have the same number.
fn attach(number: u64, outbox: Outbox, reservation: Reservation) -> HostedEvent {
    let attach = Box::new(Attach {
        session: SessionId(number),
        resume: false,
        resume_token: Vec::new(),
        name: String::new(),
        properties: Properties::default(),
        role: Role::Player,
        transient: false,
        knows_schema: true,
    });
    HostedEvent::Attach {
        connection: ConnectionId(number),
        attach,
        outbox,
        reservation,
    }
}

/// A visit between two ticks has the room scheduled anew, which makes its tick no less late.
#[tokio::test]
async fn a_message_makes_no_overdue_tick_less_late() {
    let (clock, metrics, connection) = (Clock::start(), Metrics::new(), ConnectionId(1));
    let (handle, mut room) = opened::<Arena>(clock);
    let reservation = room.board.reserve().unwrap();
    let (outbox, _outward, _client) = crate::net::outbox::tests::pair().await;
    handle.tell(attach(1, outbox, reservation));
    room.advance(clock.now(), clock, &metrics, 0);
    assert!(
        room.board.is_running(),
        "an arena begins with its first player"
    );
    let due = room.next_due(clock.now()).unwrap();
    let late = due.plus_micros(40_000);
    assert_eq!(room.lateness(late), 40_000);
    let batch = InputBatch::default();
    assert!(handle.tell_input(connection, batch, clock.now(), &Places::new()));
    room.take_in(clock.now());
    assert_eq!(room.lateness(late), 40_000);
    assert_eq!(room.lateness(due), 0);
}

replicated! {
    /// Nothing of note.
    #[derive(Clone, Debug, Default)]
    struct Nod {
        yes: bool => flag,
    }
}

/// A game that begins with its first player and takes nobody later.
#[derive(Serialize, Deserialize)]
struct Closed;

impl Game for Closed {
    const NAME: &'static str = "closed";
    const TICK_RATE: TickRate = TickRate::hz(30);
    type Config = ();
    type Input = Nod;
    type Command = NoCommand;
    type Event = NoEvent;

    fn schema() -> Schema {
        Self::describe().class::<Nod>().build()
    }

    fn seats((): &()) -> Seats {
        Seats {
            min: 1,
            max: 4,
            join_in_progress: false,
        }
    }

    fn new((): (), _seed: u64) -> Self {
        Self
    }

    fn join(&mut self, _: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        Ok(())
    }

    fn leave(&mut self, _: PlayerId, _: LeaveReason) {}

    fn tick(&mut self, _: &mut Step<'_, Self>) {}

    fn replicate(&self, _: &mut SnapshotWriter) {}
}

/// Whoever was sent to it by chance must not find that it has begun.
#[tokio::test]
async fn a_match_that_takes_nobody_late_begins_when_nobody_is_on_the_way() {
    let (clock, metrics) = (Clock::start(), Metrics::new());
    let (handle, mut room) = opened::<Closed>(clock);
    let board = room.board.clone();
    let [first, second] = [(); 2].map(|()| board.reserve_open_seat().unwrap());
    let (outbox, _outward, _client) = crate::net::outbox::tests::pair().await;
    handle.tell(attach(1, outbox, first));
    for _ in 0..3 {
        room.advance(clock.now(), clock, &metrics, 0);
        assert_eq!((board.glance().phase, board.glance().players), ("lobby", 1));
        assert!(room.next_due(clock.now()).is_some(), "it looks again");
    }
    let (outbox, _outward, _client) = crate::net::outbox::tests::pair().await;
    handle.tell(attach(2, outbox, second));
    room.advance(clock.now(), clock, &metrics, 0);
    assert_eq!(
        (board.glance().phase, board.glance().players),
        ("running", 2)
    );
    assert_eq!(board.reserve_open_seat().err(), Some(Unreserved::Shut));
}
