//! The streams that a member follows: from frame sections to frames.
//!
//! Each stream stands at the last snapshot tick that it was brought to; a tick is whole when all
//! streams have reached it. A stream that goes astray is asked for anew while the others go on.
//! Doesn't know who else follows, nor what rows mean.
//!
//! - `followed`: one stream
//! - `outcome`: what a frame did to them

mod followed;
mod outcome;

use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::id::{PlayerId, RoomId, StreamSlot};
use syncline_shared::limits::SILENCE_MICROS_MAX;
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;
use syncline_shared::tick::{Tick, TickRate};

use self::followed::Followed;
pub use self::outcome::{Astray, FrameOutcome};
use crate::follower::{Decoding, StreamFollower, StreamKey};
use crate::sight::Sight;

/// What a silence may exceed the promised longest by, in microseconds: a server that was late runs
/// several ticks at once, and ticks are what is counted here.
const SILENCE_SLACK_MICROS: u64 = 250_000;

/// The most streams a member follows. There are two kinds now; the bound leaves room for teams and
/// cells, and keeps a server from making a client hold 256 worlds.
const STREAMS_MAX: usize = 32;

/// All streams of one attach and one timeline.
#[derive(Debug)]
pub struct Streams {
    schema: Arc<Schema>,
    rate: TickRate,
    room: RoomId,
    incarnation: u32,
    /// By slot.
    followed: Vec<Followed>,
    empty: Frame,
}

impl Streams {
    /// The streams of a Welcome, none of which has begun.
    pub fn new(
        schema: Arc<Schema>,
        rate: TickRate,
        room: RoomId,
        incarnation: u32,
        slots: &[StreamSlot],
    ) -> Self {
        let mut streams = Self {
            empty: Frame::empty(&schema),
            schema,
            rate,
            room,
            incarnation,
            followed: Vec::new(),
        };
        streams.restart(incarnation, slots);
        streams
    }

    /// Starts all streams anew on another timeline.
    pub fn restart(&mut self, incarnation: u32, slots: &[StreamSlot]) {
        self.incarnation = incarnation;
        self.followed.clear();
        for &slot in slots.iter().take(STREAMS_MAX) {
            if let Err(place) = self.place(slot) {
                self.followed.insert(place, Followed::new(slot));
            }
        }
    }

    /// What the rows mean.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The world of a stream after the last tick that it was brought to; without entities before
    /// its first join.
    pub fn frame(&self, slot: StreamSlot) -> &Frame {
        self.of(slot)
            .and_then(Followed::shown)
            .unwrap_or(&self.empty)
    }

    /// Whether a stream is of no use until it is joined anew.
    pub fn is_astray(&self, slot: StreamSlot) -> bool {
        self.of(slot).is_some_and(Followed::is_astray)
    }

    /// The streams that went astray since this was last called and were not joined since: the server
    /// has to be asked for them.
    pub fn take_astray(&mut self) -> impl Iterator<Item = Astray> {
        self.followed.iter_mut().filter_map(Followed::take_astray)
    }

