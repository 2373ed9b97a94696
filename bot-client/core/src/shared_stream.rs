//! One stream decoded once for all its followers in this process.
//!
//! Whoever reaches a tick first decodes its chunk and records the bytes, the events and the frame.
//! Everyone else compares its own bytes with the recorded ones and takes the recorded frame. Who
//! joins late decodes its own join, and goes on alone until the others have reached its tick; then
//! both frames are compared.
//!
//! Where two differ one of them is wrong, and nobody can tell which. So nobody takes what differs
//! from its own bytes: the follower goes on alone, from the state that it shared until then, and
//! comes back when a hash has agreed with it.
//!
//! ```text
//!   follower:   join ──► alone ───────────────► in step ──► left
//!                 │      its own decoder,       ▲   │ the common decoder and records
//!                 │      until the frames can   │   │
//!                 │      be compared ───────────┤   │ its bytes differ
//!                 └─────────────────────────────┘   ▼
//!                   at once, if its tick is         doubtful: alone, until a hash agrees
//!                   on record
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

use crate::follower::{ChunkOutcome, Compared, shared_events};

/// How many ticks stay on record: four seconds at the highest rate. The server keeps a member's
/// chunks for three seconds, so a follower that is further behind has been dropped anyway.
const RECORDS_MAX: usize = 512;

/// Each so many records one keeps the decoder as well, from which the state at any later record can
/// be had again.
const RECORDS_PER_DECODER: usize = 32;

/// The common decoder of a stream and what it did of late.
#[derive(Debug, Default)]
pub struct SharedStream {
    decoder: Option<StreamDecoder>,
    records: VecDeque<Record>,
    /// Followers in step with the decoder.
    in_step: usize,
    /// Decoders that took part, those of followers that were alone for a while included.
    decoders: u32,
    /// Scratch: the events of one chunk.
    events: Vec<Event>,
}

#[derive(Debug)]
struct Record {
    tick: Tick,
    /// 0 if the tick was joined, and there was no chunk.
    span: u32,
    chunk: Box<[u8]>,
    events: Option<Arc<[Event]>>,
    applied: Applied,
    frame: Arc<Frame>,
    /// The decoder after this tick, now and then.
    decoder: Option<Box<StreamDecoder>>,
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
        /// Whether the decoder is among those that took part.
        counted: bool,
        /// Whether others had something else, and no hash has agreed since.
        doubtful: bool,
    },
    InStep,
}

impl Place {
    /// The world after the follower's last chunk.
    pub fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// Whether the follower relies on the common decoder.
    pub fn is_in_step(&self) -> bool {
        matches!(self.decoding, PlaceDecoding::InStep)
    }
}

impl SharedStream {
    /// How many decoders took part.
    pub fn decoders(&self) -> u32 {
        self.decoders
    }

    /// A follower joins with its own copy of the state after `tick`; whether that is what the others
    /// have at that tick.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the join.
    pub fn join(
        &mut self,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
    ) -> Result<(Place, Compared), DecodeError> {
        let decoder = Box::new(StreamDecoder::join(Arc::clone(schema), join)?);
        let frame = Arc::new(decoder.frame().clone());
        let decoding = PlaceDecoding::Alone {
            decoder,
            counted: false,
            doubtful: false,
        };
        let mut place = Place {
            tick,
            frame,
            decoding,
        };
        let compared = self.fall_in(&mut place, 0, &[]);
        Ok((place, compared))
    }

    /// A follower applies its next chunk.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the chunk; [`DecodeError::OutOfOrder`] if the follower is so far
    /// behind that its tick is no longer on record, or left out a tick. It has to leave then and to
    /// join anew; others go on.
    pub fn apply(
        &mut self,
        place: &mut Place,
        tick: Tick,
        span: u32,
        chunk: &[u8],
    ) -> Result<ChunkOutcome, DecodeError> {
        let PlaceDecoding::Alone {
            decoder,
            counted,
            doubtful,
        } = &mut place.decoding
        else {
            return self.apply_in_step(place, tick, span, chunk);
        };
        self.decoders += u32::from(!core::mem::replace(counted, true));
        self.events.clear();
        let applied = decoder.apply(span, chunk, &mut self.events)?;
        let events = shared_events(&mut self.events);
        place.frame = Arc::new(decoder.frame().clone());
        place.tick = tick;
        let doubted = *doubtful;
        *doubtful &= applied != Applied::Verified;
        let compared = self.fall_in(place, span, chunk);
        Ok(ChunkOutcome {
            applied,
            // Said once, not with each chunk.
            compared: if doubted { Compared::Same } else { compared },
            events,
        })
    }

