//! Matches of arena in which bots play, who see what their clients would show them.

use std::sync::Arc;

use glam::IVec2;
use serde::{Deserialize, Serialize};
use syncline_client_core::behaviour::{Behaviour, Pilot};
use syncline_client_core::sight::Sight;
use syncline_games::Arena;
use syncline_games::arena::rows::{ArenaInput, Pickup, Projectile, Ship};
use syncline_games::arena::units::STEPS_PER_UNIT;
use syncline_shared::game::{Game, PlayerInput, Profile, Step};
use syncline_shared::id::PlayerId;
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Frame, SnapshotWriter};
use syncline_shared::stream::StreamEncoder;
use syncline_shared::tick::{Tick, ViewTick};

use crate::kit::{Case, Plain, Trace, numbered, plain};

const BOTS: u16 = 200;

/// A minute.
const TICKS: usize = 1800;

pub(crate) fn cases() -> Vec<Case> {
    [("wander", Behaviour::Wander), ("chase", Behaviour::Chase)]
        .map(|(name, behaviour)| {
            Case::new(
                format!("game/arena-{BOTS}/{name}"),
                TICKS,
                move |seed, ticks| record(behaviour, seed, ticks),
            )
        })
        .to_vec()
}

fn record(behaviour: Behaviour, seed: u64, ticks: usize) -> Trace {
    let mut played = Match::new(behaviour, seed);
    let hz = Arena::TICK_RATE.as_hz();
    let mut trace = Trace::new(Arc::clone(&played.schema), hz, plain::<World>);
    trace.players = played.bots.iter().map(|bot| bot.player).collect();
    for _ in 0..ticks {
        trace.push(played.step());
    }
    trace
}

/// A match and who plays it.
struct Match {
    schema: Arc<Schema>,
    game: Arena,
    tick: Tick,
    rng: Rng,
    bots: Vec<Bot>,
    common: StreamEncoder,
}

struct Bot {
    player: PlayerId,
    pilot: Pilot,
    presses: InputWords,
    sees: StreamEncoder,
}

impl Match {
    fn new(behaviour: Behaviour, seed: u64) -> Self {
        let schema = Arc::new(Arena::schema());
        let mut game = Arena::new(<Arena as Game>::Config::default(), seed);
        let bots = (0..BOTS).map(|number| {
            let player = PlayerId(number);
            game.join(player, &Profile::default())
                .expect("arena has seats for so many");
            Bot {
                player,
                pilot: Pilot::new(behaviour, (seed << 16) + u64::from(number)),
                presses: InputWords::of(&ArenaInput::default()),
                sees: StreamEncoder::private(Arc::clone(&schema)),
            }
        });
        let bots = bots.collect();
        Self {
            game,
            tick: Tick::ZERO,
            rng: Rng::from_seed(seed),
            bots,
            common: StreamEncoder::new(Arc::clone(&schema)),
            schema,
        }
    }

    /// One tick, from what the bots press to what they see then.
    fn step(&mut self) -> SnapshotWriter {
        self.tick = self.tick.next();
        let now = Arena::TICK_RATE.due(self.tick);
        for bot in &mut self.bots {
            let sight = Sight {
                schema: &self.schema,
                common: self.common.frame(),
                own: bot.sees.frame(),
                player: bot.player,
            };
            if let Some(presses) = bot.pilot.decide(now, sight) {
                bot.presses = presses;
            }
        }
        let input = |bot: &Bot| PlayerInput {
            player: bot.player,
            input: bot.presses.read::<ArenaInput>(),
            status: InputStatus::Applied,
            view: ViewTick::at(self.tick),
        };
        let inputs: Vec<_> = self.bots.iter().map(input).collect();
        let mut written = SnapshotWriter::new(Arc::clone(&self.schema));
        let mut step = Step::new(self.tick, &inputs, &mut self.rng, &mut written);
        self.game.tick(&mut step);
        self.game.replicate(&mut written);
        self.show(&written);
        written
    }

    fn show(&mut self, written: &SnapshotWriter) {
        let mut chunk = Vec::new();
        self.common.encode(1, written.everyone(), None, &mut chunk);
        for bot in &mut self.bots {
            let own = written.player(bot.player);
            bot.sees.encode(1, own, Some(&self.common), &mut chunk);
        }
    }
}

/// What changes in a match, as plain structs.
#[derive(PartialEq, Serialize, Deserialize)]
struct World {
    ships: Vec<PlainShip>,
    shots: Vec<(u16, PlainShot)>,
    pickups: Vec<bool>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct PlainShip {
    position: [f32; 2],
    velocity: [f32; 2],
    aim: f32,
    hp: u8,
    score: u32,
    alive: bool,
    owner: u16,
    kind: u8,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct PlainShot {
    position: [f32; 2],
    velocity: [f32; 2],
    owner: u16,
}

impl Plain for World {
    fn of(schema: &Schema, frame: &Frame) -> Self {
        let ships = frame.entities::<Ship>(schema);
        let pickups = frame.entities::<Pickup>(schema);
        let shots = numbered::<Projectile>(schema, frame).into_iter();
        Self {
            ships: ships.map(|(_, ship)| PlainShip::from(ship)).collect(),
            shots: shots.map(|(slot, shot)| (slot, shot.into())).collect(),
            pickups: pickups.map(|(_, pickup)| pickup.there).collect(),
        }
    }
}

impl From<Ship> for PlainShip {
    fn from(ship: Ship) -> Self {
        Self {
            position: in_units(ship.position),
            velocity: in_units(ship.velocity),
            aim: f32::from(ship.aim) / 256.0 * core::f32::consts::TAU,
            hp: ship.hp,
            score: ship.score,
            alive: ship.alive,
            owner: ship.owner.0,
            kind: ship.kind,
        }
    }
}

impl From<Projectile> for PlainShot {
    fn from(shot: Projectile) -> Self {
        Self {
            position: in_units(shot.position),
            velocity: in_units(shot.velocity),
            owner: shot.owner.0,
        }
    }
}

fn in_units(steps: IVec2) -> [f32; 2] {
    (steps.as_vec2() / IVec2::splat(STEPS_PER_UNIT).as_vec2()).to_array()
}
