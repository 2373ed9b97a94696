//! Seats, and who holds them across connections.
//!
//! A session is one client's stay in the room. It outlives its connection by the grace period. Knows
//! nothing of matches or messages.

use std::collections::{BTreeMap, BTreeSet};

use syncline_shared::game::Profile;
use syncline_shared::id::{PlayerId, SessionId, TeamId};
use syncline_shared::journal::SeatedSession;
use syncline_shared::limits::{NAME_BYTES_MAX, NAME_CHARS_MAX};
use syncline_shared::message::control::RosterEntry;
use syncline_shared::text::short_line;
use syncline_shared::tick::Timestamp;

use crate::event::ConnectionId;
use crate::pace::Pace;

/// How often a session may change its profile: all members and the journal are told each time.
const CHANGES: Pace = Pace {
    micros: 1_000_000,
    burst: 5,
};

/// One client's stay.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// What matches and others know of it.
    pub(crate) profile: Profile,
    /// The seat, of those who play.
    pub(crate) player: Option<PlayerId>,
    /// Its place in the order in which they came.
    pub(crate) came: u32,
    /// Whether it is ready for the next match.
    pub(crate) ready: bool,
    /// When it may change as much of its profile at once as anybody.
    pub(crate) rested: Timestamp,
    /// Connections so far.
    pub(crate) attaches: u32,
    /// Whether its client is part of the server.
    pub(crate) transient: bool,
    pub(crate) presence: Presence,
}

/// Whether a session's client is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is.
    Connected(ConnectionId),
    /// It lost its connection; the seat is kept until then.
    Away {
        /// When the seat is given up.
        until: Timestamp,
    },
}

/// What changed about the roster since it was last told.
#[derive(Clone, Debug, Default)]
pub(crate) struct RosterChanges {
    pub(crate) changed: BTreeSet<PlayerId>,
    pub(crate) left: BTreeSet<PlayerId>,
}

/// All sessions of a room.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: BTreeMap<SessionId, Session>,
    by_player: BTreeMap<PlayerId, SessionId>,
    /// Who lost the connection, by when the seat is given up: a room looks after each event and tick.
    away: BTreeSet<(Timestamp, SessionId)>,
    changes: RosterChanges,
    /// How many sessions came so far.
    came: u32,
    /// Whether one of those who play is the host.
    hosted: bool,
    host: Option<SessionId>,
    /// Grows with each change, of spectators too.
    changes_ever: u32,
}

impl Sessions {
    /// Nobody yet. Where there is a host it is the player who came first.
    pub(crate) fn new(hosted: bool) -> Self {
        Self {
            hosted,
            ..Self::default()
        }
    }

    pub(crate) fn get(&self, session: SessionId) -> Option<&Session> {
        self.by_id.get(&session)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The session in a seat.
    pub(crate) fn seated(&self, player: PlayerId) -> Option<SessionId> {
        self.by_player.get(&player).copied()
    }

    /// How often a session came, changed or went.
    pub(crate) fn changes_ever(&self) -> u32 {
        self.changes_ever
    }

    /// All sessions, ascending.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SessionId> {
        self.by_id.keys().copied()
    }

    /// Those whose clients are part of the server.
    pub(crate) fn transient(&self) -> Vec<SessionId> {
        let sessions = self.by_id.iter().filter(|(_, session)| session.transient);
        sessions.map(|(&id, _)| id).collect()
    }

    /// Sessions with a seat, by player.
    pub(crate) fn players(&self) -> impl Iterator<Item = (PlayerId, SessionId)> {
        self.by_player.iter().map(|(&player, &id)| (player, id))
    }

    pub(crate) fn player_count(&self) -> usize {
        self.by_player.len()
    }

    /// Connected sessions with a seat.
    pub(crate) fn connected_players(&self) -> impl Iterator<Item = (SessionId, PlayerId)> {
        self.by_player.iter().filter_map(|(&player, &id)| {
            let session = self.by_id.get(&id)?;
            matches!(session.presence, Presence::Connected(_)).then_some((id, player))
        })
    }

