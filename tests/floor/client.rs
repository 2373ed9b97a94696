//! One client that costs as little as possible: it greets, sends inputs, acknowledges, and counts.
//!
//! It reads of what comes only what an honest client must know to send the right bytes: that a
//! message came, the match's time and its timeline. Knows no socket; time is an argument.

use std::fmt;
use std::sync::Arc;

use syncline_client_core::clock_sync::ClockSync;
use syncline_client_core::controls;
use syncline_shared::bits::ByteReader;
use syncline_shared::input::{InputBatch, InputFrame, InputFrames, InputWords};
use syncline_shared::limits::{ACK_MESSAGES_MAX, ACK_MICROS_MAX};
use syncline_shared::message::control::{
    ClientControl, Hello, PhaseInfo, Role, RoomSelector, ServerControl,
};
use syncline_shared::message::{SectionKind, sections, write_section};
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

/// The shortest time between two changes of mind, in milliseconds.
const PRESS_MS_MIN: u32 = 500;

/// How much longer than the shortest it may be, in milliseconds.
const PRESS_MS_SPREAD: u32 = 1000;

/// How early an input is meant to be, in eighths of a tick, by the least: enough for a timer that is
/// late, and so little that the server sees no reason to tell.
const EARLY_EIGHTHS: u64 = 3;

/// When an input is too late to be the next tick's, and another is sent.
const EARLY_EIGHTHS_MIN: u64 = 1;

/// When an input is too early for the next tick. The match's time was put back then, and now and then
/// a turn is left out until it fits again: all of them at once would spare the server its work.
const EARLY_EIGHTHS_MAX: u64 = 12;
const TURNS_TO_WAIT: u32 = 8;

/// When it is so early that it waits for its time.
const AHEAD_EIGHTHS_MAX: u64 = 96;

/// What one looks at lies so many eighths of a tick before the input's own: two ticks.
const VIEW_EIGHTHS: u64 = 16;

/// The longest time without an input in a match, when they are sent on change alone.
const INPUT_PAUSE_MICROS: u64 = 250_000;

/// How often one that only watches says that it is there.
const HEARTBEAT_MICROS: u64 = 5_000_000;

/// When a client sends inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inputs {
    /// One each tick.
    EveryTick,
    /// When what is pressed changes, and four times a second.
    OnChange,
    /// Never: it watches, and says now and then that it is there.
    Never,
}

impl fmt::Display for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EveryTick => "every tick",
            Self::OnChange => "on change",
            Self::Never => "never",
        })
    }
}

/// What a client does.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Its room; without one it is served by the bare loop, which says nothing that can be read.
    pub(crate) room: Option<RoomSelector>,
    /// When it sends inputs.
    pub(crate) inputs: Inputs,
    /// Whether it tells what it has received.
    pub(crate) acknowledges: bool,
    /// Names all that is random about it.
    pub(crate) seed: u64,
}

/// What came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages.
    pub(crate) messages: u64,
    /// Their payload.
    pub(crate) bytes: u64,
    /// Frames in them.
    pub(crate) frames: u64,
    /// Ticks by which the newest frame went on.
    pub(crate) ticks: u64,
    /// Messages sent.
    pub(crate) sent: u64,
    /// Their payload.
    pub(crate) sent_bytes: u64,
    /// The longest time between two messages, in microseconds.
    pub(crate) pause_max: u64,
}

/// How long a client waited after its hello, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits {
    /// For the welcome.
    pub(crate) welcome: Option<u64>,
    /// For the first frame.
    pub(crate) frame: Option<u64>,
}

/// What a client has to go on once a match runs.
#[derive(Clone, Debug)]
struct Running {
    incarnation: u32,
    /// The tick of the last input.
    stamped: Tick,
}

/// One client after its WebSocket was opened.
#[derive(Debug)]
pub(crate) struct Client {
    manner: Manner,
    schema: Arc<Schema>,
    rate: TickRate,
    rng: Rng,
    clock: ClockSync,
    running: Option<Running>,
    words: InputWords,
    /// Whether `words` were not sent yet.
    is_news: bool,
    presses_at: Timestamp,
    /// At which an input was thought of.
    turns: u32,
    input_due: Timestamp,
    /// Messages received on this connection, and of those how many it told of.
    received: u32,
    told: u32,
    oldest_untold: Timestamp,
    newest_frame: Option<Tick>,
    last_message: Option<Timestamp>,
    next_heartbeat: Timestamp,
    greeted_at: Timestamp,
    waits: Waits,
    counts: Counts,
}

