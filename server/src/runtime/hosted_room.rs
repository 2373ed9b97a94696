//! One room on its thread: the pure room, its members' outboxes, and its place in time.
//!
//! Carries outputs away and counts. Knows nothing of other rooms or of waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_server_core::counters::RoomCounters;
use syncline_server_core::replay::Playback;
use syncline_server_core::{
    AnyRoom, Astray, ClientMessage, ConnectionId, ReplayRoom, Room, RoomConfig, RoomEvent,
    RoomOutput,
};
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::error::DecodeError;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::games::HostedGame;
use crate::journal_store::{RecoveredMatch, RoomJournal};
use crate::metrics::Metrics;
use crate::net::outbox::{Outbox, Sending};
use crate::runtime::board::{Reservation, RoomBoard};
use crate::runtime::encoding_time::EncodingTime;
use crate::runtime::figures::Figures;
use crate::runtime::governor::{Governor, SeenTick};
use crate::runtime::inbox::{Home, HostedEvent, RoomInbox, RoomSpec};

/// Cuts a tick's period into parts that spread well however many are taken: the golden ratio, of
/// 2^32.
const SPREAD: u32 = 2_654_435_769;
/// The same for threads, so that the first rooms of all of them don't tick at once: the root of two.
const SPREAD_THREADS: u32 = 1_779_033_704;

/// How long one word about overruns of a room is enough, in microseconds; they are counted all the
/// same.
const OVERRUN_LOG_MICROS: u64 = 10_000_000;

/// How often the board is given a room's figures, in microseconds.
const FIGURES_MICROS: u64 = 1_000_000;

/// A room and what belongs to it on its thread.
pub(super) struct HostedRoom {
    room: Box<dyn AnyRoom>,
    spec: RoomSpec,
    board: Arc<RoomBoard>,
    inbox: RoomInbox,
    /// What was taken out of the inbox; empty between visits.
    events: Vec<HostedEvent>,
    /// When the room's time began. Its ticks are due at multiples of the period from here.
    origin: Timestamp,
    period: u64,
    phase: u32,
    outboxes: BTreeMap<ConnectionId, Outbox>,
    /// What is in the metrics already.
    counted: RoomCounters,
    /// What was sent and is not in the metrics yet.
    sent: Sent,
    /// How many samples of the streams' costs the board has.
    samples_shown: u64,
    /// When an overrun was last logged.
    overrun_told: Option<Timestamp>,
    governor: Governor,
    figures: Figures,
    /// When the board was last given the figures.
    figures_shown: Timestamp,
    journal: RoomJournal,
}

/// Messages, and their bytes.
#[derive(Default)]
struct Sent {
    messages: u64,
    bytes: u64,
}

/// Where in its period the `index`-th room of a thread ticks, of 2^32. Rooms of one rate would else
/// tick all at once whenever they were opened all at once.
pub(super) fn phase(thread: u32, index: u32) -> u32 {
    let along = SPREAD.wrapping_mul(index);
    along.wrapping_add(SPREAD_THREADS.wrapping_mul(thread))
}

/// A room of `game`, to play in, or to watch what the game shows.
fn room(config: RoomConfig, game: &HostedGame) -> Result<Box<dyn AnyRoom>, DecodeError> {
    let Some(recording) = &game.shows else {
        let room = Room::new(config, game.kind.clone(), game.config.clone())?;
        return Ok(Box::new(room));
    };
    // Whether it can be played was found out before the server listened.
    let playback = Playback::start(recording.clone(), game.kind.clone());
    let playback = playback.map_err(|_| DecodeError::Invalid)?;
    Ok(Box::new(ReplayRoom::new(
        config,
        game.kind.clone(),
        playback,
    )))
}

