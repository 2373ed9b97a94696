//! What waits for one member's credit: frames by reference to shared chunks, and parts of joins.
//!
//! Knows how much it is and what is too much; doesn't know why it waits.

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::id::StreamSlot;
use syncline_shared::limits::JOIN_PART_BYTES_MAX;
use syncline_shared::message::frame::{OwnPart, StreamEntry, write_entry, write_head};
use syncline_shared::tick::Tick;

use crate::replication::SharedBytes;

/// How many bytes of frames may wait, or as many as the member's last join had, if that is more.
const BYTES_MAX: usize = 256 * 1024;

/// The streams that a member may follow, in the order of their entries.
pub(crate) const SLOTS: [StreamSlot; 2] = [StreamSlot::COMMON, StreamSlot::OWN];

/// The snapshot tick that just was encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotTick {
    pub(crate) tick: Tick,
    /// Ticks since the previous one.
    pub(crate) span: u32,
    /// Events that it tells everybody of.
    pub(crate) events: usize,
    /// Whether every member must hear of it: the next one is not as many ticks away, so that nobody
    /// could tell at which ticks nothing was said.
    pub(crate) loud: bool,
}

/// What a frame tells of one stream.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// What changed.
    Chunk(SharedBytes),
    /// All of it, for a member that follows it anew.
    Join(SharedBytes),
}

/// One snapshot tick as the member gets it.
#[derive(Debug)]
pub(crate) struct WaitingFrame {
    pub(crate) snapshot: SnapshotTick,
    /// Ticks since the member's previous frame.
    pub(crate) covers: u32,
    pub(crate) own: OwnPart,
    pub(crate) streams: [Option<Told>; SLOTS.len()],
}

/// Something that waits.
#[derive(Debug)]
enum Piece {
    Frame(WaitingFrame),
    /// A part of a large join; one is sent per message.
    JoinPart {
        snapshot: SnapshotTick,
        stream: StreamSlot,
        index: u32,
        count: u32,
        state: SharedBytes,
    },
}

/// All that waits for one member, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pieces: VecDeque<Piece>,
    /// Parts among the pieces.
    parts: usize,
    /// Bytes of the frames among the pieces.
    bytes: usize,
    /// Bytes of the member's last join.
    join_bytes: usize,
    /// Frames that piled up behind a large join: they are not held against the member.
    behind_join: usize,
}

impl Waiting {
    /// Frames and parts of joins.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes of the frames that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the member is still being told of a large join, or of what happened meanwhile.
    pub(crate) fn is_behind_join(&self) -> bool {
        self.parts > 0 || self.behind_join > 0
    }

    /// Bytes of the member's last join.
    pub(crate) fn join_bytes(&self) -> usize {
        self.join_bytes
    }

    /// Whether it is more than may wait, where frames of `ticks_max` ticks may.
    pub(crate) fn is_too_much(&self, ticks_max: u32) -> bool {
        let frames = self.pieces.len() - self.parts;
        let frames_max = self.behind_join + usize::try_from(ticks_max).unwrap_or(usize::MAX);
        // While a large join is on its way, a frame waits for each tick that it takes.
        let too_old = self.parts == 0 && frames > frames_max;
        too_old || self.bytes > BYTES_MAX.max(self.join_bytes)
    }

    /// Drops everything; how many events were in it.
    pub(crate) fn clear(&mut self) -> u64 {
        let lost = self.pieces.iter().map(|piece| match piece {
            Piece::Frame(frame) => frame.snapshot.events as u64,
            Piece::JoinPart { .. } => 0,
        });
        let lost = lost.sum();
        self.pieces.clear();
        self.parts = 0;
        self.bytes = 0;
        self.behind_join = 0;
        lost
    }

    /// Adds a frame. Large joins in it follow in parts; they start no other stream anew, since the
    /// frame brings those to its tick first.
    pub(crate) fn push_frame(&mut self, mut frame: WaitingFrame) {
        let joins = frame.streams.iter().flatten().map(Told::join_bytes).sum();
        self.join_bytes = self.join_bytes.max(joins);
        let is_large = |told: &mut Told| told.join_bytes() > 0 && joins > JOIN_PART_BYTES_MAX;
        let large = frame.streams.each_mut().map(|told| told.take_if(is_large));
        let snapshot = frame.snapshot;
        self.bytes += frame.bytes();
        self.pieces.push_back(Piece::Frame(frame));
        for (stream, told) in SLOTS.into_iter().zip(large) {
            if let Some(Told::Join(state)) = told {
                self.push_parts(snapshot, stream, &state);
            }
        }
    }

    /// Adds the states of all streams after `snapshot`, in parts if they are large.
    pub(crate) fn push_join(
        &mut self,
        snapshot: SnapshotTick,
        streams: [Option<SharedBytes>; SLOTS.len()],
    ) {
        self.join_bytes = streams.iter().flatten().map(|state| state.len()).sum();
        if self.join_bytes <= JOIN_PART_BYTES_MAX {
            let own = OwnPart::default();
            let streams = streams.map(|state| state.map(Told::Join));
            return self.push_frame(WaitingFrame {
                snapshot,
                covers: 1,
                own,
                streams,
            });
        }
        for (stream, state) in SLOTS.into_iter().zip(streams) {
            if let Some(state) = state {
                self.push_parts(snapshot, stream, &state);
            }
        }
    }

