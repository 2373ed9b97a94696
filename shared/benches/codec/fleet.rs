//! Ships that fly straight, turn now and then, and bounce off the edge of a square: what the arena
//! and the storm have in common. Knows neither hits nor shots.

use core::f64::consts::TAU;

use glam::Vec2;
use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::id::{ClassId, EntityId};
use syncline_shared::schema::{LinkKind, SchemaBuilder, SchemaData};
use syncline_shared::snapshot::{Audience, SnapshotWriter};
use syncline_shared::tick::TickRate;

use crate::rng::Xorshift;

/// Ticks and snapshots per second.
pub(crate) const HZ: u16 = 30;

/// The side of the square.
pub(crate) const SIZE: f64 = 1000.0;

/// How long a ship that was shot down stays away, in ticks.
pub(crate) const AWAY_TICKS: i32 = 60;

const SPEED: f64 = 50.0;

/// Steps in a unit of position, and in a unit per second of velocity.
pub(crate) const POSITION_STEPS: f64 = 32.0;
pub(crate) const VELOCITY_STEPS: f64 = 8.0;

syncline_shared::replicated! {
    /// A player's ship.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Ship {
        /// In units per second.
        pub(crate) velocity: Vec2 => fixed(-64.0, 63.875, 0.125),
        /// In units.
        pub(crate) position: Vec2 => fixed(0.0, 1_023.968_75, 0.031_25) follows(velocity, 2, 15),
        /// In radians.
        pub(crate) heading: f32 => angle(10) heading(velocity),
        /// Out of 100.
        pub(crate) hp: u8 => bits(7),
        /// Points.
        pub(crate) score: u32 => counter,
        /// Whether it flies.
        pub(crate) alive: bool => flag,
    }
}

/// One pilot in so many never moves.
pub(crate) const IDLE_EVERY: usize = 20;

/// The class of ships.
const SHIP: ClassId = ClassId(0);

/// How the ships move, and what the schema says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    /// By a velocity that is finer than the coded one.
    Free,
    /// By the coded velocity, from the coded position.
    Grid,
}

/// A schema with ships in front.
pub(crate) fn ships() -> SchemaBuilder {
    SchemaBuilder::new("fleet", TickRate::hz(HZ)).class::<Ship>()
}

/// Says of all positions that follow a velocity that they do so exactly, if they do.
pub(crate) fn say_how_positions_move(schema: &mut SchemaData, motion: Motion) {
    let fields = schema
        .classes
        .iter_mut()
        .flat_map(|class| &mut class.fields);
    for link in fields.filter_map(|field| field.link.as_mut()) {
        if let (Motion::Grid, LinkKind::Follows { num, den }) = (motion, link.kind) {
            link.kind = LinkKind::Exact { num, den };
        }
    }
}

/// Where one ship is.
pub(crate) struct Pilot {
    pub(crate) entity: EntityId,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Where it heads, in radians.
    pub(crate) heading: f64,
    /// How it moved in this tick.
    velocity: [f64; 2],
    turns_in: i32,
    idle: bool,
    pub(crate) hp: i32,
    pub(crate) score: i32,
    /// Ticks until it is back.
    pub(crate) away: i32,
}

impl Pilot {
    /// A pilot somewhere, who never moves if `idle`.
    pub(crate) fn new(
        idle: bool,
        rng: &mut Xorshift,
        entities: &mut SlotMap<EntityId, ()>,
    ) -> Self {
        Self {
            entity: entities.insert(()),
            x: rng.fraction() * SIZE,
            y: rng.fraction() * SIZE,
            heading: rng.fraction() * TAU,
            velocity: [0.0; 2],
            turns_in: ticks_until_turn(rng),
            idle,
            hp: 100,
            score: rng.below(5000),
            away: 0,
        }
    }

