//! What honest bytes do: all followers hold the server's frame, whenever they came.

use std::sync::Arc;

use proptest::prelude::*;
use slotmap::SlotMap;

use super::script::{Plan, lives};
use super::world::{Recorded, STREAMS, record};
use crate::id::{ClassId, EntityId, Slot};
use crate::limits::{
    ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX, JOIN_BYTES_MAX, ROW_WORDS_MAX, STREAM_WORDS_MAX,
};
use crate::schema::arbitrary::{class, data, field};
use crate::schema::{Field, FieldKind, Schema, SchemaData};
use crate::snapshot::{Audience, SnapshotWriter};
use crate::stream::{Applied, ChunkStats, StreamDecoder, StreamEncoder};

fn join(schema: &Arc<Schema>, tick: &Recorded, stream: usize) -> StreamDecoder {
    StreamDecoder::join(Arc::clone(schema), &tick.joins[stream]).unwrap()
}

/// Plans of silence.
fn silence(ticks: usize) -> Vec<Plan> {
    let quiet = Plan {
        ops: Vec::new(),
        span: 1,
        hash: false,
    };
    vec![quiet; ticks]
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
                let mut bytes = Vec::new();
                crate::stream::state::write(&schema, follower.frame(), &mut bytes);
                prop_assert_eq!(&bytes, &tick.joins[stream]);
                prop_assert_eq!(follower.frame().hash(), tick.frames[stream].hash());
            }
        }
    }

    #[test]
    fn an_empty_chunk_applied_or_not_is_the_same((schema, plans) in lives()) {
        let plans: Vec<Plan> = plans.into_iter().flat_map(|plan| {
            [vec![plan], silence(2)].concat()
        }).collect();
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            let mut applies = join(&schema, &ticks[0], stream);
            let mut skips = applies.clone();
            for tick in &ticks[1..] {
                let chunk = &tick.chunks[stream];
                let mut events = Vec::new();
                applies.apply(tick.span, chunk, &mut events).unwrap();
                if !chunk.is_empty() {
                    skips.apply(tick.span, chunk, &mut events).unwrap();
                }
                prop_assert_eq!(applies.frame(), skips.frame());
            }
        }
    }

    /// When nothing happens nothing is sent, and both ends stay where they are.
    #[test]
    fn silence_is_empty((schema, plans) in lives(), quiet in 1usize..5) {
        let loud = plans.len();
        let ticks = record(&schema, &[plans, silence(quiet)].concat(), true);
        for tick in &ticks[loud + 1..] {
            for stream in STREAMS {
                prop_assert_eq!(tick.chunks[stream].len(), 0);
                prop_assert_eq!(&tick.frames[stream], &ticks[loud].frames[stream]);
            }
        }
    }

    /// A hash is in a chunk if it was asked for and something was coded since the last one.
    #[test]
    fn a_hash_verifies((schema, plans) in lives()) {
        let ticks = record(&schema, &plans, true);
        for stream in STREAMS {
            let mut follower = join(&schema, &ticks[0], stream);
            let mut unhashed = false;
            for tick in &ticks[1..] {
                let chunk = &tick.chunks[stream];
                unhashed |= !chunk.is_empty();
                let applied = follower.apply(tick.span, chunk, &mut Vec::new()).unwrap();
                let verified = tick.hash && unhashed;
                prop_assert_eq!(
                    applied,
                    if verified { Applied::Verified } else { Applied::Updated }
                );
                unhashed &= !verified;
            }
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
        let stats = encoder.encode(1, writer.everyone(), None, true, &mut chunk);
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
    let stats = encoder.encode(1, writer.everyone(), None, false, &mut chunk);
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
        encoder.encode(1, writer.everyone(), None, false, &mut chunk);
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
