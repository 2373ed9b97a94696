//! A game is one trait.
//!
//! [`Game`] is generic for its author and erased at one seam, `Simulation` in the server's core. A
//! game reads no clock, draws randomness only from [`Step::rng`], cannot fail and cannot send.

use core::cmp::Reverse;
use core::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use crate::command::{CommandRefusal, Origin};
use crate::id::{PlayerId, TeamId};
use crate::input::InputStatus;
use crate::properties::Properties;
use crate::replicated::{Commands, Replicated};
use crate::rng::Rng;
use crate::schema::{Schema, SchemaBuilder};
pub use crate::snapshot::{Audience, SnapshotWriter};
use crate::tick::{Tick, TickRate, ViewTick};

/// The rules of a game: what a match is, how it steps, and what players see of it.
///
/// A match is a deterministic function of its config, its seed and what happened to it (joins,
/// leaves, inputs, commands), tick by tick. It is encoded and decoded by serde at every checkpoint
/// and goes on from the decoded copy, so a field that serde skips is lost in every run alike.
pub trait Game: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// What clients ask for. Short, lower case.
    const NAME: &'static str;

    /// Steps per second. The game's, not a setting: speeds and timers depend on it.
    const TICK_RATE: TickRate;

    /// What an operator may set, by value in the journal: rules, tuning, the map.
    type Config: Default + Clone + Serialize + DeserializeOwned + Send + Sync;

    /// What a player sends each tick.
    type Input: Replicated + Clone + Default + Send;

    /// Acts that players ask for now and then. [`crate::replicated::NoCommand`] if there are none.
    type Command: Commands;

    /// What the game tells of beside its rows. [`crate::replicated::NoEvent`] if nothing.
    type Event: Replicated + Send;

    /// The game's classes: [`Game::describe`] with each row type added.
    fn schema() -> Schema;

    /// Sets one rule that whoever makes a room chose, by its name. An operator may set all of a
    /// config; a player sets what this takes, within the bounds that this checks.
    ///
    /// # Errors
    ///
    /// Why not; no room is made then.
    fn set_rule(_config: &mut Self::Config, _name: &str, _value: &str) -> Result<(), RuleRefusal> {
        Err(RuleRefusal::Unknown)
    }

    /// How many play, and whether they may join late.
    fn seats(_config: &Self::Config) -> Seats {
        Seats::default()
    }

    /// How many teams there are; with none, every player is for itself. Whoever comes is put into the
    /// smallest, and may ask for another one before a match.
    fn teams(_config: &Self::Config) -> u8 {
        0
    }

    /// A match before its first tick.
    fn new(config: Self::Config, seed: u64) -> Self;

    /// A player takes a seat, before the tick that follows.
    ///
    /// # Errors
    ///
    /// Why the player may not; nothing has changed then.
    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), JoinRefusal>;

    /// A player gives up its seat, before the tick that follows.
    fn leave(&mut self, player: PlayerId, reason: LeaveReason);

    /// An act, before the tick that follows.
    ///
    /// # Errors
    ///
    /// Why not; nothing has changed then.
    fn command(&mut self, _from: Origin, _command: Self::Command) -> Result<(), CommandRefusal> {
        Err(CommandRefusal::Unknown)
    }

    /// One step.
    fn tick(&mut self, step: &mut Step<'_, Self>);

    /// Copies out what clients may see.
    fn replicate(&self, world: &mut SnapshotWriter);

    /// What players have scored so far, best first, for those who look at the match from outside, such
    /// as a dashboard; [`ranking`] puts it in order. A game without scores tells none.
    fn scores(&self) -> Vec<(PlayerId, i32)> {
        Vec::new()
    }

    /// The result, once the match is over.
    fn outcome(&self) -> Option<Outcome> {
        None
    }

    /// A schema with the game's name, rate, input, events and commands, but no classes yet.
    fn describe() -> SchemaBuilder {
        SchemaBuilder::new(Self::NAME, Self::TICK_RATE)
            .input::<Self::Input>()
            .events::<Self::Event>()
            .commands::<Self::Command>()
    }
}

