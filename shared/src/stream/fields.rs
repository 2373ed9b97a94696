//! The coding of the fields that are not as predicted: what they are instead.

// Every cast below is of a value whose range was just checked, or is the wire's own wrapping.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use super::model::{Contexts, Odds, class_of, sign_of};
use super::surprise::Surprise;
use crate::range_coder::Coder;
use crate::schema::plan::{Circle, Group, GroupKind};
use crate::schema::site::NumberSite;

/// A vector's length is trusted from this score on.
const CIRCLE_SCORE_MIN: i8 = 2;
const CIRCLE_SCORE_MAX: i8 = 8;

impl<C: Coder, O: Odds> Surprise<'_, C, O> {
    /// Codes what a group that differs is: the row holds what was predicted.
    #[inline(never)]
    pub(super) fn differ(&mut self, group: &Group) {
        let start = group.words.start;
        match group.kind {
            GroupKind::Flag => {
                self.row[start] ^= 1;
                self.memory.lanes[start].note(1);
            }
            GroupKind::Words => self.words(group),
            GroupKind::Motion { first, circle } => {
                self.lanes(group, first, circle.as_ref());
            }
            GroupKind::Angle { bits, .. } => {
                let turn = 1i32 << bits;
                let apart =
                    actual_word::<C>(self.actual, start).wrapping_sub(self.row[start]) as i32;
                let apart = ((apart + turn / 2) & (turn - 1)) - turn / 2;
                let contexts = self.contexts(start, 7, 0);
                let site = &group.numbers[0];
                let apart = self.wire.number(site, contexts, apart);
                self.row[start] = self.row[start].wrapping_add_signed(apart) & (turn - 1) as u32;
                self.memory.lanes[start].note(apart);
            }
            GroupKind::Rotation {
                index,
                largest,
                second,
            } => self.rotation(group, index, [largest, second]),
        }
    }

    /// The contexts of a residual without a place of its own: by the residuals before it in the
    /// group, by its lane's own; its sign by the lane's last and by where in its step it should be.
    fn contexts(&self, word: usize, sum: u32, fraction: u8) -> Contexts {
        let lane = &self.memory.lanes[word];
        let change = if self.fresh { lane.change } else { 0 };
        let part = (u32::from(fraction) + 2) / 5;
        Contexts {
            value: sum + 8 * u32::from(lane.size / 8).min(7),
            sign: sign_of(lane.sign) * 4 + sign_of(change) + 16 * part.min(3),
            known: None,
        }
    }

    /// Codes a word as its distance from what `row` holds.
    fn word(&mut self, site: &NumberSite, mut contexts: Contexts, word: usize) -> i32 {
        let (predicted, max) = (self.row[word], self.plan.word_max[word]);
        contexts.known = known_sign(predicted, max);
        let residual = actual_word::<C>(self.actual, word).wrapping_sub(predicted) as i32;
        let residual = self.wire.number(site, contexts, residual);
        self.row[word] = moved_by(predicted, residual, max);
        self.memory.lanes[word].note(residual);
        residual
    }

    fn words(&mut self, group: &Group) {
        let mut sum = Sum::default();
        for (word, site) in group.words.clone().zip(&group.numbers) {
            // Fields that hold have no fraction: their signs have one block of contexts.
            let contexts = self.contexts(word, sum.class(), 0);
            sum.add(self.word(site, contexts, word));
        }
    }

    fn lanes(&mut self, group: &Group, first: usize, circle: Option<&Circle>) {
        let mut sum = Sum::default();
        let start = group.words.start;
        let length = circle.and_then(|circle| self.length(circle));
        for (index, (word, site)) in (first..).zip(group.words.clone().zip(&group.numbers)) {
            if let (Some(circle), Some(squared)) = (circle, length.filter(|_| word != start)) {
                self.second_part(circle, squared, word);
                break;
            }
            let contexts = self.lane_contexts(index, word, sum.class());
            sum.add(self.word(site, contexts, word));
        }
        if let Some(circle) = circle {
            self.learn_length(circle, start);
        }
    }

    /// The contexts of the residual of a lane: in motion by how much of its place rounds otherwise,
    /// unless its velocity just changed, and its sign by where in its step it should be.
    fn lane_contexts(&self, index: usize, word: usize, class: u32) -> Contexts {
        let mut contexts = self.contexts(word, class, 0);
        if self.memory.head.moving >> index & 1 == 0 {
            return contexts;
        }
        let filter = &self.memory.filters[index];
        let expected = filter.expect(&self.plan.motions[index], self.old[word]);
        if self.relinked >> index & 1 == 0 {
            contexts.value = 64 + u32::from(expected.doubt >> 4) * 4 + class.min(3);
        }
        let alone = u32::from(class < 2);
        contexts.sign = 16 + u32::from(expected.fraction) + 16 * alone;
        contexts
    }

    /// The square of the length that the vector probably has, if lengths are worth anything.
    fn length(&self, circle: &Circle) -> Option<i64> {
        let memory = &self.memory.circles[circle.index];
        (memory.score >= CIRCLE_SCORE_MIN).then_some(memory.squared)
    }

    /// Codes the second part of a vector whose length is known: its sign, and how far its size is
    /// from what the length leaves for it.
    fn second_part(&mut self, circle: &Circle, class_squared: i64, word: usize) {
        let value = |word: u32| i64::from(word) + i64::from(circle.first_step);
        let first = value(self.row[word - 1]);
        let (old_first, old) = (value(self.old[word - 1]), value(self.old[word]));
        let own = old_first * old_first + old * old;
        // A vector that had another length than most keeps it.
        let differs = (own - class_squared).abs() > class_squared >> 4;
        let squared = if own > 0 && differs {
            own
        } else {
            class_squared
        };
        let size = circle_part(squared, first);
        let target = value(actual_word::<C>(self.actual, word));
        let part = if first == 0 && self.wire.decide(circle.stops, target == 0) {
            0
        } else {
            let below = self
                .wire
                .decide(circle.sign + sign_of(old.signum() as i8), target < 0);
            let ratio = size * 8 / squared.isqrt().max(1);
            let contexts = Contexts {
                value: ratio.clamp(0, 7) as u32,
                sign: 0,
                known: None,
            };
            let residual = (target.abs() - size) as i32;
            let residual = self.wire.number(&circle.number, contexts, residual);
            let size = (size + i64::from(residual)).max(0);
            if below { -size } else { size }
        };
        let max = i64::from(self.plan.word_max[word]);
        let coded = (part - i64::from(circle.first_step)).clamp(0, max) as u32;
        let residual = coded.wrapping_sub(self.row[word]) as i32;
        self.row[word] = coded;
        self.memory.lanes[word].note(residual);
    }

    /// Compares what the length would have said with what holding would have, and takes it in.
    fn learn_length(&mut self, circle: &Circle, word: usize) {
        let value = |word: u32| i64::from(word) + i64::from(circle.first_step);
        let (first, second) = (value(self.row[word]), value(self.row[word + 1]));
        let squared = first * first + second * second;
        if squared == 0 {
            return;
        }
        let memory = &mut self.memory.circles[circle.index];
        let by_length = (second.abs() - circle_part(memory.squared, first)).abs();
        let by_holding = (second - value(self.old[word + 1])).abs();
        if by_length < by_holding {
            memory.score = (memory.score + 1).min(CIRCLE_SCORE_MAX);
        } else if by_length > by_holding {
            memory.score = (memory.score - 1).max(-CIRCLE_SCORE_MAX);
        }
        let apart = squared - memory.squared;
        if apart.abs() <= memory.squared >> 5 {
            memory.squared += apart >> 3;
        } else {
            memory.squared = squared;
        }
    }

    fn rotation(&mut self, group: &Group, index: usize, [largest, second]: [u32; 2]) {
        let bits = self.plan.rotations[index].bits;
        let start = group.words.start;
        let predicted = self.row[start];
        let attitude = self.expected_attitude(index);
        let order = attitude.order(bits);
        let (likeliest, nearness) = if order.largest == predicted {
            (order.second, order.nearness)
        } else {
            (u32::from(predicted == 0), 0)
        };
        let found = actual_word::<C>(self.actual, start);
        let mut fractions = [8; 3];
        if self.wire.decide(largest + nearness, found != predicted) {
            self.row[start] = likeliest;
            if self.wire.decide(second + nearness, found != likeliest) {
                self.row[start] = self.wire.raw(found, 2);
            }
        }
        let turning = self.memory.head.turning >> index & 1 != 0;
        if turning || self.row[start] != predicted {
            let parts = attitude.words(self.row[start], bits);
            for ((word, fraction), part) in self.row[start + 1..]
                .iter_mut()
                .zip(&mut fractions)
                .zip(parts)
            {
                (*word, *fraction) = part;
            }
        }
        let mut sum = Sum::default();
        for ((word, site), fraction) in (start + 1..).zip(&group.numbers[1..]).zip(fractions) {
            let contexts = self.contexts(word, sum.class(), fraction);
            sum.add(self.word(site, contexts, word));
        }
    }
}

