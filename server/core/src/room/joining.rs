//! Who comes to a room, who goes, and who comes back.

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::game::{JoinRefusal, LeaveReason, Profile};
use syncline_shared::id::{PlayerId, SessionId, StreamSlot};
use syncline_shared::message::control::{Role, ServerControl, Welcome};
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::event::{Attach, ConnectionId, RoomOutput};
use crate::member::{Member, control_message};
use crate::sessions::{Presence, shown_name};

impl Room {
    /// A greeted connection wants in.
    pub(super) fn attach(&mut self, now: Timestamp, connection: ConnectionId, attach: &Attach) {
        if self.sessions.get(attach.session).is_some() {
            self.counters.resumes += 1;
            if let Some(old) = self.sessions.attach(attach.session, connection) {
                let member = self.members.remove(&old);
                self.released
                    .extend(member.and_then(|member| member.player));
                self.close(old, CloseReason::Replaced);
            }
            self.record_presence(attach.session);
        } else if let Some(close) = self.kicked.refusal(now, attach.session) {
            return self.close(connection, close);
        } else if attach.resume {
            return self.close(connection, CloseReason::SessionExpired);
        } else if let Err(close) = self.admit(connection, attach) {
            return self.close(connection, close);
        }
        self.empty_since = None;
        self.welcome(now, connection, attach);
    }

    /// Makes a session for a newcomer, with a seat if it plays.
    fn admit(&mut self, connection: ConnectionId, attach: &Attach) -> Result<(), Close> {
        let player = match attach.role {
            Role::Player => Some(self.seat_for_newcomer()?),
            Role::Spectator
                if self.sessions.spectator_count() >= usize::from(self.config.spectators_max) =>
            {
                return Err(CloseReason::RoomFull.into());
            }
            Role::Spectator => None,
        };
        let profile = Profile {
            name: shown_name(&attach.name, player),
            team: player.and_then(|_| self.sessions.smallest_team(self.teams)),
            properties: attach.properties.clone(),
        };
        if let Some(player) = player {
            self.join_match(player, profile.clone()).map_err(close_of)?;
        }
        self.sessions.insert(
            attach.session,
            connection,
            profile,
            player,
            attach.transient,
        );
        self.record_newcomer(attach.session);
        Ok(())
    }

    /// The seat that a new player would get now, or why there is none.
    pub(super) fn seat_for_newcomer(&self) -> Result<PlayerId, CloseReason> {
        if self.is_running() && !self.seats.join_in_progress {
            return Err(CloseReason::AlreadyStarted);
        }
        self.sessions
            .free_seat(self.players_max())
            .ok_or(CloseReason::RoomFull)
    }

    /// Puts a player into the running match, if one is running.
    pub(super) fn join_match(
        &mut self,
        player: PlayerId,
        profile: Profile,
    ) -> Result<(), JoinRefusal> {
        let Some(running) = self.phase.running_mut() else {
            return Ok(());
        };
        running.game.join(player, profile)?;
        running.replication.add_player(player);
        Ok(())
    }

    fn welcome(&mut self, now: Timestamp, connection: ConnectionId, attach: &Attach) {
        let Some(session) = self.sessions.get(attach.session) else {
            return;
        };
        let (player, attaches) = (session.player, session.attaches);
        let team = session.profile.team;
        let schema = self.game.schema();
        let streams = [Some(StreamSlot::COMMON), player.map(|_| StreamSlot::OWN)];
        let past = self.delayed_state(now).filter(|_| player.is_none());
        let delayed = past.is_some();
        let (state, tick) = past.unwrap_or_else(|| {
            let running = self.phase.running();
            (
                self.whole_state(now),
                running.map(|running| running.game.tick()),
            )
        });
        let welcome = ServerControl::Welcome(Box::new(Welcome {
            session: attach.session,
            attach: attaches,
            resume_token: attach.resume_token.clone(),
            grace_ms: u32::try_from(self.config.grace_micros / 1000).unwrap_or(u32::MAX),
            room: self.config.id,
            code: self.config.code,
            player,
            game: self.game.name().to_owned(),
            tick_rate: self.game.tick_rate(),
            snapshot_interval: u8::try_from(self.config.snapshot_interval).unwrap_or(u8::MAX),
            fingerprint: schema.fingerprint(),
            schema: (!attach.knows_schema).then(|| schema.encoded().to_vec()),
            streams: streams.into_iter().flatten().collect(),
            state,
        }));
        let rate = self.game.tick_rate();
        let mut member = Member::new(attach.session, player, rate, self.config.silence);
        member.delayed = delayed;
        member.team = team;
        if let Some(tick) = tick {
            member.start(rate, tick, &mut self.counters);
        }
        let mut message = control_message(&welcome);
        // Who comes anew hears what was said lately, whoever comes back also what it knows.
        match self.delay.as_ref().filter(|_| delayed) {
            Some(delay) => member.hear_chat(delay.seen(now), &delay.heard, &mut None),
            None => member.hear_chat(now, &self.chat.log, &mut None),
        }
        member.take_control(&mut message);
        member.record_sent(now, message.len(), 0, &mut self.counters);
        self.members.insert(connection, member);
        self.outputs
            .push_back(RoomOutput::Send(connection, message));
    }

    /// A connection is gone: its session keeps its seat for a while.
    pub(super) fn detach(&mut self, now: Timestamp, connection: ConnectionId) {
        let Some(member) = self.members.remove(&connection) else {
            return;
        };
        self.released.extend(member.player);
        self.sessions
            .detach(member.session, now.plus_micros(self.config.grace_micros));
        self.record_presence(member.session);
    }

    /// A member leaves on purpose.
    pub(super) fn leave(&mut self, connection: ConnectionId) {
        let Some(member) = self.members.remove(&connection) else {
            return;
        };
        self.end_session(member.session, LeaveReason::Left);
        self.close(connection, CloseReason::Left);
    }

    /// A session's grace period is over.
    pub(super) fn expire(&mut self, session: SessionId) {
        self.end_session(session, LeaveReason::Lost);
    }

    pub(super) fn end_session(&mut self, session: SessionId, reason: LeaveReason) {
        self.rematch_votes.remove(&session);
        if self.sessions.get(session).is_some() {
            self.record_leaver(session, reason);
            self.forget_session(session, reason);
        }
    }

    /// Removes a player whom the game refused when its match began, connected or not.
    pub(super) fn refuse(&mut self, session: SessionId, refusal: JoinRefusal) {
        let removed = self.sessions.remove(session);
        self.chat.forget(session);
        self.answered.forget(session);
        self.record_leaver(session, LeaveReason::Refused);
        if let Some(Presence::Connected(connection)) = removed.map(|session| session.presence) {
            self.members.remove(&connection);
            self.close(connection, close_of(refusal));
        }
    }

    /// Ends the room: every member is closed for `reason`.
    pub(super) fn stop(&mut self, reason: CloseReason) {
        self.record_close(Some(reason));
        for connection in core::mem::take(&mut self.members).into_keys() {
            self.close(connection, reason);
        }
        self.finished = true;
    }
}

fn close_of(refusal: JoinRefusal) -> Close {
    match refusal {
        JoinRefusal::Full => CloseReason::RoomFull.into(),
        JoinRefusal::AlreadyStarted => CloseReason::AlreadyStarted.into(),
        JoinRefusal::NotAllowed(why) => Close::new(CloseReason::NotAllowed, why),
    }
}
