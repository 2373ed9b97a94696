//! The only clock of the process.
//!
//! Everything else is told the time. Nothing here knows what it is used for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use syncline_shared::tick::Timestamp;

/// Counts microseconds since the server started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that shows zero now.
    pub(crate) fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Microseconds since the start. Never goes back.
    pub(crate) fn now(self) -> Timestamp {
        Timestamp(micros(self.origin.elapsed()))
    }

    /// How long from now until `due`; zero if it has passed.
    pub(crate) fn until(self, due: Timestamp) -> Duration {
        Duration::from_micros(due.since(self.now()))
    }

    /// Seconds of the calendar, for what outlives a process.
    pub(crate) fn unix_seconds() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}

/// A duration in microseconds; the longest one if it is longer than half a million years.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
