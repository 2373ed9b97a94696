//! The jitter buffer of one player's input frames: what has come, and for which tick.
//!
//! Answers every frame with a [`Verdict`] and every tick with what to apply. Knows nothing of games,
//! members or messages.

use std::collections::BTreeMap;

use syncline_shared::input::{InputFrame, InputStatus, InputWords};
use syncline_shared::limits::{INPUT_LATE_MICROS_MAX, INPUT_LEAD_TICKS_MAX};
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

use crate::counters::Verdict;

/// How long arrival margins are gathered before the client is told, in microseconds.
const MARGIN_WINDOW_MICROS: u64 = 500_000;

/// The least margin that is left alone, in microseconds: less, and the next delay makes a frame late.
const MARGIN_MICROS_MIN: i64 = 3_000;

/// What a tick applies for one player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenInput {
    /// What was pressed.
    pub words: InputWords,
    /// How it came about; never [`InputStatus::Repeated`] with words of its own.
    pub status: InputStatus,
    /// What the player was looking at, if a frame said so.
    pub view: Option<ViewTick>,
}

/// One player's frames that wait for their ticks.
#[derive(Clone, Debug)]
pub struct InputQueue {
    rate: TickRate,
    /// The next tick to be taken.
    next: Tick,
    /// Frames for `next` and later; at most [`INPUT_LEAD_TICKS_MAX`].
    waiting: BTreeMap<Tick, InputFrame>,
    /// Frames that missed their tick and are merged into `next`, by tick.
    late: BTreeMap<Tick, InputFrame>,
    /// Bit n: a frame for the tick n + 1 before `next` was applied or merged.
    used: u64,
    /// Whether a frame that was too late came since the last tick.
    dropped: bool,
    /// Whether a frame ever came.
    seen: bool,
    margins: Margins,
}

#[derive(Clone, Debug, Default)]
struct Margins {
    since: Option<Timestamp>,
    least: Option<i64>,
}

impl InputQueue {
    /// A queue whose first tick to be taken is `next`.
    pub fn new(rate: TickRate, next: Tick) -> Self {
        Self {
            rate,
            next,
            waiting: BTreeMap::new(),
            late: BTreeMap::new(),
            used: 0,
            dropped: false,
            seen: false,
            margins: Margins::default(),
        }
    }

    /// Whether the player has sent any frame for this match.
    pub fn has_seen_any(&self) -> bool {
        self.seen
    }

    /// Takes in a frame that arrived at `now`, counted from when tick 0 was due.
    pub fn push(&mut self, now: Timestamp, frame: InputFrame) -> Verdict {
        let tick = frame.tick;
        if tick.since(self.next) >= INPUT_LEAD_TICKS_MAX {
            return Verdict::TooEarly;
        }
        self.seen = true;
        self.measure(now, tick);
        if tick < self.next {
            return self.push_late(frame);
        }
        if self.waiting.contains_key(&tick) {
            return Verdict::Duplicate;
        }
        self.waiting.insert(tick, frame);
        Verdict::Queued
    }

    fn push_late(&mut self, frame: InputFrame) -> Verdict {
        let behind = self.next.since(frame.tick);
        let used = behind <= 64 && self.used & (1 << (behind - 1)) != 0;
        if used || self.late.contains_key(&frame.tick) {
            return Verdict::Duplicate;
        }
        if behind > self.rate.ticks_covering(INPUT_LATE_MICROS_MAX) {
            self.dropped = true;
            return Verdict::TooLate;
        }
        self.late.insert(frame.tick, frame);
        Verdict::Late
    }

    /// What the next tick applies, given what the player's previous input was.
    pub fn take(&mut self, schema: &Schema, previous: &InputWords) -> TakenInput {
        let own = self.waiting.remove(&self.next);
        let late = core::mem::take(&mut self.late);
        let mut used = self.used << 1 | u64::from(own.is_some());
        for &tick in late.keys() {
            let behind = self.next.since(tick);
            if behind < 64 {
                used |= 1 << behind;
            }
        }
        self.used = used;
        self.next = self.next.next();
        let dropped = core::mem::take(&mut self.dropped);
        let status = match (&own, late.is_empty(), dropped) {
            (_, false, _) => InputStatus::Merged,
            (Some(_), true, _) => InputStatus::Applied,
            (None, true, true) => InputStatus::Dropped,
            (None, true, false) => InputStatus::Repeated,
        };
        let newest = own.is_none();
        let view = own
            .as_ref()
            .or(late.values().next_back())
            .map(|frame| frame.view);
        let mut words = own.map_or_else(|| previous.clone(), |frame| frame.words);
        for frame in late.values() {
            words.merge_late(&frame.words, schema, newest);
        }
        TakenInput {
            words,
            status,
            view,
        }
    }

    fn measure(&mut self, now: Timestamp, tick: Tick) {
        let margin = self.rate.due(tick).offset_from(now);
        let margins = &mut self.margins;
        margins.since.get_or_insert(now);
        margins.least = Some(margins.least.map_or(margin, |least| least.min(margin)));
    }

    /// The match's time moved: what was measured counts no more.
    pub fn forget_margins(&mut self) {
        self.margins = Margins::default();
    }

