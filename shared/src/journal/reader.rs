//! A journal's bytes as records, up to the last good one.
//!
//! Any bytes may be given: what is not a journal is refused, what is torn or damaged ends it there.

use std::collections::VecDeque;
use std::sync::Arc;

use super::frame::{Framed, is_followed, read_framed, salt};
use super::header::{FileHeader, MAGIC, VERSION};
use super::kind;
use super::record::{Checkpoint, Record};
use super::ticks::TickCoder;
use super::writer::JournalWriter;
use crate::bits::ByteReader;
use crate::codec;
use crate::error::DecodeError;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::schema::Schema;
use crate::tick::Tick;

/// Why bytes are no journal that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// They don't begin as one.
    #[error("it is no journal")]
    NoJournal,
    /// The format is another one.
    #[error("its format has version {0}; this program reads version {VERSION}")]
    Version(u8),
    /// They end before the header does: nothing was recorded.
    #[error("it ends within its header")]
    Torn,
    /// The header is damaged.
    #[error("its header is damaged")]
    Damaged,
    /// The header is whole, but what it says makes no sense.
    #[error("its header makes no sense: {0}")]
    Senseless(DecodeError),
}

/// How a journal's bytes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// With a whole record, or not known yet.
    Whole,
    /// With bytes that are no record, and no good one behind them: what a crash leaves. The journal
    /// is whole if they are cut off.
    Torn {
        /// Where they begin.
        at: u64,
        /// How many they are.
        bytes: u64,
    },
    /// Something in the middle is damaged. Up to there all is good.
    Damaged {
        /// Where the damage begins.
        at: u64,
        /// Bytes from there on.
        bytes: u64,
    },
}

/// Reads one journal.
#[derive(Clone, Debug)]
pub struct JournalReader<'a> {
    bytes: &'a [u8],
    header: Arc<FileHeader>,
    schema: Arc<Schema>,
    salt: u64,
    /// The end of the last good record.
    at: usize,
    coder: TickCoder,
    /// The last tick that was given out.
    tick: Tick,
    /// What was read and not given out yet.
    pending: VecDeque<Record>,
    tail: Tail,
    ended: bool,
}

impl<'a> JournalReader<'a> {
    /// Reads the header of a whole file's `bytes`.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, OpenError> {
        let begins = MAGIC.iter().zip(bytes).all(|(one, other)| one == other);
        if !begins {
            return Err(OpenError::NoJournal);
        }
        let at = MAGIC.len() + 1;
        match bytes.get(MAGIC.len()) {
            None => return Err(OpenError::Torn),
            Some(&VERSION) => {}
            Some(&version) => return Err(OpenError::Version(version)),
        }
        let (body, end, check) = match read_framed(0, bytes, at) {
            Framed::Record { body, end, check } => (body, end, check),
            Framed::End | Framed::Broken(None) => return Err(OpenError::Torn),
            Framed::Broken(Some(_)) => return Err(OpenError::Damaged),
        };
        let header: FileHeader = codec::decode(body).map_err(OpenError::Senseless)?;
        let schema = Schema::decode(&header.schema).map_err(OpenError::Senseless)?;
        Ok(Self {
            bytes,
            salt: salt(check),
            at: end,
            coder: TickCoder::new(schema.input().clone()),
            tick: Tick::ZERO,
            pending: VecDeque::new(),
            tail: Tail::Whole,
            ended: false,
            header: Arc::new(header),
            schema: Arc::new(schema),
        })
    }

    /// What the journal begins with.
    pub fn header(&self) -> &Arc<FileHeader> {
        &self.header
    }

    /// The schema of its game, when it was written.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// How the bytes end, once [`Iterator::next`] gave `None`.
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// The end of the last good record, once [`Iterator::next`] gave `None`: what remains if the
    /// rest is cut off.
    pub fn good_bytes(&self) -> u64 {
        self.at as u64
    }

    /// Whether a closing record was read.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Goes on with the journal behind its last good record, once all of it was read. Not for a
    /// damaged one.
    pub fn into_writer(self) -> JournalWriter {
        JournalWriter::resume(self.coder, self.salt, self.at as u64)
    }

    /// Reads the next record, with the quiet ticks before it; whether there is one.
    fn advance(&mut self) -> bool {
        if self.tail != Tail::Whole {
            return false;
        }
        match read_framed(self.salt, self.bytes, self.at) {
            // Nothing follows a closing record. And if its checksum is right, what can't be read was
            // written so, by another program or a defect: nothing that cutting mends.
            Framed::Record { body, end, .. } => {
                let read = !self.ended && self.decode(body).is_ok();
                if read {
                    self.at = end;
                } else {
                    self.pending.clear();
                    self.close(true);
                }
                read
            }
            Framed::End => false,
            Framed::Broken(end) => {
                let followed = is_followed(self.salt, self.bytes, self.at, end);
                self.close(followed || self.ended);
                false
            }
        }
    }

    /// Notes that what follows is of no use.
    fn close(&mut self, damaged: bool) {
        let (at, bytes) = (self.at as u64, (self.bytes.len() - self.at) as u64);
        self.tail = if damaged {
            Tail::Damaged { at, bytes }
        } else {
            Tail::Torn { at, bytes }
        };
    }

    fn decode(&mut self, body: &[u8]) -> Result<(), DecodeError> {
        let mut reader = ByteReader::new(body);
        let head = reader.u8()?;
        for _ in 0..head >> 4 {
            self.tick = self.tick.next();
            let quiet = self.coder.quiet(self.tick);
            self.pending.push_back(Record::Tick(quiet));
        }
        let record = match head & 0x0f {
            kind::QUIET => return reader.finish(),
            kind @ (kind::INPUTS | kind::ACTS) => {
                self.tick = self.tick.next();
                Record::Tick(self.coder.read(self.tick, kind == kind::ACTS, reader)?)
            }
            kind::HASH => {
                let tick = self.this_tick(&mut reader)?;
                let hash = reader.rest().try_into().map_err(|_| DecodeError::Invalid)?;
                Record::Hash(tick, u64::from_le_bytes(hash))
            }
            kind::CHECKPOINT => {
                let tick = self.this_tick(&mut reader)?;
                let size = reader.varint()?;
                if size as usize > CHECKPOINT_BYTES_MAX {
                    return Err(DecodeError::TooLong);
                }
                let packed = reader.rest().to_vec();
                Record::Checkpoint(Checkpoint { tick, size, packed })
            }
            kind::ROSTER => Record::Roster(codec::decode(reader.rest())?),
            kind::HOLD => Record::Hold(codec::decode(reader.rest())?),
            kind::END => {
                let ending = codec::decode(reader.rest())?;
                self.ended = true;
                Record::End(ending)
            }
            _ => return Err(DecodeError::Invalid),
        };
        self.pending.push_back(record);
        Ok(())
    }

    fn this_tick(&self, reader: &mut ByteReader<'_>) -> Result<Tick, DecodeError> {
        let tick = Tick(reader.varint()?);
        if tick == self.tick {
            Ok(tick)
        } else {
            Err(DecodeError::OutOfOrder)
        }
    }
}

impl Iterator for JournalReader<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.pending.pop_front() {
                return Some(record);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}
