//! The coding of the rows that were there before: as predicted, changed, or gone.
//!
//! One function serves both ends: what an encoder is given, a decoder finds. Knows one class at a
//! time; doesn't know which entity is in a slot.

// Every cast below is of a value whose range was just checked, or is the wire's own wrapping.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use glam::IVec2;

use super::attitude::{Attitude, Turn};
use super::memory::{ClassMemory, Lane, STILL_CHUNKS, age};
use super::model::{Codec, Odds, class_of};
use super::motion::Expected;
use crate::direction::direction;
use crate::range_coder::Coder;
use crate::schema::plan::{
    ClassPlan, Group, GroupKind, MOTIONS_MAX, RESTING_FLAGS, STEADY_FLAGS, Source,
};

/// Codes the rows of one class in one chunk, in the order of their slots.
pub(super) struct RowCoder<'a, 'c, C, O> {
    pub(super) plan: &'a ClassPlan,
    pub(super) memory: &'a mut ClassMemory,
    pub(super) wire: &'c mut Codec<C, O>,
    /// The number of this chunk, and the ticks it spans.
    pub(super) chunk: u32,
    pub(super) span: u32,
    /// Which of the rows before were surprises, the last one in the lowest bit.
    before: u32,
    /// The row as it was, and as it was predicted.
    pub(super) old: Vec<u32>,
    pub(super) predicted: Vec<u32>,
    /// The row as an encoder has it.
    actual: Vec<u32>,
    /// By motion: what is expected, and what was before.
    pub(super) expected: [Expected; MOTIONS_MAX],
    kept: [u32; MOTIONS_MAX],
}

/// Buffers that are kept from chunk to chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    old: Vec<u32>,
    predicted: Vec<u32>,
    actual: Vec<u32>,
}

