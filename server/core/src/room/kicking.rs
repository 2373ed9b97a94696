//! Who is removed from a room, by its host or by whoever runs the server, and kept out for a while.
//!
//! A session is all that is known of a client: who begins another one is somebody else.

use std::collections::VecDeque;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::game::LeaveReason;
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::limits::{KICK_BYTES_MAX, KICK_CHARS_MAX};
use syncline_shared::message::lobby::RoomRefusal;
use syncline_shared::text::short_line;
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::sessions::Presence;

/// For how long a session is kept out, in microseconds.
const KEPT_OUT_MICROS: u64 = 600_000_000;

/// How many sessions are kept out; of more the one that was kicked first is forgotten.
const KEPT_OUT_MAX: usize = 256;

/// Sessions that are kept out, the one that was kicked first in front.
#[derive(Debug, Default)]
pub(super) struct Kicked(VecDeque<(SessionId, Timestamp, String)>);

impl Kicked {
    /// Why a session does not come in at `now`, if it was kicked.
    pub(super) fn refusal(&self, now: Timestamp, session: SessionId) -> Option<Close> {
        let mut kept_out = self.0.iter().filter(|(_, until, _)| now < *until);
        let (_, _, reason) = kept_out.find(|(id, ..)| *id == session)?;
        Some(Close::new(CloseReason::Kicked, reason.as_str()))
    }

    fn note(&mut self, now: Timestamp, session: SessionId, reason: String) {
        while self.0.front().is_some_and(|(_, until, _)| *until <= now)
            || self.0.len() >= KEPT_OUT_MAX
        {
            self.0.pop_front();
        }
        let until = now.plus_micros(KEPT_OUT_MICROS);
        self.0.push_back((session, until, reason));
    }
}

impl Room {
    /// Removes a player, who is told `reason` as far as it fits, and keeps its session out for ten
    /// minutes.
    ///
    /// # Errors
    ///
    /// [`RoomRefusal::NoSuchPlayer`].
    pub fn kick(
        &mut self,
        now: Timestamp,
        player: PlayerId,
        reason: &str,
    ) -> Result<(), RoomRefusal> {
        let session = self.sessions.seated(player);
        let session = session.ok_or(RoomRefusal::NoSuchPlayer)?;
        let reason = short_line(reason, KICK_CHARS_MAX, KICK_BYTES_MAX);
        let presence = self.sessions.get(session).map(|one| one.presence);
        if let Some(Presence::Connected(connection)) = presence {
            self.members.remove(&connection);
            self.close(connection, Close::new(CloseReason::Kicked, reason.as_str()));
        }
        self.end_session(session, LeaveReason::Kicked);
        self.kicked.note(now, session, reason);
        self.counters.kicks += 1;
        Ok(())
    }
}
