//! Joins: a stream's state after a tick.
//!
//! Per class the number of slots (16 bits), then for each slot a bit "alive" and the row raw.

use super::delta::{grow, read_words, write_words};
use crate::bits::{BitReader, BitWriter};
use crate::error::DecodeError;
use crate::limits::JOIN_BYTES_MAX;
use crate::schema::Schema;
use crate::snapshot::Frame;

/// Appends the state of a stream at `frame`.
pub(super) fn write(schema: &Schema, frame: &Frame, out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    for (rows, layout) in frame.classes().iter().zip(schema.classes()) {
        let slots = u32::try_from(rows.slots()).expect("slots are bounded");
        bits.write(slots, 16);
        for slot in 0..rows.slots() {
            bits.write_bool(rows.is_alive(slot));
            if let Some(row) = rows.row(slot).filter(|_| rows.is_alive(slot)) {
                write_words(row, layout.word_bits(), &mut bits);
            }
        }
    }
    bits.finish();
}

/// Reads what [`write()`] wrote.
pub(super) fn read(schema: &Schema, bytes: &[u8]) -> Result<Frame, DecodeError> {
    if bytes.len() > JOIN_BYTES_MAX {
        return Err(DecodeError::TooLong);
    }
    let mut frame = Frame::empty(schema);
    let mut room = frame.room();
    let mut bits = BitReader::new(bytes);
    for (rows, layout) in frame.classes_mut().iter_mut().zip(schema.classes()) {
        // Slots are added as their bits are read, so that a message can't claim more than it holds.
        for slot in 0..bits.read(16)? {
            grow(rows, layout, &mut room)?;
            if bits.read_bool()? {
                let slot = usize::try_from(slot).map_err(|_| DecodeError::OutOfRange)?;
                let row = rows.insert(slot).ok_or(DecodeError::Invalid)?;
                read_words(row, 0, layout, &mut bits)?;
            }
        }
    }
    bits.finish()?;
    Ok(frame)
}
