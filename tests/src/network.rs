//! One client's path to the server and back, on virtual time: latency, jitter, order kept.
//!
//! Carries messages as a WebSocket does: all of them, in order, until the connection is cut. Knows
//! neither ends.

use std::collections::VecDeque;

use syncline_shared::close::Close;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

/// How a path behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// One way, in microseconds.
    pub latency: u64,
    /// Up to this much more or less, in microseconds; at most the latency.
    pub jitter: u64,
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// The connection opens.
    Open,
    /// A message.
    Message(Vec<u8>),
    /// The connection closes, with the reason if the server gave one.
    Close(Option<Close>),
}

/// One way of a path.
#[derive(Debug, Default)]
pub struct OneWay {
    in_flight: VecDeque<(Timestamp, Parcel)>,
    last: Timestamp,
}

impl OneWay {
    /// Sends `parcel` off at `now`.
    pub fn send(&mut self, now: Timestamp, path: Path, rng: &mut Rng, parcel: Parcel) {
        let jitter = i32::try_from(path.jitter.min(path.latency)).unwrap_or(i32::MAX);
        let delay = path
            .latency
            .saturating_add_signed(i64::from(rng.range(-jitter, jitter)));
        // A later message never overtakes an earlier one.
        self.last = self.last.max(now.plus_micros(delay));
        self.in_flight.push_back((self.last, parcel));
    }

    /// What has arrived by `now`, oldest first.
    pub fn receive(&mut self, now: Timestamp) -> Option<Parcel> {
        let arrived = self.in_flight.front().is_some_and(|&(at, _)| at <= now);
        if arrived {
            self.in_flight.pop_front().map(|(_, parcel)| parcel)
        } else {
            None
        }
    }

    /// Loses everything in flight.
    pub fn cut(&mut self) {
        self.in_flight.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_order_under_jitter() {
        let path = Path {
            latency: 50_000,
            jitter: 50_000,
        };
        let mut way = OneWay::default();
        let mut rng = Rng::from_seed(1);
        for n in 0..100u8 {
            let now = Timestamp(u64::from(n) * 1000);
            way.send(now, path, &mut rng, Parcel::Message(vec![n]));
        }
        assert_eq!(way.receive(Timestamp::ZERO), None);
        let received: Vec<_> = core::iter::from_fn(|| way.receive(Timestamp(1_000_000))).collect();
        let sent: Vec<_> = (0..100u8).map(|n| Parcel::Message(vec![n])).collect();
        assert_eq!(received, sent);
    }
}
