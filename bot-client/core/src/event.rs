//! What goes into a client and what comes out.

use std::sync::Arc;

use smallvec::SmallVec;
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::command::CommandOutcome;
use syncline_shared::error::DecodeError;
use syncline_shared::id::{PlayerId, RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::message::chat::{ChatLine, ChatRefusal};
use syncline_shared::message::control::PhaseInfo;
use syncline_shared::message::lobby::RoomRefusal;
use syncline_shared::snapshot::Event;
use syncline_shared::tick::Tick;

use crate::prediction::Comparison;
use crate::streams::Astray;

/// What the network did.
#[derive(Clone, Copy, Debug)]
pub enum NetworkEvent<'a> {
    /// The connection that was asked for is open.
    Connected,
    /// A message came.
    Message(&'a [u8]),
    /// The connection is gone, or could not be opened: the close code, if there was one, and its
    /// text.
    Closed(Option<u16>, &'a str),
}

/// What the client wants done, or tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a connection. Nothing else is asked for before it is open.
    Connect,
    /// Send this message.
    Send(Vec<u8>),
    /// Close the connection; nothing of it is taken in any more.
    Disconnect,
    /// This happened.
    Event(ClientEvent),
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEvent {
    /// The client is in a room.
    Welcome(Joined),
    /// The room is at another stage of its life.
    PhaseChanged(PhaseInfo),
    /// Who is in the room has changed.
    RosterChanged,
    /// A frame came.
    Frame(FrameReport),
    /// The game told of something.
    GameEvents {
        /// At which snapshot tick.
        tick: Tick,
        /// To whom.
        stream: StreamSlot,
        /// What, in order.
        events: Arc<[Event]>,
    },
    /// A command was answered.
    CommandReply {
        /// Its number.
        sequence: u32,
        /// What became of it.
        outcome: CommandOutcome,
    },
    /// A command will not be answered: its session or its match is over. Nobody knows whether it was
    /// done.
    CommandLost {
        /// Its number.
        sequence: u32,
    },
    /// Something was said that the client had not heard.
    Chat(ChatLine),
    /// Something that the client said is heard by nobody.
    ChatRefused(ChatRefusal),
    /// The room does not do what the client asked for.
    RoomRefused(RoomRefusal),
    /// A stream's bytes did not fit: the server was asked for it anew. Until it comes its last world
    /// is shown, and no frame is whole.
    Astray(Astray),
    /// A connection, or the attempt at one, is over.
    Closed(Closed),
}

/// The client's place in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The client's stay.
    pub session: SessionId,
    /// Whether it goes on from an earlier connection.
    pub resumed: bool,
    /// The room.
    pub room: RoomId,
    /// Leads others to it.
    pub code: RoomCode,
    /// The seat, if the client plays.
    pub player: Option<PlayerId>,
    /// Ticks from one snapshot to the next.
    pub snapshot_interval: u8,
}

/// What a frame did.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameReport {
    /// Its tick.
    pub tick: Tick,
    /// Bytes of its section in the message.
    pub bytes: usize,
    /// Snapshot ticks that it covers, silent ones included; 0 for a further piece of a join.
    pub snapshots: u32,
    /// Whether a stream was joined, so that what was before is not covered.
    pub joined: bool,
    /// Whether all streams have reached the tick with it.
    pub whole: bool,
    /// Chunks and joins that could not be decoded, or after which the server, or other followers of
    /// the same streams, have something else.
    pub mismatches: u32,
    /// How long ago the tick was due, in microseconds, as far as the clock is known.
    pub age: Option<u64>,
    /// How the inputs of the ticks since the last frame came about, by
    /// [`syncline_shared::input::InputStatus::code`].
    pub statuses: [u32; 4],
    /// For each input that the frame tells was applied: how long ago it was stamped, in
    /// microseconds.
    pub input_ages: SmallVec<[u64; 2]>,
    /// How the prediction of the own player fared.
    pub prediction: Comparison,
}

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Why.
    pub ending: Ending,
    /// What a person should know about it; may be empty.
    pub detail: String,
    /// What the client does next, by itself.
    pub then: Then,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server gave a reason.
    Reason(CloseReason),
    /// The server gave a code that is in no table of ours.
    UnknownCode(u16),
    /// The network gave up, or never got there.
    Lost,
    /// The server's bytes could not be read.
    Unreadable(DecodeError),
    /// The server was silent for too long.
    Silent,
}

impl Ending {
    /// The name in reports.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Reason(reason) => reason.slug(),
            Self::UnknownCode(_) => "unknown_code",
            Self::Lost => "lost",
            Self::Unreadable(_) => "unreadable",
            Self::Silent => "silent",
        }
    }

    /// What the client does next.
    pub const fn then(self) -> Then {
        match self {
            Self::Reason(reason) => reason.then(),
            Self::UnknownCode(_) | Self::Lost | Self::Unreadable(_) | Self::Silent => Then::Resume,
        }
    }

    /// The ending with this close code; without one the connection was lost.
    pub fn from_code(code: Option<u16>) -> Self {
        code.map_or(Self::Lost, |code| {
            CloseReason::from_code(code).map_or(Self::UnknownCode(code), Self::Reason)
        })
    }
}
