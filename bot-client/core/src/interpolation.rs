//! Where in the past to draw others, so that there is a frame on either side of the moment drawn.
//!
//! Frames arrive unevenly. The delay covers the unevenness seen of late and one snapshot interval:
//! it grows at once when a frame comes late and shrinks slowly when the path is calm.

use core::f64::consts::TAU;

use syncline_shared::schema::FieldKind;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

/// The most others are drawn in the past beyond the interval, in microseconds: past this a stutter
/// is the lesser evil.
const SPREAD_MICROS_MAX: u64 = 500_000;

/// Every frame, the covered unevenness shrinks by one part in this many.
const CALM: u64 = 256;

/// How fast the drawn moment may catch up or fall behind: one part in this many of the time passed.
const SLEW: u64 = 16;

/// How long without a frame until the next one starts anew, in microseconds.
const GAP_MICROS_MAX: u64 = 1_000_000;

/// The adaptive delay of one client.
#[derive(Clone, Debug)]
pub struct Interpolation {
    rate: TickRate,
    interval: u32,
    path: Option<Path>,
    /// The moment drawn last, so that it never goes back.
    drawn: Option<(Timestamp, Timestamp)>,
}

/// What frames told about the path from the server.
#[derive(Clone, Copy, Debug)]
struct Path {
    /// What our clock shows when a frame that came quickly arrives, less the frame's time.
    quickest: i64,
    /// By how much frames of late exceeded that, in microseconds.
    spread: u64,
    heard: Timestamp,
}

impl Interpolation {
    /// For frames that are `interval` ticks apart.
    pub fn new(rate: TickRate, interval: u32) -> Self {
        Self {
            rate,
            interval: interval.max(1),
            path: None,
            drawn: None,
        }
    }

    /// Forgets the path, because another match has begun.
    pub fn restart(&mut self) {
        self.path = None;
        self.drawn = None;
    }

    /// The frame of `tick` arrived, `span` ticks after the one before: an overloaded server sends
    /// them less often.
    pub fn arrived(&mut self, now: Timestamp, tick: Tick, span: u32) {
        self.interval = span.max(1);
        let offset = now.offset_from(self.rate.due(tick));
        let known = self
            .path
            .filter(|path| now.since(path.heard) <= GAP_MICROS_MAX);
        let Some(path) = known else {
            self.path = Some(Path {
                quickest: offset,
                spread: 0,
                heard: now,
            });
            return;
        };
        // The base creeps up, so that a path that became longer for good is learned.
        let excess = offset.saturating_sub(path.quickest);
        let creep = excess.max(0) / i64::try_from(CALM).unwrap_or(i64::MAX);
        // What is later than can be covered is no stutter: the server's time is another, or goes
        // more slowly.
        let coverable = offset.saturating_sub_unsigned(SPREAD_MICROS_MAX);
        let quickest = path.quickest.saturating_add(creep);
        let quickest = quickest.max(coverable).min(offset);
        let late = u64::try_from(excess).unwrap_or(0);
        let calm = path.spread - path.spread / CALM;
        let spread = calm.max(late).min(SPREAD_MICROS_MAX);
        self.path = Some(Path {
            quickest,
            spread,
            heard: now,
        });
    }

    /// How far behind the quickest frame others are drawn, in microseconds.
    pub fn delay(&self) -> u64 {
        let interval = self.rate.due(Tick(self.interval)).0;
        interval + self.path.map_or(0, |path| path.spread)
    }

    /// The moment to draw at `now`; `None` before the first frame. It never goes back, and it
    /// changes its pace by a few percent at most, unless the server's time has changed its own.
    pub fn view(&mut self, now: Timestamp) -> Option<ViewTick> {
        let path = self.path?;
        let behind = i64::try_from(self.delay()).unwrap_or(i64::MAX);
        let offset = path.quickest.saturating_add(behind);
        let wanted = Timestamp(now.0.saturating_add_signed(offset.saturating_neg()));
        let moment = match self.drawn {
            Some((at, drawn)) if wanted.0.abs_diff(drawn.0 + now.since(at)) < GAP_MICROS_MAX => {
                let passed = now.since(at);
                let pace = drawn.0 + passed;
                // Where frames come ever later, their time goes more slowly, and so must the view.
                let slowest = if path.spread == SPREAD_MICROS_MAX {
                    drawn.0 + passed / 4
                } else {
                    pace - passed / SLEW
                };
                Timestamp(wanted.0.clamp(slowest, pace + passed / SLEW))
            }
            Some((_, drawn)) => drawn.max(wanted),
            None => wanted,
        };
        self.drawn = Some((now, moment));
        Some(self.tick_of(moment))
    }

    fn tick_of(&self, moment: Timestamp) -> ViewTick {
        let rate = u128::from(self.rate.as_hz()) * u128::from(ViewTick::EIGHTHS);
        let eighths = u128::from(moment.0) * rate / 1_000_000;
        ViewTick(u64::try_from(eighths).unwrap_or(u64::MAX))
    }
}

/// The word between `from` and `to`, in steps from word 0: a number between its neighbours, an
/// angle along the shorter way. What can't lie between (a flag, a counter) is `from`.
pub fn blend(kind: FieldKind, from: u32, to: u32, fraction: f64) -> f64 {
    match kind {
        FieldKind::Fixed { .. } => f64::from(from) + (f64::from(to) - f64::from(from)) * fraction,
        FieldKind::Angle(bits) => {
            let turn = f64::from(1u32 << bits.min(16));
            let way = (f64::from(to) - f64::from(from) + turn * 1.5) % turn - turn * 0.5;
            (f64::from(from) + way * fraction + turn) % turn
        }
        FieldKind::Bool
        | FieldKind::Bits(_)
        | FieldKind::Quaternion(_)
        | FieldKind::Counter
        | FieldKind::Entity => f64::from(from),
    }
}