    /// A follower leaves.
    pub fn leave(&mut self, place: &Place) {
        if place.is_in_step() {
            self.in_step = self.in_step.saturating_sub(1);
        }
    }

    fn last_tick(&self) -> Option<Tick> {
        self.records.back().map(|record| record.tick)
    }

    fn place_of(&self, tick: Tick) -> Option<usize> {
        self.records
            .binary_search_by_key(&tick, |record| record.tick)
            .ok()
    }

    fn record(&self, tick: Tick) -> Option<&Record> {
        self.records.get(self.place_of(tick)?)
    }

    /// Adds a record; `decoder` is the common one after it.
    fn push(&mut self, mut record: Record, decoder: &StreamDecoder) {
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        let mut lately = self.records.iter().rev().take(RECORDS_PER_DECODER - 1);
        if !lately.any(|record| record.decoder.is_some()) {
            record.decoder = Some(Box::new(decoder.clone()));
        }
        self.records.push_back(record);
    }

    /// The common decoder as it was after `tick`.
    fn decoder_at(&self, tick: Tick) -> Option<StreamDecoder> {
        let place = self.place_of(tick)?;
        let known = self.records.range(..=place);
        let from = known.clone().rposition(|record| record.decoder.is_some())?;
        let mut since = known.skip(from);
        let mut decoder = since.next()?.decoder.as_deref()?.clone();
        for record in since {
            decoder
                .apply(record.span, &record.chunk, &mut Vec::new())
                .ok()?;
        }
        Some(decoder)
    }

    /// Brings a follower that is alone and not in doubt into step, if its tick is on record or nobody
    /// else is in step; tells whether its frame and chunk are the recorded ones. The record of a join
    /// has no chunk to compare.
    fn fall_in(&mut self, place: &mut Place, span: u32, chunk: &[u8]) -> Compared {
        let PlaceDecoding::Alone {
            decoder,
            counted,
            doubtful,
        } = &mut place.decoding
        else {
            return Compared::Same;
        };
        let record = self.record(place.tick);
        let compared = record.map(|record| {
            let comparable = span != 0 && record.span != 0;
            let same_chunk = !comparable || (record.span == span && *record.chunk == *chunk);
            same_chunk && record.frame == place.frame
        });
        match (record, compared) {
            (Some(record), Some(true)) if !*doubtful => {
                place.frame = Arc::clone(&record.frame);
                place.decoding = PlaceDecoding::InStep;
                self.in_step += 1;
                Compared::Same
            }
            (_, Some(true)) => Compared::Same,
            (_, Some(false)) if self.in_step > 0 => {
                *doubtful = true;
                Compared::Differs
            }
            // What is on record is of nobody who is still here, or of another tick.
            _ => {
                if self.in_step == 0 && !*doubtful {
                    self.decoders += u32::from(!*counted);
                    let decoder = (**decoder).clone();
                    self.take_over(place, decoder);
                }
                Compared::Same
            }
        }
    }

    /// The follower at `place` becomes the one that the others fall in with.
    fn take_over(&mut self, place: &mut Place, decoder: StreamDecoder) {
        self.records.clear();
        let record = Record {
            tick: place.tick,
            span: 0,
            chunk: Box::default(),
            events: None,
            applied: Applied::Updated,
            frame: Arc::clone(&place.frame),
            decoder: None,
        };
        self.push(record, &decoder);
        self.decoder = Some(decoder);
        place.decoding = PlaceDecoding::InStep;
        self.in_step = 1;
    }

    fn apply_in_step(
        &mut self,
        place: &mut Place,
        tick: Tick,
        span: u32,
        chunk: &[u8],
    ) -> Result<ChunkOutcome, DecodeError> {
        if self.last_tick() == Some(place.tick) && tick > place.tick {
            self.decode(tick, span, chunk)?;
        }
        let record = self.record(tick).ok_or(DecodeError::OutOfOrder)?;
        if record.span != span || *record.chunk != *chunk {
            return self.part(place, tick, span, chunk);
        }
        place.tick = tick;
        place.frame = Arc::clone(&record.frame);
        Ok(ChunkOutcome {
            applied: record.applied,
            compared: Compared::Same,
            events: record.events.clone(),
        })
    }

