//! A frame section: one snapshot tick as one member gets it.
//!
//! Layout: varint tick; varint span; the member's own part; then entries to the end of the section.
//!
//! The own part is one byte of flags: bit 0, statuses follow; bit 1, a margin follows; bit 2, the
//! ticks since the member's previous frame of which no status tells repeated its last input, rather
//! than having applied a frame each. Statuses are a varint count of runs, each a byte: status in the
//! two high bits, length less one in the others. A margin is a signed varint in milliseconds.
//!
//! An entry is a varint: stream slot times 4 plus kind. Kinds: 0 chunk (length, bytes), 1 join
//! (length, bytes), 2 part of a join (varint index, varint count, length, bytes), 3 gone.
//!
//! A followed stream that has no entry went as predicted. Snapshot ticks for which no frame came at
//! all did so for all streams; they are `span` apart, counted back from the frame.

use crate::bits::{ByteReader, write_bytes, write_signed_varint, write_varint};
use crate::error::DecodeError;
use crate::id::StreamSlot;
use crate::input::InputStatus;
use crate::limits::{JOIN_BYTES_MAX, JOIN_PART_BYTES_MAX};
use crate::tick::Tick;

const STATUSES: u8 = 1;
const MARGIN: u8 = 2;
const REPEATED: u8 = 4;
const RUN_LENGTH_MAX: usize = 64;

/// The most ticks a frame may report on: a second at the highest rate.
const STATUSES_MAX: usize = 128;

/// The most ticks from one snapshot tick to the next: a second at the highest rate.
const SPAN_MAX: u32 = 128;

/// What concerns one member alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPart {
    /// How the input of each tick since the member's previous frame came about, oldest first, the
    /// last being that of the frame's own tick. At ticks further back than the first, all of them if
    /// there is none, it was as `repeated` says. A frame holds 128 statuses.
    pub statuses: Vec<InputStatus>,
    /// Whether at those ticks the last input was repeated, rather than a frame applied.
    pub repeated: bool,
    /// How early the member's inputs arrive, at the least of late, in milliseconds; negative if
    /// late. Only told when it should change its lead.
    pub margin_ms: Option<i32>,
}

impl OwnPart {
    /// Whether it tells neither of single ticks nor of a margin.
    pub fn is_empty(&self) -> bool {
        self.statuses.is_empty() && self.margin_ms.is_none()
    }

    /// Appends the own part.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let statuses = if self.statuses.is_empty() {
            0
        } else {
            STATUSES
        };
        let margin = if self.margin_ms.is_some() { MARGIN } else { 0 };
        let repeated = if self.repeated { REPEATED } else { 0 };
        out.push(statuses | margin | repeated);
        if !self.statuses.is_empty() {
            let oldest = self.statuses.len().saturating_sub(STATUSES_MAX);
            let runs = self.statuses[oldest..]
                .chunk_by(|a, b| a == b)
                .flat_map(|run| run.chunks(RUN_LENGTH_MAX));
            write_varint(
                out,
                u32::try_from(runs.clone().count()).expect("fewer than statuses"),
            );
            for run in runs {
                let length = u8::try_from(run.len() - 1).expect("at most 63");
                out.push(run[0].code() << 6 | length);
            }
        }
        if let Some(margin) = self.margin_ms {
            write_signed_varint(out, margin);
        }
    }

    fn decode(reader: &mut ByteReader<'_>) -> Result<Self, DecodeError> {
        let flags = reader.u8()?;
        let mut own = Self {
            repeated: flags & REPEATED != 0,
            ..Self::default()
        };
        if flags & STATUSES != 0 {
            for _ in 0..reader.varint()? {
                let run = reader.u8()?;
                let length = usize::from(run & 0x3f) + 1;
                if own.statuses.len() + length > STATUSES_MAX {
                    return Err(DecodeError::TooLong);
                }
                let status = InputStatus::from_code(run >> 6);
                own.statuses.resize(own.statuses.len() + length, status);
            }
        }
        if flags & MARGIN != 0 {
            own.margin_ms = Some(reader.signed_varint()?);
        }
        if flags & !(STATUSES | MARGIN | REPEATED) != 0 {
            Err(DecodeError::Invalid)
        } else {
            Ok(own)
        }
    }
}

