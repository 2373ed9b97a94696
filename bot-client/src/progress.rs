//! How a swarm is doing, for whoever watches it run.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use syncline_shared::id::{RoomCode, RoomId};

/// How many rooms are kept until somebody asks; those beyond are not told.
const MADE_MAX: usize = 1024;

/// Counts that grow while a swarm runs.
#[derive(Debug, Default)]
pub struct Progress {
    connected: AtomicU32,
    closed: AtomicU32,
    /// Rooms that were made, until somebody asks for them.
    made: Mutex<Vec<(RoomId, RoomCode)>>,
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

    /// The rooms that bots made since this was asked last.
    pub fn take_made(&self) -> Vec<(RoomId, RoomCode)> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut made)
    }

    pub(crate) fn made(&self, room: RoomId, code: RoomCode) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() < MADE_MAX {
            made.push((room, code));
        }
    }

    pub(crate) fn connected(&self) {
        self.connected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}