    /// A follower in step has another chunk than the others: it goes on by itself.
    fn part(
        &mut self,
        place: &mut Place,
        tick: Tick,
        span: u32,
        chunk: &[u8],
    ) -> Result<ChunkOutcome, DecodeError> {
        let decoder = self.decoder_at(place.tick);
        let mut decoder = Box::new(decoder.ok_or(DecodeError::OutOfOrder)?);
        self.decoders += 1;
        self.events.clear();
        let applied = decoder.apply(span, chunk, &mut self.events)?;
        self.in_step = self.in_step.saturating_sub(1);
        *place = Place {
            tick,
            frame: Arc::new(decoder.frame().clone()),
            decoding: PlaceDecoding::Alone {
                decoder,
                counted: true,
                doubtful: true,
            },
        };
        Ok(ChunkOutcome {
            applied,
            compared: Compared::Differs,
            events: shared_events(&mut self.events),
        })
    }

    /// Decodes a chunk for everybody. If it can't be decoded, that is its receiver's misfortune
    /// alone: the decoder is as it was before.
    fn decode(&mut self, tick: Tick, span: u32, chunk: &[u8]) -> Result<(), DecodeError> {
        let mut decoder = self.decoder.take().ok_or(DecodeError::OutOfOrder)?;
        self.events.clear();
        let applied = match decoder.apply(span, chunk, &mut self.events) {
            Ok(applied) => applied,
            Err(error) => {
                self.decoder = self.last_tick().and_then(|last| self.decoder_at(last));
                return Err(error);
            }
        };
        let frame = Arc::new(decoder.frame().clone());
        let events = shared_events(&mut self.events);
        let record = Record {
            tick,
            span,
            chunk: chunk.into(),
            events,
            applied,
            frame,
            decoder: None,
        };
        self.push(record, &decoder);
        self.decoder = Some(decoder);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scripted_server::{World, marker_schema};

    /// The chunks of a stream whose world changes at every tick but each third, and its joins. Each
    /// tenth chunk has a hash.
    struct Recording {
        schema: Arc<Schema>,
        chunks: Vec<Vec<u8>>,
        joins: Vec<Vec<u8>>,
    }

    /// Index n of both vectors is of tick n.
    fn recording(ticks: u32) -> Recording {
        recording_of(ticks, 0)
    }

    /// The same of another world, `aside` to the side.
    fn recording_of(ticks: u32, aside: u32) -> Recording {
        let schema = marker_schema();
        let mut world = World::new(Arc::clone(&schema));
        let mut recording = Recording {
            schema,
            chunks: vec![Vec::new()],
            joins: vec![world.join()],
        };
        for tick in 1..=ticks {
            if tick % 3 != 0 {
                world.place(tick % 5, tick + aside, tick * 2);
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
        differences: u32,
    }

    impl<'a> Follower<'a> {
        fn join(shared: &mut SharedStream, recording: &'a Recording, tick: usize) -> Self {
            let at = Tick(u32::try_from(tick).unwrap());
            let (place, compared) = shared
                .join(&recording.schema, at, &recording.joins[tick])
                .unwrap();
            Self {
                recording,
                place,
                tick,
                mismatches: 0,
                differences: u32::from(compared == Compared::Differs),
            }
        }

        /// Leaves, and joins anew at the tick that it was to reach.
        fn join_anew(&mut self, shared: &mut SharedStream) {
            shared.leave(&self.place);
            *self = Self::join(shared, self.recording, self.tick);
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
            self.differences += u32::from(outcome.compared == Compared::Differs);
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
                prop_assert_eq!((follower.mismatches, follower.differences), (0, 0));
            }
            for follower in &mut followers {
                follower.step(&mut shared).unwrap();
                prop_assert!(follower.place.is_in_step() && follower.is_right());
            }
            prop_assert!(shared.decoders() as usize <= followers.len());
        }

        /// Whatever bytes some followers get, all others see the server's world and lose nothing but
        /// time; and when those are right again, all share one decoder again.
        #[test]
        fn who_gets_other_bytes_disturbs_nobody(
            order in prop::collection::vec(
                (0usize..4, prop::option::weighted(0.1, (any::<prop::sample::Index>(), 0u8..8))),
                0..300,
            ),
        ) {
            let recording = recording(160);
            let mut shared = SharedStream::default();
            let mut followers: Vec<_> =
                (0..4).map(|_| Follower::join(&mut shared, &recording, 0)).collect();
            let mut corrupted = [false; 4];
            for (index, flip) in order {
                let follower = &mut followers[index];
                if follower.tick >= 100 {
                    continue;
                }
                let mut chunk = recording.chunks[follower.tick + 1].clone();
                // Followers 2 and 3 always get what was sent.
                let flip = flip.filter(|_| index < 2 && !chunk.is_empty());
                if let Some((place, bit)) = flip {
                    let place = place.index(chunk.len());
                    chunk[place] ^= 1 << bit;
                    corrupted[index] = true;
                }
                let mismatches = follower.mismatches;
                let done = follower.step_with(&mut shared, &chunk);
                if done.is_err() || follower.mismatches > mismatches {
                    prop_assert!(corrupted[index]);
                    follower.join_anew(&mut shared);
                    corrupted[index] = false;
                }
                prop_assert!(corrupted[index] || follower.is_right());
            }
            // Each in turn is the last to reach a tick, and finds the others there.
            for round in 0..160usize {
                for index in 0..4 {
                    let follower = &mut followers[(round + index) % 4];
                    if follower.tick <= round {
                        let mismatches = follower.mismatches;
                        let done = follower.step(&mut shared);
                        if done.is_err() || follower.mismatches > mismatches {
                            follower.join_anew(&mut shared);
                        }
                    }
                }
            }
            prop_assert!(followers.iter().all(Follower::is_right));
            prop_assert!(followers.iter().all(|follower| follower.place.is_in_step()));
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
    fn nobody_takes_what_differs_from_its_own_bytes() {
        let recording = recording(70);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 0);
        let mut others: Vec<_> = (0..3)
            .map(|_| Follower::join(&mut shared, &recording, 0))
            .collect();
        let other = recording_of(1, 1);
        first.step_with(&mut shared, &other.chunks[1]).unwrap();
        assert!(!first.is_right());
        for _ in 0..29 {
            for follower in &mut others {
                follower.step(&mut shared).unwrap();
                assert!(follower.is_right());
            }
        }
        assert_eq!(shared.decoders(), 4);
        // The hash of tick 30 finds it out.
        for _ in 1..30 {
            first.step(&mut shared).unwrap();
        }
        assert_eq!((first.mismatches, first.differences), (1, 0));
        first.join_anew(&mut shared);
        for _ in 30..50 {
            first.step(&mut shared).unwrap();
            for follower in &mut others {
                follower.step(&mut shared).unwrap();
                assert!(follower.is_right());
                assert_eq!((follower.mismatches, follower.differences), (0, 1));
            }
        }
        assert!(first.place.is_in_step() && first.is_right());
        assert!(others.iter().all(|follower| follower.place.is_in_step()));
    }

    #[test]
    fn a_join_that_differs_is_on_its_own() {
        let recording = recording(70);
        let other = recording_of(7, 1);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 5);
        let (place, compared) = shared
            .join(&recording.schema, Tick(5), &recording.joins[4])
            .unwrap();
        assert_eq!(compared, Compared::Differs);
        assert!(!place.is_in_step());
        // Ahead of all others: compared as soon as they get there.
        let (place, compared) = shared
            .join(&recording.schema, Tick(7), &other.joins[7])
            .unwrap();
        assert_eq!(compared, Compared::Same);
        let mut ahead = Follower {
            recording: &recording,
            place,
            tick: 7,
            mismatches: 0,
            differences: 0,
        };
        for _ in 5..8 {
            first.step(&mut shared).unwrap();
        }
        ahead.step(&mut shared).unwrap();
        assert_eq!((first.differences, ahead.differences), (0, 1));
        while ahead.mismatches == 0 {
            ahead.step(&mut shared).unwrap();
        }
        assert_eq!(ahead.tick, 30);
        assert!(first.is_right() && first.place.is_in_step());
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
    fn garbage_for_the_first_is_no_harm_to_the_second() {
        let recording = recording(50);
        let mut shared = SharedStream::default();
        let mut first = Follower::join(&mut shared, &recording, 0);
        let mut second = Follower::join(&mut shared, &recording, 0);
        for _ in 0..40 {
            first.step(&mut shared).unwrap();
            second.step(&mut shared).unwrap();
        }
        assert!(first.step_with(&mut shared, &[0xff; 40]).is_err());
        second.step(&mut shared).unwrap();
        assert!(second.is_right() && second.place.is_in_step());
        first.join_anew(&mut shared);
        assert!(first.is_right() && first.place.is_in_step());
        assert_eq!(second.differences + second.mismatches, 0);
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
