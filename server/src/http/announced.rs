//! What became of an announcement.

use serde::Serialize;

/// Who will hear it with the next tick.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Announced {
    /// Connected members.
    pub(super) reached: u64,
    /// In so many rooms.
    pub(super) rooms: u64,
    /// Rooms that did not answer in time; they may still hear of it.
    pub(super) unanswered: u64,
}
