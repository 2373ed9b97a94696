//! Control messages: everything that is not a frame, an input or a command.
//!
//! Serde types, written by [`crate::codec`]. The order of variants and fields is the wire format.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::command::CommandOutcome;
use crate::error::DecodeError;
use crate::game::Outcome;
use crate::id::{PlayerId, RoomCode, RoomId, SessionId, StreamSlot, TeamId};
use crate::limits::{CLIENT_MESSAGE_BYTES_MAX, CONTROL_BYTES_MAX, JOIN_KEY_BYTES};
use crate::message::chat::{ChatLine, ChatRefusal, ChatTo};
use crate::message::lobby::{Lobby, RoomRefusal, RoomRequest};
use crate::properties::Properties;
use crate::tick::{Tick, TickRate};

/// From client to server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ClientControl {
    /// The first message of a connection.
    Hello(Box<Hello>),
    /// "What time is it?" Answered at once with [`ServerControl::Pong`].
    Ping {
        /// Comes back in the answer.
        nonce: u32,
    },
    /// After a match: "again!" When all connected players said so, it starts at once.
    Rematch,
    /// The client leaves for good: its seat is free.
    Leave,
    /// One stream went astray: the client wants a join of it, and lets its chunks pass until then.
    Resync {
        /// The timeline that the client is in; in another one all streams begin anew anyway.
        incarnation: u32,
        /// Which stream.
        stream: StreamSlot,
        /// The tick of the frame that did not fit. A join for a later tick answers this already.
        tick: Tick,
    },
    /// Says something. It comes back to the sender as others hear it, or is refused.
    Chat {
        /// To whom.
        to: ChatTo,
        /// What.
        text: String,
    },
    /// Asks something of the room.
    Room(RoomRequest),
}

/// Who a client is and what it wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::PROTOCOL_VERSION`].
    pub protocol: u16,
    /// The game's name; without one the server's default game.
    pub game: Option<String>,
    /// The fingerprint of the schema that the client knows; with it the schema is not sent, and a
    /// different one is refused.
    pub fingerprint: Option<u64>,
    /// Which room.
    pub room: RoomSelector,
    /// The token of the session to take up again; the room is then the session's, whatever `room`
    /// says.
    pub resume: Option<Vec<u8>>,
    /// The player's name, shown to others. It identifies nobody.
    pub name: String,
    /// Names and values of the player's [`Properties`], shown to others. A session that is taken up
    /// again keeps those that it has.
    pub properties: Vec<(String, String)>,
    /// Whether to play or to watch.
    pub role: Role,
    /// Asks for company: if this hello makes a new room, the server's own bots may play in it.
    pub company: bool,
    /// The password of the room, which a new one has from then on. Quick play needs none, since it
    /// never leads to a room that has one.
    pub password: Option<String>,
    /// Names this join, so that it may be repeated when no answer came: 16 random bytes, new for each
    /// join, as secret as a resume token.
    pub join_key: Option<[u8; JOIN_KEY_BYTES]>,
}

impl Default for Hello {
    /// Quick play in the server's default game, without a name.
    fn default() -> Self {
        Self {
            protocol: super::PROTOCOL_VERSION,
            game: None,
            fingerprint: None,
            room: RoomSelector::any(),
            resume: None,
            name: String::new(),
            properties: Vec::new(),
            role: Role::Player,
            company: false,
            password: None,
            join_key: None,
        }
    }
}

/// Which room to join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomSelector {
    /// The best open room of the game that is as asked for, or a new one.
    QuickPlay {
        /// What the room has to be like: a [`Query`](crate::query::Query) as text. A new one gets the
        /// labels that it asks for.
        query: String,
    },
    /// The room with this id; made if there is none, so that operators can name rooms in advance.
    Id(RoomId),
    /// The room with this code.
    Code(RoomCode),
    /// A new room.
    Create(CreateOptions),
}

impl RoomSelector {
    /// The best open room, whatever it is like.
    pub fn any() -> Self {
        Self::QuickPlay {
            query: String::new(),
        }
    }
}

/// How a new room shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOptions {
    /// Kept out of quick play and lists: only its code leads in.
    pub private: bool,
    /// Fewer seats than the game and the server allow.
    pub players_max: Option<u16>,
    /// With a message each snapshot tick, also if all went as predicted: to compare what silence
    /// saves.
    pub loud: bool,
    /// How many seconds after it happened those who watch are told, if that is more than the server
    /// has it; more than two minutes count as two minutes.
    pub spectator_delay: u8,
    /// Names and values of its [`Labels`](crate::labels::Labels), by which quick play finds it.
    pub labels: Vec<(String, String)>,
    /// Names and values of the game's rules that are other than usual here:
    /// [`Game::set_rule`](crate::game::Game::set_rule) takes them.
    pub rules: Vec<(String, String)>,
    /// When its matches begin.
    pub lobby: Lobby,
}

