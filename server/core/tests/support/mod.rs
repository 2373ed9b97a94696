//! A small game, and a client that does just enough: decodes, acknowledges, presses.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared by several test programs"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, Room, RoomConfig, RoomEvent, RoomOutput,
};
use syncline_shared::close::CloseReason;
use syncline_shared::command::{CommandMessage, CommandRefusal};
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Origin, Outcome, Profile, Seats, SnapshotWriter, Step,
};
use syncline_shared::id::{EntityId, PlayerId, RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::input::{InputBatch, InputFrame, InputStatus, InputWords};
use syncline_shared::message::control::{PhaseInfo, Role, ServerControl, Welcome};
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{Applied, StreamDecoder};
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};
use syncline_shared::{commands, replicated};

replicated! {
    /// A runner on a line.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Runner {
        pub at: i32 => fixed(-10_000.0, 10_000.0, 1.0),
        pub player: PlayerId => bits(10),
    }
}

replicated! {
    /// What a runner alone knows.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Purse {
        pub coins: u16 => bits(10),
    }
}

replicated! {
    /// A direction and a button.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Stick {
        pub step: i8 => fixed(-1.0, 1.0, 1.0),
        pub grab: bool => flag,
    }
}

replicated! {
    /// What happens.
    #[derive(Clone, Debug, PartialEq)]
    pub enum News {
        Grabbed { player: PlayerId => bits(10), coins: u16 => bits(10) },
    }
}

