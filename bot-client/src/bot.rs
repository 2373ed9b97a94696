//! One bot: a socket, a client, a mind, in one task.
//!
//! The loop is: deliver what has arrived, decide, advance the client, carry out what it wants, wait
//! for whatever is due next.

use std::sync::Arc;
use std::time::Duration;

use syncline_client_core::behaviour::Pilot;
use syncline_client_core::client::{Client, ClientConfig};
use syncline_client_core::event::{ClientEvent, NetworkEvent, Output};
use syncline_client_core::playing::Playing;
use syncline_client_core::sight::Sight;
use syncline_shared::limits::JOIN_KEY_BYTES;
use syncline_shared::message::control::PhaseInfo;
use syncline_shared::predict::Predict;
use syncline_shared::tick::Timestamp;
use tokio::time::{sleep_until, timeout_at};

use crate::address::Source;
use crate::chatter::Chatter;
use crate::conditioner::{Delay, Stalls};
use crate::config::Room;
use crate::connection::{Connection, Incoming};
use crate::context::Context;
use crate::record::{Counts, Record};

/// How long a connection that is being opened may outlast the swarm: one that would have come in
/// time is told from one that never would.
const CONNECT_OVERTIME: Duration = Duration::from_secs(1);

/// A bot that plays.
pub(crate) struct Bot<P: Predict> {
    swarm: Arc<Context>,
    client: Client<P>,
    pilot: Pilot,
    connection: Option<Connection>,
    /// Whether the connection's end was heard: nothing more will come from it.
    heard_end: bool,
    down: Delay<Incoming>,
    up: Delay<Vec<u8>>,
    stalls: Stalls,
    record: Record,
    /// If it talks.
    chatter: Option<Chatter>,
    /// Of this connection's input frames, how many were counted.
    input_frames: u64,
    in_room: bool,
    leaving: bool,
    source: Source,
}

/// Bytes that nobody can guess; without them a bot can't repeat a join, which is no reason not to play.
fn join_secret() -> Option<[u8; JOIN_KEY_BYTES]> {
    let mut secret = [0; JOIN_KEY_BYTES];
    getrandom::fill(&mut secret).ok()?;
    Some(secret)
}

