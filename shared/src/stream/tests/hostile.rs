//! What mangled bytes can't do: panic, leave a word out of range, or fill the memory.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::script::lives;
use super::world::{COMMON, Recorded, STREAMS, record};
use crate::bits::BitWriter;
use crate::error::DecodeError;
use crate::limits::{
    CLASSES_MAX, ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX, JOIN_BYTES_MAX, ROW_WORDS_MAX,
    STREAM_WORDS_MAX,
};
use crate::schema::arbitrary::{class, data, field, schema_data};
use crate::schema::{Field, FieldKind, Schema, SchemaData};
use crate::snapshot::{Event, Frame};
use crate::stream::{Applied, StreamDecoder, StreamEncoder};

/// What holds of a frame whatever bytes it came from.
fn assert_sound(schema: &Schema, frame: &Frame) {
    let mut held = 0;
    for (rows, layout) in frame.classes().iter().zip(schema.classes()) {
        assert!(rows.slots() <= ENTITIES_PER_CLASS_MAX);
        assert_eq!(rows.iter().count(), rows.len());
        held += rows.slots() * layout.words();
        for (_, words) in rows.iter() {
            assert_eq!(words.len(), layout.words());
            assert!(
                words
                    .iter()
                    .zip(layout.word_max())
                    .all(|(word, max)| word <= max)
            );
        }
    }
    assert!(held <= STREAM_WORDS_MAX);
}

fn assert_events_sound(schema: &Schema, events: &[Event]) {
    assert!(events.len() <= EVENTS_PER_CHUNK_MAX);
    for event in events {
        let layout = &schema.events()[usize::from(event.class)];
        assert_eq!(event.words.len(), layout.words());
        assert!(
            event
                .words
                .iter()
                .zip(layout.word_max())
                .all(|(word, max)| word <= max)
        );
    }
}

/// Applies `chunk` to a copy of `follower`; the copy must be sound, whatever came of it.
fn apply(
    follower: &StreamDecoder,
    span: u32,
    chunk: &[u8],
) -> (StreamDecoder, Result<Applied, DecodeError>) {
    let mut copy = follower.clone();
    let mut events = Vec::new();
    let applied = copy.apply(span, chunk, &mut events);
    assert_sound(copy.schema(), copy.frame());
    assert_events_sound(copy.schema(), &events);
    (copy, applied)
}

fn flip(bytes: &[u8], flips: &[Index]) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    for flip in flips.iter().filter(|_| !bytes.is_empty()) {
        let bit = flip.index(bytes.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
    flipped
}

fn empty(schema: &Arc<Schema>) -> StreamDecoder {
    let mut join = Vec::new();
    StreamEncoder::new(Arc::clone(schema)).join(&mut join);
    StreamDecoder::join(Arc::clone(schema), &join).unwrap()
}

proptest! {
    #[test]
    fn flipped_bits_leave_a_sound_frame_or_an_error(
        (schema, plans) in lives(),
        flips in prop::collection::vec(any::<Index>(), 1..4),
        cut in any::<Index>(),
    ) {
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            for pair in ticks.windows(2) {
                let follower = StreamDecoder::join(Arc::clone(&schema), &pair[0].joins[stream]).unwrap();
                let chunk = &pair[1].chunks[stream];
                let _ = apply(&follower, pair[1].span, &flip(chunk, &flips));
                if !chunk.is_empty() {
                    let cut = cut.index(chunk.len());
                    let (_, applied) = apply(&follower, pair[1].span, &chunk[..cut]);
                    prop_assert!(cut == 0 || applied.is_err(), "a chunk that is cut is no chunk");
                }
                let join = &pair[0].joins[stream];
                if let Ok(joined) = StreamDecoder::join(Arc::clone(&schema), &flip(join, &flips)) {
                    assert_sound(&schema, joined.frame());
                }
                let cut = cut.index(join.len());
                prop_assert!(StreamDecoder::join(Arc::clone(&schema), &join[..cut]).is_err());
            }
        }
    }

    /// Goes on after an error too, as a careless client might.
    #[test]
    fn garbage_leaves_a_sound_frame(
        data in schema_data(),
        join: Vec<u8>,
        chunks in prop::collection::vec((any::<u32>(), any::<Vec<u8>>()), 1..5),
    ) {
        let schema = Arc::new(Schema::from_data(data).unwrap());
        let joined = StreamDecoder::join(Arc::clone(&schema), &join);
        let mut follower = joined.unwrap_or_else(|_| empty(&schema));
        assert_sound(&schema, follower.frame());
        for (span, chunk) in chunks {
            let mut events = Vec::new();
            let _ = follower.apply(span, &chunk, &mut events);
            assert_sound(&schema, follower.frame());
            assert_events_sound(&schema, &events);
        }
    }
}

