//! Whether one bot got the snapshots that were due.
//!
//! Counts the snapshot ticks that frames cover against those that were due by the wall clock, from
//! two seconds after a join on. Time in which the bot itself was frozen, or no match ran, doesn't
//! count; time in which nothing came though a match ran does, also before the first frame. Reads no
//! clock.

use syncline_shared::limits::SILENCE_MICROS_MAX;
use syncline_shared::tick::{TickRate, Timestamp};

/// After a join, how long until frames count, in microseconds.
pub(crate) const WARM_UP_MICROS: u64 = 2_000_000;

/// A frame that is older than this when it comes is late, in microseconds.
const LATE_MICROS: u64 = 1_000_000;

/// A frame that is younger than this is the present again after a stall, in microseconds. Well below
/// what is late: what waited in the socket and what waited at the server come one after the other.
const FRESH_MICROS: u64 = LATE_MICROS / 2;

/// For how long nothing may come at the end, or once warm, before it is held against the server, in microseconds:
/// a silence, and a delay that is no lateness.
const TRAILING_MICROS_MAX: u64 = SILENCE_MICROS_MAX + 250_000;

/// The measurement of one bot.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    pace: Option<Pace>,
    state: State,
    result: RateResult,
}

/// How often snapshots are due.
#[derive(Clone, Copy, Debug)]
struct Pace {
    rate: TickRate,
    interval: u64,
}

/// ```text
///            joined, thawed          a frame, once warm
///   Closed ─────────────────► Warming ─────────────────► Open
///     ▲                          │                        │
///     └──────────────────────────┴────────────────────────┘ frozen, ended, cut
/// ```
#[derive(Debug, Default)]
enum State {
    /// Nothing is due.
    #[default]
    Closed,
    /// Frames count from this time on; after a stall earlier, once one is fresh.
    Warming { until: Timestamp, stalled: bool },
    /// Frames count.
    Open {
        from: Timestamp,
        newest: Timestamp,
        heard: Timestamp,
        covered: u64,
    },
}

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RateResult {
    /// Snapshot ticks that were due.
    pub(crate) due: u64,
    /// Those of them that frames covered.
    pub(crate) covered: u64,
    /// Frames that came more than a second late.
    pub(crate) late: u64,
    /// For how long was measured, in microseconds.
    pub(crate) micros: u64,
}

impl RateResult {
    /// How much of what was due came, in percent.
    pub(crate) fn percent(&self) -> f64 {
        if self.due == 0 {
            100.0
        } else {
            (ratio(self.covered, self.due) * 100.0).min(100.0)
        }
    }

    /// Whether the rate was held: nearly everything came, and nothing late.
    pub(crate) fn is_held(&self) -> bool {
        self.covered * 100 >= self.due * 99 && self.late == 0
    }
}

/// One number as a share of another.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and microseconds are below 2^53"
    )]
    let (part, whole) = (part as f64, whole as f64);
    part / whole
}

impl RateMeter {
    /// The bot joined a running match.
    pub(crate) fn joined(&mut self, now: Timestamp, rate: TickRate, interval: u8) {
        self.close(now);
        self.pace = Some(Pace {
            rate,
            interval: u64::from(interval.max(1)),
        });
        self.state = State::Warming {
            until: now.plus_micros(WARM_UP_MICROS),
            stalled: false,
        };
    }

    /// A frame came that covers so many snapshot ticks, the last of which was due `age` ago.
    pub(crate) fn frame(&mut self, now: Timestamp, snapshots: u32, age: u64) {
        let due = Timestamp(now.0.saturating_sub(age));
        match &mut self.state {
            State::Closed => {}
            State::Warming { until, stalled } => {
                if now >= *until || (*stalled && age < FRESH_MICROS) {
                    let until = *until;
                    self.missed(until, now, due);
                    self.result.late += u64::from(age > LATE_MICROS);
                    self.state = State::Open {
                        from: due,
                        newest: due,
                        heard: now,
                        covered: 0,
                    };
                }
            }
            State::Open {
                newest,
                heard,
                covered,
                ..
            } => {
                *newest = due.max(*newest);
                *heard = now;
                *covered += u64::from(snapshots);
                self.result.late += u64::from(age > LATE_MICROS);
            }
        }
    }

    /// Whether frames count now.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The bot froze: what was due before still counts.
    pub(crate) fn close(&mut self, now: Timestamp) {
        match core::mem::take(&mut self.state) {
            State::Closed => {}
            State::Warming { until, .. } => self.missed(until, now, now),
            State::Open {
                from,
                newest,
                heard,
                covered,
            } => {
                let end = if now.since(heard) > TRAILING_MICROS_MAX {
                    now
                } else {
                    newest
                };
                self.count(end.since(from), covered);
            }
        }
    }

    /// No match runs any more: nothing is due until the next, whether the bot freezes or not.
    pub(crate) fn ended(&mut self, now: Timestamp) {
        self.close(now);
        self.pace = None;
    }

    /// The bot thawed: it has a second to catch up.
    pub(crate) fn thawed(&mut self, now: Timestamp) {
        if self.pace.is_some() {
            self.state = State::Warming {
                until: now.plus_micros(LATE_MICROS),
                stalled: true,
            };
        }
    }

    /// It is over.
    pub(crate) fn finish(&mut self, now: Timestamp) -> RateResult {
        self.close(now);
        self.result
    }

    /// Counts what was due from the end of warming to `end`, if by now more time has passed than
    /// may pass without a frame.
    fn missed(&mut self, warm: Timestamp, now: Timestamp, end: Timestamp) {
        if now.since(warm) > TRAILING_MICROS_MAX {
            self.count(end.since(warm), 0);
        }
    }

