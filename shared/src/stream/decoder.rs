//! From chunks to frames.
//!
//! Runs in clients, on bytes that the network may have mangled: every read is checked, and what a
//! message may make it hold is bounded by the schema's limits.

use std::sync::Arc;

use super::{delta, state};
use crate::bits::BitReader;
use crate::error::DecodeError;
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
    schema: Arc<Schema>,
    frame: Frame,
}

impl StreamDecoder {
    /// Follows a stream from the state that [`super::StreamEncoder::join`] wrote.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of bits that stop early, are left over, or claim too many entities.
    pub fn join(schema: Arc<Schema>, bytes: &[u8]) -> Result<Self, DecodeError> {
        let frame = state::read(&schema, bytes)?;
        Ok(Self { schema, frame })
    }

    /// The world after the last chunk.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The schema of the rows.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
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
        if chunk.is_empty() {
            return Ok(Applied::Updated);
        }
        let mut room = self.frame.room();
        let mut bits = BitReader::new(chunk);
        for (rows, layout) in self
            .frame
            .classes_mut()
            .iter_mut()
            .zip(self.schema.classes())
        {
            delta::read_class(rows, layout, span, &mut room, &mut bits)?;
        }
        delta::read_events(&self.schema, &mut bits, events)?;
        let applied = if !bits.read_bool()? {
            Applied::Updated
        } else if bits.read(16)? == u32::from(self.frame.hash().short()) {
            Applied::Verified
        } else {
            Applied::Mismatch
        };
        bits.finish()?;
        Ok(applied)
    }
}
