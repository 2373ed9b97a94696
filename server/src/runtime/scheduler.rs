//! Which thread a room goes to. Rooms stay where they are put.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as tokio_mpsc;

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::runtime::board::RoomBoard;
use crate::runtime::inbox::{Home, RoomHandle, RoomSpec, inbox};
use crate::runtime::room_thread::{RoomThread, ThreadEvent};

/// A thread that has been in one room for so long gets no new one while another can take it, in
/// microseconds.
const BUSY: u64 = 1_000_000;

/// All scheduler threads.
pub(crate) struct Scheduler {
    clock: Clock,
    threads: Vec<SchedulerThread>,
}

/// Resolves once all threads have ended.
pub(crate) struct Ended(tokio_mpsc::Receiver<()>);

struct SchedulerThread {
    events: mpsc::Sender<ThreadEvent>,
    home: Home,
    thread: JoinHandle<()>,
}

/// A thread that does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StuckThread {
    /// It has been in this room for too long.
    InRoom(RoomId),
    /// The thread with this number has ended by itself.
    Ended(usize),
}

impl Scheduler {
    /// Starts `count` threads; without a number as many as there are cores, less one for sockets.
    ///
    /// # Errors
    ///
    /// [`Error::Thread`].
    pub(crate) fn start(
        count: Option<u16>,
        clock: Clock,
        metrics: &Arc<Metrics>,
    ) -> Result<(Self, Ended), Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = count.map_or(cores.saturating_sub(1), usize::from).max(1);
        // Nothing is ever sent: that the last sender is gone is the message.
        let (alive, ended) = tokio_mpsc::channel(1);
        let start = |number| SchedulerThread::start(number, clock, metrics.clone(), alive.clone());
        let threads = (0..count).map(start).collect::<Result<_, _>>()?;
        Ok((Self { clock, threads }, Ended(ended)))
    }

    /// Opens a room on the thread that has least to do, of those that move at `now`.
    pub(crate) fn host(
        &self,
        spec: RoomSpec,
        board: &Arc<RoomBoard>,
        now: Timestamp,
    ) -> RoomHandle {
        let thread = self
            .threads
            .iter()
            .min_by_key(|thread| {
                let moves_not =
                    thread.thread.is_finished() || thread.home.pulse.is_stuck(now, BUSY);
                (moves_not, thread.home.pulse.load())
            })
            .expect("at least one thread was started");
        thread.home.pulse.add_room();
        let (room, inbox) = inbox(board.clone(), thread.home.clone(), self.clock);
        if !thread.tell(ThreadEvent::Host(spec, board.clone(), inbox)) {
            // The thread is gone, and whoever enters will be told so.
            board.abandon();
        }
        room
    }

    /// Whether every thread has been in one room for `longest` microseconds at `now`, or has ended.
    pub(crate) fn is_stuck(&self, now: Timestamp, longest: u64) -> bool {
        self.stuck(now, longest).count() == self.threads.len()
    }

    /// The threads that have been in one room for `longest` microseconds at `now`, or have ended.
    pub(crate) fn stuck(&self, now: Timestamp, longest: u64) -> impl Iterator<Item = StuckThread> {
        self.threads
            .iter()
            .enumerate()
            .filter_map(move |(number, thread)| {
                if thread.thread.is_finished() {
                    return Some(StuckThread::Ended(number));
                }
                let (room, micros) = thread.home.pulse.visit(now)?;
                (micros >= longest).then_some(StuckThread::InRoom(room))
            })
    }

    /// Tells all threads to end, with their rooms.
    pub(crate) fn stop(&self) {
        for thread in &self.threads {
            thread.tell(ThreadEvent::Stop);
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.stop();
    }
}

impl SchedulerThread {
    fn start(
        number: usize,
        clock: Clock,
        metrics: Arc<Metrics>,
        alive: tokio_mpsc::Sender<()>,
    ) -> Result<Self, Error> {
        let (events, told) = mpsc::channel();
        let home = Home::default();
        let rooms = RoomThread::new(clock, told, metrics, home.clone());
        let thread = std::thread::Builder::new()
            .name(format!("syncline-rooms-{number}"))
            .spawn(move || {
                rooms.run();
                drop(alive);
            })
            .map_err(Error::Thread)?;
        Ok(Self {
            events,
            home,
            thread,
        })
    }

    /// Tells the thread; whether it will hear.
    fn tell(&self, event: ThreadEvent) -> bool {
        let told = self.events.send(event).is_ok();
        self.home.bell.call();
        told
    }
}

impl Ended {
    /// Waits for the end of all threads, but no longer than `longest`; whether they did end.
    pub(crate) async fn within(mut self, longest: Duration) -> bool {
        tokio::time::timeout(longest, self.0.recv()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use syncline_games::Pong;
    use syncline_server_core::RoomConfig;
    use syncline_shared::id::RoomCode;

    use super::*;
    use crate::config::Config;
    use crate::games::Games;

    /// Even if it has less to do than all others.
    #[test]
    fn a_thread_that_does_not_return_gets_no_new_room() {
        let metrics = Arc::new(Metrics::new());
        let (scheduler, _ended) = Scheduler::start(Some(2), Clock::start(), &metrics).unwrap();
        let games = Games::new().with::<Pong>();
        let game = games.resolve(&Config::default()).unwrap();
        let game = game.default_game();
        let (begun, now) = (Timestamp::ZERO, Timestamp(BUSY));
        scheduler.threads[0].home.pulse.enter(RoomId(9), begun);
        for id in 1..=4 {
            let config = RoomConfig::new(RoomId(id), RoomCode::from_entropy(id.into()), 1);
            let board = Arc::new(RoomBoard::new(&config, game.clone(), begun));
            let spec = RoomSpec {
                config,
                game: game.clone(),
            };
            let room = scheduler.host(spec, &board, now);
            assert!(!room.is_stuck(begun, BUSY));
        }
        assert_eq!(scheduler.threads[0].home.pulse.load(), 0);
        let stuck: Vec<_> = scheduler.stuck(now, BUSY).collect();
        assert_eq!(stuck, [StuckThread::InRoom(RoomId(9))]);
        assert!(!scheduler.is_stuck(now, BUSY));
    }
}
