//! A room again, from the journal of its match: its sessions, its seats, and the match as it was.
//!
//! The match is held, which means that it stands still, until those who played it are back or have
//! taken too long. It goes on in a timeline of its own, since it may be a little younger than what
//! its players have seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::game::LeaveReason;
use syncline_shared::id::SessionId;
use syncline_shared::journal::{Hold as Held, Record, RosterChange, SeatedSession};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::{Tick, Timestamp};

use super::Room;
use crate::chat::Chat;
use crate::config::RoomConfig;
use crate::match_state::Match;
use crate::phase::{Hold, Phase, Running};
use crate::replay::Restored;
use crate::replication::Replication;
use crate::sessions::Presence;
use crate::simulation::GameKind;

/// How long a recovered match waits for those who played it, in microseconds.
const HOLD_MICROS: u64 = 5_000_000;

impl Room {
    /// The room of `restored` at `now`. What `config` says must be what the journal's header says of
    /// the room. Its journal goes on where it was cut; the room puts out only what comes next.
    ///
    /// Who was kicked stays kept out, as far as the journal knows: for what is left by the ticks that
    /// the match ran since, which are the only clock in it. In a lobby that is the whole time.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if the journal's config is none of `game`.
    pub fn recover(
        config: RoomConfig,
        game: Arc<dyn GameKind>,
        restored: Restored,
        now: Timestamp,
    ) -> Result<Self, DecodeError> {
        let mut room = Self::new(config, game, restored.header.start.config.clone())?;
        room.recording = room.config.record;
        room.incarnation = restored.incarnation;
        room.chat = Chat::new(restored.incarnation.wrapping_add(1));
        let mut connected = BTreeSet::new();
        for seated in restored.roster.values() {
            room.seat_again(now, seated, &mut connected);
        }
        let played = |tick| room.game.tick_rate().due(tick).0;
        let elapsed = played(restored.game.tick());
        for &(session, tick) in &restored.kicked {
            let ago = elapsed.saturating_sub(played(tick));
            room.kicked.recall(now, ago, session);
        }
        if restored.game.tick() > Tick::ZERO {
            room.incarnation = restored.incarnation.wrapping_add(1);
            room.hold_match(restored.game, now);
        } else {
            // No tick of the match is left. But it may have begun, and its timeline with it.
            room.next_match = Some(restored.header.start.clone());
            room.record_hold(0);
        }
        for change in &restored.since {
            room.follow(now, change, &mut connected);
        }
        for session in room.sessions.transient() {
            // Its client was lost with the server.
            connected.remove(&session);
            room.expire(session);
        }
        let awaited = connected
            .iter()
            .filter_map(|&id| Some((id, room.sessions.get(id)?.player?)));
        let awaited: Vec<_> = awaited.collect();
        room.released
            .extend(awaited.iter().map(|&(_, player)| player));
        if let Some(hold) = room.phase.running_mut().and_then(|it| it.hold.as_mut()) {
            hold.awaited = awaited.into_iter().map(|(session, _)| session).collect();
        }
        room.empty_since = room.sessions.is_empty().then_some(now);
        room.delay_from_here(now);
        Ok(room)
    }

    /// The match stands still where it was.
    fn hold_match(&mut self, game: Match, now: Timestamp) {
        let schema = self.game.schema().clone();
        let mut replication = Replication::new(schema.clone());
        for player in game.players() {
            replication.add_player(player);
        }
        let (tick, interval) = (game.tick(), self.wanted_interval());
        self.phase = Phase::Running(Box::new(Running {
            replication,
            origin: now,
            begun: self.game.tick_rate().due(tick).0,
            hold: Some(Hold {
                since: now,
                until: now.plus_micros(HOLD_MICROS),
                awaited: BTreeSet::new(),
            }),
            snapshot_interval: interval,
            snapshot_tick: Tick(tick.0 - tick.0 % interval),
            world: SnapshotWriter::new(schema),
            game,
        }));
        self.phase_changed = true;
    }

    /// Does again what changed after the last tick, to the match too.
    fn follow(
        &mut self,
        now: Timestamp,
        change: &RosterChange,
        connected: &mut BTreeSet<SessionId>,
    ) {
        match change {
            RosterChange::Came(seated) => {
                let join = |player| self.join_match(player, seated.profile.clone());
                let taken = seated.player.map(join);
                if taken.is_none_or(|taken| taken.is_ok()) {
                    self.seat_again(now, seated, connected);
                }
            }
            RosterChange::Attached(session) => {
                self.sessions.count_attach(*session);
                connected.insert(*session);
            }
            RosterChange::Away(session) => {
                connected.remove(session);
            }
            RosterChange::Changed(session, profile) => {
                self.sessions.set_profile(*session, profile.clone());
            }
            RosterChange::Left(session, reason) => {
                connected.remove(session);
                self.forget_session(*session, *reason);
            }
        }
    }

    fn seat_again(
        &mut self,
        now: Timestamp,
        seated: &SeatedSession,
        connected: &mut BTreeSet<SessionId>,
    ) {
        let until = now.plus_micros(self.config.grace_micros);
        self.sessions.restore(seated, until);
        if seated.connected {
            connected.insert(seated.session);
        }
    }

    /// Takes a session, and its player, out of the room.
    pub(super) fn forget_session(&mut self, session: SessionId, reason: LeaveReason) {
        let Some(ended) = self.sessions.remove(session) else {
            return;
        };
        self.chat.forget(session);
        self.answered.forget(session);
        let Some(player) = ended.player else { return };
        self.released.remove(&player);
        if let Some(running) = self.phase.running_mut() {
            running.game.leave(player, reason);
            running.replication.remove_player(player);
        }
    }

    /// From now on the match is in another timeline, for which it has waited so long.
    fn record_hold(&mut self, waited_micros: u64) {
        self.record(|_| {
            Record::Hold(Held {
                from_unix_ms: 0,
                waited_ms: u32::try_from(waited_micros / 1000).unwrap_or(u32::MAX),
            })
        });
    }

    /// How many a held match waits for.
    pub(super) fn awaited_count(&self, hold: &Hold) -> u16 {
        u16::try_from(self.awaited(hold).count()).unwrap_or(u16::MAX)
    }

    /// Those whom a held match waits for.
    pub(super) fn awaited(&self, hold: &Hold) -> impl Iterator<Item = SessionId> {
        let is_away = |id: &SessionId| {
            let session = self.sessions.get(*id);
            session.is_some_and(|session| matches!(session.presence, Presence::Away { .. }))
        };
        hold.awaited.iter().copied().filter(is_away)
    }

    /// Whether the match stands still.
    pub(super) fn is_held(&self) -> bool {
        self.phase.running().is_some() && !self.phase.is_ticking()
    }

    /// Lets a held match go on, if it has waited enough.
    pub(super) fn try_release(&mut self, now: Timestamp) {
        let running = self.phase.running();
        let Some(hold) = running.and_then(|running| running.hold.as_ref()) else {
            return;
        };
        let (since, until) = (hold.since, hold.until);
        let missing: Vec<SessionId> = self.awaited(hold).collect();
        if now < until && !missing.is_empty() {
            return;
        }
        if let Some(running) = self.phase.running_mut() {
            running.hold = None;
            running.origin = now;
        }
        self.phase_changed = true;
        self.delay_phase(now);
        self.record_hold(now.since(since));
        for session in missing {
            self.record_presence(session);
        }
    }
}