impl<P> Bot<P>
where
    P: Predict<State: Send, Scenery: Send>,
{
    /// The bot of this number, which has not connected yet.
    pub(crate) fn new(swarm: Arc<Context>, number: u32) -> Self {
        let config = &swarm.config;
        // Neighbouring numbers must not give neighbouring sequences.
        let seed = (config.seed ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let client = ClientConfig {
            name: format!("bot-{number}"),
            game: Some(config.game.clone()),
            schema: swarm.schema.get().cloned(),
            room: config.room_of(number),
            role: config.role,
            properties: config.properties.clone(),
            password: config.password.clone(),
            join_secret: join_secret(),
            seed,
            inputs: config.inputs,
            ..ClientConfig::default()
        };
        Self {
            client: Client::new(client, swarm.decoding.of_bot()),
            pilot: Pilot::new(config.behaviour, seed ^ 1),
            connection: None,
            heard_end: false,
            down: Delay::new(config.path, seed ^ 2),
            up: Delay::new(config.path, seed ^ 3),
            stalls: Stalls::new(config.stall, swarm.now(), seed ^ 4),
            record: Record::default(),
            chatter: config.chat.then(|| Chatter::new(swarm.now(), seed ^ 5)),
            input_frames: 0,
            in_room: false,
            leaving: false,
            source: Source::of(number),
            swarm,
        }
    }

    /// Plays until the swarm's end; what was seen.
    pub(crate) async fn play(mut self) -> Counts {
        loop {
            let now = self.swarm.now();
            if !self.leaving && now >= self.swarm.end {
                self.record.leaving(now, self.swarm.config.plays());
                self.leaving = true;
                self.client.leave(now);
            }
            if let Some(pause) = self.stalls.poll(now)
                && self.client.playing().is_some()
            {
                self.freeze(now, pause).await;
            }
            self.step().await;
            if self.client.is_closed() {
                break;
            }
            self.wait().await;
        }
        if !self.leaving {
            let plays = self.swarm.config.plays();
            self.record.leaving(self.swarm.now(), plays);
        }
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
        self.record.finish(&self.swarm.tally)
    }

    /// Neither reads nor writes for a while.
    async fn freeze(&mut self, now: Timestamp, pause: Duration) {
        self.record.frozen(now);
        let pause = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        let until = now.plus_micros(pause).min(self.swarm.end);
        sleep_until(self.swarm.instant(until)).await;
        self.record.thawed(self.swarm.now());
    }

    async fn step(&mut self) {
        let now = self.swarm.now();
        while let Some(incoming) = self.down.pop(now) {
            match incoming {
                Incoming::Message(message) => {
                    self.record.message(message.len());
                    self.swarm.timeline.message(message.len());
                    self.client.handle(now, NetworkEvent::Message(&message));
                }
                Incoming::Closed(code, text) => {
                    if let Some(connection) = self.cut() {
                        connection.close().await;
                    }
                    self.client.handle(now, NetworkEvent::Closed(code, &text));
                }
            }
            self.carry_out(now).await;
        }
        self.decide(now);
        self.talk(now);
        self.client.advance(now);
        self.carry_out(now).await;
        while let Some(message) = self.up.pop(now) {
            if let Some(connection) = &mut self.connection
                && !connection.send(message).await
            {
                self.cut();
                let why = "the server does not read";
                self.client.handle(now, NetworkEvent::Closed(None, why));
                self.carry_out(now).await;
            }
        }
    }

    /// What the player sees of a running match.
    fn sight(&self) -> Option<Sight<'_>> {
        let playing = self.client.playing()?;
        playing.sight().filter(|_| playing.is_running())
    }

    fn decide(&mut self, now: Timestamp) {
        if self.pilot.next_due().is_none_or(|due| now < due) {
            return;
        }
        let playing = self.client.playing().filter(|playing| playing.is_running());
        if let Some(sight) = playing.and_then(Playing::sight)
            && let Some(words) = self.pilot.decide(now, sight)
        {
            self.client.set_input(words);
        }
    }

    fn talk(&mut self, now: Timestamp) {
        let Some(playing) = self.client.playing().filter(|_| !self.leaving) else {
            return;
        };
        let player = playing.joined().player;
        let chatter = self.chatter.as_mut();
        if let Some((to, line)) = chatter.and_then(|chatter| chatter.poll(now, player)) {
            self.record.chat().said += 1;
            self.client.chat(to, line.to_owned());
        }
    }

    /// Does what the client wants, and notes what it tells.
    async fn carry_out(&mut self, now: Timestamp) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect => self.connect().await,
                Output::Send(message) => {
                    let frames = self.client.playing().map_or(0, Playing::input_frames_sent);
                    let new = frames.saturating_sub(self.input_frames);
                    self.input_frames = frames;
                    self.record.sent(new);
                    self.swarm.timeline.sent(new);
                    self.up.push(now, message);
                }
                Output::Disconnect => {
                    if let Some(connection) = self.cut() {
                        connection.close().await;
                    }
                }
                Output::Event(event) => self.note(now, event),
            }
        }
    }

    async fn connect(&mut self) {
        self.cut();
        let latest = self.swarm.instant(self.swarm.end) + CONNECT_OVERTIME;
        let (address, transport) = (&self.swarm.address, self.swarm.config.transport);
        let opening = Connection::open(address, self.source, transport);
        let opened = timeout_at(latest, opening).await;
        let opened = opened.unwrap_or_else(|_| Err("the swarm ended before".to_owned()));
        let now = self.swarm.now();
        match opened {
            Ok(connection) => {
                self.connection = Some(connection);
                self.record.opened();
                self.client.handle(now, NetworkEvent::Connected);
            }
            Err(why) => self.client.handle(now, NetworkEvent::Closed(None, &why)),
        }
    }

    /// Forgets the connection and everything on its way.
    fn cut(&mut self) -> Option<Connection> {
        self.heard_end = false;
        self.down.clear();
        self.up.clear();
        self.connection.take()
    }

    fn note(&mut self, now: Timestamp, event: ClientEvent) {
        match event {
            ClientEvent::Welcome(joined) => {
                self.swarm.progress.connected();
                if !joined.resumed && matches!(self.swarm.config.room, Room::Create(_)) {
                    self.swarm.progress.made(joined.room, joined.code);
                }
                self.swarm.timeline.entered();
                self.in_room = true;
                self.input_frames = 0;
                self.record.welcome(now, &joined);
                if let Some(playing) = self.client.playing() {
                    let known = || Arc::clone(playing.schema());
                    self.swarm.schema.get_or_init(known);
                }
            }
            ClientEvent::PhaseChanged(PhaseInfo::Running { incarnation, .. }) => {
                if let Some(playing) = self.client.playing() {
                    let interval = playing.joined().snapshot_interval;
                    let rate = playing.rate();
                    self.record.match_began(now, incarnation, rate, interval);
                }
            }
            ClientEvent::PhaseChanged(PhaseInfo::Ended { .. }) => {
                self.record.match_ended(now);
                self.client.vote_rematch();
            }
            ClientEvent::PhaseChanged(PhaseInfo::Lobby { .. } | PhaseInfo::Held { .. }) => {
                self.record.match_ended(now);
                self.client.be_ready();
            }
            ClientEvent::RosterChanged => {
                self.client.be_ready();
                let mates = self.client.playing().map(Playing::mates);
                self.pilot.side_with(mates.into_iter().flatten());
            }
            ClientEvent::Frame(report) if !self.leaving => {
                let Some(playing) = self.client.playing() else {
                    return;
                };
                let period = playing.rate().period_micros();
                let lead = playing.input_lead() * 100 / period;
                self.record
                    .frame(now, &report, lead, period, &self.swarm.tally);
                let (age, inputs) = (report.age, &report.input_ages);
                let timeline = &self.swarm.timeline;
                timeline.frame(report.snapshots, report.bytes, age, inputs);
            }
            ClientEvent::Astray(_) => self.record.resync(),
            ClientEvent::Chat(_) => self.record.chat().heard += 1,
            ClientEvent::ChatRefused(_) => self.record.chat().refused += 1,
            ClientEvent::Closed(closed) => {
                self.swarm.progress.closed();
                let was_in = core::mem::take(&mut self.in_room);
                self.swarm.timeline.closed(was_in);
                self.record.closed(now, &closed, self.leaving);
            }
            ClientEvent::Frame(_)
            | ClientEvent::GameEvents { .. }
            | ClientEvent::CommandReply { .. }
            | ClientEvent::CommandLost { .. }
            | ClientEvent::RoomRefused(_) => {}
        }
    }

    /// Waits until something comes or is due.
    async fn wait(&mut self) {
        let decides = self.sight().and_then(|_| self.pilot.next_due());
        let is_in = !self.leaving && self.client.playing().is_some();
        let talks = self.chatter.as_ref().filter(|_| is_in);
        let talks = talks.map(Chatter::next_due);
        let end = (!self.leaving).then_some(self.swarm.end);
        let dues = [
            self.client.next_due(),
            decides,
            talks,
            self.down.next_due(),
            self.up.next_due(),
            self.stalls.next_due(),
            end,
        ];
        let next = dues.into_iter().flatten().min().unwrap_or(self.swarm.end);
        let timer = sleep_until(self.swarm.instant(next));
        let listening = !self.heard_end && self.down.has_room();
        let Some(connection) = self.connection.as_mut().filter(|_| listening) else {
            return timer.await;
        };
        tokio::select! {
            biased;
            incoming = connection.receive() => {
                self.heard_end = matches!(incoming, Incoming::Closed(..));
                self.down.push(self.swarm.now(), incoming);
            }
            () = timer => {}
        }
    }
}
