//! What wakes a scheduler thread that waits for its next tick.
//!
//! A bell says which rooms want a look, and never loses a word: whoever rings while the thread is
//! awake is heard before it sleeps again. Knows nothing of what waits in a room.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use syncline_shared::id::RoomId;

/// One thread's bell.
#[derive(Debug, Default)]
pub(super) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Rooms that want a look.
    rooms: Vec<RoomId>,
    /// Whether there is something else to look at.
    called: bool,
    /// Whether the thread sleeps. To wake one that doesn't would be a system call for nothing.
    asleep: bool,
}

impl Bell {
    /// `room` wants a look.
    pub(super) fn ring(&self, room: RoomId) {
        let mut state = self.lock();
        state.rooms.push(room);
        self.wake(&mut state);
    }

    /// Something that is no room's wants a look.
    pub(super) fn call(&self) {
        let mut state = self.lock();
        state.called = true;
        self.wake(&mut state);
    }

    /// Sleeps until somebody rings, but no longer than `longest`, and moves the rooms that want a
    /// look to `rooms`. Returns at once if somebody has rung since the last time.
    pub(super) fn wait(&self, longest: Option<Duration>, rooms: &mut Vec<RoomId>) {
        let mut state = self.lock();
        let quiet = |state: &mut State| state.rooms.is_empty() && !state.called;
        if quiet(&mut state) && longest != Some(Duration::ZERO) {
            state.asleep = true;
            state = match longest {
                None => self
                    .rung
                    .wait_while(state, quiet)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(longest) => {
                    let woken = self.rung.wait_timeout_while(state, longest, quiet);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.asleep = false;
        }
        state.called = false;
        rooms.append(&mut state.rooms);
    }

    fn wake(&self, state: &mut State) {
        if state.asleep {
            self.rung.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_rings_while_the_thread_is_awake_is_heard() {
        let (bell, mut rooms) = (Bell::default(), Vec::new());
        bell.ring(RoomId(3));
        bell.call();
        // Without an end to the sleep: this test would hang.
        bell.wait(None, &mut rooms);
        assert_eq!(rooms, [RoomId(3)]);
        rooms.clear();
        bell.call();
        bell.wait(None, &mut rooms);
        assert_eq!(rooms, []);
        bell.wait(Some(Duration::from_micros(1)), &mut rooms);
        assert_eq!(rooms, []);
    }

    /// Each waits for the other's answer, so that a lost word would hang the test.
    #[test]
    fn two_threads_that_ring_for_each_other_never_wait_in_vain() {
        let (here, there) = (Bell::default(), Bell::default());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut rooms = Vec::new();
                for _ in 0..2_000 {
                    there.wait(None, &mut rooms);
                    rooms.drain(..).for_each(|room| here.ring(room));
                }
            });
            let mut rooms = Vec::new();
            for round in 0..2_000 {
                there.ring(RoomId(round));
                here.wait(None, &mut rooms);
                assert_eq!(rooms.pop(), Some(RoomId(round)));
            }
        });
    }
}
