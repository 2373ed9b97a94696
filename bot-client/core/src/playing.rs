//! The time between a Welcome and the end of its connection.
//!
//! Takes in the server's sections, keeps the followed streams and the clock up to date, and says
//! what is due to be sent. Doesn't know how it came to be connected, nor what comes after.
//!
//! - `view`: what a client may be asked about the room

mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;
use syncline_shared::error::DecodeError;
use syncline_shared::id::StreamSlot;
use syncline_shared::input::{InputBatch, InputStatus, InputWords};
use syncline_shared::message::control::{ClientControl, RoomUpdate, ServerControl, Welcome};
use syncline_shared::message::frame::{FrameSection, OwnPart};
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::predict::Predict;
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::clock_sync::ClockSync;
use crate::commands::Commands;
use crate::controls;
use crate::event::{ClientEvent, FrameReport, Joined, Output};
use crate::follower::Decoding;
use crate::input_pace::InputPace;
use crate::input_stamper::InputStamper;
use crate::interpolation::Interpolation;
use crate::prediction::{Comparison, Prediction};
use crate::room_view::{PhaseChange, RoomView};
use crate::since_frame::SinceFrame;
use crate::snapshot_buffer::SnapshotBuffer;
use crate::streams::{Astray, FrameOutcome, Streams};
use crate::traffic::Traffic;

/// A client in a room.
#[derive(Debug)]
pub struct Playing<P: Predict> {
    joined: Joined,
    rate: TickRate,
    slots: Vec<StreamSlot>,
    room: RoomView,
    streams: Streams,
    clock: ClockSync,
    inputs: InputStamper,
    interpolation: Interpolation,
    snapshots: SnapshotBuffer,
    prediction: Prediction<P>,
    since_frame: SinceFrame,
    traffic: Traffic,
    commands: Commands,
    /// Input frames sent.
    frames_sent: u64,
    /// The last line of chat that was told of.
    heard: u64,
    /// Scratch: the batch to send.
    batch: InputBatch,
}

impl<P: Predict> Playing<P> {
    /// What a Welcome begins. `stamped` is the last input of an earlier connection of the session:
    /// its timeline and tick.
    pub(crate) fn new(
        now: Timestamp,
        welcome: Welcome,
        schema: Arc<Schema>,
        resumed: bool,
        stamped: Option<(u32, Tick)>,
        snapshots_kept: usize,
        pace: InputPace,
    ) -> Self {
        let rate = welcome.tick_rate;
        let controls = controls::neutral(&schema);
        let mut playing = Self {
            joined: Joined {
                session: welcome.session,
                resumed,
                room: welcome.room,
                code: welcome.code,
                player: welcome.player,
                snapshot_interval: welcome.snapshot_interval,
            },
            rate,
            streams: Streams::new(schema, rate, welcome.room, 0, &welcome.streams),
            slots: welcome.streams,
            room: RoomView::new(),
            clock: ClockSync::new(now),
            inputs: InputStamper::new(rate, pace, controls),
            interpolation: Interpolation::new(rate, u32::from(welcome.snapshot_interval)),
            snapshots: SnapshotBuffer::new(snapshots_kept),
            prediction: Prediction::default(),
            since_frame: SinceFrame::default(),
            traffic: Traffic::new(now),
            commands: Commands::default(),
            frames_sent: 0,
            heard: 0,
            batch: InputBatch::default(),
        };
        playing.update(now, welcome.state, &mut VecDeque::new());
        if let Some((incarnation, tick)) = stamped
            && incarnation == playing.room.incarnation()
        {
            playing.inputs.restart(Some(tick));
        }
        playing
    }

    /// A section of a message came.
    pub(crate) fn section(
        &mut self,
        now: Timestamp,
        kind: SectionKind,
        body: &[u8],
        decoding: &mut dyn Decoding,
        outputs: &mut VecDeque<Output>,
    ) -> Result<(), DecodeError> {
        match kind {
            SectionKind::Control => self.control(now, ServerControl::decode(body)?, outputs),
            SectionKind::Frame => {
                let frame = FrameSection::decode(body)?;
                self.frame_section(now, &frame, section_bytes(body), decoding, outputs)
            }
            SectionKind::Input | SectionKind::Command => Err(DecodeError::Invalid),
        }
    }

    /// All sections of a message were taken in. Sends again what was lost with the connection before,
    /// and asks for the streams that went astray in it, unless a later frame in it brought them anew.
    pub(crate) fn message_ended(&mut self, now: Timestamp, outputs: &mut VecDeque<Output>) {
        self.traffic.receive(now);
        outputs.extend(self.commands.again().into_iter().map(Output::Send));
        let incarnation = self.room.incarnation();
        for astray in self.streams.take_astray() {
            let Astray { stream, tick, .. } = astray;
            let resync = ClientControl::Resync {
                incarnation,
                stream,
                tick,
            };
            let mut message = Vec::new();
            write_section(SectionKind::Control, &resync.encode(), &mut message);
            outputs.push_back(Output::Send(message));
            outputs.push_back(Output::Event(ClientEvent::Astray(astray)));
        }
    }

