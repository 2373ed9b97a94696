//! Makes a path worse than it is: longer, uneven, now and then frozen.
//!
//! Delays what it is given by times that a seed decides. Knows neither sockets nor messages.

use std::collections::VecDeque;
use std::time::Duration;

use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

use crate::config::{Path, Stall};

/// How many messages one way may hold. At 128 Hz these are 30 s; a bot that holds so many stops
/// reading, and its socket feels it.
const DELAYED_MAX: usize = 4096;

/// Between two rolls for a stall, in microseconds.
const ROLL_MICROS: u64 = 1_000_000;

/// One way of a path, in order.
#[derive(Debug)]
pub(crate) struct Delay<T> {
    /// In microseconds.
    way: u64,
    /// More or less, in microseconds.
    jitter: u64,
    rng: Rng,
    held: VecDeque<(Timestamp, T)>,
    last: Timestamp,
}

impl<T> Delay<T> {
    /// Half of the round trip that `path` adds.
    pub(crate) fn new(path: Path, seed: u64) -> Self {
        Self {
            way: micros(path.latency) / 2,
            jitter: micros(path.jitter) / 2,
            rng: Rng::from_seed(seed),
            held: VecDeque::new(),
            last: Timestamp::ZERO,
        }
    }

    /// Takes something in. It does not overtake what is held.
    pub(crate) fn push(&mut self, now: Timestamp, item: T) {
        let spread = u32::try_from(self.jitter.saturating_mul(2)).unwrap_or(u32::MAX);
        let more = u64::from(self.rng.below(spread.saturating_add(1)));
        let delay = (self.way + more).saturating_sub(self.jitter);
        self.last = self.last.max(now.plus_micros(delay));
        self.held.push_back((self.last, item));
    }

    /// What has arrived.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<T> {
        let (due, _) = self.held.front()?;
        if *due <= now {
            self.held.pop_front().map(|(_, item)| item)
        } else {
            None
        }
    }

    /// When the next arrives.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.held.front().map(|&(due, _)| due)
    }

    /// Whether more may be taken in.
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() < DELAYED_MAX
    }

    /// Loses everything, as a connection that is cut does.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
    }
}

/// When a bot freezes.
#[derive(Debug)]
pub(crate) struct Stalls {
    stall: Option<Stall>,
    rng: Rng,
    next: Timestamp,
}

impl Stalls {
    /// Rolls once a second from a moment on that the seed decides, so that bots don't all roll at
    /// once.
    pub(crate) fn new(stall: Option<Stall>, now: Timestamp, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let offset = u64::from(rng.below(1_000_000));
        Self {
            stall,
            rng,
            next: now.plus_micros(offset),
        }
    }

    /// How long to freeze now, if at all.
    pub(crate) fn poll(&mut self, now: Timestamp) -> Option<Duration> {
        let stall = self.stall?;
        if now < self.next {
            return None;
        }
        self.next = now.plus_micros(ROLL_MICROS);
        (f64::from(self.rng.unit()) < stall.probability).then_some(stall.duration)
    }

    /// When to roll next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.stall.map(|_| self.next)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(latency_ms: u64, jitter_ms: u64) -> Path {
        Path {
            latency: Duration::from_millis(latency_ms),
            jitter: Duration::from_millis(jitter_ms),
        }
    }

    proptest! {
        /// Each message takes half of the latency, give or take half of the jitter, unless it would
        /// overtake; and the order is kept.
        #[test]
        fn messages_are_delayed_in_order(
            latency in 0u64..500,
            jitter in 0u64..500,
            gaps in prop::collection::vec(0u64..50_000, 1..100),
            seed: u64,
        ) {
            let mut delay = Delay::new(path(latency, jitter), seed);
            let (mut now, mut sent) = (Timestamp::ZERO, Vec::new());
            for (number, gap) in gaps.iter().enumerate() {
                now = now.plus_micros(*gap);
                delay.push(now, number);
                sent.push(now);
            }
            let mut last = Timestamp::ZERO;
            for (number, sent) in sent.into_iter().enumerate() {
                let due = delay.next_due().unwrap();
                prop_assert_eq!(delay.pop(Timestamp(due.0.wrapping_sub(1)).min(due)).is_some(), due.0 == 0);
                if due.0 > 0 {
                    prop_assert_eq!(delay.pop(due), Some(number));
                }
                let took = due.since(sent);
                prop_assert!(took >= (latency * 500).saturating_sub(jitter * 500));
                prop_assert!(took <= (latency + jitter) * 500 || due == last);
                last = due;
            }
        }
    }

    #[test]
    fn a_straight_path_delays_nothing() {
        let mut delay = Delay::new(Path::default(), 1);
        delay.push(Timestamp(77), "now");
        assert_eq!(delay.pop(Timestamp(77)), Some("now"));
    }

    #[test]
    fn what_is_held_is_bounded_and_can_be_lost() {
        let mut delay = Delay::new(path(100, 0), 1);
        for _ in 0..DELAYED_MAX {
            assert!(delay.has_room());
            delay.push(Timestamp::ZERO, ());
        }
        assert!(!delay.has_room());
        delay.clear();
        assert_eq!(delay.pop(Timestamp(u64::MAX)), None);
    }

    #[test]
    fn about_as_many_seconds_stall_as_was_asked_for() {
        let stall = Stall {
            probability: 0.1,
            duration: Duration::from_secs(2),
        };
        let mut stalls = Stalls::new(Some(stall), Timestamp::ZERO, 3);
        let mut count = 0;
        for _ in 0..2000 {
            let now = stalls.next_due().unwrap();
            count += u32::from(stalls.poll(now).is_some());
            assert_eq!(stalls.poll(now), None);
        }
        assert!((150..250).contains(&count), "{count}");
    }

    #[test]
    fn without_stalls_there_is_nothing_to_wake_up_for() {
        let mut stalls = Stalls::new(None, Timestamp::ZERO, 3);
        assert_eq!(
            (stalls.next_due(), stalls.poll(Timestamp(u64::MAX))),
            (None, None)
        );
    }
}
