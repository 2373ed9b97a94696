//! A room whose matches begin when all are ready: who is, who is the host, the countdown.
//!
//! A match begins by itself in other rooms, which have no host.

use syncline_shared::game::Profile;
use syncline_shared::id::{SessionId, TeamId};
use syncline_shared::message::control::ServerControl;
use syncline_shared::message::lobby::{RoomRefusal, RoomRequest};
use syncline_shared::properties::Properties;
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::event::ConnectionId;
use crate::phase::Phase;

impl Room {
    /// A member asks for something; if it can't be it is told so.
    pub(super) fn request(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        request: &RoomRequest,
    ) {
        if let Err(refusal) = self.grant(now, connection, request) {
            self.counters.requests_refused += 1;
            self.tell(now, connection, &ServerControl::RoomRefused(refusal));
        }
    }

    fn grant(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        request: &RoomRequest,
    ) -> Result<(), RoomRefusal> {
        let member = self.members.get(&connection);
        let member = member.filter(|member| member.player.is_some());
        let session = member.ok_or(RoomRefusal::NotAPlayer)?.session;
        match request {
            RoomRequest::Ready(ready) => {
                self.gathering()?;
                if self.sessions.set_ready(session, *ready) && !ready {
                    self.stop_countdown();
                }
            }
            RoomRequest::Start => {
                self.gathering()?;
                if self.sessions.host() != Some(session) {
                    return Err(RoomRefusal::NotTheHost);
                }
                if !self.has_enough_players() {
                    return Err(RoomRefusal::TooFewPlayers);
                }
                self.sessions.set_ready(session, true);
                self.begin_countdown(now);
            }
            RoomRequest::Kick { player, reason } => {
                if self.sessions.host() != Some(session) {
                    return Err(RoomRefusal::NotTheHost);
                }
                if self.sessions.seated(*player) == Some(session) {
                    return Err(RoomRefusal::NoSuchPlayer);
                }
                self.kick(now, *player, reason)?;
            }
            RoomRequest::Team(team) => self.change_team(now, connection, session, *team)?,
            RoomRequest::Properties(pairs) => {
                let properties = Properties::new(pairs.iter().cloned());
                let properties = properties.map_err(|_| RoomRefusal::InvalidProperties)?;
                self.change_profile(now, session, |profile| profile.properties = properties)?;
            }
        }
        Ok(())
    }

    /// Puts a player into a team, if that is no larger than the smallest other by more than one then.
    fn change_team(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        session: SessionId,
        team: TeamId,
    ) -> Result<(), RoomRefusal> {
        self.between_matches()?;
        let before = self.sessions.get(session).and_then(|one| one.profile.team);
        let mut sizes = self.sessions.team_sizes(self.teams);
        if usize::from(team.0) >= sizes.len() {
            return Err(RoomRefusal::NoSuchTeam);
        }
        if before == Some(team) {
            return Ok(());
        }
        if let Some(before) = before {
            sizes[usize::from(before.0)] -= 1;
        }
        let smallest = sizes.iter().min().copied().unwrap_or(0);
        if sizes[usize::from(team.0)] > smallest {
            return Err(RoomRefusal::Unbalanced);
        }
        self.change_profile(now, session, |profile| profile.team = Some(team))?;
        if let Some(member) = self.members.get_mut(&connection) {
            member.team = Some(team);
        }
        Ok(())
    }

    /// Changes what others know of a session. A match is told of it when it begins and keeps to that.
    fn change_profile(
        &mut self,
        now: Timestamp,
        session: SessionId,
        change: impl FnOnce(&mut Profile),
    ) -> Result<(), RoomRefusal> {
        self.between_matches()?;
        let Some(known) = self.sessions.get(session) else {
            return Ok(());
        };
        let mut profile = known.profile.clone();
        change(&mut profile);
        if profile != known.profile {
            if !self.sessions.may_change(now, session) {
                return Err(RoomRefusal::NotNow);
            }
            self.sessions.set_profile(session, profile);
            self.record_profile(session);
        }
        Ok(())
    }

    /// Whether no match runs.
    fn between_matches(&self) -> Result<(), RoomRefusal> {
        let free = !self.is_running();
        free.then_some(()).ok_or(RoomRefusal::NotNow)
    }

    /// Whether the room waits for its players to be ready.
    fn gathering(&self) -> Result<(), RoomRefusal> {
        let waits = matches!(self.phase, Phase::Lobby) && self.config.countdown_micros.is_some();
        waits.then_some(()).ok_or(RoomRefusal::NotNow)
    }

    /// How many connected players are not ready, where that matters.
    pub(super) fn unready(&self) -> Option<u16> {
        self.config.countdown_micros?;
        let all = self.sessions.connected_players();
        let unready = all.filter(|&(id, _)| !self.sessions.is_ready(id)).count();
        Some(u16::try_from(unready).unwrap_or(u16::MAX))
    }

    fn all_ready(&self) -> bool {
        self.has_enough_players() && self.unready() == Some(0)
    }

    /// When a lobby wants attention by itself.
    pub(super) fn lobby_due(&self) -> Option<Timestamp> {
        let changes = match (self.config.countdown_micros, self.starts_at) {
            (None, _) => self.has_enough_players(),
            (Some(_), None) => self.all_ready(),
            (Some(_), Some(_)) if self.has_enough_players() => return self.starts_at,
            (Some(_), Some(_)) => true,
        };
        changes.then_some(Timestamp::ZERO)
    }

    /// Does what a lobby has to do at `now`.
    pub(super) fn advance_lobby(&mut self, now: Timestamp) {
        if self.config.countdown_micros.is_none() {
            return self.start_match(now);
        }
        if self.starts_at.is_some() && !self.has_enough_players() {
            self.stop_countdown();
        }
        if self.starts_at.is_none() && self.all_ready() {
            self.begin_countdown(now);
        }
        if self.starts_at.is_some_and(|at| at <= now) {
            self.start_match(now);
        }
    }

    /// Whoever comes while it runs does not stop it.
    fn begin_countdown(&mut self, now: Timestamp) {
        let (None, Some(micros)) = (self.starts_at, self.config.countdown_micros) else {
            return;
        };
        self.starts_at = Some(now.plus_micros(micros));
        self.countdown_changed();
    }

    fn stop_countdown(&mut self) {
        if self.starts_at.take().is_some() {
            self.countdown_changed();
        }
    }

    fn countdown_changed(&mut self) {
        self.phase_changed = true;
        self.sessions.touch();
    }

    /// In how many milliseconds the match begins, once that is known.
    pub(super) fn starts_ms(&self, now: Timestamp) -> Option<u32> {
        let left = self.starts_at?.since(now).div_ceil(1000);
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }
}