impl Client {
    /// A client that has said nothing yet.
    pub(crate) fn new(manner: Manner, schema: Arc<Schema>, now: Timestamp) -> Self {
        let rng = Rng::from_seed(manner.seed);
        Self {
            rate: schema.data().tick_rate,
            words: controls::neutral(&schema),
            clock: ClockSync::new(now),
            running: None,
            is_news: true,
            presses_at: now,
            turns: 0,
            input_due: now,
            received: 0,
            told: 0,
            oldest_untold: now,
            newest_frame: None,
            last_message: None,
            next_heartbeat: now,
            greeted_at: now,
            waits: Waits::default(),
            counts: Counts::default(),
            manner,
            schema,
            rng,
        }
    }

    /// The first message.
    pub(crate) fn hello(&mut self, now: Timestamp) -> Vec<u8> {
        self.greeted_at = now;
        let watches = self.manner.inputs == Inputs::Never;
        let hello = Hello {
            game: Some(self.schema.data().game.clone()),
            fingerprint: Some(self.schema.fingerprint()),
            room: self.manner.room.clone().unwrap_or(RoomSelector::any()),
            name: format!("load {}", self.manner.seed),
            role: if watches {
                Role::Spectator
            } else {
                Role::Player
            },
            ..Hello::default()
        };
        let mut message = Vec::new();
        let body = ClientControl::Hello(Box::new(hello)).encode();
        write_section(SectionKind::Control, &body, &mut message);
        message
    }

    /// Whether the server has answered the hello.
    pub(crate) fn is_greeted(&self) -> bool {
        self.received > 0
    }

    /// What came in since the last time that this was asked.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// How long it waited for the first of everything.
    pub(crate) fn waits(&self) -> Waits {
        self.waits
    }

    /// The tick of the newest frame.
    pub(crate) fn newest_frame(&self) -> Option<Tick> {
        self.newest_frame
    }

    /// Takes in a message.
    pub(crate) fn receive(&mut self, now: Timestamp, message: &[u8]) {
        if self.told == self.received {
            self.oldest_untold = now;
        }
        self.received = self.received.wrapping_add(1);
        self.counts.messages += 1;
        self.counts.bytes += message.len() as u64;
        let pause = self.last_message.map_or(0, |last| now.since(last));
        self.counts.pause_max = self.counts.pause_max.max(pause);
        self.last_message = Some(now);
        let waited = now.since(self.greeted_at);
        self.waits.welcome.get_or_insert(waited);
        if self.manner.room.is_none() {
            self.counts.frames += 1;
            self.counts.ticks += 1;
            return;
        }
        for (kind, body) in sections(message).flatten() {
            match kind {
                SectionKind::Frame => {
                    self.waits.frame.get_or_insert(waited);
                    self.frame(body);
                }
                SectionKind::Control => self.control(now, body),
                SectionKind::Input | SectionKind::Command => {}
            }
        }
    }

    /// Reads a frame's tick alone.
    fn frame(&mut self, body: &[u8]) {
        let Ok(tick) = ByteReader::new(body).varint().map(Tick) else {
            return;
        };
        self.counts.frames += 1;
        let before = self.newest_frame.replace(tick);
        self.counts.ticks += before.map_or(0, |before| u64::from(tick.since(before)));
    }

    fn control(&mut self, now: Timestamp, body: &[u8]) {
        match ServerControl::decode(body) {
            Ok(ServerControl::Welcome(welcome)) => {
                self.rate = welcome.tick_rate;
                self.phase(now, welcome.state.phase.as_ref());
            }
            Ok(ServerControl::Room(update)) => self.phase(now, update.phase.as_ref()),
            Ok(ServerControl::Pong {
                nonce,
                match_micros,
            }) => self.clock.pong(now, nonce, match_micros),
            Ok(
                ServerControl::CommandReply { .. }
                | ServerControl::Chat(_)
                | ServerControl::ChatRefused(_)
                | ServerControl::RoomRefused(_),
            )
            | Err(_) => {}
        }
    }

    fn phase(&mut self, now: Timestamp, phase: Option<&PhaseInfo>) {
        match phase {
            Some(&PhaseInfo::Running { incarnation, .. }) => {
                self.clock.restart(now);
                self.newest_frame = None;
                self.running = Some(Running {
                    incarnation,
                    stamped: Tick::ZERO,
                });
            }
            Some(PhaseInfo::Lobby { .. } | PhaseInfo::Ended { .. } | PhaseInfo::Held { .. }) => {
                self.running = None;
            }
            None => {}
        }
    }