commands! {
    /// What runners may ask for.
    pub enum Ask {
        Jump { by: i32 },
        Finish {},
        Burst {},
        Forget {},
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    pub seats_min: u16,
    pub closed: bool,
    /// Extra rows, to make joins large.
    pub crowd: u16,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Race {
    rules: Rules,
    runners: SlotMap<EntityId, (PlayerId, i32, u16)>,
    of: BTreeMap<PlayerId, EntityId>,
    crowd: SlotMap<EntityId, i32>,
    finished: bool,
    burst: bool,
    /// What a careless author forgets.
    #[serde(skip)]
    forgotten: i32,
}

impl Game for Race {
    const NAME: &'static str = "race";
    const TICK_RATE: TickRate = TickRate::hz(30);
    type Config = Rules;
    type Input = Stick;
    type Command = Ask;
    type Event = News;

    fn schema() -> Schema {
        Self::describe().class::<Runner>().class::<Purse>().build()
    }

    fn seats(rules: &Rules) -> Seats {
        Seats {
            min: rules.seats_min.max(1),
            max: 64,
            join_in_progress: !rules.closed,
        }
    }

    fn new(rules: Rules, _seed: u64) -> Self {
        let mut crowd = SlotMap::with_key();
        for n in 0..rules.crowd {
            crowd.insert(i32::from(n));
        }
        let (runners, of) = (SlotMap::with_key(), BTreeMap::new());
        Self {
            rules,
            runners,
            of,
            crowd,
            finished: false,
            burst: false,
            forgotten: 0,
        }
    }

    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), JoinRefusal> {
        if profile.name == "banned" {
            return Err(JoinRefusal::NotAllowed("banned here".to_owned()));
        }
        self.of.insert(player, self.runners.insert((player, 0, 0)));
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        if let Some(runner) = self.of.remove(&player) {
            self.runners.remove(runner);
        }
    }

    fn command(&mut self, from: Origin, command: Ask) -> Result<(), CommandRefusal> {
        let Origin::Player(player) = from else {
            return Err(CommandRefusal::Unknown);
        };
        match command {
            Ask::Jump { by } if by.abs() > 100 => {
                return Err(CommandRefusal::Rule("too far".to_owned()));
            }
            Ask::Jump { by } => self.runners[self.of[&player]].1 += by,
            Ask::Finish {} => self.finished = true,
            Ask::Burst {} => self.burst = true,
            Ask::Forget {} => self.forgotten = 1,
        }
        Ok(())
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        assert!(!self.burst, "a burst was asked for");
        for input in step.inputs() {
            let runner = &mut self.runners[self.of[&input.player]];
            runner.1 += i32::from(input.input.step);
            if input.input.grab && step.rng().chance(1, 3) {
                runner.2 += 1;
                let news = News::Grabbed {
                    player: input.player,
                    coins: runner.2,
                };
                step.emit(Audience::Everyone, &news);
            }
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        for (id, &(player, at, coins)) in &self.runners {
            world.put(
                id,
                Audience::Everyone,
                &Runner {
                    at: at + self.forgotten,
                    player,
                },
            );
            world.put(id, Audience::Player(player), &Purse { coins });
        }
        for (id, &at) in &self.crowd {
            world.put(
                id,
                Audience::Player(PlayerId(0)),
                &Runner {
                    at,
                    player: PlayerId(1023),
                },
            );
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        self.finished.then(Outcome::default)
    }
}

pub fn room_with(rules: &Rules, change: impl FnOnce(&mut RoomConfig)) -> Room {
    let mut config = RoomConfig::new(RoomId(1), RoomCode::from_entropy(5), 42);
    config.checkpoint_interval = 50;
    change(&mut config);
    let rules = syncline_shared::codec::encode(rules);
    Room::new(config, syncline_server_core::game_kind::<Race>(), rules).unwrap()
}

/// What one client of the test knows.
pub struct Watcher {
    pub connection: ConnectionId,
    pub session: SessionId,
    pub schema: Arc<Schema>,
    pub welcome: Option<Welcome>,
    pub phase: Option<PhaseInfo>,
    pub roster: BTreeMap<PlayerId, (String, bool)>,
    pub decoders: BTreeMap<StreamSlot, StreamDecoder>,
    pub tick: Tick,
    pub frames: u32,
    pub joins: u32,
    /// Which streams were joined, and at which ticks.
    pub joined: Vec<(StreamSlot, Tick)>,
    /// Streams that it asked for anew.
    pub asked: BTreeSet<StreamSlot>,
    pub statuses: Vec<InputStatus>,
    pub margins: Vec<i32>,
    pub events: Vec<Event>,
    pub replies: Vec<ServerControl>,
    pub received: u32,
    pub updates: u32,
    pub sections_max: usize,
    pub messages: Vec<Vec<u8>>,
    pub closed: Option<CloseReason>,
    parts: BTreeMap<StreamSlot, Vec<u8>>,
}

impl Watcher {
    pub fn new(connection: u64, session: u64) -> Self {
        Self {
            connection: ConnectionId(connection),
            session: SessionId(session),
            schema: Arc::new(Race::schema()),
            welcome: None,
            phase: None,
            roster: BTreeMap::new(),
            decoders: BTreeMap::new(),
            tick: Tick::ZERO,
            frames: 0,
            joins: 0,
            joined: Vec::new(),
            asked: BTreeSet::new(),
            statuses: Vec::new(),
            margins: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            received: 0,
            updates: 0,
            sections_max: 0,
            messages: Vec::new(),
            closed: None,
            parts: BTreeMap::new(),
        }
    }

    pub fn player(&self) -> PlayerId {
        self.welcome
            .as_ref()
            .and_then(|welcome| welcome.player)
            .unwrap()
    }

    pub fn frame(&self, stream: StreamSlot) -> Option<&Frame> {
        let known = self.decoders.get(&stream);
        let right = known.filter(|_| !self.asked.contains(&stream));
        right.map(StreamDecoder::frame)
    }

    pub fn incarnation(&self) -> u32 {
        match self.phase {
            Some(PhaseInfo::Running { incarnation, .. } | PhaseInfo::Ended { incarnation, .. }) => {
                incarnation
            }
            _ => 0,
        }
    }

    fn take(&mut self, message: &[u8]) {
        self.received += 1;
        self.messages.push(message.to_vec());
        self.sections_max = self.sections_max.max(sections(message).count());
        for section in sections(message) {
            match section.unwrap() {
                (SectionKind::Control, body) => self.control(ServerControl::decode(body).unwrap()),
                (SectionKind::Frame, body) => self.take_frame(&FrameSection::decode(body).unwrap()),
                (kind, _) => panic!("{kind:?} from a server"),
            }
        }
    }

    fn control(&mut self, control: ServerControl) {
        let update = match control {
            ServerControl::Welcome(welcome) => {
                let state = welcome.state.clone();
                self.welcome = Some(*welcome);
                state
            }
            ServerControl::Room(update) => {
                self.updates += 1;
                update
            }
            reply => return self.replies.push(reply),
        };
        if update.whole {
            self.roster.clear();
        }
        for entry in update.roster {
            self.roster
                .insert(entry.player, (entry.name, entry.connected));
        }
        for player in update.left {
            self.roster.remove(&player);
        }
        if let Some(phase) = update.phase {
            let before = self.incarnation();
            self.phase = Some(phase);
            if self.incarnation() != before {
                self.asked.clear();
                self.decoders.clear();
            }
        }
    }

    fn take_frame(&mut self, frame: &FrameSection<'_>) {
        let mut joined = Vec::new();
        for &(stream, entry) in &frame.streams {
            let bytes = match entry {
                StreamEntry::Join(bytes) => bytes.to_vec(),
                StreamEntry::JoinPart {
                    index,
                    count,
                    bytes,
                } => {
                    let parts = self.parts.entry(stream).or_default();
                    if index == 0 {
                        parts.clear();
                    }
                    parts.extend_from_slice(bytes);
                    if index + 1 < count {
                        return;
                    }
                    core::mem::take(parts)
                }
                StreamEntry::Chunk(_) | StreamEntry::Gone => continue,
            };
            let decoder = StreamDecoder::join(self.schema.clone(), &bytes).unwrap();
            self.decoders.insert(stream, decoder);
            self.joins += 1;
            self.joined.push((stream, frame.tick));
            self.asked.remove(&stream);
            joined.push(stream);
        }
        for (stream, decoder) in &mut self.decoders {
            let passed_over = joined.contains(stream) || self.asked.contains(stream);
            if passed_over || self.tick == frame.tick {
                continue;
            }
            let entry = frame.streams.iter().find(|(slot, _)| slot == stream);
            let chunk = match entry {
                Some((_, StreamEntry::Chunk(bytes))) => *bytes,
                _ => &[],
            };
            // What was not told went as predicted.
            let silent = (frame.tick.since(self.tick) - 1) / frame.span;
            for _ in 0..silent {
                decoder.apply(frame.span, &[], &mut self.events).unwrap();
            }
            let applied = decoder.apply(frame.span, chunk, &mut self.events).unwrap();
            assert_ne!(applied, Applied::Mismatch, "{stream:?} at {}", frame.tick);
        }
        self.statuses.extend(&frame.own.statuses);
        self.margins.extend(frame.own.margin_ms);
        self.tick = frame.tick;
        self.frames += 1;
    }
}

/// A room and its clients, on a network without delay.
pub struct Table {
    pub room: Room,
    pub now: Timestamp,
    pub watchers: Vec<Watcher>,
    pub records: Vec<RoomOutput>,
    /// Clients that neither read nor acknowledge.
    pub frozen: Vec<ConnectionId>,
    held: Vec<(ConnectionId, Vec<u8>)>,
}

impl Table {
    pub fn new(room: Room) -> Self {
        let (watchers, records, frozen, held) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            room,
            now: Timestamp::ZERO,
            watchers,
            records,
            frozen,
            held,
        }
    }

    pub fn attach(&mut self, connection: u64, session: u64, resume: bool) -> usize {
        self.attach_as(connection, session, resume, Role::Player, "someone")
    }

    pub fn attach_as(
        &mut self,
        connection: u64,
        session: u64,
        resume: bool,
        role: Role,
        name: &str,
    ) -> usize {
        let attach = Attach {
            session: SessionId(session),
            resume,
            resume_token: vec![1, 2, 3],
            name: name.to_owned(),
            role,
            knows_schema: false,
        };
        self.watchers.push(Watcher::new(connection, session));
        self.room.handle(
            self.now,
            RoomEvent::Attach(ConnectionId(connection), Box::new(attach)),
        );
        self.deliver();
        self.watchers.len() - 1
    }

    pub fn send(&mut self, connection: u64, message: ClientMessage) {
        self.room.handle(
            self.now,
            RoomEvent::Message(ConnectionId(connection), message),
        );
        self.deliver();
    }

    pub fn ask(&mut self, connection: u64, sequence: u32, command: &Ask) {
        let incarnation = self.room.incarnation();
        let payload = syncline_shared::codec::encode(command);
        self.send(
            connection,
            ClientMessage::Command(CommandMessage {
                incarnation,
                sequence,
                payload,
            }),
        );
    }

    pub fn detach(&mut self, connection: u64) {
        self.room
            .handle(self.now, RoomEvent::Detach(ConnectionId(connection)));
        self.deliver();
    }

    /// Runs `ticks` ticks; each client presses what `press` says, in time for the next tick.
    pub fn run(&mut self, ticks: u32, mut press: impl FnMut(PlayerId, Tick) -> Option<Stick>) {
        for _ in 0..ticks {
            let next = self.room.status().tick.next();
            let batches: Vec<_> = self
                .watchers
                .iter()
                .filter_map(|watcher| {
                    let player = watcher.welcome.as_ref()?.player;
                    let pressed = player.and_then(|player| press(player, next));
                    let frames = pressed.map(|stick| InputFrame {
                        tick: next,
                        view: ViewTick::at(next),
                        words: InputWords::of(&stick),
                    });
                    let batch = InputBatch {
                        incarnation: watcher.incarnation(),
                        received: watcher.received,
                        frames: frames.into_iter().collect(),
                    };
                    Some((watcher.connection, batch))
                })
                .collect();
            for (connection, batch) in batches {
                if !self.frozen.contains(&connection) {
                    self.room.handle(
                        self.now,
                        RoomEvent::Message(connection, ClientMessage::Input(batch)),
                    );
                }
            }
            self.deliver();
            self.now = self
                .room
                .next_due()
                .max(self.now)
                .min(self.now.plus_micros(100_000));
            self.room.advance(self.now);
            self.deliver();
        }
    }

    /// Lets frozen clients go on with what was sent to them.
    pub fn thaw(&mut self) {
        self.frozen.clear();
        for (connection, message) in core::mem::take(&mut self.held) {
            self.hand_over(connection, &message);
        }
    }

    fn deliver(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                RoomOutput::Send(connection, message) if self.frozen.contains(&connection) => {
                    self.held.push((connection, message));
                }
                RoomOutput::Send(connection, message) => self.hand_over(connection, &message),
                RoomOutput::Close(connection, close) => {
                    let watcher = self
                        .watchers
                        .iter_mut()
                        .find(|w| w.connection == connection);
                    watcher.unwrap().closed = Some(close.reason);
                }
                record => self.records.push(record),
            }
        }
    }

    fn hand_over(&mut self, connection: ConnectionId, message: &[u8]) {
        let watcher = self
            .watchers
            .iter_mut()
            .find(|w| w.connection == connection);
        watcher.unwrap().take(message);
    }

    /// Every client that is up to date holds the server's frames.
    pub fn check_frames(&self) {
        let Some((tick, common)) = self.room.common_frame() else {
            return;
        };
        for watcher in &self.watchers {
            if watcher.closed.is_some() || watcher.tick != tick {
                continue;
            }
            if let Some(frame) = watcher.frame(StreamSlot::COMMON) {
                assert_eq!(frame, common);
            }
            if let Some(frame) = watcher.frame(StreamSlot::OWN) {
                assert_eq!(frame, self.room.own_frame(watcher.player()).unwrap());
            }
        }
    }
}

pub fn nothing(_: PlayerId, _: Tick) -> Option<Stick> {
    None
}

/// A room with the default rules, and nobody in it.
pub fn table() -> Table {
    table_of(&Rules::default())
}

/// A room with these rules, and nobody in it.
pub fn table_of(rules: &Rules) -> Table {
    Table::new(room_with(rules, |_| {}))
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "the signature of what clients press"
)]
pub fn right(_: PlayerId, _: Tick) -> Option<Stick> {
    Some(Stick {
        step: 1,
        grab: true,
    })
}

pub fn positions(table: &Table, watcher: usize) -> Vec<i32> {
    let watcher = &table.watchers[watcher];
    let frame = watcher.frame(StreamSlot::COMMON).unwrap();
    frame
        .entities::<Runner>(&watcher.schema)
        .map(|(_, runner)| runner.at)
        .collect()
}
