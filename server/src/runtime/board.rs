//! What a room shows of itself to the rest of the process, and whether it may still be entered.
//!
//! The room's thread writes, anybody reads, nobody waits. Knows nothing of threads or sockets.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use syncline_server_core::bandwidth::BandwidthWindow;
use syncline_server_core::{Relief, RoomConfig, RoomStatus};
use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::journal::RoomLock;
use syncline_shared::labels::Labels;
use syncline_shared::query::RoomFacts;
use syncline_shared::tick::Timestamp;

use crate::games::HostedGame;
use crate::runtime::figures::Figures;

/// The names of a room's phases, as its status has them.
const PHASES: [&str; 4] = ["lobby", "running", "ended", "held"];
const RUNNING: u8 = 1;

/// What rooms give up while they are overloaded, by name.
const RELIEFS: [&str; 3] = ["none", "snapshots", "time"];

/// One room's board.
pub(crate) struct RoomBoard {
    /// Its id.
    pub(crate) id: RoomId,
    /// Leads to it.
    pub(crate) code: RoomCode,
    /// Its game.
    pub(crate) game: Arc<HostedGame>,
    /// Kept out of lists and quick play.
    pub(crate) private: bool,
    /// What its password is compared with, if it has one.
    pub(crate) lock: Option<RoomLock>,
    /// The address that it was made from, if that counts and it was made by this process.
    pub(crate) maker: Option<IpAddr>,
    /// What it says of itself.
    pub(crate) labels: Labels,
    /// Whether its matches begin when all are ready: quick play leads to no such room.
    pub(crate) when_ready: bool,
    /// Held for a look or a change.
    places: Mutex<Places>,
    phase: AtomicU8,
    tick: AtomicU32,
    spectators: AtomicU16,
    spectator_delay_ms: AtomicU32,
    connected: AtomicU16,
    /// Grows when anything but the tick changes, or something is said.
    changes: watch::Sender<u64>,
    /// What it was that changed last.
    seen: Mutex<Seen>,
    /// When the tick last changed, or the room last was in a phase that has none.
    progressed: AtomicU64,
    /// What is given up, as an index into [`RELIEFS`].
    relief: AtomicU8,
    /// Ticks from one snapshot to the next.
    snapshot_interval: AtomicU32,
    /// Ticks a second of late, in thousandths.
    pace: AtomicU32,
    /// What the streams cost of late. Held only to put a pointer in or to copy it out.
    bandwidth: Mutex<Arc<BandwidthWindow>>,
    /// What was measured and counted, likewise.
    figures: Mutex<Arc<Figures>>,
}

/// What those who wait for news of a room want to know of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    phase: &'static str,
    roster_changes: u32,
    said: u64,
    second: u32,
}

/// Who is in a room, who is on the way, and whether more may come: always told and changed together,
/// so that nobody is counted twice or never while arriving.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// Seats taken.
    players: u16,
    /// Seats in all.
    players_max: u16,
    /// Whether the room would take a player.
    open: bool,
    /// Seats promised to players on the way.
    promised: u32,
    /// How many are on the way, to play or not.
    awaited: u32,
    /// Nobody may enter any more.
    retired: bool,
}

impl Places {
    /// Players here and on their way.
    fn players_expected(&self) -> u32 {
        self.promised.saturating_add(self.players.into())
    }
}

/// A promise that a room stays until its holder has arrived, or has given up; and to a new player that
/// a seat does.
pub(crate) struct Reservation {
    /// Until it is given up.
    board: Option<Arc<RoomBoard>>,
    seat: bool,
}

/// Why nothing is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreserved {
    /// The room is over.
    Over,
    /// All its seats are taken or promised.
    Full,
    /// It takes no players now.
    Shut,
}

impl Reservation {
    /// It is not needed any more, as far as `places` are concerned.
    fn give_up(&mut self, places: &mut Places) {
        if self.board.take().is_some() {
            places.awaited -= 1;
            places.promised -= u32::from(self.seat);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(board) = self.board.clone() {
            self.give_up(&mut board.places());
        }
    }
}

/// A board as it was at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance {
    /// The phase's name.
    pub(crate) phase: &'static str,
    /// The match's tick.
    pub(crate) tick: u32,
    /// Seats taken.
    pub(crate) players: u16,
    /// Those who watch.
    pub(crate) spectators: u16,
    /// How far they are behind, in milliseconds.
    pub(crate) spectator_delay_ms: u32,
    /// Members of either kind who are connected.
    pub(crate) connected: u16,
    /// What the room gives up because it is overloaded: "none", "snapshots" or "time".
    pub(crate) degraded: &'static str,
    /// Ticks from one snapshot to the next.
    pub(crate) snapshot_interval: u32,
    /// Ticks a second of late, in thousandths; 0 while no match is running.
    pub(crate) pace: u32,
}

