//! Who decodes the streams that many bots follow: each for itself, or one for all.
//!
//! The work is done in `syncline-client-core`; here are the locks around it. A lock is held for one
//! chunk and never across an await.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use syncline_client_core::follower::{
    Alone, ChunkOutcome, Compared, DecodeAlone, Decoding, StreamFollower, StreamKey,
};
use syncline_client_core::shared_stream::{Place, SharedStream};
use syncline_shared::error::DecodeError;
use syncline_shared::id::StreamSlot;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;
use syncline_shared::tick::Tick;

use crate::config::Decode;

/// What all bots of a swarm decode with.
#[derive(Clone, Debug)]
pub(crate) struct SwarmDecoding {
    decode: Decode,
    streams: Arc<Mutex<BTreeMap<StreamKey, Weak<Mutex<Counted>>>>>,
    /// Decoders of common streams that took part.
    decoders: Arc<AtomicU32>,
}

/// A shared stream that tells how many decoders it had when it ends.
#[derive(Debug)]
struct Counted {
    stream: SharedStream,
    decoders: Arc<AtomicU32>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.decoders
            .fetch_add(self.stream.decoders(), Ordering::Relaxed);
    }
}

impl SwarmDecoding {
    pub(crate) fn new(decode: Decode) -> Self {
        Self {
            decode,
            streams: Arc::default(),
            decoders: Arc::default(),
        }
    }

    /// What one bot decodes with.
    pub(crate) fn of_bot(&self) -> Box<dyn Decoding> {
        match self.decode {
            Decode::All => Box::new(DecodeAll {
                decoders: Arc::clone(&self.decoders),
                counted: false,
            }),
            Decode::Shared => Box::new(self.clone()),
        }
    }

    /// How many decoders of common streams took part, once all bots are gone.
    pub(crate) fn decoders(&self) -> u32 {
        self.decoders.load(Ordering::Relaxed)
    }

    /// The stream of this name, which ends with its last follower.
    fn stream(&self, key: StreamKey) -> Arc<Mutex<Counted>> {
        let mut streams = lock(&self.streams);
        if let Some(stream) = streams.get(&key).and_then(Weak::upgrade) {
            return stream;
        }
        streams.retain(|_, stream| stream.strong_count() > 0);
        let decoders = Arc::clone(&self.decoders);
        let stream = Arc::new(Mutex::new(Counted {
            stream: SharedStream::default(),
            decoders,
        }));
        streams.insert(key, Arc::downgrade(&stream));
        stream
    }
}

impl Decoding for SwarmDecoding {
    fn follow(
        &mut self,
        key: StreamKey,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
    ) -> Result<(Box<dyn StreamFollower>, Compared), DecodeError> {
        // What one player alone sees has nobody to be shared with.
        if key.slot != StreamSlot::COMMON {
            return Ok((Box::new(Alone::join(schema, join)?), Compared::Same));
        }
        let shared = self.stream(key);
        let (place, compared) = lock(&shared).stream.join(schema, tick, join)?;
        Ok((Box::new(SharedFollower { shared, place }), compared))
    }
}

/// One bot's place in a stream that is decoded once.
#[derive(Debug)]
struct SharedFollower {
    shared: Arc<Mutex<Counted>>,
    place: Place,
}

impl StreamFollower for SharedFollower {
    fn apply(&mut self, tick: Tick, span: u32, chunk: &[u8]) -> Result<ChunkOutcome, DecodeError> {
        lock(&self.shared)
            .stream
            .apply(&mut self.place, tick, span, chunk)
    }

    fn frame(&self) -> &Frame {
        self.place.frame()
    }

    fn snapshot(&self) -> Arc<Frame> {
        Arc::clone(self.place.frame())
    }
}

impl Drop for SharedFollower {
    fn drop(&mut self) {
        lock(&self.shared).stream.leave(&self.place);
    }
}

/// Decodes for itself, and is counted for it.
#[derive(Debug)]
struct DecodeAll {
    decoders: Arc<AtomicU32>,
    counted: bool,
}

