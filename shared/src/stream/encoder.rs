//! From a game's rows to chunks.
//!
//! Owns the sending end's copy of what both ends hold. Doesn't know who follows.

use std::sync::Arc;

use super::chunk;
use super::memory::Shared;
use super::meter::{BitCosts, Meter};
use super::model::{Adaptive, Codec, Odds, Primed};
use super::rows::Scratch;
use super::slots::{ChunkStats, Slots};
use super::source::{Source, SourceRows};
use super::state;
use crate::id::{ClassId, EntityId, Slot};
use crate::limits::EVENTS_PER_CHUNK_MAX;
use crate::range_coder::{Coder, RangeEncoder};
use crate::schema::Schema;
use crate::snapshot::{Contents, Frame, RowHeader};

/// The sending end of a stream.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    schema: Arc<Schema>,
    shared: Shared,
    slots: Slots,
    /// Whether anything was not as predicted since the last hash.
    unhashed: bool,
    /// Scratch: one row with its references resolved.
    row: Vec<u32>,
    scratch: Scratch,
}

impl StreamEncoder {
    /// A stream of `schema` without entities, whose odds follow what happens: for many followers.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self::with(Shared::new(schema, false))
    }

    /// A stream of `schema` for one player: it is small, and so is what it remembers.
    pub fn private(schema: Arc<Schema>) -> Self {
        Self::with(Shared::new(schema, true))
    }

    fn with(shared: Shared) -> Self {
        Self {
            slots: Slots::new(&shared.schema),
            schema: Arc::clone(&shared.schema),
            shared,
            unhashed: false,
            row: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// The frame that every follower has after the last chunk.
    pub fn frame(&self) -> &Frame {
        &self.shared.frame
    }

    /// Which slot `entity` of `class` has.
    pub fn slot_of(&self, class: ClassId, entity: EntityId) -> Option<Slot> {
        self.slots.slot_of(class, entity)
    }

    /// Appends the chunk of a snapshot tick to `out`: nothing if everything went as predicted.
    ///
    /// `span` is the ticks since the previous snapshot tick. `common` is the stream that all
    /// followers of this one follow too, for references into it; it has encoded this tick already.
    pub fn encode(
        &mut self,
        span: u32,
        contents: &Contents,
        common: Option<&Self>,
        out: &mut Vec<u8>,
    ) -> ChunkStats {
        self.encode_with(span, contents, common, RangeEncoder::new(out))
    }

    /// As [`Self::encode`], and adds what everything cost to `costs`. The bytes are the same.
    pub fn encode_counting(
        &mut self,
        span: u32,
        contents: &Contents,
        common: Option<&Self>,
        out: &mut Vec<u8>,
        costs: &mut BitCosts,
    ) -> ChunkStats {
        costs.begin_chunk(self.shared.schema.causes().len());
        let meter = Meter {
            coder: RangeEncoder::new(out),
            costs,
            cause: 0,
        };
        self.encode_with(span, contents, common, meter)
    }

    fn encode_with<'o, C: Finish<'o>>(
        &mut self,
        span: u32,
        contents: &Contents,
        common: Option<&Self>,
        coder: C,
    ) -> ChunkStats {
        let mut stats = ChunkStats::default();
        let schema = &*self.schema;
        let slots = common.map(|common| &common.slots);
        self.slots
            .assign(schema, &self.shared.frame, contents, slots, &mut stats);
        stats.events_refused = contents.events().len().saturating_sub(EVENTS_PER_CHUNK_MAX);
        self.shared.begin_chunk(span);
        let mut source = Tick {
            schema,
            contents,
            slots: &self.slots,
            common: slots,
            row: &mut self.row,
        };
        let mut own = self.shared.odds.take();
        let coding = Coding {
            shared: &mut self.shared,
            scratch: &mut self.scratch,
            unhashed: &mut self.unhashed,
        };
        match &mut own {
            Some(odds) => coding.run(coder, Adaptive(odds), &mut source),
            None => coding.run(coder, Primed(&schema.plan().priors), &mut source),
        }
        self.shared.odds = own;
        stats
    }

    /// Appends the state after the last chunk, for one that follows from the next.
    pub fn join(&self, out: &mut Vec<u8>) {
        state::write(&self.shared, out);
    }
}

/// A chunk in the making.
struct Coding<'a> {
    shared: &'a mut Shared,
    scratch: &'a mut Scratch,
    unhashed: &'a mut bool,
}

