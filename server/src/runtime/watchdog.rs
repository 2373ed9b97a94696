//! Whether every room still moves: what `/readyz` tells, and the log once.
//!
//! That the port answers proves nothing: sockets and rooms live on different threads.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;
use tokio::time::MissedTickBehavior;

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
    looks: Looks,
}

/// When the watchdog looked. If it was not in time itself, then the whole process stood still, and
/// what it sees says nothing about rooms until they had a period to go on.
struct Looks {
    last: AtomicU64,
    steady: AtomicBool,
}

impl Looks {
    fn new(now: Timestamp) -> Self {
        Self {
            last: AtomicU64::new(now.0),
            steady: AtomicBool::new(true),
        }
    }

    /// Notes a look at `now`.
    fn note(&self, now: Timestamp) {
        let last = Timestamp(self.last.swap(now.0, Ordering::Relaxed));
        self.steady.store(in_time(last, now), Ordering::Relaxed);
    }

    /// Whether what is seen at `now` can be believed.
    fn are_steady(&self, now: Timestamp) -> bool {
        let last = Timestamp(self.last.load(Ordering::Relaxed));
        self.steady.load(Ordering::Relaxed) && in_time(last, now)
    }
}

fn in_time(last: Timestamp, now: Timestamp) -> bool {
    now.since(last) <= 2 * micros(PERIOD)
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
            looks: Looks::new(clock.now()),
        }
    }

    /// Everything that stands still now, as far as that can be told.
    pub(crate) fn stalls(&self) -> BTreeSet<Stall> {
        if self.looks.are_steady(self.clock.now()) {
            self.look()
        } else {
            BTreeSet::new()
        }
    }

    /// Everything that seems to stand still now.
    pub(crate) fn look(&self) -> BTreeSet<Stall> {
        let now = self.clock.now();
        let threads = self
            .directory
            .scheduler()
            .stuck(now, self.stall)
            .into_iter()
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
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            let now = self.clock.now();
            self.looks.note(now);
            if !self.looks.are_steady(now) {
                continue;
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    /// As after the process was stopped and goes on.
    #[test]
    fn a_watchdog_that_was_late_itself_looks_again_before_it_believes() {
        let looks = Looks::new(Timestamp::ZERO);
        looks.note(Timestamp(SECOND));
        assert!(looks.are_steady(Timestamp(2 * SECOND)));
        let back = 60 * SECOND;
        assert!(!looks.are_steady(Timestamp(back)), "asked before it looks");
        looks.note(Timestamp(back));
        assert!(!looks.are_steady(Timestamp(back + 1)));
        looks.note(Timestamp(back + SECOND));
        assert!(looks.are_steady(Timestamp(back + SECOND)));
    }
}
