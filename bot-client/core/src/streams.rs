//! The streams that a member follows: from frame sections to frames.
//!
//! Each stream stands at the last snapshot tick that it was brought to; a tick is whole when all
//! streams have reached it. Doesn't know who else follows, nor what rows mean.

use std::sync::Arc;

use smallvec::SmallVec;
use syncline_shared::error::DecodeError;
use syncline_shared::id::{PlayerId, RoomId, StreamSlot};
use syncline_shared::limits::{JOIN_BYTES_MAX, SILENCE_MICROS_MAX};
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::Applied;
use syncline_shared::tick::{Tick, TickRate};

use crate::follower::{ChunkOutcome, Decoding, StreamFollower, StreamKey};
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

#[derive(Debug)]
struct Followed {
    slot: StreamSlot,
    state: Following,
}

/// How far the following of one stream has come.
///
/// ```text
///              part              last part
///   Awaited ─────────► Joining ────────────► Live
///      └──────────────── join ────────────────▲ │ join: anew
///                                             └─┘
/// ```
#[derive(Debug)]
enum Following {
    /// Its join has not come.
    Awaited,
    /// Some parts of its join have come.
    Joining(Parts),
    /// It is followed, and was brought to this tick.
    Live(Box<dyn StreamFollower>, Tick),
}

/// The parts of a join that came so far.
#[derive(Debug)]
struct Parts {
    tick: Tick,
    received: Vec<Option<Box<[u8]>>>,
    bytes: usize,
}

/// What a frame section did.
#[derive(Debug, Default)]
pub struct FrameOutcome {
    /// Whether all streams are at the section's tick now and were not before.
    pub whole: bool,
    /// Snapshot ticks that the common stream was brought forward by, or 1 for a join.
    pub snapshots: u32,
    /// Whether a stream was joined, so that what happened before is unknown.
    pub joined: bool,
    /// Differences from what the server, or other followers, have.
    pub mismatches: u32,
    /// What happened, by stream.
    pub events: SmallVec<[(StreamSlot, Arc<[Event]>); 2]>,
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
                self.followed.insert(
                    place,
                    Followed {
                        slot,
                        state: Following::Awaited,
                    },
                );
            }
        }
    }

    /// What the rows mean.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The world of a stream after the last tick that it was brought to; without entities before
    /// its join.
    pub fn frame(&self, slot: StreamSlot) -> &Frame {
        self.live(slot)
            .map_or(&self.empty, |follower| follower.frame())
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

    /// The same, to keep.
    pub fn snapshot(&self, slot: StreamSlot) -> Option<Arc<Frame>> {
        self.live(slot).map(StreamFollower::snapshot)
    }

    fn live(&self, slot: StreamSlot) -> Option<&dyn StreamFollower> {
        match &self.followed.get(self.place(slot).ok()?)?.state {
            Following::Live(follower, _) => Some(follower.as_ref()),
            Following::Awaited | Following::Joining(_) => None,
        }
    }

    fn place(&self, slot: StreamSlot) -> Result<usize, usize> {
        self.followed
            .binary_search_by_key(&slot, |followed| followed.slot)
    }

    /// Applies a frame section.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnknownStream`] for an entry of a stream that was not joined,
    /// [`DecodeError::OutOfOrder`] for a chunk that goes back or comes after too long a silence,
    /// [`DecodeError::TooLong`] for too many streams or too large a join, and any other
    /// [`DecodeError`] of chunks and joins. The streams are unusable then.
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
            .filter(|followed| !named(followed.slot))
        {
            if let Following::Live(_, tick) = followed.state
                && tick < frame.tick
            {
                if parts {
                    followed.state = Following::Awaited;
                } else {
                    followed.advance(frame, &[], silence_max, &mut outcome)?;
                }
            }
        }
        outcome.whole = !was_whole && self.stand_at(frame.tick);
        Ok(outcome)
    }

    /// Whether all streams are at `tick`, or beyond.
    fn stand_at(&self, tick: Tick) -> bool {
        self.followed
            .iter()
            .all(|followed| matches!(followed.state, Following::Live(_, at) if at >= tick))
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
                followed.join(key, &schema, frame.tick, join, decoding, outcome)
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
                followed.join(key, &schema, frame.tick, &join, decoding, outcome)
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
                self.followed.insert(
                    place,
                    Followed {
                        slot,
                        state: Following::Awaited,
                    },
                );
                place
            }
        };
        Ok(&mut self.followed[place])
    }
}

