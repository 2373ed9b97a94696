//! The coding of a frame as a change from the previous one.
//!
//! Per class one bit says whether anything in it changed. If so, for each slot that was alive: one
//! bit "as before"; if not, one bit "gone", else one bit a field and the changed fields' words raw.
//! Then births: a bit "one more" and the row raw, into the lowest free slot. After the classes the
//! events, each behind a bit "one more". [`ClassWriter`] and [`read_class`] stand side by side and
//! in the same order.
//!
//! Prediction is "as before" here, whatever the span.

use crate::bits::{BitReader, BitWriter};
use crate::error::DecodeError;
use crate::limits::{ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX};
use crate::schema::{Layout, Schema};
use crate::snapshot::{Event, Rows};

/// Bits of an event's class.
const EVENT_CLASS_BITS: u32 = 6;

/// Writes one class's changes, slot by slot, ascending, newcomers last.
pub(super) struct ClassWriter<'a, 'b> {
    layout: &'a Layout,
    bits: &'a mut BitWriter<'b>,
    /// Live slots that went as predicted and are not written yet: a class without any change is a
    /// single bit, and that is only known at the end.
    quiet: usize,
    changed: bool,
}

impl<'a, 'b> ClassWriter<'a, 'b> {
    pub(super) fn new(layout: &'a Layout, _span: u32, bits: &'a mut BitWriter<'b>) -> Self {
        Self {
            layout,
            bits,
            quiet: 0,
            changed: false,
        }
    }

    /// The row in `slot` is now `row`.
    pub(super) fn update(&mut self, rows: &mut Rows, slot: usize, row: &[u32]) {
        let Some(before) = rows.row_mut(slot) else {
            return;
        };
        if before == row {
            self.quiet += 1;
            return;
        }
        self.flush_quiet();
        self.bits.write(0b01, 2);
        for words in self.layout.field_words() {
            let differs = before[words.clone()] != row[words.clone()];
            self.bits.write_bool(differs);
            if differs {
                write_words(
                    &row[words.clone()],
                    &self.layout.word_bits()[words.clone()],
                    self.bits,
                );
            }
        }
        before.copy_from_slice(row);
    }

    /// The row in `slot` is gone.
    pub(super) fn remove(&mut self, rows: &mut Rows, slot: usize) {
        self.flush_quiet();
        self.bits.write(0b11, 2);
        rows.remove(slot);
    }

    /// A newcomer took `slot`, the lowest free one.
    pub(super) fn insert(&mut self, rows: &mut Rows, slot: usize, row: &[u32]) {
        self.flush_quiet();
        self.bits.write_bool(true);
        write_words(row, self.layout.word_bits(), self.bits);
        if slot == rows.slots() {
            rows.grow();
        }
        if let Some(words) = rows.insert(slot) {
            words.copy_from_slice(row);
        }
    }

    /// Ends the class; whether anything changed.
    pub(super) fn finish(mut self) -> bool {
        if self.changed {
            self.flush_quiet();
        }
        self.bits.write_bool(false);
        self.changed
    }

    fn flush_quiet(&mut self) {
        if !self.changed {
            self.bits.write_bool(true);
            self.changed = true;
        }
        for _ in 0..core::mem::take(&mut self.quiet) {
            self.bits.write_bool(false);
        }
    }
}

/// Reads one class's changes into `rows`. `room` is how many words new slots may take.
pub(super) fn read_class(
    rows: &mut Rows,
    layout: &Layout,
    _span: u32,
    room: &mut usize,
    bits: &mut BitReader<'_>,
) -> Result<(), DecodeError> {
    if !bits.read_bool()? {
        return Ok(());
    }
    for slot in 0..rows.slots() {
        if !rows.is_alive(slot) || !bits.read_bool()? {
            continue;
        }
        if bits.read_bool()? {
            rows.remove(slot);
            continue;
        }
        let row = rows.row_mut(slot).ok_or(DecodeError::Invalid)?;
        for words in layout.field_words() {
            if bits.read_bool()? {
                let target = row.get_mut(words.clone()).ok_or(DecodeError::Invalid)?;
                read_words(target, words.start, layout, bits)?;
            }
        }
    }
    let mut from = 0;
    while bits.read_bool()? {
        let slot = rows.free_slot(from);
        if slot == rows.slots() {
            grow(rows, layout, room)?;
        }
        let row = rows.insert(slot).ok_or(DecodeError::Invalid)?;
        read_words(row, 0, layout, bits)?;
        from = slot + 1;
    }
    Ok(())
}

/// Adds a slot, as the bytes of a message ask for: within the limits.
pub(super) fn grow(rows: &mut Rows, layout: &Layout, room: &mut usize) -> Result<(), DecodeError> {
    if rows.slots() >= ENTITIES_PER_CLASS_MAX {
        return Err(DecodeError::OutOfRange);
    }
    *room = room
        .checked_sub(layout.words())
        .ok_or(DecodeError::OutOfRange)?;
    rows.grow();
    Ok(())
}

/// Writes one event.
pub(super) fn write_event(class: u8, words: &[u32], layout: &Layout, bits: &mut BitWriter<'_>) {
    bits.write_bool(true);
    bits.write(u32::from(class), EVENT_CLASS_BITS);
    write_words(words, layout.word_bits(), bits);
}

/// Reads all events of a chunk.
pub(super) fn read_events(
    schema: &Schema,
    bits: &mut BitReader<'_>,
    events: &mut Vec<Event>,
) -> Result<(), DecodeError> {
    let mut count = 0;
    while bits.read_bool()? {
        count += 1;
        if count > EVENTS_PER_CHUNK_MAX {
            return Err(DecodeError::TooLong);
        }
        let class = bits.read(EVENT_CLASS_BITS)?;
        let index = usize::try_from(class).map_err(|_| DecodeError::UnknownClass)?;
        let layout = schema
            .events()
            .get(index)
            .ok_or(DecodeError::UnknownClass)?;
        let mut words = vec![0; layout.words()];
        read_words(&mut words, 0, layout, bits)?;
        let class = u8::try_from(class).map_err(|_| DecodeError::UnknownClass)?;
        events.push(Event { class, words });
    }
    Ok(())
}

/// Writes words raw.
pub(super) fn write_words(words: &[u32], widths: &[u32], bits: &mut BitWriter<'_>) {
    for (&word, &width) in words.iter().zip(widths) {
        bits.write(word, width);
    }
}

/// Reads words raw, the first of which is word `start` of `layout`; clamps each to its range.
pub(super) fn read_words(
    words: &mut [u32],
    start: usize,
    layout: &Layout,
    bits: &mut BitReader<'_>,
) -> Result<(), DecodeError> {
    let ranges = layout.word_bits().iter().zip(layout.word_max()).skip(start);
    for (word, (&width, &max)) in words.iter_mut().zip(ranges) {
        *word = bits.read(width)?.min(max);
    }
    Ok(())
}
