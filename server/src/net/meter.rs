//! A token bucket with the clock beside it, or none where nothing is limited.

use std::io;

use crate::clock::Clock;
use crate::net::rate::TokenBucket;

/// Counts what comes from one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter(Option<(TokenBucket, Clock)>);

/// More came than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much in too short a time")]
pub(crate) struct Exceeded;

impl Meter {
    /// Allows `per_second`; 0 allows everything.
    pub(crate) fn new(per_second: u32, clock: Clock) -> Self {
        Self((per_second > 0).then(|| (TokenBucket::full(per_second, clock.now()), clock)))
    }

    /// Counts `amount`.
    ///
    /// # Errors
    ///
    /// [`Exceeded`]; it is not counted then.
    pub(crate) fn count(&mut self, amount: u64) -> Result<(), Exceeded> {
        let Some((bucket, clock)) = &mut self.0 else {
            return Ok(());
        };
        let allowed = bucket.take(amount, clock.now());
        allowed.then_some(()).ok_or(Exceeded)
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
        assert_eq!(Meter::new(0, Clock::start()).count(u64::MAX), Ok(()));
        assert_eq!(Meter::new(1, Clock::start()).count(u64::MAX), Err(Exceeded));
    }

    #[test]
    fn it_is_known_again_as_what_went_wrong_with_a_socket() {
        assert!(Exceeded::is_in(&Exceeded.into()));
        assert!(!Exceeded::is_in(&io::ErrorKind::ConnectionReset.into()));
    }
}
