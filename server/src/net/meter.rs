//! A token bucket with the clock beside it, or none where nothing is limited.

use std::io;

use prometheus_client::metrics::counter::Counter;

use crate::clock::Clock;
use crate::net::rate::TokenBucket;

/// Counts what comes from one client.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Option<Limited>);

#[derive(Clone, Debug)]
struct Limited {
    bucket: TokenBucket,
    clock: Clock,
    exceeded: Counter,
}

/// More came than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much in too short a time")]
pub(crate) struct Exceeded;

impl Meter {
    /// Allows `per_second`; 0 allows everything. Counts in `exceeded` how often more came.
    pub(crate) fn new(per_second: u32, clock: Clock, exceeded: &Counter) -> Self {
        let limited = || Limited {
            bucket: TokenBucket::full(per_second, clock.now()),
            clock,
            exceeded: exceeded.clone(),
        };
        Self((per_second > 0).then(limited))
    }

    /// Counts `amount`.
    ///
    /// # Errors
    ///
    /// [`Exceeded`]; it is not counted then.
    pub(crate) fn count(&mut self, amount: u64) -> Result<(), Exceeded> {
        let Some(limited) = &mut self.0 else {
            return Ok(());
        };
        if limited.bucket.take(amount, limited.clock.now()) {
            Ok(())
        } else {
            limited.exceeded.inc();
            Err(Exceeded)
        }
    }
}

impl From<Exceeded> for io::Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::other(exceeded)
    }
}

impl Exceeded {
    /// Whether `error` is one of these.
    pub(crate) fn is_in(error: &io::Error) -> bool {
        error
            .get_ref()
            .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Self>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_per_second_means_no_limit() {
        let exceeded = Counter::default();
        let count = |rate| Meter::new(rate, Clock::start(), &exceeded).count(u64::MAX);
        assert_eq!((count(0), exceeded.get()), (Ok(()), 0));
        assert_eq!((count(1), exceeded.get()), (Err(Exceeded), 1));
    }

    #[test]
    fn it_is_known_again_as_what_went_wrong_with_a_socket() {
        assert!(Exceeded::is_in(&Exceeded.into()));
        assert!(!Exceeded::is_in(&io::ErrorKind::ConnectionReset.into()));
    }
}
