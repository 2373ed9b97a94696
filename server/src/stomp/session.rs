//! What a client's frames mean, in their order: who may speak, what it subscribed to, what it has yet
//! to acknowledge, what it has begun.
//!
//! Frames in, acts out. Knows no socket, clock or room: whether there is a room of that name, and
//! whether something can be said in it, its shell finds out.

use std::collections::{BTreeMap, VecDeque};

use syncline_shared::close::CloseReason;
use syncline_shared::limits::NAME_CHARS_MAX;
use syncline_shared::message::chat::{ChatRefusal, clean};

use super::frame::{Command, Frame};
use super::heart_beat::{self, HeartBeats};
use super::refusal::Refusal;

/// The version of STOMP that is spoken here.
const VERSION: &str = "1.2";

/// The most subscriptions of one client.
const SUBSCRIPTIONS_MAX: usize = 16;

/// The most transactions that a client has begun and not ended.
const TRANSACTIONS_MAX: usize = 8;

/// The most frames of a transaction.
const TRANSACTION_FRAMES_MAX: usize = 16;

/// The most messages of a subscription that wait for an acknowledgement, where it is one that
/// acknowledges; more are not sent.
pub(super) const UNACKNOWLEDGED_MAX: usize = 64;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Hear and speak.
    Speaks,
    /// Hear.
    Listens,
    /// Nothing: its passcode is wrong.
    Refused,
}

/// Says what whoever shows this passcode may do.
pub(super) type Door = Box<dyn Fn(Option<&str>) -> Entry + Send>;

/// What is told to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// What people say.
    Chat,
    /// That, and what happens.
    Events,
}

/// What the shell has to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The client is greeted, under this name; these are its heart-beats.
    Greet(String, HeartBeats),
    /// Send it this.
    Send(Frame),
    /// Tell the subscription with this number of a room, from after a line on; if `credited` only
    /// as many messages as [`UNACKNOWLEDGED_MAX`], and as many more as are allowed.
    Follow {
        /// Which subscription.
        number: u64,
        /// The room's id or code.
        room: String,
        /// What of it.
        topic: Topic,
        /// Whether it acknowledges.
        credited: bool,
        /// The line.
        heard: u64,
    },
    /// That many more messages.
    Allow {
        /// Which subscription.
        number: u64,
        /// How many.
        messages: usize,
    },
    /// Tell it no more.
    Unfollow(u64),
    /// Say something in a room; if that is not possible, the frame wanted this receipt.
    Say {
        /// The room's id or code.
        room: String,
        /// What.
        text: String,
        /// What a refusal is an answer to.
        receipt: Option<String>,
    },
    /// It is over, in good order.
    End,
}

/// How a subscription acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AckMode {
    /// Not at all.
    Auto,
    /// All up to a message.
    Client,
    /// Each message.
    Individual,
}

#[derive(Debug)]
struct Subscription {
    id: String,
    destination: String,
    mode: AckMode,
    /// How many messages it was sent.
    sent: u64,
    unacknowledged: VecDeque<u64>,
}

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has said nothing.
    Arrived,
    /// It was greeted.
    Greeted {
        /// Whether it may speak.
        speaks: bool,
    },
    /// It said that it goes.
    Over,
}

/// One client.
pub(super) struct Session {
    door: Door,
    /// How often it should give a sign of life, in milliseconds.
    wanted: u32,
    phase: Phase,
    /// The id of the session, which a client is told.
    id: String,
    /// By their numbers, which are never used again.
    subscriptions: BTreeMap<u64, Subscription>,
    subscribed: u64,
    transactions: BTreeMap<String, Vec<Frame>>,
}

impl Session {
    /// A client that has said nothing, and that should give a sign of life every `wanted`
    /// milliseconds.
    pub(super) fn new(id: String, wanted: u32, door: Door) -> Self {
        Self {
            door,
            wanted,
            phase: Phase::Arrived,
            id,
            subscriptions: BTreeMap::new(),
            subscribed: 0,
            transactions: BTreeMap::new(),
        }
    }