    /// One tick. A ship on the grid starts each straight run at a coded position; with `lands` it
    /// does so after a rest as well.
    pub(crate) fn fly(&mut self, motion: Motion, lands: bool, rng: &mut Xorshift) {
        let heading_before = self.heading;
        self.turns_in -= 1;
        if self.turns_in <= 0 && !self.idle {
            self.turns_in = ticks_until_turn(rng);
            self.heading = rng.fraction() * TAU;
        }
        if self.away > 0 {
            self.away -= 1;
            if self.away == 0 {
                self.hp = 100;
            }
            self.velocity = [0.0; 2];
            return;
        }
        if self.idle {
            return;
        }
        let mut velocity = self.bounced_velocity();
        if motion == Motion::Grid {
            velocity = along(self.heading).map(|part| on_grid(part, VELOCITY_STEPS));
            #[expect(
                clippy::float_cmp,
                reason = "whether it was set anew, not whether it is close"
            )]
            let starts = self.heading != heading_before || lands && self.velocity == [0.0; 2];
            if starts {
                self.x = on_grid(self.x, POSITION_STEPS);
                self.y = on_grid(self.y, POSITION_STEPS);
            }
        }
        self.velocity = velocity;
        self.x += velocity[0] / f64::from(HZ);
        self.y += velocity[1] / f64::from(HZ);
    }

    /// The velocity along the heading, after turning back from the edge.
    fn bounced_velocity(&mut self) -> [f64; 2] {
        let [mut vx, mut vy] = along(self.heading);
        if leaves(self.x + vx / f64::from(HZ)) {
            vx = -vx;
            self.heading = vy.atan2(vx);
        }
        if leaves(self.y + vy / f64::from(HZ)) {
            vy = -vy;
            self.heading = vy.atan2(vx);
        }
        [vx, vy]
    }

    /// The heading as its field codes it.
    pub(crate) fn heading_word(&self) -> u32 {
        let steps = steps(self.heading.rem_euclid(TAU) / TAU, 1024.0);
        steps.rem_euclid(1024).unsigned_abs()
    }

    /// Writes the ship's row.
    pub(crate) fn write(&self, writer: &mut SnapshotWriter) {
        let moving = !self.idle && self.away == 0;
        let [vx, vy] = if moving {
            along(self.heading)
        } else {
            [0.0; 2]
        };
        let words = [
            velocity_word(vx, 512),
            velocity_word(vy, 512),
            position_word(self.x),
            position_word(self.y),
            self.heading_word(),
            self.hp.unsigned_abs(),
            self.score.unsigned_abs(),
            u32::from(self.away == 0),
        ];
        writer.put_words(SHIP, self.entity, Audience::Everyone, &words, &[]);
    }
}

/// Whether a coordinate is beyond the edge.
pub(crate) fn leaves(coordinate: f64) -> bool {
    !(0.0..=SIZE).contains(&coordinate)
}

/// `value` in steps, to the nearest, halves up.
#[expect(clippy::cast_possible_truncation, reason = "worlds are small")]
pub(crate) fn steps(value: f64, per_unit: f64) -> i32 {
    (value * per_unit + 0.5).floor() as i32
}

/// The nearest value of so many steps in a unit.
pub(crate) fn on_grid(value: f64, per_unit: f64) -> f64 {
    f64::from(steps(value, per_unit)) / per_unit
}

/// The word of a velocity whose lowest value is `below_zero` steps below 0.
pub(crate) fn velocity_word(velocity: f64, below_zero: i32) -> u32 {
    (steps(velocity, VELOCITY_STEPS) + below_zero).unsigned_abs()
}

/// The word of a coordinate.
pub(crate) fn position_word(coordinate: f64) -> u32 {
    // A coded velocity may carry a ship a hair over the edge.
    steps(coordinate, POSITION_STEPS).max(0).unsigned_abs()
}

fn along(heading: f64) -> [f64; 2] {
    [SPEED * heading.cos(), SPEED * heading.sin()]
}

fn ticks_until_turn(rng: &mut Xorshift) -> i32 {
    15 + rng.below(30)
}