impl HostedRoom {
    /// Opens a room at `now`, whose ticks are due at `phase` of 2^32 of each period; with a match that
    /// was recovered, if one was.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if the game can't read its config.
    pub(super) fn open(
        spec: RoomSpec,
        board: Arc<RoomBoard>,
        inbox: RoomInbox,
        now: Timestamp,
        phase: u32,
        recovered: Option<RecoveredMatch>,
    ) -> Result<Self, DecodeError> {
        let RoomSpec {
            config,
            game,
            journals,
        } = spec.clone();
        let period = game.kind.tick_rate().period_micros();
        let offset = (period * u64::from(phase)) >> 32;
        let origin = Timestamp(now.0.saturating_sub((now.0 + period - offset) % period));
        let (room, journal) = if let Some(RecoveredMatch { restored, journal }) = recovered {
            let at = Timestamp(now.since(origin));
            let room = Room::recover(config, game.kind.clone(), restored, at)?;
            (Box::new(room) as Box<dyn AnyRoom>, journal)
        } else {
            (room(config, &game)?, journals.room())
        };
        let (outboxes, counted) = (BTreeMap::new(), RoomCounters::default());
        Ok(Self {
            room,
            spec,
            board,
            inbox,
            events: Vec::new(),
            origin,
            period,
            phase,
            outboxes,
            counted,
            sent: Sent::default(),
            samples_shown: 0,
            overrun_told: None,
            governor: Governor::new(period),
            figures: Figures::default(),
            figures_shown: now,
            journal,
        })
    }

    /// The same room before anybody came, for one that ended while somebody was on the way.
    ///
    /// # Errors
    ///
    /// As [`HostedRoom::open`].
    pub(super) fn reopen(self, now: Timestamp) -> Result<Self, DecodeError> {
        Self::open(self.spec, self.board, self.inbox, now, self.phase, None)
    }

    /// Takes in everything that waits in the inbox.
    pub(super) fn take_in(&mut self, now: Timestamp) {
        let at = self.room_time(now);
        let mut events = std::mem::take(&mut self.events);
        self.inbox.take(&mut events);
        let (mut crowd_changed, mut reservations) = (false, Vec::new());
        for event in events.drain(..) {
            crowd_changed |= self.handle(at, event, &mut reservations);
        }
        self.events = events;
        self.carry_away(at);
        if crowd_changed {
            // Whoever finds a place free again must find it taken by who came.
            self.board.publish(&self.room.status(), now, reservations);
        }
    }

    /// Takes in one thing at `at`; whether it may have changed who is here.
    fn handle(
        &mut self,
        at: Timestamp,
        event: HostedEvent,
        reservations: &mut Vec<Reservation>,
    ) -> bool {
        match event {
            HostedEvent::Input {
                connection,
                batch,
                at,
            } => {
                // As of then: it may have waited here until its tick was due.
                let at = self.room_time(at);
                let message = ClientMessage::Input(batch);
                self.room
                    .handle(at, RoomEvent::Message(connection, message));
                false
            }
            HostedEvent::Message {
                connection,
                message,
                place,
            } => {
                let leaves = matches!(message, ClientMessage::Leave);
                self.room
                    .handle(at, RoomEvent::Message(connection, message));
                drop(place);
                leaves
            }
            HostedEvent::Attach {
                connection,
                attach,
                outbox,
                reservation,
            } => {
                self.outboxes.insert(connection, outbox);
                self.room.handle(at, RoomEvent::Attach(connection, attach));
                reservations.push(reservation);
                true
            }
            HostedEvent::Visit(act, permit) => {
                if let Some(room) = self.room.played() {
                    act(at, room);
                }
                drop(permit);
                false
            }
            HostedEvent::Detach(connection) => {
                self.outboxes.remove(&connection);
                self.room.handle(at, RoomEvent::Detach(connection));
                true
            }
            HostedEvent::Playback(control, answer) => {
                self.room.control(at, control);
                if let Some(status) = self.room.playback() {
                    // Who asked may have gone.
                    let _ = answer.send(status);
                }
                true
            }
        }
    }

    /// The room will be advanced at `next`; whether it may rest until then, or has to take
    /// something in before that.
    pub(super) fn rest(&self, now: Timestamp, next: Option<Timestamp>) -> bool {
        self.inbox.rest(now, next.unwrap_or(Timestamp(u64::MAX)))
    }

