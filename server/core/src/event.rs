//! What goes into a room and what comes out.

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::command::CommandMessage;
use syncline_shared::id::{RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::input::InputBatch;
use syncline_shared::journal::{FileHeader, Record};
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::Role;
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::properties::Properties;
use syncline_shared::tick::Tick;

/// One open connection of this process; a later one has a higher number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What happens to a room.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// A greeted connection wants in. Answered by a Welcome or a close.
    Attach(ConnectionId, Box<Attach>),
    /// A connection sent something. Ignored from connections that are not attached.
    Message(ConnectionId, ClientMessage),
    /// A connection is gone. Its session keeps its seat for the grace period.
    Detach(ConnectionId),
    /// The room ends: every member is closed for this reason.
    Stop(CloseReason),
}

/// Who wants in.
#[derive(Clone, Debug)]
pub struct Attach {
    /// The client's stay: new, or proved by a resume token.
    pub session: SessionId,
    /// Whether the session must exist already.
    pub resume: bool,
    /// Goes into the Welcome.
    pub resume_token: Vec<u8>,
    /// The player's name, as the client gave it.
    pub name: String,
    /// What the player says of itself.
    pub properties: Properties,
    /// Whether to play or to watch.
    pub role: Role,
    /// Whether the client is part of the server, and is lost with it: nobody waits for it then.
    pub transient: bool,
    /// Whether the client knows the schema, so that it need not be sent.
    pub knows_schema: bool,
}

/// A decoded section of a client's message.
#[derive(Clone, Debug)]
pub enum ClientMessage {
    /// Answered at once with a pong.
    Ping {
        /// Comes back in the answer.
        nonce: u32,
    },
    /// A vote for another match.
    Rematch,
    /// The client gives up its seat.
    Leave,
    /// Acknowledgement and inputs.
    Input(InputBatch),
    /// A command.
    Command(CommandMessage),
    /// A stream went astray: the member wants a join of it.
    Resync {
        /// The timeline that the member is in.
        incarnation: u32,
        /// Which stream.
        stream: StreamSlot,
        /// The tick of the frame that did not fit.
        tick: Tick,
    },
    /// It says something.
    Chat {
        /// To whom.
        to: ChatTo,
        /// What; `None` if the shell's filter does not let it pass.
        text: Option<String>,
    },
    /// It asks something of the room.
    Room(RoomRequest),
}

/// What a room wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomOutput {
    /// Send this message to this connection.
    Send(ConnectionId, Vec<u8>),
    /// Close this connection; it is not attached any more.
    Close(ConnectionId, Close),
    /// A member's stream went astray and is joined anew. Nothing is to be done but to tell of it:
    /// this end, that end or what lies between them has a defect.
    Astray(Astray),
    /// A journal of the match that comes next begins with this; its build and time are the shell's to
    /// say. Only if the room records.
    JournalBegan(Box<FileHeader>),
    /// Something that belongs into the journal that began last. Only if the room records; always
    /// before the frames of the tick. Checkpoints are apart, and when a hold was is the shell's to say.
    Record(Box<Record>),
    /// The match as it went on after this tick, which was just recorded, not packed yet. Likewise.
    Checkpoint(Tick, Vec<u8>),
}

/// Whose stream went astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Astray {
    /// The member's connection.
    pub connection: ConnectionId,
    /// The member's session.
    pub session: SessionId,
    /// Which stream.
    pub stream: StreamSlot,
    /// The tick of the frame that did not fit.
    pub tick: Tick,
}

/// A room at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomStatus {
    /// Its id.
    pub id: RoomId,
    /// Its code.
    pub code: RoomCode,
    /// The game's name.
    pub game: &'static str,
    /// "lobby", "held", "running" or "ended".
    pub phase: &'static str,
    /// The tick of the match that is running or has ended.
    pub tick: Tick,
    /// Seats taken, those of lost connections included.
    pub players: u16,
    /// Seats in all.
    pub players_max: u16,
    /// Sessions that watch, those of lost connections included.
    pub spectators: u16,
    /// How far they are behind, in microseconds: less than was set, for the rest of a match of which
    /// there was too little room to hold so much back.
    pub spectator_delay_micros: u64,
    /// Connected members of either kind.
    pub connected: u16,
    /// Whether it is kept out of lists and quick play.
    pub private: bool,
    /// Whether a new player would be taken now.
    pub open: bool,
    /// Grows when a session comes, changes or goes.
    pub roster_changes: u32,
    /// Grows when something is said.
    pub said: u64,
    /// The second of the match, in each of which somebody may have scored.
    pub second: u32,
}