impl Coding<'_> {
    fn run<'o, C: Finish<'o>, O: Odds>(self, coder: C, odds: O, source: &mut Tick<'_>) {
        let mut wire = Codec { coder, odds };
        let result = chunk::code(self.shared, &mut wire, source, self.scratch);
        debug_assert_eq!(result, Ok(()), "what has a slot can be coded");
        let as_predicted = wire.coder.is_as_expected();
        self.shared.trail.add(wire.coder.range());
        let out = wire.coder.finish();
        *self.unhashed |= !as_predicted;
        if *self.unhashed && self.shared.hash_is_due() {
            out.extend_from_slice(&self.shared.check().to_le_bytes());
            *self.unhashed = false;
        }
    }
}

/// A coder that ends a message.
trait Finish<'o>: Coder {
    fn is_as_expected(&self) -> bool;
    fn finish(self) -> &'o mut Vec<u8>;
}

impl<'o> Finish<'o> for RangeEncoder<'o> {
    fn is_as_expected(&self) -> bool {
        self.is_as_expected()
    }

    fn finish(self) -> &'o mut Vec<u8> {
        self.finish()
    }
}

impl<'o> Finish<'o> for Meter<'o> {
    fn is_as_expected(&self) -> bool {
        self.coder.is_as_expected()
    }

    fn finish(self) -> &'o mut Vec<u8> {
        self.coder.finish()
    }
}

/// The rows and events of a tick, by slot.
struct Tick<'a> {
    schema: &'a Schema,
    contents: &'a Contents,
    slots: &'a Slots,
    common: Option<&'a Slots>,
    row: &'a mut Vec<u32>,
}

impl Tick<'_> {
    fn resolved(&mut self, class: usize, place: usize) -> &[u32] {
        let layout = &self.schema.classes()[class];
        let header = self.contents.rows()[place];
        self.row.clear();
        self.row
            .extend_from_slice(self.contents.row_words(header, layout.words()));
        self.slots
            .resolve(self.contents, layout, self.common, self.row);
        self.row
    }
}

/// The rows of one class of a tick.
struct TickRows<'t, 'a> {
    /// By slot.
    places: &'a [u32],
    headers: &'a [RowHeader],
    contents: &'a Contents,
    /// How many words a row has.
    words: usize,
    /// Of a class that refers to others, which it is and what to resolve it with.
    referring: Option<(usize, &'t mut Tick<'a>)>,
}

impl SourceRows for TickRows<'_, '_> {
    #[inline]
    fn row(&mut self, slot: usize) -> Option<&[u32]> {
        // No row has the place of those that are nowhere.
        let place = usize::try_from(self.places[slot]).ok()?;
        let header = self.headers.get(place)?;
        match &mut self.referring {
            None => Some(self.contents.row_words(*header, self.words)),
            Some((class, tick)) => Some(tick.resolved(*class, place)),
        }
    }
}

impl Source for Tick<'_> {
    fn rows(&mut self, class: usize) -> impl SourceRows {
        let layout = &self.schema.classes()[class];
        TickRows {
            places: self.slots.places(class),
            headers: self.contents.rows(),
            contents: self.contents,
            words: layout.words(),
            referring: (!layout.references().is_empty()).then_some((class, self)),
        }
    }

    fn is_next(&self, class: usize, index: usize, parent: Option<usize>) -> bool {
        let newcomer = self.slots.born(class).get(index);
        newcomer.is_some_and(|newcomer| newcomer.parent() == parent)
    }

    fn newcomer(&mut self, class: usize, index: usize) -> &[u32] {
        let place = self.slots.born(class)[index].place;
        self.resolved(class, place)
    }

    fn event(&mut self, index: usize) -> Option<(u8, &[u32])> {
        if index >= EVENTS_PER_CHUNK_MAX {
            return None;
        }
        let event = *self.contents.events().get(index)?;
        let layout = &self.schema.events()[usize::from(event.class)];
        self.row.clear();
        self.row
            .extend_from_slice(self.contents.event_words(event, layout.words()));
        self.slots
            .resolve(self.contents, layout, self.common, self.row);
        Some((event.class, self.row))
    }

    fn told(&mut self, _: u8, _: &[u32]) {}
}
