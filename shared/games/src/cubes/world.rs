//! The world of a match of cubes, and what one tick does to it.
//!
//! Knows no stream, seat or schema: it is given inputs and returns what there is to tell.

use std::collections::{BTreeMap, BTreeSet};

use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{Audience, Outcome, PlayerInput};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::rng::Rng;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

use super::config::CubesConfig;
use super::physics::{BIG_HALF, Body, Mode, Physics, SMALL_HALF, TICK_RATE};
use super::round::Round;
use super::rows::{Cube, CubesEvent, CubesInput, Floor, Owner, POSITION_MAX, PlayerCube};

/// How far the floor goes on around the grid, in units.
const MARGIN: u8 = 6;

/// How far from the grid players appear, in units, and how high.
const START_DISTANCE: f32 = 2.0;
const START_HEIGHT: f32 = 2.0;

/// The angle from one player's start to the next one's, which spreads any number of them.
const START_ANGLE: f32 = 2.399_963;

/// The height from which a cube that was lost drops back onto the grid.
const DROP_HEIGHT: f32 = 3.0;

/// How far below the floor something is lost.
const LOST_BELOW: f32 = -4.0;

/// The speed beyond which a player's cube is driven no further.
const SPEED_MAX: f32 = 9.0;

/// Everything in a match.
#[derive(Serialize, Deserialize)]
pub(super) struct World {
    physics: Physics,
    cubes: SlotMap<EntityId, SmallCube>,
    seats: BTreeMap<PlayerId, EntityId>,
    players: SlotMap<EntityId, Player>,
    /// One, for the sake of its id.
    floors: SlotMap<EntityId, Floor>,
    round: Round,
}

/// One of the many cubes.
#[derive(Debug, Serialize, Deserialize)]
struct SmallCube {
    body: Body,
    owner: Option<PlayerId>,
}

/// A player and its cube.
#[derive(Debug, Serialize, Deserialize)]
struct Player {
    number: PlayerId,
    body: Body,
    mode: Mode,
    score: u16,
}

impl World {
    /// The world before the first tick, without players.
    pub(super) fn new(config: &CubesConfig) -> Self {
        let config = config.source();
        let floor = Floor {
            side: config.side,
            reach: config.side.div_ceil(2) + MARGIN,
            ends_at: TICK_RATE.ticks_covering(u64::from(config.round_seconds) * 1_000_000),
        };
        let mut physics = Physics::new(f32::from(floor.reach));
        let mut cubes = SlotMap::with_key();
        for place in grid(config.side) {
            cubes.insert_with_key(|cube| SmallCube {
                body: physics.add_cube(place, SMALL_HALF, cube),
                owner: None,
            });
        }
        let mut floors = SlotMap::with_key();
        floors.insert(floor);
        Self {
            physics,
            cubes,
            seats: BTreeMap::new(),
            players: SlotMap::with_key(),
            floors,
            round: Round::default(),
        }
    }

    /// The result, once there is one.
    pub(super) fn outcome(&self) -> Option<&Outcome> {
        self.round.outcome()
    }

    /// How many cubes everybody has.
    pub(super) fn scores(&self) -> impl Iterator<Item = (PlayerId, i32)> {
        let score = |player: &Player| (player.number, i32::from(player.score));
        self.players.values().map(score)
    }

    /// A player comes, and with it its cube. False if it is here already.
    pub(super) fn enter(&mut self, player: PlayerId) -> bool {
        if self.seats.contains_key(&player) {
            return false;
        }
        let place = start(player, self.floor().side);
        let physics = &mut self.physics;
        let entity = self.players.insert_with_key(|entity| Player {
            number: player,
            body: physics.add_cube(place, BIG_HALF, entity),
            mode: Mode::Roll,
            score: 0,
        });
        self.seats.insert(player, entity);
        true
    }

    /// A player goes, with its cube; what it owned is nobody's, for its number may be another's
    /// next.
    pub(super) fn exit(&mut self, player: PlayerId) {
        let entity = self.seats.remove(&player);
        if let Some(gone) = entity.and_then(|entity| self.players.remove(entity)) {
            self.physics.remove(gone.body);
        }
        for cube in self.cubes.values_mut() {
            cube.owner = cube.owner.filter(|&owner| owner != player);
        }
    }

    /// One tick: what there is to tell everybody of it.
    pub(super) fn advance(
        &mut self,
        now: Tick,
        inputs: &[PlayerInput<CubesInput>],
        rng: &mut Rng,
    ) -> Vec<CubesEvent> {
        self.drive(now, inputs);
        self.physics.step();
        self.claim();
        let mut told = self.bring_back(rng);
        self.count();
        told.extend(self.decide(now));
        told
    }

    /// Copies out what clients may see.
    pub(super) fn replicate(&self, world: &mut SnapshotWriter) {
        let physics = &self.physics;
        for (entity, cube) in &self.cubes {
            let row = Cube {
                attitude: physics.attitude(cube.body),
                position: physics.position(cube.body),
                owner: Owner(cube.owner),
            };
            world.put(entity, Audience::Everyone, &row);
        }
        for (entity, player) in &self.players {
            let row = PlayerCube {
                attitude: physics.attitude(player.body),
                position: physics.position(player.body),
                mode: player.mode,
                score: player.score,
                player: player.number,
            };
            world.put(entity, Audience::Everyone, &row);
        }
        for (entity, floor) in &self.floors {
            world.put(entity, Audience::Everyone, floor);
        }
    }

