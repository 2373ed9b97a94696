//! When a room is overloaded, what it then gives up, and when it weighs too much to live with others.
//!
//! Plain numbers in, decisions out: how long ticks took and how late they began. Knows no room, no
//! thread and no clock.
//!
//! What is given up, in this order, and taken back in the other: half of the snapshots, then time.

use syncline_server_core::Relief;
use syncline_shared::tick::Timestamp;

/// How long ticks are watched before something is decided, in microseconds; at least
/// [`WINDOW_TICKS`] of them.
const WINDOW_MICROS: u64 = 500_000;
const WINDOW_TICKS: u64 = 4;

/// Windows in a row with mostly strained ticks until a room gives up something.
const STRAINED_WINDOWS: u32 = 2;

/// Windows in a row without until it takes snapshots back; twice as many if that was too soon the
/// last time, up to the most.
const CALM_WINDOWS: u32 = 2;
const CALM_WINDOWS_MAX: u32 = 32;

/// How soon after it took everything back a room that is overloaded again took it back too soon, in
/// microseconds.
const TOO_SOON_MICROS: u64 = 10_000_000;

/// How much of a slowed period ticks may take, in parts of ten: the rest is for what comes between.
const FILL: u64 = 9;

/// How much of its thread's time may be taken for a room to take snapshots back, in thousandths.
const BUSY_TO_TAKE_BACK: u64 = 700;

/// Periods that a tick is slowed to at the most, and by how many microseconds: much longer, and a
/// room would seem to stand still. What is too late even then is dropped.
const SLOWEST: u64 = 16;
const SLOWED_MICROS_MAX: u64 = 2_000_000;

/// How long a room's ticks take more than half their period until it is heavy, in microseconds.
const HEAVY_MICROS: u64 = 1_000_000;

/// So many ticks in a row that took more than their whole period are enough: others suffer from each.
const HOPELESS_TICKS: u32 = 3;

/// How long they take less than a quarter until it is light, in microseconds.
const LIGHT_MICROS: u64 = 5_000_000;

/// One tick, seen from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenTick {
    /// When it ended.
    pub(super) ended: Timestamp,
    /// How long after it was due it began, in microseconds.
    pub(super) late: u64,
    /// How long it took, in microseconds.
    pub(super) took: u64,
    /// Whether it made a snapshot.
    pub(super) snapshot: bool,
    /// How much of its time the room's thread was busy lately, in thousandths.
    pub(super) busy: u64,
}

/// Watches one room.
#[derive(Clone, Debug)]
pub(super) struct Governor {
    period: u64,
    relief: Relief,
    window: Window,
    strained: u32,
    calm: u32,
    patience: u32,
    /// When everything was taken back the last time.
    restored: Option<Timestamp>,
    /// Ticks a second in the last window, in thousandths.
    pace: u32,
    weight: Weight,
}

/// What was seen since the last decision.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    begun: Timestamp,
    plain: Sum,
    snapshots: Sum,
    /// Ticks that ended after the next one was due.
    strained: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    micros: u64,
}

impl Sum {
    fn mean(self) -> u64 {
        self.micros.checked_div(self.count).unwrap_or(0)
    }
}

/// How much of a thread a room takes.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// What a tick takes, smoothed.
    took: u64,
    /// Ticks in a row that took more than their period.
    hopeless: u32,
    heavy_since: Option<Timestamp>,
    light_since: Option<Timestamp>,
}

impl Governor {
    /// For a room whose ticks are due every `period` microseconds.
    pub(super) fn new(period: u64) -> Self {
        Self {
            period,
            relief: Relief::NONE,
            window: Window::default(),
            strained: 0,
            calm: 0,
            patience: CALM_WINDOWS,
            restored: None,
            pace: 0,
            weight: Weight::default(),
        }
    }

    /// What the room gives up now.
    pub(super) fn relief(&self) -> Relief {
        self.relief
    }

    /// Ticks a second of late, in thousandths; 0 while nothing ticks.
    pub(super) fn pace(&self) -> u32 {
        self.pace
    }

    /// Nothing ticks any more: what was seen says nothing about what comes.
    pub(super) fn rest(&mut self) {
        self.relief = Relief::NONE;
        self.pace = 0;
        self.begin_anew();
    }

    /// The room has another thread: what was seen says nothing about this one.
    pub(super) fn begin_anew(&mut self) {
        self.window = Window::default();
        (self.strained, self.calm) = (0, 0);
        self.weight = Weight::default();
    }

    /// Takes in a tick; whether the relief is another one now.
    pub(super) fn note(&mut self, tick: SeenTick) -> bool {
        self.weight.note(tick, self.period);
        if self.window.begun == Timestamp::ZERO {
            let since = tick.took.max(self.period);
            self.window.begun = Timestamp(tick.ended.0.saturating_sub(since));
        }
        let sum = if tick.snapshot {
            &mut self.window.snapshots
        } else {
            &mut self.window.plain
        };
        sum.count += 1;
        sum.micros += tick.took;
        let strained = tick.late + tick.took > self.period + self.relief.slowed_by;
        self.window.strained += u64::from(strained);
        let ticks = self.window.ticks();
        let passed = tick.ended.since(self.window.begun);
        if passed < WINDOW_MICROS || ticks < WINDOW_TICKS {
            return false;
        }
        self.pace = u32::try_from(ticks * 1_000_000_000 / passed).unwrap_or(u32::MAX);
        let window = core::mem::take(&mut self.window);
        self.window.begun = tick.ended;
        let before = self.relief;
        self.decide(window, tick.ended, tick.busy);
        self.relief != before
    }