/// What a frame holds of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEntry<'a> {
    /// The chunk of this tick.
    Chunk(&'a [u8]),
    /// The state after this tick, for a new follower.
    Join(&'a [u8]),
    /// A piece of the state after this tick. The other pieces are in frames of the same tick.
    JoinPart {
        /// Which piece, from 0.
        index: u32,
        /// Of how many.
        count: u32,
        /// The piece.
        bytes: &'a [u8],
    },
    /// The stream is no longer followed.
    Gone,
}

/// One snapshot tick as one member gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSection<'a> {
    /// The tick.
    pub tick: Tick,
    /// Ticks since the previous snapshot tick.
    pub span: u32,
    /// The member's own part.
    pub own: OwnPart,
    /// The streams' parts, at most one each.
    pub streams: Vec<(StreamSlot, StreamEntry<'a>)>,
}

impl<'a> FrameSection<'a> {
    /// Appends the body of a frame section.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write_head(self.tick, self.span, &self.own, out);
        for &(stream, entry) in &self.streams {
            write_entry(stream, entry, out);
        }
    }

    /// Reads what [`FrameSection::encode`] wrote.
    ///
    /// # Errors
    ///
    /// [`DecodeError::OutOfRange`] for a span of 0 or beyond a second, a stream slot beyond the
    /// last or a part beyond its count, [`DecodeError::TooLong`] for a part beyond
    /// [`JOIN_PART_BYTES_MAX`], [`DecodeError::OutOfOrder`] for slots that don't ascend, and
    /// whatever reading bytes may find.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = ByteReader::new(bytes);
        let tick = Tick(reader.varint()?);
        let span = reader.varint()?;
        if span == 0 || span > SPAN_MAX {
            return Err(DecodeError::OutOfRange);
        }
        let own = OwnPart::decode(&mut reader)?;
        let mut streams: Vec<(StreamSlot, StreamEntry<'a>)> = Vec::new();
        while !reader.is_empty() {
            let (stream, entry) = read_entry(&mut reader)?;
            if streams.last().is_some_and(|&(last, _)| last >= stream) {
                return Err(DecodeError::OutOfOrder);
            }
            streams.push((stream, entry));
        }
        Ok(Self {
            tick,
            span,
            own,
            streams,
        })
    }
}

/// Appends what a frame section begins with.
pub fn write_head(tick: Tick, span: u32, own: &OwnPart, out: &mut Vec<u8>) {
    write_varint(out, tick.0);
    write_varint(out, span);
    own.encode(out);
}

/// Appends one entry of a frame section.
pub fn write_entry(stream: StreamSlot, entry: StreamEntry<'_>, out: &mut Vec<u8>) {
    let head = u32::from(stream.0) << 2;
    match entry {
        StreamEntry::Chunk(bytes) => {
            write_varint(out, head);
            write_bytes(out, bytes);
        }
        StreamEntry::Join(bytes) => {
            write_varint(out, head | 1);
            write_bytes(out, bytes);
        }
        StreamEntry::JoinPart {
            index,
            count,
            bytes,
        } => {
            write_varint(out, head | 2);
            write_varint(out, index);
            write_varint(out, count);
            write_bytes(out, bytes);
        }
        StreamEntry::Gone => write_varint(out, head | 3),
    }
}