    fn push_parts(&mut self, snapshot: SnapshotTick, stream: StreamSlot, state: &SharedBytes) {
        let count = state.len().div_ceil(JOIN_PART_BYTES_MAX).max(1);
        self.parts += count;
        let count = u32::try_from(count).expect("a join is bounded");
        self.pieces.extend((0..count).map(|index| {
            let state = Arc::clone(state);
            Piece::JoinPart {
                snapshot,
                stream,
                index,
                count,
                state,
            }
        }));
    }

    /// About how many bytes the oldest piece takes in a message.
    pub(crate) fn next_bytes(&self) -> Option<usize> {
        self.pieces.front().map(|piece| match piece {
            Piece::Frame(frame) => frame.bytes(),
            Piece::JoinPart { .. } => JOIN_PART_BYTES_MAX,
        })
    }

    /// Takes out the oldest piece and appends its section's body to `out`; the ticks it covers, and
    /// whether it was a part of a join.
    pub(crate) fn write_next(&mut self, out: &mut Vec<u8>) -> Option<(u32, bool)> {
        match self.pieces.pop_front()? {
            Piece::Frame(frame) => {
                self.bytes -= frame.bytes();
                self.behind_join = self.behind_join.saturating_sub(1);
                frame.encode(out);
                Some((frame.covers, false))
            }
            Piece::JoinPart {
                snapshot,
                stream,
                index,
                count,
                state,
            } => {
                self.parts -= 1;
                if self.parts == 0 {
                    self.behind_join = self.pieces.len();
                }
                let start = usize::try_from(index).unwrap_or(usize::MAX) * JOIN_PART_BYTES_MAX;
                let end = (start + JOIN_PART_BYTES_MAX).min(state.len());
                let bytes = state.get(start..end).unwrap_or_default();
                write_head(snapshot.tick, snapshot.span, &OwnPart::default(), out);
                write_entry(
                    stream,
                    StreamEntry::JoinPart {
                        index,
                        count,
                        bytes,
                    },
                    out,
                );
                Some((1, true))
            }
        }
    }
}

impl Told {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Chunk(bytes) | Self::Join(bytes) => bytes,
        }
    }

    fn join_bytes(&self) -> usize {
        match self {
            Self::Chunk(_) => 0,
            Self::Join(bytes) => bytes.len(),
        }
    }
}

impl WaitingFrame {
    fn bytes(&self) -> usize {
        let streams = self.streams.iter().flatten();
        let streams: usize = streams.map(|told| told.bytes().len()).sum();
        streams + self.own.statuses.len() + 16
    }

    fn encode(&self, out: &mut Vec<u8>) {
        write_head(self.snapshot.tick, self.snapshot.span, &self.own, out);
        for (slot, told) in SLOTS.into_iter().zip(&self.streams) {
            match told {
                Some(Told::Chunk(bytes)) => write_entry(slot, StreamEntry::Chunk(bytes), out),
                Some(Told::Join(bytes)) => write_entry(slot, StreamEntry::Join(bytes), out),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(tick: u32) -> SnapshotTick {
        SnapshotTick {
            tick: Tick(tick),
            span: 1,
            events: 2,
            loud: false,
        }
    }

    fn frame(tick: u32, bytes: usize) -> WaitingFrame {
        let streams = [Some(Told::Chunk(vec![0; bytes].into())), None];
        let own = OwnPart::default();
        WaitingFrame {
            snapshot: snapshot(tick),
            covers: 1,
            own,
            streams,
        }
    }

    #[test]
    fn ticks_and_bytes_are_bounded_and_what_is_dropped_is_counted() {
        let mut waiting = Waiting::default();
        for tick in 0..90 {
            waiting.push_frame(frame(tick, 10));
        }
        assert!(!waiting.is_too_much(90));
        waiting.push_frame(frame(90, 10));
        assert!(waiting.is_too_much(90));
        assert_eq!(waiting.clear(), 2 * 91);
        waiting.push_frame(frame(91, BYTES_MAX));
        assert!(waiting.is_too_much(90));
    }

    /// A join may take longer than frames may wait; what piles up behind it must not start it anew.
    #[test]
    fn frames_behind_a_large_join_are_not_held_against_the_member() {
        let mut waiting = Waiting::default();
        let state: SharedBytes = vec![0; 20 * JOIN_PART_BYTES_MAX].into();
        waiting.push_join(snapshot(0), [Some(state), None]);
        let mut out = Vec::new();
        for tick in 1..=200 {
            waiting.push_frame(frame(tick, 100));
            assert!(!waiting.is_too_much(90));
            if tick % 10 == 0 {
                assert_eq!(waiting.write_next(&mut out), Some((1, true)));
            }
        }
        assert!(waiting.is_behind_join());
        assert!(!waiting.is_too_much(90));
        while waiting.write_next(&mut out).is_some() {}
        assert!(!waiting.is_behind_join());
    }
}
