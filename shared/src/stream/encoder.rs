//! From a game's rows to chunks.
//!
//! Owns which entity has which slot. Doesn't know who follows.

use std::sync::Arc;

use slotmap::SecondaryMap;

use super::{delta, state};
use crate::bits::BitWriter;
use crate::id::{ClassId, EntityId, Slot};
use crate::limits::{ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX};
use crate::replicated::reference_word;
use crate::schema::{Layout, Schema};
use crate::snapshot::{Contents, Frame, RowHeader};

/// What one call of [`StreamEncoder::encode`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkStats {
    /// Entities that appeared.
    pub spawned: usize,
    /// Entities that vanished.
    pub despawned: usize,
    /// Rows left out because their class or the stream has no slot left.
    pub rows_refused: usize,
    /// Events left out because there were too many.
    pub events_refused: usize,
}

/// The sending end of a stream.
#[derive(Clone, Debug)]
pub struct StreamEncoder {
    schema: Arc<Schema>,
    frame: Frame,
    classes: Vec<ClassSlots>,
    /// Whether anything was coded since the last hash.
    unhashed: bool,
    /// Scratch: one row with its references resolved.
    row: Vec<u32>,
}

/// Which entities of one class have which slots, and where this tick's rows are.
#[derive(Clone, Debug, Default)]
struct ClassSlots {
    slot_of: SecondaryMap<EntityId, u16>,
    entity_in: Vec<EntityId>,
    /// For each slot, the place of its row in this tick's contents.
    row_in: Vec<Option<usize>>,
    /// Slots taken this tick, ascending.
    born: Vec<u16>,
}

impl StreamEncoder {
    /// A stream of `schema` without entities.
    pub fn new(schema: Arc<Schema>) -> Self {
        let classes = schema
            .classes()
            .iter()
            .map(|_| ClassSlots::default())
            .collect();
        Self {
            frame: Frame::empty(&schema),
            schema,
            classes,
            unhashed: false,
            row: Vec::new(),
        }
    }

    /// The frame that every follower has after the last chunk.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Which slot `entity` of `class` has.
    pub fn slot_of(&self, class: ClassId, entity: EntityId) -> Option<Slot> {
        self.classes
            .get(usize::from(class.0))?
            .slot_of
            .get(entity)
            .copied()
            .map(Slot)
    }

    /// Appends the chunk of a snapshot tick to `out`: nothing if everything went as predicted.
    ///
    /// `span` is the ticks since the previous snapshot tick. `common` is the stream that all
    /// followers of this one follow too, for references into it; it has encoded this tick already.
    /// With `hash`, a stream that changed since its last hash adds one.
    pub fn encode(
        &mut self,
        span: u32,
        contents: &Contents,
        common: Option<&Self>,
        hash: bool,
        out: &mut Vec<u8>,
    ) -> ChunkStats {
        let mut stats = ChunkStats::default();
        self.assign_slots(contents, &mut stats);
        stats.events_refused = contents.events().len().saturating_sub(EVENTS_PER_CHUNK_MAX);
        let start = out.len();
        let mut bits = BitWriter::new(out);
        let mut changed = false;
        for index in 0..self.classes.len() {
            changed |= self.encode_class(index, span, contents, common, &mut bits);
        }
        changed |= self.encode_events(contents, common, &mut bits);
        self.unhashed |= changed;
        let hashes = hash && self.unhashed;
        bits.write_bool(hashes);
        if hashes {
            bits.write(u32::from(self.frame.hash().short()), 16);
            self.unhashed = false;
        }
        bits.finish();
        if !changed && !hashes {
            out.truncate(start);
        }
        stats
    }

    /// Appends the state after the last chunk, for one that follows from the next.
    pub fn join(&self, out: &mut Vec<u8>) {
        state::write(&self.schema, &self.frame, out);
    }

    /// Gives each entity its slot: those that are gone free theirs, newcomers take the lowest free.
    fn assign_slots(&mut self, contents: &Contents, stats: &mut ChunkStats) {
        for class in &mut self.classes {
            class.row_in.fill(None);
            class.born.clear();
        }
        for (place, row) in contents.rows().iter().enumerate() {
            let class = &mut self.classes[usize::from(row.class.0)];
            if let Some(&slot) = class.slot_of.get(row.entity) {
                class.row_in[usize::from(slot)] = Some(place);
            }
        }
        for (class, rows) in self.classes.iter_mut().zip(self.frame.classes_mut()) {
            for slot in 0..rows.slots() {
                if rows.is_alive(slot) && class.row_in[slot].is_none() {
                    class.slot_of.remove(class.entity_in[slot]);
                    stats.despawned += 1;
                }
            }
        }
        let mut room = self.frame.room();
        for (place, row) in contents.rows().iter().enumerate() {
            self.assign_newcomer(place, *row, &mut room, stats);
        }
    }

