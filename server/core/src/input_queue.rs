//! The jitter buffer of one player's input frames: what has come, and for which tick.
//!
//! Answers every frame with a [`Verdict`] and every tick with what to apply. Knows nothing of games,
//! members or messages.
//!
//! A client sends a frame for every tick, or *holds*: each frame then counts until the next one. A
//! tick without a frame is what a holding client means, and nothing that it has to be told of; and
//! its late frame counts from when it comes, however late that is.

use std::collections::{BTreeMap, VecDeque};

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
    waiting: VecDeque<Waiting>,
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
            waiting: VecDeque::new(),
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
        } else {
            self.push_waiting(frame, holds)
        };
        self.newest = self.newest.max(Some(tick));
        verdict
    }

    /// A frame for a tick to come takes its place in their order: nearly always the last.
    fn push_waiting(&mut self, frame: InputFrame, holds: bool) -> Verdict {
        let before = |other: &Waiting| other.frame.tick < frame.tick;
        let place = self.waiting.iter().rposition(before);
        let place = place.map_or(0, |last| last + 1);
        let there = self.waiting.get(place);
        if there.is_some_and(|there| there.frame.tick == frame.tick) {
            return Verdict::Duplicate;
        }
        self.waiting.insert(place, Waiting { frame, holds });
        Verdict::Queued
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
        let own = self.waiting.pop_front_if(|first| first.frame.tick == tick);
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
mod tests;
