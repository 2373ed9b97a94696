//! One chunk, the same for both ends: rows that were there, newcomers, events.
//!
//! Knows neither entities nor bytes.

use super::births;
use super::memory::Shared;
use super::model::{Codec, Odds};
use super::rows::{RowCoder, Scratch};
use super::source::{Source, SourceRows};
use crate::error::DecodeError;
use crate::limits::EVENTS_PER_CHUNK_MAX;
use crate::range_coder::Coder;

/// Codes a chunk, and brings `shared` up to date.
pub(super) fn code<C: Coder, O: Odds>(
    shared: &mut Shared,
    wire: &mut Codec<C, O>,
    source: &mut impl Source,
    scratch: &mut Scratch,
) -> Result<(), DecodeError> {
    for class in 0..shared.classes.len() {
        code_rows(shared, class, wire, source, scratch);
        births::code(shared, class, wire, source)?;
    }
    code_events(shared, wire, source)
}

fn code_rows<C: Coder, O: Odds>(
    shared: &mut Shared,
    class: usize,
    wire: &mut Codec<C, O>,
    source: &mut impl Source,
    scratch: &mut Scratch,
) {
    let (classes, _) = shared.frame.parts_mut();
    let rows = &mut classes[class];
    if rows.is_empty() {
        // Most classes of a player's own stream; what is remembered of them lies elsewhere in memory.
        return;
    }
    let plan = &shared.schema.plan().classes[class];
    let at = (shared.chunk, shared.span);
    let mut coder = RowCoder::new(plan, &mut shared.classes[class], wire, at, scratch);
    let mut source = source.rows(class);
    rows.retain(|slot, row| {
        let actual = if C::ENCODES { source.row(slot) } else { None };
        coder.code(slot, row, actual)
    });
    coder.finish(scratch);
}

fn code_events<C: Coder, O: Odds>(
    shared: &mut Shared,
    wire: &mut Codec<C, O>,
    source: &mut impl Source,
) -> Result<(), DecodeError> {
    let Shared { schema, events, .. } = shared;
    let plan = schema.plan();
    let mut words = Vec::new();
    for count in 0.. {
        wire.coder.about(plan.stream_cause());
        let event = source.event(count);
        let is_first = u32::from(count == 0);
        if !wire.decide(plan.event_more + is_first, event.is_some()) {
            break;
        }
        if count >= EVENTS_PER_CHUNK_MAX {
            return Err(DecodeError::TooLong);
        }
        let (class, actual) = event.unwrap_or((0, &[]));
        let class = code_event_class(wire, plan.event_class, class);
        let index = usize::from(class);
        let (Some(layout), Some(plan)) = (schema.events().get(index), plan.events.get(index))
        else {
            return Err(DecodeError::UnknownClass);
        };
        wire.coder.about(plan.cause);
        let last = &mut events[index];
        let ranges = layout.word_bits().iter().zip(layout.word_max());
        for (place, (word, (&bits, &max))) in (0..).zip(last.iter_mut().zip(ranges)) {
            let target = actual.get(usize::try_from(place).unwrap_or(0)).copied();
            let differs = wire.decide(
                plan.differs + place,
                target.is_some_and(|target| target != *word),
            );
            if differs {
                *word = wire.raw(target.unwrap_or(0), bits).min(max);
            }
        }
        words.clear();
        words.extend_from_slice(last);
        source.told(class, &words);
    }
    Ok(())
}

/// Six bits, the highest first, as a binary tree of decisions.
fn code_event_class<C: Coder, O: Odds>(wire: &mut Codec<C, O>, tree: u32, class: u8) -> u8 {
    let mut node = 1u8;
    for bit in (0..6).rev() {
        let bit = wire.decide(tree + u32::from(node & 63), class >> bit & 1 != 0);
        node = node << 1 | u8::from(bit);
    }
    node & 63
}
