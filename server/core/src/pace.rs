//! How often somebody may do something: a generic cell rate algorithm (ITU-T I.371), whose whole state
//! is one time. Doesn't know what is done, nor by whom.

use syncline_shared::tick::Timestamp;

/// One thing in so much time, and a few at once after a rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// In microseconds.
    pub(crate) micros: u64,
    /// At least one.
    pub(crate) burst: u64,
}

impl Pace {
    /// Does one thing at `now`, for somebody who was to be `rested` at that time; when it will be then.
    ///
    /// # Errors
    ///
    /// In how many microseconds there is the next.
    pub(crate) fn admit(self, now: Timestamp, rested: Timestamp) -> Result<Timestamp, u64> {
        let rested = rested.max(now);
        let over = rested
            .since(now)
            .saturating_sub((self.burst - 1) * self.micros);
        if over > 0 {
            return Err(over);
        }
        Ok(rested.plus_micros(self.micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_and_then_one_at_a_time() {
        let pace = Pace {
            micros: 10,
            burst: 3,
        };
        let mut rested = Timestamp::ZERO;
        for _ in 0..3 {
            rested = pace.admit(Timestamp(100), rested).unwrap();
        }
        assert_eq!(pace.admit(Timestamp(100), rested), Err(10));
        assert_eq!(pace.admit(Timestamp(109), rested), Err(1));
        rested = pace.admit(Timestamp(110), rested).unwrap();
        assert_eq!(pace.admit(Timestamp(110), rested), Err(10));
        assert_eq!(pace.admit(Timestamp(500), rested), Ok(Timestamp(510)));
    }
}
