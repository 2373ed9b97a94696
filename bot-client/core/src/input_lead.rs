//! How far ahead of the match's time inputs are stamped, driven by how early they arrive.
//!
//! The server tells the least margin of late with which inputs came before their tick. A late input
//! hurts now, an early one only delays: so the lead grows at once and shrinks slowly.

use syncline_shared::limits::INPUT_LEAD_TICKS_MAX;
use syncline_shared::tick::{TickRate, Timestamp};

/// What is added to half a tick for the margin that is aimed at, in microseconds: timers of both
/// ends wake up to this much late.
const TIMER_MICROS: u64 = 2_000;

/// How long the server gathers margins before it tells, in microseconds: for this long after a
/// change its reports are still about inputs from before.
const REPORT_WINDOW_MICROS: u64 = 500_000;

/// The most the lead exceeds the way to the server, in microseconds, however late inputs come.
const MARGIN_MICROS_MAX: u64 = 250_000;

/// How many ticks the lead stays below what the server refuses as too early.
const MARGIN_TICKS_SPARE: u32 = 4;

/// The lead of one client's inputs.
#[derive(Clone, Debug)]
pub struct InputLead {
    rate: TickRate,
    /// In microseconds.
    lead: u64,
    /// Whether the server has said anything about it yet.
    steered: bool,
    /// The last change that was made, while reports may still be from before it.
    recent: Option<Change>,
}

/// A change that the server's reports don't show yet.
#[derive(Clone, Copy, Debug)]
struct Change {
    until: Timestamp,
    /// The margin it was made for, in microseconds.
    margin: i64,
}

impl InputLead {
    /// A lead for a game of this rate and a server next door.
    pub fn new(rate: TickRate) -> Self {
        let mut lead = Self {
            rate,
            lead: 0,
            steered: false,
            recent: None,
        };
        lead.lead = lead.target();
        lead
    }

    /// The margin that is aimed at, in microseconds.
    pub fn target(&self) -> u64 {
        self.rate.period_micros() / 2 + TIMER_MICROS
    }

    /// How far ahead of the match's time to stamp, in microseconds.
    pub fn as_micros(&self) -> u64 {
        self.lead
    }

    /// The path was measured. Until the server says better, the lead follows from it; later it is
    /// at least what the way takes, however unequal the two ways are: the clock's error makes up
    /// for it.
    pub fn measured(&mut self, round_trip: u64, jitter: u64) {
        let lead = if self.steered {
            self.lead.max(round_trip / 2 + TIMER_MICROS)
        } else {
            self.target() + round_trip / 2 + jitter
        };
        self.set(lead, round_trip);
    }

    /// The server told its least margin of late, in milliseconds, negative if late.
    pub fn told(&mut self, now: Timestamp, margin_ms: i32, round_trip: u64) {
        self.steered = true;
        let margin = i64::from(margin_ms) * 1000;
        // So late is what was held up here, not what was stamped too late: no lead would help.
        if margin.saturating_neg() > MARGIN_MICROS_MAX.cast_signed() {
            return;
        }
        let target = i64::try_from(self.target()).unwrap_or(i64::MAX);
        let recent = self.recent.filter(|change| now < change.until);
        let known = recent.map_or(target, |change| change.margin);
        if margin < target {
            // What was already reacted to is not reacted to again.
            let missing = u64::try_from(known - margin).unwrap_or(0);
            if missing > 0 {
                self.set(self.lead.saturating_add(missing), round_trip);
                self.changed(now, margin, round_trip);
            }
        } else if recent.is_none() {
            let excess = u64::try_from(margin - target).unwrap_or(0);
            self.set(self.lead.saturating_sub(excess / 4), round_trip);
            self.changed(now, target, round_trip);
        }
    }

    fn changed(&mut self, now: Timestamp, margin: i64, round_trip: u64) {
        let until = now.plus_micros(round_trip + REPORT_WINDOW_MICROS);
        self.recent = Some(Change { until, margin });
    }

    fn set(&mut self, lead: u64, round_trip: u64) {
        let ticks = u64::from(INPUT_LEAD_TICKS_MAX - MARGIN_TICKS_SPARE);
        let margin_max = MARGIN_MICROS_MAX.min(ticks * self.rate.period_micros());
        self.lead = lead.clamp(TIMER_MICROS, round_trip.saturating_add(margin_max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: TickRate = TickRate::hz(30);
    const ROUND_TRIP: u64 = 80_000;

    fn lead() -> InputLead {
        let mut lead = InputLead::new(RATE);
        lead.measured(ROUND_TRIP, 0);
        lead
    }

    #[test]
    fn the_first_lead_covers_the_way_and_half_a_tick() {
        assert_eq!(lead().as_micros(), 40_000 + 16_666 + 2_000);
    }

    #[test]
    fn lateness_is_made_up_at_once_and_only_once() {
        let mut lead = lead();
        let before = lead.as_micros();
        let target = lead.target();
        lead.told(Timestamp(0), -10, ROUND_TRIP);
        assert_eq!(lead.as_micros(), before + target + 10_000);
        // Reports about inputs from before the change.
        lead.told(Timestamp(100_000), -10, ROUND_TRIP);
        lead.told(Timestamp(200_000), 2, ROUND_TRIP);
        assert_eq!(lead.as_micros(), before + target + 10_000);
        // It got worse still: by 5 ms more.
        lead.told(Timestamp(300_000), -15, ROUND_TRIP);
        assert_eq!(lead.as_micros(), before + target + 15_000);
    }

    #[test]
    fn earliness_is_given_back_slowly() {
        let mut lead = lead();
        let before = lead.as_micros();
        let report = i32::try_from(lead.target() / 1000).unwrap() + 80;
        lead.told(Timestamp(0), report, ROUND_TRIP);
        let given = before - lead.as_micros();
        assert!((19_000..=20_000).contains(&given), "{given}");
        lead.told(Timestamp(100_000), report, ROUND_TRIP);
        assert_eq!(before - lead.as_micros(), given);
    }

    #[test]
    fn a_stall_is_no_reason_to_lead_by_more() {
        let mut lead = lead();
        let before = lead.as_micros();
        lead.told(Timestamp(0), -2000, ROUND_TRIP);
        assert_eq!(lead.as_micros(), before);
    }

    #[test]
    fn a_path_that_became_longer_is_followed() {
        let mut lead = lead();
        lead.told(Timestamp(0), 20, ROUND_TRIP);
        lead.measured(ROUND_TRIP, 0);
        let before = lead.as_micros();
        lead.measured(ROUND_TRIP, 0);
        assert_eq!(lead.as_micros(), before);
        lead.measured(800_000, 0);
        assert_eq!(lead.as_micros(), 400_000 + TIMER_MICROS);
    }

    #[test]
    fn the_lead_is_bounded_whatever_the_server_says() {
        let mut lead = lead();
        for second in 1..100 {
            lead.told(Timestamp::from_millis(second * 1000), -200, ROUND_TRIP);
        }
        assert_eq!(lead.as_micros(), ROUND_TRIP + MARGIN_MICROS_MAX);
        for second in 100..1000 {
            lead.told(Timestamp::from_millis(second * 1000), i32::MAX, ROUND_TRIP);
            lead.told(Timestamp::from_millis(second * 1000), i32::MIN, ROUND_TRIP);
        }
        assert_eq!(lead.as_micros(), TIMER_MICROS);
    }
}
