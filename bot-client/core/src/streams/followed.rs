//! One followed stream: from its join over its chunks, and anew when it has gone astray.
//!
//! Knows no other stream, nor how the server is asked.

use std::sync::Arc;

use syncline_shared::error::DecodeError;
use syncline_shared::id::StreamSlot;
use syncline_shared::limits::JOIN_BYTES_MAX;
use syncline_shared::message::frame::FrameSection;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;
use syncline_shared::stream::Applied;
use syncline_shared::tick::Tick;

use super::outcome::{Astray, FrameOutcome};
use crate::follower::{Compared, Decoding, StreamFollower, StreamKey};

/// One stream of a member.
#[derive(Debug)]
pub(super) struct Followed {
    slot: StreamSlot,
    state: Following,
    /// Set while the stream has no state because its bytes did not fit.
    lost: Option<Lost>,
}

/// How far the following of one stream has come.
///
/// ```text
///              part              last part
///   Awaited ─────────► Joining ────────────► Live
///    ▲ └──────────────── join ────────────────▲ │ │ join: anew
///    │                                        └─┘ │
///    └──────────────── astray ────────────────────┘
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

/// A stream that is astray.
#[derive(Debug)]
struct Lost {
    tick: Tick,
    error: Option<DecodeError>,
    /// Whether the server was asked for it.
    asked: bool,
    /// What it showed last, to be shown until the join comes.
    shown: Option<Arc<Frame>>,
}

impl Followed {
    /// A stream whose join is awaited.
    pub(super) fn new(slot: StreamSlot) -> Self {
        Self {
            slot,
            state: Following::Awaited,
            lost: None,
        }
    }

    pub(super) fn slot(&self) -> StreamSlot {
        self.slot
    }

    /// The follower, unless the stream has no state.
    pub(super) fn live(&self) -> Option<&dyn StreamFollower> {
        match &self.state {
            Following::Live(follower, _) => Some(follower.as_ref()),
            Following::Awaited | Following::Joining(_) => None,
        }
    }

    /// The last world that is known of it.
    pub(super) fn shown(&self) -> Option<&Frame> {
        match self.live() {
            Some(follower) => Some(follower.frame()),
            None => self.lost.as_ref()?.shown.as_deref(),
        }
    }

    /// Whether it has been brought to `tick`, or beyond.
    pub(super) fn stands_at(&self, tick: Tick) -> bool {
        matches!(self.state, Following::Live(_, at) if at >= tick)
    }

    /// Whether it has a state of a tick before `tick`.
    pub(super) fn is_before(&self, tick: Tick) -> bool {
        matches!(self.state, Following::Live(_, at) if at < tick)
    }

    pub(super) fn is_astray(&self) -> bool {
        self.lost.is_some()
    }

    /// That the stream went astray, once.
    pub(super) fn take_astray(&mut self) -> Option<Astray> {
        let lost = self.lost.as_mut().filter(|lost| !lost.asked)?;
        lost.asked = true;
        Some(Astray {
            stream: self.slot,
            tick: lost.tick,
            error: lost.error,
        })
    }

    /// It begins anew: its join follows.
    pub(super) fn restart(&mut self) {
        self.state = Following::Awaited;
    }

    /// Brings the stream to the frame's tick: through the silent snapshot ticks before it, which
    /// are `span` apart counted back from it, and then by `chunk`. Lets it pass while astray.
    pub(super) fn advance(
        &mut self,
        frame: &FrameSection<'_>,
        chunk: &[u8],
        silence_max: u32,
        outcome: &mut FrameOutcome,
    ) -> Result<(), DecodeError> {
        let common = self.slot == StreamSlot::COMMON;
        let Following::Live(follower, at) = &mut self.state else {
            let expected = self.lost.is_some();
            return expected.then_some(()).ok_or(DecodeError::UnknownStream);
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
            let done = match follower.apply(tick, tick.since(*at), chunk) {
                Ok(done) => done,
                Err(error) => {
                    self.go_astray(frame.tick, Some(error), outcome);
                    return Ok(());
                }
            };
            *at = tick;
            outcome.snapshots += u32::from(common);
            let is_wrong = done.applied == Applied::Mismatch;
            outcome.add(self.slot, done);
            if is_wrong {
                self.lose(frame.tick, None);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Follows the stream from its state after `tick`, whatever was known of it before.
    pub(super) fn join(
        &mut self,
        key: StreamKey,
        schema: &Arc<Schema>,
        tick: Tick,
        join: &[u8],
        decoding: &mut dyn Decoding,
        outcome: &mut FrameOutcome,
    ) {
        // The old follower goes first, so that whoever shares streams doesn't count it any more.
        self.lose(tick, None);
        match decoding.follow(key, schema, tick, join) {
            Ok((follower, compared)) => {
                self.state = Following::Live(follower, tick);
                self.lost = None;
                outcome.joined = true;
                outcome.snapshots += u32::from(self.slot == StreamSlot::COMMON);
                outcome.mismatches += u32::from(compared == Compared::Differs);
            }
            Err(error) => self.go_astray(tick, Some(error), outcome),
        }
    }

    /// The stream's bytes don't fit.
    fn go_astray(&mut self, tick: Tick, error: Option<DecodeError>, outcome: &mut FrameOutcome) {
        outcome.mismatches += 1;
        self.lose(tick, error);
    }

    /// Lets go of the follower and keeps what it showed.
    fn lose(&mut self, tick: Tick, error: Option<DecodeError>) {
        let shown = match &self.state {
            Following::Live(follower, _) => Some(follower.snapshot()),
            Following::Awaited | Following::Joining(_) => {
                self.lost.take().and_then(|lost| lost.shown)
            }
        };
        self.state = Following::Awaited;
        self.lost = Some(Lost {
            tick,
            error,
            asked: false,
            shown,
        });
    }

    /// Takes in a part of a join; the whole of it, if this was the last that lacked.
    pub(super) fn part(
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
