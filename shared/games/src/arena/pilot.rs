//! A player of arena: its ship or wreck, its hit points and its score.
//!
//! Knows how a ship is damaged and renewed, not when.

use glam::IVec2;
use serde::{Deserialize, Serialize};
use syncline_shared::id::{EntityId, PlayerId, TeamId};
use syncline_shared::tick::Tick;

use super::flight::Flight;
use super::rows::{Cockpit, Ship, ShipKind};

/// A player and its ship.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pilot {
    /// Who.
    pub(super) player: PlayerId,
    /// Its team, if there are teams.
    pub(super) team: Option<TeamId>,
    /// Where the ship is, and what its gun does.
    pub(super) flight: Flight,
    /// Whether there is a ship.
    pub(super) condition: Condition,
    /// What the ship can still take.
    pub(super) hp: u8,
    /// Ships destroyed.
    pub(super) score: u32,
    /// The kind that was asked for last.
    pub(super) chosen: u8,
}

/// Whether a player has a ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Condition {
    /// It flies.
    Alive {
        /// Since when.
        since: Tick,
    },
    /// It is a wreck.
    Wrecked {
        /// Ticks until there is a new one.
        respawn_in: u16,
    },
}

impl Pilot {
    /// A player who gets a ship at the next tick.
    pub(super) fn new(player: PlayerId, team: Option<TeamId>) -> Self {
        Self {
            player,
            team,
            flight: Flight::still(IVec2::ZERO, 0, 0),
            condition: Condition::Wrecked { respawn_in: 1 },
            hp: 0,
            score: 0,
            chosen: 0,
        }
    }

    /// Whether its ship flies.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.condition, Condition::Alive { .. })
    }

    /// Whether another ship was chosen and may still be had at once.
    pub(super) fn wants_exchange(&self, now: Tick, exchange_ticks: u32) -> bool {
        match self.condition {
            Condition::Alive { since } => {
                self.chosen != self.flight.kind && now.since(since) <= exchange_ticks
            }
            Condition::Wrecked { .. } => false,
        }
    }

    /// A new ship of `kind` in place of the one that flies.
    pub(super) fn exchange(&mut self, kind: &ShipKind) {
        self.flight.kind = kind.number;
        self.hp = kind.hp;
    }

    /// A new ship of `kind` at `place`.
    pub(super) fn respawn(&mut self, place: IVec2, kind: &ShipKind, now: Tick) {
        self.flight = Flight::still(place, self.flight.aim, kind.number);
        self.hp = kind.hp;
        self.condition = Condition::Alive { since: now };
    }

    /// Takes hit points from a ship that flies; whether that made it a wreck.
    pub(super) fn damage(&mut self, damage: u8, respawn_in: u16) -> bool {
        self.hp = self.hp.saturating_sub(damage);
        if self.hp > 0 {
            return false;
        }
        let Flight {
            position,
            aim,
            kind,
            ..
        } = self.flight;
        self.flight = Flight::still(position, aim, kind);
        self.condition = Condition::Wrecked { respawn_in };
        true
    }

    /// A tick of waiting; whether a new ship is due.
    pub(super) fn wait(&mut self) -> bool {
        match &mut self.condition {
            Condition::Alive { .. } => false,
            Condition::Wrecked { respawn_in } => {
                *respawn_in = respawn_in.saturating_sub(1);
                *respawn_in == 0
            }
        }
    }

    /// What everybody sees.
    pub(super) fn ship(&self) -> Ship {
        Ship {
            position: self.flight.position,
            velocity: self.flight.velocity,
            aim: self.flight.aim,
            hp: self.hp,
            score: self.score,
            alive: self.is_alive(),
            owner: self.player,
            kind: self.flight.kind,
        }
    }

    /// What the player alone sees, of the ship that everybody knows as `ship`.
    pub(super) fn cockpit(&self, ship: EntityId) -> Cockpit {
        Cockpit {
            ship: ship.into(),
            cooldown: self.flight.cooldown,
            rapid: self.flight.rapid,
            respawn_in: match self.condition {
                Condition::Alive { .. } => 0,
                Condition::Wrecked { respawn_in } => respawn_in,
            },
            pace: -1,
            next_kind: self.chosen,
        }
    }
}