    /// What a frame asks for.
    ///
    /// # Errors
    ///
    /// Why the client has to go.
    pub(super) fn handle(&mut self, frame: Frame) -> Result<Vec<Act>, Refusal> {
        let receipt = frame.header("receipt").map(ToOwned::to_owned);
        let is_greeting = matches!(frame.command, Command::Connect | Command::Stomp);
        let acts = match self.phase {
            // What comes after a goodbye is for nobody.
            Phase::Over => return Ok(Vec::new()),
            Phase::Arrived if is_greeting => return self.greet(&frame).map_err(|it| it.of(None)),
            Phase::Arrived => Err(Refusal::new(CloseReason::OutOfOrder, "CONNECT comes first")),
            Phase::Greeted { speaks } => self.carry_out(frame, speaks),
        };
        let mut acts = acts.map_err(|refusal| refusal.of(receipt.as_deref()))?;
        if let Some(receipt) = receipt {
            // A goodbye ends with it.
            let at = acts.iter().position(|act| *act == Act::End);
            let receipt = Frame::new(Command::Receipt).with("receipt-id", receipt);
            acts.insert(at.unwrap_or(acts.len()), Act::Send(receipt));
        }
        Ok(acts)
    }

    /// The message for a subscription that the shell has news for; nothing if there is none any more.
    pub(super) fn message(&mut self, number: u64, event: &str, body: String) -> Option<Frame> {
        let subscription = self.subscriptions.get_mut(&number)?;
        subscription.sent += 1;
        let id = format!("{number}-{}", subscription.sent);
        let mut frame = Frame::new(Command::Message)
            .with("subscription", subscription.id.clone())
            .with("message-id", id.clone())
            .with("destination", subscription.destination.clone())
            .with("event", event);
        if subscription.mode != AckMode::Auto {
            subscription.unacknowledged.push_back(subscription.sent);
            frame = frame.with("ack", id);
        }
        Some(frame.with_body("application/json;charset=utf-8", body))
    }

    fn greet(&mut self, frame: &Frame) -> Result<Vec<Act>, Refusal> {
        // Without the header it speaks 1.0.
        let versions = frame.header("accept-version").unwrap_or_default();
        if !versions.split(',').any(|version| version.trim() == VERSION) {
            return Err(Refusal::version(VERSION));
        }
        let beats = HeartBeats::agreed(frame.header("heart-beat"), self.wanted)
            .ok_or_else(|| Refusal::malformed("heart-beat is two numbers of milliseconds"))?;
        let speaks = match (self.door)(frame.header("passcode")) {
            Entry::Speaks => true,
            Entry::Listens => false,
            Entry::Refused => {
                let words = "the passcode is not the token of the server";
                return Err(Refusal::new(CloseReason::NotAllowed, words));
            }
        };
        self.phase = Phase::Greeted { speaks };
        let connected = Frame::new(Command::Connected)
            .with("version", VERSION)
            .with("heart-beat", heart_beat::offer(self.wanted))
            .with("server", concat!("syncline/", env!("CARGO_PKG_VERSION")))
            .with("session", self.id.clone());
        let name = name(frame.header("login").unwrap_or_default());
        Ok(vec![Act::Greet(name, beats), Act::Send(connected)])
    }

    fn carry_out(&mut self, frame: Frame, speaks: bool) -> Result<Vec<Act>, Refusal> {
        match frame.command {
            Command::Connect | Command::Stomp => {
                Err(Refusal::new(CloseReason::OutOfOrder, "a second CONNECT"))
            }
            Command::Send => self.send(frame, speaks),
            Command::Subscribe => self.subscribe(&frame),
            Command::Unsubscribe => self.unsubscribe(&frame),
            Command::Ack | Command::Nack => self.acknowledge(frame),
            Command::Begin => self.begin(&frame),
            Command::Commit => {
                let (_, frames) = self.end_transaction(&frame)?;
                let mut acts = Vec::new();
                for frame in frames {
                    acts.extend(self.carry_out(frame, speaks)?);
                }
                Ok(acts)
            }
            Command::Abort => self.end_transaction(&frame).map(|_| Vec::new()),
            Command::Disconnect => {
                self.phase = Phase::Over;
                Ok(vec![Act::End])
            }
            Command::Connected | Command::Message | Command::Receipt | Command::Error => {
                Err(Refusal::malformed("only servers send this command"))
            }
        }
    }

