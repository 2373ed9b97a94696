//! Whether every room still moves: what `/readyz` tells, and the log once.
//!
//! That the port answers proves nothing: sockets and rooms live on different threads.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use syncline_shared::id::RoomId;

use crate::clock::{Clock, micros};
use crate::directory::Directory;
use crate::runtime::scheduler::StuckThread;

/// How often the log is told.
const PERIOD: Duration = Duration::from_secs(1);

/// Compares what rooms and threads show with the time.
pub(crate) struct Watchdog {
    clock: Clock,
    directory: Arc<Directory>,
    /// How long a tick may be overdue, in microseconds.
    stall: u64,
}

/// Something that should move and doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stall {
    /// A running match whose tick stands still.
    Room(RoomId),
    /// A thread that stands still.
    Thread(StuckThread),
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(room) => write!(f, "the match of room {room} stands still"),
            Self::Thread(StuckThread::InRoom(room)) => {
                write!(f, "a scheduler thread does not return from room {room}")
            }
            Self::Thread(StuckThread::Ended(number)) => {
                write!(f, "scheduler thread {number} has ended")
            }
        }
    }
}

impl Watchdog {
    /// Watches the rooms of `directory`, which may stand still for as long as `stall`.
    pub(crate) fn new(clock: Clock, directory: Arc<Directory>, stall: Duration) -> Self {
        Self {
            clock,
            directory,
            stall: micros(stall),
        }
    }

    /// Everything that stands still now.
    pub(crate) fn stalls(&self) -> BTreeSet<Stall> {
        let now = self.clock.now();
        let threads = self
            .directory
            .scheduler()
            .stuck(now, self.stall)
            .map(Stall::Thread);
        let rooms = self.directory.rooms();
        let still = rooms
            .iter()
            .filter(|room| room.standstill(now) >= self.stall);
        threads
            .chain(still.map(|room| Stall::Room(room.id)))
            .collect()
    }

    /// Logs what comes to stand still, and what moves again, for as long as it is polled.
    pub(crate) async fn watch(&self) {
        let mut known = BTreeSet::new();
        let mut period = tokio::time::interval(PERIOD);
        loop {
            period.tick().await;
            let stalls = self.stalls();
            for stall in stalls.difference(&known) {
                tracing::error!(%stall, "stalled");
            }
            for stall in known.difference(&stalls) {
                tracing::info!(%stall, "moves again");
            }
            known = stalls;
        }
    }
}
