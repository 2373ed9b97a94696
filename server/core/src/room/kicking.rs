//! Who is removed from a room, by its host or by whoever runs the server, and kept out for a while.
//!
//! A session is all that is known of a client: who begins another one is somebody else.

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::game::LeaveReason;
use syncline_shared::id::PlayerId;
use syncline_shared::limits::{KICK_BYTES_MAX, KICK_CHARS_MAX};
use syncline_shared::message::lobby::RoomRefusal;
use syncline_shared::text::short_line;
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::sessions::Presence;

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