    fn control(
        &mut self,
        now: Timestamp,
        control: ServerControl,
        outputs: &mut VecDeque<Output>,
    ) -> Result<(), DecodeError> {
        match control {
            ServerControl::Welcome(_) => return Err(DecodeError::OutOfOrder),
            ServerControl::Room(update) => self.update(now, update, outputs),
            ServerControl::CommandReply { sequence, outcome } => {
                if self.commands.answered(sequence) {
                    outputs.push_back(Output::Event(ClientEvent::CommandReply {
                        sequence,
                        outcome,
                    }));
                }
            }
            ServerControl::Chat(lines) => {
                for line in lines {
                    // After a resume the server tells again what was told before.
                    if line.id > self.heard {
                        self.heard = line.id;
                        outputs.push_back(Output::Event(ClientEvent::Chat(line)));
                    }
                }
            }
            ServerControl::ChatRefused(refusal) => {
                outputs.push_back(Output::Event(ClientEvent::ChatRefused(refusal)));
            }
            ServerControl::RoomRefused(refusal) => {
                outputs.push_back(Output::Event(ClientEvent::RoomRefused(refusal)));
            }
            ServerControl::Pong {
                nonce,
                match_micros,
            } => {
                self.clock.pong(now, nonce, match_micros);
                self.inputs.clock_moved(now, &self.clock);
                if let Some(round_trip) = self.clock.round_trip() {
                    self.inputs
                        .lead_mut()
                        .measured(round_trip, self.clock.jitter());
                }
            }
        }
        Ok(())
    }

    fn update(&mut self, now: Timestamp, update: RoomUpdate, outputs: &mut VecDeque<Output>) {
        if let Some(phase) = update.phase {
            let change = self.room.enter(&phase);
            if change == PhaseChange::Timeline {
                self.begin(now);
            }
            if change != PhaseChange::None {
                outputs.push_back(Output::Event(ClientEvent::PhaseChanged(phase)));
            }
        }
        if self
            .room
            .update_roster(update.whole, update.roster, &update.left)
        {
            outputs.push_back(Output::Event(ClientEvent::RosterChanged));
        }
    }

    /// A timeline begins: what belonged to another one is dropped.
    fn begin(&mut self, now: Timestamp) {
        self.streams.restart(self.room.incarnation(), &self.slots);
        self.clock.restart(now);
        self.inputs.restart(None);
        self.interpolation.restart();
        self.snapshots.clear();
        self.prediction = Prediction::default();
        self.since_frame = SinceFrame::default();
    }

    fn frame_section(
        &mut self,
        now: Timestamp,
        section: &FrameSection<'_>,
        bytes: usize,
        decoding: &mut dyn Decoding,
        outputs: &mut VecDeque<Output>,
    ) -> Result<(), DecodeError> {
        let outcome = self.streams.apply(section, decoding)?;
        if outcome.snapshots > 0 {
            self.interpolation.arrived(now, section.tick, section.span);
        }
        let mut report = FrameReport {
            tick: section.tick,
            bytes,
            snapshots: outcome.snapshots,
            joined: outcome.joined,
            whole: outcome.whole,
            mismatches: outcome.mismatches,
            age: self
                .clock
                .match_time(now)
                .map(|time| time.since(self.rate.due(section.tick))),
            statuses: [0; 4],
            input_ages: SmallVec::new(),
            prediction: Comparison::Unpredicted,
        };
        if self.joined.player.is_some() && self.is_running() {
            self.own_part(now, section.tick, &section.own, outcome.joined, &mut report);
        }
        for (_, events) in &outcome.events {
            self.since_frame.add_events(events);
        }
        if outcome.whole {
            report.prediction = self.compare(section.tick);
            if self.snapshots.keeps()
                && let Some(frame) = self.streams.snapshot(StreamSlot::COMMON)
            {
                self.snapshots.push(section.tick, frame);
            }
        }
        outputs.push_back(Output::Event(ClientEvent::Frame(report)));
        Self::tell_events(section.tick, outcome, outputs);
        Ok(())
    }

    fn tell_events(tick: Tick, outcome: FrameOutcome, outputs: &mut VecDeque<Output>) {
        for (stream, events) in outcome.events {
            outputs.push_back(Output::Event(ClientEvent::GameEvents {
                tick,
                stream,
                events,
            }));
        }
    }