    /// Takes in everything that waits, and runs what is due at `begun`, which is now. The room's
    /// thread was `busy` for so many thousandths of its time lately.
    pub(super) fn advance(&mut self, begun: Timestamp, clock: Clock, metrics: &Metrics, busy: u64) {
        self.take_in(begun);
        let late = self.lateness(begun);
        let at = self.room_time(begun);
        if self.is_kept_open(at) {
            return;
        }
        let mut encoding = EncodingTime::new(clock);
        self.room.advance_with(at, &mut encoding);
        self.carry_away(at);
        let ended = clock.now();
        self.board.publish(&self.room.status(), ended, Vec::new());
        let counters = *self.room.counters();
        if counters.ticks > self.counted.ticks {
            let took = ended.since(begun);
            metrics.observe_tick(late, took);
            self.figures.lateness.add(late);
            self.figures.ticks.add(took);
            let snapshot = counters.snapshots > self.counted.snapshots;
            if snapshot {
                metrics.observe_encoding(encoding.micros);
                self.figures.encoding.add(encoding.micros);
            }
            self.govern(SeenTick {
                ended,
                late,
                took,
                snapshot,
                busy,
            });
        } else if !self.board.is_running() {
            self.governor.rest();
            self.room.relieve(self.governor.relief());
            self.show_relief();
        }
        if counters.overruns > self.counted.overruns {
            self.tell_overrun(ended, late);
        }
        if counters.delays_cut > 0 && self.counted.delays_cut == 0 {
            let (room, delay_ms) = (self.board.id, self.board.glance().spectator_delay_ms);
            tracing::warn!(%room, delay_ms, "too much to hold back: spectators are behind by less");
        }
        metrics.count_room(&self.counted, &counters);
        self.counted = counters;
        self.show_bandwidth();
        self.show_figures(ended);
    }

    /// Lets the governor see a tick, and the room do what it says.
    fn govern(&mut self, tick: SeenTick) {
        let before = self.governor.relief().name();
        if self.governor.note(tick) {
            let relief = self.governor.relief();
            self.room.relieve(relief);
            let (room, now, slowed_by) = (self.board.id, relief.name(), relief.slowed_by);
            match (before, now) {
                ("none", _) | ("snapshots", "time") => {
                    tracing::warn!(%room, degraded = now, slowed_by, "overloaded");
                }
                ("time", "time") => {
                    tracing::debug!(%room, slowed_by, "time is slowed otherwise");
                }
                _ => tracing::info!(%room, degraded = now, "the load is less"),
            }
        }
        self.show_relief();
    }

    fn show_relief(&self) {
        let interval = self.room.snapshot_interval();
        let governor = &self.governor;
        self.board
            .publish_relief(governor.relief(), interval, governor.pace());
    }

    /// Shows what was measured and counted, once a second.
    fn show_figures(&mut self, now: Timestamp) {
        if now.since(self.figures_shown) >= FIGURES_MICROS {
            self.figures_shown = now;
            self.figures.counters = self.counted;
            (self.figures.waiting_frames, self.figures.waiting_bytes) = self.room.waiting();
            self.figures.held_back_bytes = self.room.held_back_bytes();
            self.board.publish_figures(self.figures.clone());
        }
    }

    /// Whether the room takes so much of its thread's time that it should have one of its own.
    pub(super) fn is_heavy(&self, now: Timestamp) -> bool {
        self.governor.is_heavy(now)
    }

    /// Whether the room, which has a thread of its own, takes so little time that it needs none.
    pub(super) fn is_light(&self, now: Timestamp) -> bool {
        // Between matches it keeps the thread that the next one needs.
        self.governor.is_light(now) || self.board.glance().phase == "lobby"
    }

    /// The room lives at `home` from now on. What is told to it meanwhile waits in its inbox, which
    /// goes with it: nobody rings until it rests there.
    pub(super) fn move_to(&mut self, home: Home) {
        self.inbox.move_to(home);
        self.governor.begin_anew();
    }

    /// Tells the board what the streams cost, if more is known of it than the board has.
    fn show_bandwidth(&mut self) {
        let bandwidth = self.room.bandwidth();
        if bandwidth.sampled() != self.samples_shown {
            self.samples_shown = bandwidth.sampled();
            self.board.publish_bandwidth(bandwidth.window());
        }
    }

    /// Says that the room was too late to catch up, but not again and again.
    fn tell_overrun(&mut self, now: Timestamp, late_micros: u64) {
        let quiet = |told: Timestamp| now.since(told) < OVERRUN_LOG_MICROS;
        if !self.overrun_told.is_some_and(quiet) {
            self.overrun_told = Some(now);
            let (room, late_ms) = (self.board.id, late_micros / 1000);
            tracing::warn!(%room, late_ms, "too late to catch up: dropped time");
        }
    }

    /// Whether a match would begin at `at` that is closed to somebody who was sent to it and is on the
    /// way. Else nobody is sent there any more.
    fn is_kept_open(&mut self, at: Timestamp) -> bool {
        let room = self.room.played();
        room.is_some_and(|room| room.is_about_to_close(at)) && !self.board.shut()
    }

