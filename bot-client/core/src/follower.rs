//! The seam between a client and whatever decodes the streams that it follows.
//!
//! A client of its own decodes alone: [`Alone`]. A swarm in one process may decode once for many:
//! see [`crate::shared_stream`], which its shell puts behind the same traits.

use core::fmt::Debug;
use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::id::{RoomId, StreamSlot};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{Applied, StreamDecoder};
use syncline_shared::tick::Tick;

/// Names a stream within one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamKey {
    /// The room.
    pub room: RoomId,
    /// The timeline.
    pub incarnation: u32,
    /// The stream, as this member knows it.
    pub slot: StreamSlot,
}

/// What others who follow the same stream have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Nothing else, as far as is known.
    Same,
    /// Something else: one of the two is wrong, and hashes will tell which.
    Differs,
}

/// What a chunk did.
#[derive(Clone, Debug)]
pub struct ChunkOutcome {
    /// Whether this end agrees with the server.
    pub applied: Applied,
    /// Whether it agrees with others.
    pub compared: Compared,
    /// What happened, if anything did.
    pub events: Option<Arc<[Event]>>,
}

/// One followed stream.
pub trait StreamFollower: Debug + Send {
    /// Applies the chunk of snapshot tick `tick`, `span` ticks after the one before.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`]. The follower is unusable then.
    fn apply(&mut self, tick: Tick, span: u32, chunk: &[u8]) -> Result<ChunkOutcome, DecodeError>;

    /// The world after the last chunk.
    fn frame(&self) -> &Frame;

    /// The same, to keep.
    fn snapshot(&self) -> Arc<Frame>;
}

/// What makes followers of joins.
pub trait Decoding: Debug + Send {
    /// Follows a stream from its state after `tick`; tells whether others have another one.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the join.
    fn follow(
        &mut self,
        stream: StreamKey,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
    ) -> Result<(Box<dyn StreamFollower>, Compared), DecodeError>;
}

/// Decodes every stream for itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeAlone;

impl Decoding for DecodeAlone {
    fn follow(
        &mut self,
        _: StreamKey,
        schema: &Arc<Schema>,
        _: Tick,
        join: &[u8],
    ) -> Result<(Box<dyn StreamFollower>, Compared), DecodeError> {
        Ok((Box::new(Alone::join(schema, join)?), Compared::Same))
    }
}

/// A follower with a decoder of its own.
#[derive(Debug)]
pub struct Alone {
    decoder: StreamDecoder,
    events: Vec<Event>,
}

impl Alone {
    /// Follows a stream from the state in `join`.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the join.
    pub fn join(schema: &Arc<Schema>, join: &[u8]) -> Result<Self, DecodeError> {
        let decoder = StreamDecoder::join(Arc::clone(schema), join)?;
        Ok(Self {
            decoder,
            events: Vec::new(),
        })
    }
}

impl StreamFollower for Alone {
    fn apply(&mut self, _: Tick, span: u32, chunk: &[u8]) -> Result<ChunkOutcome, DecodeError> {
        self.events.clear();
        let applied = self.decoder.apply(span, chunk, &mut self.events)?;
        Ok(ChunkOutcome {
            applied,
            compared: Compared::Same,
            events: shared_events(&mut self.events),
        })
    }

    fn frame(&self) -> &Frame {
        self.decoder.frame()
    }

    fn snapshot(&self) -> Arc<Frame> {
        Arc::new(self.decoder.frame().clone())
    }
}

/// Takes the events out, to share; nothing if there are none.
pub(crate) fn shared_events(events: &mut Vec<Event>) -> Option<Arc<[Event]>> {
    (!events.is_empty()).then(|| events.drain(..).collect())
}
