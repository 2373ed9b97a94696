//! A world at one tick: as a game writes it ([`SnapshotWriter`]), and as a stream's ends hold it
//! ([`Frame`]).
//!
//! A game copies out what clients may see, row by row, each with its audience. The streams turn
//! that into slots. Knows nothing of how a frame is coded.

use std::sync::Arc;

use crate::hash::WordHash;
use crate::id::{ClassId, EntityId, PlayerId, Slot};
use crate::replicated::{Replicated, RowReader, RowWriter};
use crate::schema::Schema;

/// Who sees a row or hears of an event. Each audience is a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// All members of the room.
    Everyone,
    /// One player.
    Player(PlayerId),
}

/// Rows and events of one audience at one tick, by the game's own ids.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    rows: Vec<RowHeader>,
    events: Vec<EventHeader>,
    words: Vec<u32>,
    references: Vec<EntityId>,
}

/// Where one entity's row lies.
#[derive(Clone, Copy, Debug)]
pub struct RowHeader {
    /// Its class.
    pub class: ClassId,
    /// Which entity of the class.
    pub entity: EntityId,
    start: usize,
}

/// Where one event's words lie.
#[derive(Clone, Copy, Debug)]
pub struct EventHeader {
    /// Its class, an index into the schema's event classes.
    pub class: u8,
    start: usize,
}

impl Contents {
    /// Contents without rows or events.
    pub const EMPTY: Self = Self {
        rows: Vec::new(),
        events: Vec::new(),
        words: Vec::new(),
        references: Vec::new(),
    };

    /// The rows, in the order in which the game wrote them.
    pub fn rows(&self) -> &[RowHeader] {
        &self.rows
    }

    /// The events, in the order in which they happened.
    pub fn events(&self) -> &[EventHeader] {
        &self.events
    }

    /// The `count` words of a row.
    pub fn row_words(&self, row: RowHeader, count: usize) -> &[u32] {
        &self.words[row.start..row.start + count]
    }

    /// The `count` words of an event.
    pub fn event_words(&self, event: EventHeader, count: usize) -> &[u32] {
        &self.words[event.start..event.start + count]
    }

    /// The entity that a reference word stands for.
    pub fn reference(&self, word: u32) -> Option<EntityId> {
        let place = usize::try_from(word).ok()?.checked_sub(1)?;
        self.references.get(place).copied()
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.events.clear();
        self.words.clear();
        self.references.clear();
    }

    fn append<T: Replicated>(&mut self, value: &T) -> usize {
        let start = self.words.len();
        value.write(&mut RowWriter::new(&mut self.words, &mut self.references));
        start
    }
}

/// Collects the rows and events of a tick by audience. Reused from tick to tick.
#[derive(Clone, Debug)]
pub struct SnapshotWriter {
    schema: Arc<Schema>,
    everyone: Contents,
    /// By player; those that wrote nothing this time are kept empty, for their buffers.
    players: Vec<(PlayerId, Contents)>,
}

impl SnapshotWriter {
    /// A writer of rows of `schema`.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            everyone: Contents::EMPTY,
            players: Vec::new(),
        }
    }

    /// Forgets all rows and events, but keeps the buffers.
    pub fn clear(&mut self) {
        self.everyone.clear();
        for (_, contents) in &mut self.players {
            contents.clear();
        }
    }

    /// Writes the row of `entity` for `audience`. Of two rows of one entity the later counts.
    ///
    /// # Panics
    ///
    /// If the schema has no class for `T`: a defect of the game.
    pub fn put<T: Replicated>(&mut self, entity: EntityId, audience: Audience, row: &T) {
        let class = self
            .schema
            .class_of::<T>()
            .expect("a row's type is a class of the schema");
        let contents = self.contents_mut(audience);
        let start = contents.append(row);
        contents.rows.push(RowHeader {
            class,
            entity,
            start,
        });
    }

    /// Tells `audience` of an event.
    pub fn event<T: Replicated>(&mut self, audience: Audience, event: &T) {
        let class = u8::try_from(event.class()).expect("a schema has at most 64 event classes");
        let contents = self.contents_mut(audience);
        let start = contents.append(event);
        contents.events.push(EventHeader { class, start });
    }

    /// What everybody sees.
    pub fn everyone(&self) -> &Contents {
        &self.everyone
    }

    /// What `player` alone sees.
    pub fn player(&self, player: PlayerId) -> &Contents {
        match self
            .players
            .binary_search_by_key(&player, |&(known, _)| known)
        {
            Ok(place) => &self.players[place].1,
            Err(_) => const { &Contents::EMPTY },
        }
    }

    fn contents_mut(&mut self, audience: Audience) -> &mut Contents {
        match audience {
            Audience::Everyone => &mut self.everyone,
            Audience::Player(player) => {
                let found = self
                    .players
                    .binary_search_by_key(&player, |&(known, _)| known);
                let place = found.unwrap_or_else(|place| {
                    self.players.insert(place, (player, Contents::EMPTY));
                    place
                });
                &mut self.players[place].1
            }
        }
    }
}

/// The rows of one class in a frame, by slot.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    stride: usize,
    /// For each slot: 0 while it is free, else how often it was taken, never 0.
    lives: Vec<u32>,
    taken_before: Vec<u32>,
    words: Vec<u32>,
    live: usize,
}

