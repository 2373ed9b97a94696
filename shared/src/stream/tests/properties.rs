//! What honest bytes do: all followers hold the server's frame, whenever they came.

use std::sync::Arc;

use proptest::prelude::*;
use slotmap::SlotMap;

use super::script::{lives, silence};
use super::world::{COMMON, Life, Recorded, STREAMS, record};
use crate::id::{ClassId, EntityId, Slot};
use crate::limits::{
    ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX, HASH_INTERVAL_SNAPSHOTS, JOIN_BYTES_MAX,
    ROW_WORDS_MAX, STREAM_WORDS_MAX,
};
use crate::schema::arbitrary::{class, data, field};
use crate::schema::{Field, FieldKind, Schema, SchemaData};
use crate::snapshot::{Audience, SnapshotWriter};
use crate::stream::{Applied, ChunkStats, StreamDecoder, StreamEncoder};

fn join(schema: &Arc<Schema>, tick: &Recorded, stream: usize) -> StreamDecoder {
    StreamDecoder::join(Arc::clone(schema), &tick.joins[stream]).unwrap()
}

proptest! {
    /// Follows from every tick at once: each follower must hold the server's frame after each
    /// chunk, and hear of each event, in order.
    #[test]
    fn every_follower_holds_the_servers_frame((schema, plans) in lives()) {
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            let mut followers = vec![join(&schema, &ticks[0], stream)];
            for tick in &ticks[1..] {
                for follower in &mut followers {
                    let mut events = Vec::new();
                    follower.apply(tick.span, &tick.chunks[stream], &mut events).unwrap();
                    prop_assert_eq!(follower.frame(), &tick.frames[stream]);
                    prop_assert_eq!(&events, &tick.events[stream]);
                }
                let newcomer = join(&schema, tick, stream);
                prop_assert_eq!(newcomer.frame(), &tick.frames[stream]);
                followers.push(newcomer);
            }
        }
    }

    #[test]
    fn joins_change_nothing_for_others((schema, plans) in lives()) {
        let (with, without) = (record(&schema, &plans, true), record(&schema, &plans, false));
        for (with, without) in with.iter().zip(&without) {
            prop_assert_eq!(&with.chunks, &without.chunks);
        }
    }

    /// A stream's join is the same bytes whoever asks, and the follower that it makes writes the
    /// same one.
    #[test]
    fn equal_frames_have_equal_joins_and_hashes((schema, plans) in lives()) {
        for tick in record(&schema, &plans, true) {
            for stream in STREAMS {
                let follower = join(&schema, &tick, stream);
                prop_assert_eq!(&follower.joined(), &tick.joins[stream]);
                prop_assert_eq!(follower.frame().hash(), tick.frames[stream].hash());
            }
        }
    }

    /// What is expected costs nothing: a world that goes as the followers expect is told in empty
    /// chunks, for as many ticks as it does.
    #[test]
    fn silence_says_that_all_went_as_predicted(
        (schema, plans) in lives(),
        spans in prop::collection::vec(1u32..4, 1..6),
    ) {
        let mut life = Life::new(&schema);
        for plan in &plans {
            life.tick(plan);
        }
        let mut follower = life.join(COMMON);
        for span in spans {
            follower.apply(span, &[], &mut Vec::new()).unwrap();
            let chunk = life.tick_as(follower.frame(), span);
            prop_assert_eq!(chunk.len(), 0);
            prop_assert_eq!(life.frame(COMMON), follower.frame());
            prop_assert_eq!(&follower.joined(), &life.joined(COMMON));
        }
    }

    /// When nothing happens for a while nothing is sent, and both ends stay where they are.
    #[test]
    fn stillness_is_empty((schema, plans) in lives(), quiet in 1usize..5) {
        let settled = plans.len() + 30;
        let ticks = record(&schema, &[plans, silence(30 + quiet)].concat(), true);
        for tick in &ticks[settled + 1..] {
            for stream in STREAMS {
                prop_assert_eq!(tick.chunks[stream].len(), 0);
                prop_assert_eq!(&tick.frames[stream], &ticks[settled].frames[stream]);
            }
        }
    }

    /// Every so often there is a hash, if something was not as predicted since the last.
    #[test]
    fn a_hash_verifies((schema, plans) in lives(), quiet in 0usize..40) {
        let plans = [silence(quiet), plans, silence(40)].concat();
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            let mut follower = join(&schema, &ticks[0], stream);
            let mut unhashed = false;
            for (count, tick) in (1u32..).zip(&ticks[1..]) {
                let mut expected = follower.clone();
                expected.apply(tick.span, &[], &mut Vec::new()).unwrap();
                let chunk = &tick.chunks[stream];
                let applied = follower.apply(tick.span, chunk, &mut Vec::new()).unwrap();
                let told = !tick.events[stream].is_empty();
                // One that went may have left its slot to its like.
                let born = tick.stats[stream].spawned > 0;
                unhashed |= expected.frame() != follower.frame() || told || born;
                let due = count.is_multiple_of(HASH_INTERVAL_SNAPSHOTS);
                let hashed = if due && unhashed { Applied::Verified } else { Applied::Updated };
                prop_assert_eq!(applied, hashed);
                unhashed &= !due;
            }
            prop_assert!(!unhashed);
        }
    }

    /// What the encoder counts is what happened to the rows.
    #[test]
    fn births_and_deaths_are_counted((schema, plans) in lives()) {
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            let live = |tick: &Recorded| -> usize {
                tick.frames[stream].classes().iter().map(crate::snapshot::Rows::len).sum()
            };
            for pair in ticks.windows(2) {
                let stats = pair[1].stats[stream];
                prop_assert_eq!(live(&pair[0]) + stats.spawned, live(&pair[1]) + stats.despawned);
                prop_assert_eq!((stats.rows_refused, stats.events_refused), (0, 0));
            }
        }
    }
}

