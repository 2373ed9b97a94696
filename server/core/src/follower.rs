//! One member's way through the streams of a match: what it has, what waits for it, what is next.
//!
//! Sends on credit and never piles up the past: frames without credit wait as shared references, go
//! out together when credit returns, and past a bound are dropped; the member then joins its streams
//! anew at the present. Doesn't know rooms or sockets.
//!
//! ```text
//!             match starts             credit
//!   Idle ───────────────────► Joining ────────► Following
//!     ▲                          ▲                  │
//!     └── match ends ──          └──── too much ────┘
//!                                       waits
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::input::InputStatus;
use syncline_shared::limits::{JOIN_PART_BYTES_MAX, SILENCE_MICROS_MAX};
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::tick::{Tick, TickRate};

use crate::counters::RoomCounters;
use crate::credit::Credit;
use crate::replication::{Replication, SharedBytes};

/// How long frames may wait for credit, in microseconds of ticks.
const WAITING_MICROS_MAX: u64 = 3_000_000;
/// How many bytes of frames may wait.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// Frames in one message; the rest follow a tick later.
const FRAMES_PER_MESSAGE_MAX: usize = 128;

/// The snapshot tick that just was encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotTick {
    pub(crate) tick: Tick,
    /// Ticks since the previous one.
    pub(crate) span: u32,
    /// Events that it tells everybody of.
    pub(crate) events: usize,
}

/// What one member has of a match's streams.
#[derive(Debug)]
pub(crate) struct Follower {
    rate: TickRate,
    silence: bool,
    pub(crate) credit: Credit,
    stage: Stage,
    /// How the member's inputs came about since its last frame.
    statuses: Vec<InputStatus>,
    /// Whether one of them is not what the member assumes.
    news: bool,
    margin_ms: Option<i32>,
    waiting: VecDeque<Piece>,
    waiting_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No match is running.
    Idle,
    /// The member needs the streams' states.
    Joining,
    /// The member has, or will have, everything up to this tick.
    Following(Tick),
}

/// Something that waits for credit.
#[derive(Debug)]
enum Piece {
    Frame(WaitingFrame),
    /// A part of a large join; one is sent per tick.
    JoinPart {
        tick: Tick,
        span: u32,
        stream: StreamSlot,
        index: u32,
        count: u32,
        state: SharedBytes,
    },
}

#[derive(Debug)]
struct WaitingFrame {
    snapshot: SnapshotTick,
    /// Ticks since the member's previous frame.
    covers: u32,
    own: OwnPart,
    /// Whether the streams' bytes are joins, or chunks.
    joins: bool,
    streams: [Option<SharedBytes>; 2],
}

const SLOTS: [StreamSlot; 2] = [StreamSlot::COMMON, StreamSlot::OWN];

