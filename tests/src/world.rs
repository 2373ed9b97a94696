//! A simulated match: one real room, real clients, and paths between them, on virtual time.
//!
//! Does what a [`Scenario`] says and tells [`Observer`]s what happened. Decides nothing about
//! whether that is right.

mod restart;

use core::ops::Range;
use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_client_core::behaviour::{Behaviour, Pilot};
use syncline_client_core::client::{Client, ClientConfig};
use syncline_client_core::event::{ClientEvent, NetworkEvent, Output};
use syncline_client_core::follower::DecodeAlone;
use syncline_client_core::playing::Playing;
use syncline_client_core::sight::Sight;
use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, GameKind, Relief, Room, RoomConfig, RoomEvent, RoomOutput,
};
use syncline_shared::command::CommandMessage;
use syncline_shared::id::{RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::input::InputBatch;
use syncline_shared::message::control::{ClientControl, Hello, Role};
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::predict::Predict;
use syncline_shared::properties::Properties;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

use crate::asking::Asker;
use crate::book::Book;
use crate::corruption::{Corruption, Flip};
use crate::network::{OneWay, Parcel, Path};
use crate::scenario::{Fault, FaultKind, Guest, Scenario};

/// The grain of virtual time, in microseconds: finer than any tick.
const STEP_MICROS: u64 = 2_000;

/// How long everybody has to become current after the last fault, in microseconds: a reconnect with
/// its longest back-off, and some.
const SETTLE_MICROS: u64 = 6_000_000;

/// How long to wait for a last tick, in microseconds, if no match is running.
const LAST_TICK_MICROS: u64 = 500_000;

/// What an observer is told.
#[derive(Debug)]
pub enum Observed<'a, P: Predict> {
    /// The room did something; for frames, its own state is what counts.
    Room(&'a Room),
    /// The room put something out.
    Output(&'a RoomOutput),
    /// A client took in a message, and this came of it.
    Client(usize, &'a Client<P>, &'a ClientEvent),
    /// A client asks for something, by a command of this number and payload.
    Asked(usize, u32, &'a [u8]),
    /// A fault struck a client.
    Struck(usize),
    /// The server was lost, and this is its room again, by what was left of its journal.
    Restarted(&'a Room, &'a [u8]),
    /// A client's stall is over: it reads and writes again, on this path.
    Thawed(usize, Path),
    /// Bits of a chunk were flipped on its way to a client, which is on this path.
    Flipped(Flip, Path),
    /// The faults are over, and there was time to recover from them.
    Settled(&'a Room, &'a [Peer<P>]),
}

/// The most ticks that a client's snapshots may be apart: twice the usual, while the server is
/// overloaded.
pub fn interval_max<P: Predict>(playing: &Playing<P>) -> u8 {
    2 * playing.joined().snapshot_interval
}

/// Watches a simulated match.
pub trait Observer<P: Predict> {
    /// Something happened at `now`.
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>);
}

/// One client and its path.
#[derive(Debug)]
pub struct Peer<P: Predict> {
    /// The client.
    pub client: Client<P>,
    /// How the path behaves now.
    pub path: Path,
    /// Whether it only watches.
    pub watches: bool,
    comes: Timestamp,
    pilot: Pilot,
    asker: Option<Asker>,
    up: OneWay,
    down: OneWay,
    /// The server's end of the connection.
    connection: Option<ConnectionId>,
    /// Whether the client stalls, and nothing else has gone wrong since.
    stalled: bool,
    stalled_until: Timestamp,
    /// Whether the client came and was not closed for good.
    here: bool,
}

impl<P: Predict> Peer<P> {
    /// Whether the client came and was not closed for good.
    pub fn is_here(&self) -> bool {
        self.here && !self.client.is_closed()
    }
}

/// Changes a message of the server on its way: to which client, and what.
pub type Tap = Box<dyn FnMut(usize, &mut Vec<u8>)>;

/// A room, its clients, and the time.
pub struct World<P: Predict> {
    now: Timestamp,
    room: Room,
    kind: Arc<dyn GameKind>,
    book: Book,
    peers: Vec<Peer<P>>,
    by_connection: BTreeMap<ConnectionId, usize>,
    connections: u64,
    sessions: u64,
    faults: Vec<Fault>,
    duration: Timestamp,
    rng: Rng,
    server_stalled_until: Timestamp,
    overloaded_until: Timestamp,
    tap: Option<Tap>,
    corruption: Option<Corruption>,
}

impl<P: Predict> World<P> {
    /// The world of a scenario, before anything happened.
    ///
    /// # Panics
    ///
    /// If the game's default config is not one of the game.
    pub fn new(scenario: &Scenario, kind: &Arc<dyn GameKind>) -> Self {
        let seed = scenario.seed;
        let mut config = RoomConfig::new(RoomId(1), RoomCode::from_entropy(seed), seed);
        config.snapshot_interval = scenario.snapshot_interval;
        config.checkpoint_interval = scenario.checkpoint_interval;
        config.record = true;
        config.rematch_micros = 500_000;
        config.grace_micros = scenario.grace_micros;
        config.spectator_delay_micros = scenario.spectator_delay_micros;
        let room = Room::new(config, Arc::clone(kind), kind.default_config())
            .expect("a game knows its default config");
        let guests = (0u64..).zip(&scenario.clients);
        Self {
            now: Timestamp::ZERO,
            room,
            kind: Arc::clone(kind),
            book: Book::default(),
            peers: guests
                .map(|(n, guest)| {
                    let mut peer = peer(seed.wrapping_mul(31) + n, *guest);
                    let asks = scenario.commands && !guest.watches;
                    peer.asker = asks.then(|| Asker::new(seed, n));
                    peer
                })
                .collect(),
            by_connection: BTreeMap::new(),
            connections: 0,
            sessions: 0,
            faults: scenario.faults.clone(),
            duration: scenario.duration,
            rng: Rng::from_seed(seed ^ 0x5EED),
            server_stalled_until: Timestamp::ZERO,
            overloaded_until: Timestamp::ZERO,
            tap: None,
            corruption: None,
        }
    }

    /// Lets `tap` change what the server sends: to see that the checkers notice.
    pub fn tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Lets `corruption` flip bits of what the server sends.
    pub fn corrupt(&mut self, corruption: Corruption) {
        self.corruption = Some(corruption);
    }

    /// Runs the scenario to its end, and then until everybody had time to recover.
    pub fn run(&mut self, observers: &mut [&mut dyn Observer<P>]) {
        let end = self.duration.plus_micros(SETTLE_MICROS);
        let last = end.plus_micros(LAST_TICK_MICROS);
        self.faults.reverse();
        while self.now < last {
            self.now = self.now.plus_micros(STEP_MICROS);
            while self.faults.last().is_some_and(|fault| fault.at <= self.now) {
                if let Some(fault) = self.faults.pop() {
                    self.strike(fault, observers);
                    for struck in self.struck(fault) {
                        tell(observers, self.now, &Observed::Struck(struck));
                    }
                }
            }
            if self.now >= self.overloaded_until {
                self.room.relieve(Relief::NONE);
            }
            let ticked = self.now >= self.server_stalled_until && self.serve(observers);
            self.carry_out(observers);
            if ticked && self.now >= end {
                // Right after a tick, so that all that was done to the match is in a record.
                break;
            }
            for index in 0..self.peers.len() {
                self.live(index, observers);
            }
        }
        tell(
            observers,
            self.now,
            &Observed::Settled(&self.room, &self.peers),
        );
    }

    /// The server takes in what has come and does what is due; whether a tick was run.
    fn serve(&mut self, observers: &mut [&mut dyn Observer<P>]) -> bool {
        for index in 0..self.peers.len() {
            self.arrive(index, observers);
        }
        if self.room.next_due() > self.now {
            return false;
        }
        let ticks = self.room.counters().ticks;
        self.room.advance(self.now);
        tell(observers, self.now, &Observed::Room(&self.room));
        self.room.counters().ticks > ticks
    }

    /// Whom a fault strikes.
    fn struck(&self, fault: Fault) -> Range<usize> {
        match fault.kind {
            FaultKind::ServerStall(_) | FaultKind::Overload { .. } | FaultKind::Restart(_) => {
                0..self.peers.len()
            }
            _ => fault.client..fault.client + 1,
        }
    }

    fn strike(&mut self, fault: Fault, observers: &mut [&mut dyn Observer<P>]) {
        if let FaultKind::Restart(micros) = fault.kind {
            return self.restart(micros, observers);
        }
        let Some(peer) = self.peers.get_mut(fault.client) else {
            return;
        };
        if let FaultKind::Overload { micros, slowed_by } = fault.kind {
            self.overloaded_until = self.now.plus_micros(micros);
            return self.room.relieve(Relief {
                fewer_snapshots: true,
                slowed_by,
            });
        }
        peer.stalled = false;
        match fault.kind {
            FaultKind::Stall(micros) => {
                peer.stalled = true;
                peer.stalled_until = self.now.plus_micros(micros);
            }
            FaultKind::Overload { .. } | FaultKind::Restart(_) => {}
            FaultKind::Reroute(path) => peer.path = path,
            FaultKind::Leave => peer.client.leave(self.now),
            FaultKind::ServerStall(micros) => {
                self.server_stalled_until = self.now.plus_micros(micros);
            }
            FaultKind::Cut => {
                let connection = peer.hang_up(self.now);
                if let Some(connection) = connection {
                    self.by_connection.remove(&connection);
                    self.room.handle(self.now, RoomEvent::Detach(connection));
                }
            }
            // What the room still sends there reaches nobody.
            FaultKind::HalfOpen => drop(peer.hang_up(self.now)),
        }
    }

    /// What a client sent reaches the server.
    fn arrive(&mut self, index: usize, observers: &mut [&mut dyn Observer<P>]) {
        while let Some(parcel) = self.peers[index].up.receive(self.now) {
            match parcel {
                Parcel::Open => {
                    self.connections += 1;
                    let connection = ConnectionId(self.connections);
                    self.peers[index].connection = Some(connection);
                    self.by_connection.insert(connection, index);
                    self.peers[index].answer(self.now, &mut self.rng, Parcel::Open);
                }
                Parcel::Message(message) => self.read(index, &message),
                Parcel::Close(_) => {
                    if let Some(connection) = self.peers[index].connection.take() {
                        self.by_connection.remove(&connection);
                        self.room.handle(self.now, RoomEvent::Detach(connection));
                    }
                }
            }
            self.carry_out(observers);
        }
    }

    /// What the server's shell does with a message.
    fn read(&mut self, index: usize, message: &[u8]) {
        let Some(connection) = self.peers[index].connection else {
            return;
        };
        for section in sections(message) {
            let (kind, body) = section.expect("clients send what can be read");
            let event = match kind {
                SectionKind::Control => {
                    match ClientControl::decode(body).expect("clients send what can be read") {
                        ClientControl::Hello(hello) => {
                            let attach = self.attach(&hello);
                            RoomEvent::Attach(connection, Box::new(attach))
                        }
                        ClientControl::Ping { nonce } => {
                            RoomEvent::Message(connection, ClientMessage::Ping { nonce })
                        }
                        ClientControl::Rematch => {
                            RoomEvent::Message(connection, ClientMessage::Rematch)
                        }
                        ClientControl::Leave => {
                            RoomEvent::Message(connection, ClientMessage::Leave)
                        }
                        ClientControl::Resync {
                            incarnation,
                            stream,
                            tick,
                        } => {
                            let resync = ClientMessage::Resync {
                                incarnation,
                                stream,
                                tick,
                            };
                            RoomEvent::Message(connection, resync)
                        }
                        ClientControl::Chat { .. } | ClientControl::Room(_) => {
                            panic!("nobody talks here")
                        }
                    }
                }
                SectionKind::Input => {
                    let layout = self.kind.schema().input();
                    let batch = InputBatch::decode(layout, body).expect("inputs can be read");
                    RoomEvent::Message(connection, ClientMessage::Input(batch))
                }
                SectionKind::Command => {
                    let command = CommandMessage::decode(body).expect("commands can be read");
                    RoomEvent::Message(connection, ClientMessage::Command(command))
                }
                SectionKind::Frame => panic!("a client sent a frame"),
            };
            self.room.handle(self.now, event);
        }
    }

    /// A resume token here is the session's number: nobody forges it.
    fn attach(&mut self, hello: &Hello) -> Attach {
        let known = hello
            .resume
            .as_deref()
            .and_then(|token| token.try_into().ok());
        let session = known.map_or_else(
            || {
                self.sessions += 1;
                self.sessions
            },
            u64::from_le_bytes,
        );
        Attach {
            session: SessionId(session),
            resume: hello.resume.is_some(),
            resume_token: session.to_le_bytes().to_vec(),
            name: hello.name.clone(),
            properties: Properties::new(hello.properties.iter().cloned())
                .expect("clients have properties that are some"),
            role: hello.role,
            transient: false,
            knows_schema: hello.fingerprint == Some(self.kind.schema().fingerprint()),
        }
    }

    /// Carries the room's outputs to the paths.
    fn carry_out(&mut self, observers: &mut [&mut dyn Observer<P>]) {
        while let Some(output) = self.room.poll_output() {
            tell(observers, self.now, &Observed::Output(&output));
            self.book.take(&output);
            match output {
                RoomOutput::Send(connection, mut message) => {
                    if let Some(peer) = self.peer_of(connection) {
                        if let Some(tap) = &mut self.tap {
                            tap(peer, &mut message);
                        }
                        self.strike_message(peer, &mut message, observers);
                        let (now, mut rng) = (self.now, self.rng.clone());
                        self.peers[peer].answer(now, &mut rng, Parcel::Message(message));
                        self.rng = rng;
                    }
                }
                RoomOutput::Close(connection, close) => {
                    if let Some(peer) = self.peer_of(connection) {
                        let (now, mut rng) = (self.now, self.rng.clone());
                        self.peers[peer].answer(now, &mut rng, Parcel::Close(Some(close)));
                        self.rng = rng;
                        self.peers[peer].connection = None;
                    }
                    self.by_connection.remove(&connection);
                }
                RoomOutput::Astray(_)
                | RoomOutput::JournalBegan(_)
                | RoomOutput::Record(_)
                | RoomOutput::Checkpoint(..) => {}
            }
        }
    }

    /// Flips bits of a message on its way to a client, perhaps.
    fn strike_message(
        &mut self,
        client: usize,
        message: &mut Vec<u8>,
        observers: &mut [&mut dyn Observer<P>],
    ) {
        let Some(corruption) = &mut self.corruption else {
            return;
        };
        let (incarnation, path) = (self.room.incarnation(), self.peers[client].path);
        for (stream, tick) in corruption.strike(self.now, message) {
            let flip = Flip {
                client,
                incarnation,
                stream,
                tick,
            };
            tell(observers, self.now, &Observed::Flipped(flip, path));
        }
    }

    /// Whose connection it is, unless the client has hung up without a word.
    fn peer_of(&self, connection: ConnectionId) -> Option<usize> {
        let peer = *self.by_connection.get(&connection)?;
        (self.peers[peer].connection == Some(connection)).then_some(peer)
    }

    /// A client reads what has reached it, and does what is due.
    fn live(&mut self, index: usize, observers: &mut [&mut dyn Observer<P>]) {
        let (now, rng) = (self.now, &mut self.rng);
        let peer = &mut self.peers[index];
        if now < peer.comes || now < peer.stalled_until {
            return;
        }
        peer.here = true;
        let thawed = core::mem::take(&mut peer.stalled);
        let served = now >= self.server_stalled_until;
        if thawed && served && peer.client.playing().is_some_and(Playing::is_running) {
            tell(observers, now, &Observed::Thawed(index, peer.path));
        }
        while let Some(parcel) = peer.down.receive(now) {
            match parcel {
                Parcel::Open => peer.client.handle(now, NetworkEvent::Connected),
                Parcel::Message(message) => {
                    peer.client.handle(now, NetworkEvent::Message(&message));
                }
                Parcel::Close(close) => {
                    let text = close.as_ref().map(ToString::to_string).unwrap_or_default();
                    let code = close.map(|close| close.reason.code());
                    peer.client.handle(now, NetworkEvent::Closed(code, &text));
                }
            }
            peer.speak(index, now, rng, observers);
        }
        peer.press(now);
        let asker = peer.asker.as_mut().filter(|_| now < self.duration);
        if let Some((sequence, payload)) = asker.and_then(|it| it.ask(now, &mut peer.client)) {
            tell(observers, now, &Observed::Asked(index, sequence, &payload));
        }
        peer.client.advance(now);
        peer.speak(index, now, rng, observers);
    }
}

impl<P: Predict> Peer<P> {
    fn answer(&mut self, now: Timestamp, rng: &mut Rng, parcel: Parcel) {
        self.down.send(now, self.path, rng, parcel);
    }

    /// The connection breaks; what was the server's end of it.
    fn hang_up(&mut self, now: Timestamp) -> Option<ConnectionId> {
        self.up.cut();
        self.down.cut();
        self.down.send(
            now,
            Path::default(),
            &mut Rng::from_seed(0),
            Parcel::Close(None),
        );
        self.connection.take()
    }

    /// Lets the pilot decide.
    fn press(&mut self, now: Timestamp) {
        let Some(playing) = self.client.playing() else {
            return;
        };
        let Some(player) = playing.joined().player else {
            return;
        };
        let sight = Sight {
            schema: playing.schema(),
            common: playing.frame(StreamSlot::COMMON),
            own: playing.frame(StreamSlot::OWN),
            player,
        };
        if let Some(words) = self.pilot.decide(now, sight) {
            self.client.set_input(words);
        }
    }

    /// Carries the client's outputs to the path.
    fn speak(
        &mut self,
        index: usize,
        now: Timestamp,
        rng: &mut Rng,
        observers: &mut [&mut dyn Observer<P>],
    ) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect => self.up.send(now, self.path, rng, Parcel::Open),
                Output::Send(message) => {
                    self.up.send(now, self.path, rng, Parcel::Message(message));
                }
                Output::Disconnect => {
                    self.up.send(now, self.path, rng, Parcel::Close(None));
                    self.down.cut();
                }
                Output::Event(event) => {
                    tell(
                        observers,
                        now,
                        &Observed::Client(index, &self.client, &event),
                    );
                }
            }
        }
    }
}

fn peer<P: Predict>(seed: u64, guest: Guest) -> Peer<P> {
    let config = ClientConfig {
        name: format!("guest {seed}"),
        role: if guest.watches {
            Role::Spectator
        } else {
            Role::Player
        },
        seed,
        inputs: guest.inputs,
        snapshots_kept: 4,
        ..ClientConfig::default()
    };
    let behaviour = if seed.is_multiple_of(2) {
        Behaviour::Chase
    } else {
        Behaviour::Wander
    };
    Peer {
        client: Client::new(config, Box::new(DecodeAlone)),
        path: guest.path,
        watches: guest.watches,
        comes: guest.comes,
        pilot: Pilot::new(behaviour, seed),
        asker: None,
        up: OneWay::default(),
        down: OneWay::default(),
        connection: None,
        stalled: false,
        stalled_until: Timestamp::ZERO,
        here: false,
    }
}

fn tell<P: Predict>(
    observers: &mut [&mut dyn Observer<P>],
    now: Timestamp,
    observed: &Observed<'_, P>,
) {
    for observer in observers {
        observer.observe(now, observed);
    }
}
