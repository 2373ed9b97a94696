//! What both ends of a stream remember besides its rows, and must remember alike.
//!
//! Ages are kept as the number of the chunk at which something happened, so that a row to which
//! nothing happens is not touched. Every use of an age caps it at [`AGE_MAX`] or below.

// Every cast below is of a value that was just clamped to the target's range.
#![allow(clippy::cast_possible_truncation)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use std::sync::Arc;

use super::attitude::Turn;
use super::motion::{Filter, first_momentum};
use crate::hash::WordHash;
use crate::limits::HASH_INTERVAL_SNAPSHOTS;
use crate::schema::Schema;
use crate::schema::plan::ClassPlan;
use crate::snapshot::Frame;

/// Ages beyond this are all the same.
pub(super) const AGE_MAX: u32 = 64;

/// A row that did not change for so many chunks is at rest.
pub(super) const STILL_CHUNKS: u32 = 4;

/// How many ticks a chunk may span: one that spans more is predicted as if it spanned this.
const SPAN_MAX: u32 = 255;

/// Everything that the ends of a stream hold alike.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) schema: Arc<Schema>,
    pub(super) frame: Frame,
    pub(super) classes: Vec<ClassMemory>,
    /// The words of the last event of each class.
    pub(super) events: Vec<Vec<u32>>,
    /// Whether it is one of thousands: its odds stay the schema's, and references to its own rows
    /// are not to the common stream's.
    pub(super) private: bool,
    /// The stream's own odds; a private one has none.
    pub(super) odds: Option<Vec<u16>>,
    /// Chunks so far; it wraps.
    pub(super) chunk: u32,
    /// Ticks that the last chunk spanned.
    pub(super) span: u32,
    /// A hash of what was left of the coder's range after each chunk. The range follows from every
    /// decision and its odds: who decided otherwise once, or learned other odds, has another trail,
    /// even while the rows are the same.
    pub(super) trail: WordHash,
}

/// What is remembered of the rows of one class.
#[derive(Clone, Debug, Default)]
pub(super) struct ClassMemory {
    pub(super) rows: Vec<RowMemory>,
    /// By slot and word.
    pub(super) lanes: Vec<Lane>,
    /// By slot and group: the chunk of its last surprise.
    pub(super) surprised: Vec<u32>,
    /// By slot and motion.
    pub(super) filters: Vec<Filter>,
    /// By slot and rotation: how those that turn do.
    pub(super) turns: Vec<Turn>,
    /// By motion: what jumps have been like.
    pub(super) momentum: Vec<i8>,
    /// By vector: its length.
    pub(super) circles: Vec<CircleMemory>,
    /// The speeds, in steps of the velocity, that explain how the last rows were launched.
    pub(super) launch: [i32; 2],
    /// The row that was born last.
    pub(super) newest: Vec<u32>,
}

/// What is remembered of the row in one slot, and what the class has learned.
pub(super) struct SlotMemory<'a> {
    pub(super) head: &'a mut RowMemory,
    pub(super) lanes: &'a mut [Lane],
    pub(super) surprised: &'a mut [u32],
    pub(super) filters: &'a mut [Filter],
    pub(super) turns: &'a mut [Turn],
    pub(super) momentum: &'a mut [i8],
    pub(super) circles: &'a mut [CircleMemory],
}

/// What is remembered of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowMemory {
    /// When it last changed.
    pub(super) changed: u32,
    /// When it last was not as predicted.
    pub(super) surprised: u32,
    pub(super) born: u32,
    /// When it last was a parent.
    pub(super) fired: u32,
    /// Which of its motions move, as bits.
    pub(super) moving: u32,
    /// Which of its rotations turn, as bits.
    pub(super) turning: u32,
}

/// What is remembered of one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lane {
    /// Running mean of the size class of its residuals, in eighths.
    pub(super) size: u8,
    /// The sign of its last residual.
    pub(super) sign: i8,
    /// The sign of its change in the chunk of the row's last surprise.
    pub(super) change: i8,
}

/// What is remembered of the length of a class's vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CircleMemory {
    /// The square of the length.
    pub(super) squared: i64,
    /// How well it has predicted, against holding.
    pub(super) score: i8,
}

impl Shared {
    /// A stream without entities.
    pub(super) fn new(schema: Arc<Schema>, private: bool) -> Self {
        let plan = schema.plan();
        let class = |plan: &ClassPlan| ClassMemory {
            momentum: plan.motions.iter().map(first_momentum).collect(),
            circles: vec![CircleMemory::default(); plan.circles],
            newest: vec![0; plan.words()],
            ..ClassMemory::default()
        };
        Self {
            frame: Frame::empty(&schema),
            classes: plan.classes.iter().map(class).collect(),
            events: schema
                .events()
                .iter()
                .map(|event| vec![0; event.words()])
                .collect(),
            odds: (!private).then(|| plan.priors.clone()),
            private,
            chunk: 0,
            span: 1,
            trail: WordHash::default(),
            schema,
        }
    }