    /// Gives the entity of `row` a slot if it has none. `room` is how many words new slots may take.
    fn assign_newcomer(
        &mut self,
        place: usize,
        row: RowHeader,
        room: &mut usize,
        stats: &mut ChunkStats,
    ) {
        let class = &mut self.classes[usize::from(row.class.0)];
        if let Some(&slot) = class.slot_of.get(row.entity) {
            class.row_in[usize::from(slot)] = Some(place);
            return;
        }
        let from = class.born.last().map_or(0, |&slot| usize::from(slot) + 1);
        let slot = (from..class.row_in.len())
            .find(|&slot| class.row_in[slot].is_none())
            .unwrap_or(class.row_in.len());
        let is_new = slot == class.row_in.len();
        let words = self.schema.classes()[usize::from(row.class.0)].words();
        let short = u16::try_from(slot)
            .ok()
            .filter(|_| slot < ENTITIES_PER_CLASS_MAX && (!is_new || words <= *room));
        let Some(short) = short else {
            stats.rows_refused += 1;
            return;
        };
        if is_new {
            *room -= words;
            class.row_in.push(None);
            class.entity_in.push(row.entity);
        }
        class.row_in[slot] = Some(place);
        class.entity_in[slot] = row.entity;
        class.slot_of.insert(row.entity, short);
        class.born.push(short);
        stats.spawned += 1;
    }

    /// Writes one class's changes and brings its frame up to date; whether there were any.
    fn encode_class(
        &mut self,
        index: usize,
        span: u32,
        contents: &Contents,
        common: Option<&Self>,
        bits: &mut BitWriter<'_>,
    ) -> bool {
        let mut row = core::mem::take(&mut self.row);
        let layout = &self.schema.classes()[index];
        let mut writer = delta::ClassWriter::new(layout, span, bits);
        for slot in 0..self.frame.classes()[index].slots() {
            let class = &self.classes[index];
            let born = class
                .born
                .binary_search_by_key(&slot, |&slot| usize::from(slot))
                .is_ok();
            if !self.frame.classes()[index].is_alive(slot) {
                continue;
            }
            match class.row_in[slot] {
                Some(place) if !born => {
                    self.resolve(contents, place, layout, common, &mut row);
                    writer.update(&mut self.frame.classes_mut()[index], slot, &row);
                }
                _ => writer.remove(&mut self.frame.classes_mut()[index], slot),
            }
        }
        for born in 0..self.classes[index].born.len() {
            let slot = usize::from(self.classes[index].born[born]);
            if let Some(place) = self.classes[index].row_in[slot] {
                self.resolve(contents, place, layout, common, &mut row);
                writer.insert(&mut self.frame.classes_mut()[index], slot, &row);
            }
        }
        let changed = writer.finish();
        self.row = row;
        changed
    }

    fn encode_events(
        &mut self,
        contents: &Contents,
        common: Option<&Self>,
        bits: &mut BitWriter<'_>,
    ) -> bool {
        let events = contents.events();
        let events = &events[..events.len().min(EVENTS_PER_CHUNK_MAX)];
        let mut words = core::mem::take(&mut self.row);
        for event in events {
            let layout = &self.schema.events()[usize::from(event.class)];
            words.clear();
            words.extend_from_slice(contents.event_words(*event, layout.words()));
            self.resolve_words(contents, layout, common, &mut words);
            delta::write_event(event.class, &words, layout, bits);
        }
        bits.write_bool(false);
        self.row = words;
        !events.is_empty()
    }

    /// Copies the row at `place` to `row`, references as slots.
    fn resolve(
        &self,
        contents: &Contents,
        place: usize,
        layout: &Layout,
        common: Option<&Self>,
        row: &mut Vec<u32>,
    ) {
        row.clear();
        row.extend_from_slice(contents.row_words(contents.rows()[place], layout.words()));
        self.resolve_words(contents, layout, common, row);
    }

    fn resolve_words(
        &self,
        contents: &Contents,
        layout: &Layout,
        common: Option<&Self>,
        words: &mut [u32],
    ) {
        for &(index, class) in layout.references() {
            words[index] = contents.reference(words[index]).map_or(0, |entity| {
                // In the common stream itself, its own slots are the common ones.
                let (everyone, own) = common.map_or((self, None), |common| (common, Some(self)));
                let own_slot = || own.and_then(|own| own.slot_of(class, entity));
                match everyone.slot_of(class, entity) {
                    Some(slot) => reference_word(slot, true),
                    None => own_slot().map_or(0, |slot| reference_word(slot, false)),
                }
            });
        }
        // Integer fields of a game may exceed what its schema says; the wire never does.
        for (word, &max) in words.iter_mut().zip(layout.word_max()) {
            *word = (*word).min(max);
        }
    }
}
