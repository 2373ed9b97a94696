//! What a swarm saw, second by second: all bots add to the same second.
//!
//! Reads no clock: whoever has one ends each second.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rate_meter::ratio;
use crate::tally::{Percentiles, SharedHistogram};

/// Microseconds in a millisecond.
const MICROS_PER_MS: f64 = 1000.0;

/// What all bots saw in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Second {
    /// When it ended, in seconds since the swarm began.
    pub at: f64,
    /// How many bots were in rooms then.
    pub clients: u32,
    /// Snapshot ticks that came, silent ones included, for each of them.
    pub snapshots_per_client: f64,
    /// Mean payload of frames per snapshot tick that they cover.
    pub bytes_per_snapshot: f64,
    /// Payload of all messages that came, for each bot.
    pub bytes_per_client: f64,
    /// Messages that came, for each bot.
    pub messages_per_client: f64,
    /// Messages that went out, for each bot.
    pub messages_sent_per_client: f64,
    /// Input frames in them.
    pub input_frames_per_client: f64,
    /// From stamping an input to the first frame that tells it was applied.
    pub input_to_visible_ms: Percentiles,
    /// How long ago the tick of a frame was due when it came.
    pub frame_age_ms: Percentiles,
    /// Connections, or attempts at one, that ended.
    pub closes: u32,
}

/// The seconds so far, and the one that runs.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    inner: Mutex<Inner>,
    input_ages: SharedHistogram,
    frame_ages: SharedHistogram,
}

#[derive(Debug, Default)]
struct Inner {
    running: Running,
    clients: u32,
    seconds: Vec<Second>,
}

#[derive(Debug, Default)]
struct Running {
    snapshots: u64,
    frame_bytes: u64,
    bytes: u64,
    messages: u64,
    messages_sent: u64,
    input_frames: u64,
    closes: u32,
}

impl Timeline {
    /// A bot is in a room.
    pub(crate) fn entered(&self) {
        self.inner().clients += 1;
    }

    /// A connection ended, or the attempt at one; `was_in` if its bot was in a room.
    pub(crate) fn closed(&self, was_in: bool) {
        let mut inner = self.inner();
        inner.running.closes += 1;
        inner.clients = inner.clients.saturating_sub(u32::from(was_in));
    }

    /// A message came.
    pub(crate) fn message(&self, bytes: usize) {
        let mut inner = self.inner();
        inner.running.messages += 1;
        inner.running.bytes += bytes as u64;
    }

    /// A message went out, with so many input frames.
    pub(crate) fn sent(&self, input_frames: u64) {
        let mut inner = self.inner();
        inner.running.messages_sent += 1;
        inner.running.input_frames += input_frames;
    }

    /// A frame came that covers so many snapshot ticks, so old, with news of inputs so old, all in
    /// microseconds.
    pub(crate) fn frame(&self, snapshots: u32, bytes: usize, age: Option<u64>, inputs: &[u64]) {
        let mut inner = self.inner();
        inner.running.snapshots += u64::from(snapshots);
        inner.running.frame_bytes += bytes as u64;
        drop(inner);
        self.frame_ages.record(age.into_iter());
        self.input_ages.record(inputs.iter().copied());
    }

    /// The second that ran ended, so long after the swarm began.
    pub(crate) fn end_second(&self, at: f64) {
        let mut inner = self.inner();
        let Running {
            snapshots,
            frame_bytes,
            bytes,
            messages,
            messages_sent,
            input_frames,
            closes,
        } = core::mem::take(&mut inner.running);
        let clients = u64::from(inner.clients.max(1));
        let second = Second {
            at,
            clients: inner.clients,
            snapshots_per_client: ratio(snapshots, clients),
            bytes_per_snapshot: ratio(frame_bytes, snapshots.max(1)),
            bytes_per_client: ratio(bytes, clients),
            messages_per_client: ratio(messages, clients),
            messages_sent_per_client: ratio(messages_sent, clients),
            input_frames_per_client: ratio(input_frames, clients),
            input_to_visible_ms: self.input_ages.take_percentiles(MICROS_PER_MS),
            frame_age_ms: self.frame_ages.take_percentiles(MICROS_PER_MS),
            closes,
        };
        inner.seconds.push(second);
    }

    /// The seconds that ended.
    pub(crate) fn seconds(&self) -> Vec<Second> {
        self.inner().seconds.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_what_all_bots_saw_in_it() {
        let timeline = Timeline::default();
        timeline.end_second(1.0);
        timeline.entered();
        timeline.entered();
        for _ in 0..30 {
            timeline.message(60);
            timeline.frame(1, 50, Some(20_000), &[70_000]);
        }
        timeline.sent(2);
        timeline.end_second(2.0);
        timeline.closed(true);
        timeline.closed(false);
        timeline.end_second(3.0);
        let seconds = timeline.seconds();
        let empty = Second {
            at: 1.0,
            ..Second::default()
        };
        assert_eq!(seconds[0], empty);
        let numbers = [
            (seconds[1].snapshots_per_client, 15.0),
            (seconds[1].bytes_per_snapshot, 50.0),
            (seconds[1].bytes_per_client, 900.0),
            (seconds[1].messages_per_client, 15.0),
            (seconds[1].messages_sent_per_client, 0.5),
            (seconds[1].input_frames_per_client, 1.0),
        ];
        for (number, expected) in numbers {
            assert!((number - expected).abs() < 1e-9, "{seconds:?}");
        }
        assert!((seconds[1].input_to_visible_ms.p50 - 70.0).abs() < 0.2);
        assert!((seconds[1].frame_age_ms.max - 20.0).abs() < 0.2);
        assert_eq!((seconds[1].clients, seconds[1].closes), (2, 0));
        assert_eq!((seconds[2].clients, seconds[2].closes), (1, 2));
        assert_eq!(seconds[2].frame_age_ms, Percentiles::default());
    }
}
