//! What the operator, or whoever made the room, sets for a room.

use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::journal::{FileHeader, RoomHeader, RoomLock};
use syncline_shared::labels::Labels;

/// The longest that spectators may be behind, in microseconds.
pub const SPECTATOR_DELAY_MICROS_MAX: u64 = 120_000_000;

/// The settings of one room.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The room's id.
    pub id: RoomId,
    /// Leads others to the room.
    pub code: RoomCode,
    /// Kept out of lists and quick play.
    pub private: bool,
    /// What its password is compared with, if it has one; by the shell.
    pub lock: Option<RoomLock>,
    /// What it says of itself.
    pub labels: Labels,
    /// Seats; the game may allow fewer, and never less than a match needs.
    pub players_max: u16,
    /// Members who watch.
    pub spectators_max: u16,
    /// How long after it happened those who watch are told of everything, in microseconds, at most
    /// [`SPECTATOR_DELAY_MICROS_MAX`].
    pub spectator_delay_micros: u64,
    /// Ticks from one snapshot to the next, from 1 to a second's.
    pub snapshot_interval: u32,
    /// How long a lost player's seat is kept, in microseconds.
    pub grace_micros: u64,
    /// How long the room stays open without any session, in microseconds.
    pub empty_micros: u64,
    /// How long a result is shown before the next match begins by itself, in microseconds.
    pub rematch_micros: u64,
    /// How long the countdown to a match is, in microseconds, if matches begin when all are ready;
    /// without it they begin as soon as enough players are there.
    pub countdown_micros: Option<u64>,
    /// Ticks from one checkpoint to the next; 0 takes none. Taking one is part of the tick.
    pub checkpoint_interval: u32,
    /// Whether a tick with nothing to say to a member is left out.
    pub silence: bool,
    /// Of how many snapshots one is sampled for what each field costs; 0 samples none. Changes no
    /// byte that is sent.
    pub bandwidth_sampling: u32,
    /// Whether the room puts out its matches' records.
    pub record: bool,
    /// The seed of the room's matches.
    pub seed: u64,
}

impl RoomConfig {
    /// A room with the default settings.
    pub fn new(id: RoomId, code: RoomCode, seed: u64) -> Self {
        Self {
            id,
            code,
            private: false,
            lock: None,
            labels: Labels::default(),
            players_max: 1024,
            spectators_max: 1024,
            spectator_delay_micros: 0,
            snapshot_interval: 1,
            grace_micros: 15_000_000,
            empty_micros: 30_000_000,
            rematch_micros: 10_000_000,
            countdown_micros: None,
            checkpoint_interval: 300,
            silence: true,
            bandwidth_sampling: 16,
            record: false,
            seed,
        }
    }

    /// The room of a journal that begins with `header`, as it was.
    pub fn restored(header: &FileHeader) -> Self {
        let room = &header.room;
        Self {
            private: room.private,
            players_max: room.players_max,
            spectators_max: room.spectators_max,
            snapshot_interval: room.snapshot_interval,
            silence: room.silence,
            grace_micros: room.grace_micros,
            empty_micros: room.empty_micros,
            rematch_micros: room.rematch_micros,
            spectator_delay_micros: room.spectator_delay_micros,
            lock: room.lock.clone(),
            labels: room.labels.clone(),
            countdown_micros: room.countdown_micros,
            checkpoint_interval: header.start.checkpoint_interval,
            ..Self::new(room.id, room.code, room.seed)
        }
    }

    /// What a journal says of the room.
    pub fn header(&self) -> RoomHeader {
        RoomHeader {
            id: self.id,
            code: self.code,
            private: self.private,
            players_max: self.players_max,
            spectators_max: self.spectators_max,
            snapshot_interval: self.snapshot_interval,
            silence: self.silence,
            grace_micros: self.grace_micros,
            empty_micros: self.empty_micros,
            rematch_micros: self.rematch_micros,
            spectator_delay_micros: self.spectator_delay_micros,
            lock: self.lock.clone(),
            labels: self.labels.clone(),
            countdown_micros: self.countdown_micros,
            seed: self.seed,
        }
    }
}
