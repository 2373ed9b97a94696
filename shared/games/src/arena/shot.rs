//! A shot: it flies straight, for a fixed time, until a wall or a ship stops it.

use glam::IVec2;
use serde::{Deserialize, Serialize};
use syncline_shared::id::{EntityId, PlayerId, TeamId};

use super::aim;
use super::pilot::Pilot;
use super::rows::{Projectile, ShipKind};
use super::scenery::Scenery;
use super::targets::{Target, Targets};

/// How many places of a tick's way are looked at for walls. At the highest speed they are less
/// than the thinnest wall apart.
const PLACES_PER_TICK: i32 = 4;

/// A shot in flight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shot {
    owner: PlayerId,
    /// The owner's team, if there are teams.
    team: Option<TeamId>,
    position: IVec2,
    velocity: IVec2,
    damage: u8,
    ticks_left: u16,
}

/// What a tick did to a shot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It flies on.
    Flying,
    /// It is gone.
    Spent,
    /// It met a ship, and is gone.
    Hit(Target),
}

impl Shot {
    /// A shot that leaves the middle of `pilot`'s ship, which is of `kind`, along the gun.
    pub(super) fn fired(pilot: &Pilot, kind: &ShipKind, scenery: &Scenery) -> Self {
        let flight = &pilot.flight;
        Self {
            owner: pilot.player,
            team: pilot.team,
            position: flight.position,
            velocity: aim::along(flight.aim, scenery.rules().shot_speed.into()),
            damage: kind.damage,
            ticks_left: scenery.rules().shot_ticks,
        }
    }

    /// Who fired it.
    pub(super) fn owner(&self) -> PlayerId {
        self.owner
    }

    /// What it takes from who it hits.
    pub(super) fn damage(&self) -> u8 {
        self.damage
    }

    /// One tick. Its owner's ship, those of the owner's team and those that `is_alive` denies are not
    /// in its way.
    pub(super) fn advance(
        &mut self,
        scenery: &Scenery,
        targets: &Targets,
        is_alive: impl Fn(&Target) -> bool,
    ) -> Fate {
        let place = |part: i32| self.position + self.velocity * part / PLACES_PER_TICK;
        let free = (1..=PLACES_PER_TICK).take_while(|&part| !scenery.stops_shot(place(part)));
        let free = free.last().unwrap_or(0);
        let radius = i32::from(scenery.rules().ship_radius);
        let counts = |target: &Target| {
            let spared =
                target.player == self.owner || (self.team.is_some() && target.team == self.team);
            !spared && is_alive(target)
        };
        if let Some(target) = targets.first_hit(self.position, place(free), radius, counts) {
            return Fate::Hit(*target);
        }
        self.position = place(free);
        self.ticks_left = self.ticks_left.saturating_sub(1);
        if free < PLACES_PER_TICK || self.ticks_left == 0 {
            Fate::Spent
        } else {
            Fate::Flying
        }
    }

    /// What everybody sees of a shot of `ship`.
    pub(super) fn projectile(&self, ship: EntityId) -> Projectile {
        Projectile {
            ship: ship.into(),
            position: self.position,
            velocity: self.velocity,
            owner: self.owner,
        }
    }
}
