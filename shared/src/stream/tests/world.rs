//! Random worlds that live: entities come, change, hide, go, and give their slots to others.

use std::sync::Arc;

use slotmap::SlotMap;

use super::script::{Op, Plan, SeenBy};
use crate::id::{ClassId, EntityId, PlayerId, Slot};
use crate::replicated::reference_word;
use crate::schema::{Layout, Schema};
use crate::snapshot::{Audience, Event, Frame, SnapshotWriter};
use crate::stream::{ChunkStats, StreamDecoder, StreamEncoder};

const PLAYER: PlayerId = PlayerId(3);

/// The two streams of a recording, in the order of its arrays.
pub(super) const COMMON: usize = 0;
pub(super) const OWN: usize = 1;
pub(super) const STREAMS: [usize; 2] = [COMMON, OWN];

/// A row or an event by the game's own ids.
#[derive(Clone, Debug)]
struct Written {
    words: Vec<u32>,
    references: Vec<Option<EntityId>>,
}

#[derive(Clone, Debug)]
struct Entity {
    row: Written,
    seen_by: SeenBy,
    hidden: bool,
    /// What the game writes first, when it writes the row twice.
    before: Option<Written>,
}

impl Entity {
    fn is_in(&self, stream: usize) -> bool {
        let seen = match self.seen_by {
            SeenBy::All => stream == COMMON,
            SeenBy::Player => stream == OWN,
            SeenBy::Both => true,
        };
        seen && !self.hidden
    }
}

struct World {
    schema: Arc<Schema>,
    classes: Vec<SlotMap<EntityId, Entity>>,
    events: Vec<(u8, bool, Written)>,
    curtain: bool,
}

impl World {
    fn new(schema: &Arc<Schema>) -> Self {
        Self {
            schema: Arc::clone(schema),
            classes: vec![SlotMap::with_key(); schema.classes().len()],
            events: Vec::new(),
            curtain: false,
        }
    }