/// What a vector's length leaves for its second part, to the nearest.
fn circle_part(squared: i64, first: i64) -> i64 {
    let rest = (squared - first * first).max(0);
    ((4 * rest).isqrt() + 1) >> 1
}

/// What the encoder was given; a decoder doesn't look.
#[inline(always)]
fn actual_word<C: Coder>(actual: &[u32], word: usize) -> u32 {
    if C::ENCODES { actual[word] } else { 0 }
}

/// The sign of a residual at the end of a range. Words of 32 bits wrap.
fn known_sign(predicted: u32, max: u32) -> Option<bool> {
    if max > i32::MAX.unsigned_abs() {
        None
    } else if predicted == 0 {
        Some(false)
    } else if predicted == max {
        Some(true)
    } else {
        None
    }
}

/// A word after its residual: within its range, whatever the residual.
pub(super) fn moved_by(predicted: u32, residual: i32, max: u32) -> u32 {
    if max > i32::MAX.unsigned_abs() {
        return predicted.wrapping_add_signed(residual).min(max);
    }
    let moved = i64::from(predicted) + i64::from(residual);
    moved.clamp(0, i64::from(max)) as u32
}

/// The residuals of a group so far.
#[derive(Default)]
struct Sum {
    total: u32,
    any: bool,
}

impl Sum {
    /// 0 to 6 by size, 7 before the first.
    fn class(&self) -> u32 {
        if self.any {
            class_of(self.total).min(6)
        } else {
            7
        }
    }

    fn add(&mut self, residual: i32) {
        self.any = true;
        self.total = (self.total + residual.unsigned_abs().min(1 << 20)).min(1 << 20);
    }
}
