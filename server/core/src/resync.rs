//! Streams that a member asks anew: which ones, and how often it may.
//!
//! A join costs the server far more than the request, so a member gets one of a stream every two
//! seconds at most. Doesn't know what a join is, nor when there is credit for it.

use syncline_shared::id::StreamSlot;
use syncline_shared::limits::RESYNC_MICROS_MIN;
use syncline_shared::tick::{Tick, Timestamp};

use crate::waiting::SLOTS;

/// What becomes of a request for a stream anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resync {
    /// A join of the stream goes out with the next frame.
    Taken,
    /// There is no such stream, or its join is on its way already.
    Ignored,
    /// The last one was too short a time ago: the member goes astray again and again.
    TooSoon,
}

/// One member's requests.
#[derive(Debug, Default)]
pub(crate) struct Resyncs {
    streams: [StreamResyncs; SLOTS.len()],
}

/// Those for one stream.
#[derive(Debug, Default)]
struct StreamResyncs {
    /// Whether one waits for its join.
    asked: bool,
    /// When the last one was taken.
    taken: Option<Timestamp>,
    /// The tick of the member's last join in this match.
    joined: Option<Tick>,
}

impl Resyncs {
    /// The member asks for a stream because the frame of `tick` did not fit.
    pub(crate) fn ask(&mut self, now: Timestamp, stream: StreamSlot, tick: Tick) -> Resync {
        let Some(state) = self.of(stream) else {
            return Resync::Ignored;
        };
        if state.asked || state.joined.is_some_and(|joined| joined > tick) {
            return Resync::Ignored;
        }
        let quiet = |taken: Timestamp| now.since(taken) >= RESYNC_MICROS_MIN;
        if !state.taken.is_none_or(quiet) {
            return Resync::TooSoon;
        }
        state.taken = Some(now);
        state.asked = true;
        Resync::Taken
    }

    /// Whether the member waits for a join of `stream`, and takes none of its chunks until then.
    pub(crate) fn is_asked(&self, stream: StreamSlot) -> bool {
        let place = SLOTS.iter().position(|&slot| slot == stream);
        place.is_some_and(|place| self.streams[place].asked)
    }

    /// The member gets the state of `stream` after `tick`.
    pub(crate) fn joined(&mut self, stream: StreamSlot, tick: Tick) {
        if let Some(state) = self.of(stream) {
            state.asked = false;
            state.joined = Some(tick);
        }
    }

    /// All streams begin anew: nothing has to be asked.
    pub(crate) fn restart(&mut self) {
        for state in &mut self.streams {
            state.asked = false;
            state.joined = None;
        }
    }

    fn of(&mut self, stream: StreamSlot) -> Option<&mut StreamResyncs> {
        let place = SLOTS.iter().position(|&slot| slot == stream)?;
        self.streams.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: StreamSlot = StreamSlot::COMMON;
    const OWN: StreamSlot = StreamSlot::OWN;

    #[test]
    fn a_stream_may_be_asked_again_after_two_seconds() {
        let mut resyncs = Resyncs::default();
        assert_eq!(resyncs.ask(Timestamp(7), COMMON, Tick(5)), Resync::Taken);
        resyncs.joined(COMMON, Tick(6));
        let soon = Timestamp(7 + RESYNC_MICROS_MIN - 1);
        assert_eq!(resyncs.ask(soon, COMMON, Tick(6)), Resync::TooSoon);
        assert_eq!(resyncs.ask(soon, OWN, Tick(6)), Resync::Taken);
        let later = Timestamp(7 + RESYNC_MICROS_MIN);
        assert_eq!(resyncs.ask(later, COMMON, Tick(6)), Resync::Taken);
    }

    #[test]
    fn what_is_on_its_way_is_not_asked_twice_and_costs_nothing() {
        let mut resyncs = Resyncs::default();
        assert_eq!(
            resyncs.ask(Timestamp(0), StreamSlot(2), Tick(5)),
            Resync::Ignored
        );
        resyncs.joined(COMMON, Tick(9));
        assert_eq!(resyncs.ask(Timestamp(0), COMMON, Tick(8)), Resync::Ignored);
        // The join itself could not be read.
        assert_eq!(resyncs.ask(Timestamp(0), COMMON, Tick(9)), Resync::Taken);
        assert_eq!(resyncs.ask(Timestamp(0), COMMON, Tick(9)), Resync::Ignored);
        assert!(resyncs.is_asked(COMMON) && !resyncs.is_asked(OWN));
        resyncs.restart();
        assert!(!resyncs.is_asked(COMMON));
    }
}