impl Followed {
    /// Brings the stream to the frame's tick: through the silent snapshot ticks before it, which
    /// are `span` apart counted back from it, and then by `chunk`.
    fn advance(
        &mut self,
        frame: &FrameSection<'_>,
        chunk: &[u8],
        silence_max: u32,
        outcome: &mut FrameOutcome,
    ) -> Result<(), DecodeError> {
        let common = self.slot == StreamSlot::COMMON;
        let Following::Live(follower, at) = &mut self.state else {
            return Err(DecodeError::UnknownStream);
        };
        let gap = frame.tick.since(*at);
        if gap == 0 || gap > silence_max {
            return Err(DecodeError::OutOfOrder);
        }
        let silent = (gap - 1) / frame.span;
        for before in (0..=silent).rev() {
            let tick = frame.tick.minus(before * frame.span);
            let chunk = if before == 0 { chunk } else { &[] };
            // The first may be shorter or longer, if the server changed its rate in the silence.
            let done = follower.apply(tick, tick.since(*at), chunk)?;
            *at = tick;
            outcome.snapshots += u32::from(common);
            outcome.add(self.slot, done);
        }
        Ok(())
    }

    fn join(
        &mut self,
        key: StreamKey,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
        decoding: &mut dyn Decoding,
        outcome: &mut FrameOutcome,
    ) -> Result<(), DecodeError> {
        // The old follower goes first, so that whoever shares streams doesn't count it any more.
        self.state = Following::Awaited;
        let (follower, applied) = decoding.follow(key, schema, tick, join)?;
        self.state = Following::Live(follower, tick);
        outcome.joined = true;
        outcome.snapshots += u32::from(self.slot == StreamSlot::COMMON);
        outcome.mismatches += u32::from(applied == Applied::Mismatch);
        Ok(())
    }

    /// Takes in a part of a join; the whole of it, if this was the last that lacked.
    fn part(
        &mut self,
        tick: Tick,
        index: u32,
        count: u32,
        bytes: &[u8],
    ) -> Result<Option<Vec<u8>>, DecodeError> {
        let count = usize::try_from(count).map_err(|_| DecodeError::OutOfRange)?;
        let known = matches!(
            &self.state,
            Following::Joining(parts) if parts.tick == tick && parts.received.len() == count
        );
        if !known {
            let received = vec![None; count];
            self.state = Following::Joining(Parts {
                tick,
                received,
                bytes: 0,
            });
        }
        let Following::Joining(parts) = &mut self.state else {
            return Err(DecodeError::UnknownStream);
        };
        let index = usize::try_from(index).map_err(|_| DecodeError::OutOfRange)?;
        let part = parts
            .received
            .get_mut(index)
            .ok_or(DecodeError::OutOfRange)?;
        if part.is_some() {
            return Err(DecodeError::OutOfOrder);
        }
        parts.bytes += bytes.len();
        if parts.bytes > JOIN_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        *part = Some(bytes.into());
        let whole: Option<Vec<&[u8]>> = parts.received.iter().map(Option::as_deref).collect();
        Ok(whole.map(|parts| parts.concat()))
    }
}

