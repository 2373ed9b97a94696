//! One run of a game: the simulation, its generator, its seats and its tick.
//!
//! Everything that reaches a game passes through [`Match::join`], [`Match::leave`],
//! [`Match::command`] and [`Match::step`], and from there into the tick's record: a match is a
//! deterministic function of its header and its records. Knows nothing of members, streams or time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use syncline_shared::codec;
use syncline_shared::error::DecodeError;
use syncline_shared::game::{CommandRefusal, JoinRefusal, LeaveReason, Origin, Outcome, Profile};
use syncline_shared::hash::hash_bytes;
use syncline_shared::id::PlayerId;
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::journal::{Act, AppliedInput, MatchHeader, TickRecord};
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::{Tick, ViewTick};

use crate::simulation::{GameKind, Simulation};

/// A match in progress.
pub struct Match {
    header: MatchHeader,
    schema: Arc<Schema>,
    simulation: Box<dyn Simulation>,
    rest: MatchRest,
    /// The input of those who have sent none.
    neutral: InputWords,
    /// What was done since the last step.
    acts: Vec<Act>,
    /// Whether the game is at the last of them.
    acting: bool,
    /// Scratch: the inputs of all seats.
    inputs: Vec<AppliedInput>,
    /// What the step that runs was given; nothing between steps.
    applied: Option<Vec<AppliedInput>>,
    /// What the last checkpoint was taken as, until somebody wants it or another is taken.
    taken: Option<Vec<u8>>,
}

/// What a checkpoint holds beside the game.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct MatchRest {
    tick: Tick,
    rng: Rng,
    seats: BTreeMap<PlayerId, Seat>,
}

/// One player of the match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seat {
    profile: Profile,
    /// The input that is repeated when none comes.
    input: InputWords,
    /// How far the player's view lies behind the tick, in eighths.
    view_lag: u64,
}

/// A checkpoint as it is read.
#[derive(Deserialize)]
struct Checkpoint {
    game: Vec<u8>,
    rest: MatchRest,
}

/// The same as it is written, of what is there: a match is hashed once a second.
#[derive(Serialize)]
struct CheckpointOf<'a> {
    /// At once, and not byte after byte as a sequence; it comes to the same bytes.
    #[serde(serialize_with = "serialize_bytes")]
    game: &'a [u8],
    rest: &'a MatchRest,
}

fn serialize_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Why a record can't be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The record is not of the next tick.
    #[error("the record is of tick {found}, not of tick {expected}")]
    OutOfOrder {
        /// The next tick.
        expected: Tick,
        /// The record's.
        found: Tick,
    },
    /// The game refused a player that it took when it was recorded.
    #[error("the game refused a recorded player: {0}")]
    Join(JoinRefusal),
}

impl Match {
    /// A match before its first tick.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if the header's config is not one of `game`.
    pub fn new(game: &dyn GameKind, header: MatchHeader) -> Result<Self, DecodeError> {
        let simulation = game.start(&header.config, header.seed)?;
        // The game's seed and its generator's must differ, or a game that draws from its own copy of
        // the seed would see the same numbers twice.
        let rng = Rng::from_seed(header.seed.rotate_left(32) ^ 0x9E37_79B9_7F4A_7C15);
        let rest = MatchRest {
            tick: Tick::ZERO,
            rng,
            seats: BTreeMap::new(),
        };
        let neutral = game.neutral_input();
        Ok(Self {
            header,
            schema: Arc::clone(game.schema()),
            simulation,
            rest,
            neutral,
            acts: Vec::new(),
            acting: false,
            inputs: Vec::new(),
            applied: None,
            taken: None,
        })
    }

    /// What the match started from.
    pub fn header(&self) -> &MatchHeader {
        &self.header
    }

    /// The last tick that was run.
    pub fn tick(&self) -> Tick {
        self.rest.tick
    }

