//! A room whose clients come, go, freeze and ask when they are told to, at any moment of it.

use std::collections::BTreeMap;

use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, Relief, Room, RoomConfig, RoomEvent, RoomOutput,
};
use syncline_shared::command::CommandMessage;
use syncline_shared::id::{SessionId, StreamSlot};
use syncline_shared::input::{InputBatch, InputFrame, InputWords};
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::{Role, ServerControl};
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::properties::Properties;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::tick::{Tick, Timestamp, ViewTick};

use super::{Ask, Rules, Stick, Watcher, room_with};

pub const SECOND: u64 = 1_000_000;
/// The grain of time. Whole seconds have a whole number of it.
pub const STEP: u64 = 2_000;
/// How often clients acknowledge, and players press.
pub const ACT: u64 = 40_000;

/// What happens to a room from outside.
#[derive(Clone, Debug)]
pub enum Deed {
    Come(u64, Role),
    Go(u64),
    Return(u64, u64),
    Leave(u64),
    Ask(u64, Ask),
    Request(u64, RoomRequest),
    Ping(u64, u32),
    /// Somebody says something to everybody.
    Say(u64),
    /// So does whoever runs the server.
    Announce,
    /// A stream is asked anew, though it is well.
    Resync(u64),
    /// The client neither reads nor acknowledges, or does again.
    Freeze(u64, bool),
    Relieve(bool),
    /// The room gets no turn for so long.
    Stall(u64),
    /// Its time goes more slowly from now on.
    Slow(u64),
}

impl Deed {
    /// Whose it is.
    pub fn connection(&self) -> Option<u64> {
        match *self {
            Self::Come(one, _)
            | Self::Go(one)
            | Self::Return(one, _)
            | Self::Leave(one)
            | Self::Ask(one, _)
            | Self::Request(one, _)
            | Self::Ping(one, _)
            | Self::Say(one)
            | Self::Resync(one)
            | Self::Freeze(one, _) => Some(one),
            Self::Announce | Self::Relieve(_) | Self::Stall(_) | Self::Slow(_) => None,
        }
    }
}

/// Connections of spectators.
pub fn watches(connection: u64) -> bool {
    connection >= 100
}

/// What a client was told, and when.
pub struct Client {
    pub watcher: Watcher,
    pub frozen: bool,
    pub undelivered: Vec<Vec<u8>>,
    pub log: Vec<(u64, Vec<u8>)>,
    /// Events, and in which timeline.
    pub events: Vec<(u32, Event)>,
    /// Worlds that were compared.
    pub compared: usize,
}

/// The common stream of a room at each tick of each match.
pub type Frames = BTreeMap<(u32, Tick), Frame>;

/// A room, and everybody who was ever in it.
pub struct Run {
    pub room: Room,
    pub now: u64,
    pub clients: BTreeMap<u64, Client>,
    pub frames: Frames,
    pub bytes_max: usize,
    pub stalled_until: u64,
}

impl Run {
    pub fn new(rules: &Rules, change: impl FnOnce(&mut RoomConfig)) -> Self {
        Self {
            room: room_with(rules, change),
            now: 0,
            clients: BTreeMap::new(),
            frames: Frames::new(),
            bytes_max: 0,
            stalled_until: 0,
        }
    }

    pub fn at(&self) -> Timestamp {
        Timestamp(self.now)
    }

    pub fn attach(&mut self, connection: u64, session: u64, resume: bool, role: Role) {
        let attach = Attach {
            session: SessionId(session),
            resume,
            resume_token: vec![1, 2, 3],
            name: format!("number {session}"),
            properties: Properties::default(),
            role,
            knows_schema: true,
            transient: false,
        };
        let client = Client {
            watcher: Watcher::new(connection, session),
            frozen: false,
            undelivered: Vec::new(),
            log: Vec::new(),
            events: Vec::new(),
            compared: 0,
        };
        self.clients.insert(connection, client);
        let attach = RoomEvent::Attach(ConnectionId(connection), Box::new(attach));
        self.room.handle(self.at(), attach);
    }

    pub fn message(&mut self, connection: u64, message: ClientMessage) {
        let event = RoomEvent::Message(ConnectionId(connection), message);
        self.room.handle(self.at(), event);
    }

