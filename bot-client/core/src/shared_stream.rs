//! One stream decoded once for all its followers in this process.
//!
//! Whoever reaches a tick first decodes its chunk and records the bytes, the events and the frame.
//! Everyone else compares its own bytes with the recorded ones and takes the recorded frame: any
//! difference is a mismatch. Who joins late decodes its own join, and goes on alone until the others
//! have reached its tick; then both frames are compared.
//!
//! ```text
//!   follower:   join ──► alone ───────────────► in step ──► left
//!                 │      its own decoder,       ▲   the common decoder and records
//!                 │      until the frames can   │
//!                 │      be compared ───────────┤
//!                 └─────────────────────────────┘
//!                   at once, if its tick is on record
//! ```
//!
//! Nothing here locks: a shell that shares it between tasks puts a lock around it.

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{Applied, StreamDecoder};
use syncline_shared::tick::Tick;

use crate::follower::{ChunkOutcome, shared_events};

/// How many ticks stay on record: four seconds at the highest rate. The server keeps a member's
/// chunks for three seconds, so a follower that is further behind has been dropped anyway.
const RECORDS_MAX: usize = 512;

/// The common decoder of a stream and what it did of late.
#[derive(Debug, Default)]
pub struct SharedStream {
    decoder: Option<StreamDecoder>,
    records: VecDeque<Record>,
    /// Followers in step with the decoder.
    in_step: usize,
    /// Counts decoders that failed, so that whoever followed an earlier one learns of it.
    generation: u32,
    /// Decoders that took part, those of followers that were alone for a while included.
    decoders: u32,
    /// Scratch: the events of one chunk.
    events: Vec<Event>,
}

#[derive(Debug)]
struct Record {
    tick: Tick,
    span: u32,
    chunk: Box<[u8]>,
    events: Option<Arc<[Event]>>,
    applied: Applied,
    frame: Arc<Frame>,
}

/// Where one follower is.
#[derive(Debug)]
pub struct Place {
    tick: Tick,
    frame: Arc<Frame>,
    decoding: PlaceDecoding,
}

#[derive(Debug)]
enum PlaceDecoding {
    Alone {
        decoder: Box<StreamDecoder>,
        counted: bool,
    },
    InStep {
        generation: u32,
    },
}

impl Place {
    /// The world after the follower's last chunk.
    pub fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// Whether the follower relies on the common decoder.
    pub fn is_in_step(&self) -> bool {
        matches!(self.decoding, PlaceDecoding::InStep { .. })
    }
}

impl SharedStream {
    /// How many decoders took part.
    pub fn decoders(&self) -> u32 {
        self.decoders
    }

    /// A follower joins with its own copy of the state after `tick`. [`Applied::Mismatch`] if that
    /// is not what the others have at that tick.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the join.
    pub fn join(
        &mut self,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
    ) -> Result<(Place, Applied), DecodeError> {
        let decoder = Box::new(StreamDecoder::join(Arc::clone(schema), join)?);
        let frame = Arc::new(decoder.frame().clone());
        let decoding = PlaceDecoding::Alone {
            decoder,
            counted: false,
        };
        let mut place = Place {
            tick,
            frame,
            decoding,
        };
        let applied = self.fall_in(&mut place, 0, &[]);
        Ok((place, applied))
    }

    /// A follower applies its next chunk.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the chunk; [`DecodeError::OutOfOrder`] if the follower is so far
    /// behind that its tick is no longer on record, or left out a tick.
    pub fn apply(
        &mut self,
        place: &mut Place,
        tick: Tick,
        span: u32,
        chunk: &[u8],
    ) -> Result<ChunkOutcome, DecodeError> {
        match &mut place.decoding {
            PlaceDecoding::InStep { generation } if *generation == self.generation => {
                self.apply_in_step(place, tick, span, chunk)
            }
            PlaceDecoding::InStep { .. } => Err(DecodeError::OutOfOrder),
            PlaceDecoding::Alone { decoder, counted } => {
                if !*counted {
                    *counted = true;
                    self.decoders += 1;
                }
                self.events.clear();
                let applied = decoder.apply(span, chunk, &mut self.events)?;
                let events = shared_events(&mut self.events);
                place.frame = Arc::new(decoder.frame().clone());
                place.tick = tick;
                let compared = self.fall_in(place, span, chunk);
                let applied = if compared == Applied::Mismatch {
                    compared
                } else {
                    applied
                };
                Ok(ChunkOutcome { applied, events })
            }
        }
    }

    /// A follower leaves.
    pub fn leave(&mut self, place: &Place) {
        if let PlaceDecoding::InStep { generation } = place.decoding
            && generation == self.generation
        {
            self.in_step = self.in_step.saturating_sub(1);
        }
    }

    fn last_tick(&self) -> Option<Tick> {
        self.records.back().map(|record| record.tick)
    }

    fn record(&self, tick: Tick) -> Option<&Record> {
        let place = self
            .records
            .binary_search_by_key(&tick, |record| record.tick)
            .ok()?;
        self.records.get(place)
    }