/// How chunks with one wrong bit were taken.
#[derive(Debug, Default)]
struct Tally {
    refused: u32,
    /// The rows differ from the server's, and a hash in the chunk said so.
    noticed: u32,
    /// The rows differ, and nothing said so at once.
    missed: u32,
    /// Of those, how many still differ at the end of the world's life.
    lasting: u32,
    /// Of those, how many nothing ever found: no later hash, no chunk that made no sense.
    unfound: u32,
}

impl Tally {
    /// Flips each bit of the common chunk of `ticks[at]`, and goes on with the chunks that follow.
    fn flip_each_bit(&mut self, schema: &Arc<Schema>, ticks: &[Recorded], at: usize) {
        let before = StreamDecoder::join(Arc::clone(schema), &ticks[at - 1].joins[COMMON]).unwrap();
        let tick = &ticks[at];
        for bit in 0..tick.chunks[COMMON].len() * 8 {
            let mut chunk = tick.chunks[COMMON].clone();
            chunk[bit / 8] ^= 1 << (bit % 8);
            let (after, applied) = apply(&before, tick.span, &chunk);
            match applied {
                Err(_) => self.refused += 1,
                Ok(_) if after.frame() == &tick.frames[COMMON] => {}
                Ok(Applied::Mismatch) => self.noticed += 1,
                Ok(Applied::Updated | Applied::Verified) => {
                    self.missed += 1;
                    self.go_on(after, &ticks[at + 1..]);
                }
            }
        }
    }

    fn go_on(&mut self, mut drifted: StreamDecoder, ticks: &[Recorded]) {
        let mut found = false;
        for tick in ticks {
            let (after, applied) = apply(&drifted, tick.span, &tick.chunks[COMMON]);
            found |= !matches!(applied, Ok(Applied::Updated | Applied::Verified));
            drifted = after;
        }
        let last = ticks.last().map(|tick| &tick.frames[COMMON]);
        let lasts = last.is_some_and(|frame| frame != drifted.frame());
        self.lasting += u32::from(lasts);
        self.unfound += u32::from(lasts && !found);
    }
}

/// Flips every single bit of the chunks of a hundred lives. Without `hash` in each chunk, only the
/// last tick has one.
fn tally_flips(hash: bool) -> Tally {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tally = Tally::default();
    for _ in 0..100 {
        let (schema, mut plans) = lives().new_tree(&mut runner).unwrap().current();
        for plan in &mut plans {
            plan.hash = hash;
        }
        plans.last_mut().unwrap().hash = true;
        let ticks = record(&schema, &plans, true);
        for at in 1..ticks.len() {
            tally.flip_each_bit(&schema, &ticks, at);
        }
    }
    tally
}

/// A chunk with a hash notices nearly all drift at once: what it misses is mangled where the hash
/// is announced.
#[test]
fn a_hash_notices_drift() {
    let tally = tally_flips(true);
    assert!(
        tally.noticed > 1000,
        "the test has something to notice: {tally:?}"
    );
    assert!(tally.missed * 50 <= tally.noticed, "{tally:?}");
}

