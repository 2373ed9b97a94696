//! Joins: a stream's whole state after a tick, for one that follows from the next.
//!
//! Rows, what is remembered of them, and odds, with the same range coder and odds of the join's own.
//! One function serves both ends; a reader's numbers are brought into range before they are kept.

// Every cast below is of a value that was just clamped to the target's range.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use std::sync::Arc;

use super::attitude::Turn;
use super::memory::{AGE_MAX, ClassMemory, Lane, RowMemory, Shared, age};
use super::model::{Adaptive, Codec, Contexts, class_of};
use super::motion::Filter;
use crate::direction::direction;
use crate::error::DecodeError;
use crate::hash::WordHash;
use crate::limits::{ENTITIES_PER_CLASS_MAX, HASH_INTERVAL_SNAPSHOTS, JOIN_BYTES_MAX};
use crate::range_coder::{Coder, RangeDecoder, RangeEncoder};
use crate::schema::Schema;
use crate::schema::plan::{ClassPlan, GroupKind, Motion};
use crate::schema::site::{COUNT_MAX, NumberSite, PROBABILITIES, Priors};
use glam::IVec2;

/// The most words of a class whose rows have contexts of their own in a join; the rest share.
const OWN_WORDS: usize = 24;

/// What numbers of a class there are beside its words, each with contexts of its own.
#[derive(Clone, Copy)]
enum Field {
    Slots,
    Taken,
    Memory,
    Changed,
    Surprised,
    Born,
    Fired,
    GroupSurprised,
    Size,
    Sign,
    Change,
    Moves,
    Fresh,
    Run,
    PlaceLow,
    PlaceHigh,
    SpeedLow,
    SpeedHigh,
    StartLow,
    StartHigh,
    Before,
    Known,
    Count,
    Odds,
}

const FIELDS: usize = Field::Odds as usize + 1;

/// The contexts of a join: of the fields, then of the words of a class. Every class has the same.
struct Sites {
    numbers: Vec<NumberSite>,
    odds: Vec<u16>,
}

impl Sites {
    fn new() -> Self {
        let mut priors = Priors::default();
        let numbers = (0..FIELDS + OWN_WORDS)
            .map(|_| priors.number(8, 8, 32))
            .collect();
        Self {
            numbers,
            odds: priors.into_words(),
        }
    }
}

/// Codes the state of a stream: what a writer holds it keeps, what a reader finds it takes.
struct StateCoder<'a, C> {
    wire: Codec<C, Adaptive<'a>>,
    sites: &'a Sites,
}

/// Appends the state of a stream.
pub(super) fn write(shared: &Shared, out: &mut Vec<u8>) {
    let mut copy = shared.clone();
    let sites = Sites::new();
    let mut odds = sites.odds.clone();
    let mut coder = RangeEncoder::new(out);
    coder.raw(u32::from(shared.private), 1);
    let wire = Codec {
        coder,
        odds: Adaptive(&mut odds),
    };
    let mut writer = StateCoder {
        wire,
        sites: &sites,
    };
    let written = writer.code(&mut copy);
    debug_assert!(written.is_ok(), "what is held is within the limits");
    writer.wire.coder.finish();
}

/// Reads what [`write()`] wrote.
pub(super) fn read(schema: Arc<Schema>, bytes: &[u8]) -> Result<Shared, DecodeError> {
    if bytes.len() > JOIN_BYTES_MAX {
        return Err(DecodeError::TooLong);
    }
    let sites = Sites::new();
    let mut odds = sites.odds.clone();
    let mut coder = RangeDecoder::new(bytes);
    let private = coder.raw(0, 1) != 0;
    let mut shared = Shared::new(schema, private);
    let wire = Codec {
        coder,
        odds: Adaptive(&mut odds),
    };
    let mut reader = StateCoder {
        wire,
        sites: &sites,
    };
    reader.code(&mut shared)?;
    reader.wire.coder.finish()?;
    Ok(shared)
}

