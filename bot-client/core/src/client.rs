//! One client of one server, across its connections.
//!
//! A [`Client`] connects, greets, plays, and comes back by itself when a connection is lost and the
//! server's reason allows it. It opens no socket and reads no clock.

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::close::{CloseReason, Then};
use syncline_shared::error::DecodeError;
use syncline_shared::id::SessionId;
use syncline_shared::input::InputWords;
use syncline_shared::limits::{JOIN_KEY_BYTES, TOKEN_BYTES_MAX};
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::{
    ClientControl, Hello, Role, RoomSelector, ServerControl, Welcome,
};
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::message::{PROTOCOL_VERSION, SectionKind, sections, write_section};
use syncline_shared::predict::Predict;
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, Timestamp};

use crate::backoff::Backoff;
use crate::commands::Commands;
use crate::event::{ClientEvent, Closed, Ending, NetworkEvent, Output};
use crate::follower::Decoding;
use crate::input_pace::InputPace;
use crate::link::Link;
use crate::playing::Playing;
use crate::prediction::NoPrediction;

/// How long a connection may take to open, and the server to answer a hello, in microseconds.
const ANSWER_MICROS_MAX: u64 = 10_000_000;

/// How long the server may take to close after it was told that the client leaves, in microseconds.
const LEAVING_MICROS_MAX: u64 = 1_000_000;

/// How long a connection must have lasted to count as a success, in microseconds: a server that
/// welcomes and then closes at once is not asked again at once.
const PROVED_MICROS: u64 = 5_000_000;

/// What a client wants of a server.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The name to show.
    pub name: String,
    /// Names and values of the [`Properties`](syncline_shared::properties::Properties) to show.
    pub properties: Vec<(String, String)>,
    /// The game; without one the server's default.
    pub game: Option<String>,
    /// The schema, if it is known already; it is then not sent, and a different one is refused.
    pub schema: Option<Arc<Schema>>,
    /// Which room.
    pub room: RoomSelector,
    /// To play or to watch.
    pub role: Role,
    /// Whether the server's own bots may play in the room, if this client is the first in it.
    pub company: bool,
    /// The room's password, also of a new one.
    pub password: Option<String>,
    /// Random bytes that nobody else knows, from which each join gets a key of its own: then a hello
    /// whose answer was lost can be repeated, and takes no second seat.
    pub join_secret: Option<[u8; JOIN_KEY_BYTES]>,
    /// Names the jitter of reconnects.
    pub seed: u64,
    /// How often to say what the player presses.
    pub inputs: InputPace,
    /// How many frames to keep for drawing; 0 for a client that draws nothing.
    pub snapshots_kept: usize,
}

impl Default for ClientConfig {
    /// Plays the server's default game in any room, without a name, and draws nothing.
    fn default() -> Self {
        Self {
            name: String::new(),
            properties: Vec::new(),
            game: None,
            schema: None,
            room: RoomSelector::any(),
            role: Role::Player,
            company: false,
            password: None,
            join_secret: None,
            seed: 0,
            inputs: InputPace::EveryTick,
            snapshots_kept: 0,
        }
    }
}

/// One client. `P` is the part of its game that it runs ahead of the server.
#[derive(Debug)]
pub struct Client<P: Predict = NoPrediction> {
    config: ClientConfig,
    decoding: Box<dyn Decoding>,
    link: Link<P>,
    backoff: Backoff,
    /// How many joins were answered.
    joins: u32,
    /// The session to take up again.
    session: Option<Resumable>,
    /// The schema of the last Welcome, or the configured one.
    schema: Option<Arc<Schema>>,
    outputs: VecDeque<Output>,
}

/// What is kept of a session between connections.
#[derive(Debug)]
struct Resumable {
    id: SessionId,
    token: Vec<u8>,
    /// The last input that was stamped: its timeline and tick.
    stamped: Option<(u32, Tick)>,
    /// The last line of chat that was heard.
    heard: u64,
    /// What was asked for and not answered.
    commands: Commands,
}

