//! The frames of late, for drawing others between two of them.

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::snapshot::Frame;
use syncline_shared::tick::{Tick, ViewTick};

/// The last frames of a stream, oldest first.
#[derive(Clone, Debug)]
pub struct SnapshotBuffer {
    frames: VecDeque<(Tick, Arc<Frame>)>,
    kept: usize,
}

/// Two frames around a moment, and how far it lies from one to the other.
#[derive(Clone, Debug)]
pub struct Between<'a> {
    /// The later of the frames that are not later than the moment.
    pub from: &'a Frame,
    /// The next one, or the same if there is none yet.
    pub to: &'a Frame,
    /// From 0, at `from`, to less than 1.
    pub fraction: f64,
}

impl SnapshotBuffer {
    /// A buffer of the last `kept` frames; with 0 nothing is ever kept.
    pub fn new(kept: usize) -> Self {
        Self {
            frames: VecDeque::with_capacity(kept),
            kept,
        }
    }

    /// Whether frames are kept at all, so that making copies of them is worth while.
    pub fn keeps(&self) -> bool {
        self.kept > 0
    }

    /// Adds the frame of `tick`; one that is not later than the last starts the buffer anew.
    pub fn push(&mut self, tick: Tick, frame: Arc<Frame>) {
        if self.newest().is_some_and(|newest| tick <= newest) {
            self.frames.clear();
        }
        if self.frames.len() >= self.kept {
            self.frames.pop_front();
        }
        if self.keeps() {
            self.frames.push_back((tick, frame));
        }
    }

    /// Forgets all frames.
    pub fn clear(&mut self) {
        self.frames.clear();
    }

    /// The tick of the last frame.
    pub fn newest(&self) -> Option<Tick> {
        self.frames.back().map(|&(tick, _)| tick)
    }

    /// What to draw at `view`: before the first frame the first, after the last the last.
    pub fn around(&self, view: ViewTick) -> Option<Between<'_>> {
        let after = self
            .frames
            .partition_point(|&(tick, _)| ViewTick::at(tick) <= view);
        let (from_tick, from) = self.frames.get(after.saturating_sub(1))?;
        let next = self.frames.get(after).filter(|_| after > 0);
        let Some((to_tick, to)) = next else {
            return Some(Between {
                from,
                to: from,
                fraction: 0.0,
            });
        };
        let whole = f64::from(to_tick.since(*from_tick)) * EIGHTHS;
        let part = view.0 - ViewTick::at(*from_tick).0;
        let part = f64::from(u32::try_from(part).unwrap_or(u32::MAX));
        Some(Between {
            from,
            to,
            fraction: part / whole,
        })
    }
}

/// [`ViewTick::EIGHTHS`] as a float.
const EIGHTHS: f64 = 8.0;

#[cfg(test)]
mod tests {
    use syncline_shared::schema::SchemaBuilder;
    use syncline_shared::tick::TickRate;

    use super::*;

    fn buffer(ticks: &[u32], kept: usize) -> SnapshotBuffer {
        let schema = SchemaBuilder::new("test", TickRate::hz(30)).build();
        let mut buffer = SnapshotBuffer::new(kept);
        for &tick in ticks {
            buffer.push(Tick(tick), Arc::new(Frame::empty(&schema)));
        }
        buffer
    }

    fn fraction(buffer: &SnapshotBuffer, eighths: u64) -> (bool, f64) {
        let between = buffer.around(ViewTick(eighths)).unwrap();
        (core::ptr::eq(between.from, between.to), between.fraction)
    }

    #[test]
    fn a_moment_lies_between_its_neighbours() {
        let buffer = buffer(&[10, 12, 13], 8);
        assert_eq!(fraction(&buffer, 79), (true, 0.0));
        assert_eq!(fraction(&buffer, 80), (false, 0.0));
        assert_eq!(fraction(&buffer, 84), (false, 0.25));
        assert_eq!(fraction(&buffer, 100), (false, 0.5));
        assert_eq!(fraction(&buffer, 104), (true, 0.0));
        assert_eq!(fraction(&buffer, u64::MAX), (true, 0.0));
    }

    #[test]
    fn only_the_last_are_kept() {
        assert_eq!(buffer(&[1, 2, 3, 4], 2).frames.len(), 2);
        assert!(buffer(&[1, 2, 3], 0).around(ViewTick(8)).is_none());
    }

    #[test]
    fn an_older_tick_starts_anew() {
        let buffer = buffer(&[50, 51, 3], 8);
        assert_eq!((buffer.frames.len(), buffer.newest()), (1, Some(Tick(3))));
    }
}
