//! What came over one connection, and what of it was acknowledged.

use syncline_shared::limits::{ACK_MESSAGES_MAX, ACK_MICROS_MAX};
use syncline_shared::tick::Timestamp;

/// How long nothing may come from the server, in microseconds; it answers pings every second.
const SILENT_MICROS_MAX: u64 = 10_000_000;

/// The messages of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    since: Timestamp,
    heard: Timestamp,
    received: u32,
    acknowledged: u32,
    /// When the first message came that is not acknowledged.
    owed_since: Option<Timestamp>,
}

impl Traffic {
    /// A connection that begins.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            heard: now,
            received: 0,
            acknowledged: 0,
            owed_since: None,
        }
    }

    /// Since when there is a connection.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    /// A message came.
    pub(crate) fn receive(&mut self, now: Timestamp) {
        self.heard = now;
        self.received = self.received.wrapping_add(1);
        self.owed_since.get_or_insert(now);
    }

    /// When the server has been silent for too long.
    pub(crate) fn silent_at(&self) -> Timestamp {
        self.heard.plus_micros(SILENT_MICROS_MAX)
    }

    /// When the server must be told what came; `None` if it knows.
    pub(crate) fn acknowledgement_due(&self) -> Option<Timestamp> {
        let since = self.owed_since?;
        let owed = self.received.wrapping_sub(self.acknowledged);
        Some(if owed >= ACK_MESSAGES_MAX {
            since
        } else {
            since.plus_micros(ACK_MICROS_MAX)
        })
    }

    /// How many messages came; the server is told now.
    pub(crate) fn acknowledge(&mut self) -> u32 {
        self.acknowledged = self.received;
        self.owed_since = None;
        self.received
    }
}
