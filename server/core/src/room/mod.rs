//! A room: the members who share a match, and the match. It outlives a match for the next one.
//!
//! Everything enters through [`Room::handle`] and [`Room::advance`] and leaves through
//! [`Room::poll_output`]. Knows no sockets, threads or clocks.
//!
//! - `joining`: who comes and goes
//! - `recovery`: a room again, from the journal of its match
//! - `running`: the phases, and one tick of a match
//! - `chatting`: what is said
//! - `lobby`: who is ready, the host, the countdown
//! - `flush`: what is sent, once a tick
//! - `kicking`: who is removed, and kept out
//! - `delayed`: what those who watch are told later
//! - `overview`: what it looks like from outside
//! - `recording`: what its journal is told

mod chatting;
mod delayed;
mod flush;
mod joining;
mod kicking;
mod lobby;
mod overview;
mod recording;
mod recovery;
mod running;

pub use overview::Overview;

use core::fmt;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::command::{CommandMessage, CommandOutcome, CommandRefusal};
use syncline_shared::error::DecodeError;
use syncline_shared::game::{Origin, Seats};
use syncline_shared::id::{PlayerId, SessionId, StreamSlot};
use syncline_shared::input::InputBatch;
use syncline_shared::journal::MatchHeader;
use syncline_shared::limits::COMMANDS_WAITING_MAX;
use syncline_shared::message::control::{PhaseInfo, ServerControl};
use syncline_shared::snapshot::Frame;
use syncline_shared::tick::{Tick, Timestamp};

use crate::answered::{Answered, COMMANDS_MAX};
use crate::bandwidth::Bandwidth;
use crate::chat::Chat;
use crate::config::{RoomConfig, SPECTATOR_DELAY_MICROS_MAX};
use crate::counters::RoomCounters;
use crate::delay::Delay;
use crate::event::{Astray, ClientMessage, ConnectionId, RoomEvent, RoomOutput, RoomStatus};
use crate::kicked::Kicked;
use crate::member::Member;
use crate::phase::Phase;
use crate::relief::{Probe, Relief};
use crate::sessions::Sessions;
use crate::simulation::GameKind;

/// How often a room without a running match tells what changed, in microseconds.
const FLUSH_MICROS: u64 = 100_000;

/// A message with a larger buffer was an exception, such as a join; its memory is given back.
const SPARE_BYTES_MAX: usize = 512;

/// A room of one game.
pub struct Room {
    config: RoomConfig,
    game: Arc<dyn GameKind>,
    game_config: Vec<u8>,
    seats: Seats,
    teams: u8,
    phase: Phase,
    /// Whether the phase changed since it was last told.
    phase_changed: bool,
    /// Counts matches: the name of the timeline that clients are in.
    incarnation: u32,
    sessions: Sessions,
    members: BTreeMap<ConnectionId, Member>,
    /// Players whose connection was lost since the last tick: they let go of everything.
    released: BTreeSet<PlayerId>,
    /// Whether a journal is open that takes what happens.
    recording: bool,
    /// What that journal says its match starts from, until it does.
    next_match: Option<MatchHeader>,
    /// When the match begins, once its countdown has begun.
    starts_at: Option<Timestamp>,
    /// Who wants another match.
    rematch_votes: BTreeSet<SessionId>,
    chat: Chat,
    /// What became of commands.
    answered: Answered,
    kicked: Kicked,
    next_flush: Timestamp,
    relief: Relief,
    /// What those who watch are told later; without it they are told at once.
    delay: Option<Box<Delay>>,
    /// Since when no session is left.
    empty_since: Option<Timestamp>,
    finished: bool,
    outputs: VecDeque<RoomOutput>,
    counters: RoomCounters,
    bandwidth: Bandwidth,
    scratch: Vec<u8>,
    /// Buffers for messages, at most one a member.
    spare: Vec<Vec<u8>>,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.status()).finish()
    }
}

