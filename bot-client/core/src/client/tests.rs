//! A client against a server that says what a test tells it to.
//!
//! - `connecting`, `playing`, `commands`: as it should be
//! - `hostile`: as it should not be

mod commands;
mod connecting;
mod hostile;
mod playing;

use proptest::prelude::*;
use syncline_shared::id::{PlayerId, RoomId, StreamSlot, TeamId};
use syncline_shared::input::{InputBatch, InputStatus};
use syncline_shared::limits::{ACK_MESSAGES_MAX, ACK_MICROS_MAX};
use syncline_shared::message::control::{PhaseInfo, RoomUpdate, RosterEntry};
use syncline_shared::message::frame::StreamEntry;

use super::*;
use crate::event::FrameReport;
use crate::follower::DecodeAlone;
use crate::prediction::Comparison;
use crate::scripted_server::{
    ClientSections, MarkerInput, MarkerPrediction, RATE, Teleported, World, control, frame,
    marker_schema, phase, read_client, running, welcome,
};

const LOBBY: PhaseInfo = PhaseInfo::waiting(1);

/// A client, the time, and everything that it put out.
struct Case {
    client: Client<MarkerPrediction>,
    now: Timestamp,
    schema: Arc<Schema>,
    sent: ClientSections,
    events: Vec<ClientEvent>,
    connects: usize,
    disconnects: usize,
}

impl Case {
    fn new() -> Self {
        let config = ClientConfig {
            name: "tester".to_owned(),
            game: Some("markers".to_owned()),
            room: RoomSelector::Id(RoomId(1)),
            company: true,
            join_secret: Some([7; JOIN_KEY_BYTES]),
            seed: 1,
            snapshots_kept: 4,
            ..ClientConfig::default()
        };
        Self {
            client: Client::new(config, Box::new(DecodeAlone)),
            now: Timestamp::from_millis(1000),
            schema: marker_schema(),
            sent: ClientSections::default(),
            events: Vec::new(),
            connects: 0,
            disconnects: 0,
        }
    }

    /// A client that was welcomed into a room at this stage.
    fn welcomed(state: PhaseInfo) -> Self {
        let mut case = Self::new();
        case.greet();
        case.be_welcomed(7, state);
        case
    }

    /// A client in a match that began when its clock showed 0, over a path of 20 ms there and
    /// back, whose frame of tick 29 has come.
    fn playing() -> (Self, World) {
        Self::playing_at(InputPace::EveryTick)
    }

    /// The same at this pace.
    fn playing_at(pace: InputPace) -> (Self, World) {
        let mut case = Self::new();
        case.client.config.inputs = pace;
        case.greet();
        case.be_welcomed(7, running(1, 30));
        case.answer_pings(0);
        let mut world = World::new(case.schema.clone());
        world.place(0, 100, 0);
        world.chunk(1);
        let join = world.join();
        case.message(&frame(
            29,
            &[],
            &[(StreamSlot::COMMON, StreamEntry::Join(&join))],
        ));
        case.clear();
        (case, world)
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect => self.connects += 1,
                Output::Disconnect => self.disconnects += 1,
                Output::Event(event) => self.events.push(event),
                Output::Send(message) => {
                    let read = read_client(&self.schema, &message);
                    self.sent.controls.extend(read.controls);
                    self.sent.inputs.extend(read.inputs);
                    self.sent.commands.extend(read.commands);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.sent = ClientSections::default();
        self.events.clear();
        self.connects = 0;
        self.disconnects = 0;
    }

    fn handle(&mut self, event: NetworkEvent<'_>) {
        self.client.handle(self.now, event);
        self.drain();
    }

    fn message(&mut self, message: &[u8]) {
        self.handle(NetworkEvent::Message(message));
    }

    fn closed(&mut self, code: Option<u16>) {
        self.handle(NetworkEvent::Closed(code, ""));
    }

    /// Lets time pass, waking the client when it wants to be woken.
    fn pass(&mut self, millis: u64) {
        let end = self.now.plus_micros(millis * 1000);
        let mut wakes = 0;
        while let Some(due) = self.client.next_due().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.client.advance(self.now);
            self.drain();
            wakes += 1;
            assert!(wakes < 100 + millis, "it wakes without end");
        }
        self.now = end;
    }

    fn greet(&mut self) {
        self.pass(0);
        self.handle(NetworkEvent::Connected);
    }

    fn be_welcomed(&mut self, session: u64, state: PhaseInfo) {
        let welcome = Box::new(welcome(&self.schema, session, state));
        self.message(&control(&ServerControl::Welcome(welcome)));
    }

    /// Answers each ping after 20 ms, from a match whose tick 0 was due at `origin`.
    fn answer_pings(&mut self, origin: u64) {
        self.pass(0);
        let pings = core::mem::take(&mut self.sent.controls);
        let asked = self.now;
        self.now = asked.plus_micros(20_000);
        for ping in pings {
            if let ClientControl::Ping { nonce } = ping {
                let match_micros = asked.0 + 10_000 - origin;
                self.message(&control(&ServerControl::Pong {
                    nonce,
                    match_micros,
                }));
            }
        }
    }

    fn hello(&self) -> &Hello {
        let hello = self
            .sent
            .controls
            .iter()
            .rev()
            .find_map(|control| match control {
                ClientControl::Hello(hello) => Some(hello),
                _ => None,
            });
        hello.expect("a hello was sent")
    }

    fn ending(&self) -> Closed {
        let closed = self.events.iter().rev().find_map(|event| match event {
            ClientEvent::Closed(closed) => Some(closed.clone()),
            _ => None,
        });
        closed.expect("a connection ended")
    }

    fn report(&self) -> FrameReport {
        let report = self.events.iter().rev().find_map(|event| match event {
            ClientEvent::Frame(report) => Some(report.clone()),
            _ => None,
        });
        report.expect("a frame was told of")
    }

    fn stamped(&self) -> Vec<u32> {
        let frames = self.sent.inputs.iter().flat_map(|batch| &batch.frames);
        frames.map(|frame| frame.tick.0).collect()
    }
}
