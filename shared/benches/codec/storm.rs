//! The storm: a fleet that shoots. Shots are born of ships, fly straight, hit or expire; about three
//! hundred live at a time, and sixteen come and go in a tick.

use std::sync::Arc;

use glam::Vec2;
use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::direction;
use syncline_shared::id::{ClassId, EntityId};
use syncline_shared::replicated::Reference;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Audience, SnapshotWriter};

use crate::fleet::{
    self, AWAY_TICKS, HZ, IDLE_EVERY, Motion, POSITION_STEPS, Pilot, Ship, VELOCITY_STEPS,
};
use crate::kit::{Case, Plain, Trace, numbered, plain};
use crate::rng::Xorshift;

const TICKS: usize = 1800;
const SHIPS: usize = 200;
const SHOTS_MAX: usize = 640;
const SHOT_SPEED: f64 = 300.0;
const SHOT: ClassId = ClassId(1);

/// Ticks between the shots of a trigger that is held.
const RELOAD_TICKS: i32 = 4;

syncline_shared::replicated! {
    /// A shot in flight.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Shot {
        /// Who fired it.
        pub(crate) ship: Reference => entity("Ship") parent(),
        /// In units per second.
        pub(crate) velocity: Vec2 => fixed(-512.0, 511.875, 0.125) along(heading),
        /// In units.
        pub(crate) position: Vec2 => fixed(0.0, 1_023.968_75, 0.031_25)
            follows(velocity, 2, 15) copies(position),
    }
}

/// Ships and shots as plain structs.
#[derive(PartialEq, Serialize, Deserialize)]
struct World {
    ships: Vec<Ship>,
    shots: Vec<(u16, Shot)>,
}

impl Plain for World {
    fn of(schema: &Schema, frame: &syncline_shared::snapshot::Frame) -> Self {
        Self {
            ships: Plain::of(schema, frame),
            shots: numbered(schema, frame),
        }
    }
}

/// One variant of the storm.
#[derive(Clone, Copy)]
struct Storm {
    motion: Motion,
    /// Triggers are held for a while; else shots come at random.
    held: bool,
    /// All shots live equally long.
    fixed_life: bool,
    /// Whether the schema says how a shot is born.
    births: bool,
}

pub(crate) fn cases() -> Vec<Case> {
    let variants = [
        (Motion::Grid, false, false),
        (Motion::Grid, true, false),
        (Motion::Grid, false, true),
        (Motion::Grid, true, true),
        (Motion::Free, false, false),
        (Motion::Free, true, true),
    ];
    let mut cases = Vec::new();
    for births in [true, false] {
        for (motion, held, fixed_life) in variants {
            cases.push(case(Storm {
                motion,
                held,
                fixed_life,
                births,
            }));
        }
    }
    cases
}

fn case(storm: Storm) -> Case {
    let motion = match storm.motion {
        Motion::Free => "free",
        Motion::Grid => "grid",
    };
    let trigger = if storm.held { "held" } else { "random" };
    let life = if storm.fixed_life { "/fixed-life" } else { "" };
    let births = if storm.births { "" } else { "/no-births" };
    let name = format!("storm/{motion}/{trigger}{life}{births}");
    Case {
        has_baselines: storm.births,
        ..Case::new(name, TICKS, move |seed, ticks| storm.record(seed, ticks))
    }
}

/// A shot in flight.
struct Flying {
    entity: EntityId,
    owner: usize,
    position: [f64; 2],
    velocity: [f64; 2],
    expires_in: i32,
}

impl Flying {
    /// Whether the ship is close to the path of the last tick.
    fn hits(&self, pilot: &Pilot) -> bool {
        let [vx, vy] = self.velocity;
        let (x, y) = (pilot.x - self.position[0], pilot.y - self.position[1]);
        if pilot.away > 0 || x.abs() >= 8.0 || y.abs() >= 8.0 {
            return false;
        }
        let speed = (vx * vx + vy * vy).sqrt();
        let ahead = (x * vx + y * vy) / speed;
        let aside = (x * vy - y * vx) / speed;
        aside.abs() < 2.0 && ahead.abs() < 6.0
    }

    fn write(&self, pilots: &[Pilot], writer: &mut SnapshotWriter) {
        let words = [
            0,
            fleet::velocity_word(self.velocity[0], 4096),
            fleet::velocity_word(self.velocity[1], 4096),
            fleet::position_word(self.position[0]),
            fleet::position_word(self.position[1]),
        ];
        let ship = [Some(pilots[self.owner].entity)];
        writer.put_words(SHOT, self.entity, Audience::Everyone, &words, &ship);
    }
}

/// When a pilot fires.
struct Trigger {
    held: bool,
    reloads_in: i32,
}

