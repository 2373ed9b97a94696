//! What a frame did to the streams of a member.

use std::sync::Arc;

use smallvec::SmallVec;
use syncline_shared::error::DecodeError;
use syncline_shared::id::StreamSlot;
use syncline_shared::snapshot::Event;
use syncline_shared::stream::Applied;
use syncline_shared::tick::Tick;

use crate::follower::{ChunkOutcome, Compared};

/// A stream whose bytes don't fit: it is of no use until it is joined anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Astray {
    /// Which stream.
    pub stream: StreamSlot,
    /// The tick of the frame in which it went astray.
    pub tick: Tick,
    /// Why it could not be decoded, or nothing if a hash differed.
    pub error: Option<DecodeError>,
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
    /// Chunks and joins that could not be decoded, or after which the server, or other followers,
    /// have something else.
    pub mismatches: u32,
    /// What happened, by stream.
    pub events: SmallVec<[(StreamSlot, Arc<[Event]>); 2]>,
}

impl FrameOutcome {
    pub(super) fn add(&mut self, slot: StreamSlot, done: ChunkOutcome) {
        let is_wrong = done.applied == Applied::Mismatch || done.compared == Compared::Differs;
        self.mismatches += u32::from(is_wrong);
        self.events.extend(done.events.map(|events| (slot, events)));
    }
}