    /// What to send now, if anything. Asked once a tick.
    pub(crate) fn advance(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        if !self.is_greeted() {
            return None;
        }
        let mut message = Vec::new();
        if let Some(nonce) = self.ping(now) {
            let ping = ClientControl::Ping { nonce }.encode();
            write_section(SectionKind::Control, &ping, &mut message);
        }
        let frames = self.press(now);
        let next = now.plus_micros(self.rate.period_micros());
        let overdue = self.untold() > 0 && next.since(self.oldest_untold) > ACK_MICROS_MAX;
        if !frames.is_empty() || (overdue && self.manner.acknowledges) {
            self.write_inputs(frames, &mut message);
        }
        self.count_sent(message)
    }

    /// An acknowledgement, if there are so many messages to tell of that it can't wait.
    pub(crate) fn acknowledge(&mut self) -> Option<Vec<u8>> {
        if !self.manner.acknowledges || self.untold() < ACK_MESSAGES_MAX {
            return None;
        }
        let mut message = Vec::new();
        self.write_inputs(InputFrames::new(), &mut message);
        self.count_sent(message)
    }

    /// Gives the seat up.
    pub(crate) fn leave(&mut self) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        let body = ClientControl::Leave.encode();
        write_section(SectionKind::Control, &body, &mut message);
        self.count_sent(message)
    }

    /// Messages that the server does not know to have arrived.
    fn untold(&self) -> u32 {
        self.received.wrapping_sub(self.told)
    }

    /// The nonce of a ping that is due. The bare loop is not asked what time it is.
    fn ping(&mut self, now: Timestamp) -> Option<u32> {
        self.manner.room.as_ref()?;
        if self.manner.inputs != Inputs::Never {
            return self.clock.poll_ping(now);
        }
        let is_due = now >= self.next_heartbeat;
        is_due.then(|| {
            self.next_heartbeat = now.plus_micros(HEARTBEAT_MICROS);
            0
        })
    }

    fn write_inputs(&mut self, frames: InputFrames, message: &mut Vec<u8>) {
        if self.manner.acknowledges {
            self.told = self.received;
        }
        let running = self.running.as_ref();
        let batch = InputBatch {
            incarnation: running.map_or(0, |running| running.incarnation),
            received: self.told,
            held: self.manner.inputs == Inputs::OnChange && !frames.is_empty(),
            frames,
        };
        let mut body = Vec::new();
        batch.encode(self.schema.input(), &mut body);
        write_section(SectionKind::Input, &body, message);
    }

    fn count_sent(&mut self, message: Vec<u8>) -> Option<Vec<u8>> {
        if message.is_empty() {
            return None;
        }
        self.counts.sent += 1;
        self.counts.sent_bytes += message.len() as u64;
        Some(message)
    }

    /// The input frame that is due now, if one is.
    fn press(&mut self, now: Timestamp) -> InputFrames {
        if self.manner.inputs == Inputs::Never {
            return InputFrames::new();
        }
        if now >= self.presses_at {
            let pause = PRESS_MS_MIN + self.rng.below(PRESS_MS_SPREAD + 1);
            self.presses_at = now.plus_micros(u64::from(pause) * 1000);
            self.words = controls::random(&self.schema, &mut self.rng);
            self.is_news = true;
        }
        let time = if self.manner.room.is_none() {
            // The bare loop has no match; its inputs look the same.
            self.running.get_or_insert(Running {
                incarnation: 1,
                stamped: Tick::ZERO,
            });
            Some(now)
        } else {
            self.clock.match_time(now)
        };
        let (Some(time), Some(running)) = (time, &mut self.running) else {
            return InputFrames::new();
        };
        if self.manner.inputs == Inputs::OnChange && !self.is_news && now < self.input_due {
            return InputFrames::new();
        }
        // Each tick's input once and in its turn, as long as that is early enough: timers waver.
        let eighths = |count| time.plus_micros(self.rate.period_micros() * count / 8);
        let mut tick = running.stamped.next();
        let due = self.rate.due(tick);
        self.turns = self.turns.wrapping_add(1);
        if due < eighths(EARLY_EIGHTHS_MIN) || due > eighths(AHEAD_EIGHTHS_MAX) {
            tick = self.rate.tick_at(eighths(EARLY_EIGHTHS)).next();
        } else if due > eighths(EARLY_EIGHTHS_MAX) && self.turns.is_multiple_of(TURNS_TO_WAIT) {
            return InputFrames::new();
        }
        if tick <= running.stamped {
            return InputFrames::new();
        }
        running.stamped = tick;
        self.is_news = false;
        self.input_due = now.plus_micros(INPUT_PAUSE_MICROS);
        InputFrames::from([InputFrame {
            tick,
            view: ViewTick::before(tick, VIEW_EIGHTHS),
            words: self.words.clone(),
        }])
    }
}
