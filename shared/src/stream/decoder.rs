//! From chunks to frames.
//!
//! Runs in clients, on bytes that the network may have mangled: every read is checked, and what a
//! message may make it hold is bounded by the schema's limits.

use std::sync::Arc;

use super::chunk;
use super::memory::Shared;
use super::model::{Adaptive, Codec, Odds, Primed};
use super::rows::Scratch;
use super::source::Unknown;
use super::state;
use crate::error::DecodeError;
use crate::range_coder::{Coder, RangeDecoder};
use crate::schema::Schema;
use crate::snapshot::{Event, Frame};

/// What a chunk told beside the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The rows are up to date.
    Updated,
    /// They are, and a hash in the chunk agreed.
    Verified,
    /// A hash in the chunk differed: this end drifted.
    Mismatch,
}

/// The receiving end of a stream.
#[derive(Clone, Debug)]
pub struct StreamDecoder {
    shared: Shared,
    scratch: Scratch,
}

impl StreamDecoder {
    /// Follows a stream from the state that [`super::StreamEncoder::join`] wrote.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of bytes that are left over, or claim too many entities.
    pub fn join(schema: Arc<Schema>, bytes: &[u8]) -> Result<Self, DecodeError> {
        let shared = state::read(schema, bytes)?;
        Ok(Self {
            shared,
            scratch: Scratch::default(),
        })
    }

    /// The world after the last chunk.
    pub fn frame(&self) -> &Frame {
        &self.shared.frame
    }

    /// The schema of the rows.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.shared.schema
    }

    /// Applies the chunk of the next snapshot tick, `span` ticks after the previous; an empty one
    /// says that everything went as predicted. Events are appended to `events`.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`]. The stream is unusable then, and some of its events may have been
    /// appended: follow it anew.
    pub fn apply(
        &mut self,
        span: u32,
        chunk: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<Applied, DecodeError> {
        let schema = Arc::clone(&self.shared.schema);
        self.shared.begin_chunk(span);
        let (body, hash) = if chunk.is_empty() || !self.shared.hash_is_due() {
            (chunk, None)
        } else {
            let (body, hash) = chunk.split_last_chunk().ok_or(DecodeError::UnexpectedEnd)?;
            (body, Some(u16::from_le_bytes(*hash)))
        };
        let mut own = self.shared.odds.take();
        let coder = RangeDecoder::new(body);
        let decoded = match &mut own {
            Some(odds) => self.decode(coder, Adaptive(odds), events),
            None => self.decode(coder, Primed(&schema.plan().priors), events),
        };
        self.shared.odds = own;
        decoded?;
        Ok(match hash {
            None => Applied::Updated,
            Some(hash) if hash == self.shared.check() => Applied::Verified,
            Some(_) => Applied::Mismatch,
        })
    }

    /// The join of this end, which is that of the other.
    #[cfg(test)]
    pub(super) fn joined(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        state::write(&self.shared, &mut bytes);
        bytes
    }

    fn decode<O: Odds>(
        &mut self,
        coder: RangeDecoder<'_>,
        odds: O,
        events: &mut Vec<Event>,
    ) -> Result<(), DecodeError> {
        let mut wire = Codec { coder, odds };
        let mut source = Unknown(events);
        chunk::code(&mut self.shared, &mut wire, &mut source, &mut self.scratch)?;
        self.shared.trail.add(wire.coder.range());
        wire.coder.finish()
    }
}