    fn push(&mut self, record: Record) {
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Brings a follower that is alone into step, if its tick is on record or nobody else is in
    /// step; tells whether its frame and chunk are the recorded ones. The record of a join has no
    /// chunk to compare.
    fn fall_in(&mut self, place: &mut Place, span: u32, chunk: &[u8]) -> Applied {
        let generation = self.generation;
        let PlaceDecoding::Alone { decoder, counted } = &mut place.decoding else {
            return Applied::Updated;
        };
        if let Some(record) = self.record(place.tick) {
            let comparable = span != 0 && record.span != 0;
            let same_chunk = !comparable || (record.span == span && *record.chunk == *chunk);
            let same = same_chunk && record.frame == place.frame;
            place.frame = Arc::clone(&record.frame);
            place.decoding = PlaceDecoding::InStep { generation };
            self.in_step += 1;
            return if same {
                Applied::Verified
            } else {
                Applied::Mismatch
            };
        }
        if self.in_step == 0 {
            self.decoders += u32::from(!*counted);
            self.decoder = Some((**decoder).clone());
            self.records.clear();
            self.push(Record {
                tick: place.tick,
                span: 0,
                chunk: Box::default(),
                events: None,
                applied: Applied::Updated,
                frame: Arc::clone(&place.frame),
            });
            place.decoding = PlaceDecoding::InStep { generation };
            self.in_step = 1;
        }
        Applied::Updated
    }

    fn apply_in_step(
        &mut self,
        place: &mut Place,
        tick: Tick,
        span: u32,
        chunk: &[u8],
    ) -> Result<ChunkOutcome, DecodeError> {
        if self.last_tick() == Some(place.tick) && tick > place.tick {
            self.decode(tick, span, chunk)
                .inspect_err(|_| self.fail())?;
        }
        let record = self.record(tick).ok_or(DecodeError::OutOfOrder)?;
        let same = record.span == span && *record.chunk == *chunk;
        place.tick = tick;
        place.frame = Arc::clone(&record.frame);
        let applied = if same {
            record.applied
        } else {
            Applied::Mismatch
        };
        Ok(ChunkOutcome {
            applied,
            events: record.events.clone(),
        })
    }

    /// Decodes a chunk for everybody.
    fn decode(&mut self, tick: Tick, span: u32, chunk: &[u8]) -> Result<(), DecodeError> {
        let decoder = self.decoder.as_mut().ok_or(DecodeError::OutOfOrder)?;
        self.events.clear();
        let applied = decoder.apply(span, chunk, &mut self.events)?;
        let frame = Arc::new(decoder.frame().clone());
        let events = shared_events(&mut self.events);
        self.push(Record {
            tick,
            span,
            chunk: chunk.into(),
            events,
            applied,
            frame,
        });
        Ok(())
    }

    /// The common decoder is unusable: all who rely on it must join anew.
    fn fail(&mut self) {
        self.decoder = None;
        self.records.clear();
        self.in_step = 0;
        self.generation = self.generation.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scripted_server::{World, marker_schema};

    /// The chunks of a stream whose world changes at every tick but each third, and its joins.
    struct Recording {
        schema: Arc<Schema>,
        chunks: Vec<Vec<u8>>,
        joins: Vec<Vec<u8>>,
    }

    /// Index n of both vectors is of tick n.
    fn recording(ticks: u32) -> Recording {
        let schema = marker_schema();
        let mut world = World::new(Arc::clone(&schema));
        let mut recording = Recording {
            schema,
            chunks: vec![Vec::new()],
            joins: vec![world.join()],
        };
        for tick in 1..=ticks {
            if tick % 3 != 0 {
                world.place(tick % 5, tick, tick * 2);
            }
            recording.chunks.push(world.chunk(1));
            recording.joins.push(world.join());
        }
        recording
    }

    struct Follower<'a> {
        recording: &'a Recording,
        place: Place,
        tick: usize,
        mismatches: u32,
    }

    impl<'a> Follower<'a> {
        fn join(shared: &mut SharedStream, recording: &'a Recording, tick: usize) -> Self {
            let at = Tick(u32::try_from(tick).unwrap());
            let (place, applied) = shared
                .join(&recording.schema, at, &recording.joins[tick])
                .unwrap();
            Self {
                recording,
                place,
                tick,
                mismatches: u32::from(applied == Applied::Mismatch),
            }
        }

        fn step(&mut self, shared: &mut SharedStream) -> Result<(), DecodeError> {
            let chunk = self.recording.chunks[self.tick + 1].clone();
            self.step_with(shared, &chunk)
        }

        fn step_with(
            &mut self,
            shared: &mut SharedStream,
            chunk: &[u8],
        ) -> Result<(), DecodeError> {
            self.tick += 1;
            let tick = Tick(u32::try_from(self.tick).unwrap());
            let outcome = shared.apply(&mut self.place, tick, 1, chunk)?;
            self.mismatches += u32::from(outcome.applied == Applied::Mismatch);
            Ok(())
        }

        fn is_right(&self) -> bool {
            let join = &self.recording.joins[self.tick];
            let alone = StreamDecoder::join(Arc::clone(&self.recording.schema), join).unwrap();
            **self.place.frame() == *alone.frame()
        }
    }

    proptest! {
        /// Followers that join anywhere and advance in any order all see the server's world, and
        /// once they have all been at one tick they share one decoder.
        #[test]
        fn any_order_gives_everyone_the_world(
            joins in prop::collection::vec(0usize..40, 1..6),
            order in prop::collection::vec(0usize..6, 0..200),
        ) {
            let recording = recording(61);
            let mut shared = SharedStream::default();
            let mut followers: Vec<_> =
                joins.iter().map(|&tick| Follower::join(&mut shared, &recording, tick)).collect();
            for pick in order {
                let index = pick % followers.len();
                if followers[index].tick < 60 {
                    followers[index].step(&mut shared).unwrap();
                    prop_assert!(followers[index].is_right());
                }
            }
            for follower in &mut followers {
                while follower.tick < 60 {
                    follower.step(&mut shared).unwrap();
                }
                prop_assert!(follower.is_right());
                prop_assert_eq!(follower.mismatches, 0);
            }
            for follower in &mut followers {
                follower.step(&mut shared).unwrap();
                prop_assert!(follower.place.is_in_step() && follower.is_right());
            }
            prop_assert!(shared.decoders() as usize <= followers.len());
        }
    }

    #[test]
    fn one_decodes_for_all() {
        let recording = recording(30);
        let mut shared = SharedStream::default();
        let mut followers: Vec<_> = (0..10)
            .map(|_| Follower::join(&mut shared, &recording, 4))
            .collect();
        for _ in 4..30 {
            for follower in &mut followers {
                follower.step(&mut shared).unwrap();
            }
        }
        assert_eq!(shared.decoders(), 1);
        assert!(followers.iter().all(Follower::is_right));
    }

    #[test]
    fn a_chunk_that_differs_is_a_mismatch_for_its_receiver_alone() {
        let recording = recording(10);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 0);
        let mut second = Follower::join(&mut shared, &recording, 0);
        first.step(&mut shared).unwrap();
        second.step_with(&mut shared, &[0xff, 1, 2]).unwrap();
        assert_eq!((first.mismatches, second.mismatches), (0, 1));
    }