    /// Whether the room should have a thread of its own.
    pub(super) fn is_heavy(&self, now: Timestamp) -> bool {
        let since = self.weight.heavy_since;
        self.weight.hopeless >= HOPELESS_TICKS
            || since.is_some_and(|since| now.since(since) >= HEAVY_MICROS)
    }

    /// Whether the room, which has a thread of its own, can live with others again.
    pub(super) fn is_light(&self, now: Timestamp) -> bool {
        let since = self.weight.light_since;
        since.is_some_and(|since| now.since(since) >= LIGHT_MICROS)
    }

    fn decide(&mut self, window: Window, now: Timestamp, busy: u64) {
        if 2 * window.strained > window.ticks() {
            self.calm = 0;
            self.strained += 1;
            // Time that is slowed too little is no relief: that is seen at once.
            if self.strained >= STRAINED_WINDOWS || self.relief.slowed_by > 0 {
                self.strained = 0;
                self.give_up(&window, now);
            }
        } else if 8 * window.strained < window.ticks() {
            self.strained = 0;
            self.calm += 1;
            self.take_back(&window, now, busy);
        } else {
            (self.strained, self.calm) = (0, 0);
        }
    }

    fn give_up(&mut self, window: &Window, now: Timestamp) {
        if !self.relief.fewer_snapshots {
            self.relief.fewer_snapshots = true;
            let soon = |restored: Timestamp| now.since(restored) < TOO_SOON_MICROS;
            self.patience = if self.restored.is_some_and(soon) {
                (2 * self.patience).min(CALM_WINDOWS_MAX)
            } else {
                CALM_WINDOWS
            };
            return;
        }
        let slowed = self.period + self.relief.slowed_by;
        let needed = window.mean() * 10 / FILL;
        self.slow_to(needed.max(slowed * 5 / 4));
    }

    fn take_back(&mut self, window: &Window, now: Timestamp, busy: u64) {
        if self.relief.slowed_by > 0 {
            let slowed = self.period + self.relief.slowed_by;
            // What the room needs, and what its thread needs if all its rooms are like it.
            let needed = (window.mean() * 10 / FILL).max(slowed * busy / (100 * FILL));
            self.slow_to(needed.min(slowed));
            self.calm = 0;
        } else if self.relief.fewer_snapshots
            && self.calm >= self.patience
            && busy + window.more_with_all_snapshots() * 1000 / self.period <= BUSY_TO_TAKE_BACK
        {
            self.relief.fewer_snapshots = false;
            self.restored = Some(now);
        }
    }

    fn slow_to(&mut self, period: u64) {
        let slowed_by = period
            .min(SLOWEST * self.period)
            .saturating_sub(self.period);
        self.relief.slowed_by = slowed_by.min(SLOWED_MICROS_MAX);
    }
}

impl Window {
    fn ticks(&self) -> u64 {
        self.plain.count + self.snapshots.count
    }

    fn mean(&self) -> u64 {
        (self.plain.micros + self.snapshots.micros)
            .checked_div(self.ticks())
            .unwrap_or(0)
    }

    /// What each tick would take more, on average, with twice as many snapshots.
    fn more_with_all_snapshots(&self) -> u64 {
        let each = self.snapshots.mean().saturating_sub(self.plain.mean());
        (each * self.snapshots.count)
            .checked_div(self.ticks())
            .unwrap_or(0)
    }
}

