//! The world of an arena match, and what one tick does to it.
//!
//! Knows no stream, seat or schema: it is given inputs and returns what there is to tell. Whatever
//! changes a pilot's [`Flight`] other than [`Flight::step`] is told in the same tick, to that
//! player at least, because clients predict their own flight.
//!
//! [`Flight`]: super::flight::Flight
//! [`Flight::step`]: super::flight::Flight::step

use std::collections::BTreeMap;

use glam::IVec2;
use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{Audience, Outcome, PlayerInput};
use syncline_shared::id::{EntityId, PlayerId, TeamId};
use syncline_shared::rng::Rng;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

use super::map::{Map, Place};
use super::pickup::{Gains, Spot};
use super::pilot::Pilot;
use super::round::{Round, Standing};
use super::rows::{ArenaEvent, ArenaInput, Rules, ShipKind};
use super::scenery::Scenery;
use super::shot::{Fate, Shot};
use super::targets::{Target, Targets};
use super::tuning::{ShipTuning, Tuning};
use super::units::{SHIP_RADIUS, steps, steps_per_tick, ticks};

/// How many spawn points a respawn chooses the quietest of.
const SPAWNS_COMPARED: usize = 3;

/// How far from its spawn point a ship may appear, in steps along each axis.
const SPAWN_SCATTER: i32 = 160;

/// How near other ships make a spawn point less quiet, in steps.
const SPAWN_QUIET: i32 = 1600;

/// What there is to tell, and whom.
pub(super) type Told = Vec<(Audience, ArenaEvent)>;

/// Everything in a match.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct World {
    scenery: Scenery,
    /// An id for each of the scenery's walls; the first ones serve the other classes' rows too,
    /// because ids need to differ within a class only.
    fixtures: SlotMap<EntityId, ()>,
    spawns: Vec<IVec2>,
    respawn_ticks: u16,
    exchange_ticks: u32,
    gains: Gains,
    seats: BTreeMap<PlayerId, EntityId>,
    pilots: SlotMap<EntityId, Pilot>,
    shots: SlotMap<EntityId, Shot>,
    spots: SlotMap<EntityId, Spot>,
    round: Round,
}

impl World {
    /// The world before the first tick, without players.
    pub(super) fn new(map: &Map, tuning: &Tuning) -> Self {
        let (map, tuning) = (map.source(), tuning.source());
        let rules = Rules {
            width: map.width,
            height: map.height,
            ship_radius: narrow(steps(SHIP_RADIUS)),
            shot_speed: narrow(steps_per_tick(tuning.shot_speed)),
            shot_ticks: narrow(ticks(tuning.shot_ms)),
            ends_at: ticks(tuning.round_seconds * 1000),
            score_limit: tuning.score_limit,
        };
        let kinds: Vec<ShipKind> = (0..).zip(&tuning.ships).map(kind).collect();
        let mut fixtures = SlotMap::with_key();
        for _ in 0..map.walls.len().max(kinds.len()) {
            fixtures.insert(());
        }
        let mut spots = SlotMap::with_key();
        for pickup in &map.pickups {
            spots.insert(Spot::new(*pickup));
        }
        let spawn = |place: &Place| IVec2::new(steps(place.x), steps(place.y));
        Self {
            scenery: Scenery::new(rules, kinds, map.walls.clone()),
            fixtures,
            spawns: map.spawns.iter().map(spawn).collect(),
            respawn_ticks: narrow(ticks(tuning.respawn_ms)),
            exchange_ticks: ticks(tuning.exchange_ms),
            gains: Gains {
                repair_hp: tuning.repair_hp,
                rapid_ticks: narrow(ticks(tuning.rapid_ms)),
                absent_ticks: ticks(tuning.pickup_ms),
            },
            seats: BTreeMap::new(),
            pilots: SlotMap::with_key(),
            shots: SlotMap::with_key(),
            spots,
            round: Round::default(),
        }
    }

    /// What never changes.
    pub(super) fn scenery(&self) -> &Scenery {
        &self.scenery
    }

