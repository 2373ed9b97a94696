//! What a room counts. Plain numbers that only grow; the shell turns them into metrics.

/// Why an input frame was or was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Waits for its tick.
    Queued,
    /// Its tick has a frame already.
    Duplicate,
    /// Its tick is over; it is merged into the next one.
    Late,
    /// Its tick is over by too much.
    TooLate,
    /// Its tick is too far ahead.
    TooEarly,
}

impl Verdict {
    /// All of them, in the order of [`RoomCounters::inputs`].
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Duplicate,
        Self::Late,
        Self::TooLate,
        Self::TooEarly,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::TooLate => "too_late",
            Self::TooEarly => "too_early",
        }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Queued => 0,
            Self::Duplicate => 1,
            Self::Late => 2,
            Self::TooLate => 3,
            Self::TooEarly => 4,
        }
    }
}

/// Everything that a room counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomCounters {
    /// Ticks run.
    pub ticks: u64,
    /// Times that the loop was so late that time was dropped.
    pub overruns: u64,
    /// Ticks that were longer than their period because the room was overloaded.
    pub slowed_ticks: u64,
    /// Snapshots encoded.
    pub snapshots: u64,
    /// Times that snapshots became half as frequent because the room was overloaded.
    pub snapshot_halvings: u64,
    /// Matches started.
    pub matches: u64,
    /// Checkpoints taken.
    pub checkpoints: u64,
    /// Messages handed out.
    pub messages: u64,
    /// Their bytes.
    pub message_bytes: u64,
    /// Chunks of streams encoded, empty ones not counted.
    pub chunks: u64,
    /// Their bytes, counted once however many follow.
    pub chunk_bytes: u64,
    /// Joins written for members.
    pub joins: u64,
    /// Streams that members asked anew because they decoded them wrongly.
    pub resyncs: u64,
    /// Such requests that were passed over: the stream is not followed, or its join is on its way.
    pub resyncs_ignored: u64,
    /// States of the common stream that were kept for delayed spectators to join.
    pub states_kept: u64,
    /// Snapshots that delayed spectators were told of too early, for want of room.
    pub delays_cut: u64,
    /// Snapshot ticks that had nothing to say to a member, over all members.
    pub silent_ticks: u64,
    /// Times that something for a member had to wait: for credit, or for room in its message.
    pub credit_waits: u64,
    /// Times that what waited for a member was dropped: it joined its streams anew.
    pub waiting_dropped: u64,
    /// Events lost to members whose waiting frames were dropped.
    pub events_lost: u64,
    /// Input frames by verdict, in the order of [`Verdict::ALL`].
    pub inputs: [u64; 5],
    /// Input batches of another incarnation.
    pub inputs_of_other_incarnation: u64,
    /// Commands applied.
    pub commands_applied: u64,
    /// Commands refused.
    pub commands_refused: u64,
    /// Players who were kicked.
    pub kicks: u64,
    /// What members asked of the room and did not get.
    pub requests_refused: u64,
    /// Lines of chat said.
    pub chat_lines: u64,
    /// Lines of chat refused.
    pub chat_refused: u64,
    /// Times that a member had heard nothing for so long that lines were lost to it.
    pub chat_missed: u64,
    /// Announcements made.
    pub announcements: u64,
    /// Sessions taken up again on another connection.
    pub resumes: u64,
    /// Rows left out of streams for want of slots.
    pub rows_refused: u64,
    /// Events left out of chunks because there were too many.
    pub events_refused: u64,
}