    /// What `player` sees of it all.
    pub fn sight(&self, player: PlayerId) -> Sight<'_> {
        Sight {
            schema: &self.schema,
            common: self.frame(StreamSlot::COMMON),
            own: self.frame(StreamSlot::OWN),
            player,
        }
    }

    /// The world of a stream, to keep; `None` before its join, and while it is astray.
    pub fn snapshot(&self, slot: StreamSlot) -> Option<Arc<Frame>> {
        self.of(slot)?.live().map(StreamFollower::snapshot)
    }

    fn of(&self, slot: StreamSlot) -> Option<&Followed> {
        self.followed.get(self.place(slot).ok()?)
    }

    fn place(&self, slot: StreamSlot) -> Result<usize, usize> {
        self.followed.binary_search_by_key(&slot, Followed::slot)
    }

    /// Applies a frame section. A stream whose bytes don't fit goes astray, which is no error.
    ///
    /// # Errors
    ///
    /// What only a server that lost the thread sends: [`DecodeError::UnknownStream`] for an entry of
    /// a stream that was not joined, [`DecodeError::OutOfOrder`] for a chunk that goes back or comes
    /// after too long a silence and for parts that come twice, [`DecodeError::OutOfRange`] for parts
    /// of no join, [`DecodeError::TooLong`] for too many streams or too large a join. The streams are
    /// unusable then.
    pub fn apply(
        &mut self,
        frame: &FrameSection<'_>,
        decoding: &mut dyn Decoding,
    ) -> Result<FrameOutcome, DecodeError> {
        let mut outcome = FrameOutcome::default();
        let was_whole = self.stand_at(frame.tick);
        for &(slot, entry) in &frame.streams {
            self.apply_entry(frame, slot, entry, decoding, &mut outcome)?;
        }
        let named = |slot| frame.streams.iter().any(|&(named, _)| named == slot);
        // A join in parts is a new start for all streams: what it doesn't name yet follows.
        let parts = frame
            .streams
            .iter()
            .any(|(_, entry)| matches!(entry, StreamEntry::JoinPart { .. }));
        outcome.joined |= parts;
        let silence_max = self.silence_ticks_max(frame.span);
        for followed in self
            .followed
            .iter_mut()
            .filter(|followed| !named(followed.slot()) && followed.is_before(frame.tick))
        {
            if parts {
                followed.restart();
            } else {
                followed.advance(frame, &[], silence_max, &mut outcome)?;
            }
        }
        outcome.whole = !was_whole && self.stand_at(frame.tick);
        Ok(outcome)
    }

    /// Whether all streams are at `tick`, or beyond.
    fn stand_at(&self, tick: Tick) -> bool {
        self.followed
            .iter()
            .all(|followed| followed.stands_at(tick))
    }

    /// The longest a stream may go without a frame, in ticks.
    fn silence_ticks_max(&self, span: u32) -> u32 {
        span + self
            .rate
            .ticks_covering(SILENCE_MICROS_MAX + SILENCE_SLACK_MICROS)
    }

    fn apply_entry(
        &mut self,
        frame: &FrameSection<'_>,
        slot: StreamSlot,
        entry: StreamEntry<'_>,
        decoding: &mut dyn Decoding,
        outcome: &mut FrameOutcome,
    ) -> Result<(), DecodeError> {
        let silence_max = self.silence_ticks_max(frame.span);
        let key = StreamKey {
            room: self.room,
            incarnation: self.incarnation,
            slot,
        };
        let schema = Arc::clone(&self.schema);
        match entry {
            StreamEntry::Chunk(chunk) => {
                let place = self.place(slot).map_err(|_| DecodeError::UnknownStream)?;
                let followed = &mut self.followed[place];
                followed.advance(frame, chunk, silence_max, outcome)
            }
            StreamEntry::Join(join) => {
                let followed = self.follow(slot)?;
                followed.join(key, &schema, frame.tick, join, decoding, outcome);
                Ok(())
            }
            StreamEntry::JoinPart {
                index,
                count,
                bytes,
            } => {
                let followed = self.follow(slot)?;
                let Some(join) = followed.part(frame.tick, index, count, bytes)? else {
                    return Ok(());
                };
                followed.join(key, &schema, frame.tick, &join, decoding, outcome);
                Ok(())
            }
            StreamEntry::Gone => {
                if let Ok(place) = self.place(slot) {
                    self.followed.remove(place);
                }
                Ok(())
            }
        }
    }

    /// The stream in `slot`, which may be one that the Welcome did not name.
    fn follow(&mut self, slot: StreamSlot) -> Result<&mut Followed, DecodeError> {
        let place = match self.place(slot) {
            Ok(place) => place,
            Err(_) if self.followed.len() >= STREAMS_MAX => return Err(DecodeError::TooLong),
            Err(place) => {
                self.followed.insert(place, Followed::new(slot));
                place
            }
        };
        Ok(&mut self.followed[place])
    }
}

#[cfg(test)]
mod tests;
