//! Which entity has which slot of a stream, and where this tick's rows are.
//!
//! Those that are gone free theirs; newcomers take the lowest free, those with parents first, in the
//! order of the parents' slots. Doesn't know how anything is coded.

use slotmap::{Key, SecondaryMap};

use crate::id::{ClassId, EntityId, Slot};
use crate::limits::ENTITIES_PER_CLASS_MAX;
use crate::replicated::reference_word;
use crate::schema::{Layout, Schema};
use crate::snapshot::{Contents, Frame, Rows};

/// What one call of [`super::StreamEncoder::encode`] did.
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

/// The slots of all classes.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    classes: Vec<ClassSlots>,
    /// For each row of the last tick the slot it had: games write their rows in the same order from
    /// tick to tick, mostly.
    order: Vec<u16>,
    /// The newcomers of one class, before they have slots.
    waiting: Vec<Newcomer>,
    /// Whether somebody was born in this tick.
    births: bool,
}

/// In [`ClassSlots::row_in`]: no row.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The slots of one class.
#[derive(Clone, Debug, Default)]
struct ClassSlots {
    slot_of: SecondaryMap<EntityId, u16>,
    /// For each slot who has it; nobody has a free one.
    entity_in: Vec<EntityId>,
    /// For each slot, the place of its row in this tick's contents, if it was taken before and is
    /// still; else [`NOWHERE`].
    row_in: Vec<u32>,
    /// In the order in which they are coded.
    born: Vec<Newcomer>,
}

/// An entity that appears in this tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newcomer {
    /// The slot of its parent, after all that have none.
    parent: Option<usize>,
    /// The place of its row in this tick's contents.
    pub(super) place: usize,
    entity: EntityId,
}

impl Slots {
    pub(super) fn new(schema: &Schema) -> Self {
        Self {
            classes: vec![ClassSlots::default(); schema.classes().len()],
            order: Vec::new(),
            waiting: Vec::new(),
            births: false,
        }
    }

    pub(super) fn slot_of(&self, class: ClassId, entity: EntityId) -> Option<Slot> {
        let class = self.classes.get(usize::from(class.0))?;
        class.slot_of.get(entity).copied().map(Slot)
    }

    /// By slot, the place of the row that is there now and was before; [`NOWHERE`] if there is none.
    pub(super) fn places(&self, class: usize) -> &[u32] {
        &self.classes[class].row_in
    }

    /// The newcomers of a class, in the order in which they are coded.
    pub(super) fn born(&self, class: usize) -> &[Newcomer] {
        if self.births {
            &self.classes[class].born
        } else {
            // Without a look at each class: nearly always nobody is.
            &[]
        }
    }

