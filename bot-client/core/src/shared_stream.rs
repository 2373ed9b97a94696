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

    /// Brings a follower that is alone and not in doubt into step, if its tick is on record and it has
    /// what is recorded there, or nobody else is in step: then it goes on from its own state, for
    /// nobody answers for the recorded one. Tells whether its frame and chunk are the recorded ones.
    /// The record of a join has no chunk to compare.
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
            // A wrong decoder may have a right frame for once: what it remembers beside it is wrong still.
            let trusted = record.applied != Applied::Mismatch;
            trusted && same_chunk && record.frame == place.frame
        });
        match (record, compared) {
            (Some(record), Some(true)) if self.in_step > 0 && !*doubtful => {
                place.frame = Arc::clone(&record.frame);
                place.decoding = PlaceDecoding::InStep;
                self.in_step += 1;
                Compared::Same
            }
            (_, Some(true)) if self.in_step > 0 => Compared::Same,
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
mod tests;