    fn send(&mut self, frame: Frame, speaks: bool) -> Result<Vec<Act>, Refusal> {
        if !speaks {
            let words = "to speak needs the token of the server as the passcode of CONNECT";
            return Err(Refusal::new(CloseReason::NotAllowed, words));
        }
        let room = match destination(required(&frame, "destination")?)? {
            (room, Topic::Chat) => room.to_owned(),
            (_, Topic::Events) => return Err(Refusal::malformed("nobody speaks in events")),
        };
        let text = str::from_utf8(&frame.body)
            .map_err(|_| Refusal::new(CloseReason::InvalidText, "a body is UTF-8"))?;
        let text = clean(text).map_err(unsaid)?;
        let receipt = frame.header("receipt").map(ToOwned::to_owned);
        if self.put_off(frame)?.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![Act::Say {
            room,
            text,
            receipt,
        }])
    }

    fn subscribe(&mut self, frame: &Frame) -> Result<Vec<Act>, Refusal> {
        let id = required(frame, "id")?;
        let destination = required(frame, "destination")?;
        let (room, topic) = self::destination(destination)?;
        let mode = match frame.header("ack") {
            None | Some("auto") => AckMode::Auto,
            Some("client") => AckMode::Client,
            Some("client-individual") => AckMode::Individual,
            Some(_) => {
                let words = "ack is auto, client or client-individual";
                return Err(Refusal::malformed(words));
            }
        };
        let heard = match frame.header("last-event-id").map(str::parse) {
            None => 0,
            Some(Ok(heard)) => heard,
            Some(Err(_)) => return Err(Refusal::malformed("last-event-id is a number")),
        };
        if self.numbered(id).is_some() {
            return Err(Refusal::malformed("there is a subscription of this id"));
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            let words = format!("a connection has at most {SUBSCRIPTIONS_MAX} subscriptions");
            return Err(Refusal::new(CloseReason::TooManyMessages, words));
        }
        self.subscribed += 1;
        let number = self.subscribed;
        let subscription = Subscription {
            id: id.to_owned(),
            destination: destination.to_owned(),
            mode,
            sent: 0,
            unacknowledged: VecDeque::new(),
        };
        self.subscriptions.insert(number, subscription);
        Ok(vec![Act::Follow {
            number,
            room: room.to_owned(),
            topic,
            credited: mode != AckMode::Auto,
            heard,
        }])
    }

    fn unsubscribe(&mut self, frame: &Frame) -> Result<Vec<Act>, Refusal> {
        let number = self.numbered(required(frame, "id")?);
        let unknown = || Refusal::malformed("there is no subscription of this id");
        let number = number.ok_or_else(unknown)?;
        self.subscriptions.remove(&number);
        Ok(vec![Act::Unfollow(number)])
    }

    /// The number of the subscription that its client calls so.
    fn numbered(&self, id: &str) -> Option<u64> {
        let mut subscriptions = self.subscriptions.iter();
        let found = subscriptions.find(|(_, subscription)| subscription.id == id);
        found.map(|(number, _)| *number)
    }

    /// Takes a message off those that wait. Nothing is sent twice, so that both commands mean that.
    fn acknowledge(&mut self, frame: Frame) -> Result<Vec<Act>, Refusal> {
        let unknown = || Refusal::malformed("id is that of no message that was sent");
        let id = required(&frame, "id")?;
        let (number, message) = id
            .split_once('-')
            .and_then(|(number, message)| Some((number.parse().ok()?, message.parse().ok()?)))
            .filter(|(number, message)| *number <= self.subscribed && *message > 0)
            .ok_or_else(unknown)?;
        let sent = |it: &Subscription| it.mode != AckMode::Auto && message <= it.sent;
        if !self.subscriptions.get(&number).is_none_or(sent) {
            return Err(unknown());
        }
        if self.put_off(frame)?.is_none() {
            return Ok(Vec::new());
        }
        // A subscription that is over waits for nothing.
        let Some(subscription) = self.subscriptions.get_mut(&number) else {
            return Ok(Vec::new());
        };
        let waited = subscription.unacknowledged.len();
        let all_before = subscription.mode == AckMode::Client;
        subscription
            .unacknowledged
            .retain(|other| *other != message && !(all_before && *other < message));
        let messages = waited - subscription.unacknowledged.len();
        Ok(vec![Act::Allow { number, messages }])
    }

    fn begin(&mut self, frame: &Frame) -> Result<Vec<Act>, Refusal> {
        let name = required(frame, "transaction")?;
        if self.transactions.contains_key(name) {
            return Err(Refusal::malformed("this transaction was begun"));
        }
        if self.transactions.len() >= TRANSACTIONS_MAX {
            let words = format!("a connection has at most {TRANSACTIONS_MAX} transactions");
            return Err(Refusal::new(CloseReason::TooManyMessages, words));
        }
        self.transactions.insert(name.to_owned(), Vec::new());
        Ok(Vec::new())
    }

    fn end_transaction(&mut self, frame: &Frame) -> Result<(String, Vec<Frame>), Refusal> {
        let name = required(frame, "transaction")?;
        let ended = self.transactions.remove_entry(name);
        ended.ok_or_else(|| Refusal::malformed("this transaction was not begun"))
    }

    /// Keeps a frame for the end of its transaction; gives it back if it is of none.
    fn put_off(&mut self, mut frame: Frame) -> Result<Option<Frame>, Refusal> {
        let Some(name) = frame.header("transaction").map(ToOwned::to_owned) else {
            return Ok(Some(frame));
        };
        let unknown = || Refusal::malformed("this transaction was not begun");
        let frames = self.transactions.get_mut(&name).ok_or_else(unknown)?;
        if frames.len() >= TRANSACTION_FRAMES_MAX {
            let words = format!("a transaction has at most {TRANSACTION_FRAMES_MAX} frames");
            return Err(Refusal::new(CloseReason::TooManyMessages, words));
        }
        // Then it is of none, and its receipt was given.
        frame
            .headers
            .retain(|(name, _)| name != "transaction" && name != "receipt");
        frames.push(frame);
        Ok(None)
    }
}

