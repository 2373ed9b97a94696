//! What a room sends: its state as one coalesced change, and each member's message.

use syncline_shared::close::CloseReason;
use syncline_shared::id::PlayerId;
use syncline_shared::message::control::{PhaseInfo, RoomUpdate, ServerControl};
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::delay::Delay;
use crate::event::{ConnectionId, RoomOutput};
use crate::member::{control_message, who_are};
use crate::phase::Phase;

impl Room {
    /// Whether there is anything to tell that a flush would tell.
    pub(super) fn has_updates(&self) -> bool {
        self.phase_changed
            || self.sessions.has_changes()
            || self.delay.as_ref().is_some_and(|delay| delay.has_said())
            || self.members.values().any(|member| {
                let waiting = member.wants_update() || member.misses_chat(&self.chat.log);
                waiting && !member.delayed && member.follower.credit.is_available()
            })
    }

    /// Sends each member everything that its credit allows, in one message.
    pub(super) fn flush(&mut self, now: Timestamp) {
        let update = self.take_update(now);
        let section = update
            .as_ref()
            .map(|update| control_message(&ServerControl::Room(update.clone())));
        self.delay_told(now, update.as_ref().zip(section.as_deref()));
        let whole = self.is_whole_wanted(false).then(|| self.whole_state(now));
        self.distribute(now, None, section.as_deref(), whole);
    }

    /// Whether one of those who are delayed, or of the others, missed a change of the room's state
    /// and can be told of it now.
    pub(super) fn is_whole_wanted(&self, delayed: bool) -> bool {
        self.members.values().any(|member| {
            let missed = member.missed_update && member.delayed == delayed;
            missed && member.follower.credit.is_available()
        })
    }

    /// Sends each member who is told later, with that `delay`, or each who is not, all that its credit
    /// allows: with the section `update`, or with the `whole` state if it missed one before.
    pub(super) fn distribute(
        &mut self,
        now: Timestamp,
        delay: Option<&Delay>,
        update: Option<&[u8]>,
        whole: Option<RoomUpdate>,
    ) {
        let whole = whole.map(|whole| control_message(&ServerControl::Room(whole)));
        let Self {
            members,
            outputs,
            counters,
            scratch,
            spare,
            chat,
            ..
        } = self;
        let (log, heard_at) = match delay {
            Some(delay) => (&delay.heard, delay.seen(now)),
            None => (&chat.log, now),
        };
        let mut heard = None;
        let mut hopeless = Vec::new();
        for (connection, member) in who_are(delay.is_some(), members) {
            if member.follower.credit.is_hopeless(now) {
                hopeless.push(connection);
                continue;
            }
            if member.misses_chat(log) {
                counters.chat_missed += u64::from(member.has_lost_chat(log));
                member.hear_chat(heard_at, log, &mut heard);
            }
            let state = (update, whole.as_deref());
            if let Some(message) = member.compose(now, state, scratch, spare, counters) {
                outputs.push_back(RoomOutput::Send(connection, message));
            }
        }
        for connection in hopeless {
            self.detach(now, connection);
            self.close(connection, CloseReason::TooSlow);
        }
    }

    /// Queues something that happened for one member, and sends it at once between matches.
    pub(super) fn tell(&mut self, now: Timestamp, connection: ConnectionId, what: &ServerControl) {
        let ticking = self.is_ticking_for(connection);
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        if !member.push_control(what) {
            self.detach(now, connection);
            return self.close(connection, CloseReason::TooSlow);
        }
        if ticking {
            return;
        }
        let (scratch, spare) = (&mut self.scratch, &mut self.spare);
        if let Some(message) = member.compose(now, (None, None), scratch, spare, &mut self.counters)
        {
            self.outputs
                .push_back(RoomOutput::Send(connection, message));
        }
    }

    /// Answers a ping.
    pub(super) fn pong(&mut self, now: Timestamp, connection: ConnectionId, nonce: u32) {
        let match_micros = self.match_micros_seen(now, connection);
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        if let Some(message) = member.pong(now, nonce, match_micros, &mut self.counters) {
            self.outputs
                .push_back(RoomOutput::Send(connection, message));
        }
    }

    /// What changed since the last flush.
    fn take_update(&mut self, now: Timestamp) -> Option<RoomUpdate> {
        let waits = matches!(self.phase, Phase::Lobby) || self.is_held();
        let phase_changed = core::mem::take(&mut self.phase_changed);
        if !phase_changed && !self.sessions.has_changes() {
            return None;
        }
        let changes = self.sessions.take_changes();
        let entry = |&player: &PlayerId| self.sessions.roster_entry(player);
        Some(RoomUpdate {
            // How many players are missing follows from the roster.
            phase: (phase_changed || waits).then(|| self.phase_info(now)),
            whole: false,
            roster: changes.changed.iter().filter_map(entry).collect(),
            left: changes.left.into_iter().collect(),
        })
    }

    /// The room's state, whole.
    pub(super) fn whole_state(&self, now: Timestamp) -> RoomUpdate {
        let players = self.sessions.players();
        let roster = players
            .filter_map(|(player, _)| self.sessions.roster_entry(player))
            .collect();
        RoomUpdate {
            phase: Some(self.phase_info(now)),
            whole: true,
            roster,
            left: Vec::new(),
        }
    }

    pub(super) fn phase_info(&self, now: Timestamp) -> PhaseInfo {
        let incarnation = self.incarnation;
        match &self.phase {
            Phase::Lobby => PhaseInfo::Lobby {
                missing: self.missing_players(),
                unready: self.unready(),
                starts_ms: self.starts_ms(now),
            },
            Phase::Running(running) => match &running.hold {
                Some(hold) => PhaseInfo::Held {
                    tick: running.game.tick(),
                    missing: u16::try_from(self.awaited(hold).count()).unwrap_or(u16::MAX),
                    longest_ms: u32::try_from(hold.until.since(now) / 1000).unwrap_or(u32::MAX),
                },
                None => PhaseInfo::Running {
                    incarnation,
                    tick: running.game.tick(),
                },
            },
            Phase::Ended(ended) => PhaseInfo::Ended {
                incarnation,
                tick: ended.tick,
                outcome: ended.outcome.clone(),
                rematch_ms: u32::try_from(ended.until.since(now) / 1000).unwrap_or(u32::MAX),
            },
        }
    }
}
