//! Arena: a top-down shooter for two to hundreds of ships on a walled map.
//!
//! Ships move on the grid that their rows are coded on, and what their flight depends on is in rows
//! too. So a client runs its own ship ahead of the server and is right to the bit, except where
//! others interfere: a hit, a respawn, a pick-up, another ship. Each of those is told in its tick.
//!
//! Start at [`Arena`], then `world`, where a tick happens, and [`flight`], the part that clients run
//! as well.
//!
//! - [`units`], [`aim`]: steps, ticks, directions
//! - [`rows`]: what travels
//! - [`map`], [`tuning`]: what an operator may set
//! - [`scenery`], `grid`: what never changes during a match, and where to look for it
//! - [`flight`], `pilot`, `shot`, `pickup`, `targets`: the things of the world
//! - `world`, `round`: one tick, and when it is the last
//! - [`prediction`]: the part for clients

use serde::{Deserialize, Serialize};
use syncline_shared::command::{CommandRefusal, Origin};
use syncline_shared::game::{
    Game, JoinRefusal, LeaveReason, Outcome, Profile, RuleRefusal, Step, number_in,
};
use syncline_shared::id::PlayerId;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::TickRate;

pub mod aim;
pub mod flight;
mod grid;
pub mod map;
mod pickup;
mod pilot;
pub mod prediction;
mod round;
pub mod rows;
pub mod scenery;
mod shot;
mod targets;
pub mod tuning;
pub mod units;
mod world;

pub use flight::Flight;
pub use map::{Map, MapError};
pub use prediction::ArenaPrediction;
pub use rows::{ArenaCommand, ArenaEvent, ArenaInput};
pub use scenery::Scenery;
pub use tuning::Tuning;

use world::World;

/// The highest player number: rows have twelve bits for it.
const PLAYER_MAX: PlayerId = PlayerId(4095);

/// What an operator may set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArenaConfig {
    /// Where it is played.
    pub map: Map,
    /// How it feels.
    pub tuning: Tuning,
}

/// A match of arena.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arena {
    world: World,
}

impl Game for Arena {
    const NAME: &'static str = "arena";
    const TICK_RATE: TickRate = units::TICK_RATE;
    type Config = ArenaConfig;
    type Input = ArenaInput;
    type Command = ArenaCommand;
    type Event = ArenaEvent;

    fn schema() -> Schema {
        Self::describe()
            .class::<rows::Ship>()
            .class::<rows::Projectile>()
            .class::<rows::Pickup>()
            .class::<rows::Cockpit>()
            .class::<rows::Wall>()
            .class::<rows::ShipKind>()
            .class::<rows::Rules>()
            .build()
    }

    /// Who makes a room chooses when a match ends.
    fn set_rule(config: &mut ArenaConfig, name: &str, value: &str) -> Result<(), RuleRefusal> {
        let mut tuning = config.tuning.source().clone();
        match name {
            "score_limit" => tuning.score_limit = number_in(1..=10_000, value)?,
            "round_seconds" => tuning.round_seconds = number_in(10..=3_600, value)?,
            _ => return Err(RuleRefusal::Unknown),
        }
        let tuning = Tuning::try_from(tuning);
        config.tuning = tuning.map_err(|error| RuleRefusal::NotAllowed(error.to_string()))?;
        Ok(())
    }

    /// The match is the same for every seed until the generator that a tick draws from.
    fn new(config: ArenaConfig, _seed: u64) -> Self {
        Self {
            world: World::new(&config.map, &config.tuning),
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

    fn command(&mut self, from: Origin, command: ArenaCommand) -> Result<(), CommandRefusal> {
        let Origin::Player(player) = from else {
            return Err(CommandRefusal::NotAPlayer);
        };
        let ArenaCommand::ChooseShip { ship } = command;
        let scenery = self.world.scenery();
        if scenery.kind(ship).is_none() {
            let last = scenery.kinds().len().saturating_sub(1);
            let refusal = format!("there is no ship {ship}; allowed is 0 to {last}");
            Err(CommandRefusal::Rule(refusal))
        } else if self.world.choose(player, ship) {
            Ok(())
        } else {
            Err(CommandRefusal::NotAPlayer)
        }
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        let told = self.world.advance(step.tick(), step.inputs(), step.rng());
        for (audience, event) in told {
            step.emit(audience, &event);
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        self.world.replicate(world);
    }

    fn outcome(&self) -> Option<Outcome> {
        self.world.outcome().cloned()
    }
}
