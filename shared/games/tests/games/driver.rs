//! Drives a game as a match does, from records, and watches it as clients do, through streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_shared::codec;
use syncline_shared::game::{Game, PlayerInput, Profile, Step};
use syncline_shared::id::PlayerId;
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::journal::{Act, AppliedInput, TickRecord};
use syncline_shared::replicated::Replicated;
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame, SnapshotWriter};
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};
use syncline_shared::tick::{Tick, ViewTick};

/// A match without a room: game, generator, and what each player pressed last.
pub(crate) struct Driver<G: Game> {
    pub(crate) game: G,
    rng: Rng,
    tick: Tick,
    pressed: BTreeMap<PlayerId, InputWords>,
    world: SnapshotWriter,
    interval: u32,
}

impl<G: Game> Driver<G> {
    /// A match that goes on from its encoded copy each `interval` ticks; never if that is 0.
    pub(crate) fn new(config: G::Config, seed: u64, interval: u32) -> Self {
        Self {
            game: G::new(config, seed),
            rng: Rng::from_seed(seed),
            tick: Tick::ZERO,
            pressed: BTreeMap::new(),
            world: SnapshotWriter::new(Arc::new(G::schema())),
            interval,
        }
    }

    /// Everything that decides how the match goes on.
    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        codec::encode(&(&self.game, &self.rng, self.tick, &self.pressed))
    }

    /// The match that [`Driver::checkpoint`] wrote.
    pub(crate) fn restore(bytes: &[u8], interval: u32) -> Self {
        let (game, rng, tick, pressed) = codec::decode(bytes).expect("a checkpoint decodes");
        Self {
            game,
            rng,
            tick,
            pressed,
            world: SnapshotWriter::new(Arc::new(G::schema())),
            interval,
        }
    }

    /// One tick, and a checkpoint if it is time for one.
    pub(crate) fn apply(&mut self, record: &TickRecord) {
        assert_eq!(record.tick, self.tick.next());
        self.tick = record.tick;
        self.world.clear();
        for act in &record.acts {
            self.act(act);
        }
        for input in &record.inputs {
            self.pressed.insert(input.player, input.words.clone());
        }
        let input = |(&player, words): (&PlayerId, &InputWords)| PlayerInput {
            player,
            input: words.read::<G::Input>(),
            status: InputStatus::Applied,
            view: ViewTick::at(self.tick),
        };
        let inputs: Vec<_> = self.pressed.iter().map(input).collect();
        let mut step = Step::new(self.tick, &inputs, &mut self.rng, &mut self.world);
        self.game.tick(&mut step);
        if self.tick.is_multiple_of(self.interval) {
            *self = Self {
                world: self.world.clone(),
                ..Self::restore(&self.checkpoint(), self.interval)
            };
        }
    }

    /// A tick with these acts, all players pressing on as before.
    pub(crate) fn apply_acts(&mut self, acts: Vec<Act>) {
        let tick = self.tick.next();
        let inputs = Vec::new();
        self.apply(&TickRecord { tick, acts, inputs });
    }

    /// The tick's events and rows.
    pub(crate) fn snapshot(&mut self) -> &SnapshotWriter {
        self.game.replicate(&mut self.world);
        &self.world
    }

    pub(crate) fn tick(&self) -> Tick {
        self.tick
    }

    /// Sets what `player` presses from the next tick on.
    pub(crate) fn press(&mut self, player: PlayerId, input: &G::Input) {
        self.pressed.insert(player, InputWords::of(input));
    }

    pub(crate) fn pressed(&self, player: PlayerId) -> G::Input {
        self.pressed
            .get(&player)
            .map(InputWords::read)
            .unwrap_or_default()
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Join(player, profile) => {
                if self.game.join(*player, profile).is_ok() {
                    self.pressed
                        .insert(*player, InputWords::of(&G::Input::default()));
                }
            }
            Act::Leave(player, reason) => {
                self.game.leave(*player, *reason);
                self.pressed.remove(player);
            }
            Act::Command(origin, bytes) => {
                if let Ok(command) = codec::decode(bytes) {
                    // A refusal changes nothing, which is what the journal relies on.
                    let _ = self.game.command(*origin, command);
                }
            }
        }
    }
}

/// Joins the players from 0 on.
pub(crate) fn joins(players: u16) -> Vec<Act> {
    (0..players)
        .map(|player| Act::Join(PlayerId(player), Profile::default()))
        .collect()
}

/// An input as a record holds it.
pub(crate) fn applied<I: Replicated>(player: PlayerId, tick: Tick, input: &I) -> AppliedInput {
    AppliedInput {
        player,
        words: InputWords::of(input),
        status: InputStatus::Applied,
        view: ViewTick::at(tick),
    }
}

/// One stream, both ends of it.
struct Stream {
    encoder: StreamEncoder,
    decoder: StreamDecoder,
    /// What the last tick's chunk told.
    events: Vec<Event>,
    chunk: Vec<u8>,
}

impl Stream {
    fn new(schema: &Arc<Schema>) -> Self {
        let encoder = StreamEncoder::new(Arc::clone(schema));
        let mut join = Vec::new();
        encoder.join(&mut join);
        let decoder = StreamDecoder::join(Arc::clone(schema), &join).expect("a join decodes");
        Self {
            encoder,
            decoder,
            events: Vec::new(),
            chunk: Vec::new(),
        }
    }

    fn apply(&mut self) {
        self.events.clear();
        let applied = self.decoder.apply(1, &self.chunk, &mut self.events);
        assert_eq!(
            applied.map(|applied| applied == Applied::Mismatch),
            Ok(false)
        );
    }
}

/// All clients of a match: the common stream and each player's own.
pub(crate) struct Audiences {
    pub(crate) schema: Arc<Schema>,
    common: Stream,
    own: BTreeMap<PlayerId, Stream>,
}

impl Audiences {
    pub(crate) fn new<G: Game>() -> Self {
        let schema = Arc::new(G::schema());
        Self {
            common: Stream::new(&schema),
            own: BTreeMap::new(),
            schema,
        }
    }

    /// Carries a tick over to the clients of `players`; those of others are gone.
    pub(crate) fn follow(&mut self, world: &SnapshotWriter, players: &[PlayerId]) {
        let common = &mut self.common;
        common.chunk.clear();
        common
            .encoder
            .encode(1, world.everyone(), None, &mut common.chunk);
        common.apply();
        self.own.retain(|player, _| players.contains(player));
        for &player in players {
            let own = self
                .own
                .entry(player)
                .or_insert_with(|| Stream::new(&self.schema));
            own.chunk.clear();
            let everyone = Some(&common.encoder);
            own.encoder
                .encode(1, world.player(player), everyone, &mut own.chunk);
            own.apply();
        }
    }

    pub(crate) fn common(&self) -> &Frame {
        self.common.decoder.frame()
    }

    pub(crate) fn own(&self, player: PlayerId) -> &Frame {
        self.own[&player].decoder.frame()
    }

    /// What `player` was told of the last tick.
    pub(crate) fn events(&self, player: PlayerId) -> impl Iterator<Item = &Event> {
        self.common.events.iter().chain(&self.own[&player].events)
    }

    /// Bytes of the last tick: of the common stream and of all others together.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let own = self.own.values().map(|stream| stream.chunk.len()).sum();
        (self.common.chunk.len(), own)
    }
}