impl Trigger {
    fn fires(&mut self, storm: Storm, rng: &mut Xorshift) -> bool {
        self.reloads_in -= 1;
        if !storm.held {
            return rng.chance(0.0885);
        }
        let switch = rng.fraction();
        self.held = if self.held {
            switch > 1.0 / 45.0
        } else {
            switch < 1.0 / 90.0
        };
        self.held && self.reloads_in <= 0
    }
}

/// A storm under way.
struct Sky {
    storm: Storm,
    rng: Xorshift,
    entities: SlotMap<EntityId, ()>,
    pilots: Vec<Pilot>,
    triggers: Vec<Trigger>,
    shots: Vec<Option<Flying>>,
}

impl Storm {
    fn schema(self) -> Arc<Schema> {
        let built = fleet::ships().class::<Shot>().build();
        let mut data = built.data().clone();
        fleet::say_how_positions_move(&mut data, self.motion);
        if !self.births {
            for field in data.classes.iter_mut().flat_map(|class| &mut class.fields) {
                field.birth = None;
            }
        }
        Arc::new(Schema::from_data(data).expect("the schema is sound"))
    }

    fn record(self, seed: u64, ticks: usize) -> Trace {
        let schema = self.schema();
        let mut trace = Trace::new(Arc::clone(&schema), HZ, plain::<World>);
        let mut sky = Sky::new(self, seed);
        for _ in 0..ticks {
            let mut writer = SnapshotWriter::new(Arc::clone(&schema));
            sky.step(&mut writer);
            trace.push(writer);
        }
        trace
    }
}

impl Sky {
    fn new(storm: Storm, seed: u64) -> Self {
        let mut rng = Xorshift::new(seed);
        let mut entities = SlotMap::with_key();
        let crew = (0..SHIPS).map(|index| {
            let pilot = Pilot::new(index.is_multiple_of(IDLE_EVERY), &mut rng, &mut entities);
            let held = rng.chance(0.33);
            (
                pilot,
                Trigger {
                    held,
                    reloads_in: 0,
                },
            )
        });
        let (pilots, triggers) = crew.unzip();
        Self {
            storm,
            rng,
            entities,
            pilots,
            triggers,
            shots: (0..SHOTS_MAX).map(|_| None).collect(),
        }
    }

    fn step(&mut self, writer: &mut SnapshotWriter) {
        for pilot in &mut self.pilots {
            pilot.fly(self.storm.motion, true, &mut self.rng);
        }
        self.fly_shots();
        for index in 0..self.pilots.len() {
            self.pilots[index].write(writer);
            if self.pilots[index].away == 0 && self.triggers[index].fires(self.storm, &mut self.rng)
            {
                self.triggers[index].reloads_in = RELOAD_TICKS;
                self.fire(index);
            }
        }
        for shot in self.shots.iter().flatten() {
            shot.write(&self.pilots, writer);
        }
    }

    fn fly_shots(&mut self) {
        for place in &mut self.shots {
            let Some(shot) = place else { continue };
            shot.expires_in -= 1;
            for (position, velocity) in shot.position.iter_mut().zip(shot.velocity) {
                *position += velocity / f64::from(HZ);
            }
            let first = self.pilots.iter().position(|pilot| shot.hits(pilot));
            let hit = first.filter(|&hit| hit != shot.owner);
            let beyond = shot.position.into_iter().any(fleet::leaves);
            if let Some(hit) = hit {
                let pilot = &mut self.pilots[hit];
                pilot.hp = (pilot.hp - 10).max(0);
                if pilot.hp == 0 {
                    pilot.away = AWAY_TICKS;
                }
                self.pilots[shot.owner].score += 10;
            }
            if hit.is_some() || beyond || shot.expires_in <= 0 {
                self.entities.remove(shot.entity);
                *place = None;
            }
        }
    }

    fn fire(&mut self, owner: usize) {
        let pilot = &self.pilots[owner];
        let (velocity, position) = match self.storm.motion {
            Motion::Free => (
                [pilot.heading.cos(), pilot.heading.sin()].map(|part| SHOT_SPEED * part),
                [pilot.x, pilot.y],
            ),
            Motion::Grid => {
                let speed = fleet::steps(SHOT_SPEED, VELOCITY_STEPS);
                let steps = direction::along(pilot.heading_word(), 10, speed);
                (
                    steps
                        .to_array()
                        .map(|part| f64::from(part) / VELOCITY_STEPS),
                    [pilot.x, pilot.y].map(|part| fleet::on_grid(part, POSITION_STEPS)),
                )
            }
        };
        let expires_in = if self.storm.fixed_life {
            22
        } else {
            15 + self.rng.below(16)
        };
        let free = self.shots.iter_mut().find(|place| place.is_none());
        *free.expect("a storm has room for its shots") = Some(Flying {
            entity: self.entities.insert(()),
            owner,
            position,
            velocity,
            expires_in,
        });
    }
}
