//! One member's way through the streams of a match: what it has, and what it gets next.
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

use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::input::InputStatus;
use syncline_shared::limits::SILENCE_MICROS_MAX;
use syncline_shared::message::frame::OwnPart;
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::counters::RoomCounters;
use crate::credit::Credit;
use crate::replication::Source;
use crate::resync::{Resync, Resyncs};
use crate::waiting::{SLOTS, SnapshotTick, Told, Waiting, WaitingFrame};

/// How long frames may wait for credit, in microseconds of ticks.
const WAITING_MICROS_MAX: u64 = 3_000_000;
/// Frames in one message; the rest follow a tick later.
pub(crate) const FRAMES_PER_MESSAGE_MAX: usize = 90;

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
    waiting: Waiting,
    resyncs: Resyncs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No match is running.
    Idle,
    /// The member needs the streams' states.
    Joining {
        /// Whether it has followed them before, so that it loses what happens meanwhile.
        again: bool,
    },
    /// The member has, or will have, everything up to this tick.
    Following(Tick),
}

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
            waiting: Waiting::default(),
            resyncs: Resyncs::default(),
        }
    }

    /// A match begins: its streams are joined at the next snapshot with credit.
    pub(crate) fn start(&mut self, counters: &mut RoomCounters) {
        counters.events_lost += self.forget();
        self.resyncs.restart();
        self.stage = Stage::Joining { again: false };
    }

    /// The member asks for one stream anew, because the frame of `tick` did not fit.
    pub(crate) fn resync(&mut self, now: Timestamp, stream: StreamSlot, tick: Tick) -> Resync {
        match self.stage {
            Stage::Following(_) => self.resyncs.ask(now, stream, tick),
            // There is nothing to join, or all streams are joined next.
            Stage::Idle | Stage::Joining { .. } => Resync::Ignored,
        }
    }

    /// The match is over. What waits is still sent.
    pub(crate) fn stop(&mut self) {
        self.stage = Stage::Idle;
    }

    /// Drops everything that the member was to be told; how many events were in it.
    fn forget(&mut self) -> u64 {
        self.statuses.clear();
        self.news = false;
        self.margin_ms = None;
        self.waiting.clear()
    }

    /// How the member's input at the tick that runs now came about. `assumed` says that the member
    /// takes a repetition for granted.
    pub(crate) fn note_input(&mut self, status: InputStatus, assumed: bool) {
        if let Stage::Following(_) = self.stage {
            self.statuses.push(status);
            self.news |= match status {
                InputStatus::Applied => false,
                InputStatus::Repeated => !assumed,
                InputStatus::Merged | InputStatus::Dropped => true,
            };
        }
    }

    /// The member should change its input lead.
    pub(crate) fn note_margin(&mut self, margin_ms: i32) {
        self.margin_ms = Some(margin_ms);
    }

    /// Takes the snapshot of which `source` has the streams.
    pub(crate) fn snapshot(
        &mut self,
        snapshot: SnapshotTick,
        player: Option<PlayerId>,
        source: &mut impl Source,
        counters: &mut RoomCounters,
    ) {
        if source.has_states() && self.is_better_off_joining() {
            self.drop_waiting(counters);
        }
        match self.stage {
            Stage::Idle => {}
            Stage::Joining { .. } if source.has_states() && self.credit.is_available() => {
                counters.joins += 1;
                counters.events_lost += self.forget();
                let states = SLOTS.map(|stream| source.join(stream, player));
                self.waiting.push_join(snapshot, states);
                for stream in SLOTS {
                    self.resyncs.joined(stream, snapshot.tick);
                }
                self.stage = Stage::Following(snapshot.tick);
            }
            Stage::Joining { again } => {
                counters.credit_waits += u64::from(!self.credit.is_available());
                counters.events_lost += if again { snapshot.events as u64 } else { 0 };
            }
            Stage::Following(last) => self.follow(last, snapshot, player, source, counters),
        }
    }

    /// Whether the member has yet to join its streams for the first time, and can.
    pub(crate) fn can_begin(&self) -> bool {
        self.stage == Stage::Joining { again: false } && self.credit.is_available()
    }

    /// Whether credit is back, but not for all that waits: to hand the past out by and by would keep
    /// the member in it, and to join at the present costs less.
    fn is_better_off_joining(&self) -> bool {
        let waits = self.waiting.bytes();
        matches!(self.stage, Stage::Following(_))
            && !self.waiting.is_behind_join()
            && self.credit.is_available()
            && waits > self.credit.bytes_left()
            && waits > self.waiting.join_bytes()
    }

    fn drop_waiting(&mut self, counters: &mut RoomCounters) {
        counters.waiting_dropped += 1;
        counters.events_lost += self.forget();
        self.stage = Stage::Joining { again: true };
    }

    fn follow(
        &mut self,
        last: Tick,
        snapshot: SnapshotTick,
        player: Option<PlayerId>,
        source: &mut impl Source,
        counters: &mut RoomCounters,
    ) {
        let streams = SLOTS.map(|stream| self.tell(stream, snapshot, player, source, counters));
        let covers = snapshot.tick.since(last);
        let next_covers = covers + snapshot.span;
        let quiet = !snapshot.loud
            && streams.iter().all(Option::is_none)
            && !self.news
            && self.margin_ms.is_none()
            && self.rate.due(Tick(next_covers)).0 <= SILENCE_MICROS_MAX;
        if quiet && self.silence {
            counters.silent_ticks += 1;
            return;
        }
        let own = self.take_own_part();
        self.waiting.push_frame(WaitingFrame {
            snapshot,
            covers,
            own,
            streams,
        });
        self.stage = Stage::Following(snapshot.tick);
        if self
            .waiting
            .is_too_much(self.rate.ticks_covering(WAITING_MICROS_MAX))
        {
            self.drop_waiting(counters);
        }
    }

    /// What the member is told of one stream at this snapshot tick: its chunk, or, if it asked for
    /// the stream anew and has credit, its state if there is one. Until then it has no use for
    /// chunks.
    fn tell(
        &mut self,
        stream: StreamSlot,
        snapshot: SnapshotTick,
        player: Option<PlayerId>,
        source: &mut impl Source,
        counters: &mut RoomCounters,
    ) -> Option<Told> {
        if !self.resyncs.is_asked(stream) {
            return source.chunk(stream, player).cloned().map(Told::Chunk);
        }
        if stream == StreamSlot::COMMON {
            counters.events_lost += snapshot.events as u64;
        }
        if !self.credit.is_available() {
            counters.credit_waits += 1;
            return None;
        }
        let state = source.join(stream, player)?;
        self.resyncs.joined(stream, snapshot.tick);
        counters.joins += 1;
        Some(Told::Join(state))
    }

    fn take_own_part(&mut self) -> OwnPart {
        self.news = false;
        let margin_ms = self.margin_ms.take();
        let all = |status| self.statuses.iter().all(|&known| known == status);
        let (applied, repeated) = (all(InputStatus::Applied), all(InputStatus::Repeated));
        let statuses = if applied || repeated {
            // What happens nearly always costs no buffer.
            self.statuses.clear();
            Vec::new()
        } else {
            core::mem::take(&mut self.statuses)
        };
        OwnPart {
            statuses,
            repeated: repeated && !applied,
            margin_ms,
        }
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
            let Some(bytes) = self.waiting.next_bytes() else {
                break;
            };
            if !message.is_empty() && message.len() + bytes > self.credit.bytes_left() {
                counters.credit_waits += 1;
                break;
            }
            scratch.clear();
            let Some((covers, part)) = self.waiting.write_next(scratch) else {
                break;
            };
            write_section(SectionKind::Frame, scratch, message);
            ticks += covers;
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

    /// How many frames and parts of joins wait.
    pub(crate) fn waiting_frames(&self) -> usize {
        self.waiting.len()
    }

    /// About how many bytes wait.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting.bytes()
    }
}
