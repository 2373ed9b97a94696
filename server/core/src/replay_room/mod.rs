//! A room that shows a recorded match: everybody in it watches, and anybody may move what is shown.
//!
//! Answers to what a [`Room`](crate::Room) answers to, and says the same to its members, so that
//! clients need not know: there is a running match, at the game's rate, and they are spectators.
//!
//! What is shown has ticks of its own, so that a client's clock, credit and interpolation are right
//! at any speed: at four times the speed each of them is four ticks of the record, at half of it two
//! are one, and in a pause the world stands still while they go on. A jump begins another timeline
//! (an incarnation), whose first tick has the number of the recorded one.
//!
//! - `speed`: how fast it is shown
//! - `watching`: who watches, and what they are sent

mod speed;
mod watching;

use core::fmt;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use syncline_shared::close::CloseReason;
use syncline_shared::game::Outcome;
use syncline_shared::journal::Ending;
use syncline_shared::snapshot::{Frame, SnapshotWriter};
use syncline_shared::tick::{Tick, Timestamp};

use crate::bandwidth::Bandwidth;
use crate::config::RoomConfig;
use crate::counters::RoomCounters;
use crate::event::{ConnectionId, RoomEvent, RoomOutput, RoomStatus};
use crate::member::Member;
use crate::relief::{Probe, Relief};
use crate::replay::Playback;
use crate::replication::Replication;
use crate::simulation::GameKind;
use crate::waiting::SnapshotTick;

pub use speed::Speed;

/// Ticks that a late loop makes up for, as in a room.
const CATCH_UP_TICKS_MAX: u64 = 4;

/// How often a room that shows a result tells what changed, in microseconds.
const FLUSH_MICROS: u64 = 100_000;

/// A message with a larger buffer was an exception; its memory is given back.
const SPARE_BYTES_MAX: usize = 512;

/// What is to change of what is shown; `None` leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaybackControl {
    /// Whether it stands still.
    pub paused: Option<bool>,
    /// How fast it goes.
    pub speed: Option<Speed>,
    /// Where to go. Beyond the end is the end.
    pub tick: Option<Tick>,
}

/// Where what is shown stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaybackStatus {
    /// The tick of the record.
    pub tick: Tick,
    /// The last that can be shown.
    pub last: Tick,
    /// The timeline that viewers are in.
    pub incarnation: u32,
    /// Its tick of the last snapshot, which shows that of the record.
    pub shown: Tick,
    /// How fast it goes.
    pub speed: Speed,
    /// Whether it stands still.
    pub paused: bool,
    /// The first tick that was found not to be what was recorded.
    pub differs: Option<Tick>,
}

/// A room in which a recorded match is watched.
pub struct ReplayRoom {
    config: RoomConfig,
    game: Arc<dyn GameKind>,
    playback: Playback,
    paused: bool,
    /// How fast it goes until the next snapshot, and from then on: their distance may change.
    speed: Speed,
    wanted: Speed,
    incarnation: u32,
    /// The result that is shown, if the match is over.
    ended: Option<Outcome>,
    /// A tick of the timeline, and when it was due.
    base: (Tick, Timestamp),
    /// The timeline's last tick, and that of its last snapshot.
    shown: Tick,
    snapshot_tick: Tick,
    replication: Replication,
    world: SnapshotWriter,
    members: BTreeMap<ConnectionId, Member>,
    /// Whether the phase changed since it was last told, and which roster was told.
    phase_changed: bool,
    roster_told: usize,
    slowed_by: u64,
    next_flush: Timestamp,
    finished: bool,
    outputs: VecDeque<RoomOutput>,
    counters: RoomCounters,
    bandwidth: Bandwidth,
    scratch: Vec<u8>,
    spare: Vec<Vec<u8>>,
}

impl fmt::Debug for ReplayRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplayRoom").field(&self.playback()).finish()
    }
}

impl ReplayRoom {
    /// A room that shows `playback`, of `game`, from where it is on. Time stands still while nobody
    /// watches.
    pub fn new(config: RoomConfig, game: Arc<dyn GameKind>, playback: Playback) -> Self {
        let (schema, tick) = (game.schema(), playback.tick());
        Self {
            paused: false,
            speed: Speed::NORMAL,
            wanted: Speed::NORMAL,
            incarnation: 1,
            ended: None,
            base: (tick, Timestamp::ZERO),
            shown: tick,
            snapshot_tick: tick,
            replication: Replication::new(Arc::clone(schema)),
            world: SnapshotWriter::new(Arc::clone(schema)),
            members: BTreeMap::new(),
            phase_changed: false,
            roster_told: playback.roster_changes(),
            slowed_by: 0,
            next_flush: Timestamp::ZERO,
            finished: false,
            outputs: VecDeque::new(),
            counters: RoomCounters::default(),
            bandwidth: Bandwidth::new(config.bandwidth_sampling, game.tick_rate()),
            scratch: Vec::new(),
            spare: Vec::new(),
            config,
            game,
            playback,
        }
    }

