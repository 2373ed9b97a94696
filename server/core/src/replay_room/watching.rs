//! Who watches, and what they are sent.

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::command::{CommandOutcome, CommandRefusal};
use syncline_shared::id::StreamSlot;
use syncline_shared::message::control::{
    PhaseInfo, RoomUpdate, RosterEntry, ServerControl, Welcome,
};
use syncline_shared::tick::Timestamp;

use super::ReplayRoom;
use crate::event::{Astray, Attach, ClientMessage, ConnectionId, RoomOutput};
use crate::member::{Member, control_message};

impl ReplayRoom {
    /// Whoever wants in watches, whatever role it asked for. A session that comes back begins anew:
    /// it has no seat that could have been kept.
    pub(super) fn attach(&mut self, now: Timestamp, connection: ConnectionId, attach: &Attach) {
        if self.members.len() >= usize::from(self.config.spectators_max) {
            return self.close(connection, CloseReason::RoomFull);
        }
        if self.members.is_empty() {
            // Time stood still.
            self.base = (self.shown, now);
        }
        let schema = self.game.schema();
        let welcome = ServerControl::Welcome(Box::new(Welcome {
            session: attach.session,
            attach: 1,
            resume_token: attach.resume_token.clone(),
            grace_ms: 0,
            room: self.config.id,
            code: self.config.code,
            player: None,
            game: self.game.name().to_owned(),
            tick_rate: self.game.tick_rate(),
            snapshot_interval: u8::try_from(self.speed.over()).unwrap_or(u8::MAX),
            fingerprint: schema.fingerprint(),
            schema: (!attach.knows_schema).then(|| schema.encoded().to_vec()),
            streams: vec![StreamSlot::COMMON],
            state: self.whole_state(),
        }));
        let rate = self.game.tick_rate();
        let mut member = Member::new(attach.session, None, rate, self.config.silence);
        if self.ended.is_none() {
            member.start(rate, self.shown, &mut self.counters);
        }
        let message = control_message(&welcome);
        member.record_sent(now, message.len(), 0, &mut self.counters);
        self.members.insert(connection, member);
        self.outputs
            .push_back(RoomOutput::Send(connection, message));
    }

    pub(super) fn close(&mut self, connection: ConnectionId, close: impl Into<Close>) {
        self.outputs
            .push_back(RoomOutput::Close(connection, close.into()));
    }

    /// What somebody who watches says. Nobody plays: inputs and votes are nobody's.
    pub(super) fn message(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        message: ClientMessage,
    ) {
        let incarnation = self.incarnation;
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        match message {
            ClientMessage::Ping { nonce } => self.pong(now, connection, nonce),
            // Who watches a record has nobody to talk to.
            ClientMessage::Rematch | ClientMessage::Chat { .. } | ClientMessage::Room(_) => {}
            ClientMessage::Leave => {
                self.members.remove(&connection);
                self.close(connection, CloseReason::Left);
            }
            ClientMessage::Input(batch) => member.follower.credit.acknowledge(now, batch.received),
            ClientMessage::Command(command) => {
                self.counters.commands_refused += 1;
                let reply = ServerControl::CommandReply {
                    sequence: command.sequence,
                    outcome: CommandOutcome::Refused(CommandRefusal::NotAPlayer),
                };
                if !member.push_control(&reply) {
                    self.cut_off(connection, CloseReason::TooSlow);
                }
            }
            ClientMessage::Resync {
                incarnation: of,
                stream,
                tick,
            } => {
                let astray = Astray {
                    connection,
                    session: member.session,
                    stream,
                    tick,
                };
                match member.resync(now, of == incarnation, astray, &mut self.counters) {
                    Ok(None) => {}
                    Ok(Some(astray)) => self.outputs.push_back(RoomOutput::Astray(astray)),
                    Err(reason) => self.cut_off(connection, reason),
                }
            }
        }
    }

    fn cut_off(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.members.remove(&connection);
        self.close(connection, reason);
    }

    /// Answers a ping.
    fn pong(&mut self, now: Timestamp, connection: ConnectionId, nonce: u32) {
        let running = self.ended.is_none();
        let match_micros = if running {
            self.timeline_micros(now)
        } else {
            0
        };
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        if let Some(message) = member.pong(now, nonce, match_micros, &mut self.counters) {
            self.outputs
                .push_back(RoomOutput::Send(connection, message));
        }
    }

    /// Whether there is anything to tell that a flush would tell.
    pub(super) fn has_updates(&self) -> bool {
        self.phase_changed
            || self
                .members
                .values()
                .any(|member| member.wants_update() && member.follower.credit.is_available())
    }

    /// Sends each member everything that its credit allows, in one message.
    pub(super) fn flush(&mut self, now: Timestamp) {
        let roster = self.playback.roster_changes();
        let changed = core::mem::take(&mut self.phase_changed) || roster != self.roster_told;
        self.roster_told = roster;
        let missed = self.members.values().any(|member| member.missed_update);
        let whole =
            (changed || missed).then(|| control_message(&ServerControl::Room(self.whole_state())));
        let Self {
            members,
            outputs,
            counters,
            scratch,
            spare,
            ..
        } = self;
        let mut hopeless = Vec::new();
        for (&connection, member) in members.iter_mut() {
            if member.follower.credit.is_hopeless(now) {
                hopeless.push(connection);
                continue;
            }
            let whole = whole.as_deref();
            let state = (whole.filter(|_| changed), whole);
            if let Some(message) = member.compose(now, state, scratch, spare, counters) {
                outputs.push_back(RoomOutput::Send(connection, message));
            }
        }
        for connection in hopeless {
            self.cut_off(connection, CloseReason::TooSlow);
        }
    }

    /// The room as it was at the tick that is shown.
    fn whole_state(&self) -> RoomUpdate {
        let mut roster: Vec<RosterEntry> = self
            .playback
            .roster()
            .filter_map(|one| {
                Some(RosterEntry {
                    player: one.player?,
                    name: one.profile.name.clone(),
                    connected: one.connected,
                    team: one.profile.team,
                    properties: one.profile.properties.clone(),
                    ..RosterEntry::default()
                })
            })
            .collect();
        roster.sort_by_key(|entry| entry.player);
        RoomUpdate {
            phase: Some(self.phase_info()),
            whole: true,
            roster,
            left: Vec::new(),
        }
    }

    fn phase_info(&self) -> PhaseInfo {
        let (incarnation, tick) = (self.incarnation, self.shown);
        match &self.ended {
            None => PhaseInfo::Running { incarnation, tick },
            Some(outcome) => PhaseInfo::Ended {
                incarnation,
                tick,
                outcome: outcome.clone(),
                rematch_ms: 0,
            },
        }
    }
}
