//! What a journal begins with: everything that its match needs, by value.

use serde::{Deserialize, Serialize};

use super::MatchHeader;
use crate::game::Profile;
use crate::id::{PlayerId, RoomCode, RoomId, SessionId};
use crate::labels::Labels;

/// The first bytes of every journal; the format's version is the byte behind them.
pub const MAGIC: [u8; 7] = *b"SYNCJNL";

/// The version of the format that this program writes.
pub const VERSION: u8 = 1;

/// What a journal begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileHeader {
    /// The program that wrote it, such as `syncline 0.1.0`. Another one may still read it; whether
    /// the match is the same under its games, the hashes tell.
    pub build: String,
    /// When the journal began, in milliseconds since 1970. Only for people.
    pub started_unix_ms: u64,
    /// The room.
    pub room: RoomHeader,
    /// The timeline of the match in its room.
    pub incarnation: u32,
    /// The game's schema, as [`Schema::encoded`](crate::schema::Schema::encoded) has it: input words
    /// are as wide as it says.
    pub schema: Vec<u8>,
    /// What the match started from.
    pub start: MatchHeader,
    /// Who was in the room when it began. Those with a seat join by the acts of the first tick.
    pub roster: Vec<SeatedSession>,
}

/// A room's settings, to open it again as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomHeader {
    /// Its id.
    pub id: RoomId,
    /// Its code.
    pub code: RoomCode,
    /// Whether it is kept out of lists and quick play.
    pub private: bool,
    /// Seats.
    pub players_max: u16,
    /// Members who may watch.
    pub spectators_max: u16,
    /// Ticks from one snapshot to the next.
    pub snapshot_interval: u32,
    /// Whether ticks with nothing to say to a member are left out.
    pub silence: bool,
    /// How long a lost player's seat is kept, in microseconds.
    pub grace_micros: u64,
    /// How long the room stays open without any session, in microseconds.
    pub empty_micros: u64,
    /// How long a result is shown, in microseconds.
    pub rematch_micros: u64,
    /// How long after it happened those who watch are told, in microseconds.
    pub spectator_delay_micros: u64,
    /// What its password is compared with, if it has one.
    pub lock: Option<RoomLock>,
    /// What it says of itself.
    pub labels: Labels,
    /// How long the countdown to a match is, in microseconds, if matches begin when all are ready.
    pub countdown_micros: Option<u64>,
    /// The seed of the room; each match adds its number.
    pub seed: u64,
}

/// What a password is compared with. The password itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLock {
    /// The room's own.
    pub salt: [u8; Self::SALT_BYTES],
    /// What HMAC-SHA256 makes of the password, with the salt as its key.
    pub hash: [u8; 32],
}

impl RoomLock {
    /// Bytes of a salt.
    pub const SALT_BYTES: usize = 16;
}

/// One client's stay in the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatedSession {
    /// Which.
    pub session: SessionId,
    /// Its seat, if it plays.
    pub player: Option<PlayerId>,
    /// What others know of it, and the game if it plays.
    pub profile: Profile,
    /// Its place in the order in which sessions came to the room.
    pub came: u32,
    /// How often it was attached.
    pub attaches: u32,
    /// Whether it has a connection.
    pub connected: bool,
    /// Whether its client is part of the server, and is lost with it.
    pub transient: bool,
}