    /// The least margin of the window that ended, in milliseconds, if the client should change its
    /// lead for it: it is nearly late, or by more than a tick and a half too early.
    pub fn poll_margin(&mut self, now: Timestamp) -> Option<i32> {
        let since = self.margins.since?;
        if now.since(since) < MARGIN_WINDOW_MICROS {
            return None;
        }
        let least = core::mem::take(&mut self.margins).least?;
        let period = i64::try_from(self.rate.period_micros()).unwrap_or(i64::MAX);
        let comfortable = MARGIN_MICROS_MIN..period + period / 2 + MARGIN_MICROS_MIN;
        if comfortable.contains(&least) {
            return None;
        }
        Some(
            i32::try_from(least.div_euclid(1000)).unwrap_or(if least < 0 {
                i32::MIN
            } else {
                i32::MAX
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::replicated;
    use syncline_shared::schema::SchemaBuilder;

    use super::*;

    replicated! {
        /// A stick and a button.
        #[derive(Clone, Debug, Default, PartialEq)]
        struct Pressed {
            axis: u8 => bits(8),
            fire: bool => flag,
        }
    }

    const RATE: TickRate = TickRate::hz(30);

    fn schema() -> Schema {
        SchemaBuilder::new("test", RATE).input::<Pressed>().build()
    }

    fn frame(tick: u32, axis: u8, fire: bool) -> InputFrame {
        let words = InputWords::of(&Pressed { axis, fire });
        InputFrame {
            tick: Tick(tick),
            view: ViewTick::at(Tick(tick)),
            words,
        }
    }

    fn taken(queue: &mut InputQueue, previous: &mut InputWords) -> (InputStatus, Pressed) {
        let taken = queue.take(&schema(), previous);
        *previous = taken.words.clone();
        (taken.status, taken.words.read())
    }

    #[test]
    fn a_frame_is_applied_at_its_tick_and_then_repeated() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let mut last = InputWords::default();
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(2, 7, true)),
            Verdict::Queued
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(2, 8, true)),
            Verdict::Duplicate
        );
        assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Repeated);
        let seven = Pressed {
            axis: 7,
            fire: true,
        };
        assert_eq!(
            taken(&mut queue, &mut last),
            (InputStatus::Applied, seven.clone())
        );
        assert_eq!(taken(&mut queue, &mut last), (InputStatus::Repeated, seven));
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(2, 9, true)),
            Verdict::Duplicate
        );
    }

    #[test]
    fn a_late_press_is_merged_once_and_its_axis_yields_to_a_newer_frame() {
        let mut queue = InputQueue::new(RATE, Tick(5));
        let mut last = InputWords::of(&Pressed {
            axis: 1,
            fire: false,
        });
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(4, 2, true)),
            Verdict::Late
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(4, 2, true)),
            Verdict::Duplicate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(5, 3, false)),
            Verdict::Queued
        );
        let merged = taken(&mut queue, &mut last);
        assert_eq!(
            merged,
            (
                InputStatus::Merged,
                Pressed {
                    axis: 3,
                    fire: true
                }
            )
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(4, 2, true)),
            Verdict::Duplicate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(3, 9, false)),
            Verdict::Late
        );
        let (status, pressed) = taken(&mut queue, &mut last);
        assert_eq!((status, pressed.axis), (InputStatus::Merged, 9));
    }

    #[test]
    fn what_is_too_late_or_too_early_is_not_kept() {
        let mut queue = InputQueue::new(RATE, Tick(100));
        let mut last = InputWords::default();
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(91, 1, true)),
            Verdict::TooLate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(132, 1, true)),
            Verdict::TooEarly
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(131, 1, true)),
            Verdict::Queued
        );
        assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Dropped);
        assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Repeated);
    }

    /// However many frames a client sends, at most one counts per tick.
    #[test]
    fn four_times_the_frames_move_once() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let mut last = InputWords::default();
        let queued = (0..400)
            .map(|n| queue.push(Timestamp::ZERO, frame(1 + n / 4, 1, false)))
            .filter(|&verdict| verdict == Verdict::Queued)
            .count();
        assert_eq!(queued, 32);
        let applied = (0..100)
            .filter(|_| taken(&mut queue, &mut last).0 == InputStatus::Applied)
            .count();
        assert_eq!(applied, 32);
    }

    #[test]
    fn the_client_is_told_when_its_lead_is_off() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        // A hundred milliseconds early, then ten late.
        queue.push(
            Timestamp(RATE.due(Tick(10)).0 - 100_000),
            frame(10, 0, false),
        );
        assert_eq!(queue.poll_margin(Timestamp(300_000)), None);
        assert_eq!(queue.poll_margin(Timestamp(800_000)), Some(100));
        queue.push(
            Timestamp(RATE.due(Tick(20)).0 + 10_000),
            frame(20, 0, false),
        );
        assert_eq!(queue.poll_margin(Timestamp(1_400_000)), Some(-10));
        queue.push(
            Timestamp(RATE.due(Tick(30)).0 - 20_000),
            frame(30, 0, false),
        );
        assert_eq!(queue.poll_margin(Timestamp(2_400_000)), None);
    }
}
