//! The jitter buffer of one player's input frames: what has come, and for which tick.
//!
//! Answers every frame with a [`Verdict`] and every tick with what to apply. Knows nothing of games,
//! members or messages.
//!
//! A client sends a frame for every tick, or *holds*: each frame then counts until the next one. A
//! tick without a frame is what a holding client means, and nothing that it has to be told of; and
//! its late frame counts from when it comes, however late that is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use syncline_shared::input::{InputFrame, InputStatus, InputWords};
use syncline_shared::limits::{INPUT_LATE_MICROS_MAX, INPUT_LEAD_TICKS_MAX};
use syncline_shared::schema::Schema;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

use crate::counters::Verdict;

/// How long arrival margins are gathered before the client is told, in microseconds.
const MARGIN_WINDOW_MICROS: u64 = 500_000;

/// How many frames have to have come early before the client is told to lead by less: one late frame
/// proves that the lead is short, but a few early ones may have been lucky.
const EARLY_SAMPLES_MIN: u32 = 8;

/// After how long few will do, in microseconds: a client that holds its input sends two a second.
const EARLY_WINDOW_MICROS: u64 = 4_000_000;

/// The least margin that is left alone, in microseconds: less, and the next delay makes a frame late.
const MARGIN_MICROS_MIN: i64 = 3_000;

/// What a tick applies for one player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenInput {
    /// What was pressed.
    pub words: InputWords,
    /// How it came about; never [`InputStatus::Repeated`] with words of its own.
    pub status: InputStatus,
    /// Whether the client takes a repetition for granted: it has sent nothing yet, or holds.
    pub assumed: bool,
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
    waiting: BTreeMap<Tick, Waiting>,
    /// Frames that missed their tick and are merged into `next`, by tick.
    late: BTreeMap<Tick, Waiting>,
    /// Bit n: a frame for the tick n + 1 before `next` was applied or merged.
    used: u64,
    /// Whether a frame that was too late came since the last tick.
    dropped: bool,
    /// The tick of the newest frame that came and was not refused.
    newest: Option<Tick>,
    /// What the client holds, if it does.
    held: Option<Held>,
    margins: Margins,
}

/// A frame, and whether it counts until the next one.
#[derive(Clone, Debug)]
struct Waiting {
    frame: InputFrame,
    holds: bool,
}

#[derive(Clone, Debug)]
struct Held {
    words: InputWords,
    /// From which tick on nothing else was applied; `None` while something else is.
    since: Option<Tick>,
}

