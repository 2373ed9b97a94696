//! The streams of a running match: each encoded once per snapshot tick, however many follow.
//!
//! Owns the encoders and what they wrote this tick. Doesn't know members, credit or messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Contents, SnapshotWriter};
use syncline_shared::stream::StreamEncoder;

use crate::bandwidth::{Bandwidth, StreamMeter};
use crate::counters::RoomCounters;

/// Shared bytes: written once, held by everyone for whom they wait.
pub(crate) type SharedBytes = Arc<[u8]>;

/// Where followers find what a snapshot tick has for them.
pub(crate) trait Source {
    /// The tick's chunk of a stream, as `player` or a spectator knows it; `None` if all went as
    /// predicted.
    fn chunk(&self, stream: StreamSlot, player: Option<PlayerId>) -> Option<&SharedBytes>;

    /// The state of a stream after the tick, likewise: written once for all who join now.
    fn join(&mut self, stream: StreamSlot, player: Option<PlayerId>) -> Option<SharedBytes>;

    /// Whether streams can be joined at this tick.
    fn has_states(&self) -> bool;
}

/// The streams of one match.
#[derive(Debug)]
pub(crate) struct Replication {
    schema: Arc<Schema>,
    common: Stream,
    own: BTreeMap<PlayerId, Stream>,
}

/// One stream and what this tick made of it.
#[derive(Debug)]
struct Stream {
    encoder: StreamEncoder,
    /// This tick's chunk, unless all went as predicted.
    chunk: Option<SharedBytes>,
    /// The state after this tick, once somebody asked for it.
    join: Option<SharedBytes>,
}

impl Stream {
    fn new(encoder: StreamEncoder) -> Self {
        Self {
            encoder,
            chunk: None,
            join: None,
        }
    }

    fn encode(
        &mut self,
        span: u32,
        contents: &Contents,
        common: Option<&StreamEncoder>,
        counters: &mut RoomCounters,
        scratch: &mut Vec<u8>,
        meter: Option<&mut StreamMeter>,
    ) {
        scratch.clear();
        let stats = match meter {
            None => self.encoder.encode(span, contents, common, scratch),
            Some(meter) => {
                let spent = &mut meter.spent;
                let stats = self
                    .encoder
                    .encode_counting(span, contents, common, scratch, spent);
                meter.bytes += scratch.len() as u64;
                stats
            }
        };
        counters.rows_refused += stats.rows_refused as u64;
        counters.events_refused += stats.events_refused as u64;
        self.join = None;
        self.chunk = (!scratch.is_empty()).then(|| scratch.as_slice().into());
        if let Some(chunk) = &self.chunk {
            counters.chunks += 1;
            counters.chunk_bytes += chunk.len() as u64;
        }
    }

    fn join(&mut self) -> SharedBytes {
        let encoder = &self.encoder;
        let join = self.join.get_or_insert_with(|| {
            let mut bytes = Vec::new();
            encoder.join(&mut bytes);
            bytes.into()
        });
        Arc::clone(join)
    }
}

impl Replication {
    /// The streams of a match that nobody has seen yet.
    pub(crate) fn new(schema: Arc<Schema>) -> Self {
        let common = Stream::new(StreamEncoder::new(Arc::clone(&schema)));
        Self {
            schema,
            common,
            own: BTreeMap::new(),
        }
    }

    /// A player has a stream of its own from the next snapshot on.
    pub(crate) fn add_player(&mut self, player: PlayerId) {
        self.own
            .entry(player)
            .or_insert_with(|| Stream::new(StreamEncoder::private(Arc::clone(&self.schema))));
    }

    /// A player's stream ends.
    pub(crate) fn remove_player(&mut self, player: PlayerId) {
        self.own.remove(&player);
    }

    /// Encodes the snapshot of a tick, `span` ticks after the previous one.
    pub(crate) fn encode(
        &mut self,
        span: u32,
        world: &SnapshotWriter,
        counters: &mut RoomCounters,
        bandwidth: &mut Bandwidth,
        scratch: &mut Vec<u8>,
    ) {
        let mut sample = bandwidth.next_snapshot(span);
        let meter = sample.as_mut().map(|period| &mut period.common);
        self.common
            .encode(span, world.everyone(), None, counters, scratch, meter);
        let common = &self.common.encoder;
        for (&player, stream) in &mut self.own {
            let contents = world.player(player);
            let meter = sample.as_mut().map(|period| &mut period.own);
            stream.encode(span, contents, Some(common), counters, scratch, meter);
        }
    }

    /// The common stream, for those who compare it with what clients decoded.
    pub(crate) fn common(&self) -> &StreamEncoder {
        &self.common.encoder
    }

    /// A player's own stream, likewise.
    pub(crate) fn own(&self, player: PlayerId) -> Option<&StreamEncoder> {
        self.own.get(&player).map(|stream| &stream.encoder)
    }
}

impl Source for Replication {
    fn chunk(&self, stream: StreamSlot, player: Option<PlayerId>) -> Option<&SharedBytes> {
        let stream = match stream {
            StreamSlot::COMMON => &self.common,
            StreamSlot::OWN => self.own.get(&player?)?,
            _ => return None,
        };
        stream.chunk.as_ref()
    }

    fn join(&mut self, stream: StreamSlot, player: Option<PlayerId>) -> Option<SharedBytes> {
        let stream = match stream {
            StreamSlot::COMMON => &mut self.common,
            StreamSlot::OWN => self.own.get_mut(&player?)?,
            _ => return None,
        };
        Some(stream.join())
    }

    fn has_states(&self) -> bool {
        true
    }
}
