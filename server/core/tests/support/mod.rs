//! A small game, and a client that does just enough: decodes, acknowledges, presses.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared by several test programs"
)]

pub mod run;
pub mod watcher;
pub mod wild;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_server_core::{
    Attach, ClientMessage, ConnectionId, Room, RoomConfig, RoomEvent, RoomOutput,
};
use syncline_shared::command::{CommandMessage, CommandRefusal};
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Origin, Outcome, Profile, Seats, SnapshotWriter,
    Step, ranking,
};
use syncline_shared::id::{EntityId, PlayerId, RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::input::{InputBatch, InputFrame, InputWords};
use syncline_shared::message::control::{Role, ServerControl};
use syncline_shared::message::lobby::RoomRefusal;
use syncline_shared::properties::Properties;
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};
use syncline_shared::{commands, replicated};

pub use watcher::Watcher;

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
        Break {},
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    pub seats_min: u16,
    pub teams: u8,
    pub closed: bool,
    /// Whether a kick makes it panic.
    pub kick_breaks: bool,
    /// Extra rows, to make joins large.
    pub crowd: u16,
    /// Rows for everybody that are elsewhere at each tick, to make chunks large.
    pub noise: u16,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Race {
    rules: Rules,
    runners: SlotMap<EntityId, (PlayerId, i32, u16)>,
    of: BTreeMap<PlayerId, EntityId>,
    crowd: SlotMap<EntityId, i32>,
    noise: Vec<EntityId>,
    ticks: i32,
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

    fn teams(rules: &Rules) -> u8 {
        rules.teams
    }

    fn new(rules: Rules, _seed: u64) -> Self {
        let mut crowd = SlotMap::with_key();
        for n in 0..rules.crowd {
            // Scattered, so that a join finds nothing to save.
            crowd.insert(i32::from(n) * 7919 % 20_001 - 10_000);
        }
        let mut ids = SlotMap::with_key();
        let noise = (0..rules.noise).map(|_| ids.insert(())).collect();
        let (runners, of) = (SlotMap::with_key(), BTreeMap::new());
        Self {
            noise,
            ticks: 0,
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
        assert_ne!(profile.name, "broken", "a broken one came");
        if profile.name == "banned" {
            return Err(JoinRefusal::NotAllowed("banned here".to_owned()));
        }
        let team = profile.team.map_or(0, |team| 1000 * i32::from(team.0));
        let start = profile.properties.get("start");
        let at = team + start.map_or(0, |start| start.parse().expect("a place"));
        self.of.insert(player, self.runners.insert((player, at, 0)));
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, reason: LeaveReason) {
        let breaks = self.rules.kick_breaks && reason == LeaveReason::Kicked;
        assert!(!breaks, "nobody is kicked here");
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
            Ask::Break {} => panic!("told to break"),
        }
        Ok(())
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        assert!(!self.burst, "a burst was asked for");
        self.ticks += 1;
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
        for (n, &id) in (1..).zip(&self.noise) {
            // Every id is one of its audience and class alone, so they need not differ from others'.
            let at = (n * 7919 + self.ticks * n % 1009 * 31) % 20_001 - 10_000;
            let player = PlayerId(1000);
            world.put(id, Audience::Everyone, &Runner { at, player });
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

    /// Who is further on is better.
    fn scores(&self) -> Vec<(PlayerId, i32)> {
        ranking(self.runners.values().map(|&(player, at, _)| (player, at)))
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

/// A room and its clients, on a network without delay.
pub struct Table {
    pub room: Room,
    pub now: Timestamp,
    pub watchers: Vec<Watcher>,
    pub records: Vec<RoomOutput>,
    /// Clients that neither read nor acknowledge.
    pub frozen: Vec<ConnectionId>,
    /// Whether clients hold what they press until they press something else.
    pub held: bool,
    undelivered: Vec<(ConnectionId, Vec<u8>)>,
}

impl Table {
    pub fn new(room: Room) -> Self {
        let (watchers, records, frozen, undelivered) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            room,
            now: Timestamp::ZERO,
            watchers,
            records,
            frozen,
            held: false,
            undelivered,
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
            properties: Properties::default(),
            role,
            transient: false,
            knows_schema: false,
        };
        self.attach_who(connection, attach)
    }

    pub fn attach_who(&mut self, connection: u64, attach: Attach) -> usize {
        self.watchers
            .push(Watcher::new(connection, attach.session.0));
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
                        held: self.held,
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
        for (connection, message) in core::mem::take(&mut self.undelivered) {
            self.hand_over(connection, &message);
        }
    }

    fn deliver(&mut self) {
        while let Some(output) = self.room.poll_output() {
            match output {
                RoomOutput::Send(connection, message) if self.frozen.contains(&connection) => {
                    self.undelivered.push((connection, message));
                }
                RoomOutput::Send(connection, message) => self.hand_over(connection, &message),
                RoomOutput::Close(connection, close) => {
                    let watcher = self
                        .watchers
                        .iter_mut()
                        .find(|w| w.connection == connection);
                    let watcher = watcher.unwrap();
                    watcher.closed = Some(close.reason);
                    watcher.close_text = close.text();
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

/// Why a watcher was refused what it asked of the room.
pub fn room_refusals(table: &Table, watcher: usize) -> Vec<RoomRefusal> {
    let told = table.watchers[watcher].replies.iter();
    told.filter_map(|reply| match reply {
        ServerControl::RoomRefused(refusal) => Some(*refusal),
        _ => None,
    })
    .collect()
}
