//! A room as those see it who are not in it: its state, and what was said to everybody.

use syncline_shared::game::Outcome;
use syncline_shared::id::PlayerId;
use syncline_shared::labels::Labels;
use syncline_shared::message::chat::ChatLine;
use syncline_shared::message::control::RosterEntry;
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::event::RoomStatus;
use crate::phase::Phase;

/// A room's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// Who and what is there.
    pub status: RoomStatus,
    /// Whether it has a password.
    pub locked: bool,
    /// What it says of itself.
    pub labels: Labels,
    /// The timeline that it is in, or was in last.
    pub incarnation: u32,
    /// How many players have to come before a match begins, or come back before it goes on.
    pub missing: u16,
    /// How many connected players are not ready, in the lobby of a room where that matters.
    pub unready: Option<u16>,
    /// Whether the countdown to a match runs.
    pub starting: bool,
    /// How many teams there are; 0 without.
    pub teams: u8,
    /// Everybody who has a seat.
    pub roster: Vec<RosterEntry>,
    /// What players have scored in the match that runs or has ended, best first, as far as its game
    /// tells it. Nothing while it runs and those who watch are told of it later.
    pub scores: Vec<(PlayerId, i32)>,
    /// The result of the match that has ended.
    pub outcome: Option<Outcome>,
}

impl Room {
    /// The room's state, whole.
    pub fn overview(&self) -> Overview {
        let (missing, outcome) = match &self.phase {
            Phase::Lobby => (self.missing_players(), None),
            Phase::Running(running) => match &running.hold {
                Some(hold) => (self.awaited_count(hold), None),
                None => (0, None),
            },
            Phase::Ended(ended) => (0, Some(ended.outcome.clone())),
        };
        let players = self.sessions.players();
        Overview {
            status: self.status(),
            locked: self.config.lock.is_some(),
            labels: self.config.labels.clone(),
            incarnation: self.incarnation,
            missing,
            unready: self
                .unready()
                .filter(|_| matches!(self.phase, Phase::Lobby)),
            starting: self.starts_at.is_some(),
            teams: self.teams,
            roster: players
                .filter_map(|(player, _)| self.sessions.roster_entry(player))
                .collect(),
            scores: match &self.phase {
                Phase::Lobby => Vec::new(),
                Phase::Running(_) if self.delay.is_some() => Vec::new(),
                Phase::Running(running) => running.game.scores(),
                Phase::Ended(ended) => ended.outcome.scores.clone(),
            },
            outcome,
        }
    }

    /// What was said to everybody after the line `heard`, as far as it is kept, and the last line's id.
    pub fn said_since(&self, now: Timestamp, heard: u64) -> (Vec<ChatLine>, u64) {
        (self.chat.log.public_since(now, heard), self.chat.log.last())
    }
}