/// An angle in steps as radians.
pub fn radians(steps: f64, bits: u8) -> f64 {
    steps / f64::from(1u32 << bits.min(16)) * TAU
}

#[cfg(test)]
mod tests {
    use syncline_shared::rng::Rng;

    use super::*;

    const RATE: TickRate = TickRate::hz(30);

    /// Frames for `ticks` ticks whose way takes 50 ms and up to `jitter` more, in order; tells for
    /// how many of the moments drawn, once warm, the next frame had not arrived.
    fn starved(jitter: u32, ticks: u32, interpolation: &mut Interpolation) -> u32 {
        let mut rng = Rng::from_seed(3);
        let mut starved = 0;
        let mut last = Timestamp::ZERO;
        for tick in 1..=ticks {
            let way = 50_000 + u64::from(rng.below(jitter.max(1)));
            let arrival = RATE.due(Tick(tick)).plus_micros(way).max(last);
            // Just before a frame arrives is when its absence would show.
            let drawn = interpolation.view(arrival);
            if tick > 100 && drawn.unwrap() > ViewTick::at(Tick(tick - 1)) {
                starved += 1;
            }
            interpolation.arrived(arrival, Tick(tick), 1);
            last = arrival;
        }
        starved
    }

    #[test]
    fn a_calm_path_is_drawn_one_interval_behind() {
        let mut interpolation = Interpolation::new(RATE, 1);
        assert_eq!(starved(0, 300, &mut interpolation), 0);
        assert!(
            (33_000..36_000).contains(&interpolation.delay()),
            "{}",
            interpolation.delay()
        );
    }

    #[test]
    fn the_delay_covers_the_jitter() {
        let mut interpolation = Interpolation::new(RATE, 1);
        let starved = starved(60_000, 3000, &mut interpolation);
        assert!(starved < 150, "{starved} of 2900 moments lacked a frame");
        assert!(
            (60_000..100_000).contains(&interpolation.delay()),
            "{}",
            interpolation.delay()
        );
    }

    #[test]
    fn the_delay_shrinks_when_the_path_calms() {
        let mut interpolation = Interpolation::new(RATE, 1);
        for tick in 1..100 {
            let late = if tick == 50 { 200_000 } else { 0 };
            interpolation.arrived(RATE.due(Tick(tick)).plus_micros(late), Tick(tick), 1);
        }
        let before = interpolation.delay();
        for tick in 100..2000 {
            interpolation.arrived(RATE.due(Tick(tick)), Tick(tick), 1);
        }
        assert!(
            before > 150_000 && interpolation.delay() < 40_000,
            "{before}"
        );
    }

    #[test]
    fn the_moment_drawn_never_goes_back() {
        let mut interpolation = Interpolation::new(RATE, 1);
        let mut rng = Rng::from_seed(1);
        let mut last = None;
        for tick in 1..1000 {
            let due = RATE
                .due(Tick(tick))
                .plus_micros(u64::from(rng.below(400_000)));
            interpolation.arrived(due, Tick(tick), 1);
            let now = RATE.due(Tick(tick)).plus_micros(400_000);
            let drawn = interpolation.view(now);
            assert!(drawn >= last, "{drawn:?} after {last:?}");
            last = drawn;
        }
    }

    /// As with a server that is overloaded for a minute.
    #[test]
    fn slowed_time_and_fewer_frames_are_followed_and_forgotten() {
        let mut interpolation = Interpolation::new(RATE, 1);
        let mut now = Timestamp::ZERO;
        let mut lag = |interpolation: &mut Interpolation, ticks, period, span: u32| {
            let mut most = 0;
            for tick in ticks {
                now = now.plus_micros(period);
                if Tick(tick).is_multiple_of(span) {
                    let drawn = interpolation.view(now).unwrap_or_default();
                    interpolation.arrived(now, Tick(tick), span);
                    // After the first seconds, in which the change is learned.
                    if tick % 900 > 150 {
                        assert!(
                            drawn <= ViewTick::at(Tick(tick)),
                            "nothing to draw at {tick}"
                        );
                        most = most.max(drawn.lag(Tick(tick)) / ViewTick::EIGHTHS);
                    }
                }
            }
            most
        };
        assert!(lag(&mut interpolation, 0..900, 33_334, 1) <= 2);
        assert!(lag(&mut interpolation, 900..1800, 55_000, 2) <= 20);
        assert!(lag(&mut interpolation, 1800..3600, 33_334, 1) <= 20);
        assert!(interpolation.delay() < 100_000);
    }

    #[test]
    fn angles_turn_the_shorter_way() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(blend(FieldKind::Angle(8), 250, 6, 0.5), 0.0));
        assert!(close(blend(FieldKind::Angle(8), 6, 250, 0.25), 3.0));
        assert!(close(blend(FieldKind::Angle(8), 0, 128, 0.0), 0.0));
        let fixed = FieldKind::Fixed {
            min: 0.0,
            max: 100.0,
            step: 1.0,
        };
        assert!(close(blend(fixed, 10, 20, 0.5), 15.0));
        assert!(close(blend(FieldKind::Counter, 10, 20, 0.5), 10.0));
        assert!(close(radians(64.0, 8), TAU / 4.0));
    }
}