impl<C: Coder> StateCoder<'_, C> {
    fn code(&mut self, shared: &mut Shared) -> Result<(), DecodeError> {
        let schema = Arc::clone(&shared.schema);
        let plan = schema.plan();
        let span = i64::from(shared.span);
        shared.span = self.ranged(Field::Slots, 0, span, 1, 255) as u32;
        let interval = HASH_INTERVAL_SNAPSHOTS;
        let phase = i64::from(shared.chunk % interval);
        let phase = self.ranged(Field::Slots, 2, phase, 0, i64::from(interval) - 1);
        if !C::ENCODES {
            // Ages count back from here.
            shared.chunk = phase as u32;
        }
        let trail = self.wire.raw(shared.trail.value(), u32::BITS);
        shared.trail = WordHash::resume(trail);
        for (class, plan) in plan.classes.iter().enumerate() {
            self.wire.odds.0.copy_from_slice(&self.sites.odds);
            self.class(shared, class, plan)?;
        }
        self.wire.odds.0.copy_from_slice(&self.sites.odds);
        for (words, layout) in shared.events.iter_mut().zip(schema.events()) {
            for (word, &max) in words.iter_mut().zip(layout.word_max()) {
                *word = self.word(0, 0, 0, *word, max);
            }
        }
        if let Some(odds) = &mut shared.odds {
            self.odds(odds, &plan.priors);
        }
        Ok(())
    }

    /// Codes a number as it is.
    fn number(&mut self, field: usize, context: u32, value: i32) -> i32 {
        let site = &self.sites.numbers[field];
        let contexts = Contexts {
            value: context.min(7),
            sign: context.min(7),
            known: None,
        };
        self.wire.number(site, contexts, value)
    }

    /// Codes a number that lies within a range.
    fn ranged(&mut self, field: Field, context: u32, value: i64, low: i64, high: i64) -> i64 {
        let above = value.clamp(low, high) - low;
        let above = self.number(field as usize, context, above as i32);
        low + i64::from(above).clamp(0, high - low)
    }

    /// Codes a number of any size that 32 bits hold.
    fn plain(&mut self, field: Field, context: u32, value: i32) -> i32 {
        self.number(field as usize, context, value)
    }

    /// Codes a word as its distance from what is likely.
    fn word(&mut self, place: usize, context: u32, likely: u32, word: u32, max: u32) -> u32 {
        let field = FIELDS + place.min(OWN_WORDS - 1);
        let residual = word.wrapping_sub(likely) as i32;
        let residual = self.number(field, context, residual);
        likely.wrapping_add_signed(residual).min(max)
    }

    fn class(
        &mut self,
        shared: &mut Shared,
        class: usize,
        plan: &ClassPlan,
    ) -> Result<(), DecodeError> {
        let (chunk, span) = (shared.chunk, shared.span);
        let (classes, room) = shared.frame.parts_mut();
        let rows = &mut classes[class];
        let memory = &mut shared.classes[class];
        let most = ENTITIES_PER_CLASS_MAX as i64;
        let slots = self.ranged(Field::Slots, 1, rows.slots() as i64, 0, most + 1);
        if slots > most {
            return Err(DecodeError::OutOfRange);
        }
        self.learned(plan, memory);
        let mut likely = memory.newest.clone();
        let mut taken = true;
        for slot in 0..slots as usize {
            if slot == rows.slots() {
                *room = room
                    .checked_sub(plan.words())
                    .ok_or(DecodeError::OutOfRange)?;
                rows.grow();
                memory.grow(plan);
            }
            let alive = rows.is_alive(slot);
            let free = self.ranged(Field::Taken, u32::from(taken), (!alive).into(), 0, 1);
            taken = free == 0;
            if !taken {
                continue;
            }
            let row = if C::ENCODES {
                rows.live_row_mut(slot)
            } else {
                rows.insert(slot)
            };
            let row = row.ok_or(DecodeError::Invalid)?;
            self.row(plan, &likely, row);
            likely.copy_from_slice(row);
            self.memory(plan, memory, slot, row, (chunk, span));
        }
        Ok(())
    }

    /// What a class has learned.
    fn learned(&mut self, plan: &ClassPlan, memory: &mut ClassMemory) {
        for momentum in &mut memory.momentum {
            *momentum = self.ranged(Field::Memory, 0, (*momentum).into(), -8, 8) as i8;
        }
        for circle in &mut memory.circles {
            circle.score = self.ranged(Field::Memory, 0, circle.score.into(), -8, 8) as i8;
            let low = self.ranged(Field::Memory, 1, circle.squared & 0xff_ffff, 0, 0xff_ffff);
            let high = self.ranged(Field::Memory, 1, circle.squared >> 24, 0, 1 << 26);
            circle.squared = high << 24 | low;
        }
        let speed = 1 << 26;
        if plan
            .parent
            .as_ref()
            .is_some_and(|parent| parent.launch.is_some())
        {
            let low = self.ranged(Field::Memory, 2, memory.launch[0].into(), -speed, speed);
            let wide = i64::from(memory.launch[1]) - low;
            let high = low + self.ranged(Field::Memory, 3, wide, 0, speed);
            memory.launch = [low as i32, high as i32];
        }
        for (place, word) in memory.newest.iter_mut().enumerate() {
            *word = self.word(place, 7, 0, *word, plan.word_max[place]);
        }
    }

    /// The words of a row: most follow from the row before.
    fn row(&mut self, plan: &ClassPlan, before: &[u32], row: &mut [u32]) {
        for group in &plan.groups {
            let mut context = 0;
            for place in group.words.clone() {
                let likely = match group.kind {
                    GroupKind::Angle {
                        bits,
                        heading: Some(source),
                    } => {
                        let part = |word: u32| word.wrapping_add_signed(source.first_step) as i32;
                        let (x, y) = (row[source.word], row[source.word + 1]);
                        direction(IVec2::new(part(x), part(y)), bits)
                    }
                    GroupKind::Motion {
                        circle: Some(circle),
                        ..
                    } => (-circle.first_step).max(0).cast_unsigned(),
                    GroupKind::Motion { first, .. } if plan.motions[first].follows.is_some() => {
                        plan.word_max[place].div_ceil(2)
                    }
                    _ => before[place],
                };
                let max = plan.word_max[place];
                let likely = likely.min(max);
                row[place] = self.word(place, context, likely, row[place], max);
                context = class_of(row[place].abs_diff(likely)).min(5);
            }
        }
    }

    /// What is remembered of a row.
    fn memory(
        &mut self,
        plan: &ClassPlan,
        memory: &mut ClassMemory,
        slot: usize,
        row: &[u32],
        at: (u32, u32),
    ) {
        let head = self.head(plan, memory.rows[slot], at.0);
        let since = &mut memory.surprised[slot * plan.groups.len()..][..plan.groups.len()];
        let mut likely = i64::from(AGE_MAX);
        for then in since {
            let quiet = self.age(Field::GroupSurprised, *then, at.0, likely);
            *then = then_of(quiet, at.0);
            likely = quiet;
        }
        let fresh = age(at.0.wrapping_add(1), head.surprised) == 0;
        let lanes = &mut memory.lanes[slot * plan.words()..][..plan.words()];
        for group in &plan.groups {
            if !matches!(group.kind, GroupKind::Flag) {
                for lane in &mut lanes[group.words.clone()] {
                    *lane = self.lane(*lane, fresh);
                }
            }
        }
        memory.rows[slot] = head;
        self.filters(plan, memory, slot, row, at.1);
        self.turns(plan, memory, slot, row);
    }

    fn head(&mut self, plan: &ClassPlan, known: RowMemory, chunk: u32) -> RowMemory {
        let never = i64::from(AGE_MAX);
        let surprised = self.age(Field::Surprised, known.surprised, chunk, 0);
        let changed = self.age(Field::Changed, known.changed, chunk, surprised);
        let mut head = RowMemory {
            changed: then_of(changed, chunk),
            surprised: then_of(surprised, chunk),
            born: then_of(never, chunk),
            fired: then_of(never, chunk),
            ..known
        };
        if plan.parent.is_some() {
            let born = self.age(Field::Born, known.born, chunk, 0);
            head.born = then_of(born, chunk);
        }
        if plan.is_parent {
            let fired = self.age(Field::Fired, known.fired, chunk, never);
            head.fired = then_of(fired, chunk);
        }
        head
    }

    /// Chunks from `then` to the last one, as a distance from what is likely.
    fn age(&mut self, field: Field, then: u32, chunk: u32, likely: i64) -> i64 {
        let held = i64::from(age(chunk.wrapping_add(1), then));
        let apart = self.plain(field, u32::from(likely == 0), (held - likely) as i32);
        (likely + i64::from(apart)).clamp(0, AGE_MAX.into())
    }

    fn lane(&mut self, held: Lane, fresh: bool) -> Lane {
        let size = self.ranged(Field::Size, 0, held.size.into(), 0, 255) as u8;
        let context = u32::from(size > 0);
        let sign = |coder: &mut Self, field, sign: i8| {
            coder.ranged(field, context, sign.rem_euclid(3).into(), 0, 2) as i8
        };
        let signed = |third: i8| if third == 2 { -1 } else { third };
        Lane {
            size,
            sign: signed(sign(self, Field::Sign, held.sign)),
            change: if fresh {
                signed(sign(self, Field::Change, held.change))
            } else {
                0
            },
        }
    }

    fn filters(
        &mut self,
        plan: &ClassPlan,
        memory: &mut ClassMemory,
        slot: usize,
        row: &[u32],
        span: u32,
    ) {
        let filters = &mut memory.filters[slot * plan.motions.len()..];
        let head = &mut memory.rows[slot];
        let mut run = 0;
        for (index, (motion, filter)) in plan.motions.iter().zip(filters).enumerate() {
            let mut begun = Filter::default();
            let likely = begun.begin(motion, row, span);
            let moves = head.moving >> index & 1 != 0;
            let other = self.ranged(Field::Moves, likely.into(), (moves != likely).into(), 0, 1);
            let moves = likely != (other != 0);
            head.moving = head.moving & !(1 << index) | u32::from(moves) << index;
            if moves {
                self.filter(motion, filter, begun, row, &mut run);
            }
        }
    }

    fn filter(
        &mut self,
        motion: &Motion,
        filter: &mut Filter,
        begun: Filter,
        row: &[u32],
        run: &mut i64,
    ) {
        if let Some(follows) = motion.follows.filter(|follows| follows.exact) {
            let held = i64::from(filter.place[0]);
            let den = i64::from(follows.den);
            let rest = if den > 1 {
                self.ranged(Field::PlaceLow, 0, held, 0, den - 1)
            } else {
                0
            };
            let speed = filter.speed;
            *filter = begun;
            filter.place[0] = rest as i32;
            // A velocity may have moved as predicted, in a chunk that surprised nobody.
            if self.ranged(Field::Fresh, 1, (speed != begun.speed).into(), 0, 1) != 0 {
                let apart = speed[0].wrapping_sub(begun.speed[0]);
                let apart = self.plain(Field::SpeedLow, 0, apart);
                let whole = begun.speed[0].wrapping_add(apart);
                filter.speed[0] = whole.clamp(-(1 << 30), 1 << 30);
                filter.speed[1] =
                    self.ranged(Field::SpeedHigh, 0, speed[1].into(), 0, den - 1) as i32;
            }
            return;
        }
        let known = self.ranged(Field::Fresh, 0, (*filter != begun).into(), 0, 1);
        if known == 0 {
            *filter = begun;
            return;
        }
        let length = self.plain(Field::Run, 0, (i64::from(filter.run) - *run) as i32);
        // Only a lane that follows nothing can be watched.
        let shortest = if motion.follows.is_some() { 0 } else { -1 };
        let length = (*run + i64::from(length)).clamp(shortest, 255);
        *run = length;
        let context = class_of(length.max(0) as u32).min(7);
        let middle = i64::from(row[motion.word]) << motion.fraction_bits;
        let half = 1i64 << motion.fraction_bits >> 1;
        let mut number =
            |field, value: i64| -> i64 { self.plain(field, context, value as i32).into() };
        let low =
            middle - half + number(Field::PlaceLow, i64::from(filter.place[0]) - middle + half);
        let high =
            middle + half - number(Field::PlaceHigh, middle + half - i64::from(filter.place[1]));
        let likely = begun.speed.map(i64::from);
        let slow = likely[0] + number(Field::SpeedLow, i64::from(filter.speed[0]) - likely[0]);
        let fast = if motion.follows.is_some() {
            likely[1] - number(Field::SpeedHigh, likely[1] - i64::from(filter.speed[1]))
        } else {
            slow + number(Field::SpeedHigh, i64::from(filter.speed[1]) - slow)
        };
        // The run began about so many times the speed ago.
        let start = ((low + high) >> 1) - length.max(0) * ((slow + fast) >> 1);
        let first = start - number(Field::StartLow, start - i64::from(filter.start[0]));
        let last = start + number(Field::StartHigh, i64::from(filter.start[1]) - start);
        let fit = |value: i64| value.clamp(-(1 << 30) - 1024, (1 << 30) + 1024) as i32;
        *filter = Filter {
            place: [fit(low), fit(high)],
            speed: [fit(slow), fit(fast)],
            start: [fit(first), fit(last)],
            run: length as i32,
        };
    }

    fn turns(&mut self, plan: &ClassPlan, memory: &mut ClassMemory, slot: usize, row: &[u32]) {
        let turns = &mut memory.turns[slot * plan.rotations.len()..];
        let head = &mut memory.rows[slot];
        for (index, (rotation, turn)) in plan.rotations.iter().zip(turns).enumerate() {
            let bit = head.turning >> index & 1;
            let turning = self.ranged(Field::Moves, 2, bit.into(), 0, 1) as u32;
            head.turning = head.turning & !(1 << index) | turning << index;
            if turning == 0 {
                continue;
            }
            let last = &row[rotation.word..rotation.word + 4];
            let mut before = turn.words;
            for (place, word) in before.iter_mut().enumerate() {
                let context = u32::from(place > 0);
                let apart = last[place].wrapping_sub(*word) as i32;
                let apart = self.plain(Field::Before, context, apart);
                let max = plan.word_max[rotation.word + place];
                *word = last[place].wrapping_sub(apart.cast_unsigned()).min(max);
            }
            *turn = Turn::new(last, &before, rotation.bits);
        }
    }

    /// The odds of every context, against those that it began with.
    fn odds(&mut self, odds: &mut [u16], priors: &[u16]) {
        let mut run = 0u32;
        for (word, &prior) in odds.iter_mut().zip(priors) {
            let context = class_of(run).min(7);
            let differs = self.ranged(Field::Known, context, (*word != prior).into(), 0, 1);
            if differs == 0 {
                *word = prior;
                run += 1;
                continue;
            }
            run = 0;
            let missing = i64::from(COUNT_MAX) - i64::from(*word & COUNT_MAX);
            let missing = self.ranged(Field::Count, 0, missing, 0, COUNT_MAX.into());
            let count = i64::from(COUNT_MAX) - missing;
            let likely = i64::from(prior >> 3);
            let apart = i64::from(*word >> 3) - likely;
            let apart = self.plain(Field::Odds, count as u32, apart as i32);
            let (least, most) = (*PROBABILITIES.start(), *PROBABILITIES.end());
            let value = (likely + i64::from(apart)).clamp(least.into(), most.into());
            *word = (value << 3 | count) as u16;
        }
    }
}