impl RoomBoard {
    /// The board of a room that is about to open.
    pub(crate) fn new(config: &RoomConfig, game: Arc<HostedGame>, now: Timestamp) -> Self {
        Self {
            id: config.id,
            code: config.code,
            private: config.private,
            lock: config.lock.clone(),
            maker: None,
            labels: config.labels.clone(),
            when_ready: config.countdown_micros.is_some(),
            places: Mutex::new(Places {
                players: 0,
                // Until the room says its own.
                players_max: config.players_max.max(game.seats.min).min(game.seats.max),
                open: true,
                promised: 0,
                awaited: 0,
                retired: false,
            }),
            game,
            phase: AtomicU8::new(0),
            tick: AtomicU32::new(0),
            spectators: AtomicU16::new(0),
            spectator_delay_ms: AtomicU32::new(0),
            connected: AtomicU16::new(0),
            changes: watch::Sender::new(0),
            seen: Mutex::default(),
            progressed: AtomicU64::new(now.0),
            relief: AtomicU8::new(0),
            snapshot_interval: AtomicU32::new(config.snapshot_interval),
            pace: AtomicU32::new(0),
            bandwidth: Mutex::default(),
            figures: Mutex::default(),
        }
    }

    /// The same, made from `address`.
    pub(crate) fn made_from(self, address: Option<IpAddr>) -> Self {
        Self {
            maker: address,
            ..self
        }
    }

    /// Shows `status`, as it is at `now`, in which those who had these reservations have arrived.
    pub(crate) fn publish(
        &self,
        status: &RoomStatus,
        now: Timestamp,
        mut arrived: Vec<Reservation>,
    ) {
        let phase = PHASES
            .iter()
            .position(|name| *name == status.phase)
            .unwrap_or_default();
        let phase = u8::try_from(phase).unwrap_or_default();
        let before = self.tick.swap(status.tick.0, Ordering::Relaxed);
        if phase != RUNNING || before != status.tick.0 {
            self.progressed.store(now.0, Ordering::Relaxed);
        }
        self.phase.store(phase, Ordering::Relaxed);
        let mut places = self.places();
        places.players = status.players;
        places.players_max = status.players_max;
        places.open = status.open;
        for reservation in &mut arrived {
            reservation.give_up(&mut places);
        }
        drop(places);
        self.spectators.store(status.spectators, Ordering::Relaxed);
        let delay = status.spectator_delay_micros / 1000;
        self.spectator_delay_ms
            .store(delay.try_into().unwrap_or(u32::MAX), Ordering::Relaxed);
        self.connected.store(status.connected, Ordering::Relaxed);
        self.note_changes(status);
    }

    /// Wakes those who wait for news, if there are any.
    fn note_changes(&self, status: &RoomStatus) {
        let now = Seen {
            phase: status.phase,
            roster_changes: status.roster_changes,
            said: status.said,
            second: status.second,
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen != now {
            *seen = now;
            drop(seen);
            self.changes.send_modify(|count| *count += 1);
        }
    }

    /// Tells of changes from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What is shown now.
    pub(crate) fn glance(&self) -> Glance {
        let phase = usize::from(self.phase.load(Ordering::Relaxed));
        Glance {
            phase: PHASES[phase % PHASES.len()],
            tick: self.tick.load(Ordering::Relaxed),
            players: self.places().players,
            spectators: self.spectators.load(Ordering::Relaxed),
            spectator_delay_ms: self.spectator_delay_ms.load(Ordering::Relaxed),
            connected: self.connected.load(Ordering::Relaxed),
            degraded: RELIEFS[usize::from(self.relief.load(Ordering::Relaxed)) % RELIEFS.len()],
            snapshot_interval: self.snapshot_interval.load(Ordering::Relaxed),
            pace: self.pace.load(Ordering::Relaxed),
        }
    }

    /// The room as a query sees it.
    pub(crate) fn facts(&self) -> RoomFacts<'_> {
        let glance = self.glance();
        RoomFacts {
            game: self.game.kind.name(),
            phase: glance.phase,
            players: self.players_expected(),
            seats: self.players_max().into(),
            spectators: glance.spectators.into(),
            labels: &self.labels,
        }
    }