impl Room {
    /// A room of `game`, with an encoded config of it.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if `game_config` is not a config of `game`.
    pub fn new(
        mut config: RoomConfig,
        game: Arc<dyn GameKind>,
        game_config: Vec<u8>,
    ) -> Result<Self, DecodeError> {
        let seats = game.seats(&game_config)?;
        let teams = game.teams(&game_config)?;
        let hz = u32::from(game.tick_rate().as_hz());
        // A snapshot a second at the least, and a seat for everybody whom a match needs.
        config.snapshot_interval = config.snapshot_interval.clamp(1, hz);
        config.players_max = config.players_max.max(seats.min);
        let bandwidth = Bandwidth::new(config.bandwidth_sampling, game.tick_rate());
        let held_back = config
            .spectator_delay_micros
            .min(SPECTATOR_DELAY_MICROS_MAX);
        let missing = seats.min.max(1);
        let lobby = PhaseInfo::Lobby {
            missing,
            unready: config.countdown_micros.and(Some(0)),
            starts_ms: None,
        };
        let begin = || Box::new(Delay::new(held_back, lobby));
        let sessions = Sessions::new(config.countdown_micros.is_some());
        Ok(Self {
            delay: (held_back > 0).then(begin),
            config,
            game,
            game_config,
            seats,
            teams,
            phase: Phase::Lobby,
            phase_changed: false,
            incarnation: 0,
            sessions,
            members: BTreeMap::new(),
            released: BTreeSet::new(),
            recording: false,
            next_match: None,
            starts_at: None,
            rematch_votes: BTreeSet::new(),
            chat: Chat::new(0),
            answered: Answered::default(),
            kicked: Kicked::default(),
            next_flush: Timestamp::ZERO,
            relief: Relief::NONE,
            empty_since: Some(Timestamp::ZERO),
            finished: false,
            outputs: VecDeque::new(),
            counters: RoomCounters::default(),
            bandwidth,
            scratch: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// Takes in something that happened at `now`, counted from the room's beginning. It may have
    /// happened a little before the last [`Room::advance`], or before what was told last: the shell
    /// may let inputs lie until a tick is due.
    pub fn handle(&mut self, now: Timestamp, event: RoomEvent) {
        if self.finished {
            if let RoomEvent::Attach(connection, _) = event {
                self.outputs.push_back(RoomOutput::Close(
                    connection,
                    CloseReason::RoomClosed.into(),
                ));
            }
            return;
        }
        match event {
            RoomEvent::Attach(connection, attach) => self.attach(now, connection, &attach),
            RoomEvent::Message(connection, message) => self.message(now, connection, message),
            RoomEvent::Detach(connection) => self.detach(now, connection),
            RoomEvent::Stop(reason) => self.stop(reason),
        }
    }

    /// Runs what is due at `now`, which never goes back: a tick, flushes, timers. If more ticks are
    /// due, so is the room: others may have their turn in between.
    pub fn advance(&mut self, now: Timestamp) {
        self.advance_with(now, &mut ());
    }

    /// The same, for someone who wants to know how long its parts take.
    pub fn advance_with(&mut self, now: Timestamp, probe: &mut dyn Probe) {
        if self.finished {
            return;
        }
        while let Some(session) = self.sessions.expired(now) {
            self.expire(session);
        }
        self.advance_phase(now, probe);
        if now >= self.next_flush && !self.phase.is_ticking() {
            self.next_flush = now.plus_micros(FLUSH_MICROS);
            self.flush(now);
        }
        self.advance_delayed(now);
        if self.sessions.is_empty() {
            let since = *self.empty_since.get_or_insert(now);
            if now.since(since) >= self.config.empty_micros {
                self.record_close(None);
                self.finished = true;
            }
        }
    }

    /// When [`Room::advance`] must be called at the latest.
    pub fn next_due(&self) -> Timestamp {
        if self.finished {
            return Timestamp(u64::MAX);
        }
        let empty = match self.empty_since {
            Some(since) => Some(since.plus_micros(self.config.empty_micros)),
            None => self.sessions.is_empty().then_some(Timestamp::ZERO),
        };
        let flush = (!self.phase.is_ticking() && self.has_updates()).then_some(self.next_flush);
        let dues = [
            self.phase_due(),
            self.sessions.next_expiry(),
            empty,
            flush,
            self.delayed_due(),
        ];
        dues.into_iter()
            .flatten()
            .min()
            .unwrap_or(Timestamp(u64::MAX))
    }

    /// From now on, or from a tick very soon, the room gives up just this.
    pub fn relieve(&mut self, relief: Relief) {
        self.relief = relief;
    }

    /// Takes back the buffer of a message that was sent, for the next one.
    pub fn recycle(&mut self, mut message: Vec<u8>) {
        if message.capacity() <= SPARE_BYTES_MAX && self.spare.len() < self.members.len() {
            message.clear();
            self.spare.push(message);
        }
    }

    /// The next thing that the shell must do; call it until `None` after [`Room::handle`] and
    /// [`Room::advance`].
    pub fn poll_output(&mut self) -> Option<RoomOutput> {
        self.outputs.pop_front()
    }

    /// The room at a glance.
    pub fn status(&self) -> RoomStatus {
        let short = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        RoomStatus {
            id: self.config.id,
            code: self.config.code,
            game: self.game.name(),
            phase: self.phase.name(),
            tick: self.phase.tick(),
            players: short(self.sessions.player_count()),
            players_max: self.players_max(),
            spectators: short(self.sessions.spectator_count()),
            spectator_delay_micros: self.delay.as_ref().map_or(0, |delay| delay.lag()),
            connected: short(self.members.len()),
            private: self.config.private,
            open: !self.finished && self.seat_for_newcomer().is_ok(),
            roster_changes: self.sessions.changes_ever(),
            said: self.chat.log.last(),
            second: self.phase.tick().0 / u32::from(self.game.tick_rate().as_hz()),
        }
    }

    /// What was counted so far.
    pub fn counters(&self) -> &RoomCounters {
        &self.counters
    }

    /// What its streams cost of late, of this match and of those before.
    pub fn bandwidth(&self) -> &Bandwidth {
        &self.bandwidth
    }

    /// Whether the room has ended, empty for long enough or stopped, and can be dropped.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The room's game.
    pub fn game(&self) -> &Arc<dyn GameKind> {
        &self.game
    }

    /// The timeline that the room is in, or was in last.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The tick of the running match and the frame of its common stream, to compare with clients'.
    pub fn common_frame(&self) -> Option<(Tick, &Frame)> {
        let running = self.phase.running()?;
        Some((running.snapshot_tick, running.replication.common().frame()))
    }

    /// The frame of a player's own stream, likewise.
    pub fn own_frame(&self, player: PlayerId) -> Option<&Frame> {
        Some(self.phase.running()?.replication.own(player)?.frame())
    }

    /// Ticks from one snapshot of the running match to the next.
    pub fn snapshot_interval(&self) -> u32 {
        let running = self.phase.running();
        running.map_or(self.config.snapshot_interval, |running| {
            running.snapshot_interval
        })
    }

    /// Frames that wait for the credit of members, and about how many bytes, over all members.
    pub fn waiting(&self) -> (usize, usize) {
        let each = |member: &Member| {
            let follower = &member.follower;
            (follower.waiting_frames(), follower.waiting_bytes())
        };
        let sum = |(frames, bytes), (more, more_bytes)| (frames + more, bytes + more_bytes);
        self.members.values().map(each).fold((0, 0), sum)
    }

    /// A hash of the running match's whole state, to compare two runs.
    pub fn state_hash(&self) -> Option<u64> {
        Some(self.phase.running()?.game.state_hash())
    }

    fn players_max(&self) -> u16 {
        self.config.players_max.min(self.seats.max)
    }

    fn is_running(&self) -> bool {
        self.phase.running().is_some()
    }

    fn close(&mut self, connection: ConnectionId, close: impl Into<Close>) {
        self.outputs
            .push_back(RoomOutput::Close(connection, close.into()));
    }

    fn message(&mut self, now: Timestamp, connection: ConnectionId, message: ClientMessage) {
        match message {
            ClientMessage::Ping { nonce } => self.pong(now, connection, nonce),
            ClientMessage::Rematch => self.vote(connection),
            ClientMessage::Leave => self.leave(connection),
            ClientMessage::Input(batch) => self.input(now, connection, batch),
            ClientMessage::Command(command) => self.command(now, connection, &command),
            ClientMessage::Resync {
                incarnation,
                stream,
                tick,
            } => self.resync(now, connection, incarnation, stream, tick),
            ClientMessage::Chat { to, text } => self.chat(now, connection, to, text.as_deref()),
            ClientMessage::Room(request) => self.request(now, connection, &request),
        }
    }

    /// A vote counts after a match, and for players.
    fn vote(&mut self, connection: ConnectionId) {
        let member = self.members.get(&connection);
        if let Some(member) = member.filter(|member| member.player.is_some())
            && matches!(self.phase, Phase::Ended(_))
        {
            self.rematch_votes.insert(member.session);
        }
    }

    fn input(&mut self, now: Timestamp, connection: ConnectionId, batch: InputBatch) {
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        member.follower.credit.acknowledge(now, batch.received);
        let running = self.phase.running();
        let Some(running) = running.filter(|_| batch.incarnation == self.incarnation) else {
            self.counters.inputs_of_other_incarnation += u64::from(!batch.frames.is_empty());
            return;
        };
        if member.player.is_some() {
            let at = Timestamp(running.time(now));
            for frame in batch.frames {
                let verdict = member.inputs.push(at, frame, batch.held);
                self.counters.inputs[verdict.index()] += 1;
            }
        }
    }

    /// A member asks for a stream anew; again and again is too much.
    fn resync(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        incarnation: u32,
        stream: StreamSlot,
        tick: Tick,
    ) {
        let seen = self.incarnation_seen(connection);
        let Some(member) = self.members.get_mut(&connection) else {
            return;
        };
        let astray = Astray {
            connection,
            session: member.session,
            stream,
            tick,
        };
        match member.resync(now, seen == Some(incarnation), astray, &mut self.counters) {
            Ok(None) => {}
            Ok(Some(astray)) => self.outputs.push_back(RoomOutput::Astray(astray)),
            Err(reason) => {
                self.detach(now, connection);
                self.close(connection, reason);
            }
        }
    }

    fn command(&mut self, now: Timestamp, connection: ConnectionId, command: &CommandMessage) {
        let Some(session) = self.members.get(&connection).map(|member| member.session) else {
            return;
        };
        let repeated = self.answered_before(session, command).cloned();
        let outcome = repeated.unwrap_or_else(|| {
            let outcome = match self.apply_command(connection, command) {
                Ok(tick) => {
                    self.counters.commands_applied += 1;
                    CommandOutcome::Applied(tick)
                }
                Err(refusal) => {
                    self.counters.commands_refused += 1;
                    CommandOutcome::Refused(refusal)
                }
            };
            self.answered.remember(session, command, &outcome);
            outcome
        });
        let reply = ServerControl::CommandReply {
            sequence: command.sequence,
            outcome,
        };
        self.tell(now, connection, &reply);
    }

    /// What became of a command that a client sends again, since its connection was lost before the
    /// answer came.
    fn answered_before(
        &self,
        session: SessionId,
        command: &CommandMessage,
    ) -> Option<&CommandOutcome> {
        let attach = self.sessions.get(session)?.attaches;
        if command.is_first_sent_on(attach) {
            return None;
        }
        self.answered.find(session, command)
    }

    fn apply_command(
        &mut self,
        connection: ConnectionId,
        command: &CommandMessage,
    ) -> Result<Tick, CommandRefusal> {
        if self.incarnation_seen(connection) != Some(command.incarnation) {
            return Err(CommandRefusal::NotRunning);
        }
        let member = self
            .members
            .get_mut(&connection)
            .ok_or(CommandRefusal::NotAPlayer)?;
        let player = member.player.ok_or(CommandRefusal::NotAPlayer)?;
        let attach = self.sessions.get(member.session).map(|one| one.attaches);
        let is_new = attach.is_some_and(|attach| command.is_first_sent_on(attach));
        if !is_new && member.commands_again < COMMANDS_MAX {
            // They come all at once, for they waited for a connection.
            member.commands_again += 1;
        } else if member.commands < COMMANDS_WAITING_MAX {
            member.commands += 1;
        } else {
            return Err(CommandRefusal::TooMany);
        }
        let running = self.phase.running_mut().ok_or(CommandRefusal::NotRunning)?;
        running
            .game
            .command(Origin::Player(player), &command.payload)
    }
}