/// The number of the chunk that was so many before the last one.
fn then_of(age: i64, chunk: u32) -> u32 {
    chunk.wrapping_sub(age as u32)
}

/// A join of classes with as many slots as there may be, all of them free.
#[cfg(test)]
pub(super) fn write_bomb(schema: &Arc<Schema>, out: &mut Vec<u8>) {
    let mut shared = Shared::new(Arc::clone(schema), true);
    let sites = Sites::new();
    let mut odds = sites.odds.clone();
    let mut coder = RangeEncoder::new(out);
    coder.raw(1, 1);
    let mut writer = StateCoder {
        wire: Codec {
            coder,
            odds: Adaptive(&mut odds),
        },
        sites: &sites,
    };
    writer.ranged(Field::Slots, 0, 1, 1, 255);
    writer.ranged(
        Field::Slots,
        2,
        0,
        0,
        i64::from(HASH_INTERVAL_SNAPSHOTS) - 1,
    );
    writer.wire.raw(0, u32::BITS);
    for (memory, plan) in shared.classes.iter_mut().zip(&schema.plan().classes) {
        writer.wire.odds.0.copy_from_slice(&sites.odds);
        // One more than there may be where a class has no words that bound it.
        let slots = ENTITIES_PER_CLASS_MAX as i64 + i64::from(plan.words() == 0);
        writer.ranged(Field::Slots, 1, slots, 0, ENTITIES_PER_CLASS_MAX as i64 + 1);
        writer.learned(plan, memory);
        let mut taken = true;
        for _ in 0..slots {
            writer.ranged(Field::Taken, u32::from(taken), 1, 0, 1);
            taken = false;
        }
    }
    writer.wire.coder.finish();
}
