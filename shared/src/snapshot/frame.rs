//! A stream's world at one tick, by slot.

use crate::hash::WordHash;
use crate::id::{ClassId, Slot};
use crate::limits::STREAM_WORDS_MAX;
use crate::replicated::{Replicated, RowReader};
use crate::schema::Schema;

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

    /// Shows the live rows, by slot, to change; frees those for which `keep` says no.
    #[inline]
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(usize, &mut [u32]) -> bool) {
        let mut rows = self.words.chunks_exact_mut(self.stride.max(1));
        for (slot, life) in self.lives.iter_mut().enumerate() {
            // Rows without words are empty.
            let row = rows.next().unwrap_or_default();
            if *life != 0 && !keep(slot, row) {
                *life = 0;
                self.live -= 1;
            }
        }
    }

    /// The words of `slot` to change, if it is alive.
    #[inline]
    pub(crate) fn live_row_mut(&mut self, slot: usize) -> Option<&mut [u32]> {
        if self.is_alive(slot) {
            self.row_mut(slot)
        } else {
            None
        }
    }

    /// Adds a free slot after the last.
    pub(crate) fn grow(&mut self) {
        self.lives.push(0);
        self.taken_before.push(0);
        self.words.resize(self.words.len() + self.stride, 0);
    }

    /// Takes `slot`, which is free; its words are 0. `None` if there is no such slot.
    pub(crate) fn insert(&mut self, slot: usize) -> Option<&mut [u32]> {
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
#[derive(Clone, Debug)]
pub struct Frame {
    classes: Vec<Rows>,
    /// How many words new slots may still take.
    room: usize,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.classes == other.classes
    }
}

impl Eq for Frame {}

impl Frame {
    /// A frame without entities.
    pub fn empty(schema: &Schema) -> Self {
        let classes = schema
            .classes()
            .iter()
            .map(|layout| Rows::new(layout.words()))
            .collect();
        Self {
            classes,
            room: STREAM_WORDS_MAX,
        }
    }

    /// The rows of `class`.
    pub fn rows(&self, class: ClassId) -> Option<&Rows> {
        self.classes.get(usize::from(class.0))
    }

    /// All classes' rows, in order.
    pub fn classes(&self) -> &[Rows] {
        &self.classes
    }

    /// How many words new slots may still take.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// All classes' rows to change, and how many words new slots may still take: whoever adds a slot
    /// takes its words from there.
    pub(crate) fn parts_mut(&mut self) -> (&mut [Rows], &mut usize) {
        (&mut self.classes, &mut self.room)
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
