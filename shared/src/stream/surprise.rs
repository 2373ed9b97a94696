//! The coding of a row that is not as predicted: which of its groups differ, and what follows of that
//! for the rest.
//!
//! Knows one row; what the fields that differ are instead is up to `fields`.

// Every cast below is of a value whose range was just checked, or is the wire's own wrapping.
#![allow(clippy::cast_possible_wrap)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use glam::IVec2;

use super::attitude::{Attitude, Turn};
use super::memory::{SlotMemory, age};
use super::model::{Codec, Odds, class_of};
use crate::direction::direction;
use crate::range_coder::Coder;
use crate::schema::plan::{ClassPlan, Group, GroupKind, Source};

/// A row that is not as predicted.
pub(super) struct Surprise<'r, C, O> {
    pub(super) plan: &'r ClassPlan,
    pub(super) wire: &'r mut Codec<C, O>,
    pub(super) memory: SlotMemory<'r>,
    /// The number of this chunk, and the ticks it spans.
    pub(super) chunk: u32,
    pub(super) span: u32,
    /// The row as it was.
    pub(super) old: &'r [u32],
    /// As predicted, group by group becoming as it is.
    pub(super) row: &'r mut [u32],
    /// As an encoder has it; a decoder has nothing.
    pub(super) actual: &'r [u32],
    /// Whether the row before was a surprise too.
    pub(super) in_a_row: bool,
    /// Whether this one was in the last chunk too.
    pub(super) fresh: bool,
    /// Which of the groups before missed, the first in the lowest bit.
    pub(super) missed: u32,
    /// Which motions' velocities changed in this chunk.
    pub(super) relinked: u32,
}

impl<C: Coder, O: Odds> Surprise<'_, C, O> {
    /// Codes the groups. Returns whether the row changed.
    pub(super) fn code(&mut self) -> bool {
        let plan = self.plan;
        let mut changed = false;
        for (index, group) in plan.groups.iter().enumerate() {
            self.wire.coder.about(plan.group_cause(index));
            // Where nothing changed yet, no source has.
            if changed {
                self.follow(group);
            }
            let differs = self.flag(index, group);
            if differs {
                self.missed |= 1 << index.min(31);
                self.memory.surprised[index] = self.chunk;
                self.differ(group);
            }
            let now = self.note(group, differs);
            changed |= now;
            match group.kind {
                GroupKind::Motion { first, .. } => self.observe(first, group.words.len(), now),
                GroupKind::Rotation { index, .. } => self.turn(index, now),
                _ => {}
            }
        }
        changed
    }

    /// Predicts a group anew whose source may have changed.
    fn follow(&mut self, group: &Group) {
        match group.kind {
            GroupKind::Motion { first, .. } => self.relink(first, group.words.len()),
            GroupKind::Angle {
                bits,
                heading: Some(source),
            } => self.turn_along(group.words.start, bits, source),
            _ => {}
        }
    }

    /// Codes whether a group differs from its prediction.
    #[inline(always)]
    fn flag(&mut self, index: usize, group: &Group) -> bool {
        let words = group.words.clone();
        let is_other = |word: usize| self.row[word] != self.actual[word];
        let differs = C::ENCODES && words.clone().any(is_other);
        let context = if let GroupKind::Flag = group.kind {
            let was = self.row[words.start] & 1;
            was + (self.missed & 7) * 2 + u32::from(self.in_a_row) * 16
        } else {
            let quiet = class_of(age(self.chunk, self.memory.surprised[index])).min(7);
            (self.missed & 7) * 8 + quiet
        };
        self.wire.decide(group.flag + context, differs)
    }

    /// The lanes of a group take in whether they were as predicted and how they changed. Returns
    /// whether any did.
    #[inline(always)]
    fn note(&mut self, group: &Group, differs: bool) -> bool {
        let mut changed = false;
        for word in group.words.clone() {
            let (old, new) = (self.old[word], self.row[word]);
            debug_assert!(!C::ENCODES || new == self.actual[word]);
            let lane = &mut self.memory.lanes[word];
            if !differs {
                lane.note(0);
            }
            lane.change = i8::from(new > old) - i8::from(new < old);
            changed |= new != old;
        }
        changed
    }

    /// Lanes whose velocity changed begin a new run, from the place where they are.
    fn relink(&mut self, first: usize, count: usize) {
        for index in first..first + count {
            let (motion, filter) = (&self.plan.motions[index], &mut self.memory.filters[index]);
            let Some(follows) = &motion.follows else {
                continue;
            };
            if self.row[follows.word] == self.old[follows.word] {
                continue;
            }
            let head = &mut *self.memory.head;
            let bit = 1 << index;
            let moves = filter.relink(motion, self.row, self.span, head.moving & bit != 0);
            head.moving = head.moving & !bit | u32::from(moves) << index;
            self.relinked |= bit;
            let word = self.old[motion.word];
            self.row[motion.word] = if moves {
                filter.expect(motion, word).word
            } else {
                word
            };
        }
    }

    /// Lanes take in what they became; one of them `changed`, or none.
    fn observe(&mut self, first: usize, count: usize, changed: bool) {
        let head = &mut *self.memory.head;
        if !changed && head.moving == 0 {
            return;
        }
        for index in first..first + count {
            let (motion, filter) = (&self.plan.motions[index], &mut self.memory.filters[index]);
            let momentum = &mut self.memory.momentum[index];
            let (before, word) = (self.old[motion.word], self.row[motion.word]);
            let moves = if head.moving >> index & 1 != 0 {
                filter.observe(motion, before, self.row, self.span, momentum)
            } else if motion.follows.is_some() {
                word != before && filter.begin(motion, self.row, self.span)
            } else {
                changed && filter.jump(motion, before, word, *momentum)
            };
            head.moving = head.moving & !(1 << index) | u32::from(moves) << index;
        }
    }

    /// A rotation takes in what it became.
    fn turn(&mut self, index: usize, turned: bool) {
        let rotation = &self.plan.rotations[index];
        if turned {
            let words = rotation.word..rotation.word + 4;
            let (last, before) = (&self.row[words.clone()], &self.old[words]);
            self.memory.turns[index] = Turn::new(last, before, rotation.bits);
        }
        let turning = &mut self.memory.head.turning;
        *turning = *turning & !(1 << index) | u32::from(turned) << index;
    }

    /// Where a rotation is expected to be.
    pub(super) fn expected_attitude(&self, index: usize) -> Attitude {
        let rotation = &self.plan.rotations[index];
        if self.memory.head.turning >> index & 1 != 0 {
            self.memory.turns[index].next(rotation.bits)
        } else {
            Attitude::of(&self.old[rotation.word..], rotation.bits)
        }
    }

    /// An angle keeps its distance from the direction of a velocity that changed.
    fn turn_along(&mut self, word: usize, bits: u8, source: Source) {
        let velocity = |row: &[u32]| {
            let part = |word: u32| word.wrapping_add_signed(source.first_step) as i32;
            IVec2::new(part(row[source.word]), part(row[source.word + 1]))
        };
        let (old, new) = (velocity(self.old), velocity(self.row));
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
        self.row[word] = (direction(new, bits) + apart) & (turn - 1);
    }
}

/// Whether two short slices of the same length are equal.
#[inline(always)]
pub(super) fn is_same(a: &[u32], b: &[u32]) -> bool {
    let apart = |apart, (a, b): (&u32, &u32)| apart | (a ^ b);
    a.iter().zip(b).fold(0, apart) == 0
}