    /// The result, once there is one.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.round.outcome()
    }

    /// What everybody has scored.
    pub(super) fn scores(&self) -> impl Iterator<Item = (PlayerId, i32)> {
        let score = |pilot: &Pilot| (pilot.player, i32::try_from(pilot.score).unwrap_or(i32::MAX));
        self.pilots.values().map(score)
    }

    /// A player comes, with a team if there are teams; its ship appears at the next tick. False if it
    /// is here already.
    pub(super) fn enter(&mut self, player: PlayerId, team: Option<TeamId>) -> bool {
        let new = !self.seats.contains_key(&player);
        if new {
            let ship = self.pilots.insert(Pilot::new(player, team));
            self.seats.insert(player, ship);
        }
        new
    }

    /// A player goes, with its ship and its shots: its number may be another's next.
    pub(super) fn exit(&mut self, player: PlayerId) {
        if let Some(ship) = self.seats.remove(&player) {
            self.pilots.remove(ship);
        }
        self.shots.retain(|_, shot| shot.owner() != player);
    }

    /// Remembers which kind a player wants. False if it isn't here.
    pub(super) fn choose(&mut self, player: PlayerId, kind: u8) -> bool {
        let pilot = self.pilot_mut(player);
        pilot.map(|pilot| pilot.chosen = kind).is_some()
    }

    /// One tick: what there is to tell of it.
    pub(super) fn advance(
        &mut self,
        now: Tick,
        inputs: &[PlayerInput<ArenaInput>],
        rng: &mut Rng,
    ) -> Told {
        let mut told = Told::new();
        self.exchange_ships(now, &mut told);
        let fired = self.fly(inputs);
        let targets = self.targets();
        self.respawn(now, &targets, rng, &mut told);
        self.fly_shots(&targets, &mut told);
        for shot in fired {
            self.shots.insert(shot);
        }
        self.pick_up(&targets, &mut told);
        let standings = self.pilots.values().map(|pilot| Standing {
            player: pilot.player,
            team: pilot.team,
            score: pilot.score,
        });
        if let Some(best) = self.round.decide(now, self.scenery.rules(), standings) {
            told.push((Audience::Everyone, ArenaEvent::RoundOver { best }));
        }
        told
    }

    /// Copies out what clients may see.
    pub(super) fn replicate(&self, world: &mut SnapshotWriter) {
        for (entity, pilot) in &self.pilots {
            world.put(entity, Audience::Everyone, &pilot.ship());
            world.put(
                entity,
                Audience::Player(pilot.player),
                &pilot.cockpit(entity),
            );
        }
        for (entity, shot) in &self.shots {
            // A player who goes takes its shots along.
            if let Some(&ship) = self.seats.get(&shot.owner()) {
                world.put(entity, Audience::Everyone, &shot.projectile(ship));
            }
        }
        for (entity, spot) in &self.spots {
            world.put(entity, Audience::Everyone, &spot.pickup());
        }
        for (entity, wall) in self.fixtures.keys().zip(self.scenery.walls()) {
            world.put(entity, Audience::Everyone, wall);
        }
        for (entity, kind) in self.fixtures.keys().zip(self.scenery.kinds()) {
            world.put(entity, Audience::Everyone, kind);
        }
        for (entity, rules) in self.fixtures.keys().zip([self.scenery.rules()]) {
            world.put(entity, Audience::Everyone, rules);
        }
    }

    fn pilot_mut(&mut self, player: PlayerId) -> Option<&mut Pilot> {
        self.pilots.get_mut(*self.seats.get(&player)?)
    }

    fn exchange_ships(&mut self, now: Tick, told: &mut Told) {
        for pilot in self.pilots.values_mut() {
            let Some(kind) = self.scenery.kind(pilot.chosen) else {
                continue;
            };
            if pilot.wants_exchange(now, self.exchange_ticks) {
                pilot.exchange(kind);
                let (player, kind) = (pilot.player, kind.number);
                tell(told, player, ArenaEvent::ShipChanged { player, kind });
            }
        }
    }

    /// Moves the ships, by player; the shots that they fired.
    fn fly(&mut self, inputs: &[PlayerInput<ArenaInput>]) -> Vec<Shot> {
        let nothing = ArenaInput::default();
        let mut shots = Vec::new();
        for (&player, &ship) in &self.seats {
            let pilot = &mut self.pilots[ship];
            if !pilot.is_alive() {
                continue;
            }
            let input = inputs
                .binary_search_by_key(&player, |input| input.player)
                .map_or(&nothing, |place| &inputs[place].input);
            let fires = pilot.flight.step(&self.scenery, input);
            if let Some(kind) = self.scenery.kind(pilot.flight.kind).filter(|_| fires) {
                shots.push(Shot::fired(pilot, kind, &self.scenery));
            }
        }
        shots
    }

    fn targets(&self) -> Targets {
        let target = |(ship, pilot): (EntityId, &Pilot)| Target {
            ship,
            player: pilot.player,
            team: pilot.team,
            position: pilot.flight.position,
        };
        let alive = self.pilots.iter().filter(|(_, pilot)| pilot.is_alive());
        Targets::new(self.scenery.size(), alive.map(target).collect())
    }

    fn fly_shots(&mut self, targets: &Targets, told: &mut Told) {
        let mut hits = Vec::new();
        let (scenery, pilots) = (&self.scenery, &mut self.pilots);
        let respawn_ticks = self.respawn_ticks;
        self.shots.retain(|_, shot| {
            let is_alive = |target: &Target| pilots[target.ship].is_alive();
            match shot.advance(scenery, targets, is_alive) {
                Fate::Flying => true,
                Fate::Spent => false,
                Fate::Hit(target) => {
                    let destroyed = pilots[target.ship].damage(shot.damage(), respawn_ticks);
                    hits.push((target.player, shot.owner(), shot.damage(), destroyed));
                    false
                }
            }
        });
        for (victim, by, damage, destroyed) in hits {
            let hit = ArenaEvent::Hit { victim, by, damage };
            tell(told, victim, hit.clone());
            tell(told, by, hit);
            if destroyed {
                self.reward(by);
                told.push((Audience::Everyone, ArenaEvent::Destroyed { victim, by }));
            }
        }
    }

    /// Counts a destroyed ship, unless the match is decided.
    fn reward(&mut self, player: PlayerId) {
        let counts = self.round.outcome().is_none();
        if let Some(pilot) = self.pilot_mut(player).filter(|_| counts) {
            pilot.score = pilot.score.saturating_add(1);
        }
    }

    fn pick_up(&mut self, targets: &Targets, told: &mut Told) {
        let reach = i32::from(self.scenery.rules().ship_radius) * 2;
        for spot in self.spots.values_mut() {
            if !spot.wait() {
                continue;
            }
            for target in targets.around(spot.position, reach) {
                let pilot = &mut self.pilots[target.ship];
                let Some(kind) = self.scenery.kind(pilot.flight.kind) else {
                    continue;
                };
                if pilot.is_alive() && spot.give(pilot, kind, &self.gains) {
                    let (player, kind) = (pilot.player, spot.kind);
                    tell(told, player, ArenaEvent::PickedUp { player, kind });
                    break;
                }
            }
        }
    }

    fn respawn(&mut self, now: Tick, targets: &Targets, rng: &mut Rng, told: &mut Told) {
        for pilot in self.pilots.values_mut() {
            let Some(kind) = self.scenery.kind(pilot.chosen) else {
                continue;
            };
            if pilot.wait() {
                let place = spawn_place(&self.spawns, &self.scenery, targets, rng);
                pilot.respawn(place, kind, now);
                let player = pilot.player;
                tell(told, player, ArenaEvent::Respawned { player });
            }
        }
    }
}

