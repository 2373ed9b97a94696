//! How long the encoding of a tick's streams takes, by the clock.

use syncline_server_core::Probe;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;

/// Measures how long the streams of a snapshot take to encode.
pub(super) struct EncodingTime {
    clock: Clock,
    begun: Timestamp,
    /// What it has taken so far, in microseconds.
    pub(super) micros: u64,
}

impl EncodingTime {
    /// Nothing was measured yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            begun: Timestamp::ZERO,
            micros: 0,
        }
    }
}

impl Probe for EncodingTime {
    fn encoding_begins(&mut self) {
        self.begun = self.clock.now();
    }

    fn encoding_ends(&mut self) {
        self.micros += self.clock.now().since(self.begun);
    }
}