    /// Gives each entity of this tick its slot. `frame` is the one before.
    pub(super) fn assign(
        &mut self,
        schema: &Schema,
        frame: &Frame,
        contents: &Contents,
        common: Option<&Self>,
        stats: &mut ChunkStats,
    ) {
        for class in self.classes.iter_mut().filter(|class| class.is_used()) {
            class.row_in.fill(NOWHERE);
            class.born.clear();
        }
        let mut newcomers = false;
        self.order.resize(contents.rows().len(), 0);
        let mut place = 0;
        #[expect(
            clippy::explicit_counter_loop,
            reason = "a zipped counter costs as much as all the rest of it"
        )]
        for (row, likely) in contents.rows().iter().zip(&mut self.order) {
            let class = &mut self.classes[usize::from(row.class.0)];
            let slot = usize::from(*likely);
            if class.entity_in.get(slot) == Some(&row.entity) {
                class.row_in[slot] = place;
            } else if let Some(&slot) = class.slot_of.get(row.entity) {
                *likely = slot;
                class.row_in[usize::from(slot)] = place;
            } else {
                newcomers = true;
            }
            place += 1;
        }
        for (class, rows) in self.classes.iter_mut().zip(frame.classes()) {
            if class.is_used() {
                stats.despawned += class.free(rows);
            }
        }
        self.births = newcomers;
        if !newcomers {
            return;
        }
        let mut room = frame.room();
        for index in 0..self.classes.len() {
            self.assign_newcomers(schema, index, contents, common, &mut room, stats);
        }
    }

    /// `room` is how many words new slots may take.
    fn assign_newcomers(
        &mut self,
        schema: &Schema,
        index: usize,
        contents: &Contents,
        common: Option<&Self>,
        room: &mut usize,
        stats: &mut ChunkStats,
    ) {
        let mut waiting = core::mem::take(&mut self.waiting);
        let class_id = |place: usize| usize::from(contents.rows()[place].class.0);
        let layout = &schema.classes()[index];
        for place in (0..contents.rows().len()).filter(|&place| class_id(place) == index) {
            let row = contents.rows()[place];
            if self.classes[index].slot_of.contains_key(row.entity) {
                continue;
            }
            let words = contents.row_words(row, layout.words());
            waiting.push(Newcomer {
                parent: self.parent_of(schema, index, contents, common, words),
                place,
                entity: row.entity,
            });
        }
        // Of two rows of one entity the later counts.
        waiting.reverse();
        waiting.sort_by_key(|newcomer| newcomer.entity);
        waiting.dedup_by_key(|newcomer| newcomer.entity);
        waiting.sort_by_key(|newcomer| (newcomer.parent.unwrap_or(usize::MAX), newcomer.place));
        let class = &mut self.classes[index];
        let mut from = 0;
        for newcomer in waiting.drain(..) {
            match class.take(from, layout, newcomer, room) {
                Some(slot) => {
                    from = slot + 1;
                    stats.spawned += 1;
                }
                None => stats.rows_refused += 1,
            }
        }
        self.waiting = waiting;
    }

    /// The slot of a row's parent, if the row refers to it in this very stream.
    fn parent_of(
        &self,
        schema: &Schema,
        class: usize,
        contents: &Contents,
        common: Option<&Self>,
        words: &[u32],
    ) -> Option<usize> {
        let parent = schema.plan().classes[class].parent.as_ref()?;
        let entity = contents.reference(words[parent.word])?;
        let elsewhere = |other: &Self| {
            let class = &other.classes[parent.class];
            class.slot_of.contains_key(entity)
        };
        if common.is_some_and(elsewhere) {
            return None;
        }
        let slot = self.classes[parent.class].slot_of.get(entity)?;
        Some(usize::from(*slot))
    }

    /// Turns the references of `words` into slots, and lowers what is too high.
    pub(super) fn resolve(
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

impl Newcomer {
    pub(super) fn parent(&self) -> Option<usize> {
        self.parent
    }
}

impl ClassSlots {
    /// Whether anybody ever had a slot.
    fn is_used(&self) -> bool {
        !self.row_in.is_empty()
    }

    /// Takes their slots from those that are gone; how many they are.
    fn free(&mut self, rows: &Rows) -> usize {
        // Counted so that many are at once.
        let count = |kept: u32, &place: &u32| kept.wrapping_add(u32::from(place != NOWHERE));
        let kept = self.row_in.iter().fold(0, count) as usize;
        if kept == rows.len() {
            return 0;
        }
        for (slot, &place) in self.row_in.iter().enumerate() {
            if place == NOWHERE && rows.is_alive(slot) {
                self.slot_of.remove(self.entity_in[slot]);
                self.entity_in[slot] = EntityId::null();
            }
        }
        rows.len() - kept
    }

    /// Takes the lowest free slot from `from` on, if there is one.
    fn take(
        &mut self,
        from: usize,
        layout: &Layout,
        newcomer: Newcomer,
        room: &mut usize,
    ) -> Option<usize> {
        let slots = self.row_in.len();
        let slot = (from..slots)
            .find(|&slot| self.row_in[slot] == NOWHERE)
            .unwrap_or(slots);
        let short = u16::try_from(slot).ok()?;
        if slot == slots {
            if slot >= ENTITIES_PER_CLASS_MAX || layout.words() > *room {
                return None;
            }
            *room -= layout.words();
            self.row_in.push(NOWHERE);
            self.entity_in.push(newcomer.entity);
        }
        self.entity_in[slot] = newcomer.entity;
        self.slot_of.insert(newcomer.entity, short);
        self.born.push(newcomer);
        Some(slot)
    }
}
