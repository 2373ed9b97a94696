//! The coding of newcomers: who makes them, and what their first rows are.
//!
//! A class whose rows are born of parents asks each parent whether it made one; the row then follows
//! from the parent's. Rows without a parent come last, and follow from the one born last.

// Every cast below is of a value whose range was just checked, or is the wire's own wrapping.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use glam::IVec2;

use super::fields::moved_by;
use super::memory::{ClassMemory, Shared, age};
use super::model::{Codec, Contexts, Odds, class_of};
use super::source::Source;
use crate::direction::{UNIT, direction, unit};
use crate::error::DecodeError;
use crate::id::Slot;
use crate::limits::ENTITIES_PER_CLASS_MAX;
use crate::range_coder::Coder;
use crate::replicated::reference_word;
use crate::schema::plan::{ClassPlan, GroupKind, Launch, MORE_FLAGS, Parent, Source as Velocity};
use crate::snapshot::Rows;

/// Codes the newcomers of one class.
pub(super) fn code<C: Coder, O: Odds>(
    shared: &mut Shared,
    class: usize,
    wire: &mut Codec<C, O>,
    source: &mut impl Source,
) -> Result<(), DecodeError> {
    let plan = &shared.schema.plan().classes[class];
    wire.coder.about(plan.births_cause());
    let (classes, room) = shared.frame.parts_mut();
    let (earlier, rest) = classes.split_at_mut(class);
    let (earlier_memory, rest_memory) = shared.classes.split_at_mut(class);
    let mut births = Births {
        class,
        plan,
        rows: &mut rest[0],
        memory: &mut rest_memory[0],
        wire,
        source,
        room,
        chunk: shared.chunk,
        span: shared.span,
        private: shared.private,
        count: 0,
        from: 0,
        row: Vec::new(),
    };
    if let Some(parent) = &plan.parent {
        births.of_parents(
            parent,
            &earlier[parent.class],
            &mut earlier_memory[parent.class],
        )?;
    }
    births.of_nobody()
}

struct Births<'a, C, O, S> {
    class: usize,
    plan: &'a ClassPlan,
    rows: &'a mut Rows,
    memory: &'a mut ClassMemory,
    wire: &'a mut Codec<C, O>,
    source: &'a mut S,
    /// How many words new slots may take.
    room: &'a mut usize,
    chunk: u32,
    span: u32,
    private: bool,
    /// Newcomers so far.
    count: usize,
    /// The next newcomer's slot is the lowest free one from here on.
    from: usize,
    row: Vec<u32>,
}

impl<C: Coder, O: Odds, S: Source> Births<'_, C, O, S> {
    fn of_parents(
        &mut self,
        parent: &Parent,
        parents: &Rows,
        memory: &mut ClassMemory,
    ) -> Result<(), DecodeError> {
        for slot in 0..parents.slots() {
            if !parents.is_alive(slot) {
                continue;
            }
            let Some(parent_row) = parents.row(slot) else {
                continue;
            };
            let quiet = age(self.chunk, memory.rows[slot].fired).min(63);
            let context = self.plan.fires + quiet * 2;
            let mut more = 0;
            loop {
                let fires = C::ENCODES && self.is_next(Some(slot));
                if !self.wire.decide(context + more, fires) {
                    break;
                }
                self.birth(Some((parent, slot, parent_row)))?;
                more = 1;
            }
            if more > 0 {
                memory.rows[slot].fired = self.chunk;
            }
        }
        Ok(())
    }

    fn of_nobody(&mut self) -> Result<(), DecodeError> {
        let mut context = self.plan.more;
        loop {
            let more = C::ENCODES && self.is_next(None);
            if !self.wire.decide(context, more) {
                return Ok(());
            }
            context = (context + 1).min(self.plan.more + MORE_FLAGS - 1);
            self.birth(None)?;
        }
    }

    /// Whether the next newcomer, if the encoder has one, is of this parent.
    fn is_next(&self, parent: Option<usize>) -> bool {
        self.source.is_next(self.class, self.count, parent)
    }

    /// The slot of the next newcomer.
    fn take_slot(&mut self) -> Result<usize, DecodeError> {
        let slot = self.rows.free_slot(self.from);
        if slot == self.rows.slots() {
            if slot >= ENTITIES_PER_CLASS_MAX {
                return Err(DecodeError::OutOfRange);
            }
            *self.room = self
                .room
                .checked_sub(self.plan.words())
                .ok_or(DecodeError::OutOfRange)?;
            self.rows.grow();
            self.memory.grow(self.plan);
        }
        self.from = slot + 1;
        Ok(slot)
    }

    fn birth(&mut self, parent: Option<(&Parent, usize, &[u32])>) -> Result<(), DecodeError> {
        let slot = self.take_slot()?;
        let mut row = core::mem::take(&mut self.row);
        row.clear();
        row.extend_from_slice(&self.memory.newest);
        if let Some((parent, parent_slot, parent_row)) = parent {
            self.inherit(parent, parent_slot, parent_row, &mut row);
        }
        self.head(&mut row);
        let actual = self.source.newcomer(self.class, self.count);
        let differs = C::ENCODES && actual != row;
        if self.wire.decide(self.plan.surprising_birth, differs) {
            let known = parent.map(|(parent, ..)| parent.word);
            residuals(self.plan, self.wire, known, &mut row, actual);
        }
        if let Some((
            Parent {
                launch: Some(launch),
                ..
            },
            _,
            parent_row,
        )) = parent
        {
            self.memory.launch = learn_launch(self.memory.launch, launch, parent_row, &row);
        }
        self.count += 1;
        self.memory
            .begin_row(self.plan, slot, &row, self.chunk, self.span);
        let target = self.rows.insert(slot).ok_or(DecodeError::Invalid)?;
        target.copy_from_slice(&row);
        self.row = row;
        Ok(())
    }

    /// What follows from the parent.
    fn inherit(&self, parent: &Parent, slot: usize, parent_row: &[u32], row: &mut [u32]) {
        let max = &self.plan.word_max;
        let slot = Slot(u16::try_from(slot).unwrap_or(u16::MAX));
        row[parent.word] = reference_word(slot, !self.private);
        for &(own, theirs) in &parent.copies {
            row[own] = parent_row[theirs].min(max[own]);
        }
        if let Some(launch) = &parent.launch {
            let speed = i64::from(self.memory.launch[0]) + i64::from(self.memory.launch[1]);
            let aim = unit(parent_row[launch.angle], launch.bits);
            for (word, part) in [(launch.word, aim.x), (launch.word + 1, aim.y)] {
                let step = (i64::from(part) * (speed >> 1) + i64::from(UNIT / 2)) >> UNIT.ilog2();
                let value = step - i64::from(launch.first_step);
                row[word] = value.clamp(0, i64::from(max[word])) as u32;
            }
        }
    }

    /// Angles point along the velocities that they follow.
    fn head(&self, row: &mut [u32]) {
        for group in &self.plan.groups {
            if let GroupKind::Angle {
                bits,
                heading: Some(velocity),
            } = group.kind
            {
                row[group.words.start] = heading(row, velocity, bits);
            }
        }
    }
}