impl Weight {
    fn note(&mut self, tick: SeenTick, period: u64) {
        let keep = |since: Option<Timestamp>, holds: bool| {
            holds.then(|| since.unwrap_or(Timestamp(tick.ended.0.saturating_sub(tick.took))))
        };
        self.took = (self.took * 7 + tick.took) / 8;
        self.hopeless = if tick.took > period {
            self.hopeless + 1
        } else {
            0
        };
        self.heavy_since = keep(self.heavy_since, 2 * self.took > period);
        self.light_since = keep(self.light_since, 4 * self.took < period);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 33_333;
    const SECOND: u64 = 1_000_000;

    /// A room on a thread of its own.
    struct Alone {
        governor: Governor,
        now: Timestamp,
        due: Timestamp,
        tick: u64,
        overruns: u64,
        /// Everything that was given up, one after the other, and when.
        changes: Vec<(&'static str, Timestamp)>,
    }

    impl Alone {
        fn new() -> Self {
            Self {
                governor: Governor::new(PERIOD),
                now: Timestamp(1),
                due: Timestamp(1),
                tick: 0,
                overruns: 0,
                changes: Vec::new(),
            }
        }

        /// Runs for `seconds`; each tick takes `plain`, and `more` if it makes a snapshot.
        fn run(&mut self, seconds: u64, plain: u64, more: u64) {
            let end = self.now.plus_micros(seconds * SECOND);
            while self.now < end {
                self.step(plain, more);
            }
        }

        fn step(&mut self, plain: u64, more: u64) {
            self.tick += 1;
            let relief = self.governor.relief();
            let snapshot = !relief.fewer_snapshots || self.tick.is_multiple_of(2);
            let begun = self.now.max(self.due);
            let mut late = begun.since(self.due);
            let took = plain + if snapshot { more } else { 0 };
            if late >= 4 * PERIOD {
                self.overruns += 1;
                (self.due, late) = (begun, 0);
            }
            self.now = begun.plus_micros(took);
            let slowed = PERIOD + relief.slowed_by;
            self.due = self.due.plus_micros(slowed);
            let busy = (plain + more / 2) * 1000 / slowed;
            let seen = SeenTick {
                ended: self.now,
                late,
                took,
                snapshot,
                busy: busy.min(1000),
            };
            if self.governor.note(seen) {
                let name = self.governor.relief().name();
                if self.changes.last().is_none_or(|&(last, _)| last != name) {
                    self.changes.push((name, self.now));
                }
            }
        }

        fn names(&self) -> Vec<&'static str> {
            self.changes.iter().map(|&(name, _)| name).collect()
        }
    }

    /// The order is the same everywhere, and recovery takes less than five seconds.
    #[test]
    fn a_room_that_takes_half_again_too_long_slows_down_and_recovers() {
        let mut room = Alone::new();
        room.run(5, PERIOD / 10, 0);
        assert_eq!(room.names(), [] as [&str; 0]);
        room.run(5, PERIOD * 3 / 2, 0);
        assert_eq!(room.names(), ["snapshots", "time"]);
        let (overruns, ticks) = (room.overruns, room.tick);
        room.run(25, PERIOD * 3 / 2, 0);
        assert_eq!(room.overruns, overruns, "it needs no time dropped any more");
        // At 0.9 of the period, 18 ticks a second.
        assert!(
            (445..=455).contains(&(room.tick - ticks)),
            "{}",
            room.tick - ticks
        );
        assert_eq!(room.names().len(), 2);
        let gone = room.now;
        room.run(5, PERIOD / 10, 0);
        assert_eq!(room.names()[2..], ["snapshots", "none"]);
        assert!(room.changes[3].1.since(gone) < 3 * SECOND);
        assert!((29_900..30_100).contains(&room.governor.pace()));
    }

    #[test]
    fn a_room_that_copes_with_half_the_snapshots_keeps_its_time() {
        let mut room = Alone::new();
        room.run(60, PERIOD / 5, PERIOD * 9 / 10);
        assert_eq!(
            room.names(),
            ["snapshots"],
            "and does not try again and again"
        );
        room.run(5, PERIOD / 5, PERIOD / 10);
        assert_eq!(room.names(), ["snapshots", "none"]);
    }

    /// Where it can't be foreseen, it is tried ever less often.
    #[test]
    fn a_relapse_makes_patient() {
        let mut room = Alone::new();
        let mut tries = Vec::new();
        for _ in 0..5 {
            while room.governor.relief() == Relief::NONE {
                room.run(1, PERIOD * 6 / 5, 0);
            }
            let begun = room.now;
            while room.governor.relief() != Relief::NONE {
                room.run(1, PERIOD / 5, 0);
            }
            tries.push(room.now.since(begun) / SECOND);
        }
        assert!(tries[4] > 3 * tries[0], "{tries:?}");
    }

    #[test]
    fn a_stall_now_and_then_is_no_overload() {
        let mut room = Alone::new();
        for _ in 0..20 {
            room.run(1, PERIOD / 3, 0);
            room.step(8 * PERIOD, 0);
        }
        assert_eq!(room.names(), [] as [&str; 0]);
        assert_eq!(room.governor.relief(), Relief::NONE);
    }

    #[test]
    fn a_room_is_heavy_after_a_second_and_light_after_five() {
        let mut room = Alone::new();
        room.run(10, PERIOD * 4 / 10, 0);
        assert!(!room.governor.is_heavy(room.now) && !room.governor.is_light(room.now));
        room.run(1, PERIOD * 6 / 10, 0);
        assert!(!room.governor.is_heavy(room.now));
        room.run(1, PERIOD * 6 / 10, 0);
        assert!(room.governor.is_heavy(room.now));
        room.run(4, PERIOD / 10, 0);
        assert!(!room.governor.is_heavy(room.now) && !room.governor.is_light(room.now));
        room.run(3, PERIOD / 10, 0);
        assert!(room.governor.is_light(room.now));
        room.governor.begin_anew();
        for _ in 0..3 {
            assert!(!room.governor.is_heavy(room.now));
            let took = PERIOD + 1;
            room.now = room.now.plus_micros(took);
            let seen = SeenTick {
                ended: room.now,
                late: 0,
                took,
                snapshot: true,
                busy: 1000,
            };
            room.governor.note(seen);
        }
        assert!(
            room.governor.is_heavy(room.now),
            "it need not wait for a second"
        );
    }
}