    /// Words and references that `seed` names: small, large and too large ones.
    fn written(&self, layout: &Layout, seed: u32) -> Written {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
            let mixed = state ^ (state >> 15);
            mixed >> (mixed & 31)
        };
        let words = (0..layout.words()).map(|_| next()).collect();
        let references = layout.references().iter().map(|(_, class)| {
            let entities = &self.classes[usize::from(class.0)];
            let pick = usize::try_from(next()).unwrap();
            entities.keys().nth(pick % (entities.len() + 1))
        });
        let references = references.collect();
        Written { words, references }
    }

    fn pick(&self, pick: u16) -> Option<(usize, EntityId)> {
        let all = (0..).zip(&self.classes);
        let ids: Vec<_> = all
            .flat_map(|(class, all)| all.keys().map(move |id| (class, id)))
            .collect();
        (!ids.is_empty()).then(|| ids[usize::from(pick) % ids.len()])
    }

    fn spawn(&mut self, class: usize, seed: u32, seen_by: SeenBy) {
        let row = self.written(&self.schema.classes()[class], seed);
        self.classes[class].insert(Entity {
            row,
            seen_by,
            hidden: false,
            before: None,
        });
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Spawn {
                class,
                seed,
                seen_by,
            } => {
                self.spawn(usize::from(class) % self.classes.len(), seed, seen_by);
            }
            Op::Event {
                class,
                seed,
                private,
            } if !self.schema.events().is_empty() => {
                let index = usize::from(class) % self.schema.events().len();
                let written = self.written(&self.schema.events()[index], seed);
                self.events
                    .push((u8::try_from(index).unwrap(), private, written));
            }
            Op::Event { .. } => {}
            Op::Curtain => self.curtain = !self.curtain,
            Op::Despawn { pick }
            | Op::Replace { pick, .. }
            | Op::Change { pick, .. }
            | Op::Rewrite { pick, .. }
            | Op::Hide { pick }
            | Op::Show { pick, .. }
            | Op::Duplicate { pick, .. } => {
                if let Some((class, id)) = self.pick(pick) {
                    self.apply_to(op, class, id);
                }
            }
        }
    }

    fn apply_to(&mut self, op: &Op, class: usize, id: EntityId) {
        let schema = Arc::clone(&self.schema);
        let layout = &schema.classes()[class];
        let rewritten = match *op {
            Op::Rewrite { seed, .. } | Op::Duplicate { seed, .. } => {
                Some(self.written(layout, seed))
            }
            _ => None,
        };
        let entity = &mut self.classes[class][id];
        match *op {
            Op::Despawn { .. } => drop(self.classes[class].remove(id)),
            Op::Replace { seed, .. } => {
                let seen_by = entity.seen_by;
                self.classes[class].remove(id);
                self.spawn(class, seed, seen_by);
            }
            Op::Change { word, value, .. } if layout.words() > 0 => {
                entity.row.words[usize::from(word) % layout.words()] = value;
            }
            Op::Rewrite { .. } => entity.row = rewritten.unwrap(),
            Op::Duplicate { .. } => {
                entity.before = Some(core::mem::replace(&mut entity.row, rewritten.unwrap()));
            }
            Op::Hide { .. } => entity.hidden = true,
            Op::Show { seen_by, .. } => {
                entity.hidden = false;
                entity.seen_by = seen_by;
            }
            Op::Change { .. } | Op::Spawn { .. } | Op::Curtain | Op::Event { .. } => {}
        }
    }

    fn is_in(&self, class: ClassId, id: EntityId, stream: usize) -> bool {
        let entity = self.classes[usize::from(class.0)].get(id);
        !self.curtain && entity.is_some_and(|entity| entity.is_in(stream))
    }

    /// What the game writes at this tick.
    fn replicate(&self, writer: &mut SnapshotWriter) {
        writer.clear();
        for (class, entities) in (0..).map(ClassId).zip(&self.classes) {
            for (id, entity) in entities {
                for stream in STREAMS.into_iter().filter(|&s| self.is_in(class, id, s)) {
                    for row in entity.before.iter().chain([&entity.row]) {
                        let audience = audience(stream);
                        writer.put_words(class, id, audience, &row.words, &row.references);
                    }
                }
            }
        }
        for (class, private, event) in &self.events {
            let audience = audience(usize::from(*private));
            writer.event_words(*class, audience, &event.words, &event.references);
        }
    }

    /// The words as they must arrive in `stream`, by the encoders' slots.
    fn arrived(
        &self,
        written: &Written,
        layout: &Layout,
        stream: usize,
        encoders: &[StreamEncoder; 2],
    ) -> Vec<u32> {
        let clamped = written.words.iter().zip(layout.word_max());
        let mut words: Vec<u32> = clamped.map(|(&word, &max)| word.min(max)).collect();
        for (&(index, class), reference) in layout.references().iter().zip(&written.references) {
            let slot = |stream: usize| {
                let id = reference.filter(|&id| self.is_in(class, id, stream))?;
                let slot = encoders[stream].slot_of(class, id).unwrap();
                Some(reference_word(slot, stream == COMMON))
            };
            let own = || (stream == OWN).then(|| slot(OWN)).flatten();
            words[index] = slot(COMMON).or_else(own).unwrap_or(0);
        }
        words
    }

    /// Compares the encoders' frames with the world itself.
    fn check(&self, encoders: &[StreamEncoder; 2]) {
        for stream in STREAMS {
            let frame = encoders[stream].frame();
            for (class, entities) in (0..).map(ClassId).zip(&self.classes) {
                let rows = frame.rows(class).unwrap();
                let layout = &self.schema.classes()[usize::from(class.0)];
                let mut seen = 0;
                for (id, entity) in entities {
                    let slot = encoders[stream].slot_of(class, id);
                    assert_eq!(slot.is_some(), self.is_in(class, id, stream));
                    if let Some(slot) = slot {
                        let words = self.arrived(&entity.row, layout, stream, encoders);
                        assert_eq!(rows.get(slot), Some(&words[..]));
                        seen += 1;
                    }
                }
                assert_eq!(rows.len(), seen);
            }
        }
    }

    fn expected_events(&self, stream: usize, encoders: &[StreamEncoder; 2]) -> Vec<Event> {
        let events = self
            .events
            .iter()
            .filter(|(_, private, _)| usize::from(*private) == stream);
        let event = |(class, _, written): &(u8, bool, Written)| Event {
            class: *class,
            words: self.arrived(
                written,
                &self.schema.events()[usize::from(*class)],
                stream,
                encoders,
            ),
        };
        events.map(event).collect()
    }

    fn next_tick(&mut self) {
        self.events.clear();
        for entity in self
            .classes
            .iter_mut()
            .flat_map(|entities| entities.values_mut())
        {
            entity.before = None;
        }
    }
}

fn audience(stream: usize) -> Audience {
    if stream == COMMON {
        Audience::Everyone
    } else {
        Audience::Player(PLAYER)
    }
}