impl Follower {
    /// A member of a room without a match.
    pub(crate) fn new(rate: TickRate, silence: bool) -> Self {
        Self {
            rate,
            silence,
            credit: Credit::new(rate),
            stage: Stage::Idle,
            statuses: Vec::new(),
            news: false,
            margin_ms: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    /// A match begins: its streams are joined at the next snapshot with credit.
    pub(crate) fn start(&mut self) {
        self.forget();
        self.stage = Stage::Joining;
    }

    /// The match is over. What waits is still sent.
    pub(crate) fn stop(&mut self) {
        self.stage = Stage::Idle;
    }

    fn forget(&mut self) {
        self.waiting.clear();
        self.waiting_bytes = 0;
        self.statuses.clear();
        self.news = false;
        self.margin_ms = None;
    }

    /// How the member's input at the tick that runs now came about. `assumed` says that the member
    /// expects just that, because it has sent nothing yet.
    pub(crate) fn note_input(&mut self, status: InputStatus, assumed: bool) {
        if let Stage::Following(_) = self.stage {
            self.statuses.push(status);
            self.news |= status != InputStatus::Applied && !assumed;
        }
    }

    /// The member should change its input lead.
    pub(crate) fn note_margin(&mut self, margin_ms: i32) {
        self.margin_ms = Some(margin_ms);
    }

    /// Takes the snapshot that `replication` just encoded.
    pub(crate) fn snapshot(
        &mut self,
        snapshot: SnapshotTick,
        player: Option<PlayerId>,
        replication: &mut Replication,
        counters: &mut RoomCounters,
    ) {
        match self.stage {
            Stage::Idle => {}
            Stage::Joining if self.credit.is_available() => {
                self.join(snapshot, player, replication);
                counters.joins += 1;
            }
            Stage::Joining => counters.credit_waits += 1,
            Stage::Following(last) => {
                let common = replication.common_chunk().cloned();
                let own = player
                    .and_then(|player| replication.own_chunk(player))
                    .cloned();
                let covers = snapshot.tick.since(last);
                let next_covers = covers + snapshot.span;
                let quiet = common.is_none()
                    && own.is_none()
                    && !self.news
                    && self.margin_ms.is_none()
                    && self.rate.due(Tick(next_covers)).0 <= SILENCE_MICROS_MAX;
                if quiet && self.silence {
                    counters.silent_ticks += 1;
                    return;
                }
                let part = self.take_own_part();
                let streams = [common, own];
                self.push_frame(WaitingFrame {
                    snapshot,
                    covers,
                    own: part,
                    joins: false,
                    streams,
                });
                self.stage = Stage::Following(snapshot.tick);
                self.bound_waiting(counters);
            }
        }
    }

    fn take_own_part(&mut self) -> OwnPart {
        let mut statuses = core::mem::take(&mut self.statuses);
        if statuses
            .iter()
            .all(|&status| status == InputStatus::Applied)
        {
            statuses.clear();
        }
        self.news = false;
        OwnPart {
            statuses,
            margin_ms: self.margin_ms.take(),
        }
    }

    fn join(
        &mut self,
        snapshot: SnapshotTick,
        player: Option<PlayerId>,
        replication: &mut Replication,
    ) {
        self.forget();
        let common = Some(replication.common_join());
        let own = player.and_then(|player| replication.own_join(player));
        let streams = [common, own];
        let bytes: usize = streams.iter().flatten().map(|state| state.len()).sum();
        self.stage = Stage::Following(snapshot.tick);
        if bytes <= JOIN_PART_BYTES_MAX {
            let own = OwnPart::default();
            self.push_frame(WaitingFrame {
                snapshot,
                covers: 1,
                own,
                joins: true,
                streams,
            });
            return;
        }
        for (stream, state) in SLOTS.into_iter().zip(streams) {
            let Some(state) = state else { continue };
            let count = state.len().div_ceil(JOIN_PART_BYTES_MAX).max(1);
            let count = u32::try_from(count).expect("a join is bounded");
            self.waiting.extend((0..count).map(|index| Piece::JoinPart {
                tick: snapshot.tick,
                span: snapshot.span,
                stream,
                index,
                count,
                state: Arc::clone(&state),
            }));
        }
    }

    fn push_frame(&mut self, frame: WaitingFrame) {
        self.waiting_bytes += frame.bytes();
        self.waiting.push_back(Piece::Frame(frame));
    }

    /// Drops what waits if it is too much: the member joins anew when credit returns.
    fn bound_waiting(&mut self, counters: &mut RoomCounters) {
        let parts = self
            .waiting
            .iter()
            .filter(|piece| matches!(piece, Piece::JoinPart { .. }))
            .count();
        let frames = self.waiting.len() - parts;
        let ticks = self.rate.ticks_covering(WAITING_MICROS_MAX);
        // While a large join is on its way, a frame may wait for each of its parts.
        let frames_max = parts + usize::try_from(ticks).unwrap_or(usize::MAX);
        if frames <= frames_max && self.waiting_bytes <= WAITING_BYTES_MAX {
            return;
        }
        let lost = self.waiting.iter().map(|piece| match piece {
            Piece::Frame(frame) => frame.snapshot.events as u64,
            Piece::JoinPart { .. } => 0,
        });
        counters.events_lost += lost.sum::<u64>();
        counters.waiting_dropped += 1;
        self.forget();
        self.stage = Stage::Joining;
    }

    /// Appends what waits to `message`; the ticks it covers.
    ///
    /// Credit has returned: everything goes out together, however many ticks it covers, as far as
    /// the bytes allow. To hand it out tick by tick would keep the member in the past.
    pub(crate) fn write_frames(
        &mut self,
        message: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
        counters: &mut RoomCounters,
    ) -> u32 {
        let mut ticks = 0;
        for _ in 0..FRAMES_PER_MESSAGE_MAX {
            let Some(piece) = self.waiting.front() else {
                break;
            };
            let too_much = !message.is_empty()
                && message.len() + piece.bytes() > self.credit.bytes_left().min(32 * 1024);
            if too_much {
                counters.credit_waits += 1;
                break;
            }
            let part = matches!(piece, Piece::JoinPart { .. });
            scratch.clear();
            piece.encode(scratch);
            ticks += piece.covers();
            self.waiting_bytes -= if part { 0 } else { piece.bytes() };
            self.waiting.pop_front();
            write_section(SectionKind::Frame, scratch, message);
            if part {
                break;
            }
        }
        ticks
    }

    /// Whether anything waits for credit.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl WaitingFrame {
    fn bytes(&self) -> usize {
        let streams: usize = self.streams.iter().flatten().map(|bytes| bytes.len()).sum();
        streams + self.own.statuses.len() + 16
    }
}

impl Piece {
    /// About how many bytes the piece takes in a message.
    fn bytes(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.bytes(),
            Self::JoinPart { .. } => JOIN_PART_BYTES_MAX,
        }
    }

    fn covers(&self) -> u32 {
        match self {
            Self::Frame(frame) => frame.covers,
            Self::JoinPart { .. } => 1,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Frame(frame) => {
                let entries = SLOTS
                    .into_iter()
                    .zip(&frame.streams)
                    .filter_map(|(slot, bytes)| {
                        let bytes = bytes.as_deref()?;
                        let entry = if frame.joins {
                            StreamEntry::Join(bytes)
                        } else {
                            StreamEntry::Chunk(bytes)
                        };
                        Some((slot, entry))
                    });
                let SnapshotTick { tick, span, .. } = frame.snapshot;
                let (own, streams) = (frame.own.clone(), entries.collect());
                FrameSection {
                    tick,
                    span,
                    own,
                    streams,
                }
                .encode(out);
            }
            Self::JoinPart {
                tick,
                span,
                stream,
                index,
                count,
                state,
            } => {
                let start = usize::try_from(*index).unwrap_or(usize::MAX) * JOIN_PART_BYTES_MAX;
                let end = (start + JOIN_PART_BYTES_MAX).min(state.len());
                let bytes = state.get(start..end).unwrap_or_default();
                let entry = StreamEntry::JoinPart {
                    index: *index,
                    count: *count,
                    bytes,
                };
                let (own, streams) = (OwnPart::default(), vec![(*stream, entry)]);
                FrameSection {
                    tick: *tick,
                    span: *span,
                    own,
                    streams,
                }
                .encode(out);
            }
        }
    }
}
