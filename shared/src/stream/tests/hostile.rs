//! What mangled bytes can't do: panic, leave a word out of range, or fill the memory.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::script::{lives, silence};
use super::world::{COMMON, Recorded, STREAMS, record};
use crate::error::DecodeError;
use crate::limits::{
    CLASSES_MAX, ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX, JOIN_BYTES_MAX, ROW_WORDS_MAX,
    STREAM_WORDS_MAX,
};
use crate::range_coder::RangeEncoder;
use crate::schema::arbitrary::{class, data, field, schema_data};
use crate::schema::{Field, FieldKind, Schema, SchemaData};
use crate::snapshot::{Event, Frame};
use crate::stream::model::{Adaptive, Codec};
use crate::stream::state::write_bomb;
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
                    let _ = apply(&follower, pair[1].span, &chunk[..cut.index(chunk.len())]);
                }
                let join = &pair[0].joins[stream];
                if let Ok(joined) = StreamDecoder::join(Arc::clone(&schema), &flip(join, &flips)) {
                    assert_sound(&schema, joined.frame());
                }
                if !join.is_empty() {
                    let cut = cut.index(join.len());
                    if let Ok(joined) = StreamDecoder::join(Arc::clone(&schema), &join[..cut]) {
                        assert_sound(&schema, joined.frame());
                    }
                }
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

/// Flips every single bit of the chunks of a hundred lives, after each of which comes a hash.
#[test]
fn the_next_hash_finds_drift() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut tally = Tally::default();
    for life in 0..100 {
        let (schema, plans) = lives().new_tree(&mut runner).unwrap().current();
        // Hashes in the middle of some lives, and at the end of all.
        let plans = [silence(life % 30), plans, silence(30)].concat();
        let ticks = record(&schema, &plans, true);
        for at in 1..ticks.len() {
            tally.flip_each_bit(&schema, &ticks, at);
        }
    }
    let Tally {
        refused,
        noticed,
        missed,
        lasting,
        ..
    } = tally;
    let enough = [refused, noticed, missed, lasting]
        .iter()
        .all(|&count| count > 200);
    assert!(enough, "the test has something to find: {tally:?}");
    assert!(tally.unfound * 1000 <= lasting, "{tally:?}");
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

/// A free slot costs next to nothing in a join and takes a whole row of memory.
#[test]
fn free_slots_of_a_join_are_bounded() {
    let lanes = u8::try_from(ROW_WORDS_MAX).unwrap();
    for (classes, lanes) in [(CLASSES_MAX, lanes), (1, 0)] {
        let schema = bomb_schema(classes, lanes);
        let mut join = Vec::new();
        write_bomb(&schema, &mut join);
        let joined = StreamDecoder::join(schema, &join);
        assert_eq!(joined.err(), Some(DecodeError::OutOfRange));
    }
}

#[test]
fn a_join_that_is_too_long_is_refused() {
    let joined = StreamDecoder::join(bomb_schema(1, 0), &vec![0; JOIN_BYTES_MAX + 1]);
    assert_eq!(joined.err(), Some(DecodeError::TooLong));
}

#[test]
fn events_of_a_chunk_are_bounded() {
    let schema = bomb_schema(0, 0);
    let told = |count: usize, class: bool| {
        let plan = schema.plan();
        let mut odds = plan.priors.clone();
        let mut chunk = Vec::new();
        let mut wire = Codec {
            coder: RangeEncoder::new(&mut chunk),
            odds: Adaptive(&mut odds),
        };
        for index in 0..count {
            wire.decide(plan.event_more + u32::from(index == 0), true);
            // Six bits of class, down the tree.
            wire.decide(plan.event_class + 1, class);
            for depth in 1..6 {
                wire.decide(
                    plan.event_class + ((2 | u32::from(class)) << depth >> 1),
                    false,
                );
            }
        }
        wire.decide(plan.event_more, false);
        wire.coder.finish();
        chunk
    };
    let (_, applied) = apply(&empty(&schema), 1, &told(EVENTS_PER_CHUNK_MAX, false));
    assert_eq!(applied, Ok(Applied::Updated));
    let (_, applied) = apply(&empty(&schema), 1, &told(EVENTS_PER_CHUNK_MAX + 1, false));
    assert_eq!(applied, Err(DecodeError::TooLong));
    let (_, applied) = apply(&empty(&schema), 1, &told(1, true));
    assert_eq!(applied, Err(DecodeError::UnknownClass));
}