    pub fn strike(&mut self, deed: &Deed) {
        match deed {
            Deed::Come(one, role) => self.attach(*one, *one, false, *role),
            Deed::Go(one) => {
                let gone = RoomEvent::Detach(ConnectionId(*one));
                self.room.handle(self.at(), gone);
            }
            Deed::Return(one, session) => self.attach(*one, *session, true, Role::Player),
            Deed::Leave(one) => self.message(*one, ClientMessage::Leave),
            Deed::Ask(one, ask) => {
                let incarnation = self.clients[one].watcher.incarnation();
                let payload = syncline_shared::codec::encode(ask);
                let sequence = u32::try_from(self.clients[one].log.len()).unwrap();
                self.message(
                    *one,
                    ClientMessage::Command(CommandMessage {
                        incarnation,
                        sequence,
                        payload,
                    }),
                );
            }
            Deed::Request(one, request) => {
                self.message(*one, ClientMessage::Room(request.clone()));
            }
            Deed::Ping(one, nonce) => self.message(*one, ClientMessage::Ping { nonce: *nonce }),
            Deed::Say(one) => {
                let text = Some(format!("at {}", self.now));
                let to = ChatTo::Room;
                self.message(*one, ClientMessage::Chat { to, text });
            }
            Deed::Announce => {
                let text = format!("now at {}", self.now);
                self.room.announce(self.at(), &text, ChatTo::Room).unwrap();
            }
            Deed::Resync(one) => {
                let watcher = &mut self.clients.get_mut(one).unwrap().watcher;
                let (incarnation, tick) = (watcher.incarnation(), watcher.tick);
                if watcher.is_whole() {
                    watcher.asked.insert(StreamSlot::COMMON);
                    let stream = StreamSlot::COMMON;
                    self.message(
                        *one,
                        ClientMessage::Resync {
                            incarnation,
                            stream,
                            tick,
                        },
                    );
                }
            }
            Deed::Freeze(one, frozen) => {
                let client = self.clients.get_mut(one).unwrap();
                client.frozen = *frozen;
                for message in std::mem::take(&mut client.undelivered) {
                    client.take(&self.frames, &message);
                }
            }
            Deed::Relieve(fewer_snapshots) => self.room.relieve(Relief {
                fewer_snapshots: *fewer_snapshots,
                slowed_by: 0,
            }),
            Deed::Slow(slowed_by) => self.room.relieve(Relief {
                fewer_snapshots: false,
                slowed_by: *slowed_by,
            }),
            Deed::Stall(micros) => self.stalled_until = self.now + micros,
        }
        self.deliver();
    }

    /// What clients do by themselves: acknowledge, and players press.
    pub fn act(&mut self) {
        let next = self.room.status().tick.next();
        let acting = self.clients.values().filter(|client| {
            !client.frozen && client.watcher.welcome.is_some() && client.watcher.closed.is_none()
        });
        let batches: Vec<_> = acting
            .map(|client| {
                let watcher = &client.watcher;
                let stick = Stick {
                    step: if (next.0 / 7).is_multiple_of(3) {
                        1
                    } else {
                        -1
                    },
                    grab: next.0.is_multiple_of(3),
                };
                let frame = InputFrame {
                    tick: next,
                    view: ViewTick::at(next),
                    words: InputWords::of(&stick),
                };
                let plays = !watches(watcher.connection.0);
                let batch = InputBatch {
                    incarnation: watcher.incarnation(),
                    received: watcher.received,
                    frames: plays.then_some(frame).into_iter().collect(),
                    held: false,
                };
                (watcher.connection.0, batch)
            })
            .collect();
        for (connection, batch) in batches {
            self.message(connection, ClientMessage::Input(batch));
        }
        self.deliver();
    }

    pub fn step(&mut self) {
        if self.now >= self.stalled_until {
            self.room.advance(self.at());
        }
        self.bytes_max = self.bytes_max.max(self.room.held_back_bytes());
        if let Some((tick, frame)) = self.room.common_frame() {
            let key = (self.room.incarnation(), tick);
            self.frames.entry(key).or_insert_with(|| frame.clone());
        }
        self.deliver();
        if self.now.is_multiple_of(ACT) {
            self.act();
        }
        self.now += STEP;
    }

    pub fn deliver(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                RoomOutput::Send(connection, message) => {
                    let client = self.clients.get_mut(&connection.0).unwrap();
                    client.log.push((self.now, message.clone()));
                    if client.frozen {
                        client.undelivered.push(message);
                    } else {
                        client.take(&self.frames, &message);
                    }
                }
                RoomOutput::Close(connection, close) => {
                    let client = self.clients.get_mut(&connection.0).unwrap();
                    client.watcher.closed = Some(close.reason);
                }
                _ => {}
            }
        }
    }

    /// Runs until `end`, with `deeds` at their times.
    pub fn play(&mut self, deeds: &[(u64, Deed)], end: u64) {
        let mut deeds = deeds.iter().peekable();
        while self.now < end {
            while let Some((_, deed)) = deeds.next_if(|(at, _)| *at <= self.now) {
                self.strike(deed);
            }
            self.step();
        }
    }
}

impl Client {
    /// Takes in a message, and compares the world that it leads to with the room's of back then.
    pub fn take(&mut self, frames: &Frames, message: &[u8]) {
        let heard = self.watcher.events.len();
        self.watcher.take(message);
        let incarnation = self.watcher.incarnation();
        let tick = self.watcher.tick;
        for event in self.watcher.events.iter().skip(heard) {
            self.events.push((incarnation, event.clone()));
        }
        if watches(self.watcher.connection.0) {
            let welcome = self.watcher.welcome.as_ref().unwrap();
            assert_eq!(welcome.streams, [StreamSlot::COMMON]);
            assert!(self.watcher.frame(StreamSlot::OWN).is_none());
        }
        if let Some(frame) = self.watcher.frame(StreamSlot::COMMON) {
            // The room's own is of the same tick at the earliest.
            let right = frames.get(&(incarnation, tick));
            self.compared += usize::from(right.is_some());
            assert!(right.is_none_or(|right| right == frame), "at {tick}");
        }
    }

    /// What it was told from the moment on that `told` is about, that much later.
    pub fn log_after(&self, later: u64) -> Vec<(u64, Vec<u8>)> {
        let log = self.log.iter();
        log.map(|(at, message)| (at + later, message.clone()))
            .collect()
    }
}

/// What is in a message.
pub fn show(message: &[u8]) -> String {
    let control = |body| ServerControl::decode(body).map(|control| format!("{control:?}"));
    let shown = sections(message).map(|section| match section.unwrap() {
        (SectionKind::Control, body) => control(body).unwrap(),
        (kind, body) => format!("{kind:?} {body:?}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}