/// A schema with one class of `lanes` words, and one event without any.
fn plain_schema(lanes: u8) -> Arc<Schema> {
    let words = Field {
        lanes,
        ..field("words", FieldKind::Bits(32))
    };
    let fields = if lanes == 0 { vec![] } else { vec![words] };
    let plain = SchemaData {
        events: vec![class("Event", Vec::new())],
        ..data(vec![class("Row", fields)])
    };
    Arc::new(Schema::from_data(plain).unwrap())
}

/// More rows than fit are left out and counted; those that fit arrive, and their join can be read.
fn overfill(lanes: u8, fitting: usize) {
    let schema = plain_schema(lanes);
    let mut ids: SlotMap<EntityId, ()> = SlotMap::with_key();
    let mut writer = SnapshotWriter::new(Arc::clone(&schema));
    for _ in 0..fitting + 2 {
        writer.put_words(
            ClassId(0),
            ids.insert(()),
            Audience::Everyone,
            &[7, 8, 9],
            &[],
        );
    }
    let mut encoder = StreamEncoder::new(Arc::clone(&schema));
    let mut follower = StreamDecoder::join(Arc::clone(&schema), &joined(&encoder)).unwrap();
    for round in 0..2 {
        let mut chunk = Vec::new();
        let stats = encoder.encode(1, writer.everyone(), None, &mut chunk);
        let expected = ChunkStats {
            spawned: if round == 0 { fitting } else { 0 },
            rows_refused: 2,
            ..ChunkStats::default()
        };
        assert_eq!(stats, expected);
        follower.apply(1, &chunk, &mut Vec::new()).unwrap();
        assert_eq!(follower.frame(), encoder.frame());
    }
    let join = joined(&encoder);
    assert!(join.len() <= JOIN_BYTES_MAX);
    let newcomer = StreamDecoder::join(schema, &join).unwrap();
    assert_eq!(newcomer.frame(), encoder.frame());
}

fn joined(encoder: &StreamEncoder) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoder.join(&mut bytes);
    bytes
}

#[test]
fn a_class_takes_no_more_than_its_slots() {
    overfill(0, ENTITIES_PER_CLASS_MAX);
}

#[test]
fn a_stream_takes_no_more_than_its_words() {
    overfill(
        u8::try_from(ROW_WORDS_MAX).unwrap(),
        STREAM_WORDS_MAX / ROW_WORDS_MAX,
    );
}

#[test]
fn events_beyond_a_chunk_are_left_out_and_counted() {
    let schema = plain_schema(1);
    let mut writer = SnapshotWriter::new(Arc::clone(&schema));
    for _ in 0..EVENTS_PER_CHUNK_MAX + 3 {
        writer.event_words(0, Audience::Everyone, &[], &[]);
    }
    let mut encoder = StreamEncoder::new(Arc::clone(&schema));
    let mut follower = StreamDecoder::join(schema, &joined(&encoder)).unwrap();
    let mut chunk = Vec::new();
    let stats = encoder.encode(1, writer.everyone(), None, &mut chunk);
    assert_eq!(stats.events_refused, 3);
    let mut events = Vec::new();
    follower.apply(1, &chunk, &mut events).unwrap();
    assert_eq!(events.len(), EVENTS_PER_CHUNK_MAX);
}

/// A slot that changed hands is another life, so that a client does not draw one entity turning
/// into the next.
#[test]
fn a_slot_that_changes_hands_is_another_life() {
    let schema = plain_schema(1);
    let mut ids: SlotMap<EntityId, ()> = SlotMap::with_key();
    let (first, second) = (ids.insert(()), ids.insert(()));
    let mut writer = SnapshotWriter::new(Arc::clone(&schema));
    let mut encoder = StreamEncoder::new(Arc::clone(&schema));
    let mut follower = StreamDecoder::join(Arc::clone(&schema), &joined(&encoder)).unwrap();
    let mut life_with = |entity: EntityId| {
        writer.clear();
        writer.put_words(ClassId(0), entity, Audience::Everyone, &[5], &[]);
        let mut chunk = Vec::new();
        encoder.encode(1, writer.everyone(), None, &mut chunk);
        follower.apply(1, &chunk, &mut Vec::new()).unwrap();
        assert_eq!(encoder.slot_of(ClassId(0), entity), Some(Slot(0)));
        let rows = &follower.frame().classes()[0];
        assert_eq!((rows.slots(), rows.len()), (1, 1));
        (rows.life(Slot(0)).unwrap(), chunk.is_empty())
    };
    let (one, _) = life_with(first);
    assert_eq!(life_with(first), (one, true));
    let (two, silent) = life_with(second);
    assert!(two != one && !silent);
}