/// One snapshot tick as both streams carried it.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) span: u32,
    pub(super) chunks: [Vec<u8>; 2],
    pub(super) stats: [ChunkStats; 2],
    /// The encoders' frames after the tick.
    pub(super) frames: [Frame; 2],
    /// For those who follow from the next tick on.
    pub(super) joins: [Vec<u8>; 2],
    /// As they must arrive.
    pub(super) events: [Vec<Event>; 2],
}

/// A world and its two streams.
pub(super) struct Life {
    world: World,
    writer: SnapshotWriter,
    encoders: [StreamEncoder; 2],
}

impl Life {
    pub(super) fn new(schema: &Arc<Schema>) -> Self {
        Self {
            world: World::new(schema),
            writer: SnapshotWriter::new(Arc::clone(schema)),
            encoders: [
                StreamEncoder::new(Arc::clone(schema)),
                StreamEncoder::private(Arc::clone(schema)),
            ],
        }
    }

    /// One snapshot tick; the encoders' frames are compared with the world.
    pub(super) fn tick(&mut self, plan: &Plan) -> ([Vec<u8>; 2], [ChunkStats; 2]) {
        self.world.next_tick();
        for op in &plan.ops {
            self.world.apply(op);
        }
        self.world.replicate(&mut self.writer);
        let encoded = self.encode(plan.span);
        self.world.check(&self.encoders);
        encoded
    }

    /// A tick in which everybody's world becomes `frame`; the common chunk.
    pub(super) fn tick_as(&mut self, frame: &Frame, span: u32) -> Vec<u8> {
        self.writer.clear();
        for (class, rows) in (0..).map(ClassId).zip(frame.classes()) {
            let layout = &self.world.schema.classes()[usize::from(class.0)];
            for (slot, words) in rows.iter() {
                let id = |class: ClassId, slot: Slot| {
                    let ids = self.world.classes[usize::from(class.0)].keys();
                    ids.into_iter()
                        .find(|&id| self.encoders[COMMON].slot_of(class, id) == Some(slot))
                };
                let referred = layout.references().iter().map(|&(index, target)| {
                    let place = words[index].checked_sub(1)?;
                    id(target, Slot(u16::try_from(place).unwrap()))
                });
                let references: Vec<_> = referred.collect();
                let entity = id(class, slot).unwrap();
                self.writer
                    .put_words(class, entity, Audience::Everyone, words, &references);
            }
        }
        let ([common, _], _) = self.encode(span);
        common
    }

    fn encode(&mut self, span: u32) -> ([Vec<u8>; 2], [ChunkStats; 2]) {
        let [common, own] = &mut self.encoders;
        let mut chunks = [Vec::new(), Vec::new()];
        let (everyone, private) = (self.writer.everyone(), self.writer.player(PLAYER));
        let stats = [
            common.encode(span, everyone, None, &mut chunks[COMMON]),
            own.encode(span, private, Some(common), &mut chunks[OWN]),
        ];
        (chunks, stats)
    }

    pub(super) fn frame(&self, stream: usize) -> &Frame {
        self.encoders[stream].frame()
    }

    pub(super) fn joined(&self, stream: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encoders[stream].join(&mut bytes);
        bytes
    }

    pub(super) fn join(&self, stream: usize) -> StreamDecoder {
        StreamDecoder::join(Arc::clone(&self.world.schema), &self.joined(stream)).unwrap()
    }
}

/// Lets a world live, and compares the encoders' frames with it after each tick.
///
/// The first entry is the state before anything happened.
pub(super) fn record(schema: &Arc<Schema>, plans: &[Plan], with_joins: bool) -> Vec<Recorded> {
    let mut life = Life::new(schema);
    let mut recorded = vec![snapshot(&life.world, &life.encoders, with_joins)];
    for plan in plans {
        let (chunks, stats) = life.tick(plan);
        recorded.push(Recorded {
            span: plan.span,
            chunks,
            stats,
            ..snapshot(&life.world, &life.encoders, with_joins)
        });
    }
    recorded
}

fn snapshot(world: &World, encoders: &[StreamEncoder; 2], with_joins: bool) -> Recorded {
    let join = |stream: usize| {
        let mut bytes = Vec::new();
        if with_joins {
            encoders[stream].join(&mut bytes);
        }
        bytes
    };
    Recorded {
        span: 1,
        chunks: [Vec::new(), Vec::new()],
        stats: [ChunkStats::default(); 2],
        frames: STREAMS.map(|stream| encoders[stream].frame().clone()),
        joins: STREAMS.map(join),
        events: STREAMS.map(|stream| world.expected_events(stream, encoders)),
    }
}