/// What the groups of a row were like so far.
pub(super) struct Surprise {
    pub(super) slot: usize,
    /// Which of the groups before missed, the first in the lowest bit.
    missed: u32,
    /// Whether the row was a surprise in the last chunk too.
    pub(super) fresh: bool,
    pub(super) moving: u32,
    pub(super) turning: u32,
    /// Which motions' velocities changed in this chunk.
    pub(super) relinked: u32,
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
            predicted: core::mem::take(&mut scratch.predicted),
            actual: core::mem::take(&mut scratch.actual),
            expected: [Expected::default(); MOTIONS_MAX],
            kept: [0; MOTIONS_MAX],
        }
    }

    /// Ends the class; the buffers go back.
    pub(super) fn finish(self, scratch: &mut Scratch) {
        scratch.old = self.old;
        scratch.predicted = self.predicted;
        scratch.actual = self.actual;
    }

    /// Codes the row of `slot`: `row` is as it was and becomes as it is. An encoder tells what it
    /// is in `actual`, or `None` if it is gone. Returns whether it is there still.
    #[inline(always)]
    pub(super) fn code(&mut self, slot: usize, row: &mut [u32], actual: Option<&[u32]>) -> bool {
        self.wire.coder.about(self.plan.cause);
        let memory = self.memory.rows[slot];
        let resting = memory.moving | memory.turning == 0;
        let context = if resting {
            let still = age(self.chunk, memory.changed);
            let class = u32::from(still >= STILL_CHUNKS) + u32::from(still >= 32);
            self.plan.row_flag + class * 4 + (self.before & 3)
        } else {
            let doubt = self.predict(slot, row);
            self.moving_context(slot, doubt)
        };
        let differs = C::ENCODES && !is_same(row, actual, &self.plan.word_max);
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
    fn predict(&mut self, slot: usize, row: &mut [u32]) -> u32 {
        let memory = &self.memory.rows[slot];
        let mut sure = 256u32;
        let motions = &self.plan.motions[..];
        let filters = &self.memory.filters[slot * motions.len()..][..motions.len()];
        let mut moving = memory.moving;
        while moving != 0 {
            let index = lowest(&mut moving);
            let (motion, filter) = (&motions[index], &filters[index]);
            let word = &mut row[motion.word];
            let expected = filter.expect(motion, *word);
            self.kept[index] = *word;
            *word = expected.word;
            sure = sure.wrapping_mul(256 - u32::from(expected.doubt)) >> 8;
            self.expected[index] = expected;
        }
        if memory.turning != 0 {
            self.predict_turns(slot, row);
        }
        ((256 - sure) >> 4).min(15)
    }

    fn predict_turns(&mut self, slot: usize, row: &mut [u32]) {
        let turning = self.memory.rows[slot].turning;
        let turns = &self.memory.turns[slot * self.plan.rotations.len()..];
        self.old.clear();
        self.old.extend_from_slice(row);
        for index in bits(turning) {
            let rotation = &self.plan.rotations[index];
            let next = turns[index].next(rotation.bits);
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
    fn moving_context(&self, slot: usize, doubt: u32) -> u32 {
        let memory = &self.memory.rows[slot];
        let start = self.plan.row_flag + RESTING_FLAGS;
        let quiet = age(self.chunk, memory.surprised);
        if self.plan.parent.is_some() {
            let age = self.chunk.wrapping_sub(memory.born).min(31);
            start + age * 4 + class_of(doubt).min(3)
        } else if doubt == 0 {
            start + quiet.min(STEADY_FLAGS - 1)
        } else {
            start + STEADY_FLAGS + doubt * 3 + quiet.min(2)
        }
    }

    /// The row is as predicted.
    #[inline(always)]
    fn go_on(&mut self, slot: usize, row: &mut [u32]) {
        let plan = self.plan;
        let memory = &mut self.memory.rows[slot];
        let lanes = &mut self.memory.lanes[slot * plan.words()..][..plan.words()];
        let count = plan.motions.len();
        let filters = &mut self.memory.filters[slot * count..][..count];
        let mut changed = false;
        let mut moving = memory.moving;
        while moving != 0 {
            let index = lowest(&mut moving);
            let motion = &plan.motions[index];
            let expected = &self.expected[index];
            let before = self.kept[index];
            changed |= before != expected.word;
            let momentum = &mut self.memory.momentum[index];
            if !filters[index].go_on(motion, before, row, self.span, expected, momentum) {
                memory.moving &= !(1 << index);
            }
            lanes[motion.word].calm();
        }
        if memory.turning != 0 {
            let turns = &mut self.memory.turns[slot * plan.rotations.len()..];
            for index in bits(memory.turning) {
                let rotation = &plan.rotations[index];
                let words = rotation.word..rotation.word + 4;
                if row[words.clone()] == self.old[words.clone()] {
                    memory.turning &= !(1 << index);
                } else {
                    let (last, before) = (&row[words.clone()], &self.old[words.clone()]);
                    turns[index] = Turn::new(last, before, rotation.bits);
                    changed = true;
                }
                lanes[words].iter_mut().for_each(Lane::calm);
            }
        }
        if changed {
            memory.changed = self.chunk;
        } else if age(self.chunk, memory.changed) + 1 >= STILL_CHUNKS {
            memory.moving &= plan.exact;
        }
    }

    /// The row is not as predicted: gone, or some of its groups differ.
    #[inline(never)]
    fn surprise(&mut self, slot: usize, row: &mut [u32], actual: Option<&[u32]>) -> bool {
        let plan = self.plan;
        let memory = self.memory.rows[slot];
        self.wire.coder.about(plan.deaths_cause());
        let lived = match plan.parent {
            Some(_) => self.chunk.wrapping_sub(memory.born).min(31),
            None => 0,
        };
        if self
            .wire
            .decide(plan.gone + lived, C::ENCODES && actual.is_none())
        {
            return false;
        }
        self.predicted.clear();
        self.predicted.extend_from_slice(row);
        if memory.turning != 0 {
            row.copy_from_slice(&self.old);
        }
        for index in bits(memory.moving) {
            row[plan.motions[index].word] = self.kept[index];
        }
        self.old.clear();
        self.old.extend_from_slice(row);
        let mut actual_words = core::mem::take(&mut self.actual);
        actual_words.clear();
        let ranges = actual.unwrap_or(&[]).iter().zip(&plan.word_max);
        actual_words.extend(ranges.map(|(&word, &max)| word.min(max)));
        let mut surprise = Surprise {
            slot,
            missed: 0,
            fresh: memory.surprised.wrapping_add(1) == self.chunk,
            moving: memory.moving,
            turning: memory.turning,
            relinked: 0,
        };
        for (index, group) in plan.groups.iter().enumerate() {
            self.wire.coder.about(plan.group_cause(index));
            self.group(&mut surprise, index, group, row, &actual_words);
        }
        self.actual = actual_words;
        let memory = &mut self.memory.rows[slot];
        memory.surprised = self.chunk;
        memory.moving = surprise.moving;
        memory.turning = surprise.turning;
        if *row != *self.old {
            memory.changed = self.chunk;
        } else if age(self.chunk, memory.changed) + 1 >= STILL_CHUNKS {
            memory.moving &= plan.exact;
        }
        true
    }

    fn group(
        &mut self,
        surprise: &mut Surprise,
        index: usize,
        group: &'a Group,
        row: &mut [u32],
        actual: &[u32],
    ) {
        match group.kind {
            GroupKind::Motion { first, .. } => self.relink(surprise, first, group, row),
            GroupKind::Angle {
                bits,
                heading: Some(source),
            } => self.turn_along(group.words.start, bits, source, row),
            _ => {}
        }
        let words = group.words.clone();
        let place = surprise.slot * self.plan.groups.len() + index;
        let differs = C::ENCODES && actual[words.clone()] != self.predicted[words.clone()];
        let context = if let GroupKind::Flag = group.kind {
            let was = self.predicted[words.start] & 1;
            was + (surprise.missed & 7) * 2 + (self.before >> 1 & 1) * 16
        } else {
            let quiet = class_of(age(self.chunk, self.memory.surprised[place])).min(7);
            (surprise.missed & 7) * 8 + quiet
        };
        let differs = self.wire.decide(group.flag + context, differs);
        row[words.clone()].copy_from_slice(&self.predicted[words.clone()]);
        if differs {
            surprise.missed |= 1 << index.min(31);
            self.memory.surprised[place] = self.chunk;
            self.differ(surprise, group, row, actual);
        } else {
            let lanes = &mut self.memory.lanes[surprise.slot * self.plan.words()..];
            lanes[words.clone()]
                .iter_mut()
                .for_each(|lane| lane.note(0));
        }
        debug_assert!(!C::ENCODES || row[words.clone()] == actual[words.clone()]);
        match group.kind {
            GroupKind::Motion { first, .. } => self.observe(surprise, first, group, row),
            GroupKind::Rotation { index, .. } => self.turn(surprise, index, row),
            _ => {}
        }
        let lanes = &mut self.memory.lanes[surprise.slot * self.plan.words()..];
        for word in words {
            let (old, new) = (self.old[word], row[word]);
            lanes[word].change = i8::from(new > old) - i8::from(new < old);
        }
    }

    /// Lanes whose velocity changed begin a new run, from the place where they are.
    fn relink(&mut self, surprise: &mut Surprise, first: usize, group: &Group, row: &[u32]) {
        let filters = &mut self.memory.filters[surprise.slot * self.plan.motions.len()..];
        let count = group.words.len();
        for (index, filter) in (first..).zip(&mut filters[first..first + count]) {
            let motion = &self.plan.motions[index];
            let changed = motion
                .follows
                .is_some_and(|follows| row[follows.word] != self.old[follows.word]);
            if !changed {
                continue;
            }
            let bit = 1 << index;
            let moves = filter.relink(motion, row, self.span, surprise.moving & bit != 0);
            surprise.moving = surprise.moving & !bit | u32::from(moves) << index;
            surprise.relinked |= bit;
            let word = self.old[motion.word];
            self.predicted[motion.word] = if moves {
                self.expected[index] = filter.expect(motion, word);
                self.expected[index].word
            } else {
                word
            };
        }
    }

    /// Lanes take in what they became.
    fn observe(&mut self, surprise: &mut Surprise, first: usize, group: &Group, row: &[u32]) {
        let filters = &mut self.memory.filters[surprise.slot * self.plan.motions.len()..];
        let changed = row[group.words.clone()] != self.old[group.words.clone()];
        let count = group.words.len();
        for (index, filter) in (first..).zip(&mut filters[first..first + count]) {
            let motion = &self.plan.motions[index];
            let (before, word) = (self.old[motion.word], row[motion.word]);
            let momentum = &mut self.memory.momentum[index];
            let moves = if surprise.moving >> index & 1 != 0 {
                filter.observe(motion, before, row, self.span, momentum)
            } else if motion.follows.is_some() {
                word != before && filter.begin(motion, row, self.span)
            } else {
                changed && filter.jump(motion, before, word, *momentum)
            };
            surprise.moving = surprise.moving & !(1 << index) | u32::from(moves) << index;
        }
    }

    /// A rotation takes in what it became.
    fn turn(&mut self, surprise: &mut Surprise, index: usize, row: &[u32]) {
        let rotation = &self.plan.rotations[index];
        let words = rotation.word..rotation.word + 4;
        let turn = &mut self.memory.turns[surprise.slot * self.plan.rotations.len() + index];
        let turned = row[words.clone()] != self.old[words.clone()];
        if turned {
            *turn = Turn::new(&row[words.clone()], &self.old[words], rotation.bits);
        }
        surprise.turning = surprise.turning & !(1 << index) | u32::from(turned) << index;
    }

    /// Where a rotation is expected to be.
    pub(super) fn expected_attitude(&self, surprise: &Surprise, index: usize) -> Attitude {
        let rotation = &self.plan.rotations[index];
        if surprise.turning >> index & 1 != 0 {
            let turn = &self.memory.turns[surprise.slot * self.plan.rotations.len() + index];
            turn.next(rotation.bits)
        } else {
            Attitude::of(&self.old[rotation.word..], rotation.bits)
        }
    }

    /// An angle keeps its distance from the direction of a velocity that changed.
    fn turn_along(&mut self, word: usize, bits: u8, source: Source, row: &[u32]) {
        let velocity = |row: &[u32]| {
            let part = |word: u32| word.wrapping_add_signed(source.first_step) as i32;
            IVec2::new(part(row[source.word]), part(row[source.word + 1]))
        };
        let (old, new) = (velocity(&self.old), velocity(row));
        if new == old || new == IVec2::ZERO {
            return;
        }
        let turn = 1u32 << bits;
        let mut apart = 0;
        if old != IVec2::ZERO {
            apart = self.old[word].wrapping_sub(direction(old, bits)) & (turn - 1);
            // So near that it is rounding.
            if apart <= 2 || apart >= turn - 2 {
                apart = 0;
            }
        }
        self.predicted[word] = (direction(new, bits) + apart) & (turn - 1);
    }
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
fn is_same(row: &[u32], actual: Option<&[u32]>, max: &[u32]) -> bool {
    let Some(actual) = actual else {
        return false;
    };
    if row == actual {
        return true;
    }
    let mut words = row.iter().zip(actual).zip(max);
    words.all(|((&row, &actual), &max)| row == actual.min(max))
}