/// Equal if the same slots hold the same live rows; which life a slot is in depends on when its
/// reader joined.
impl PartialEq for Rows {
    fn eq(&self, other: &Self) -> bool {
        self.live == other.live && self.iter().eq(other.iter())
    }
}

impl Eq for Rows {}

impl Rows {
    fn new(stride: usize) -> Self {
        Self {
            stride,
            ..Self::default()
        }
    }

    /// Slots that were ever taken.
    pub fn slots(&self) -> usize {
        self.lives.len()
    }

    /// Live rows.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether no row is alive.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Whether the row of `slot` is alive.
    pub fn is_alive(&self, slot: usize) -> bool {
        self.lives.get(slot).is_some_and(|&life| life != 0)
    }

    /// Which life of its slot the row is in, to tell an entity from the next in the same slot.
    pub fn life(&self, slot: Slot) -> Option<u32> {
        self.lives
            .get(usize::from(slot.0))
            .copied()
            .filter(|&life| life != 0)
    }

    /// The words of the row in `slot`, if it is alive.
    pub fn get(&self, slot: Slot) -> Option<&[u32]> {
        let slot = usize::from(slot.0);
        if self.is_alive(slot) {
            self.row(slot)
        } else {
            None
        }
    }

    /// The live rows, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &[u32])> {
        (0..self.slots()).filter_map(|slot| {
            let slot = Slot(u16::try_from(slot).ok()?);
            Some((slot, self.get(slot)?))
        })
    }

    /// The words of `slot`, alive or not.
    pub(crate) fn row(&self, slot: usize) -> Option<&[u32]> {
        self.words.get(slot * self.stride..(slot + 1) * self.stride)
    }

    /// The words of `slot`, alive or not, to change.
    pub(crate) fn row_mut(&mut self, slot: usize) -> Option<&mut [u32]> {
        self.words
            .get_mut(slot * self.stride..(slot + 1) * self.stride)
    }

    /// Frees `slot`.
    pub(crate) fn remove(&mut self, slot: usize) {
        if let Some(life) = self.lives.get_mut(slot).filter(|life| **life != 0) {
            *life = 0;
            self.live -= 1;
        }
    }

    /// Takes `slot`, which is free and at most one past the last; its words are 0.
    pub(crate) fn insert(&mut self, slot: usize) -> Option<&mut [u32]> {
        if slot == self.lives.len() {
            self.lives.push(0);
            self.taken_before.push(0);
            self.words.resize(self.words.len() + self.stride, 0);
        }
        let (life, before) = (self.lives.get_mut(slot)?, self.taken_before.get_mut(slot)?);
        *before = before.wrapping_add(1).max(1);
        *life = *before;
        self.live += 1;
        let row = self.row_mut(slot)?;
        row.fill(0);
        Some(row)
    }

    /// The lowest free slot at or after `from`.
    pub(crate) fn free_slot(&self, from: usize) -> usize {
        let from = from.min(self.slots());
        self.lives[from..]
            .iter()
            .position(|&life| life == 0)
            .map_or(self.slots(), |at| from + at)
    }
}

/// A stream's world at one tick: the rows of each class, by slot. Both ends hold the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    classes: Vec<Rows>,
}

impl Frame {
    /// A frame without entities.
    pub fn empty(schema: &Schema) -> Self {
        let classes = schema
            .classes()
            .iter()
            .map(|layout| Rows::new(layout.words()))
            .collect();
        Self { classes }
    }

    /// The rows of `class`.
    pub fn rows(&self, class: ClassId) -> Option<&Rows> {
        self.classes.get(usize::from(class.0))
    }

    /// All classes' rows, in order.
    pub fn classes(&self) -> &[Rows] {
        &self.classes
    }

    pub(crate) fn classes_mut(&mut self) -> &mut [Rows] {
        &mut self.classes
    }

    /// The entities of type `T`, by slot.
    pub fn entities<'a, T: Replicated>(
        &'a self,
        schema: &Schema,
    ) -> impl Iterator<Item = (Slot, T)> + use<'a, T> {
        let rows = schema.class_of::<T>().and_then(|class| self.rows(class));
        rows.into_iter()
            .flat_map(Rows::iter)
            .filter_map(|(slot, words)| Some((slot, T::read(0, &mut RowReader::new(words))?)))
    }

    /// The entity of type `T` in `slot`.
    pub fn entity<T: Replicated>(&self, schema: &Schema, slot: Slot) -> Option<T> {
        let words = self.rows(schema.class_of::<T>()?)?.get(slot)?;
        T::read(0, &mut RowReader::new(words))
    }

    /// A hash of all live rows in the order of classes and slots, each preceded by its slot.
    pub fn hash(&self) -> WordHash {
        let mut hash = WordHash::default();
        for rows in &self.classes {
            for (slot, words) in rows.iter() {
                hash.add(u32::from(slot.0));
                for &word in words {
                    hash.add(word);
                }
            }
        }
        hash
    }
}

/// An event as a client reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its class, an index into the schema's event classes.
    pub class: u8,
    /// Its words.
    pub words: Vec<u32>,
}

impl Event {
    /// The event as the game's type.
    pub fn read<T: Replicated>(&self) -> Option<T> {
        T::read(usize::from(self.class), &mut RowReader::new(&self.words))
    }
}