    pub(crate) fn spectator_count(&self) -> usize {
        self.by_id.len() - self.by_player.len()
    }

    /// The lowest free seat below `seats`.
    pub(crate) fn free_seat(&self, seats: u16) -> Option<PlayerId> {
        let taken = u16::try_from(self.by_player.len()).unwrap_or(u16::MAX);
        let last = self.by_player.last_key_value();
        if last.is_none_or(|(last, _)| last.0 < taken) {
            // No seat is free between others.
            return (taken < seats).then_some(PlayerId(taken));
        }
        (0..seats)
            .map(PlayerId)
            .find(|player| !self.by_player.contains_key(player))
    }

    /// A new session on `connection`, in `player`'s seat if it plays.
    pub(crate) fn insert(
        &mut self,
        id: SessionId,
        connection: ConnectionId,
        profile: Profile,
        player: Option<PlayerId>,
        transient: bool,
    ) {
        self.touch();
        self.came = self.came.saturating_add(1);
        let session = Session {
            profile,
            player,
            came: self.came,
            ready: false,
            rested: Timestamp::ZERO,
            attaches: 1,
            transient,
            presence: Presence::Connected(connection),
        };
        self.by_id.insert(id, session);
        if let Some(player) = player {
            self.by_player.insert(player, id);
            self.changes.left.remove(&player);
            self.changes.changed.insert(player);
        }
        self.choose_host();
    }

    /// A session of before the server was lost, whose client is expected until then.
    pub(crate) fn restore(&mut self, seated: &SeatedSession, until: Timestamp) {
        let session = Session {
            profile: seated.profile.clone(),
            player: seated.player,
            came: seated.came,
            ready: false,
            rested: Timestamp::ZERO,
            attaches: seated.attaches,
            transient: seated.transient,
            presence: Presence::Away { until },
        };
        self.remove(seated.session);
        self.came = self.came.max(seated.came);
        self.by_id.insert(seated.session, session);
        self.away.insert((until, seated.session));
        if let Some(player) = seated.player {
            self.by_player.insert(player, seated.session);
            self.changes.left.remove(&player);
            self.changes.changed.insert(player);
        }
        self.choose_host();
    }

    /// The host, if there is one.
    pub(crate) fn host(&self) -> Option<SessionId> {
        self.host
    }

    /// The host is the player who came first. Parts of the server are none.
    fn choose_host(&mut self) {
        if !self.hosted {
            return;
        }
        let players = self.by_player.values().filter_map(|id| {
            let session = self.by_id.get(id)?;
            (!session.transient).then_some((session.came, *id))
        });
        let host = players.min().map(|(_, id)| id);
        let before = core::mem::replace(&mut self.host, host);
        if before != host {
            for id in [before, host].into_iter().flatten() {
                let session = self.by_id.get(&id);
                let player = session.and_then(|session| session.player);
                self.changes.changed.extend(player);
            }
        }
    }

    /// Whether a session is ready for the next match.
    pub(crate) fn is_ready(&self, id: SessionId) -> bool {
        self.by_id.get(&id).is_some_and(|session| session.ready)
    }

    /// Notes whether a session is ready; whether that is news.
    pub(crate) fn set_ready(&mut self, id: SessionId, ready: bool) -> bool {
        let Some(session) = self.by_id.get_mut(&id) else {
            return false;
        };
        let changes = session.ready != ready;
        session.ready = ready;
        if changes {
            self.changes.changed.extend(session.player);
            self.touch();
        }
        changes
    }

    /// How many players each of so many teams has.
    pub(crate) fn team_sizes(&self, teams: u8) -> Vec<usize> {
        let mut sizes = vec![0; usize::from(teams)];
        for id in self.by_player.values() {
            let session = self.by_id.get(id);
            let team = session.and_then(|session| session.profile.team);
            if let Some(size) = team.and_then(|team| sizes.get_mut(usize::from(team.0))) {
                *size += 1;
            }
        }
        sizes
    }