fn heading(row: &[u32], velocity: Velocity, bits: u8) -> u32 {
    let part = |word: usize| row[word].wrapping_add_signed(velocity.first_step) as i32;
    direction(
        IVec2::new(part(velocity.word), part(velocity.word + 1)),
        bits,
    )
}

/// Codes a newcomer's row as its distance from what `row` holds. Its reference to its parent is
/// known.
fn residuals<C: Coder, O: Odds>(
    plan: &ClassPlan,
    wire: &mut Codec<C, O>,
    known: Option<usize>,
    row: &mut [u32],
    actual: &[u32],
) {
    let mut size = 0u32;
    for group in &plan.groups {
        let mut turn = None;
        if let GroupKind::Angle {
            bits,
            heading: source,
        } = group.kind
        {
            turn = Some(1i32 << bits);
            if let Some(velocity) = source {
                row[group.words.start] = heading(row, velocity, bits);
            }
        }
        for (place, (word, site)) in group.words.clone().zip(&group.births).enumerate() {
            if Some(word) == known {
                continue;
            }
            let target = if C::ENCODES { actual[word] } else { 0 };
            let mut residual = target.wrapping_sub(row[word]) as i32;
            if let Some(turn) = turn {
                residual = (residual.wrapping_add(turn / 2) & (turn - 1)) - turn / 2;
            }
            let contexts = Contexts {
                value: class_of(size).min(7),
                sign: 0,
                known: None,
            };
            let residual = wire.number(site, contexts, residual);
            row[word] = match turn {
                Some(turn) => row[word].wrapping_add_signed(residual) & (turn - 1) as u32,
                None => moved_by(row[word], residual, plan.word_max[word]),
            };
            let before = if place == 0 { 0 } else { size };
            size = before.saturating_add(residual.unsigned_abs());
        }
    }
}

/// The speeds that explain the launches so far and this one, or this one alone.
fn learn_launch(known: [i32; 2], launch: &Launch, parent_row: &[u32], row: &[u32]) -> [i32; 2] {
    let aim = unit(parent_row[launch.angle], launch.bits);
    let (part, word) = if aim.x.abs() >= aim.y.abs() {
        (i64::from(aim.x), launch.word)
    } else {
        (i64::from(aim.y), launch.word + 1)
    };
    // part * speed lies from 2^14 * value - 2^13 up to, but not at, 2^14 * value + 2^13.
    let (one, half) = (i64::from(UNIT), i64::from(UNIT / 2));
    let value = one * (i64::from(row[word]) + i64::from(launch.first_step));
    let (least, most) = if part > 0 {
        (
            -(-(value - half)).div_euclid(part),
            (value + half - 1).div_euclid(part),
        )
    } else {
        (
            -(value + half - 1).div_euclid(-part),
            (half - value).div_euclid(-part),
        )
    };
    let (low, high) = (least.max(known[0].into()), most.min(known[1].into()));
    let (low, high) = if low <= high {
        (low, high)
    } else {
        (least, most)
    };
    // A velocity reaches 2^24 steps, and the larger part is 0.7 of the whole.
    [low as i32, high as i32]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::direction::along;

    proptest! {
        /// After a few launches at one speed the speed is known so well that all others follow.
        #[test]
        fn a_speed_is_learned(speed in 1i32..3000, angles in prop::collection::vec(0u32..1024, 40)) {
            let launch = Launch { word: 0, first_step: -4096, angle: 0, bits: 10 };
            let mut known = [0, 0];
            let mut wrong = 0;
            for &angle in &angles {
                let velocity = along(angle, 10, speed);
                wrong += i32::from(along(angle, 10, (known[0] + known[1]) >> 1) != velocity);
                let row = [velocity.x + 4096, velocity.y + 4096].map(i32::cast_unsigned);
                known = learn_launch(known, &launch, &[angle], &row);
                prop_assert!(known[0] <= speed && speed <= known[1]);
            }
            prop_assert!(wrong <= 8, "{wrong}");
        }
    }
}
