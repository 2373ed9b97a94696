//! Joins that may be repeated: which session and room a join's key led to.
//!
//! An answer may be lost, and who repeats its hello shall not have two seats. A key is remembered for
//! as long as a seat can be taken whose player never heard of it; it is as good as a resume token, so
//! whoever makes one up finds nothing. Knows no rooms.

use std::collections::{BTreeMap, VecDeque};

use syncline_shared::id::{RoomId, SessionId};
use syncline_shared::limits::JOIN_KEY_BYTES;
use syncline_shared::tick::Timestamp;

/// How many joins are remembered. Beyond it the oldest is forgotten: it may take a second seat.
const JOINS_MAX: usize = 16_384;

/// Names a join.
pub(crate) type JoinKey = [u8; JOIN_KEY_BYTES];

/// What joins led to.
#[derive(Default)]
pub(super) struct Joins {
    by_key: BTreeMap<JoinKey, (SessionId, RoomId)>,
    /// When each is forgotten, which is in the order in which they came.
    until: VecDeque<(Timestamp, JoinKey)>,
}

impl Joins {
    /// What the join with this key led to, if it was lately.
    pub(super) fn recall(&mut self, key: &JoinKey, now: Timestamp) -> Option<(SessionId, RoomId)> {
        while let Some((until, oldest)) = self.until.front() {
            if *until > now {
                break;
            }
            self.by_key.remove(oldest);
            self.until.pop_front();
        }
        self.by_key.get(key).copied()
    }

    /// Remembers a join with a new key; whether another one had to be forgotten for it.
    pub(super) fn remember(
        &mut self,
        key: JoinKey,
        session: SessionId,
        room: RoomId,
        until: Timestamp,
    ) -> bool {
        if self.by_key.insert(key, (session, room)).is_none() {
            self.until.push_back((until, key));
        }
        let full = self.until.len() > JOINS_MAX;
        if full && let Some((_, oldest)) = self.until.pop_front() {
            self.by_key.remove(&oldest);
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> JoinKey {
        (n as u128).to_le_bytes()
    }

    #[test]
    fn a_join_is_remembered_for_a_while() {
        let mut joins = Joins::default();
        let one = (SessionId(1), RoomId(1));
        assert!(!joins.remember(key(1), one.0, one.1, Timestamp(10)));
        assert_eq!(joins.recall(&key(1), Timestamp(9)), Some(one));
        assert_eq!(joins.recall(&key(2), Timestamp(9)), None);
        assert_eq!(joins.recall(&key(1), Timestamp(10)), None);
        assert!(joins.by_key.is_empty() && joins.until.is_empty());
    }

    #[test]
    fn so_many_are_remembered() {
        let mut joins = Joins::default();
        let mut forgotten = 0;
        for n in 0..=JOINS_MAX {
            let lost = joins.remember(key(n), SessionId(n as u64), RoomId(1), Timestamp(10));
            forgotten += usize::from(lost);
        }
        assert_eq!((forgotten, joins.by_key.len()), (1, JOINS_MAX));
        assert_eq!(joins.recall(&key(0), Timestamp::ZERO), None);
    }
}
