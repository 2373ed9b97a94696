//! What a life is made of: ticks, rows and events, and helpers to write them down.
//!
//! Doesn't know any life.

use syncline_shared::id::ClassId;
use syncline_shared::schema::{Birth, Field, FieldKind, Link, LinkKind, Schema};

use crate::schemas::field;

/// A stream's schema, and what happens at each tick.
pub(crate) struct Life {
    pub(crate) name: &'static str,
    pub(crate) schema: Schema,
    pub(crate) ticks: Vec<Tick>,
}

pub(crate) struct Tick {
    /// Ticks since the one before.
    pub(crate) span: u32,
    pub(crate) acts: Vec<Act>,
}

/// What is written at a tick. Entities are numbers; `references` are what Entity words refer to.
#[derive(Clone)]
pub(crate) enum Act {
    Row {
        class: u8,
        entity: usize,
        is_private: bool,
        words: Vec<u32>,
        references: Vec<Option<usize>>,
    },
    Event {
        class: u8,
        words: Vec<u32>,
        references: Vec<Option<usize>>,
    },
}

/// Entities that a life may name.
pub(crate) const ENTITIES: usize = 64;

pub(crate) fn life(name: &'static str, schema: Schema, ticks: Vec<Vec<Act>>) -> Life {
    let ticks = ticks.into_iter().map(|acts| Tick { span: 1, acts });
    Life {
        name,
        schema,
        ticks: ticks.collect(),
    }
}

pub(crate) fn row(class: u8, entity: usize, words: Vec<u32>) -> Act {
    Act::Row {
        class,
        entity,
        is_private: false,
        words,
        references: Vec::new(),
    }
}

pub(crate) fn linked(field: Field, source: u8, kind: LinkKind) -> Field {
    Field {
        link: Some(Link { source, kind }),
        ..field
    }
}

pub(crate) fn born(field: Field, birth: Birth) -> Field {
    Field {
        birth: Some(birth),
        ..field
    }
}

pub(crate) fn refers(name: &str, class: u8) -> Field {
    Field {
        target: Some(ClassId(class)),
        ..field(name, FieldKind::Entity, 1)
    }
}

/// Numbers that look like chance.
pub(crate) struct Dice(pub(crate) u32);

impl Dice {
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % limit
    }

    pub(crate) fn spread(&mut self, reach: i32) -> i32 {
        let wide = self.below(2 * reach.unsigned_abs() + 1);
        wide.cast_signed() - reach
    }
}

/// The word of a value in steps of a range that begins at `first`.
pub(crate) fn word(value: i32, first: i32) -> u32 {
    (value - first).cast_unsigned()
}
