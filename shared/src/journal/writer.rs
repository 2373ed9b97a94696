//! A journal's records as bytes, each appended as it comes.
//!
//! Says when a quiet tick may wait for the next; knows neither disks nor queues.

use serde::Serialize;

use super::frame::{salt, write_framed};
use super::header::{FileHeader, MAGIC, VERSION};
use super::kind;
use super::record::{Ending, Record};
use super::ticks::TickCoder;
use crate::bits::write_varint;
use crate::codec;
use crate::error::DecodeError;
use crate::schema::Schema;

/// After how many quiet ticks they are written, if nothing else is. Until then they are in no byte,
/// and a crash loses them: whoever stops at the last record is at most this many less one behind.
pub const QUIET_TICKS_MAX: u8 = 2;

/// Writes one journal.
#[derive(Clone, Debug)]
pub struct JournalWriter {
    coder: TickCoder,
    frames: Frames,
}

/// Where the next record stands.
#[derive(Clone, Debug)]
struct Frames {
    salt: u64,
    /// Bytes written so far.
    at: u64,
    /// Ticks that no record tells of yet.
    quiet: u8,
    scratch: Vec<u8>,
}

impl JournalWriter {
    /// Appends the beginning of a journal to `out`.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] if the header's schema is none.
    pub fn begin(header: &FileHeader, out: &mut Vec<u8>) -> Result<Self, DecodeError> {
        let schema = Schema::decode(&header.schema)?;
        let begin = out.len();
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        let at = (out.len() - begin) as u64;
        let write = |body: &mut Vec<u8>| codec::encode_into(header, body);
        let check = write_framed(0, at, out, &mut Vec::new(), write);
        let at = (out.len() - begin) as u64;
        let coder = TickCoder::new(schema.input().clone());
        Ok(Self::resume(coder, salt(check), at))
    }

    pub(super) fn resume(coder: TickCoder, salt: u64, at: u64) -> Self {
        let frames = Frames {
            salt,
            at,
            quiet: 0,
            scratch: Vec::new(),
        };
        Self { coder, frames }
    }

    #[cfg(test)]
    pub(super) fn salt(&self) -> u64 {
        self.frames.salt
    }

    /// Bytes of the journal so far.
    pub fn bytes(&self) -> u64 {
        self.frames.at
    }

    /// Appends `record` to `out`. Quiet ticks may be appended only with the record that follows, or
    /// by [`JournalWriter::flush`].
    pub fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
        let Self { coder, frames } = self;
        match record {
            Record::Tick(tick) if coder.expects(tick) => {
                frames.quiet += 1;
                if frames.quiet >= QUIET_TICKS_MAX {
                    self.flush(out);
                }
            }
            Record::Tick(tick) => {
                let with_acts = !tick.acts.is_empty();
                let kind = if with_acts { kind::ACTS } else { kind::INPUTS };
                frames.write(kind, out, |body| coder.write(tick, with_acts, body));
            }
            Record::Hash(tick, hash) => frames.write(kind::HASH, out, |body| {
                write_varint(body, tick.0);
                body.extend_from_slice(&hash.to_le_bytes());
            }),
            Record::Checkpoint(checkpoint) => frames.write(kind::CHECKPOINT, out, |body| {
                write_varint(body, checkpoint.tick.0);
                write_varint(body, checkpoint.size);
                body.extend_from_slice(&checkpoint.packed);
            }),
            Record::Roster(change) => frames.write(kind::ROSTER, out, coded(change)),
            Record::Hold(hold) => frames.write(kind::HOLD, out, coded(hold)),
            Record::End(ending) => frames.write(kind::END, out, coded(ending)),
        }
    }

    /// Appends a closing record to `out` for the place `at` of the journal, because what was written
    /// behind it is lost. Nothing else can be written any more.
    pub fn end_at(&mut self, at: u64, ending: Ending, out: &mut Vec<u8>) {
        self.frames.at = at;
        self.frames.quiet = 0;
        self.write(&Record::End(ending), out);
    }

    /// Appends the quiet ticks that no record tells of yet.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if self.frames.quiet > 0 {
            self.frames.write(kind::QUIET, out, |_| {});
        }
    }
}

fn coded<T: Serialize>(value: &T) -> impl FnOnce(&mut Vec<u8>) {
    |body| codec::encode_into(value, body)
}

impl Frames {
    /// Appends one record: its kind with the quiet ticks before it, then what `write` appends.
    fn write(&mut self, kind: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let (begin, head) = (out.len(), kind | self.quiet << 4);
        write_framed(self.salt, self.at, out, &mut self.scratch, |body| {
            body.push(head);
            write(body);
        });
        self.quiet = 0;
        self.at += (out.len() - begin) as u64;
    }
}