    /// When the room must be advanced, if it has not been touched since `now`; never if nothing but
    /// an event can move it.
    ///
    /// Between matches that is where its ticks would be, so that a match begins in phase.
    pub(super) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let due = self.room.next_due();
        if due == Timestamp(u64::MAX) {
            return None;
        }
        let due = self.origin.plus_micros(due.0);
        // What the board shows is as new as the phase itself, which only changes with time.
        if self.board.is_running() {
            return Some(due);
        }
        let since = due.max(now).since(self.origin);
        Some(self.origin.plus_micros(since.next_multiple_of(self.period)))
    }

    /// How long the match's next tick is overdue at `now`, in microseconds.
    ///
    /// By the room's own time: the agenda forgets how late a room is whenever it is visited.
    fn lateness(&self, now: Timestamp) -> u64 {
        self.next_due(now).map_or(0, |due| now.since(due))
    }

    /// Whether the room is over.
    pub(super) fn is_finished(&self) -> bool {
        self.room.is_finished()
    }

    /// How many connections are attached.
    pub(super) fn member_count(&self) -> usize {
        self.outboxes.len()
    }

    /// The room's board.
    pub(super) fn board(&self) -> &Arc<RoomBoard> {
        &self.board
    }

    /// The server ends, and with it the room. Its journal stays as it is.
    pub(super) fn stop(&mut self, now: Timestamp) {
        let at = self.room_time(now);
        self.room
            .handle(at, RoomEvent::Stop(CloseReason::Restarting));
        self.carry_away(at);
    }

    /// Closes everybody here, since the room can't do it any more.
    pub(super) fn close_all(&mut self, close: &Close) {
        for outbox in std::mem::take(&mut self.outboxes).into_values() {
            outbox.close(close.clone());
        }
    }

    /// The room panicked, and said this; its journal ends so.
    pub(super) fn note_panic(&mut self, what: &str) {
        while let Some(output) = self.room.poll_output() {
            // Only what is recorded: its members hear no more of it than that it is over.
            self.journal.take(output);
        }
        self.journal.panicked(what, self.room.interrupted_tick());
    }

    fn room_time(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.since(self.origin))
    }

    /// Does what the room wants done.
    fn carry_away(&mut self, at: Timestamp) {
        while let Some(output) = self.room.poll_output() {
            match output {
                RoomOutput::Send(connection, message) => {
                    let outbox = self.outboxes.get(&connection);
                    match outbox.map_or(Sending::Gone, |outbox| outbox.send(&message)) {
                        Sending::Taken => {
                            self.sent.messages += 1;
                            self.sent.bytes += message.len() as u64;
                        }
                        Sending::Gone => {}
                        Sending::TooMuch => self.cut_off(at, connection),
                    }
                    self.room.recycle(message);
                }
                RoomOutput::Close(connection, close) => {
                    *self.figures.closes.entry(close.reason.slug()).or_default() += 1;
                    if let Some(outbox) = self.outboxes.remove(&connection) {
                        outbox.close(close);
                    }
                }
                RoomOutput::Astray(Astray {
                    connection,
                    session,
                    stream,
                    tick,
                }) => {
                    let (room, connection, stream) = (self.board.id, connection.0, stream.0);
                    tracing::warn!(%room, connection, %session, stream, %tick, "a stream went astray: it is joined anew");
                }
                recorded @ (RoomOutput::JournalBegan(_)
                | RoomOutput::Record(_)
                | RoomOutput::Checkpoint(..)) => self.journal.take(recorded),
            }
        }
    }

    /// Counts what was sent since the last call: once for all, since others count there too.
    pub(super) fn count_sent(&mut self, metrics: &Metrics) {
        let Sent { messages, bytes } = std::mem::take(&mut self.sent);
        if messages > 0 {
            metrics.sent_messages.inc_by(messages);
            metrics.sent_bytes.inc_by(bytes);
        }
    }

    /// Ends a connection that does not take its messages; its session keeps its seat for a while.
    fn cut_off(&mut self, at: Timestamp, connection: ConnectionId) {
        if let Some(outbox) = self.outboxes.remove(&connection) {
            let reason = CloseReason::TooSlow;
            *self.figures.closes.entry(reason.slug()).or_default() += 1;
            outbox.close(reason.into());
        }
        self.room.handle(at, RoomEvent::Detach(connection));
    }
}

#[cfg(test)]
mod tests;