    /// Takes in something that happened at `now`, as [`Room::handle`](crate::Room::handle).
    pub fn handle(&mut self, now: Timestamp, event: RoomEvent) {
        match event {
            RoomEvent::Attach(connection, _) if self.finished => {
                self.close(connection, CloseReason::RoomClosed);
            }
            _ if self.finished => {}
            RoomEvent::Attach(connection, attach) => self.attach(now, connection, &attach),
            RoomEvent::Message(connection, message) => self.message(now, connection, message),
            RoomEvent::Detach(connection) => drop(self.members.remove(&connection)),
            RoomEvent::Stop(reason) => {
                for connection in core::mem::take(&mut self.members).into_keys() {
                    self.close(connection, reason);
                }
                self.finished = true;
            }
        }
    }

    /// Does what somebody wants who watches. All who do see it.
    pub fn control(&mut self, now: Timestamp, control: PlaybackControl) {
        self.wanted = control.speed.unwrap_or(self.wanted);
        if self.wanted.over() == self.speed.over() {
            self.speed = self.wanted;
        }
        if let Some(tick) = control.tick {
            self.seek(now, tick);
        }
        if let Some(paused) = control.paused {
            // Behind the end there is nothing to go on with.
            self.paused = paused || self.ended.is_some();
        }
    }

    /// Where what is shown stands.
    pub fn playback(&self) -> PlaybackStatus {
        PlaybackStatus {
            tick: self.playback.tick(),
            last: self.playback.last(),
            incarnation: self.incarnation,
            shown: self.snapshot_tick,
            speed: self.wanted,
            paused: self.paused,
            differs: self.playback.differs(),
        }
    }

    /// Goes to a tick of the record, which begins another timeline.
    fn seek(&mut self, now: Timestamp, tick: Tick) {
        self.playback.seek(tick);
        self.incarnation = self.incarnation.wrapping_add(1);
        self.ended = None;
        self.speed = self.wanted;
        self.shown = self.playback.tick();
        self.snapshot_tick = self.shown;
        self.base = (self.shown, now);
        self.replication = Replication::new(Arc::clone(self.game.schema()));
        self.world.clear();
        self.phase_changed = true;
        let rate = self.game.tick_rate();
        for member in self.members.values_mut() {
            member.start(rate, self.shown, &mut self.counters);
        }
        self.flush(now);
    }

    /// Runs what is due at `now`, as [`Room::advance_with`](crate::Room::advance_with).
    pub fn advance_with(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        if self.finished || self.members.is_empty() {
            return;
        }
        if self.ended.is_none() {
            self.run_due_tick(now, probe);
        } else if now >= self.next_flush {
            self.next_flush = now.plus_micros(FLUSH_MICROS);
            self.flush(now);
        }
    }

    /// The same, for someone who doesn't want to know how long its parts take.
    pub fn advance(&mut self, now: Timestamp) {
        self.advance_with(now, &mut ());
    }

    /// When [`ReplayRoom::advance`] must be called at the latest.
    pub fn next_due(&self) -> Timestamp {
        if self.finished || self.members.is_empty() {
            Timestamp(u64::MAX)
        } else if self.ended.is_none() {
            self.tick_due(self.shown.next())
        } else if self.has_updates() {
            self.next_flush
        } else {
            Timestamp(u64::MAX)
        }
    }

    fn tick_due(&self, tick: Tick) -> Timestamp {
        let (rate, (base, due)) = (self.game.tick_rate(), self.base);
        due.plus_micros(rate.due(tick).since(rate.due(base)))
    }

    /// The time of the timeline at `now`: when its tick 0 was due is 0.
    fn timeline_micros(&self, now: Timestamp) -> u64 {
        let (base, due) = self.base;
        self.game.tick_rate().due(base).0 + now.since(due)
    }

