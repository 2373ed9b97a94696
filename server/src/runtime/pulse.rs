//! What a scheduler thread shows of itself: what it is at, since when, and how much it has.
//!
//! The thread writes, anybody reads, nobody waits.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

/// In [`Pulse::since`]: the thread waits for something to do.
const WAITING: u64 = u64::MAX;

/// One thread's pulse.
#[derive(Debug)]
pub(super) struct Pulse {
    room: AtomicU32,
    since: AtomicU64,
    /// Rooms that were given to the thread and have not ended.
    rooms: AtomicUsize,
    /// Members of these rooms.
    members: AtomicUsize,
    /// How much of its time the thread was busy lately, in thousandths.
    busy: AtomicU64,
}

impl Default for Pulse {
    /// A thread that has nothing to do.
    fn default() -> Self {
        Self {
            room: AtomicU32::new(0),
            since: AtomicU64::new(WAITING),
            rooms: AtomicUsize::new(0),
            members: AtomicUsize::new(0),
            busy: AtomicU64::new(0),
        }
    }
}

impl Pulse {
    /// The thread turns to `room` at `now`.
    pub(super) fn enter(&self, room: RoomId, now: Timestamp) {
        self.room.store(room.0, Ordering::Relaxed);
        self.since.store(now.0, Ordering::Release);
    }

    /// The thread is done with the room.
    pub(super) fn leave(&self) {
        self.since.store(WAITING, Ordering::Release);
    }

    /// The room that the thread is in, and for how many microseconds it has been at `now`.
    pub(super) fn visit(&self, now: Timestamp) -> Option<(RoomId, u64)> {
        let since = self.since.load(Ordering::Acquire);
        let room = RoomId(self.room.load(Ordering::Relaxed));
        (since != WAITING).then(|| (room, now.since(Timestamp(since))))
    }

    /// Whether the thread has been in one room for `longest` microseconds at `now`.
    pub(super) fn is_stuck(&self, now: Timestamp, longest: u64) -> bool {
        self.visit(now).is_some_and(|(_, micros)| micros >= longest)
    }

    /// One more room was given to the thread.
    pub(super) fn add_room(&self) {
        self.rooms.fetch_add(1, Ordering::Relaxed);
    }

    /// A room of the thread has ended.
    pub(super) fn remove_room(&self) {
        self.rooms.fetch_sub(1, Ordering::Relaxed);
    }

    /// So many members are in rooms of the thread.
    pub(super) fn set_members(&self, count: usize) {
        self.members.store(count, Ordering::Relaxed);
    }

    /// How many rooms were given to the thread and have not ended.
    pub(super) fn rooms(&self) -> usize {
        self.rooms.load(Ordering::Relaxed)
    }

    /// So many thousandths of its time the thread was busy lately.
    pub(super) fn set_busy(&self, thousandths: u64) {
        self.busy.store(thousandths, Ordering::Relaxed);
    }

    /// How much the thread has to do, to compare threads by: first in twentieths of its time, as
    /// measured; then, since rooms that were opened just now have not been measured, in rooms and
    /// members. A room costs about as much as a member: both are something that each tick has to
    /// look at.
    pub(super) fn load(&self) -> (u64, usize) {
        let busy = self.busy.load(Ordering::Relaxed) / 50;
        (busy, self.rooms() + self.members.load(Ordering::Relaxed))
    }
}
