//! Which thread a room goes to: the one that has least to do, or one of its own while it is heavy.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc as tokio_mpsc;

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::error::Error;
use crate::journal_store::RecoveredMatch;
use crate::metrics::Metrics;
use crate::runtime::board::RoomBoard;
use crate::runtime::inbox::{Home, RoomHandle, RoomSpec, inbox};
use crate::runtime::room_thread::{Neighbours, NewRoom, Post, RoomThread, ThreadEvent, ThreadLink};

/// A thread that has been in one room for so long gets no new one while another can take it, in
/// microseconds.
const BUSY: u64 = 1_000_000;

/// How many threads there are at the most, beyond the number of cores: some for rooms that are too
/// heavy to live with others.
const BEYOND_CORES: usize = 2;

/// All scheduler threads.
pub(crate) struct Scheduler {
    clock: Clock,
    pool: Arc<Pool>,
}

/// The threads that there are: those for many rooms, which stay, and those for one room alone, which
/// come and go.
struct Pool {
    clock: Clock,
    metrics: Arc<Metrics>,
    threads_max: usize,
    state: Mutex<State>,
}

struct State {
    threads: Vec<SchedulerThread>,
    /// Threads started so far.
    started: usize,
    /// Nothing is ever sent: that the last sender is gone is the message. None once all are told to
    /// end: no more are started.
    alive: Option<tokio_mpsc::Sender<()>>,
}

/// Resolves once all threads have ended.
pub(crate) struct Ended(tokio_mpsc::Receiver<()>);