    fn run_due_tick(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        let due = self.tick_due(self.shown.next());
        if due > now {
            return;
        }
        let (late, period) = (now.since(due), self.game.tick_rate().period_micros());
        if late >= period * CATCH_UP_TICKS_MAX {
            self.counters.overruns += 1;
            self.base.1 = self.base.1.plus_micros(late);
        }
        self.shown = self.shown.next();
        self.counters.ticks += 1;
        if self.shown.since(self.snapshot_tick) >= self.speed.over() {
            self.show(now, probe);
        }
        self.flush(now);
        if self.slowed_by > 0 {
            self.counters.slowed_ticks += 1;
            self.base.1 = self.base.1.plus_micros(self.slowed_by);
        }
    }

    /// The next snapshot: so many ticks further, or the same again.
    fn show(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        for _ in 0..self.speed.ticks() {
            if self.paused || !self.playback.step(&mut self.world) {
                break;
            }
        }
        self.take_snapshot(probe);
        if !self.paused && self.playback.tick() >= self.playback.last() {
            self.paused = true;
            self.end(now);
        }
    }

    fn take_snapshot(&mut self, probe: &mut dyn Probe) {
        self.playback.game().replicate(&mut self.world);
        let span = self.shown.since(self.snapshot_tick);
        // Members count silent ticks by the distance of snapshots: where it changes, all get a frame.
        let loud = self.wanted.over() != self.speed.over();
        self.speed = self.wanted;
        self.snapshot_tick = self.shown;
        let (counters, bandwidth) = (&mut self.counters, &mut self.bandwidth);
        counters.snapshots += 1;
        probe.encoding_begins();
        let replication = &mut self.replication;
        replication.encode(span, &self.world, counters, bandwidth, &mut self.scratch);
        probe.encoding_ends();
        let snapshot = SnapshotTick {
            tick: self.shown,
            span,
            events: self.world.everyone().events().len(),
            loud,
        };
        self.world.clear();
        for member in self.members.values_mut() {
            let follower = &mut member.follower;
            follower.snapshot(snapshot, None, replication, counters);
        }
    }

    /// The last tick was shown: if the match has a result, that is next.
    fn end(&mut self, now: Timestamp) {
        let ending = self.playback.recording().ending();
        let Some(Ending::Outcome(outcome)) = ending else {
            return;
        };
        let outcome = outcome.clone();
        self.flush(now);
        self.ended = Some(outcome);
        self.phase_changed = true;
        self.next_flush = now;
        for member in self.members.values_mut() {
            member.follower.stop();
        }
    }

    /// From now on, or very soon, the room gives up just this: time, if anything.
    pub fn relieve(&mut self, relief: Relief) {
        self.slowed_by = relief.slowed_by;
    }

    /// Takes back the buffer of a message that was sent, for the next one.
    pub fn recycle(&mut self, mut message: Vec<u8>) {
        if message.capacity() <= SPARE_BYTES_MAX && self.spare.len() < self.members.len() {
            message.clear();
            self.spare.push(message);
        }
    }

    /// The next thing that the shell must do.
    pub fn poll_output(&mut self) -> Option<RoomOutput> {
        self.outputs.pop_front()
    }

    /// The room at a glance. Without anybody who watches it is as good as before its match.
    pub fn status(&self) -> RoomStatus {
        let short = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let players = self.playback.roster().filter(|one| one.player.is_some());
        RoomStatus {
            id: self.config.id,
            code: self.config.code,
            game: self.game.name(),
            phase: match &self.ended {
                _ if self.members.is_empty() => "lobby",
                None => "running",
                Some(_) => "ended",
            },
            tick: self.shown,
            players: short(players.count()),
            players_max: self.config.players_max,
            spectators: short(self.members.len()),
            connected: short(self.members.len()),
            private: false,
            open: false,
            roster_changes: 0,
            said: 0,
            second: 0,
            spectator_delay_micros: 0,
        }
    }

    /// What was counted so far.
    pub fn counters(&self) -> &RoomCounters {
        &self.counters
    }

    /// What its stream costs of late.
    pub fn bandwidth(&self) -> &Bandwidth {
        &self.bandwidth
    }

    /// Whether the room was stopped.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Ticks from one snapshot to the next.
    pub fn snapshot_interval(&self) -> u32 {
        self.speed.over()
    }

    /// Frames that wait for the credit of viewers, and about how many bytes.
    pub fn waiting(&self) -> (usize, usize) {
        let followers = self.members.values().map(|member| &member.follower);
        followers.fold((0, 0), |(frames, bytes), follower| {
            (
                frames + follower.waiting_frames(),
                bytes + follower.waiting_bytes(),
            )
        })
    }

    /// The tick and the frame of the stream, to compare with clients'.
    pub fn common_frame(&self) -> (Tick, &Frame) {
        (self.snapshot_tick, self.replication.common().frame())
    }
}