fn tell(told: &mut Told, player: PlayerId, event: ArenaEvent) {
    told.push((Audience::Player(player), event));
}

/// A place at the quietest of a few spawn points, not quite the same one for each ship.
fn spawn_place(spawns: &[IVec2], scenery: &Scenery, targets: &Targets, rng: &mut Rng) -> IVec2 {
    let count = u32::try_from(spawns.len()).expect("a map has few spawn points");
    let mut pick = || spawns[usize::try_from(rng.below(count)).expect("a u32 fits a usize")];
    let candidates: [IVec2; SPAWNS_COMPARED] = core::array::from_fn(|_| pick());
    let noise = |place: &IVec2| targets.around(*place, SPAWN_QUIET).count();
    let spawn = candidates
        .into_iter()
        .min_by_key(noise)
        .expect("a few were picked");
    let mut scatter = || rng.range(-SPAWN_SCATTER, SPAWN_SCATTER);
    let place = spawn + IVec2::new(scatter(), scatter());
    if scenery.stops_ship(place) {
        spawn
    } else {
        place
    }
}

fn kind((number, ship): (u8, &ShipTuning)) -> ShipKind {
    ShipKind {
        number,
        hp: ship.hp,
        speed: narrow(steps_per_tick(ship.speed)),
        boost: narrow(steps_per_tick(ship.boost)),
        cooldown: narrow(ticks(ship.cooldown_ms)),
        damage: ship.damage,
    }
}

/// A number of a tuning or a unit, which is in range.
fn narrow<From, To: TryFrom<From>>(number: From) -> To {
    To::try_from(number)
        .ok()
        .expect("tuning values are in range")
}
