//! How a room makes do with less time than it wants, and who measures what it takes.
//!
//! The shell decides by the time that ticks take; the core only obeys. What a tick is made of never
//! depends on it: a match with fewer snapshots, or in slowed time, has the same journal.

/// What a room gives up while it is overloaded, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relief {
    /// Snapshots are half as frequent, unless that were less than one a second.
    pub fewer_snapshots: bool,
    /// By how many microseconds each tick is longer than its period: simulated time goes more
    /// slowly.
    pub slowed_by: u64,
}

impl Relief {
    /// Nothing is given up.
    pub const NONE: Self = Self {
        fewer_snapshots: false,
        slowed_by: 0,
    };

    /// What is given up, in a word.
    pub const fn name(self) -> &'static str {
        if self.slowed_by > 0 {
            "time"
        } else if self.fewer_snapshots {
            "snapshots"
        } else {
            "none"
        }
    }
}

/// Someone with a clock, who is told when a part of a tick begins and ends.
pub trait Probe {
    /// The streams of a snapshot are encoded from now on.
    fn encoding_begins(&mut self);

    /// They are encoded.
    fn encoding_ends(&mut self);
}

/// Nobody looks.
impl Probe for () {
    fn encoding_begins(&mut self) {}

    fn encoding_ends(&mut self) {}
}