    fn floor(&self) -> &Floor {
        let floor = self.floors.values().next();
        floor.expect("a world is made with a floor")
    }

    /// Does what the players press to their cubes and to those around, by player.
    fn drive(&mut self, now: Tick, inputs: &[PlayerInput<CubesInput>]) {
        let nothing = CubesInput::default();
        for (&player, &entity) in &self.seats {
            let input = inputs
                .binary_search_by_key(&player, |input| input.player)
                .map_or(&nothing, |place| &inputs[place].input);
            let Player { body, mode, .. } = &mut self.players[entity];
            *mode = pressed_mode(input);
            let place = self.physics.position(*body);
            let way = pressed_way(input, self.physics.velocity(*body));
            self.physics.drive(*body, way, *mode, time(now));
            if *mode != Mode::Roll {
                for cube in self.cubes.values() {
                    self.physics.reach(place, *mode, cube.body);
                }
            }
        }
    }

    /// Gives the players what their cubes touch. What several touch stays with whoever had it, and
    /// else goes to the first.
    fn claim(&mut self) {
        let mut kept = BTreeSet::new();
        let mut taken = Vec::new();
        for (&player, &entity) in &self.seats {
            for touched in self.physics.touched(self.players[entity].body) {
                let Some(cube) = self.cubes.get(touched) else {
                    continue;
                };
                if cube.owner == Some(player) {
                    kept.insert(touched);
                } else {
                    taken.push((touched, player));
                }
            }
        }
        for (touched, player) in taken {
            if kept.insert(touched) {
                self.cubes[touched].owner = Some(player);
            }
        }
    }

    /// Puts what left the floor back: cubes anywhere on the grid and without an owner, players
    /// where they began.
    fn bring_back(&mut self, rng: &mut Rng) -> Vec<CubesEvent> {
        let side = self.floor().side;
        for (entity, cube) in &mut self.cubes {
            if is_lost(&self.physics, cube.body) {
                self.physics.remove(cube.body);
                let place = drop_place(side, rng);
                cube.body = self.physics.add_cube(place, SMALL_HALF, entity);
                cube.owner = None;
            }
        }
        let mut told = Vec::new();
        for &entity in self.seats.values() {
            let Player { number, body, .. } = &mut self.players[entity];
            if is_lost(&self.physics, *body) {
                self.physics.remove(*body);
                let place = start(*number, side);
                *body = self.physics.add_cube(place, BIG_HALF, entity);
                told.push(CubesEvent::Fell { player: *number });
            }
        }
        told
    }

    /// Counts who owns what.
    fn count(&mut self) {
        for player in self.players.values_mut() {
            player.score = 0;
        }
        let owners = self.cubes.values().filter_map(|cube| cube.owner);
        for owner in owners {
            let entity = self.seats.get(&owner);
            if let Some(player) = entity.and_then(|&entity| self.players.get_mut(entity)) {
                player.score += 1;
            }
        }
    }

    /// Decides the match once its time is over or one player has everything.
    fn decide(&mut self, now: Tick) -> Option<CubesEvent> {
        let scores = self.players.values();
        let scores = scores.map(|player| (player.number, player.score));
        let best = scores.clone().map(|(_, score)| score).max().unwrap_or(0);
        let over = now.0 >= self.floor().ends_at || usize::from(best) == self.cubes.len();
        if !over || self.round.outcome().is_some() {
            return None;
        }
        self.round.decide(scores);
        Some(CubesEvent::RoundOver { best })
    }
}

/// The places of a grid of `side` by `side` cubes around the middle, lying on the floor.
pub(super) fn grid(side: u8) -> impl Iterator<Item = Vec3> {
    let first = f32::from(side - 1) / -2.0;
    let line = move || (0..side).map(move |step| first + f32::from(step));
    line().flat_map(move |y| line().map(move |x| Vec3::new(x, y, SMALL_HALF)))
}

/// Where a player begins.
fn start(player: PlayerId, side: u8) -> Vec3 {
    let distance = f32::from(side) / 2.0 + START_DISTANCE;
    let way = Vec2::from_angle(f32::from(player.0) * START_ANGLE);
    (way * distance).extend(START_HEIGHT)
}

/// Anywhere above the grid.
fn drop_place(side: u8, rng: &mut Rng) -> Vec3 {
    let mut along = || (rng.unit() - 0.5) * f32::from(side);
    let x = along();
    Vec3::new(x, along(), DROP_HEIGHT)
}

/// Whether a body is nowhere that a row could say, or has fallen too far to come back.
fn is_lost(physics: &Physics, body: Body) -> bool {
    let place = physics.position(body);
    let inside = f64::from(place.abs().max_element()) <= POSITION_MAX && place.z > LOST_BELOW;
    physics.is_broken(body) || !inside
}

fn pressed_mode(input: &CubesInput) -> Mode {
    if input.push {
        Mode::Push
    } else if input.pull {
        Mode::Pull
    } else {
        Mode::Roll
    }
}

/// Which way to drive a cube that moves with `velocity`: none, once it is as fast as it may be.
fn pressed_way(input: &CubesInput, velocity: Vec3) -> Vec2 {
    let along = |pressed: i8, speed: f32| {
        let pressed = f32::from(pressed);
        if pressed * speed < SPEED_MAX {
            pressed
        } else {
            0.0
        }
    };
    Vec2::new(along(input.x, velocity.x), along(input.y, velocity.y))
}

/// A tick as steps since the beginning.
fn time(now: Tick) -> f32 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a match is far shorter than 2^24 ticks"
    )]
    let time = now.0 as f32;
    time
}
