//! How often an address may be wrong about a room's code or password.
//!
//! A wrong try costs its address one; whoever has none left is not even told whether the next one is
//! right, until some came back. Who is right pays nothing, so that nobody notices who types well, a
//! whole school behind one address included. Knows no rooms.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syncline_shared::tick::Timestamp;

const MINUTE_MICROS: u64 = 60_000_000;

/// How many addresses are remembered. Beyond it the one whose last wrong try was longest ago is
/// forgotten: whoever has so many addresses is not stopped by what one of them may do.
const ADDRESSES_MAX: usize = 16_384;

/// What addresses have left.
pub(super) struct Tries {
    per_minute: u32,
    /// When each address has all its tries back.
    whole_at: Mutex<BTreeMap<IpAddr, Timestamp>>,
}

/// An address that was wrong too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyTries {
    /// For how many seconds.
    pub(crate) seconds: u64,
}

impl Tries {
    /// So many a minute, which may be made at once; 0 for any number.
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            whole_at: Mutex::default(),
        }
    }

    /// Whether `address` may try something. One that does not count may.
    ///
    /// # Errors
    ///
    /// [`TooManyTries`] with when it may.
    pub(super) fn check(
        &self,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), TooManyTries> {
        let Some(micros) = self.micros_of_one() else {
            return Ok(());
        };
        let whole_at = address.and_then(|address| self.lock().get(&address).copied());
        let missing = whole_at.map_or(0, |whole_at| whole_at.since(now));
        // As long as a whole one is left.
        let over = missing.saturating_sub(MINUTE_MICROS - micros);
        match over.div_ceil(1_000_000) {
            0 => Ok(()),
            seconds => Err(TooManyTries { seconds }),
        }
    }

    /// `address` was wrong.
    pub(super) fn wrong(&self, address: Option<IpAddr>, now: Timestamp) {
        let (Some(address), Some(micros)) = (address, self.micros_of_one()) else {
            return;
        };
        let mut all = self.lock();
        let before = all.get(&address).copied().unwrap_or(now).max(now);
        let latest = now.plus_micros(MINUTE_MICROS);
        all.insert(address, before.plus_micros(micros).min(latest));
        if all.len() > ADDRESSES_MAX {
            let first = all.iter().min_by_key(|(_, whole_at)| **whole_at);
            if let Some(first) = first.map(|(address, _)| *address) {
                all.remove(&first);
            }
        }
    }

    fn micros_of_one(&self) -> Option<u64> {
        MINUTE_MICROS.checked_div(self.per_minute.into())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Timestamp>> {
        // Nothing here panics halfway through a change.
        self.whole_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ONE: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));
    const NOW: Timestamp = Timestamp(1_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW.plus_micros(seconds * 1_000_000)
    }

    #[test]
    fn an_address_is_wrong_so_often_and_then_waits() {
        let tries = Tries::new(6);
        for _ in 0..6 {
            assert_eq!(tries.check(ONE, NOW), Ok(()));
            tries.wrong(ONE, NOW);
        }
        assert_eq!(tries.check(ONE, NOW), Err(TooManyTries { seconds: 10 }));
        assert_eq!(tries.check(OTHER, NOW), Ok(()));
        assert_eq!(tries.check(ONE, after(9)), Err(TooManyTries { seconds: 1 }));
        assert_eq!(tries.check(ONE, after(10)), Ok(()));
        tries.wrong(ONE, after(10));
        assert_eq!(
            tries.check(ONE, after(10)),
            Err(TooManyTries { seconds: 10 })
        );
        assert_eq!(tries.check(ONE, after(70)), Ok(()));
    }

    #[test]
    fn who_does_not_count_is_never_stopped() {
        let (tries, unlimited) = (Tries::new(1), Tries::new(0));
        for _ in 0..10 {
            tries.wrong(None, NOW);
            unlimited.wrong(ONE, NOW);
        }
        assert_eq!(tries.check(None, NOW), Ok(()));
        assert_eq!(unlimited.check(ONE, NOW), Ok(()));
    }

    #[test]
    fn so_many_addresses_are_remembered() {
        let tries = Tries::new(1);
        for n in 0..=ADDRESSES_MAX {
            let address = Ipv4Addr::from_bits(u32::try_from(n).unwrap());
            tries.wrong(Some(address.into()), after(n as u64));
        }
        assert_eq!(tries.lock().len(), ADDRESSES_MAX);
    }
}