    /// The team that a newcomer is put into: the smallest, of equals the first.
    pub(crate) fn smallest_team(&self, teams: u8) -> Option<TeamId> {
        let sizes = self.team_sizes(teams);
        (0..teams)
            .map(TeamId)
            .min_by_key(|team| sizes[usize::from(team.0)])
    }

    /// A session changes its profile at `now`; false if it did so too often of late.
    pub(crate) fn may_change(&mut self, now: Timestamp, id: SessionId) -> bool {
        let Some(session) = self.by_id.get_mut(&id) else {
            return false;
        };
        let rested = CHANGES.admit(now, session.rested);
        rested.map(|rested| session.rested = rested).is_ok()
    }

    /// Others know this of a session now.
    pub(crate) fn set_profile(&mut self, id: SessionId, profile: Profile) {
        if let Some(session) = self.by_id.get_mut(&id) {
            session.profile = profile;
            self.changes.changed.extend(session.player);
            self.touch();
        }
    }

    /// Nobody is ready any more.
    pub(crate) fn clear_ready(&mut self) {
        let ids: Vec<SessionId> = self.ids().collect();
        for id in ids {
            self.set_ready(id, false);
        }
    }

    /// What the room tells of itself changed.
    pub(crate) fn touch(&mut self) {
        self.changes_ever = self.changes_ever.wrapping_add(1);
    }

    /// A known session is now on `connection`; the connection that it was on before, if any.
    pub(crate) fn attach(
        &mut self,
        id: SessionId,
        connection: ConnectionId,
    ) -> Option<ConnectionId> {
        let session = self.by_id.get_mut(&id)?;
        session.attaches = session.attaches.saturating_add(1);
        match self.set_presence(id, Presence::Connected(connection))? {
            Presence::Connected(old) => Some(old),
            Presence::Away { .. } => None,
        }
    }

    /// A session had one connection more than was known.
    pub(crate) fn count_attach(&mut self, id: SessionId) {
        if let Some(session) = self.by_id.get_mut(&id) {
            session.attaches = session.attaches.saturating_add(1);
        }
    }

    /// Notes whether a session's client is there; what was noted before.
    fn set_presence(&mut self, id: SessionId, presence: Presence) -> Option<Presence> {
        let session = self.by_id.get_mut(&id)?;
        self.changes.changed.extend(session.player);
        self.changes_ever = self.changes_ever.wrapping_add(1);
        let before = core::mem::replace(&mut session.presence, presence);
        if let Presence::Away { until } = before {
            self.away.remove(&(until, id));
        }
        if let Presence::Away { until } = presence {
            self.away.insert((until, id));
        }
        Some(before)
    }

    /// A session lost its connection; its seat is kept until `until`.
    pub(crate) fn detach(&mut self, id: SessionId, until: Timestamp) {
        self.set_presence(id, Presence::Away { until });
    }

    /// Ends a session.
    pub(crate) fn remove(&mut self, id: SessionId) -> Option<Session> {
        let session = self.by_id.remove(&id)?;
        self.changes_ever = self.changes_ever.wrapping_add(1);
        if let Presence::Away { until } = session.presence {
            self.away.remove(&(until, id));
        }
        if let Some(player) = session.player {
            self.by_player.remove(&player);
            self.changes.changed.remove(&player);
            self.changes.left.insert(player);
        }
        self.choose_host();
        Some(session)
    }

    /// A session whose grace period is over at `now`.
    pub(crate) fn expired(&self, now: Timestamp) -> Option<SessionId> {
        let &(until, id) = self.away.first()?;
        (until <= now).then_some(id)
    }

    /// When the next grace period is over.
    pub(crate) fn next_expiry(&self) -> Option<Timestamp> {
        self.away.first().map(|&(until, _)| until)
    }

    /// What changed since the last call.
    pub(crate) fn take_changes(&mut self) -> RosterChanges {
        core::mem::take(&mut self.changes)
    }

