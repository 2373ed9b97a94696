//! Cubes: hundreds of rigid bodies that players push about, and the hard case for a codec.
//!
//! Each player drives a cube over a floor that is full of small ones. What it touches becomes its
//! own, until another player touches it or it falls off the floor; whoever owns the most when time
//! is up has won.
//!
//! The bodies are rapier's, in floats, with the one arithmetic that is the same on every machine.
//! All of its state is in a checkpoint, contacts with the impulses that they start from included,
//! so that a match goes on from one exactly as it would have without.
//!
//! Start at [`Cubes`], then `world`, where a tick happens.
//!
//! - [`rows`]: what travels
//! - [`config`]: what an operator may set
//! - [`physics`]: bodies and forces, all that knows the engine
//! - `world`, `round`: one tick, and who has won
//! - [`challenge`]: the same bodies without players, as a trace for benchmarks of the codec

use serde::{Deserialize, Serialize};
use syncline_shared::game::{Audience, Game, JoinRefusal, LeaveReason, Outcome, Profile, ranking};
use syncline_shared::game::{RuleRefusal, Seats, SnapshotWriter, Step, number_in};
use syncline_shared::id::PlayerId;
use syncline_shared::replicated::NoCommand;
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

pub mod challenge;
pub mod config;
pub mod physics;
mod round;
pub mod rows;
mod world;

pub use config::CubesConfig;
pub use physics::Mode;
pub use rows::{CubesEvent, CubesInput};

use world::World;

/// How many may play: what a floor has room for, and a server time.
const PLAYERS_MAX: u16 = 32;

/// The highest player number: rows have twelve bits for it, and for nobody.
const PLAYER_MAX: PlayerId = PlayerId(4094);

/// A match of cubes.
#[derive(Serialize, Deserialize)]
pub struct Cubes {
    world: World,
}

impl Game for Cubes {
    const NAME: &'static str = "cubes";
    const TICK_RATE: TickRate = physics::TICK_RATE;
    type Config = CubesConfig;
    type Input = CubesInput;
    type Command = NoCommand;
    type Event = CubesEvent;

    fn schema() -> Schema {
        Self::describe()
            .class::<rows::Cube>()
            .class::<rows::PlayerCube>()
            .class::<rows::Floor>()
            .build()
    }

    /// Who makes a room chooses how long a match lasts, and fewer cubes: more are the operator's to
    /// allow, since each costs time.
    fn set_rule(config: &mut CubesConfig, name: &str, value: &str) -> Result<(), RuleRefusal> {
        let mut source = config.source().clone();
        match name {
            "side" => {
                let side = number_in(2..=source.side.into(), value)?;
                source.side = u8::try_from(side).unwrap_or(source.side);
            }
            "round_seconds" => source.round_seconds = number_in(10..=3_600, value)?,
            _ => return Err(RuleRefusal::Unknown),
        }
        let checked = CubesConfig::try_from(source);
        *config = checked.map_err(|error| RuleRefusal::NotAllowed(error.to_string()))?;
        Ok(())
    }

    fn seats(_config: &CubesConfig) -> Seats {
        Seats {
            min: 1,
            max: PLAYERS_MAX,
            join_in_progress: true,
        }
    }

    /// The match is the same for every seed until the generator that a tick draws from.
    fn new(config: CubesConfig, _seed: u64) -> Self {
        Self {
            world: World::new(&config),
        }
    }

    fn join(&mut self, player: PlayerId, _profile: &Profile) -> Result<(), JoinRefusal> {
        if player > PLAYER_MAX {
            Err(JoinRefusal::Full)
        } else if self.world.enter(player) {
            Ok(())
        } else {
            Err(JoinRefusal::NotAllowed("the seat is taken".to_owned()))
        }
    }

    fn leave(&mut self, player: PlayerId, _reason: LeaveReason) {
        self.world.exit(player);
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        let told = self.world.advance(step.tick(), step.inputs(), step.rng());
        for event in told {
            step.emit(Audience::Everyone, &event);
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        self.world.replicate(world);
    }

    fn scores(&self) -> Vec<(PlayerId, i32)> {
        ranking(self.world.scores())
    }

    fn outcome(&self) -> Option<Outcome> {
        self.world.outcome().cloned()
    }
}
