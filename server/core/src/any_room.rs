//! What a thread of rooms can host, whichever kind it is.

use syncline_shared::journal::TickRecord;
use syncline_shared::tick::Timestamp;

use crate::bandwidth::Bandwidth;
use crate::counters::RoomCounters;
use crate::event::{RoomEvent, RoomOutput, RoomStatus};
use crate::relief::{Probe, Relief};
use crate::replay_room::{PlaybackControl, PlaybackStatus, ReplayRoom};
use crate::room::Room;

/// A [`Room`] that plays, or a [`ReplayRoom`] that shows what was played. What each call is for,
/// [`Room`] says.
pub trait AnyRoom: Send {
    /// Takes in something that happened.
    fn handle(&mut self, now: Timestamp, event: RoomEvent);

    /// Runs what is due.
    fn advance_with(&mut self, now: Timestamp, probe: &mut dyn Probe);

    /// When that must be called at the latest.
    fn next_due(&self) -> Timestamp;

    /// From now on, or very soon, the room gives up just this.
    fn relieve(&mut self, relief: Relief);

    /// Takes back the buffer of a message that was sent.
    fn recycle(&mut self, message: Vec<u8>);

    /// The next thing that the shell must do.
    fn poll_output(&mut self) -> Option<RoomOutput>;

    /// The room at a glance.
    fn status(&self) -> RoomStatus;

    /// What was counted so far.
    fn counters(&self) -> &RoomCounters;

    /// What its streams cost of late.
    fn bandwidth(&self) -> &Bandwidth;

    /// Whether the room has ended.
    fn is_finished(&self) -> bool;

    /// Ticks from one snapshot to the next.
    fn snapshot_interval(&self) -> u32;

    /// Frames that wait for the credit of members, and about how many bytes.
    fn waiting(&self) -> (usize, usize);

    /// About how many bytes wait for spectators who are behind; none where all see the same.
    fn held_back_bytes(&self) -> usize {
        0
    }

    /// The tick in which the game panicked, if it did in one.
    fn interrupted_tick(&mut self) -> Option<TickRecord>;

    /// The room, of a match that is played.
    fn played(&mut self) -> Option<&mut Room> {
        None
    }

    /// Somebody who watches moves what is shown. Only a [`ReplayRoom`] can be.
    fn control(&mut self, _now: Timestamp, _control: PlaybackControl) {}

    /// Where what is shown stands; nothing for a match that is played.
    fn playback(&self) -> Option<PlaybackStatus> {
        None
    }
}

/// Hands every call that both kinds answer on to the method of the same name.
macro_rules! by_its_methods {
    () => {
        fn handle(&mut self, now: Timestamp, event: RoomEvent) {
            self.handle(now, event);
        }

        fn advance_with(&mut self, now: Timestamp, probe: &mut dyn Probe) {
            self.advance_with(now, probe);
        }

        fn next_due(&self) -> Timestamp {
            self.next_due()
        }

        fn relieve(&mut self, relief: Relief) {
            self.relieve(relief);
        }

        fn recycle(&mut self, message: Vec<u8>) {
            self.recycle(message);
        }

        fn poll_output(&mut self) -> Option<RoomOutput> {
            self.poll_output()
        }

        fn status(&self) -> RoomStatus {
            self.status()
        }

        fn counters(&self) -> &RoomCounters {
            self.counters()
        }

        fn bandwidth(&self) -> &Bandwidth {
            self.bandwidth()
        }

        fn is_finished(&self) -> bool {
            self.is_finished()
        }

        fn snapshot_interval(&self) -> u32 {
            self.snapshot_interval()
        }

        fn waiting(&self) -> (usize, usize) {
            self.waiting()
        }
    };
}

impl AnyRoom for Room {
    by_its_methods!();

    fn played(&mut self) -> Option<&mut Room> {
        Some(self)
    }

    fn held_back_bytes(&self) -> usize {
        self.held_back_bytes()
    }

    fn interrupted_tick(&mut self) -> Option<TickRecord> {
        self.interrupted_tick()
    }
}

impl AnyRoom for ReplayRoom {
    by_its_methods!();

    fn interrupted_tick(&mut self) -> Option<TickRecord> {
        None
    }

    fn control(&mut self, now: Timestamp, control: PlaybackControl) {
        self.control(now, control);
    }

    fn playback(&self) -> Option<PlaybackStatus> {
        Some(self.playback())
    }
}
