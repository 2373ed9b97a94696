//! Sessions that are kept out of a room for a while. Doesn't know rooms, nor who decides.

use std::collections::VecDeque;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::SessionId;
use syncline_shared::tick::Timestamp;

/// For how long a session is kept out, in microseconds.
const KEPT_OUT_MICROS: u64 = 600_000_000;

/// How many sessions are kept out; of more the one that was kicked first is forgotten.
const KEPT_OUT_MAX: usize = 256;

/// Sessions that are kept out, the one that was kicked first in front.
#[derive(Debug, Default)]
pub(crate) struct Kicked(VecDeque<(SessionId, Timestamp, String)>);

impl Kicked {
    /// Why a session does not come in at `now`, if it was kicked.
    pub(crate) fn refusal(&self, now: Timestamp, session: SessionId) -> Option<Close> {
        let mut kept_out = self.0.iter().filter(|(_, until, _)| now < *until);
        let (_, _, reason) = kept_out.find(|(id, ..)| *id == session)?;
        Some(Close::new(CloseReason::Kicked, reason.as_str()))
    }

    /// A session is kept out from `now` on, for a `reason`.
    pub(crate) fn note(&mut self, now: Timestamp, session: SessionId, reason: String) {
        self.keep_out(now, KEPT_OUT_MICROS, session, reason);
    }

    /// A session was kicked `ago` microseconds before `now`, nobody knows why. Those who were kicked
    /// earlier come first.
    pub(crate) fn recall(&mut self, now: Timestamp, ago: u64, session: SessionId) {
        let left = KEPT_OUT_MICROS.saturating_sub(ago);
        if left > 0 {
            self.keep_out(now, left, session, String::new());
        }
    }

    fn keep_out(&mut self, now: Timestamp, micros: u64, session: SessionId, reason: String) {
        while self.0.front().is_some_and(|(_, until, _)| *until <= now)
            || self.0.len() >= KEPT_OUT_MAX
        {
            self.0.pop_front();
        }
        let until = now.plus_micros(micros);
        self.0.push_back((session, until, reason));
    }
}