    /// Shows what the room gives up, and how fast it goes.
    pub(crate) fn publish_relief(&self, relief: Relief, snapshot_interval: u32, pace: u32) {
        let index = u8::from(relief.fewer_snapshots) + u8::from(relief.slowed_by > 0);
        self.relief.store(index, Ordering::Relaxed);
        self.snapshot_interval
            .store(snapshot_interval, Ordering::Relaxed);
        self.pace.store(pace, Ordering::Relaxed);
    }

    /// Shows what was measured and counted.
    pub(crate) fn publish_figures(&self, figures: Figures) {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(figures);
    }

    /// What was measured and counted, as it was last shown.
    pub(crate) fn figures(&self) -> Arc<Figures> {
        let shown = self.figures.lock();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows what the streams cost of late.
    pub(crate) fn publish_bandwidth(&self, window: BandwidthWindow) {
        *self
            .bandwidth
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(window);
    }

    /// What the streams cost of late, as it was last shown.
    pub(crate) fn bandwidth(&self) -> Arc<BandwidthWindow> {
        let shown = self.bandwidth.lock();
        shown.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a match is running.
    pub(crate) fn is_running(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == RUNNING
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        // Nothing here panics halfway through a change.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seats in all.
    pub(crate) fn players_max(&self) -> u16 {
        self.places().players_max
    }

    /// Players here and on their way.
    pub(crate) fn players_expected(&self) -> u32 {
        self.places().players_expected()
    }

    /// Whether a new player would find a seat, once everybody on the way has arrived.
    pub(crate) fn is_open(&self) -> bool {
        let places = self.places();
        places.open && places.players_expected() < places.players_max.into()
    }

    /// For how many microseconds a running match has stood still at `now`; zero between matches.
    pub(crate) fn standstill(&self, now: Timestamp) -> u64 {
        if self.is_running() {
            now.since(Timestamp(self.progressed.load(Ordering::Relaxed)))
        } else {
            0
        }
    }

    /// Keeps the room open for one more who is on the way, to watch or to a seat of its own.
    pub(crate) fn reserve(self: &Arc<Self>) -> Result<Reservation, Unreserved> {
        self.promise(false, false)
    }

    /// Keeps the room open for a new player who is on the way, and a seat free; whether the player is
    /// taken is the room's to say.
    pub(crate) fn reserve_seat(self: &Arc<Self>) -> Result<Reservation, Unreserved> {
        self.promise(true, false)
    }

    /// The same, if the room takes players now. It does then until the player has arrived.
    pub(crate) fn reserve_open_seat(self: &Arc<Self>) -> Result<Reservation, Unreserved> {
        self.promise(true, true)
    }

    /// Sends nobody to a seat by chance any more, unless somebody is on the way to one; whether that is
    /// so. It holds until the room shows its status.
    pub(crate) fn shut(&self) -> bool {
        let mut places = self.places();
        let shuts = places.promised == 0;
        places.open &= !shuts;
        shuts
    }

    fn promise(
        self: &Arc<Self>,
        seat: bool,
        must_be_open: bool,
    ) -> Result<Reservation, Unreserved> {
        let mut places = self.places();
        if places.retired {
            return Err(Unreserved::Over);
        }
        if seat && places.players_expected() >= places.players_max.into() {
            return Err(Unreserved::Full);
        }
        if must_be_open && !places.open {
            return Err(Unreserved::Shut);
        }
        places.awaited += 1;
        places.promised += u32::from(seat);
        Ok(Reservation {
            board: Some(self.clone()),
            seat,
        })
    }

    /// Ends the room unless somebody is on the way; whether it did.
    pub(crate) fn retire(&self) -> bool {
        let mut places = self.places();
        let retires = places.awaited == 0 && !places.retired;
        places.retired |= retires;
        drop(places);
        if retires {
            self.changes.send_modify(|count| *count += 1);
        }
        retires
    }

    /// Ends the room, whoever is on the way.
    pub(crate) fn abandon(&self) {
        self.places().retired = true;
        self.changes.send_modify(|count| *count += 1);
    }

    /// Whether the room is over.
    pub(crate) fn is_retired(&self) -> bool {
        self.places().retired
    }
}

#[cfg(test)]
mod tests {
    use syncline_games::Pong;
    use syncline_shared::tick::Tick;

    use super::*;
    use crate::config::Config;
    use crate::games::Games;

    fn board() -> Arc<RoomBoard> {
        let games = Games::new()
            .with::<Pong>()
            .resolve(&Config::default())
            .unwrap();
        let config = RoomConfig::new(RoomId(1), RoomCode::from_entropy(1), 1);
        Arc::new(RoomBoard::new(
            &config,
            games.default_game().clone(),
            Timestamp::ZERO,
        ))
    }

    fn status(board: &RoomBoard, phase: &'static str, tick: u32) -> RoomStatus {
        RoomStatus {
            id: board.id,
            code: board.code,
            game: "pong",
            phase,
            tick: Tick(tick),
            players: 1,
            players_max: 2,
            spectators: 0,
            spectator_delay_micros: 0,
            connected: 1,
            private: false,
            open: true,
            roster_changes: 0,
            said: 0,
            second: 0,
        }
    }

    #[test]
    fn a_room_stays_while_somebody_is_on_the_way() {
        let board = board();
        let reservation = board.reserve().unwrap();
        assert!(!board.retire());
        drop(reservation);
        assert!(board.retire());
        assert!(board.is_retired());
        assert_eq!(board.reserve().err(), Some(Unreserved::Over));
    }

    #[test]
    fn a_broken_room_is_over_at_once() {
        let board = board();
        let reservation = board.reserve().unwrap();
        board.abandon();
        assert_eq!(board.reserve().err(), Some(Unreserved::Over));
        drop(reservation);
        assert!(board.is_retired());
    }

    #[test]
    fn seats_on_their_way_to_be_taken_are_not_free() {
        let board = board();
        board.publish(&status(&board, "lobby", 0), Timestamp::ZERO, Vec::new());
        assert!(board.is_open());
        let _watches = board.reserve().unwrap();
        assert!(board.is_open(), "who watches needs no seat");
        let _plays = board.reserve_seat().unwrap();
        assert_eq!(board.players_expected(), 2);
        assert!(!board.is_open());
        assert_eq!(board.reserve_seat().err(), Some(Unreserved::Full));
    }

    /// Of a match that takes nobody later: either whoever is on the way holds it up, or is not sent.
    #[test]
    fn a_room_is_shut_when_nobody_is_on_the_way() {
        let board = board();
        let watches = board.reserve().unwrap();
        let plays = board.reserve_open_seat().unwrap();
        assert!(!board.shut());
        assert!(board.is_open());
        drop(plays);
        assert!(board.shut(), "who watches may come later");
        assert!(!board.is_open());
        assert_eq!(board.reserve_open_seat().err(), Some(Unreserved::Shut));
        assert_eq!(board.players_expected(), 0);
        assert!(board.reserve_seat().is_ok(), "who names it asks the room");
        board.publish(&status(&board, "lobby", 0), Timestamp::ZERO, Vec::new());
        assert!(board.reserve_open_seat().is_ok());
        drop(watches);
    }

    /// Whoever looks while somebody arrives must find neither too many players nor too few.
    #[test]
    fn who_arrives_is_counted_once_at_any_moment() {
        const ROUNDS: usize = 2_000;
        let board = board();
        let over = std::sync::atomic::AtomicBool::new(false);
        let mut reservation = board.reserve_seat().unwrap();
        std::thread::scope(|scope| {
            let looks = scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert_eq!(board.players_expected(), 1);
                }
            });
            for _ in 0..ROUNDS {
                let here = status(&board, "lobby", 0);
                board.publish(&here, Timestamp::ZERO, vec![reservation]);
                let mut places = board.places();
                // It leaves, and another one comes.
                places.players = 0;
                places.promised += 1;
                places.awaited += 1;
                drop(places);
                reservation = Reservation {
                    board: Some(board.clone()),
                    seat: true,
                };
            }
            over.store(true, Ordering::Relaxed);
            looks.join().unwrap();
        });
    }

    #[test]
    fn seats_are_those_that_the_room_has() {
        let board = board();
        assert_eq!(board.players_max(), 2);
        let one_seat = RoomStatus {
            players_max: 1,
            ..status(&board, "lobby", 0)
        };
        board.publish(&one_seat, Timestamp::ZERO, Vec::new());
        assert_eq!(board.players_max(), 1);
        assert!(!board.is_open());
    }

    #[test]
    fn only_a_running_match_can_stand_still() {
        let board = board();
        board.publish(&status(&board, "lobby", 0), Timestamp(1), Vec::new());
        assert_eq!(board.standstill(Timestamp(9)), 0);
        board.publish(&status(&board, "running", 0), Timestamp(10), Vec::new());
        assert_eq!(board.standstill(Timestamp(15)), 14);
        board.publish(&status(&board, "running", 1), Timestamp(20), Vec::new());
        board.publish(&status(&board, "running", 1), Timestamp(25), Vec::new());
        assert_eq!(board.standstill(Timestamp(30)), 10);
        assert_eq!(board.glance().phase, "running");
    }
}