    /// Whether anything changed since.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.changed.is_empty() || !self.changes.left.is_empty()
    }

    /// A seat as everybody sees it.
    pub(crate) fn roster_entry(&self, player: PlayerId) -> Option<RosterEntry> {
        let session = self.by_id.get(self.by_player.get(&player)?)?;
        let connected = matches!(session.presence, Presence::Connected(_));
        Some(RosterEntry {
            player,
            name: session.profile.name.clone(),
            connected,
            ready: session.ready,
            host: self.host == self.seated(player),
            team: session.profile.team,
            properties: session.profile.properties.clone(),
        })
    }
}

/// A name as others see it: one line, bounded, never empty.
pub(crate) fn shown_name(name: &str, player: Option<PlayerId>) -> String {
    let short = short_line(name, NAME_CHARS_MAX, NAME_BYTES_MAX);
    match (&short[..], player) {
        ("", Some(player)) => format!("Player {}", u32::from(player.0) + 1),
        ("", None) => "Spectator".to_owned(),
        (name, _) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_presentable() {
        assert_eq!(shown_name("  Ada\n ", None), "Ada");
        assert_eq!(shown_name("\u{7}\u{200b}", Some(PlayerId(4))), "Player 5");
        assert_eq!(shown_name("\u{202e}adA", None), "adA");
        assert_eq!(shown_name(&"🚀".repeat(99), None).len(), NAME_BYTES_MAX);
        assert_eq!(
            shown_name(&"ß".repeat(99), None).chars().count(),
            NAME_CHARS_MAX
        );
    }

    #[test]
    fn seats_are_reused_from_the_lowest() {
        let mut sessions = Sessions::default();
        for n in 0..3u16 {
            let seat = sessions.free_seat(3);
            assert_eq!(seat, Some(PlayerId(n)));
            sessions.insert(
                SessionId(u64::from(n)),
                ConnectionId(u64::from(n)),
                Profile::default(),
                seat,
                false,
            );
        }
        assert_eq!(sessions.free_seat(3), None);
        sessions.remove(SessionId(1));
        assert_eq!(sessions.free_seat(3), Some(PlayerId(1)));
    }

    #[test]
    fn whoever_is_away_longest_expires_first_unless_back_or_gone() {
        let mut sessions = Sessions::default();
        for n in 1..=4 {
            sessions.insert(
                SessionId(n),
                ConnectionId(n),
                Profile::default(),
                None,
                false,
            );
            sessions.detach(SessionId(n), Timestamp(100 - n));
        }
        sessions.detach(SessionId(4), Timestamp(200));
        assert_eq!(sessions.next_expiry(), Some(Timestamp(97)));
        sessions.attach(SessionId(3), ConnectionId(5));
        assert_eq!(sessions.expired(Timestamp(99)), Some(SessionId(2)));
        sessions.remove(SessionId(2));
        assert_eq!(sessions.expired(Timestamp(99)), Some(SessionId(1)));
        sessions.remove(SessionId(1));
        assert_eq!(sessions.next_expiry(), Some(Timestamp(200)));
        sessions.remove(SessionId(4));
        assert_eq!(sessions.next_expiry(), None);
    }

    #[test]
    fn a_second_connection_takes_the_session_over() {
        let mut sessions = Sessions::default();
        sessions.insert(
            SessionId(1),
            ConnectionId(1),
            Profile::default(),
            Some(PlayerId(0)),
            false,
        );
        assert_eq!(
            sessions.attach(SessionId(1), ConnectionId(2)),
            Some(ConnectionId(1))
        );
        sessions.detach(SessionId(1), Timestamp(5));
        assert_eq!(sessions.expired(Timestamp(4)), None);
        assert_eq!(sessions.expired(Timestamp(5)), Some(SessionId(1)));
        assert_eq!(sessions.attach(SessionId(1), ConnectionId(3)), None);
        assert_eq!(
            sessions.get(SessionId(1)).map(|session| session.attaches),
            Some(3)
        );
    }
}
