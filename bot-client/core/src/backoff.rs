//! How long to wait before the next attempt, so that a thousand clients don't come back at once.

use syncline_shared::close::Then;
use syncline_shared::rng::Rng;

/// The longest wait after the first loss, in microseconds; it doubles with each failure.
const FIRST_MICROS: u32 = 250_000;

/// The longest wait however often it failed, in microseconds.
const WAIT_MICROS_MAX: u32 = 8_000_000;

/// Waits that grow with failures and are jittered.
#[derive(Clone, Debug)]
pub struct Backoff {
    rng: Rng,
    failures: u32,
    /// Whether the last attempt was answered by a server that no longer has the session.
    rejoins: bool,
}

impl Backoff {
    /// No failure yet; `seed` names the jitter.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::from_seed(seed),
            failures: 0,
            rejoins: false,
        }
    }

    /// A connection has proved itself.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait, in microseconds; `None` if trying again is pointless.
    ///
    /// A server that answers that a session is over is there again: the first such answer in a row
    /// counts as no failure.
    pub fn wait(&mut self, then: Then) -> Option<u64> {
        let rejoins = then == Then::Rejoin;
        if rejoins && !self.rejoins {
            self.failures = 0;
        }
        self.rejoins = rejoins;
        let doubled = FIRST_MICROS.saturating_mul(1 << self.failures.min(8));
        let longest = doubled.min(WAIT_MICROS_MAX);
        self.failures = self.failures.saturating_add(1);
        let jittered = |micros: u32, rng: &mut Rng| u64::from(micros / 2 + rng.below(micros / 2));
        match then {
            Then::Never => None,
            Then::Resume | Then::Rejoin => Some(jittered(longest, &mut self.rng)),
            Then::Retry(seconds) => {
                let asked = u64::from(seconds) * 1_000_000;
                Some(asked + jittered(u32::from(seconds) * 500_000, &mut self.rng))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_bounded() {
        let mut backoff = Backoff::new(1);
        let mut longest = u64::from(FIRST_MICROS);
        for _ in 0..100 {
            let wait = backoff.wait(Then::Resume).unwrap();
            assert!((longest / 2..=longest).contains(&wait), "{wait}");
            longest = (longest * 2).min(u64::from(WAIT_MICROS_MAX));
        }
        backoff.succeeded();
        assert!(backoff.wait(Then::Rejoin).unwrap() <= u64::from(FIRST_MICROS));
    }

    #[test]
    fn a_server_that_is_back_is_joined_soon_but_not_again_and_again() {
        let mut backoff = Backoff::new(3);
        for _ in 0..6 {
            backoff.wait(Then::Resume);
        }
        assert!(backoff.wait(Then::Rejoin).unwrap() <= u64::from(FIRST_MICROS));
        for _ in 0..6 {
            backoff.wait(Then::Rejoin);
        }
        assert!(backoff.wait(Then::Rejoin).unwrap() >= u64::from(WAIT_MICROS_MAX / 2));
    }

    #[test]
    fn a_server_that_names_a_time_is_obeyed() {
        let mut backoff = Backoff::new(2);
        for _ in 0..50 {
            let wait = backoff.wait(Then::Retry(5)).unwrap();
            assert!((5_000_000..=7_500_000).contains(&wait), "{wait}");
        }
        assert!(backoff.wait(Then::Retry(0)).is_some());
        assert_eq!(backoff.wait(Then::Never), None);
    }

    #[test]
    fn clients_do_not_come_back_together() {
        let waits: Vec<_> = (0..20)
            .map(|seed| Backoff::new(seed).wait(Then::Resume).unwrap())
            .collect();
        assert!(waits.iter().any(|&wait| wait.abs_diff(waits[0]) > 20_000));
    }
}