impl Decoding for DecodeAll {
    fn follow(
        &mut self,
        key: StreamKey,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
    ) -> Result<(Box<dyn StreamFollower>, Compared), DecodeError> {
        if key.slot == StreamSlot::COMMON && !core::mem::replace(&mut self.counted, true) {
            self.decoders.fetch_add(1, Ordering::Relaxed);
        }
        DecodeAlone.follow(key, schema, tick, join)
    }
}

/// A bot that panicked while it held a lock fails the run by itself; the others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use syncline_games::arena::{Arena, ArenaConfig};
    use syncline_shared::game::{Game as _, Profile};
    use syncline_shared::id::{PlayerId, RoomId};
    use syncline_shared::snapshot::SnapshotWriter;
    use syncline_shared::stream::{Applied, StreamEncoder};

    use super::*;

    /// The schema of arena, and the join and next chunk of a stream of its first tick.
    fn stream() -> (Arc<Schema>, Vec<u8>, Vec<u8>) {
        let schema = Arc::new(Arena::schema());
        let mut game = Arena::new(ArenaConfig::default(), 1);
        let mut world = SnapshotWriter::new(Arc::clone(&schema));
        let mut encoder = StreamEncoder::new(Arc::clone(&schema));
        let (mut join, mut chunk) = (Vec::new(), Vec::new());
        game.replicate(&mut world);
        encoder.encode(1, world.everyone(), None, &mut Vec::new());
        encoder.join(&mut join);
        world.clear();
        game.join(PlayerId(0), &Profile::default()).unwrap();
        game.replicate(&mut world);
        encoder.encode(1, world.everyone(), None, &mut chunk);
        assert!(!chunk.is_empty());
        (schema, join, chunk)
    }

    fn key(slot: StreamSlot) -> StreamKey {
        StreamKey {
            room: RoomId(1),
            incarnation: 1,
            slot,
        }
    }

    /// Lets `bots` bots follow the stream and gives the followers.
    fn follow(
        decoding: &SwarmDecoding,
        slot: StreamSlot,
        bots: usize,
    ) -> Vec<Box<dyn StreamFollower>> {
        let (schema, join, chunk) = stream();
        let mut followers: Vec<_> = (0..bots)
            .map(|_| {
                let mut bot = decoding.of_bot();
                bot.follow(key(slot), &schema, Tick(1), &join).unwrap().0
            })
            .collect();
        for follower in &mut followers {
            let outcome = follower.apply(Tick(2), 1, &chunk).unwrap();
            assert_ne!(outcome.applied, Applied::Mismatch);
        }
        assert!(
            followers
                .iter()
                .all(|follower| follower.frame() == followers[0].frame())
        );
        followers
    }

    #[test]
    fn a_shared_common_stream_is_decoded_once() {
        let decoding = SwarmDecoding::new(Decode::Shared);
        let followers = follow(&decoding, StreamSlot::COMMON, 5);
        assert!(Arc::ptr_eq(
            &followers[0].snapshot(),
            &followers[4].snapshot()
        ));
        drop(followers);
        assert_eq!(decoding.decoders(), 1);
        // When all have left, it begins anew.
        drop(follow(&decoding, StreamSlot::COMMON, 2));
        assert_eq!(decoding.decoders(), 2);
    }

    #[test]
    fn a_private_stream_is_decoded_by_its_owner() {
        let decoding = SwarmDecoding::new(Decode::Shared);
        let followers = follow(&decoding, StreamSlot::OWN, 2);
        assert!(!Arc::ptr_eq(
            &followers[0].snapshot(),
            &followers[1].snapshot()
        ));
    }

    #[test]
    fn all_decode_if_all_shall() {
        let decoding = SwarmDecoding::new(Decode::All);
        drop(follow(&decoding, StreamSlot::COMMON, 5));
        assert_eq!(decoding.decoders(), 5);
    }
}
