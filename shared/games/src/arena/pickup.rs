//! A place where something can be picked up, and what it does to who picks it up.

use glam::IVec2;
use serde::{Deserialize, Serialize};

use super::map::PickupSource;
use super::pilot::Pilot;
use super::rows::{Pickup, PickupKind, ShipKind};
use super::units::steps;

/// A pick-up, there or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Spot {
    /// Where it lies.
    pub(super) position: IVec2,
    /// What it does.
    pub(super) kind: PickupKind,
    /// Ticks until it is there; 0 if it is.
    pub(super) absent: u32,
}

/// How much pick-ups do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Gains {
    /// Hit points that a repair gives back.
    pub(super) repair_hp: u8,
    /// Ticks for which the gun is twice as quick.
    pub(super) rapid_ticks: u16,
    /// Ticks until a pick-up reappears.
    pub(super) absent_ticks: u32,
}

impl Spot {
    /// A spot as the map says.
    pub(super) fn new(source: PickupSource) -> Self {
        Self {
            position: IVec2::new(steps(source.x), steps(source.y)),
            kind: source.kind,
            absent: 0,
        }
    }

    /// A tick of waiting; whether the pick-up is there.
    pub(super) fn wait(&mut self) -> bool {
        self.absent = self.absent.saturating_sub(1);
        self.absent == 0
    }

    /// Lets `pilot`, whose ship is of `kind`, have it; whether it was of any use. If not it stays.
    pub(super) fn give(&mut self, pilot: &mut Pilot, kind: &ShipKind, gains: &Gains) -> bool {
        match self.kind {
            PickupKind::Repair if pilot.hp >= kind.hp => return false,
            PickupKind::Repair => {
                pilot.hp = pilot.hp.saturating_add(gains.repair_hp).min(kind.hp);
            }
            PickupKind::Rapid => pilot.flight.rapid = gains.rapid_ticks,
        }
        self.absent = gains.absent_ticks;
        true
    }

    /// What everybody sees.
    pub(super) fn pickup(&self) -> Pickup {
        Pickup {
            position: self.position,
            kind: self.kind,
            there: self.absent == 0,
        }
    }
}
