//! How a swarm is doing, for whoever watches it run.

use std::sync::atomic::{AtomicU32, Ordering};

/// Counts that grow while a swarm runs.
#[derive(Debug, Default)]
pub struct Progress {
    connected: AtomicU32,
    closed: AtomicU32,
}

impl Progress {
    /// How many Welcomes came.
    pub fn connections(&self) -> u32 {
        self.connected.load(Ordering::Relaxed)
    }

    /// How many connections, or attempts at one, ended.
    pub fn closes(&self) -> u32 {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn connected(&self) {
        self.connected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}