/// Why something can't be said.
pub(super) fn unsaid(refusal: ChatRefusal) -> Refusal {
    let (reason, words) = match refusal {
        ChatRefusal::TooFast { retry_ms } => {
            let words = format!("too much was said; go on in {retry_ms} ms");
            return Refusal::new(CloseReason::TooManyMessages, words);
        }
        ChatRefusal::TooLong => (CloseReason::MessageTooLarge, "a line is too long"),
        ChatRefusal::Empty => (CloseReason::Malformed, "a line says nothing"),
        ChatRefusal::Muted => (CloseReason::NotAllowed, "this connection was muted"),
        ChatRefusal::Filtered => (CloseReason::NotAllowed, "this is not said here"),
        ChatRefusal::NotAPlayer | ChatRefusal::NoSuchPlayer | ChatRefusal::NoTeam => {
            (CloseReason::NotAllowed, "this can't be said")
        }
    };
    Refusal::new(reason, words)
}

/// A header that a command needs.
fn required<'a>(frame: &'a Frame, name: &str) -> Result<&'a str, Refusal> {
    frame.header(name).ok_or_else(|| {
        let command = frame.command.name();
        Refusal::malformed(format!("{command} needs the header {name}"))
    })
}

/// The room, by its id or code, and what of it a destination means.
fn destination(name: &str) -> Result<(&str, Topic), Refusal> {
    let parts = name
        .strip_prefix("/topic/room.")
        .and_then(|rest| rest.rsplit_once('.'));
    match parts {
        Some((room, "chat")) => Ok((room, Topic::Chat)),
        Some((room, "events")) => Ok((room, Topic::Events)),
        _ => {
            let words = "destinations are /topic/room.ID.chat and /topic/room.ID.events";
            Err(Refusal::new(CloseReason::UnknownRoom, words))
        }
    }
}

/// What others read as the name of who speaks.
fn name(login: &str) -> String {
    let name: String = login.chars().take(NAME_CHARS_MAX).collect();
    clean(&name).unwrap_or_else(|_| "guest".to_owned())
}

#[cfg(test)]
mod tests;