    #[test]
    fn a_join_that_differs_is_a_mismatch() {
        let recording = recording(10);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 5);
        let other = shared
            .join(&recording.schema, Tick(5), &recording.joins[4])
            .unwrap();
        assert_eq!(other.1, Applied::Mismatch);
        // Ahead of all others: compared as soon as they get there.
        let ahead = shared
            .join(&recording.schema, Tick(7), &recording.joins[5])
            .unwrap();
        let mut ahead = Follower {
            recording: &recording,
            place: ahead.0,
            tick: 7,
            mismatches: 0,
        };
        for _ in 5..8 {
            first.step(&mut shared).unwrap();
        }
        assert_eq!(ahead.mismatches, 0);
        ahead.step(&mut shared).unwrap();
        assert_eq!((first.mismatches, ahead.mismatches), (0, 1));
    }

    #[test]
    fn when_all_others_have_left_a_lonely_follower_takes_over() {
        let recording = recording(30);
        let mut shared = SharedStream::default();
        let old = Follower::join(&mut shared, &recording, 0);
        let mut ahead = Follower::join(&mut shared, &recording, 10);
        ahead.step(&mut shared).unwrap();
        assert!(!ahead.place.is_in_step());
        shared.leave(&old.place);
        ahead.step(&mut shared).unwrap();
        assert!(ahead.place.is_in_step() && ahead.is_right());
    }

    #[test]
    fn garbage_in_the_common_decoder_makes_everyone_join_anew() {
        let recording = recording(10);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 0);
        let mut second = Follower::join(&mut shared, &recording, 0);
        assert!(first.step_with(&mut shared, &[0xff; 40]).is_err());
        assert!(second.step(&mut shared).is_err());
        shared.leave(&first.place);
        shared.leave(&second.place);
        let mut again = Follower::join(&mut shared, &recording, 3);
        again.step(&mut shared).unwrap();
        assert!(again.is_right());
    }

    #[test]
    fn who_is_too_far_behind_must_join_anew() {
        let ticks = u32::try_from(RECORDS_MAX).unwrap() + 10;
        let recording = recording(ticks);
        let mut shared = SharedStream::default();
        let mut slow = Follower::join(&mut shared, &recording, 0);
        let mut fast = Follower::join(&mut shared, &recording, 0);
        for _ in 0..ticks {
            fast.step(&mut shared).unwrap();
        }
        assert_eq!(slow.step(&mut shared).err(), Some(DecodeError::OutOfOrder));
        assert_eq!(shared.records.len(), RECORDS_MAX);
    }
}
