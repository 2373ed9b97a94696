//! The one seam at which a game's types are erased.
//!
//! A game's author writes `impl Game`; from here on there are only [`GameKind`], which makes
//! matches, and [`Simulation`], which is one. Nothing after this file has a type parameter.

use core::fmt;
use std::sync::Arc;

use syncline_shared::codec;
use syncline_shared::error::DecodeError;
use syncline_shared::game::{
    CommandRefusal, Game, JoinRefusal, LeaveReason, Origin, Outcome, PlayerInput, Profile,
    RuleRefusal, Seats, Step,
};
use syncline_shared::id::PlayerId;
use syncline_shared::input::InputWords;
use syncline_shared::journal::AppliedInput;
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::{Tick, TickRate};

/// A game that a server hosts: the factory of its matches.
pub trait GameKind: Send + Sync {
    /// What clients ask for.
    fn name(&self) -> &'static str;

    /// Steps per second.
    fn tick_rate(&self) -> TickRate;

    /// The game's schema.
    fn schema(&self) -> &Arc<Schema>;

    /// The default config, encoded.
    fn default_config(&self) -> Vec<u8>;

    /// What a player presses who presses nothing.
    fn neutral_input(&self) -> InputWords;

    /// An encoded config with rules of these names and values set.
    ///
    /// # Errors
    ///
    /// The first rule that the game refuses, and why.
    fn with_rules(&self, config: &[u8], rules: &[(String, String)])
    -> Result<Vec<u8>, RefusedRule>;

    /// How many may play under an encoded config.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if `config` is not one of this game.
    fn seats(&self, config: &[u8]) -> Result<Seats, DecodeError>;

    /// How many teams there are under an encoded config.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if `config` is not one of this game.
    fn teams(&self, config: &[u8]) -> Result<u8, DecodeError>;

    /// A match before its first tick.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if `config` is not one of this game.
    fn start(&self, config: &[u8], seed: u64) -> Result<Box<dyn Simulation>, DecodeError>;
}

/// A rule that a game does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRule {
    /// Its name.
    pub name: String,
    /// Why.
    pub refusal: RuleRefusal,
}

impl fmt::Display for RefusedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule {:?}: {}", self.name, self.refusal)
    }
}

/// The game `G` as a server hosts it.
pub fn game_kind<G: Game>() -> Arc<dyn GameKind> {
    Arc::new(TypedKind::<G> {
        schema: Arc::new(G::schema()),
        game: core::marker::PhantomData,
    })
}

struct TypedKind<G> {
    schema: Arc<Schema>,
    game: core::marker::PhantomData<fn() -> G>,
}

impl<G: Game> GameKind for TypedKind<G> {
    fn name(&self) -> &'static str {
        G::NAME
    }

    fn tick_rate(&self) -> TickRate {
        G::TICK_RATE
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn default_config(&self) -> Vec<u8> {
        codec::encode(&G::Config::default())
    }

    fn neutral_input(&self) -> InputWords {
        InputWords::of(&G::Input::default())
    }

    fn with_rules(
        &self,
        config: &[u8],
        rules: &[(String, String)],
    ) -> Result<Vec<u8>, RefusedRule> {
        let refused = |name: &str, refusal| RefusedRule {
            name: name.to_owned(),
            refusal,
        };
        let mut decoded: G::Config = codec::decode(config)
            .map_err(|error| refused("", RuleRefusal::NotAllowed(error.to_string())))?;
        for (name, value) in rules {
            G::set_rule(&mut decoded, name, value).map_err(|refusal| refused(name, refusal))?;
        }
        Ok(codec::encode(&decoded))
    }

    fn seats(&self, config: &[u8]) -> Result<Seats, DecodeError> {
        Ok(G::seats(&codec::decode(config)?))
    }

    fn teams(&self, config: &[u8]) -> Result<u8, DecodeError> {
        Ok(G::teams(&codec::decode(config)?))
    }

    fn start(&self, config: &[u8], seed: u64) -> Result<Box<dyn Simulation>, DecodeError> {
        let game = G::new(codec::decode(config)?, seed);
        Ok(Box::new(TypedSimulation {
            game,
            inputs: Vec::new(),
        }))
    }
}

/// A game in progress, without its types: what [`Game`] says, on words and bytes.
pub trait Simulation: Send {
    /// A player takes a seat.
    ///
    /// # Errors
    ///
    /// Why the game refuses.
    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), JoinRefusal>;

    /// A player gives up its seat.
    fn leave(&mut self, player: PlayerId, reason: LeaveReason);

    /// An encoded command.
    ///
    /// # Errors
    ///
    /// Why the game refuses; [`CommandRefusal::Malformed`] if the bytes are no command of it.
    fn command(&mut self, from: Origin, command: &[u8]) -> Result<(), CommandRefusal>;

    /// One step, with the inputs of all seats, ascending by player. Events go to `events`.
    fn tick(
        &mut self,
        tick: Tick,
        inputs: &[AppliedInput],
        rng: &mut Rng,
        events: &mut SnapshotWriter,
    );

    /// Copies out what clients may see.
    fn replicate(&self, world: &mut SnapshotWriter);

    /// What players have scored so far, best first.
    fn scores(&self) -> Vec<(PlayerId, i32)>;

    /// The result, once the match is over.
    fn outcome(&self) -> Option<Outcome>;

    /// Appends the game's state.
    fn encode(&self, out: &mut Vec<u8>);

    /// Goes on from an encoded state.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`]; nothing has changed then.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), DecodeError>;
}

struct TypedSimulation<G: Game> {
    game: G,
    /// Scratch: the inputs of a tick as the game's type.
    inputs: Vec<PlayerInput<G::Input>>,
}

impl<G: Game> Simulation for TypedSimulation<G> {
    fn join(&mut self, player: PlayerId, profile: &Profile) -> Result<(), JoinRefusal> {
        self.game.join(player, profile)
    }

    fn leave(&mut self, player: PlayerId, reason: LeaveReason) {
        self.game.leave(player, reason);
    }

    fn command(&mut self, from: Origin, command: &[u8]) -> Result<(), CommandRefusal> {
        let command = codec::decode(command).map_err(|_| CommandRefusal::Malformed)?;
        self.game.command(from, command)
    }

    fn tick(
        &mut self,
        tick: Tick,
        inputs: &[AppliedInput],
        rng: &mut Rng,
        events: &mut SnapshotWriter,
    ) {
        self.inputs.clear();
        self.inputs.extend(inputs.iter().map(|applied| PlayerInput {
            player: applied.player,
            input: applied.words.read(),
            status: applied.status,
            view: applied.view,
        }));
        self.game
            .tick(&mut Step::new(tick, &self.inputs, rng, events));
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        self.game.replicate(world);
    }

    fn scores(&self) -> Vec<(PlayerId, i32)> {
        self.game.scores()
    }

    fn outcome(&self) -> Option<Outcome> {
        self.game.outcome()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        codec::encode_into(&self.game, out);
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.game = codec::decode(bytes)?;
        Ok(())
    }
}