impl<P: Predict> Client<P> {
    /// A client that connects at its first [`Client::advance`] and decodes through `decoding`.
    pub fn new(config: ClientConfig, decoding: Box<dyn Decoding>) -> Self {
        Self {
            backoff: Backoff::new(config.seed),
            joins: 0,
            schema: config.schema.clone(),
            config,
            decoding,
            link: Link::Waiting(Timestamp::ZERO),
            session: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what the network did.
    pub fn handle(&mut self, now: Timestamp, event: NetworkEvent<'_>) {
        match event {
            NetworkEvent::Connected => self.connected(now),
            NetworkEvent::Message(message) => match self.link {
                Link::Greeting(_) | Link::Playing(_) => {
                    if let Err(error) = self.message(now, message) {
                        self.outputs.push_back(Output::Disconnect);
                        self.ended(now, Ending::Unreadable(error), error.to_string());
                    }
                }
                // What was on its way when this end gave up.
                Link::Waiting(_) | Link::Connecting(_) | Link::Leaving(_) | Link::Closed => {}
            },
            NetworkEvent::Closed(code, text) => match self.link {
                Link::Waiting(_) | Link::Closed => {}
                Link::Connecting(_) | Link::Greeting(_) | Link::Playing(_) | Link::Leaving(_) => {
                    self.ended(now, Ending::from_code(code), text.to_owned());
                }
            },
        }
    }

    /// Does what is due: connects, pings, stamps inputs, acknowledges, gives up.
    pub fn advance(&mut self, now: Timestamp) {
        match &mut self.link {
            Link::Waiting(until) if *until <= now => {
                self.link = Link::Connecting(now.plus_micros(ANSWER_MICROS_MAX));
                self.outputs.push_back(Output::Connect);
            }
            Link::Connecting(until) | Link::Greeting(until) if *until <= now => {
                self.outputs.push_back(Output::Disconnect);
                self.ended(now, Ending::Silent, "no answer".to_owned());
            }
            Link::Playing(playing) if playing.silent_at() <= now => {
                self.outputs.push_back(Output::Disconnect);
                self.ended(now, Ending::Silent, "nothing was heard".to_owned());
            }
            Link::Playing(playing) => {
                let message = playing.advance(now);
                self.outputs.extend(message.map(Output::Send));
            }
            Link::Leaving(until) if *until <= now => {
                self.outputs.push_back(Output::Disconnect);
                self.ended(now, Ending::Reason(CloseReason::Left), String::new());
            }
            Link::Waiting(_)
            | Link::Connecting(_)
            | Link::Greeting(_)
            | Link::Leaving(_)
            | Link::Closed => {}
        }
    }

    /// When [`Client::advance`] must be called next; `None` when it is over.
    pub fn next_due(&self) -> Option<Timestamp> {
        match &self.link {
            Link::Waiting(until)
            | Link::Connecting(until)
            | Link::Greeting(until)
            | Link::Leaving(until) => Some(*until),
            Link::Playing(playing) => Some(playing.next_due()),
            Link::Closed => None,
        }
    }

    /// The next thing to do or to know. Call until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Sets what the player presses from now on. Ignored outside a room.
    pub fn set_input(&mut self, words: InputWords) {
        if let Link::Playing(playing) = &mut self.link {
            playing.set_input(words);
        }
    }

    /// Asks for an act; the number that its answer will have, a [`ClientEvent::CommandReply`]. What is
    /// lost with a connection is asked again on the next, and done once; what is lost with its session
    /// or match is told by a [`ClientEvent::CommandLost`]. `None` outside a room, and while
    /// [`COMMANDS_WAITING_MAX`](crate::commands::COMMANDS_WAITING_MAX) wait for answers.
    pub fn send_command(&mut self, payload: Vec<u8>) -> Option<u32> {
        let Link::Playing(playing) = &mut self.link else {
            return None;
        };
        let (sequence, message) = playing.command(payload)?;
        self.outputs.push_back(Output::Send(message));
        Some(sequence)
    }

    /// Votes for another match. Ignored outside a room.
    pub fn vote_rematch(&mut self) {
        if self.playing().is_some() {
            self.send_control(&ClientControl::Rematch);
        }
    }

    /// Says something. It comes back as a [`ClientEvent::Chat`], or is refused. Ignored outside a
    /// room.
    pub fn chat(&mut self, to: ChatTo, text: String) {
        if self.playing().is_some() {
            self.send_control(&ClientControl::Chat { to, text });
        }
    }

    /// Asks something of the room, such as to begin. It does it, or a
    /// [`ClientEvent::RoomRefused`] says why not. Ignored outside a room.
    pub fn ask(&mut self, request: RoomRequest) {
        if self.playing().is_some() {
            self.send_control(&ClientControl::Room(request));
        }
    }

    /// Says that the player is ready, if the room waits for that: for clients that always are, to call
    /// when the roster or the phase has changed.
    pub fn be_ready(&mut self) {
        if self.playing().is_some_and(Playing::is_awaited) {
            self.ask(RoomRequest::Ready(true));
        }
    }

    /// Gives up the seat and ends.
    pub fn leave(&mut self, now: Timestamp) {
        match &mut self.link {
            Link::Playing(playing) => {
                if let Some(session) = &mut self.session {
                    session.commands = playing.take_commands();
                }
                self.send_control(&ClientControl::Leave);
                self.link = Link::Leaving(now.plus_micros(LEAVING_MICROS_MAX));
            }
            Link::Connecting(_) | Link::Greeting(_) => {
                self.outputs.push_back(Output::Disconnect);
                self.finish();
            }
            Link::Waiting(_) => self.finish(),
            Link::Leaving(_) | Link::Closed => {}
        }
    }

    /// The room, while the client is in one.
    pub fn playing(&self) -> Option<&Playing<P>> {
        match &self.link {
            Link::Playing(playing) => Some(playing),
            _ => None,
        }
    }

    /// The same, to ask for what moves with time.
    pub fn playing_mut(&mut self) -> Option<&mut Playing<P>> {
        match &mut self.link {
            Link::Playing(playing) => Some(playing),
            _ => None,
        }
    }

    /// Whether it is over: nothing more will come of this client.
    pub fn is_closed(&self) -> bool {
        matches!(self.link, Link::Closed)
    }

    fn connected(&mut self, now: Timestamp) {
        if !matches!(self.link, Link::Connecting(_)) {
            self.outputs.push_back(Output::Disconnect);
            return;
        }
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            game: self.config.game.clone(),
            fingerprint: self.schema.as_ref().map(|schema| schema.fingerprint()),
            room: self.config.room.clone(),
            resume: self.session.as_ref().map(|session| session.token.clone()),
            name: self.config.name.clone(),
            properties: self.config.properties.clone(),
            role: self.config.role,
            company: self.config.company,
            password: self.config.password.clone(),
            join_key: self.join_key(),
        };
        self.send_control(&ClientControl::Hello(Box::new(hello)));
        self.link = Link::Greeting(now.plus_micros(ANSWER_MICROS_MAX));
    }

    /// Names the join that is tried now, the same until it is answered.
    fn join_key(&self) -> Option<[u8; JOIN_KEY_BYTES]> {
        let mut key = self.config.join_secret?;
        for (byte, number) in key.iter_mut().zip(self.joins.to_le_bytes()) {
            *byte ^= number;
        }
        self.session.is_none().then_some(key)
    }

    fn send_control(&mut self, control: &ClientControl) {
        let mut message = Vec::new();
        write_section(SectionKind::Control, &control.encode(), &mut message);
        self.outputs.push_back(Output::Send(message));
    }

    fn message(&mut self, now: Timestamp, message: &[u8]) -> Result<(), DecodeError> {
        for section in sections(message) {
            let (kind, body) = section?;
            match &mut self.link {
                Link::Playing(playing) => {
                    let decoding = self.decoding.as_mut();
                    playing.section(now, kind, body, decoding, &mut self.outputs)?;
                }
                Link::Greeting(_) => match (kind, ServerControl::decode(body)?) {
                    (SectionKind::Control, ServerControl::Welcome(welcome)) => {
                        self.welcome(now, *welcome)?;
                    }
                    _ => return Err(DecodeError::OutOfOrder),
                },
                Link::Waiting(_) | Link::Connecting(_) | Link::Leaving(_) | Link::Closed => break,
            }
        }
        if let Link::Playing(playing) = &mut self.link {
            playing.message_ended(now, &mut self.outputs);
        }
        Ok(())
    }

    fn welcome(&mut self, now: Timestamp, welcome: Welcome) -> Result<(), DecodeError> {
        let schema = match &welcome.schema {
            Some(bytes) => Arc::new(Schema::decode(bytes)?),
            None => self.schema.clone().ok_or(DecodeError::Invalid)?,
        };
        if schema.fingerprint() != welcome.fingerprint
            || welcome.resume_token.len() > TOKEN_BYTES_MAX
        {
            return Err(DecodeError::Invalid);
        }
        self.schema = Some(Arc::clone(&schema));
        self.joins = self.joins.wrapping_add(1);
        if self
            .session
            .as_ref()
            .is_some_and(|it| it.id != welcome.session)
        {
            self.forget_session();
        }
        let before = self.session.take();
        self.session = Some(Resumable {
            id: welcome.session,
            token: welcome.resume_token.clone(),
            stamped: None,
            heard: before.as_ref().map_or(0, |session| session.heard),
            commands: Commands::default(),
        });
        let stamped = before.as_ref().and_then(|session| session.stamped);
        let ClientConfig {
            snapshots_kept,
            inputs,
            ..
        } = self.config;
        let (resumed, attach) = (before.is_some(), welcome.attach);
        let mut playing = Playing::new(
            now,
            welcome,
            schema,
            resumed,
            stamped,
            snapshots_kept,
            inputs,
        );
        playing.hear_after(before.as_ref().map_or(0, |session| session.heard));
        let commands = before.map(|session| session.commands).unwrap_or_default();
        let lost = playing.resume_commands(attach, commands);
        self.tell_lost(lost);
        let joined = playing.joined().clone();
        self.outputs
            .push_back(Output::Event(ClientEvent::Welcome(joined)));
        let phase = playing.phase().clone();
        self.outputs
            .push_back(Output::Event(ClientEvent::PhaseChanged(phase)));
        self.outputs
            .push_back(Output::Event(ClientEvent::RosterChanged));
        self.link = Link::Playing(Box::new(playing));
        Ok(())
    }

    /// A connection is over, or the attempt at one.
    fn ended(&mut self, now: Timestamp, ending: Ending, detail: String) {
        let mut then = ending.then();
        match &mut self.link {
            Link::Playing(playing) => {
                if now.since(playing.since()) >= PROVED_MICROS {
                    self.backoff.succeeded();
                }
                if let Some(session) = &mut self.session {
                    session.stamped = playing.stamped();
                    session.heard = playing.heard();
                    session.commands = playing.take_commands();
                }
            }
            Link::Leaving(_) => return self.finish(),
            Link::Waiting(_) | Link::Connecting(_) | Link::Greeting(_) | Link::Closed => {}
        }
        // Else nobody knows whether there is a seat.
        if then != Then::Resume {
            self.joins = self.joins.wrapping_add(1);
        }
        match then {
            Then::Never | Then::Rejoin => self.forget_session(),
            Then::Resume if self.session.is_none() => then = Then::Rejoin,
            Then::Resume | Then::Retry(_) => {}
        }
        let wait = self.backoff.wait(then);
        self.link = wait.map_or(Link::Closed, |wait| Link::Waiting(now.plus_micros(wait)));
        self.outputs
            .push_back(Output::Event(ClientEvent::Closed(Closed {
                ending,
                detail,
                then,
            })));
    }

    /// The session is over, and nothing that was asked in it will be answered.
    fn forget_session(&mut self) {
        let session = self.session.take();
        let lost = session.map(|mut session| session.commands.give_up());
        self.tell_lost(lost.unwrap_or_default());
    }

    fn tell_lost(&mut self, lost: Vec<u32>) {
        let event = |sequence| Output::Event(ClientEvent::CommandLost { sequence });
        self.outputs.extend(lost.into_iter().map(event));
    }

    /// It ends because the client wanted it.
    fn finish(&mut self) {
        self.link = Link::Closed;
        self.forget_session();
        self.outputs
            .push_back(Output::Event(ClientEvent::Closed(Closed {
                ending: Ending::Reason(CloseReason::Left),
                detail: String::new(),
                then: Then::Never,
            })));
    }
}

#[cfg(test)]
mod tests;