struct SchedulerThread {
    link: ThreadLink,
    /// Whether it is for one room alone.
    lone: bool,
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
        let (alive, ended) = tokio_mpsc::channel(1);
        let state = State {
            threads: Vec::new(),
            started: 0,
            alive: Some(alive),
        };
        let pool = Arc::new(Pool {
            clock,
            metrics: metrics.clone(),
            threads_max: count.max(cores + BEYOND_CORES),
            state: Mutex::new(state),
        });
        for _ in 0..count {
            pool.start_thread(&mut pool.lock(), false)?;
        }
        Ok((Self { clock, pool }, Ended(ended)))
    }

    /// Opens a room on the thread that has least to do, of those that move at `now`; with a match that
    /// was recovered, if one was.
    pub(crate) fn host(
        &self,
        spec: RoomSpec,
        board: &Arc<RoomBoard>,
        now: Timestamp,
        recovered: Option<RecoveredMatch>,
    ) -> RoomHandle {
        let link = self.pool.lock().least_busy(now);
        let (room, inbox) = inbox(board.clone(), link.home.clone(), self.clock);
        let new = NewRoom {
            spec,
            board: board.clone(),
            inbox,
            recovered,
        };
        if !link.tell(ThreadEvent::Host(Box::new(new))) {
            // The thread is gone, and whoever enters will be told so.
            board.abandon();
        }
        room
    }

    /// Whether every thread that takes new rooms has been in one room for `longest` microseconds at
    /// `now`, or has ended.
    pub(crate) fn is_stuck(&self, now: Timestamp, longest: u64) -> bool {
        let state = self.pool.lock();
        let mut common = state.threads.iter().filter(|thread| !thread.lone);
        common.all(|thread| thread.stall(now, longest).is_some())
    }

    /// The threads that have been in one room for `longest` microseconds at `now`, or have ended.
    pub(crate) fn stuck(&self, now: Timestamp, longest: u64) -> Vec<StuckThread> {
        let state = self.pool.lock();
        let stalls = state.threads.iter();
        stalls
            .filter_map(|thread| thread.stall(now, longest))
            .collect()
    }

    /// Tells all threads to end, with their rooms.
    pub(crate) fn stop(&self) {
        let mut state = self.pool.lock();
        state.alive = None;
        for thread in &state.threads {
            thread.link.tell(ThreadEvent::Stop);
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_thread(self: &Arc<Self>, state: &mut State, lone: bool) -> Result<ThreadLink, Error> {
        let alive = state.alive.clone();
        let (events, told) = mpsc::channel();
        let link = ThreadLink {
            number: state.started,
            events,
            home: Home::default(),
        };
        let post = Post {
            link: link.clone(),
            told,
            lone,
            neighbours: Arc::new(Neighbourhood(Arc::downgrade(self))),
        };
        let rooms = RoomThread::new(self.clock, self.metrics.clone(), post);
        let thread = std::thread::Builder::new()
            .name(format!("syncline-rooms-{}", link.number))
            .spawn(move || {
                rooms.run();
                drop(alive);
            })
            .map_err(Error::Thread)?;
        state.started += 1;
        state.threads.push(SchedulerThread {
            link: link.clone(),
            lone,
            thread,
        });
        Ok(link)
    }
}

impl State {
    /// The thread for many rooms that has least to do, of those that move at `now`, with one room
    /// more.
    fn least_busy(&self, now: Timestamp) -> ThreadLink {
        let common = self.threads.iter().filter(|thread| !thread.lone);
        let least = common.min_by_key(|thread| {
            let moves_not = thread.stall(now, BUSY).is_some();
            (moves_not, thread.link.home.pulse.load())
        });
        let thread = least.expect("at least one thread was started, and such threads stay");
        thread.link.home.pulse.add_room();
        thread.link.clone()
    }
}

/// The pool as its threads know it. It does not keep it alive.
struct Neighbourhood(Weak<Pool>);

impl Neighbours for Neighbourhood {
    fn lone(&self) -> Option<ThreadLink> {
        let pool = self.0.upgrade()?;
        let mut state = pool.lock();
        state.alive.as_ref()?;
        let idle = |thread: &&SchedulerThread| {
            thread.lone && thread.link.home.pulse.rooms() == 0 && !thread.thread.is_finished()
        };
        let idle = state.threads.iter().find(idle);
        let link = match idle.map(|thread| thread.link.clone()) {
            Some(link) => link,
            None if state.threads.len() >= pool.threads_max => return None,
            None => pool
                .start_thread(&mut state, true)
                .inspect_err(|error| tracing::warn!(%error, "no thread for a heavy room"))
                .ok()?,
        };
        link.home.pulse.add_room();
        Some(link)
    }

    fn common(&self) -> Option<ThreadLink> {
        let pool = self.0.upgrade()?;
        let link = pool.lock().least_busy(pool.clock.now());
        Some(link)
    }

    fn dismiss(&self, number: usize) -> bool {
        let Some(pool) = self.0.upgrade() else {
            return false;
        };
        let mut state = pool.lock();
        // Rooms are given to threads under this lock only.
        let needless = |thread: &SchedulerThread| {
            thread.link.number == number && thread.link.home.pulse.rooms() == 0
        };
        let before = state.threads.len();
        state.threads.retain(|thread| !needless(thread));
        state.threads.len() < before
    }
}

impl SchedulerThread {
    /// Why the thread does not move, if it doesn't.
    fn stall(&self, now: Timestamp, longest: u64) -> Option<StuckThread> {
        if self.thread.is_finished() {
            return Some(StuckThread::Ended(self.link.number));
        }
        let (room, micros) = self.link.home.pulse.visit(now)?;
        (micros >= longest).then_some(StuckThread::InRoom(room))
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
    use crate::journal_store::Recorder;

    /// Even if it has less to do than all others.
    #[test]
    fn a_thread_that_does_not_return_gets_no_new_room() {
        let metrics = Arc::new(Metrics::new());
        let (scheduler, _ended) = Scheduler::start(Some(2), Clock::start(), &metrics).unwrap();
        let games = Games::new().with::<Pong>();
        let game = games.resolve(&Config::default()).unwrap();
        let game = game.default_game();
        let (begun, now) = (Timestamp::ZERO, Timestamp(BUSY));
        let first = scheduler.pool.lock().threads[0].link.clone();
        first.home.pulse.enter(RoomId(9), begun);
        for id in 1..=4 {
            let config = RoomConfig::new(RoomId(id), RoomCode::from_entropy(id.into()), 1);
            let board = Arc::new(RoomBoard::new(&config, game.clone(), begun));
            let spec = RoomSpec {
                config,
                game: game.clone(),
                journals: Recorder::default(),
            };
            let room = scheduler.host(spec, &board, now, None);
            assert!(!room.is_stuck(begun, BUSY));
        }
        assert_eq!(first.home.pulse.rooms(), 0);
        let stuck = scheduler.stuck(now, BUSY);
        assert_eq!(stuck, [StuckThread::InRoom(RoomId(9))]);
        assert!(!scheduler.is_stuck(now, BUSY));
    }
}
