//! What rooms are made with: what the operator set, and what whoever makes a room asks for.

use syncline_server_core::RoomConfig;
use syncline_server_core::config::SPECTATOR_DELAY_MICROS_MAX;
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::journal::RoomLock;
use syncline_shared::labels::Labels;
use syncline_shared::limits::PASSWORD_BYTES_MAX;
use syncline_shared::message::control::CreateOptions;
use syncline_shared::message::lobby::Lobby;

use super::lock;
use crate::clock::micros;
use crate::config::Config;
use crate::entropy;
use crate::games::HostedGame;

/// What every room of this process is made with.
pub(super) struct RoomRules {
    pub(super) rooms_max: usize,
    /// From one address.
    pub(super) rooms_per_address: usize,
    pub(super) players_max: u16,
    pub(super) bandwidth_sampling: u32,
    pub(super) silence: bool,
    pub(super) grace_micros: u64,
    pub(super) empty_micros: u64,
    pub(super) rematch_micros: u64,
    pub(super) countdown_micros: u64,
    pub(super) spectator_delay_micros: u64,
    /// How long a seat can be taken whose player never heard of it: until its connection is found
    /// dead, and then for the grace period.
    pub(super) unheard_micros: u64,
    /// For how long a thread may be in one room before nobody is sent there any more.
    pub(super) stall_micros: u64,
}

impl RoomRules {
    /// As `config` says.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            rooms_max: usize::try_from(config.max_rooms).unwrap_or(usize::MAX),
            rooms_per_address: usize::try_from(config.max_rooms_per_address).unwrap_or(usize::MAX),
            players_max: config.max_players,
            bandwidth_sampling: config.bandwidth_sampling,
            silence: config.silence,
            grace_micros: micros(config.grace_period),
            empty_micros: micros(config.empty_timeout),
            rematch_micros: micros(config.rematch_delay),
            countdown_micros: micros(config.lobby_countdown),
            spectator_delay_micros: micros(config.spectator_delay),
            unheard_micros: micros(config.idle_timeout.saturating_add(config.grace_period)),
            stall_micros: micros(config.stall_timeout),
        }
    }

    /// The settings of a new room of `game`, as far as may be those that its maker asks for.
    ///
    /// # Errors
    ///
    /// [`CloseReason::InvalidOptions`].
    pub(super) fn room(
        &self,
        id: RoomId,
        code: RoomCode,
        game: &HostedGame,
        options: &CreateOptions,
        password: Option<&str>,
    ) -> Result<RoomConfig, Close> {
        let labels = Labels::new(options.labels.iter().cloned());
        let labels = labels.map_err(|problem| invalid(&problem))?;
        let wanted = options.players_max.unwrap_or(u16::MAX).max(game.seats.min);
        let asked = u64::from(options.spectator_delay) * 1_000_000;
        let longest = SPECTATOR_DELAY_MICROS_MAX;
        Ok(RoomConfig {
            private: options.private,
            players_max: wanted.min(self.players_max).min(game.seats.max),
            snapshot_interval: game.snapshot_interval,
            bandwidth_sampling: self.bandwidth_sampling,
            silence: self.silence && !options.loud,
            grace_micros: self.grace_micros,
            empty_micros: self.empty_micros,
            rematch_micros: self.rematch_micros,
            countdown_micros: self.countdown(options.lobby),
            spectator_delay_micros: self.spectator_delay_micros.max(asked).min(longest),
            labels,
            lock: password.map(lock_of).transpose()?,
            ..RoomConfig::new(id, code, entropy::draw())
        })
    }

    /// How long the countdown to a match is, where all have to be ready.
    fn countdown(&self, lobby: Lobby) -> Option<u64> {
        match lobby {
            Lobby::Automatic => None,
            Lobby::WhenReady { countdown } => {
                let asked = countdown.map(|seconds| u64::from(seconds) * 1_000_000);
                Some(asked.unwrap_or(self.countdown_micros))
            }
        }
    }
}

fn lock_of(password: &str) -> Result<RoomLock, Close> {
    if !(1..=PASSWORD_BYTES_MAX).contains(&password.len()) {
        let rule = format!("a password has 1 to {PASSWORD_BYTES_MAX} bytes");
        return Err(invalid(&rule));
    }
    let salt = [entropy::draw(), entropy::draw()].map(u64::to_le_bytes);
    let salt = salt.concat().try_into();
    Ok(lock::lock(password, salt.expect("twice eight bytes")))
}

/// Something that a room can't be, or that says nothing about rooms.
pub(super) fn invalid(problem: &impl ToString) -> Close {
    Close::new(CloseReason::InvalidOptions, problem.to_string())
}