/// Scores as they are told: the best first, of equals the lower seat.
pub fn ranking(scores: impl IntoIterator<Item = (PlayerId, i32)>) -> Vec<(PlayerId, i32)> {
    let mut ranking: Vec<_> = scores.into_iter().collect();
    ranking.sort_by_key(|&(player, score)| (Reverse(score), player));
    ranking
}

/// How many may play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// A match starts when this many are there.
    pub min: u16,
    /// No more than this many fit.
    pub max: u16,
    /// Whether players may join a running match.
    pub join_in_progress: bool,
}

impl Default for Seats {
    fn default() -> Self {
        Self {
            min: 1,
            max: 1024,
            join_in_progress: true,
        }
    }
}

/// What a match knows of a player.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name to show. Not unique.
    pub name: String,
    /// The player's team for the whole match, in a game that has teams.
    pub team: Option<TeamId>,
    /// What the player says of itself, for the whole match. It may be anything that players think of.
    pub properties: Properties,
}

/// Why a game doesn't take a player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum JoinRefusal {
    /// No place is left.
    #[error("no place is left")]
    Full,
    /// The match has gone too far.
    #[error("the match has already started")]
    AlreadyStarted,
    /// Another reason.
    #[error("{0}")]
    NotAllowed(String),
}

/// Why a game does not take a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefusal {
    /// It has no rule of that name, or none that players may choose.
    #[error("the game has no such rule")]
    Unknown,
    /// The value is no whole number, or too small or too large.
    #[error("it must be a whole number from {low} to {high}")]
    OutOfRange {
        /// The least.
        low: u32,
        /// The most.
        high: u32,
    },
    /// Another reason.
    #[error("{0}")]
    NotAllowed(String),
}

/// The value of a rule that is a whole number.
///
/// # Errors
///
/// [`RuleRefusal::OutOfRange`].
pub fn number_in(range: RangeInclusive<u32>, value: &str) -> Result<u32, RuleRefusal> {
    let (low, high) = (*range.start(), *range.end());
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or(RuleRefusal::OutOfRange { low, high })
}

/// Why a player's seat is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaveReason {
    /// The player left on purpose.
    Left,
    /// The connection was lost and did not come back within the grace period.
    Lost,
    /// The player was removed.
    Kicked,
    /// The game did not take the player when its match began.
    Refused,
}

/// The result of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Who won; several share a draw, nobody wins when all lose.
    pub winners: Vec<PlayerId>,
    /// Final scores, best first.
    pub scores: Vec<(PlayerId, i32)>,
}

/// A player's input at one tick.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayerInput<I> {
    /// Whose.
    pub player: PlayerId,
    /// What was pressed.
    pub input: I,
    /// How it came about.
    pub status: InputStatus,
    /// What the player was looking at, never later than the tick.
    pub view: ViewTick,
}

/// What a game gets for one step.
#[derive(Debug)]
pub struct Step<'a, G: Game> {
    tick: Tick,
    inputs: &'a [PlayerInput<G::Input>],
    rng: &'a mut Rng,
    events: &'a mut SnapshotWriter,
}

impl<'a, G: Game> Step<'a, G> {
    /// The step to `tick` with these inputs, one for each seat, by player.
    pub fn new(
        tick: Tick,
        inputs: &'a [PlayerInput<G::Input>],
        rng: &'a mut Rng,
        events: &'a mut SnapshotWriter,
    ) -> Self {
        Self {
            tick,
            inputs,
            rng,
            events,
        }
    }

    /// The tick that this step leads to; the first is 1.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// The inputs of all seats, ascending by player. The slice outlives the borrow of the step, so
    /// that events can be told while reading it.
    pub fn inputs(&self) -> &'a [PlayerInput<G::Input>] {
        self.inputs
    }

    /// The input of one seat.
    pub fn input(&self, player: PlayerId) -> Option<&'a G::Input> {
        let place = self
            .inputs
            .binary_search_by_key(&player, |input| input.player)
            .ok()?;
        Some(&self.inputs[place].input)
    }

    /// The match's generator.
    pub fn rng(&mut self) -> &mut Rng {
        self.rng
    }

    /// Tells `audience` of `event`, with this tick's snapshot.
    pub fn emit(&mut self, audience: Audience, event: &G::Event) {
        self.events.event(audience, event);
    }
}
