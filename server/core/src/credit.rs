//! How much a member may have unacknowledged before its frames wait.
//!
//! Counts messages, bytes and ticks in flight, and measures the round trip by acknowledgements.
//! Doesn't know what is in a message.

use std::collections::VecDeque;

use syncline_shared::limits::UNACKNOWLEDGED_MICROS_MAX;
use syncline_shared::tick::{TickRate, Timestamp};

/// Ticks in flight that are always allowed: fewer would stall a good path at its first jitter.
const TICKS_MIN: u32 = 8;
/// Messages in flight at most. An honest client acknowledges every fourth.
pub(crate) const MESSAGES_MAX: usize = 64;
/// Bytes in flight at most: what a lost client may cost, and more than any honest one leaves
/// unacknowledged at tens of bytes a tick.
pub(crate) const BYTES_MAX: usize = 64 * 1024;
/// What is allowed beyond one and a half round trips: jitter, and the pause of an acknowledgement.
const SLACK_MICROS: u64 = 250_000;
/// The round trip that is assumed before one was measured.
const ROUND_TRIP_MICROS_DEFAULT: u64 = 200_000;

/// One member's messages in flight.
#[derive(Debug)]
pub(crate) struct Credit {
    rate: TickRate,
    in_flight: VecDeque<InFlight>,
    bytes: usize,
    ticks: u32,
    /// Messages acknowledged.
    acknowledged: u32,
    round_trip_micros: Option<u64>,
}

#[derive(Debug)]
struct InFlight {
    sent: Timestamp,
    bytes: usize,
    ticks: u32,
}

impl Credit {
    /// Nothing in flight.
    pub(crate) fn new(rate: TickRate) -> Self {
        Self {
            rate,
            in_flight: VecDeque::new(),
            bytes: 0,
            ticks: 0,
            acknowledged: 0,
            round_trip_micros: None,
        }
    }

    /// Whether another message may be sent.
    pub(crate) fn is_available(&self) -> bool {
        self.in_flight.len() < MESSAGES_MAX && self.bytes_left() > 0 && self.ticks_left() > 0
    }

    /// Whether nothing was acknowledged for so long that the client can't be there any more.
    pub(crate) fn is_hopeless(&self, now: Timestamp) -> bool {
        let oldest = self.in_flight.front();
        !self.is_available()
            && oldest.is_some_and(|oldest| now.since(oldest.sent) > UNACKNOWLEDGED_MICROS_MAX)
    }

    /// Bytes that may still be sent.
    pub(crate) fn bytes_left(&self) -> usize {
        BYTES_MAX.saturating_sub(self.bytes)
    }

    /// Ticks that may still be sent.
    pub(crate) fn ticks_left(&self) -> u32 {
        self.ticks_max().saturating_sub(self.ticks)
    }

    /// As many ticks as one and a half round trips and some slack.
    fn ticks_max(&self) -> u32 {
        let round_trip = self.round_trip_micros.unwrap_or(ROUND_TRIP_MICROS_DEFAULT);
        let micros = round_trip + round_trip / 2 + SLACK_MICROS;
        self.rate.ticks_covering(micros).max(TICKS_MIN)
    }

    /// A message was sent that covers `ticks`.
    pub(crate) fn send(&mut self, now: Timestamp, bytes: usize, ticks: u32) {
        self.in_flight.push_back(InFlight {
            sent: now,
            bytes,
            ticks,
        });
        self.bytes += bytes;
        self.ticks += ticks;
    }

    /// The client says that it has received `received` messages in all. Claims beyond what was sent,
    /// and old ones, change nothing.
    pub(crate) fn acknowledge(&mut self, now: Timestamp, received: u32) {
        let newly = received.wrapping_sub(self.acknowledged);
        let Ok(count) = usize::try_from(newly) else {
            return;
        };
        if count == 0 || count > self.in_flight.len() {
            return;
        }
        self.acknowledged = received;
        for acknowledged in self.in_flight.drain(..count) {
            self.bytes -= acknowledged.bytes;
            self.ticks -= acknowledged.ticks;
            let sample = now.since(acknowledged.sent);
            let smoothed = self
                .round_trip_micros
                .map_or(sample, |known| (known * 7 + sample) / 8);
            self.round_trip_micros = Some(smoothed.min(4_000_000));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: TickRate = TickRate::hz(30);

    #[test]
    fn credit_ends_and_returns() {
        let mut credit = Credit::new(RATE);
        let mut sent = 0;
        while credit.is_available() {
            credit.send(Timestamp::ZERO, 100, 1);
            sent += 1;
        }
        // 1.5 x 200 ms + 250 ms at 30 Hz.
        assert_eq!(sent, 17);
        credit.acknowledge(Timestamp::from_millis(200), 5);
        assert!(credit.is_available());
    }

    #[test]
    fn bytes_and_messages_are_bounded_too() {
        let mut credit = Credit::new(RATE);
        credit.send(Timestamp::ZERO, BYTES_MAX, 0);
        assert!(!credit.is_available());
        let mut credit = Credit::new(RATE);
        for _ in 0..MESSAGES_MAX {
            assert!(credit.is_available());
            credit.send(Timestamp::ZERO, 1, 0);
        }
        assert!(!credit.is_available());
    }

    #[test]
    fn claims_beyond_what_was_sent_change_nothing() {
        let mut credit = Credit::new(RATE);
        credit.send(Timestamp::ZERO, 10, 1);
        for lie in [2, 1000, u32::MAX] {
            credit.acknowledge(Timestamp::ZERO, lie);
            assert_eq!(credit.bytes_left(), BYTES_MAX - 10);
        }
        credit.acknowledge(Timestamp::ZERO, 1);
        credit.acknowledge(Timestamp::ZERO, 0);
        assert_eq!(credit.bytes_left(), BYTES_MAX);
    }

    #[test]
    fn a_long_path_gets_more_credit() {
        let mut credit = Credit::new(RATE);
        let short = credit.ticks_left();
        for n in 0..100u32 {
            credit.send(Timestamp::from_millis(u64::from(n) * 1000), 1, 1);
            credit.acknowledge(Timestamp::from_millis(u64::from(n) * 1000 + 900), n + 1);
        }
        assert!(credit.ticks_left() > 2 * short);
    }
}
