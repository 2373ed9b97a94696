//! How a room goes from phase to phase, and one tick of a match.

use syncline_shared::game::Outcome;
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::input::InputStatus;
use syncline_shared::journal::{AppliedInput, Ending, MatchHeader};
use syncline_shared::limits::VIEW_MICROS_MAX;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::{Tick, Timestamp, ViewTick};

use super::Room;
use crate::match_state::Match;
use crate::member::who_are;
use crate::phase::{Ended, Phase, Running};
use crate::relief::Probe;
use crate::replication::Replication;
use crate::waiting::SnapshotTick;

/// Ticks that a late loop makes up for; with more it drops time instead, so that one stall does not
/// become a burst that makes the next stall.
const CATCH_UP_TICKS_MAX: u32 = 4;

impl Room {
    /// When the phase wants attention by itself.
    pub(super) fn phase_due(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Lobby => self.lobby_due(),
            Phase::Running(running) => Some(match &running.hold {
                Some(hold) if self.awaited(hold).next().is_none() => Timestamp::ZERO,
                Some(hold) => hold.until,
                None => self.tick_due(running, running.game.tick().next()),
            }),
            Phase::Ended(_) if self.all_voted() => Some(Timestamp::ZERO),
            Phase::Ended(ended) => Some(ended.until),
        }
    }

    /// Does what the phase has to do at `now`.
    pub(super) fn advance_phase(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        match &self.phase {
            Phase::Lobby => self.advance_lobby(now),
            // Nobody plays it, and nobody may join it any more.
            Phase::Running(_) if self.is_deserted() => self.return_to_lobby(now),
            Phase::Running(running) if running.hold.is_some() => self.try_release(now),
            Phase::Running(_) => self.run_due_tick(now, probe),
            Phase::Ended(_) if self.all_voted() => self.start_match(now),
            Phase::Ended(ended) if now >= ended.until => self.end_result(now),
            Phase::Ended(_) => {}
        }
    }

    /// Whether [`Room::advance`] would begin a match at `now` that takes nobody who comes later. Of
    /// rooms whose matches begin by themselves, the only ones that somebody is sent to by chance.
    pub fn is_about_to_close(&self, now: Timestamp) -> bool {
        let begins = match &self.phase {
            Phase::Lobby => true,
            Phase::Running(_) => false,
            Phase::Ended(ended) => now >= ended.until || self.all_voted(),
        };
        let closes = !self.seats.join_in_progress && self.config.countdown_micros.is_none();
        begins && closes && self.has_enough_players()
    }

    pub(super) fn has_enough_players(&self) -> bool {
        let connected = self.sessions.connected_players().count();
        connected >= usize::from(self.seats.min).max(1)
    }

    pub(super) fn missing_players(&self) -> u16 {
        let connected = self.sessions.connected_players().count();
        let connected = u16::try_from(connected).unwrap_or(u16::MAX);
        self.seats.min.max(1).saturating_sub(connected)
    }

    fn all_voted(&self) -> bool {
        self.has_enough_players()
            && self
                .sessions
                .connected_players()
                .all(|(id, _)| self.rematch_votes.contains(&id))
    }

    /// A result was shown for long enough: the next match begins, unless all have to be ready for it.
    fn end_result(&mut self, now: Timestamp) {
        if self.config.countdown_micros.is_none() {
            return self.start_match(now);
        }
        self.rematch_votes.clear();
        self.enter_lobby(now);
    }

    /// The room waits for a match.
    fn enter_lobby(&mut self, now: Timestamp) {
        self.phase = Phase::Lobby;
        self.phase_changed = true;
        self.delay_phase(now);
    }

    /// Starts a match with everybody who has a seat, if they are enough.
    pub(super) fn start_match(&mut self, now: Timestamp) {
        self.rematch_votes.clear();
        if !self.has_enough_players() {
            if !matches!(self.phase, Phase::Lobby) {
                self.enter_lobby(now);
            }
            return;
        }
        self.starts_at = None;
        self.sessions.clear_ready();
        self.begin_journal();
        let header = self.next_match.take();
        let header = header.unwrap_or_else(|| self.next_header());
        self.incarnation = self.incarnation.wrapping_add(1);
        let schema = self.game.schema();
        self.phase = Phase::Running(Box::new(Running {
            game: Match::new(&*self.game, header).expect("the config was decoded before"),
            replication: Replication::new(schema.clone()),
            origin: now,
            begun: 0,
            hold: None,
            snapshot_interval: self.wanted_interval(),
            snapshot_tick: Tick::ZERO,
            world: SnapshotWriter::new(schema.clone()),
        }));
        self.phase_changed = true;
        self.counters.matches += 1;
        self.released.clear();
        self.delay_phase(now);
        for (_, member) in who_are(false, &mut self.members) {
            member.start(self.game.tick_rate(), Tick::ZERO, &mut self.counters);
        }
        self.seat_everybody(now);
    }

    /// What the room's next match starts from.
    pub(super) fn next_header(&self) -> MatchHeader {
        MatchHeader {
            game: self.game.name().to_owned(),
            fingerprint: self.game.schema().fingerprint(),
            config: self.game_config.clone(),
            seed: self.config.seed.wrapping_add(u64::from(self.incarnation)),
            checkpoint_interval: self.config.checkpoint_interval,
        }
    }

    /// Puts everybody with a seat into the match that begins. If the game refuses so many that too
    /// few are left, there is none.
    fn seat_everybody(&mut self, now: Timestamp) {
        let players: Vec<(PlayerId, SessionId)> = self.sessions.players().collect();
        for (player, session) in players {
            let profile = self
                .sessions
                .get(session)
                .map(|session| session.profile.clone());
            if let Err(refusal) = self.join_match(player, profile.unwrap_or_default()) {
                self.refuse(session, refusal);
            }
        }
        if !self.has_enough_players() {
            self.return_to_lobby(now);
        }
    }

    fn is_deserted(&self) -> bool {
        self.sessions.player_count() == 0 && !self.seats.join_in_progress
    }

    /// The match is no more, without a result.
    fn return_to_lobby(&mut self, now: Timestamp) {
        self.end_journal(Ending::Deserted);
        self.enter_lobby(now);
        for (_, member) in who_are(false, &mut self.members) {
            member.follower.stop();
        }
    }

    fn tick_due(&self, running: &Running, tick: Tick) -> Timestamp {
        running.due(self.game.tick_rate().due(tick).0)
    }

    /// Runs the next tick if it is due. If it is so late that it can't be made up for, time is
    /// dropped first.
    fn run_due_tick(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        let period = self.game.tick_rate().period_micros();
        let Some(running) = self.phase.running() else {
            return;
        };
        let due = self.tick_due(running, running.game.tick().next());
        if due > now {
            return;
        }
        let late = now.since(due);
        if late >= period * u64::from(CATCH_UP_TICKS_MAX) {
            self.counters.overruns += 1;
            self.move_origin(late);
        }
        self.run_tick(now, probe);
        if self.relief.slowed_by > 0 {
            self.counters.slowed_ticks += 1;
            self.move_origin(self.relief.slowed_by);
        }
        self.delay_clock(now);
    }

    /// The match's time is `micros` earlier from now on than it would have been.
    fn move_origin(&mut self, micros: u64) {
        let Some(running) = self.phase.running_mut() else {
            return;
        };
        running.origin = running.origin.plus_micros(micros);
        for member in self.members.values_mut() {
            // What was measured was measured by another clock.
            member.inputs.forget_margins();
        }
    }

    /// One tick: inputs in, one step, and at snapshot ticks everybody's messages out.
    fn run_tick(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        let inputs = self.take_inputs(now);
        let Some(running) = self.phase.running_mut() else {
            return;
        };
        let record = running.game.step(inputs, &mut running.world);
        let tick = record.tick;
        self.counters.ticks += 1;
        if tick.is_multiple_of(self.config.checkpoint_interval) {
            self.counters.checkpoints += 1;
        }
        self.record_tick(record);
        let Some(running) = self.phase.running_mut() else {
            return;
        };
        if tick.is_multiple_of(running.snapshot_interval) {
            // A result counts from a snapshot on, so that everybody sees the match that ended.
            let outcome = running.game.outcome();
            self.take_snapshot(tick, probe);
            self.flush(now);
            if let Some(outcome) = outcome {
                self.end_match(now, tick, outcome);
            }
        }
    }

    /// Ticks from one snapshot to the next, as the room's load has it.
    pub(super) fn wanted_interval(&self) -> u32 {
        let usual = self.config.snapshot_interval;
        let hz = u32::from(self.game.tick_rate().as_hz());
        if self.relief.fewer_snapshots && 2 * usual <= hz {
            2 * usual
        } else {
            usual
        }
    }

    /// Lets snapshots be as frequent as they should be from the one of `tick` on, if they are not
    /// and that one belongs to both rows; whether it does.
    fn change_interval(&mut self, tick: Tick) -> bool {
        let wanted = self.wanted_interval();
        let Some(running) = self.phase.running_mut() else {
            return false;
        };
        let before = running.snapshot_interval;
        let changes = wanted != before && tick.is_multiple_of(wanted);
        if changes {
            running.snapshot_interval = wanted;
            self.counters.snapshot_halvings += u64::from(wanted > before);
        }
        changes
    }

    /// What each player's queue has for the next tick; plain repetitions are left out.
    fn take_inputs(&mut self, now: Timestamp) -> Vec<AppliedInput> {
        let Some(running) = self.phase.running() else {
            return Vec::new();
        };
        let (game, schema) = (&running.game, self.game.schema());
        let tick = game.tick().next();
        let at = Timestamp(running.time(now));
        let rewind = u64::from(self.game.tick_rate().ticks_covering(VIEW_MICROS_MAX));
        let newest = ViewTick::at(tick);
        let oldest = ViewTick::before(tick, rewind * ViewTick::EIGHTHS);
        let mut applied = Vec::with_capacity(self.members.len());
        for member in self.members.values_mut() {
            member.commands = 0;
            let Some(player) = member.player else {
                continue;
            };
            let Some(last) = game.last_input(player) else {
                continue;
            };
            let taken = member.inputs.take(schema, last);
            member.follower.note_input(taken.status, taken.assumed);
            if let Some(margin) = member.inputs.poll_margin(at) {
                member.follower.note_margin(margin);
            }
            if taken.status != InputStatus::Repeated {
                let view = taken.view.unwrap_or(newest).clamp(oldest, newest);
                applied.push(AppliedInput {
                    player,
                    words: taken.words,
                    status: taken.status,
                    view,
                });
            }
        }
        // Whoever lost the connection lets go of everything, rather than running on.
        for player in core::mem::take(&mut self.released) {
            if !applied.iter().any(|input| input.player == player) {
                let words = game.neutral_input().clone();
                let (status, view) = (InputStatus::Dropped, newest);
                applied.push(AppliedInput {
                    player,
                    words,
                    status,
                    view,
                });
            }
        }
        applied.sort_by_key(|input| input.player);
        applied
    }

    fn take_snapshot(&mut self, tick: Tick, probe: &mut dyn Probe) {
        let loud = self.change_interval(tick);
        let Phase::Running(running) = &mut self.phase else {
            return;
        };
        let Running {
            game,
            replication,
            world,
            snapshot_tick,
            ..
        } = &mut **running;
        game.replicate(world);
        let span = tick.since(*snapshot_tick);
        let (counters, bandwidth) = (&mut self.counters, &mut self.bandwidth);
        counters.snapshots += 1;
        probe.encoding_begins();
        replication.encode(span, world, counters, bandwidth, &mut self.scratch);
        probe.encoding_ends();
        let snapshot = SnapshotTick {
            tick,
            span,
            events: world.everyone().events().len(),
            loud,
        };
        *snapshot_tick = tick;
        world.clear();
        for (_, member) in who_are(false, &mut self.members) {
            member
                .follower
                .snapshot(snapshot, member.player, replication, &mut self.counters);
        }
        self.delay_snapshot(snapshot);
    }

    fn end_match(&mut self, now: Timestamp, tick: Tick, outcome: Outcome) {
        let until = now.plus_micros(self.config.rematch_micros);
        self.end_journal(Ending::Outcome(outcome.clone()));
        self.phase = Phase::Ended(Ended {
            tick,
            outcome,
            until,
        });
        self.phase_changed = true;
        self.next_flush = now;
        self.delay_phase(now);
        for (_, member) in who_are(false, &mut self.members) {
            member.follower.stop();
        }
    }
}
