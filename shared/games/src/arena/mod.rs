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

use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use syncline_shared::command::{CommandRefusal, Origin};
use syncline_shared::game::{
    Game, JoinRefusal, LeaveReason, Outcome, Profile, RuleRefusal, Step, number_in, ranking,
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
    /// How many teams play against each other, 2 to 4; or 0, and every player is for itself.
    #[serde(deserialize_with = "allowed_teams")]
    pub teams: u8,
}

/// How many teams there may be. A score of its own for each stands in `round`.
const TEAMS: [u8; 4] = [0, 2, 3, 4];

/// What is told of another number.
const TEAMS_ALLOWED: &str = "0, 2, 3 or 4";

/// A number of teams that there may be.
fn allowed_teams<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    let teams = u8::deserialize(deserializer)?;
    if TEAMS.contains(&teams) {
        Ok(teams)
    } else {
        let found = Unexpected::Unsigned(teams.into());
        Err(D::Error::invalid_value(found, &TEAMS_ALLOWED))
    }
}

/// A match of arena.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arena {
    world: World,
    /// How many teams there are.
    teams: u8,
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

    /// Who makes a room chooses when a match ends, and whether teams play it.
    fn set_rule(config: &mut ArenaConfig, name: &str, value: &str) -> Result<(), RuleRefusal> {
        let mut tuning = config.tuning.source().clone();
        match name {
            "score_limit" => tuning.score_limit = number_in(1..=10_000, value)?,
            "round_seconds" => tuning.round_seconds = number_in(10..=3_600, value)?,
            "teams" => config.teams = chosen_teams(value)?,
            _ => return Err(RuleRefusal::Unknown),
        }
        let tuning = Tuning::try_from(tuning);
        config.tuning = tuning.map_err(|error| RuleRefusal::NotAllowed(error.to_string()))?;
        Ok(())
    }

    fn teams(config: &ArenaConfig) -> u8 {
        config.teams
    }

    /// The match is the same for every seed until the generator that a tick draws from.
    fn new(config: ArenaConfig, _seed: u64) -> Self {
        Self {
            world: World::new(&config.map, &config.tuning),
            teams: config.teams,
        }
    }

    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), JoinRefusal> {
        let team = profile.team.filter(|team| team.0 < self.teams);
        if player > PLAYER_MAX {
            Err(JoinRefusal::Full)
        } else if self.world.enter(player, team) {
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

    fn scores(&self) -> Vec<(PlayerId, i32)> {
        ranking(self.world.scores())
    }

    fn outcome(&self) -> Option<Outcome> {
        self.world.outcome().cloned()
    }
}

/// A number of teams as whoever makes a room says it.
fn chosen_teams(value: &str) -> Result<u8, RuleRefusal> {
    let teams = value.parse().ok().filter(|teams| TEAMS.contains(teams));
    teams.ok_or_else(|| RuleRefusal::NotAllowed(format!("it must be {TEAMS_ALLOWED}")))
}

#[cfg(test)]
mod tests {
    use syncline_shared::codec;

    use super::*;

    #[test]
    fn there_are_no_teams_unless_somebody_says_so() {
        let usual = ArenaConfig::default();
        assert_eq!((usual.teams, Arena::teams(&usual)), (0, 0));
        for (teams, value) in TEAMS.into_iter().zip(["0", "2", "3", "4"]) {
            let mut config = ArenaConfig::default();
            assert_eq!(Arena::set_rule(&mut config, "teams", value), Ok(()));
            let said: ArenaConfig = toml::from_str(&format!("teams = {value}")).unwrap();
            assert_eq!((said, Arena::teams(&config)), (config.clone(), teams));
            assert_eq!(codec::decode(&codec::encode(&config)), Ok(config));
        }
    }

    #[test]
    fn other_numbers_of_teams_are_refused() {
        for value in ["1", "5", "255", "256", "-2", "two", ""] {
            let mut config = ArenaConfig::default();
            let refusal = Arena::set_rule(&mut config, "teams", value).unwrap_err();
            assert_eq!(refusal.to_string(), "it must be 0, 2, 3 or 4", "{value}");
            assert_eq!(config, ArenaConfig::default());
        }
        for value in [1, 5] {
            let said = toml::from_str::<ArenaConfig>(&format!("teams = {value}"));
            let complaint = said.unwrap_err().to_string();
            assert!(complaint.contains("expected 0, 2, 3 or 4"), "{complaint}");
            let config = ArenaConfig {
                teams: value,
                ..ArenaConfig::default()
            };
            let read = codec::decode::<ArenaConfig>(&codec::encode(&config));
            assert!(read.is_err(), "nor does a journal say so");
        }
    }
}