    /// Whether the chunk ends in a hash, unless it is empty.
    pub(super) fn hash_is_due(&self) -> bool {
        self.chunk.is_multiple_of(HASH_INTERVAL_SNAPSHOTS)
    }

    /// 16 bits by which the other end knows that it has the same: rows, and all that led to them.
    pub(super) fn check(&self) -> u16 {
        let mut hash = self.frame.hash();
        hash.add(self.trail.value());
        hash.short()
    }

    /// Begins the next chunk: what is known of speeds is per chunk, so another span changes it all.
    pub(super) fn begin_chunk(&mut self, span: u32) {
        self.chunk = self.chunk.wrapping_add(1);
        let span = span.clamp(1, SPAN_MAX);
        if span == self.span {
            return;
        }
        let before = core::mem::replace(&mut self.span, span);
        let plans = &self.schema.plan().classes;
        for ((memory, plan), rows) in self.classes.iter_mut().zip(plans).zip(self.frame.classes()) {
            for (slot, row) in rows.iter() {
                memory.rescale(plan, usize::from(slot.0), row, before, span);
            }
        }
    }
}

impl Lane {
    /// The lane's residual was this.
    pub(super) fn note(&mut self, residual: i32) {
        self.sign = residual.signum() as i8;
        if residual == 0 {
            return self.calm();
        }
        let size = 8 * (34 - residual.unsigned_abs().leading_zeros()).min(9) as u8;
        self.size = if size > self.size {
            self.size.midpoint(size)
        } else {
            self.size - (self.size - size) / 4
        };
    }

    /// The lane was as predicted.
    #[inline(always)]
    pub(super) fn calm(&mut self) {
        self.size = self.size.saturating_sub(3);
    }
}

impl ClassMemory {
    /// What is remembered of the row in a slot.
    pub(super) fn slot_mut(&mut self, plan: &ClassPlan, slot: usize) -> SlotMemory<'_> {
        SlotMemory {
            head: &mut self.rows[slot],
            lanes: of_slot(&mut self.lanes, slot, plan.words()),
            surprised: of_slot(&mut self.surprised, slot, plan.groups.len()),
            filters: of_slot(&mut self.filters, slot, plan.motions.len()),
            turns: of_slot(&mut self.turns, slot, plan.rotations.len()),
            momentum: &mut self.momentum,
            circles: &mut self.circles,
        }
    }

    /// Adds a slot.
    pub(super) fn grow(&mut self, plan: &ClassPlan) {
        let slots = self.rows.len() + 1;
        self.rows.push(RowMemory::default());
        self.lanes.resize(slots * plan.words(), Lane::default());
        self.surprised.resize(slots * plan.groups.len(), 0);
        self.filters
            .resize(slots * plan.motions.len(), Filter::default());
        self.turns
            .resize(slots * plan.rotations.len(), Turn::default());
    }

    /// The row in `slot` was born at `chunk`.
    pub(super) fn begin_row(
        &mut self,
        plan: &ClassPlan,
        slot: usize,
        row: &[u32],
        chunk: u32,
        span: u32,
    ) {
        let mut memory = RowMemory {
            changed: chunk,
            surprised: chunk,
            born: chunk,
            fired: chunk,
            moving: 0,
            turning: 0,
        };
        self.lanes[slot * plan.words()..][..plan.words()].fill(Lane::default());
        self.surprised[slot * plan.groups.len()..][..plan.groups.len()].fill(chunk);
        let filters = &mut self.filters[slot * plan.motions.len()..];
        for (index, (motion, filter)) in plan.motions.iter().zip(filters).enumerate() {
            memory.moving |= u32::from(filter.begin(motion, row, span)) << index;
        }
        self.rows[slot] = memory;
        self.newest.copy_from_slice(row);
    }

    fn rescale(&mut self, plan: &ClassPlan, slot: usize, row: &[u32], before: u32, span: u32) {
        let moving = self.rows[slot].moving;
        let filters = &mut self.filters[slot * plan.motions.len()..];
        for (index, (motion, filter)) in plan.motions.iter().zip(filters).enumerate() {
            if moving >> index & 1 != 0 {
                filter.rescale(motion, row, before, span);
            }
        }
    }
}

/// The part of a slot that has `count` of them.
#[inline(always)]
pub(super) fn of_slot<T>(all: &mut [T], slot: usize, count: usize) -> &mut [T] {
    // What is in memory has been counted: no product overflows.
    &mut all[slot.wrapping_mul(count)..][..count]
}

/// Chunks since `then`, not counting the one that is coded now, at most [`AGE_MAX`].
#[inline(always)]
pub(super) fn age(now: u32, then: u32) -> u32 {
    now.wrapping_sub(then).wrapping_sub(1).min(AGE_MAX)
}