    /// Takes in what became of the player's inputs.
    fn own_part(
        &mut self,
        now: Timestamp,
        tick: Tick,
        own: &OwnPart,
        rejoined: bool,
        report: &mut FrameReport,
    ) {
        if let Some(margin_ms) = own.margin_ms {
            let round_trip = self.clock.round_trip().unwrap_or(0);
            self.inputs.lead_mut().told(now, margin_ms, round_trip);
        }
        for (tick, status) in self.since_frame.add_own(tick, own, rejoined) {
            report.statuses[usize::from(status.code())] += 1;
            if status == InputStatus::Applied
                && let Some(stamped) = self.inputs.history().get(tick)
                && !stamped.heartbeat
            {
                report.input_ages.push(now.since(stamped.at));
            }
        }
    }

    /// A tick is whole: the prediction meets the server's word.
    fn compare(&mut self, tick: Tick) -> Comparison {
        let player = self.joined.player.filter(|_| self.is_running());
        let compared = player.map_or(Comparison::Unpredicted, |player| {
            let sight = self.streams.sight(player);
            let (statuses, events) = (self.since_frame.statuses(), self.since_frame.events());
            let inputs = self.inputs.history();
            self.prediction.frame(tick, sight, statuses, inputs, events)
        });
        self.since_frame.begin();
        self.inputs.history_mut().forget_until(tick);
        compared
    }

    /// When [`Playing::advance`] has something to do.
    pub(crate) fn next_due(&self) -> Timestamp {
        let mut due = self.clock.next_ping().min(self.silent_at());
        if let Some(at) = self.traffic.acknowledgement_due() {
            due = due.min(at);
        }
        if self.sends_inputs()
            && let Some(at) = self.inputs.next_due(&self.clock)
        {
            due = due.min(at);
        }
        due
    }

    /// When the server has been silent for too long.
    pub(crate) fn silent_at(&self) -> Timestamp {
        self.traffic.silent_at()
    }

    fn sends_inputs(&self) -> bool {
        self.joined.player.is_some() && self.is_running()
    }

    /// The message that is due now, if any: a ping, inputs, an acknowledgement.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        if let Some(nonce) = self.clock.poll_ping(now) {
            let ping = ClientControl::Ping { nonce }.encode();
            write_section(SectionKind::Control, &ping, &mut message);
        }
        self.batch.frames.clear();
        if self.sends_inputs() {
            let view = self.interpolation.view(now).unwrap_or_default();
            self.inputs
                .stamp(now, &self.clock, view, &mut self.batch.frames);
        }
        // What is owed goes along with anything.
        let owed = self
            .traffic
            .acknowledgement_due()
            .is_some_and(|due| due <= now || !message.is_empty());
        if owed || !self.batch.frames.is_empty() {
            self.frames_sent += self.batch.frames.len() as u64;
            self.batch.incarnation = self.room.incarnation();
            self.batch.received = self.traffic.acknowledge();
            self.batch.held = self.inputs.holds() && !self.batch.frames.is_empty();
            let mut body = Vec::new();
            self.batch.encode(self.streams.schema().input(), &mut body);
            write_section(SectionKind::Input, &body, &mut message);
        }
        (!message.is_empty()).then_some(message)
    }

    /// The number and the message of a command; `None` while too many wait.
    pub(crate) fn command(&mut self, payload: Vec<u8>) -> Option<(u32, Vec<u8>)> {
        self.commands.ask(self.room.incarnation(), payload)
    }

    /// Goes on with the commands of the session, on its connection of this number; the numbers of
    /// those that are lost.
    pub(crate) fn resume_commands(&mut self, attach: u32, commands: Commands) -> Vec<u32> {
        self.commands = commands;
        self.commands.begin(attach, self.room.incarnation())
    }

    /// The commands of the session, for its next connection.
    pub(crate) fn take_commands(&mut self) -> Commands {
        core::mem::take(&mut self.commands)
    }

    pub(crate) fn set_input(&mut self, words: InputWords) {
        self.inputs.set_controls(words);
    }

    /// The last line of chat that was told of.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// Lines of chat up to this one are known.
    pub(crate) fn hear_after(&mut self, line: u64) {
        self.heard = line;
    }

    /// The last input that was stamped: its timeline and tick.
    pub(crate) fn stamped(&self) -> Option<(u32, Tick)> {
        self.inputs
            .last()
            .map(|tick| (self.room.incarnation(), tick))
    }
}

/// How many bytes a section with this body takes in its message: a kind, a varint and the body.
fn section_bytes(body: &[u8]) -> usize {
    let varint = match body.len() {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        _ => 3,
    };
    1 + varint + body.len()
}