/// What a member of a room does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Plays: has a seat.
    Player,
    /// Watches.
    Spectator,
}

/// From server to client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ServerControl {
    /// The answer to a hello.
    Welcome(Box<Welcome>),
    /// What changed about the room since the last of these.
    Room(RoomUpdate),
    /// The answer to a command.
    CommandReply {
        /// The sender's number of it.
        sequence: u32,
        /// What became of it.
        outcome: CommandOutcome,
    },
    /// The answer to a ping.
    Pong {
        /// The ping's.
        nonce: u32,
        /// Microseconds since the running match's tick 0 was due; 0 while none is running.
        match_micros: u64,
    },
    /// What was said since the last of these, oldest first. After a Welcome, what was said lately.
    Chat(Vec<ChatLine>),
    /// Something that the client said is heard by nobody.
    ChatRefused(ChatRefusal),
    /// The room does not do what the client asked for.
    RoomRefused(RoomRefusal),
}

/// What a client needs to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The client's stay.
    pub session: SessionId,
    /// Which attach of the session this is, from 1.
    pub attach: u32,
    /// Takes the session up again on another connection.
    pub resume_token: Vec<u8>,
    /// How long the seat is kept after a connection is lost, in milliseconds.
    pub grace_ms: u32,
    /// The room.
    pub room: RoomId,
    /// Leads others to it.
    pub code: RoomCode,
    /// The client's seat, if it plays.
    pub player: Option<PlayerId>,
    /// The game's name.
    pub game: String,
    /// Steps per second.
    pub tick_rate: TickRate,
    /// Ticks from one snapshot to the next, while the server is not overloaded.
    pub snapshot_interval: u8,
    /// Identifies the schema.
    pub fingerprint: u64,
    /// The schema, unless the client knows it.
    pub schema: Option<Vec<u8>>,
    /// The streams that the client will follow.
    pub streams: Vec<StreamSlot>,
    /// The room as it is now, whole.
    pub state: RoomUpdate,
}

/// A change of a room, or all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoomUpdate {
    /// Where the room is in its life, if that changed.
    pub phase: Option<PhaseInfo>,
    /// Whether `roster` is everybody; else what changed.
    pub whole: bool,
    /// Members' seats that are new or changed.
    pub roster: Vec<RosterEntry>,
    /// Seats that are free again.
    pub left: Vec<PlayerId>,
}

/// One seat as everybody sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    /// The seat.
    pub player: PlayerId,
    /// Its player's name.
    pub name: String,
    /// Whether its player is connected now.
    pub connected: bool,
    /// Whether its player is ready for the next match, where that begins when all are.
    pub ready: bool,
    /// Whether its player is the host: of those who play the one who came first, in a room whose
    /// matches begin when all are ready. Others have none.
    pub host: bool,
    /// Its player's team, in a game that has teams.
    pub team: Option<TeamId>,
    /// What its player says of itself.
    pub properties: Properties,
}

/// Where a room is in its life, as its members see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PhaseInfo {
    /// Waiting for players.
    Lobby {
        /// How many more have to come.
        missing: u16,
        /// How many of those who are connected are not ready; nothing in a room whose matches begin
        /// by themselves.
        unready: Option<u16>,
        /// When the match begins, in milliseconds from now, once its countdown has begun.
        starts_ms: Option<u32>,
    },
    /// A match is running. Whoever held frames or inputs of another incarnation drops them: its
    /// streams start anew.
    Running {
        /// Counts matches and recoveries of this room: the name of this timeline.
        incarnation: u32,
        /// The tick it is at.
        tick: Tick,
    },
    /// A match has ended.
    Ended {
        /// The timeline that ended.
        incarnation: u32,
        /// At which tick.
        tick: Tick,
        /// With what result.
        outcome: Outcome,
        /// Until the next match begins by itself, in milliseconds.
        rematch_ms: u32,
    },
    /// A match was recovered after the server was lost, and stands still until those who played it
    /// are back. It goes on as `Running`, in a new timeline.
    Held {
        /// The tick it is at, which may lie a little before what its players have seen.
        tick: Tick,
        /// How many of them are not back yet.
        missing: u16,
        /// When it goes on at the latest, in milliseconds from now.
        longest_ms: u32,
    },
}

impl PhaseInfo {
    /// A lobby that waits for so many players, whose match begins by itself then.
    pub const fn waiting(missing: u16) -> Self {
        Self::Lobby {
            missing,
            unready: None,
            starts_ms: None,
        }
    }
}

impl ClientControl {
    /// Reads the body of a control section from a client.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the codec.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > CLIENT_MESSAGE_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        codec::decode(bytes)
    }

    /// The body of a control section.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

impl ServerControl {
    /// Reads the body of a control section from a server.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the codec.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > CONTROL_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        codec::decode(bytes)
    }

    /// The body of a control section.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }
}

#[cfg(test)]
mod tests;