fn read_entry<'a>(
    reader: &mut ByteReader<'a>,
) -> Result<(StreamSlot, StreamEntry<'a>), DecodeError> {
    let head = reader.varint()?;
    let stream = StreamSlot(u8::try_from(head >> 2).map_err(|_| DecodeError::OutOfRange)?);
    let entry = match head & 3 {
        0 => StreamEntry::Chunk(reader.bytes()?),
        1 => StreamEntry::Join(reader.bytes()?),
        2 => {
            let (index, count) = (reader.varint()?, reader.varint()?);
            let bytes = reader.bytes()?;
            let parts_max = u32::try_from(JOIN_BYTES_MAX / JOIN_PART_BYTES_MAX).unwrap_or(u32::MAX);
            if index >= count || count > parts_max {
                return Err(DecodeError::OutOfRange);
            }
            if bytes.len() > JOIN_PART_BYTES_MAX {
                return Err(DecodeError::TooLong);
            }
            StreamEntry::JoinPart {
                index,
                count,
                bytes,
            }
        }
        _ => StreamEntry::Gone,
    };
    Ok((stream, entry))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn own_part() -> impl Strategy<Value = OwnPart> {
        let status = prop::sample::select(InputStatus::ALL.to_vec());
        (
            prop::collection::vec(status, 0..=STATUSES_MAX),
            any::<bool>(),
            any::<Option<i32>>(),
        )
            .prop_map(|(statuses, repeated, margin_ms)| OwnPart {
                statuses,
                repeated,
                margin_ms,
            })
    }

    proptest! {
        #[test]
        fn frames_round_trip(
            tick: u32,
            span in 1u32..=128,
            own in own_part(),
            chunk: Vec<u8>,
            part in prop::collection::vec(any::<u8>(), 0..100),
            kinds in prop::collection::vec(0usize..4, 0..4),
        ) {
            let entries = [
                StreamEntry::Chunk(&chunk),
                StreamEntry::Join(&chunk),
                StreamEntry::JoinPart { index: 2, count: 3, bytes: &part },
                StreamEntry::Gone,
            ];
            let streams =
                (0u8..).zip(&kinds).map(|(slot, &kind)| (StreamSlot(slot), entries[kind])).collect();
            let frame = FrameSection { tick: Tick(tick), span, own, streams };
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            prop_assert_eq!(FrameSection::decode(&bytes), Ok(frame));
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            if let Ok(frame) = FrameSection::decode(&bytes) {
                prop_assert!(frame.own.statuses.len() <= STATUSES_MAX);
                prop_assert!((1..=128).contains(&frame.span));
            }
        }

        /// A member that got nothing for long learns of the newest ticks.
        #[test]
        fn more_statuses_than_a_frame_holds_lose_the_oldest(
            mut statuses in prop::collection::vec(
                prop::sample::select(InputStatus::ALL.to_vec()),
                STATUSES_MAX..3 * STATUSES_MAX,
            ),
        ) {
            let own = OwnPart { statuses: statuses.clone(), ..OwnPart::default() };
            let mut bytes = Vec::new();
            own.encode(&mut bytes);
            let decoded = OwnPart::decode(&mut ByteReader::new(&bytes)).unwrap();
            prop_assert_eq!(decoded.statuses, statuses.split_off(statuses.len() - STATUSES_MAX));
        }
    }

    fn decode(bytes: &[u8]) -> Result<FrameSection<'_>, DecodeError> {
        FrameSection::decode(bytes)
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert!(decode(&[5, 1, 0]).is_ok());
        assert_eq!(decode(&[5, 0, 0]), Err(DecodeError::OutOfRange), "no span");
        assert_eq!(
            decode(&[5, 129, 1, 0]),
            Err(DecodeError::OutOfRange),
            "a span of 129"
        );
        assert_eq!(
            decode(&[5, 1, 8]),
            Err(DecodeError::Invalid),
            "an unknown flag"
        );
        assert_eq!(
            decode(&[5, 1, 0, 2, 1, 1, 0]),
            Err(DecodeError::OutOfRange),
            "part 1 of 1"
        );
        assert_eq!(
            decode(&[5, 1, 0, 2, 0, 129, 8, 0]),
            Err(DecodeError::OutOfRange),
            "1025 parts"
        );
        assert_eq!(
            decode(&[5, 1, 0, 131, 8]),
            Err(DecodeError::OutOfRange),
            "stream 256"
        );
        assert_eq!(
            decode(&[5, 1, 0, 7, 3]),
            Err(DecodeError::OutOfOrder),
            "stream 0 after 1"
        );
        assert_eq!(
            decode(&[5, 1, 0, 3, 3]),
            Err(DecodeError::OutOfOrder),
            "stream 0 twice"
        );
        assert_eq!(
            decode(&[5, 1, 0, 0, 2, 7]),
            Err(DecodeError::UnexpectedEnd),
            "a short chunk"
        );
    }

    #[test]
    fn a_part_that_is_too_long_is_refused() {
        let bytes = vec![0; JOIN_PART_BYTES_MAX + 1];
        let entry = |bytes| StreamEntry::JoinPart {
            index: 0,
            count: 2,
            bytes,
        };
        let mut section = vec![5, 1, 0];
        write_entry(StreamSlot::COMMON, entry(&bytes[1..]), &mut section);
        assert!(decode(&section).is_ok());
        section.truncate(3);
        write_entry(StreamSlot::COMMON, entry(&bytes), &mut section);
        assert_eq!(decode(&section), Err(DecodeError::TooLong));
    }
}