    fn count(&mut self, micros: u64, covered: u64) {
        let Some(pace) = self.pace else {
            return;
        };
        // To the nearest: both ends are known to a fraction of a tick.
        let step = 1_000_000 * pace.interval;
        let due = (micros * u64::from(pace.rate.as_hz()) + step / 2) / step;
        self.result.due += due;
        self.result.covered += covered.min(due);
        self.result.micros += micros;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: TickRate = TickRate::hz(30);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Frames of ticks `from..to`, each 40 ms after it was due.
    fn frames(meter: &mut RateMeter, from: u32, to: u32) {
        for tick in from..to {
            let due = RATE.due(syncline_shared::tick::Tick(tick));
            meter.frame(due.plus_micros(40_000), 1, 40_000);
        }
    }

    fn joined() -> RateMeter {
        let mut meter = RateMeter::default();
        meter.joined(Timestamp::ZERO, RATE, 1);
        meter
    }

    #[test]
    fn a_steady_rate_is_held_to_the_tick() {
        let mut meter = joined();
        frames(&mut meter, 0, 300);
        let result = meter.finish(at(10_000));
        // The first to count is that of tick 59, 1.967 + 0.04 s after the join.
        assert_eq!((result.due, result.covered, result.late), (240, 240, 0));
        assert!(result.is_held());
    }

    #[test]
    fn what_does_not_come_is_missed() {
        let mut meter = joined();
        frames(&mut meter, 0, 200);
        frames(&mut meter, 203, 300);
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (240, 237));
        assert!(!result.is_held());
    }

    #[test]
    fn a_silent_frame_covers_what_it_is_silent_about() {
        let mut meter = joined();
        frames(&mut meter, 0, 200);
        meter.frame(at(6_900), 7, 0);
        frames(&mut meter, 207, 300);
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (240, 240));
    }

    #[test]
    fn a_server_that_stops_is_noticed() {
        let mut meter = joined();
        frames(&mut meter, 0, 150);
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (241, 90));
        let mut meter = joined();
        frames(&mut meter, 0, 30);
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (240, 0));
    }

    #[test]
    fn an_outage_that_begins_while_warming_is_missed() {
        // Frames come again, so late that the meter was warm long ago.
        let mut meter = joined();
        frames(&mut meter, 0, 30);
        frames(&mut meter, 390, 480);
        let result = meter.finish(at(16_000));
        assert_eq!((result.due, result.covered), (330 + 89, 89));
        assert!(!result.is_held());
        // The connection ends, the bot freezes, or another match begins before any comes.
        let ends: [fn(&mut RateMeter); 3] = [
            |meter| meter.ended(at(12_000)),
            |meter| meter.close(at(12_000)),
            |meter| meter.joined(at(12_000), RATE, 1),
        ];
        for end in ends {
            let mut meter = joined();
            frames(&mut meter, 0, 30);
            end(&mut meter);
            let result = meter.finish(at(12_000));
            assert_eq!((result.due, result.covered), (300, 0));
        }
    }

    #[test]
    fn a_silence_when_it_gets_warm_is_no_outage() {
        let mut meter = joined();
        frames(&mut meter, 0, 59);
        meter.frame(at(2_240), 8, 40_000);
        frames(&mut meter, 67, 300);
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (233, 233));
    }

    #[test]
    fn the_frame_that_opens_the_measurement_may_be_late() {
        let mut meter = joined();
        meter.frame(at(2_100), 1, 1_100_000);
        let result = meter.finish(at(2_100));
        assert_eq!(result.late, 1);
        assert!(!result.is_held());
    }

    #[test]
    fn late_frames_are_counted() {
        let mut meter = joined();
        frames(&mut meter, 0, 100);
        meter.frame(at(4_500), 1, 1_100_000);
        let result = meter.finish(at(4_500));
        assert_eq!(result.late, 1);
        assert!(!result.is_held());
    }

    #[test]
    fn a_stall_of_its_own_is_not_held_against_the_server() {
        let mut meter = joined();
        frames(&mut meter, 0, 100);
        meter.close(at(3_360));
        meter.thawed(at(5_360));
        // The backlog: old frames, then the present.
        for _ in 0..20 {
            meter.frame(at(5_370), 1, 1_500_000);
        }
        meter.frame(at(5_450), 40, 40_000);
        frames(&mut meter, 163, 300);
        let result = meter.finish(at(10_000));
        assert!(result.is_held(), "{result:?}");
        assert_eq!(result.late, 0);
        assert!(result.due > 170);
    }

    #[test]
    fn between_matches_nothing_is_due() {
        let mut meter = joined();
        frames(&mut meter, 0, 100);
        meter.ended(at(3_400));
        // Freezing in the lobby makes nothing due either.
        meter.close(at(10_000));
        meter.thawed(at(12_000));
        let result = meter.finish(at(60_000));
        assert_eq!((result.due, result.covered), (40, 40));
        assert!(result.is_held());
        assert_eq!(RateMeter::default().finish(at(1000)), RateResult::default());
    }

    #[test]
    fn a_slower_snapshot_rate_has_fewer_due() {
        let mut meter = RateMeter::default();
        meter.joined(Timestamp::ZERO, RATE, 3);
        for tick in (0..300).step_by(3) {
            let due = RATE.due(syncline_shared::tick::Tick(tick));
            meter.frame(due, 1, 0);
        }
        let result = meter.finish(at(10_000));
        assert_eq!((result.due, result.covered), (79, 79));
    }
}
