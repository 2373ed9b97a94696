//! The coding of the rows that were there before: as predicted, changed, or gone.
//!
//! One function serves both ends: what an encoder is given, a decoder finds. Knows one class at a
//! time; doesn't know which entity is in a slot.

// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use super::attitude::Turn;
use super::memory::{ClassMemory, Lane, RowMemory, STILL_CHUNKS, age, of_slot};
use super::model::{Codec, Odds, class_of};
use super::surprise::{Surprise, is_same};
use super::vector::{self, Kept};
use crate::range_coder::Coder;
use crate::schema::plan::{ClassPlan, MOTIONS_MAX, RESTING_FLAGS, STEADY_FLAGS};

/// Codes the rows of one class in one chunk, in the order of their slots.
pub(super) struct RowCoder<'a, 'c, C, O> {
    plan: &'a ClassPlan,
    memory: &'a mut ClassMemory,
    wire: &'c mut Codec<C, O>,
    /// The number of this chunk, and the ticks it spans.
    chunk: u32,
    span: u32,
    /// Which of the rows before were surprises, the last one in the lowest bit.
    before: u32,
    /// The row as it was, but for its motions.
    old: Vec<u32>,
    /// The row as an encoder has it.
    actual: Vec<u32>,
    /// By motion: what was before.
    kept: [u32; MOTIONS_MAX],
    /// The same of a vector that moves alone.
    kept_vector: Kept,
}

/// Buffers that are kept from chunk to chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    old: Vec<u32>,
    actual: Vec<u32>,
}

impl<'a, 'c, C: Coder, O: Odds> RowCoder<'a, 'c, C, O> {
    pub(super) fn new(
        plan: &'a ClassPlan,
        memory: &'a mut ClassMemory,
        wire: &'c mut Codec<C, O>,
        (chunk, span): (u32, u32),
        scratch: &mut Scratch,
    ) -> Self {
        Self {
            plan,
            memory,
            wire,
            chunk,
            span,
            before: 0,
            old: core::mem::take(&mut scratch.old),
            actual: core::mem::take(&mut scratch.actual),
            kept: [0; MOTIONS_MAX],
            kept_vector: [0; 3],
        }
    }

    /// Ends the class; the buffers go back.
    pub(super) fn finish(self, scratch: &mut Scratch) {
        scratch.old = self.old;
        scratch.actual = self.actual;
    }

    /// Codes the row of a slot: `row` is as it was and becomes as it is. An encoder tells what it
    /// is in `actual`, or `None` if it is gone. Returns whether it is there still.
    #[inline(always)]
    pub(super) fn code(&mut self, slot: usize, row: &mut [u32], actual: Option<&[u32]>) -> bool {
        self.wire.coder.about(self.plan.cause);
        let head = self.memory.rows[slot];
        let resting = head.moving | head.turning == 0;
        let context = if resting {
            let still = age(self.chunk, head.changed);
            let class = u32::from(still >= STILL_CHUNKS) + u32::from(still >= 32);
            self.plan.row_flag + class * 4 + (self.before & 3)
        } else {
            let doubt = self.predict(slot, &head, row);
            self.moving_context(&head, doubt)
        };
        let differs = C::ENCODES && !is_expected(row, actual, &self.plan.word_max);
        let differs = self.wire.decide(context, differs);
        self.before = self.before << 1 | u32::from(differs);
        if differs {
            return self.surprise(slot, row, actual);
        }
        if !resting {
            self.go_on(slot, row);
        }
        true
    }

    /// Predicts a row in motion, in its place; what moves is kept. How doubtful its roundings are,
    /// 0 to 15.
    #[inline(always)]
    fn predict(&mut self, slot: usize, head: &RowMemory, row: &mut [u32]) -> u32 {
        let mut sure = 256u32;
        let motions = &self.plan.motions[..];
        let filters = of_slot(&mut self.memory.filters, slot, motions.len());
        let mut moving = head.moving;
        if let Some(vector) = self.plan.moving_vector(moving) {
            moving = 0;
            let kept = &mut self.kept_vector;
            sure = match vector.count {
                2 => vector::predict::<2>(vector, filters, row, kept),
                _ => vector::predict::<3>(vector, filters, row, kept),
            };
        }
        while moving != 0 {
            let index = lowest(&mut moving);
            let (motion, filter) = (&motions[index], &filters[index]);
            let word = &mut row[motion.word];
            let expected = filter.expect(motion, *word);
            self.kept[index] = *word;
            *word = expected.word;
            sure = sure.wrapping_mul(256 - u32::from(expected.doubt)) >> 8;
        }
        if head.turning != 0 {
            self.predict_turns(slot, row);
        }
        ((256 - sure) >> 4).min(15)
    }

    #[inline(never)]
    fn predict_turns(&mut self, slot: usize, row: &mut [u32]) {
        let memory = self.memory.slot_mut(self.plan, slot);
        self.old.clear();
        self.old.extend_from_slice(row);
        for index in bits(memory.head.turning) {
            let rotation = &self.plan.rotations[index];
            let next = memory.turns[index].next(rotation.bits);
            let largest = next.order(rotation.bits).largest;
            let words = &mut row[rotation.word..][..4];
            words[0] = largest;
            let parts = next.words(largest, rotation.bits);
            for (word, (part, _)) in words[1..].iter_mut().zip(parts) {
                *word = part;
            }
        }
    }

