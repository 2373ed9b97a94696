//! The server's clock as seen from here, learned from pings.
//!
//! Knows when to ping and what the answers say about the running match's time. Doesn't know what
//! the time is used for.

use std::collections::VecDeque;

use syncline_shared::tick::Timestamp;

/// How many answers are remembered: the quickest of them is believed. At one ping a second this
/// is how long a lucky, quick answer counts.
const SAMPLES_MAX: usize = 8;

/// How many pings may be without an answer; older ones are given up.
const UNANSWERED_MAX: usize = 8;

/// How many answers are gathered quickly, so that inputs can start soon after a join.
const QUICK_SAMPLES: usize = 4;

/// Between pings at first, in microseconds.
const QUICK_PING_MICROS: u64 = 200_000;

/// Between pings later, in microseconds.
const PING_MICROS: u64 = 1_000_000;

/// Between pings while no match runs, in microseconds: often enough for both ends to know that the
/// other is there.
const IDLE_PING_MICROS: u64 = 4_000_000;

/// By how much two answers may contradict each other before the older is thought to be of another
/// clock, in microseconds: the server's timers and ours are not exact.
const CONTRADICTION_MICROS: u64 = 5_000;

/// A correction larger than this is made at once, a smaller one bit by bit, in microseconds.
const STEP_MICROS: u64 = 30_000;

/// How much longer than the quickest an answer may take and still be jitter, in microseconds: more is
/// a stall, which says nothing about the path.
const JITTER_MICROS_MAX: u64 = 50_000;

/// One answered ping.
#[derive(Clone, Copy, Debug)]
struct Sample {
    round_trip: u64,
    /// The match's time less ours, if the answer came at half of the round trip; off by at most
    /// half of the round trip.
    offset: i64,
}

impl Sample {
    /// Whether no single clock can have given both answers.
    fn contradicts(self, other: Self) -> bool {
        let possible = self.round_trip.midpoint(other.round_trip) + CONTRADICTION_MICROS;
        self.offset.abs_diff(other.offset) > possible
    }
}

/// An estimate of the running match's time.
#[derive(Clone, Debug)]
pub struct ClockSync {
    nonce: u32,
    next_ping: Timestamp,
    unanswered: VecDeque<(u32, Timestamp)>,
    samples: VecDeque<Sample>,
    /// The match's time less ours, smoothed.
    offset: Option<i64>,
    /// The quickest round trip remembered, kept over a change of the match.
    round_trip: Option<u64>,
    /// By how much round trips exceed the quickest, smoothed.
    jitter: u64,
}