#[derive(Clone, Debug, Default)]
struct Margins {
    since: Option<Timestamp>,
    least: Option<i64>,
    count: u32,
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
            newest: None,
            held: None,
            margins: Margins::default(),
        }
    }

    /// Takes in a frame that arrived at `now`, counted from when tick 0 was due. `holds` says that
    /// it counts until the next one.
    pub fn push(&mut self, now: Timestamp, frame: InputFrame, holds: bool) -> Verdict {
        let tick = frame.tick;
        if tick.since(self.next) >= INPUT_LEAD_TICKS_MAX {
            return Verdict::TooEarly;
        }
        self.measure(now, tick);
        let verdict = if tick < self.next {
            self.push_late(frame, holds)
        } else if let Entry::Vacant(place) = self.waiting.entry(tick) {
            place.insert(Waiting { frame, holds });
            Verdict::Queued
        } else {
            Verdict::Duplicate
        };
        self.newest = self.newest.max(Some(tick));
        verdict
    }

    fn push_late(&mut self, frame: InputFrame, holds: bool) -> Verdict {
        let tick = frame.tick;
        let behind = self.next.since(tick);
        let used = behind <= 64 && self.used & (1 << (behind - 1)) != 0;
        if used || self.late.contains_key(&tick) {
            return Verdict::Duplicate;
        }
        let is_newest = self.newest.is_none_or(|newest| tick > newest);
        let too_late = behind > self.rate.ticks_covering(INPUT_LATE_MICROS_MAX);
        if holds && is_newest && (too_late || self.was_applied(&frame)) {
            // A press so old is over, but what the client holds is what it means now; and what was
            // applied anyway must not be pressed once more.
            if too_late {
                let words = frame.words;
                self.held = Some(Held { words, since: None });
            }
            if behind <= 64 {
                self.used |= 1 << (behind - 1);
            }
            return Verdict::Late;
        }
        if too_late {
            self.dropped = true;
            return Verdict::TooLate;
        }
        self.late.insert(tick, Waiting { frame, holds });
        Verdict::Late
    }

    /// Whether just this was applied from the tick of `frame` on, because the client held it.
    fn was_applied(&self, frame: &InputFrame) -> bool {
        let held = self.held.as_ref().filter(|_| self.late.is_empty());
        held.is_some_and(|held| {
            held.words == frame.words && held.since.is_some_and(|since| since <= frame.tick)
        })
    }

    /// What the next tick applies, given what the player's previous input was.
    pub fn take(&mut self, schema: &Schema, previous: &InputWords) -> TakenInput {
        let tick = self.next;
        let own = self.waiting.remove(&tick);
        let late = core::mem::take(&mut self.late);
        self.use_up(own.is_some(), late.keys());
        let dropped = core::mem::take(&mut self.dropped);
        let assumed = self.newest.is_none() || self.held.is_some();
        let view = own
            .as_ref()
            .or(late.values().next_back())
            .map(|known| known.frame.view);
        if let Some(newest) = own.as_ref().or(late.values().next_back()) {
            let words = newest.frame.words.clone();
            self.held = newest.holds.then_some(Held { words, since: None });
        }
        let has_own = own.is_some();
        let held = self.held.as_ref().map(|held| &held.words);
        let mut words = own.map_or_else(
            || held.filter(|_| late.is_empty()).unwrap_or(previous).clone(),
            |own| own.frame.words,
        );
        for known in late.values() {
            words.merge_late(&known.frame.words, schema, !has_own);
        }
        let status = if !late.is_empty() {
            InputStatus::Merged
        } else if has_own {
            InputStatus::Applied
        } else if words != *previous {
            // What is held came too late for its own tick, or something was merged into it.
            InputStatus::Merged
        } else if dropped {
            InputStatus::Dropped
        } else {
            InputStatus::Repeated
        };
        if let Some(held) = &mut self.held {
            let since = held.since.unwrap_or(tick);
            held.since = (held.words == words).then_some(since);
        }
        TakenInput {
            words,
            status,
            assumed,
            view,
        }
    }

    /// The next tick is taken, with a frame of its own or not, and with those that were late.
    fn use_up<'a>(&mut self, own: bool, late: impl Iterator<Item = &'a Tick>) {
        let mut used = self.used << 1 | u64::from(own);
        for &tick in late {
            let behind = self.next.since(tick);
            if behind < 64 {
                used |= 1 << behind;
            }
        }
        self.used = used;
        self.next = self.next.next();
    }

    fn measure(&mut self, now: Timestamp, tick: Tick) {
        let margin = self.rate.due(tick).offset_from(now);
        let margins = &mut self.margins;
        margins.since.get_or_insert(now);
        margins.least = Some(margins.least.map_or(margin, |least| least.min(margin)));
        margins.count = margins.count.saturating_add(1);
    }

    /// The match's time moved: what was measured counts no more.
    pub fn forget_margins(&mut self) {
        self.margins = Margins::default();
    }

    /// The least margin of the window that ended, in milliseconds, if the client should change its
    /// lead for it: it is nearly late, or by more than a tick and a half too early.
    pub fn poll_margin(&mut self, now: Timestamp) -> Option<i32> {
        let Margins {
            since,
            least,
            count,
        } = self.margins;
        let (window, least) = (now.since(since?), least?);
        if window < MARGIN_WINDOW_MICROS {
            return None;
        }
        let period = i64::try_from(self.rate.period_micros()).unwrap_or(i64::MAX);
        let early = period + period / 2 + MARGIN_MICROS_MIN;
        let proved = count >= EARLY_SAMPLES_MIN || window >= EARLY_WINDOW_MICROS;
        if least >= early && !proved {
            return None;
        }
        self.forget_margins();
        if (MARGIN_MICROS_MIN..early).contains(&least) {
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
    use proptest::prelude::*;
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
            queue.push(Timestamp::ZERO, frame(2, 7, true), false),
            Verdict::Queued
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(2, 8, true), false),
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
            queue.push(Timestamp::ZERO, frame(2, 9, true), false),
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
            queue.push(Timestamp::ZERO, frame(4, 2, true), false),
            Verdict::Late
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(4, 2, true), false),
            Verdict::Duplicate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(5, 3, false), false),
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
            queue.push(Timestamp::ZERO, frame(4, 2, true), false),
            Verdict::Duplicate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(3, 9, false), false),
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
            queue.push(Timestamp::ZERO, frame(91, 1, true), false),
            Verdict::TooLate
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(132, 1, true), false),
            Verdict::TooEarly
        );
        assert_eq!(
            queue.push(Timestamp::ZERO, frame(131, 1, true), false),
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
            .map(|n| queue.push(Timestamp::ZERO, frame(1 + n / 4, 1, false), false))
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
        for tick in 10..18 {
            let arrives = Timestamp(RATE.due(Tick(tick)).0 - 100_000);
            queue.push(arrives, frame(tick, 0, false), false);
        }
        assert_eq!(queue.poll_margin(Timestamp(300_000)), None);
        assert_eq!(queue.poll_margin(Timestamp(800_000)), Some(100));
        queue.push(
            Timestamp(RATE.due(Tick(20)).0 + 10_000),
            frame(20, 0, false),
            false,
        );
        assert_eq!(queue.poll_margin(Timestamp(1_400_000)), Some(-10));
        queue.push(
            Timestamp(RATE.due(Tick(30)).0 - 20_000),
            frame(30, 0, false),
            false,
        );
        assert_eq!(queue.poll_margin(Timestamp(2_400_000)), None);
    }

    #[test]
    fn what_is_held_counts_until_something_else_comes() {
        use InputStatus::{Applied, Repeated};

        let mut queue = InputQueue::new(RATE, Tick(1));
        let mut last = InputWords::default();
        queue.push(Timestamp::ZERO, frame(2, 7, true), true);
        queue.push(Timestamp::ZERO, frame(6, 8, false), true);
        let taken: Vec<_> = (1..8)
            .map(|_| {
                let taken = queue.take(&schema(), &last);
                last.clone_from(&taken.words);
                (taken.status, taken.assumed)
            })
            .collect();
        let assumed: Vec<_> = taken
            .iter()
            .filter(|(status, _)| *status == Repeated)
            .collect();
        assert!(
            assumed[1..].iter().all(|(_, assumed)| *assumed),
            "{taken:?}"
        );
        let statuses: Vec<_> = taken.into_iter().map(|(status, _)| status).collect();
        let expected = [
            Repeated, Applied, Repeated, Repeated, Repeated, Applied, Repeated,
        ];
        assert_eq!(statuses, expected);
        assert_eq!(last.read::<Pressed>().axis, 8);
    }

    #[test]
    fn who_does_not_hold_is_told_of_repetitions() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let last = InputWords::default();
        assert!(queue.take(&schema(), &last).assumed);
        queue.push(Timestamp::ZERO, frame(2, 7, true), true);
        queue.push(Timestamp::ZERO, frame(3, 7, true), false);
        let taken: Vec<_> = (2..6)
            .map(|_| queue.take(&schema(), &last).assumed)
            .collect();
        assert_eq!(taken, [false, true, false, false]);
    }

    /// A press that came and went before the server heard of it is felt for one tick.
    #[test]
    fn a_change_that_comes_late_counts_from_then_on() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let mut last = InputWords::default();
        queue.push(Timestamp::ZERO, frame(1, 1, false), true);
        for _ in 1..5 {
            taken(&mut queue, &mut last);
        }
        for late in [frame(3, 2, true), frame(4, 3, false)] {
            assert_eq!(queue.push(Timestamp::ZERO, late, true), Verdict::Late);
        }
        let pressed = |axis, fire| Pressed { axis, fire };
        let merged = (InputStatus::Merged, pressed(3, true));
        assert_eq!(taken(&mut queue, &mut last), merged);
        let let_go = (InputStatus::Merged, pressed(3, false));
        assert_eq!(taken(&mut queue, &mut last), let_go);
        let held = (InputStatus::Repeated, pressed(3, false));
        assert_eq!(taken(&mut queue, &mut last), held);
    }

    /// However late: it is what the client means now. A press from then is over.
    #[test]
    fn a_held_frame_is_never_too_late() {
        let mut queue = InputQueue::new(RATE, Tick(100));
        let mut last = InputWords::of(&Pressed {
            axis: 1,
            fire: false,
        });
        for late in [frame(90, 2, true), frame(91, 3, false)] {
            assert_eq!(queue.push(Timestamp::ZERO, late, true), Verdict::Late);
        }
        let three = Pressed {
            axis: 3,
            fire: false,
        };
        assert_eq!(
            taken(&mut queue, &mut last),
            (InputStatus::Merged, three.clone())
        );
        assert_eq!(taken(&mut queue, &mut last), (InputStatus::Repeated, three));
    }

    /// What is held and said again too late was applied all the same.
    #[test]
    fn a_late_heartbeat_presses_nothing_again() {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let mut last = InputWords::default();
        queue.push(Timestamp::ZERO, frame(1, 1, true), true);
        for _ in 1..5 {
            taken(&mut queue, &mut last);
        }
        for late in [frame(3, 1, true), frame(3, 1, true)] {
            queue.push(Timestamp::ZERO, late, true);
        }
        queue.push(Timestamp::ZERO, frame(5, 1, false), true);
        let released = Pressed {
            axis: 1,
            fire: false,
        };
        assert_eq!(
            taken(&mut queue, &mut last),
            (InputStatus::Applied, released)
        );
    }

    #[test]
    fn a_few_early_frames_prove_nothing_and_one_late_frame_does() {
        let early = |queue: &mut InputQueue, tick| {
            let arrives = Timestamp(RATE.due(Tick(tick)).0 - 100_000);
            queue.push(arrives, frame(tick, 0, false), true);
            arrives
        };
        let mut queue = InputQueue::new(RATE, Tick(1));
        let first = early(&mut queue, 10);
        early(&mut queue, 25);
        assert_eq!(queue.poll_margin(first.plus_micros(3_000_000)), None);
        assert_eq!(queue.poll_margin(first.plus_micros(4_000_000)), Some(100));
        let first = early(&mut queue, 10);
        for tick in 11..17 {
            early(&mut queue, tick);
        }
        assert_eq!(queue.poll_margin(first.plus_micros(600_000)), None);
        early(&mut queue, 17);
        assert_eq!(queue.poll_margin(first.plus_micros(600_000)), Some(100));
        let first = early(&mut queue, 10);
        let late = Timestamp(RATE.due(Tick(12)).0 + 10_000);
        queue.push(late, frame(12, 0, false), true);
        assert_eq!(queue.poll_margin(first.plus_micros(600_000)), Some(-10));
    }

    proptest! {
        /// Changes and heartbeats come in order, in time or late. A client that knows its frames
        /// and the statuses knows what was applied, but for ticks after a merge; and the change
        /// that came last is what is held.
        #[test]
        fn a_holding_client_knows_what_was_applied(
            sent in prop::collection::vec((1u32..20, 0u32..12, 0u8..3, any::<bool>()), 1..40),
        ) {
            let mut queue = InputQueue::new(RATE, Tick(1));
            let (mut tick, mut arrival) = (0, 0);
            let frames: Vec<_> = sent
                .into_iter()
                .map(|(gap, delay, axis, fire)| {
                    tick += gap;
                    // Before its tick is taken at the earliest, and behind the frame before it.
                    arrival = arrival.max((tick + delay).saturating_sub(4));
                    (arrival, frame(tick, axis, fire))
                })
                .collect();
            let mut last = InputWords::of(&Pressed::default());
            let mut known: Option<InputWords> = None;
            let mut coming = frames.iter().peekable();
            for tick in 1..=arrival.max(tick) + 3 {
                while let Some((_, frame)) = coming.next_if(|(at, _)| *at < tick) {
                    queue.push(Timestamp::ZERO, frame.clone(), true);
                }
                let TakenInput { words, status, .. } = queue.take(&schema(), &last);
                last.clone_from(&words);
                let stamped = frames.iter().find(|(_, frame)| frame.tick.0 == tick);
                match (status, stamped) {
                    (InputStatus::Applied, stamped) => {
                        known = Some(stamped.expect("it was sent").1.words.clone());
                        prop_assert_eq!(known.as_ref(), Some(&words));
                    }
                    (InputStatus::Merged, _) => known = None,
                    (InputStatus::Repeated, _) => {
                        prop_assert!(known.as_ref().is_none_or(|known| *known == words));
                    }
                    (InputStatus::Dropped, _) => prop_assert!(false, "nothing is dropped"),
                }
            }
            prop_assert_eq!(&last, &frames.last().expect("one at least").1.words);
        }
    }
}