    #[inline(always)]
    fn moving_context(&self, memory: &RowMemory, doubt: u32) -> u32 {
        let start = self.plan.row_flag + RESTING_FLAGS;
        let quiet = age(self.chunk, memory.surprised);
        let class = if self.plan.parent.is_some() {
            let age = self.chunk.wrapping_sub(memory.born).min(31);
            age * 4 + class_of(doubt).min(3)
        } else {
            // Nobody can foretell whether there is doubt: both are worked out.
            let steady = quiet.min(STEADY_FLAGS - 1);
            let doubtful = STEADY_FLAGS + doubt * 3 + quiet.min(2);
            if doubt == 0 { steady } else { doubtful }
        };
        start + class
    }

    /// The row is as predicted.
    #[inline(always)]
    fn go_on(&mut self, slot: usize, row: &[u32]) {
        let plan = self.plan;
        let head = &mut self.memory.rows[slot];
        let filters = of_slot(&mut self.memory.filters, slot, plan.motions.len());
        let lanes = of_slot(&mut self.memory.lanes, slot, plan.words());
        let mut changed = false;
        let mut moving = head.moving;
        if let Some(vector) = plan.moving_vector(moving) {
            moving = 0;
            let memory = (&mut *filters, &mut *lanes);
            let before = (&self.kept_vector, self.span);
            let motions = &plan.motions;
            (changed, head.moving) = match vector.count {
                2 => vector::go_on::<2>(vector, motions, memory, row, before),
                _ => vector::go_on::<3>(vector, motions, memory, row, before),
            };
        }
        while moving != 0 {
            let index = lowest(&mut moving);
            let (motion, filter) = (&plan.motions[index], &mut filters[index]);
            let before = self.kept[index];
            changed |= before != row[motion.word];
            let momentum = &mut self.memory.momentum[index];
            if !filter.go_on(motion, before, row, self.span, momentum) {
                head.moving &= !(1 << index);
            }
            lanes[motion.word].calm();
        }
        if head.turning != 0 {
            let turns = of_slot(&mut self.memory.turns, slot, plan.rotations.len());
            changed |= turn_on(plan, head, turns, lanes, row, &self.old);
        }
        if changed {
            head.changed = self.chunk;
        } else if age(self.chunk, head.changed) + 1 >= STILL_CHUNKS {
            head.moving &= plan.exact;
        }
    }

    /// The row is not as predicted: gone, or some of its groups differ.
    #[inline(never)]
    fn surprise(&mut self, slot: usize, row: &mut [u32], actual: Option<&[u32]>) -> bool {
        let plan = self.plan;
        let memory = self.memory.slot_mut(plan, slot);
        self.wire.coder.about(plan.deaths_cause());
        let lived = match plan.parent {
            Some(_) => self.chunk.wrapping_sub(memory.head.born).min(31),
            None => 0,
        };
        if self
            .wire
            .decide(plan.gone + lived, C::ENCODES && actual.is_none())
        {
            return false;
        }
        if memory.head.turning == 0 {
            self.old.clear();
            self.old.extend_from_slice(row);
        }
        if let Some(vector) = plan.moving_vector(memory.head.moving) {
            let count = vector.count;
            self.old[vector.word..][..count].copy_from_slice(&self.kept_vector[..count]);
        } else {
            for index in bits(memory.head.moving) {
                self.old[plan.motions[index].word] = self.kept[index];
            }
        }
        self.actual.clear();
        let ranges = actual.unwrap_or(&[]).iter().zip(&plan.word_max);
        self.actual
            .extend(ranges.map(|(&word, &max)| word.min(max)));
        let mut surprise = Surprise {
            plan,
            wire: &mut *self.wire,
            chunk: self.chunk,
            span: self.span,
            old: &self.old,
            row,
            actual: &self.actual,
            in_a_row: self.before >> 1 & 1 != 0,
            fresh: memory.head.surprised.wrapping_add(1) == self.chunk,
            missed: 0,
            relinked: 0,
            memory,
        };
        let changed = surprise.code();
        let head = surprise.memory.head;
        head.surprised = self.chunk;
        if changed {
            head.changed = self.chunk;
        } else if age(self.chunk, head.changed) + 1 >= STILL_CHUNKS {
            head.moving &= plan.exact;
        }
        true
    }
}

/// The rotations of a row went from `old` to what was expected. Whether any turned.
#[inline(never)]
fn turn_on(
    plan: &ClassPlan,
    head: &mut RowMemory,
    turns: &mut [Turn],
    lanes: &mut [Lane],
    row: &[u32],
    old: &[u32],
) -> bool {
    let mut changed = false;
    for index in bits(head.turning) {
        let rotation = &plan.rotations[index];
        let words = rotation.word..rotation.word + 4;
        let (last, before) = (&row[words.clone()], &old[words.clone()]);
        if last == before {
            head.turning &= !(1 << index);
        } else {
            turns[index] = Turn::new(last, before, rotation.bits);
            changed = true;
        }
        lanes[words].iter_mut().for_each(Lane::calm);
    }
    changed
}

/// Takes the lowest bit that is set off a mask that has one.
#[inline(always)]
fn lowest(mask: &mut u32) -> usize {
    let index = mask.trailing_zeros() & 31;
    *mask &= mask.wrapping_sub(1);
    index as usize
}

/// The positions of the bits that are set, lowest first.
fn bits(mut mask: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || (mask != 0).then(|| lowest(&mut mask)))
}

/// Whether the row is what the encoder has, whose words may be too high yet.
#[inline(always)]
fn is_expected(row: &[u32], actual: Option<&[u32]>, max: &[u32]) -> bool {
    let Some(actual) = actual else {
        return false;
    };
    if is_same(row, actual) {
        return true;
    }
    let mut words = row.iter().zip(actual).zip(max);
    words.all(|((&row, &actual), &max)| row == actual.min(max))
}