impl ClockSync {
    /// A clock that knows nothing and wants to ping at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self {
            nonce: 0,
            next_ping: now,
            unanswered: VecDeque::new(),
            samples: VecDeque::new(),
            offset: None,
            round_trip: None,
            jitter: 0,
        }
    }

    /// Forgets the match's time, because another match has begun; round trips stay known.
    pub fn restart(&mut self, now: Timestamp) {
        self.unanswered.clear();
        self.samples.clear();
        self.offset = None;
        self.next_ping = now;
    }

    /// When the next ping is due.
    pub fn next_ping(&self) -> Timestamp {
        self.next_ping
    }

    /// The nonce of a ping to send now, if one is due.
    pub fn poll_ping(&mut self, now: Timestamp) -> Option<u32> {
        if now < self.next_ping {
            return None;
        }
        self.nonce = self.nonce.wrapping_add(1);
        if self.unanswered.len() == UNANSWERED_MAX {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back((self.nonce, now));
        let quick = self.samples.len() < QUICK_SAMPLES;
        let pause = if quick {
            QUICK_PING_MICROS
        } else {
            PING_MICROS
        };
        self.next_ping = now.plus_micros(pause);
        Some(self.nonce)
    }

    /// Takes in an answer: the match's time was `match_micros` when the server gave it, or 0 if no
    /// match was running. An answer that was not asked for is ignored.
    pub fn pong(&mut self, now: Timestamp, nonce: u32, match_micros: u64) {
        let Some(place) = self
            .unanswered
            .iter()
            .position(|&(asked, _)| asked == nonce)
        else {
            return;
        };
        let (_, sent) = self.unanswered[place];
        self.unanswered.drain(..=place);
        let round_trip = now.since(sent);
        let quickest = self
            .round_trip
            .map_or(round_trip, |known| known.min(round_trip));
        let excess = (round_trip - quickest).min(JITTER_MICROS_MAX);
        self.jitter = (self.jitter * 3 + excess) / 4;
        self.round_trip = Some(quickest);
        if match_micros == 0 {
            self.next_ping = sent.plus_micros(IDLE_PING_MICROS);
            return;
        }
        let middle = Timestamp(sent.0 + round_trip / 2);
        let sample = Sample {
            round_trip,
            offset: Timestamp(match_micros).offset_from(middle),
        };
        self.samples.retain(|old| !old.contradicts(sample));
        let clock_changed = self.samples.is_empty();
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.steer(clock_changed);
    }

    /// Moves the estimate towards the quickest answer's.
    fn steer(&mut self, clock_changed: bool) {
        let Some(best) = self.samples.iter().min_by_key(|sample| sample.round_trip) else {
            return;
        };
        self.round_trip = Some(best.round_trip);
        self.offset = Some(match self.offset {
            Some(offset) if !clock_changed && offset.abs_diff(best.offset) < STEP_MICROS => {
                offset + (best.offset - offset) / 4
            }
            _ => best.offset,
        });
    }

    /// The match's time at `now`; `None` until an answer came.
    pub fn match_time(&self, now: Timestamp) -> Option<Timestamp> {
        self.offset
            .map(|offset| Timestamp(now.0.saturating_add_signed(offset)))
    }

    /// When the match's time is `match_time`, on our clock.
    pub fn local_time(&self, match_time: Timestamp) -> Option<Timestamp> {
        let offset = self.offset?.saturating_neg();
        Some(Timestamp(match_time.0.saturating_add_signed(offset)))
    }

    /// The quickest round trip of late, in microseconds.
    pub fn round_trip(&self) -> Option<u64> {
        self.round_trip
    }

    /// By how much round trips exceed the quickest, on average, in microseconds.
    pub fn jitter(&self) -> u64 {
        self.jitter
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use syncline_shared::rng::Rng;

    use super::*;

    /// Pings through a path for `seconds` and returns the clock and the time. `path` tells both
    /// ways' delays, `origin` what our clock showed when the match's was 0.
    fn synchronised(
        seconds: u64,
        origin: u64,
        mut path: impl FnMut() -> (u64, u64),
    ) -> (ClockSync, Timestamp) {
        let mut now = Timestamp(origin + 5_000_000);
        let end = now.plus_micros(seconds * 1_000_000);
        let mut clock = ClockSync::new(now);
        while now < end {
            let nonce = clock.poll_ping(now).unwrap();
            let (up, down) = path();
            clock.pong(now.plus_micros(up + down), nonce, now.0 + up - origin);
            now = clock.next_ping().max(now.plus_micros(up + down));
        }
        (clock, now)
    }

    proptest! {
        /// Whatever the path, the error is at most half the difference of the two ways and what is
        /// left of the jitter.
        #[test]
        fn the_error_is_bounded_by_the_asymmetry(
            up in 0u64..200_000,
            down in 0u64..200_000,
            jitter in 1u64..50_000,
            origin in 0u64..1_000_000_000,
            seed: u64,
        ) {
            let mut rng = Rng::from_seed(seed);
            let jitter_max = u32::try_from(jitter).unwrap();
            let (clock, now) = synchronised(30, origin, || {
                (up + u64::from(rng.below(jitter_max)), down + u64::from(rng.below(jitter_max)))
            });
            let error = clock.match_time(now).unwrap().0.abs_diff(now.0 - origin);
            prop_assert!(error <= up.abs_diff(down) / 2 + jitter / 2 + 1, "{error}");
        }
    }

    #[test]
    fn a_clock_that_jumps_is_followed_at_once() {
        let (mut clock, now) = synchronised(10, 0, || (10_000, 10_000));
        let nonce = clock.poll_ping(now).unwrap();
        // The server was late and moved its origin by a second.
        clock.pong(now.plus_micros(20_000), nonce, now.0 + 10_000 - 1_000_000);
        assert_eq!(clock.match_time(now), Some(Timestamp(now.0 - 1_000_000)));
    }

    #[test]
    fn a_slow_answer_changes_nothing() {
        let (mut clock, now) = synchronised(10, 0, || (10_000, 10_000));
        let nonce = clock.poll_ping(now).unwrap();
        clock.pong(now.plus_micros(900_000), nonce, now.0 + 10_000);
        assert_eq!(clock.match_time(now), Some(now));
        assert_eq!(clock.round_trip(), Some(20_000));
        assert!(clock.jitter() > 0);
    }

    #[test]
    fn answers_that_were_not_asked_for_are_ignored() {
        let mut clock = ClockSync::new(Timestamp::ZERO);
        clock.pong(Timestamp(5), 1, 77);
        assert_eq!(clock.match_time(Timestamp(5)), None);
        let nonce = clock.poll_ping(Timestamp(5)).unwrap();
        clock.pong(Timestamp(10), nonce, 77);
        clock.pong(Timestamp(4_000_000), nonce, 1);
        assert_eq!(clock.match_time(Timestamp(10)), Some(Timestamp(80)));
    }

    #[test]
    fn without_a_match_only_the_round_trip_is_learned() {
        let mut clock = ClockSync::new(Timestamp::ZERO);
        let nonce = clock.poll_ping(Timestamp::ZERO).unwrap();
        clock.pong(Timestamp(30_000), nonce, 0);
        assert_eq!(clock.match_time(Timestamp(30_000)), None);
        assert_eq!(clock.round_trip(), Some(30_000));
        // There is no hurry until one begins.
        assert_eq!(clock.next_ping(), Timestamp(IDLE_PING_MICROS));
        clock.restart(Timestamp(1_000_000));
        assert_eq!(clock.next_ping(), Timestamp(1_000_000));
    }

    #[test]
    fn unanswered_pings_are_bounded() {
        let mut clock = ClockSync::new(Timestamp::ZERO);
        for second in 0..1000 {
            clock.poll_ping(Timestamp::from_millis(second * 1000));
        }
        assert_eq!(clock.unanswered.len(), UNANSWERED_MAX);
    }
}