impl FrameOutcome {
    fn add(&mut self, slot: StreamSlot, done: ChunkOutcome) {
        self.mismatches += u32::from(done.applied == Applied::Mismatch);
        self.events.extend(done.events.map(|events| (slot, events)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use syncline_shared::message::frame::OwnPart;

    use super::*;
    use crate::follower::DecodeAlone;
    use crate::scripted_server::{RATE, World, marker_schema};

    const COMMON: StreamSlot = StreamSlot::COMMON;
    const OWN: StreamSlot = StreamSlot::OWN;

    fn streams(slots: &[StreamSlot]) -> Streams {
        Streams::new(marker_schema(), RATE, RoomId(1), 1, slots)
    }

    fn section<'a>(
        tick: u32,
        span: u32,
        streams: &[(StreamSlot, StreamEntry<'a>)],
    ) -> FrameSection<'a> {
        FrameSection {
            tick: Tick(tick),
            span,
            own: OwnPart::default(),
            streams: streams.to_vec(),
        }
    }

    fn apply(
        streams: &mut Streams,
        tick: u32,
        span: u32,
        entries: &[(StreamSlot, StreamEntry<'_>)],
    ) -> Result<FrameOutcome, DecodeError> {
        streams.apply(&section(tick, span, entries), &mut DecodeAlone)
    }

    /// A world, and streams that joined it after tick 10.
    fn joined() -> (World, Streams) {
        let mut world = World::new(marker_schema());
        world.place(0, 1, 1);
        world.chunk(1);
        let mut streams = streams(&[COMMON]);
        let join = world.join();
        let outcome = apply(&mut streams, 10, 1, &[(COMMON, StreamEntry::Join(&join))]).unwrap();
        assert!(outcome.whole && outcome.joined);
        (world, streams)
    }

    #[test]
    fn chunks_bring_the_frame_up_to_date() {
        let (mut world, mut streams) = joined();
        for tick in 11..20 {
            world.place(tick % 3, tick, 7);
            let chunk = world.chunk(1);
            let outcome = apply(
                &mut streams,
                tick,
                1,
                &[(COMMON, StreamEntry::Chunk(&chunk))],
            );
            let outcome = outcome.unwrap();
            assert!(outcome.whole && !outcome.joined);
            assert_eq!(outcome.snapshots, 1);
            assert_eq!(streams.frame(COMMON), world.frame());
        }
    }

    #[test]
    fn silent_ticks_went_as_predicted() {
        let (mut world, mut streams) = joined();
        assert!(world.chunk(1).is_empty());
        assert_eq!(apply(&mut streams, 11, 1, &[]).unwrap().snapshots, 1);
        assert!(world.chunk(2).is_empty() && world.chunk(2).is_empty());
        world.place(0, 9, 9);
        let chunk = world.chunk(2);
        let entries = [(COMMON, StreamEntry::Chunk(&chunk))];
        // 13 and 15 were silent.
        assert_eq!(apply(&mut streams, 17, 2, &entries).unwrap().snapshots, 3);
        assert_eq!(streams.frame(COMMON), world.frame());
        // The server went from every second to every third tick in the silence.
        assert_eq!(apply(&mut streams, 22, 3, &[]).unwrap().snapshots, 2);
    }

    #[test]
    fn a_gap_that_no_silence_explains_is_refused() {
        let (_, mut streams) = joined();
        assert!(apply(&mut streams, 26, 1, &[]).is_ok());
        assert_eq!(
            apply(&mut streams, 43, 1, &[]).err(),
            Some(DecodeError::OutOfOrder)
        );
    }

    #[test]
    fn a_chunk_that_goes_back_is_refused() {
        for tick in [9, 10] {
            let (mut world, mut streams) = joined();
            let chunk = world.chunk(1);
            let entries = [(COMMON, StreamEntry::Chunk(&chunk))];
            assert_eq!(
                apply(&mut streams, tick, 1, &entries).err(),
                Some(DecodeError::OutOfOrder)
            );
        }
    }

    #[test]
    fn a_chunk_before_the_join_is_refused() {
        for slot in [COMMON, OWN] {
            let mut streams = streams(&[COMMON]);
            let entries = [(slot, StreamEntry::Chunk(&[]))];
            assert_eq!(
                apply(&mut streams, 1, 1, &entries).err(),
                Some(DecodeError::UnknownStream)
            );
        }
    }

    #[test]
    fn a_join_in_parts_is_whole_with_its_last_part() {
        let mut world = World::new(marker_schema());
        for player in 0..40 {
            world.place(player, player, 1);
        }
        world.chunk(1);
        let join = world.join();
        let parts: Vec<&[u8]> = join.chunks(join.len().div_ceil(3)).collect();
        let part = |index: u32| {
            let bytes = parts[usize::try_from(index).unwrap()];
            StreamEntry::JoinPart {
                index,
                count: 3,
                bytes,
            }
        };
        let mut streams = streams(&[COMMON, OWN]);
        let own = World::new(marker_schema()).join();
        // Parts of a join that was given up count for nothing.
        apply(&mut streams, 4, 1, &[(COMMON, part(2))]).unwrap();
        let first = [(COMMON, part(0)), (OWN, StreamEntry::Join(&own))];
        assert!(!apply(&mut streams, 5, 1, &first).unwrap().whole);
        assert!(
            !apply(&mut streams, 5, 1, &[(COMMON, part(2))])
                .unwrap()
                .whole
        );
        assert_eq!(
            streams
                .frame(COMMON)
                .rows(syncline_shared::id::ClassId(0))
                .unwrap()
                .len(),
            0
        );
        let last = apply(&mut streams, 5, 1, &[(COMMON, part(1))]).unwrap();
        assert!(last.whole && last.joined);
        assert_eq!(streams.frame(COMMON), world.frame());
        let again = apply(&mut streams, 6, 1, &[]).unwrap();
        assert!(again.whole && again.snapshots == 1);
    }

    #[test]
    fn the_same_part_twice_is_refused() {
        let mut streams = streams(&[COMMON]);
        let part = StreamEntry::JoinPart {
            index: 0,
            count: 2,
            bytes: &[1],
        };
        apply(&mut streams, 5, 1, &[(COMMON, part)]).unwrap();
        let again = apply(&mut streams, 5, 1, &[(COMMON, part)]);
        assert_eq!(again.err(), Some(DecodeError::OutOfOrder));
    }

    #[test]
    fn a_new_join_replaces_what_was_followed() {
        let (mut world, mut streams) = joined();
        world.place(5, 5, 5);
        world.chunk(1);
        let join = world.join();
        let outcome = apply(&mut streams, 400, 1, &[(COMMON, StreamEntry::Join(&join))]).unwrap();
        assert!(outcome.whole && outcome.joined && outcome.snapshots == 1);
        assert_eq!(streams.frame(COMMON), world.frame());
    }

    #[test]
    fn a_stream_that_is_gone_is_not_waited_for() {
        let (_, mut streams) = joined();
        let own = World::new(marker_schema()).join();
        apply(&mut streams, 11, 1, &[(OWN, StreamEntry::Join(&own))]).unwrap();
        assert!(
            apply(&mut streams, 12, 1, &[(OWN, StreamEntry::Gone)])
                .unwrap()
                .whole
        );
        assert!(streams.snapshot(OWN).is_none());
        assert!(apply(&mut streams, 13, 1, &[]).unwrap().whole);
    }

    #[test]
    fn followed_streams_are_bounded() {
        let mut streams = streams(&[COMMON]);
        let own = World::new(marker_schema()).join();
        let follow = |streams: &mut Streams, slot| {
            apply(
                streams,
                1,
                1,
                &[(StreamSlot(slot), StreamEntry::Join(&own))],
            )
            .map(|_| ())
        };
        for slot in 1..32 {
            follow(&mut streams, slot).unwrap();
        }
        assert_eq!(follow(&mut streams, 32), Err(DecodeError::TooLong));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(sections in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let (_, mut streams) = joined();
            for bytes in &sections {
                if let Ok(section) = FrameSection::decode(bytes) {
                    let _ = streams.apply(&section, &mut DecodeAlone);
                }
            }
        }

        #[test]
        fn entries_of_garbage_never_panic(
            entries in prop::collection::vec((0u8..4, 0u8..4, any::<Vec<u8>>()), 0..20),
            step in 0u32..3,
        ) {
            let (_, mut streams) = joined();
            let mut tick = 10;
            for (slot, kind, bytes) in &entries {
                tick += step;
                let entry = match kind {
                    0 => StreamEntry::Chunk(bytes),
                    1 => StreamEntry::Join(bytes),
                    2 => StreamEntry::JoinPart { index: 0, count: 1, bytes },
                    _ => StreamEntry::Gone,
                };
                let _ = apply(&mut streams, tick, 1, &[(StreamSlot(*slot), entry)]);
            }
        }
    }
}