    /// What players have scored so far, best first, as far as the game tells it.
    pub fn scores(&self) -> Vec<(PlayerId, i32)> {
        self.simulation.scores()
    }

    /// The result, once the match is over.
    pub fn outcome(&self) -> Option<Outcome> {
        self.simulation.outcome()
    }

    /// The players, ascending.
    pub fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.rest.seats.keys().copied()
    }

    /// The input of those who have sent none.
    pub fn neutral_input(&self) -> &InputWords {
        &self.neutral
    }

    /// The input that is repeated for `player`.
    pub fn last_input(&self, player: PlayerId) -> Option<&InputWords> {
        self.rest.seats.get(&player).map(|seat| &seat.input)
    }

    /// A player takes a seat before the next step.
    ///
    /// # Errors
    ///
    /// Why the game refuses; nothing has changed then, and nothing is recorded.
    pub fn join(&mut self, player: PlayerId, profile: Profile) -> Result<(), JoinRefusal> {
        self.begin_act(Act::Join(player, profile.clone()));
        let joined = self.simulation.join(player, &profile);
        self.end_act(joined.is_ok());
        joined?;
        let seat = Seat {
            profile,
            input: self.neutral.clone(),
            view_lag: 0,
        };
        self.rest.seats.insert(player, seat);
        Ok(())
    }

    /// A player gives up its seat before the next step. Without a seat nothing happens.
    pub fn leave(&mut self, player: PlayerId, reason: LeaveReason) {
        if self.rest.seats.remove(&player).is_some() {
            self.begin_act(Act::Leave(player, reason));
            self.simulation.leave(player, reason);
            self.end_act(true);
        }
    }

    /// A command before the next step; the tick at which it is applied.
    ///
    /// # Errors
    ///
    /// Why it is refused. What the game itself refuses is recorded: refusing is its to repeat.
    pub fn command(&mut self, from: Origin, command: &[u8]) -> Result<Tick, CommandRefusal> {
        if let Origin::Player(player) = from
            && !self.rest.seats.contains_key(&player)
        {
            return Err(CommandRefusal::NotAPlayer);
        }
        self.begin_act(Act::Command(from, command.to_vec()));
        let outcome = self.simulation.command(from, command);
        self.end_act(outcome != Err(CommandRefusal::Malformed));
        outcome.map(|()| self.rest.tick.next())
    }

    /// Notes an act before the game does it: if the game panics, it is known in what.
    fn begin_act(&mut self, act: Act) {
        self.acts.push(act);
        self.acting = true;
    }

    /// The game has done it; one that is not `kept` changed nothing.
    fn end_act(&mut self, kept: bool) {
        self.acting = false;
        if !kept {
            self.acts.pop();
        }
    }

    /// Does a recorded act again.
    fn act(&mut self, act: &Act) -> Result<(), ReplayError> {
        match act {
            Act::Join(player, profile) => {
                self.join(*player, profile.clone())
                    .map_err(ReplayError::Join)?;
            }
            Act::Leave(player, reason) => self.leave(*player, *reason),
            Act::Command(from, command) => {
                // A refusal is part of the record: the game repeats it.
                let _ = self.command(*from, command);
            }
        }
        Ok(())
    }

    /// Runs the next tick with `applied`, the inputs that are not plain repetitions, by player.
    /// Events go to `world`; rows don't, see [`Match::replicate`].
    pub fn step(&mut self, applied: Vec<AppliedInput>, world: &mut SnapshotWriter) -> TickRecord {
        let tick = self.rest.tick.next();
        self.rest.tick = tick;
        self.taken = None;
        for input in &applied {
            if let Some(seat) = self.rest.seats.get_mut(&input.player) {
                seat.input.clone_from(&input.words);
                seat.view_lag = input.view.lag(tick);
            }
        }
        self.inputs.clear();
        self.inputs
            .extend(self.rest.seats.iter().map(|(&player, seat)| AppliedInput {
                player,
                words: seat.input.clone(),
                status: InputStatus::Repeated,
                view: ViewTick::before(tick, seat.view_lag),
            }));
        for input in &applied {
            let place = self
                .inputs
                .binary_search_by_key(&input.player, |input| input.player);
            if let Ok(place) = place {
                self.inputs[place].status = input.status;
            }
        }
        self.applied = Some(applied);
        self.simulation
            .tick(tick, &self.inputs, &mut self.rest.rng, world);
        if tick.is_multiple_of(self.header.checkpoint_interval) {
            self.pass_through_checkpoint();
        }
        TickRecord {
            tick,
            acts: core::mem::take(&mut self.acts),
            inputs: self.applied.take().unwrap_or_default(),
        }
    }

    /// What the tick was made of that did not end, if the game panicked in it, or in an act before it:
    /// that act is the last one then, and there are no inputs. The match is of no other use then.
    pub fn interrupted(&mut self) -> Option<TickRecord> {
        let (tick, inputs) = if self.acting {
            (self.rest.tick.next(), Vec::new())
        } else {
            (self.rest.tick, self.applied.take()?)
        };
        Some(TickRecord {
            tick,
            inputs,
            acts: core::mem::take(&mut self.acts),
        })
    }

    /// Goes on from the decoded copy of what was just encoded.
    ///
    /// In a debug build the game has to show the same rows before and after: a field that serde skips
    /// is then a loud failure of the game's first tests, and not a value that resets in play.
    fn pass_through_checkpoint(&mut self) {
        let shown = cfg!(debug_assertions).then(|| self.shown());
        let checkpoint = self.checkpoint();
        self.restore(&checkpoint)
            .expect("what was just encoded decodes");
        assert!(
            shown.is_none_or(|shown| shown == self.shown()),
            "{} shows other rows after a checkpoint at tick {}: does serde skip a field?",
            self.header.game,
            self.rest.tick
        );
        self.taken = Some(checkpoint);
    }

    /// The checkpoint that the last step took, if it took one and nobody asked yet.
    pub fn take_checkpoint(&mut self) -> Option<Vec<u8>> {
        self.taken.take()
    }

    /// The rows that clients would see now.
    fn shown(&self) -> SnapshotWriter {
        let mut world = SnapshotWriter::new(Arc::clone(&self.schema));
        self.replicate(&mut world);
        world
    }

    /// Runs a recorded tick.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; the match is unusable then.
    pub fn replay(
        &mut self,
        record: &TickRecord,
        world: &mut SnapshotWriter,
    ) -> Result<(), ReplayError> {
        let expected = self.rest.tick.next();
        if record.tick != expected {
            return Err(ReplayError::OutOfOrder {
                expected,
                found: record.tick,
            });
        }
        record.acts.iter().try_for_each(|act| self.act(act))?;
        self.step(record.inputs.clone(), world);
        Ok(())
    }

    /// Copies out what clients may see.
    pub fn replicate(&self, world: &mut SnapshotWriter) {
        self.simulation.replicate(world);
    }

    /// The whole match as bytes, between two steps.
    pub fn checkpoint(&self) -> Vec<u8> {
        let mut game = Vec::new();
        self.simulation.encode(&mut game);
        codec::encode(&CheckpointOf {
            game: &game,
            rest: &self.rest,
        })
    }

    /// Goes on from a checkpoint of a match with the same header.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`]; nothing has changed then.
    pub fn restore(&mut self, checkpoint: &[u8]) -> Result<(), DecodeError> {
        let checkpoint: Checkpoint = codec::decode(checkpoint)?;
        self.simulation.restore(&checkpoint.game)?;
        self.rest = checkpoint.rest;
        Ok(())
    }

    /// A hash of the whole state, to compare two runs.
    pub fn state_hash(&self) -> u64 {
        hash_bytes(&self.checkpoint())
    }
}