/// Without a hash drift goes on; the next hash finds it.
#[test]
fn the_next_hash_finds_drift_that_went_unnoticed() {
    let tally = tally_flips(false);
    assert!(
        tally.missed > tally.noticed && tally.refused > 0,
        "{tally:?}"
    );
    assert!(
        tally.lasting > 1000,
        "the test has something to find: {tally:?}"
    );
    assert!(tally.unfound * 100 <= tally.lasting, "{tally:?}");
}

/// A schema of `classes` classes with `lanes` flags each, and one event without words.
fn bomb_schema(classes: usize, lanes: u8) -> Arc<Schema> {
    let flags = (lanes > 0).then(|| Field {
        lanes,
        ..field("flags", FieldKind::Bool)
    });
    let fields: Vec<Field> = flags.into_iter().collect();
    let bomb = SchemaData {
        events: vec![class("Event", Vec::new())],
        ..data(
            (0..classes)
                .map(|index| class(&format!("C{index}"), fields.clone()))
                .collect(),
        )
    };
    Arc::new(Schema::from_data(bomb).unwrap())
}

/// Births of a class without words cost one bit each: the slots are bounded all the same.
#[test]
fn births_without_words_are_bounded() {
    let schema = bomb_schema(CLASSES_MAX, 0);
    let (after, applied) = apply(&empty(&schema), 1, &vec![0xff; 64 * 1024]);
    assert_eq!(applied, Err(DecodeError::OutOfRange));
    assert_eq!(after.frame().classes()[0].slots(), ENTITIES_PER_CLASS_MAX);
}

/// The widest rows of the narrowest words: 17 bytes of a chunk take 512 bytes of memory.
#[test]
fn births_of_wide_rows_are_bounded() {
    let lanes = u8::try_from(ROW_WORDS_MAX).unwrap();
    let schema = bomb_schema(CLASSES_MAX, lanes);
    let (after, applied) = apply(&empty(&schema), 1, &vec![0xff; 1024 * 1024]);
    assert_eq!(applied, Err(DecodeError::OutOfRange));
    assert_eq!(
        after.frame().classes()[0].slots(),
        STREAM_WORDS_MAX / ROW_WORDS_MAX
    );
}

/// A free slot costs one bit of a join and takes a whole row of memory.
#[test]
fn free_slots_of_a_join_are_bounded() {
    let lanes = u8::try_from(ROW_WORDS_MAX).unwrap();
    let schema = bomb_schema(CLASSES_MAX, lanes);
    let mut join = Vec::new();
    let mut bits = BitWriter::new(&mut join);
    for _ in 0..CLASSES_MAX {
        bits.write(u32::try_from(ENTITIES_PER_CLASS_MAX).unwrap(), 16);
        for _ in 0..ENTITIES_PER_CLASS_MAX / 32 {
            bits.write(0, 32);
        }
    }
    bits.finish();
    let joined = StreamDecoder::join(schema, &join);
    assert_eq!(joined.err(), Some(DecodeError::OutOfRange));
}

#[test]
fn a_join_that_claims_more_slots_than_there_are_is_refused() {
    let schema = bomb_schema(1, 0);
    let joined = StreamDecoder::join(Arc::clone(&schema), &vec![0xff; 64 * 1024]);
    assert_eq!(joined.err(), Some(DecodeError::OutOfRange));
    let joined = StreamDecoder::join(schema, &vec![0; JOIN_BYTES_MAX + 1]);
    assert_eq!(joined.err(), Some(DecodeError::TooLong));
}

#[test]
fn events_of_a_chunk_are_bounded() {
    let schema = bomb_schema(0, 0);
    // One bit "one more", six bits class 0, over and over.
    let mut chunk = Vec::new();
    let mut bits = BitWriter::new(&mut chunk);
    for _ in 0..=EVENTS_PER_CHUNK_MAX {
        bits.write(1, 7);
    }
    bits.finish();
    let (_, applied) = apply(&empty(&schema), 1, &chunk);
    assert_eq!(applied, Err(DecodeError::TooLong));
    let unknown = [0b11];
    let (_, applied) = apply(&empty(&schema), 1, &unknown);
    assert_eq!(applied, Err(DecodeError::UnknownClass));
}
