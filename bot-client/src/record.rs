//! What one bot saw and what became of it.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_client_core::event::{Closed, Ending, FrameReport, Joined};
use syncline_client_core::prediction::Comparison;
use syncline_shared::close::Then;
use syncline_shared::id::RoomId;
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::rate_meter::{RateMeter, RateResult, WARM_UP_MICROS};
use crate::tally::Tally;

/// By how many ticks a frame may be older than usual and still be the present.
const PRESENT_TICKS: u64 = 1;

/// For how long a bot may be in rooms without anything being due to it, in microseconds: beyond, no
/// match ran for it.
const IDLE_MICROS_MAX: u64 = WARM_UP_MICROS + 3_000_000;

/// What is counted for one bot.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) connected: bool,
    pub(crate) disconnects: u64,
    pub(crate) resumed: u64,
    pub(crate) hash_mismatches: u64,
    pub(crate) resyncs: u64,
    pub(crate) prediction_errors: u64,
    /// What the first of them was.
    pub(crate) first_prediction_error: Option<String>,
    pub(crate) corrections: BTreeMap<&'static str, u64>,
    /// By the code of the input status.
    pub(crate) verdicts: [u64; 4],
    pub(crate) closes: BTreeMap<&'static str, u64>,
    pub(crate) failed_connects: u64,
    /// What the first end that was not asked for said.
    pub(crate) first_close: Option<String>,
    pub(crate) stalls: u64,
    pub(crate) rate: RateResult,
    /// Whether nothing was ever due though the bot was there for long.
    pub(crate) unmeasured: bool,
    /// While the rate was measured.
    pub(crate) traffic: Traffic,
    /// What the bot had seen when its connection was lost the last time.
    pub(crate) lost_at: Option<(RoomId, Seen)>,
}

/// How far a match had come in somebody's eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seen {
    /// Its timeline.
    pub incarnation: u32,
    /// The newest tick.
    pub tick: Tick,
}

impl Counts {
    /// How much of what was due came, in percent; none if something should have been due.
    pub(crate) fn rate_percent(&self) -> f64 {
        if self.unmeasured {
            0.0
        } else {
            self.rate.percent()
        }
    }
}

/// What came and went while the rate was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) messages_sent: u64,
    pub(crate) input_frames: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) frame_bytes: u64,
    pub(crate) snapshots: u64,
}

/// The records of one bot in the making.
#[derive(Debug, Default)]
pub(crate) struct Record {
    counts: Counts,
    meter: RateMeter,
    session: Session,
    /// Whether there is a connection, whatever has become of the session.
    open: bool,
    /// Since when the bot is in a room and awake.
    present: Option<Timestamp>,
    /// For how long it was before, in microseconds.
    present_micros: u64,
    /// How old frames usually are when they come, in microseconds.
    usual_age: Option<u64>,
    /// Since when the bot has been catching up after a stall.
    thawed: Option<Timestamp>,
    /// The room that the bot is in, or was last, and what it has seen there.
    room: Option<RoomId>,
    seen: Seen,
    /// Since when the bot has no connection, though it wants one.
    lost: Option<Timestamp>,
    input_ages: Vec<u64>,
    input_leads: Vec<u64>,
    recoveries: Vec<u64>,
    outages: Vec<u64>,
}

/// Where the bot's session is, to tell a disconnect from a resume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Session {
    /// There is none.
    #[default]
    None,
    /// It is connected.
    Attached,
    /// Its connection is lost, and it may get its seat back.
    Lost,
}

impl Record {
    /// A message came.
    pub(crate) fn message(&mut self, bytes: usize) {
        if self.meter.is_open() {
            self.counts.traffic.messages += 1;
            self.counts.traffic.bytes += bytes as u64;
        }
    }

    /// A message goes out, with so many input frames.
    pub(crate) fn sent(&mut self, input_frames: u64) {
        if self.meter.is_open() {
            self.counts.traffic.messages_sent += 1;
            self.counts.traffic.input_frames += input_frames;
        }
    }

    /// A connection is open.
    pub(crate) fn opened(&mut self) {
        self.open = true;
    }

    /// The bot is in a room.
    pub(crate) fn welcome(&mut self, now: Timestamp, joined: &Joined) {
        self.counts.connected = true;
        self.present = Some(now);
        self.room = Some(joined.room);
        let lost = self.lost.take();
        if joined.resumed {
            self.counts.resumed += 1;
            self.outages.extend(lost.map(|lost| now.since(lost)));
        } else if self.session != Session::None {
            self.counts.disconnects += 1;
        }
        self.session = Session::Attached;
    }

    /// A match runs, in this timeline.
    pub(crate) fn match_began(
        &mut self,
        now: Timestamp,
        incarnation: u32,
        rate: TickRate,
        interval: u8,
    ) {
        self.seen = Seen {
            incarnation,
            tick: Tick::ZERO,
        };
        self.meter.joined(now, rate, interval);
        self.thawed = None;
    }

    /// No match runs any more.
    pub(crate) fn match_ended(&mut self, now: Timestamp) {
        self.meter.ended(now);
    }

    /// A frame came. `lead` is in hundredths of a tick.
    pub(crate) fn frame(
        &mut self,
        now: Timestamp,
        report: &FrameReport,
        lead: u64,
        period: u64,
        tally: &Tally,
    ) {
        self.seen.tick = self.seen.tick.max(report.tick);
        let counts = &mut self.counts;
        counts.hash_mismatches += u64::from(report.mismatches);
        for (count, new) in counts.verdicts.iter_mut().zip(report.statuses) {
            *count += u64::from(new);
        }
        match &report.prediction {
            Comparison::Unpredicted | Comparison::Agreed => {}
            Comparison::Corrected(cause) => {
                *counts.corrections.entry(cause).or_default() += 1;
            }
            Comparison::Error(what) => {
                counts.prediction_errors += 1;
                counts
                    .first_prediction_error
                    .get_or_insert_with(|| what.clone());
            }
        }
        if self.meter.is_open() {
            counts.traffic.frame_bytes += report.bytes as u64;
            counts.traffic.snapshots += u64::from(report.snapshots);
        }
        self.meter
            .frame(now, report.snapshots, report.age.unwrap_or(0));
        if let Some(age) = report.age {
            self.recovered(now, age, period);
        }
        self.input_ages.extend_from_slice(&report.input_ages);
        self.input_leads.push(lead);
        tally.input_to_visible.add_if_many(&mut self.input_ages);
        tally.input_lead.add_if_many(&mut self.input_leads);
    }

    /// A stream went astray, and the server was asked for it.
    pub(crate) fn resync(&mut self) {
        self.counts.resyncs += 1;
    }

    /// Notes the first frame of the present after a stall, and else what age is usual.
    fn recovered(&mut self, now: Timestamp, age: u64, period: u64) {
        let Some(usual) = self.usual_age else {
            self.usual_age = Some(age);
            return;
        };
        match self.thawed {
            Some(since) if age <= usual + PRESENT_TICKS * period => {
                self.recoveries.push(now.since(since));
                self.thawed = None;
            }
            Some(_) => {}
            None => self.usual_age = Some((usual * 15 + age) / 16),
        }
    }

    /// The bot freezes.
    pub(crate) fn frozen(&mut self, now: Timestamp) {
        self.counts.stalls += 1;
        self.thawed = None;
        self.meter.close(now);
        self.absent(now);
    }

    /// It goes on.
    pub(crate) fn thawed(&mut self, now: Timestamp) {
        self.meter.thawed(now);
        self.present = (self.session == Session::Attached).then_some(now);
        // Without knowing what is usual there is nothing to compare with.
        self.thawed = self.usual_age.map(|_| now);
    }

    /// The bot is no longer in a room and awake.
    fn absent(&mut self, now: Timestamp) {
        let since = self.present.take();
        self.present_micros += since.map_or(0, |since| now.since(since));
    }

    /// A connection ended, or the attempt at one; `asked` if the bot wanted it.
    pub(crate) fn closed(&mut self, now: Timestamp, closed: &Closed, asked: bool) {
        if core::mem::take(&mut self.open) {
            *self.counts.closes.entry(closed.ending.slug()).or_default() += 1;
        } else if !asked {
            self.counts.failed_connects += 1;
        }
        if let Ending::Unreadable(_) = closed.ending {
            self.counts.hash_mismatches += 1;
        }
        self.meter.ended(now);
        self.absent(now);
        if !asked {
            self.counts.first_close.get_or_insert_with(|| said(closed));
        }
        if self.session == Session::None {
            return;
        }
        if self.session == Session::Attached && !asked {
            self.lost = Some(now);
            self.counts.lost_at = self.room.map(|room| (room, self.seen));
        }
        self.session = match closed.then {
            _ if asked => Session::None,
            Then::Resume | Then::Retry(_) => Session::Lost,
            Then::Never | Then::Rejoin => {
                self.counts.disconnects += 1;
                Session::None
            }
        };
    }

    /// The bot is about to leave: what comes from now on doesn't count. `plays` says that there
    /// should have been a match.
    pub(crate) fn leaving(&mut self, now: Timestamp, plays: bool) {
        self.counts.rate = self.meter.finish(now);
        self.absent(now);
        let nothing_due = self.counts.rate.due == 0 && self.present_micros > IDLE_MICROS_MAX;
        self.counts.unmeasured = nothing_due && plays;
        if self.session == Session::Lost {
            self.counts.disconnects += 1;
            self.session = Session::None;
        }
    }

    /// What was counted.
    pub(crate) fn finish(mut self, tally: &Tally) -> Counts {
        tally.input_to_visible.add(&mut self.input_ages);
        tally.input_lead.add(&mut self.input_leads);
        tally.stall_recovery.add(&mut self.recoveries);
        tally.outage.add(&mut self.outages);
        self.counts
    }
}

/// What an end says, with its reason named once.
fn said(closed: &Closed) -> String {
    let (slug, detail) = (closed.ending.slug(), closed.detail.as_str());
    // A server's text begins with the reason already.
    if detail.starts_with(slug) {
        detail.to_owned()
    } else if detail.is_empty() {
        slug.to_owned()
    } else {
        format!("{slug} ({detail})")
    }
}

#[cfg(test)]
mod tests {
    use smallvec::SmallVec;
    use syncline_shared::close::CloseReason;
    use syncline_shared::error::DecodeError;
    use syncline_shared::id::{RoomCode, RoomId, SessionId};
    use syncline_shared::tick::Tick;

    use super::*;

    const RATE: TickRate = TickRate::hz(30);
    const NOW: Timestamp = Timestamp(5_000_000);

    fn joined(resumed: bool) -> Joined {
        Joined {
            session: SessionId(1),
            resumed,
            room: RoomId(1),
            code: RoomCode::from_entropy(1),
            player: None,
            snapshot_interval: 1,
        }
    }

    fn closed(ending: Ending) -> Closed {
        Closed {
            ending,
            detail: "gone".to_owned(),
            then: ending.then(),
        }
    }

    /// A connection comes to be, and with it a place in a room.
    fn enter(record: &mut Record, resumed: bool) {
        record.opened();
        record.welcome(NOW, &joined(resumed));
    }

    fn report(prediction: Comparison) -> FrameReport {
        FrameReport {
            tick: Tick(1),
            bytes: 30,
            snapshots: 1,
            joined: false,
            whole: true,
            mismatches: 1,
            age: Some(40_000),
            statuses: [1, 0, 2, 0],
            input_ages: SmallVec::from_slice(&[70_000]),
            prediction,
        }
    }

    fn counts(record: Record) -> Counts {
        record.finish(&Tally::default())
    }

    #[test]
    fn a_seat_that_is_had_again_is_a_resume() {
        let mut record = Record::default();
        enter(&mut record, false);
        record.closed(NOW, &closed(Ending::Lost), false);
        enter(&mut record, true);
        record.leaving(NOW, true);
        let left = closed(Ending::Reason(CloseReason::Left));
        record.closed(NOW, &left, true);
        let counts = counts(record);
        assert_eq!((counts.resumed, counts.disconnects), (1, 0));
        assert_eq!(counts.closes, BTreeMap::from([("left", 1), ("lost", 1)]));
        assert_eq!(counts.first_close.as_deref(), Some("lost (gone)"));
    }

    /// How long it took to be back, and what was seen until then.
    #[test]
    fn an_outage_is_measured() {
        let (mut record, tally) = (Record::default(), Tally::default());
        enter(&mut record, false);
        record.match_began(NOW, 3, RATE, 1);
        record.frame(NOW, &report(Comparison::Agreed), 0, 33_333, &tally);
        record.closed(NOW, &closed(Ending::Lost), false);
        record.closed(NOW.plus_micros(10_000), &closed(Ending::Lost), false);
        record.opened();
        record.welcome(NOW.plus_micros(250_000), &joined(true));
        record.match_began(NOW, 4, RATE, 1);
        let counts = record.finish(&tally);
        let seen = Seen {
            incarnation: 3,
            tick: Tick(1),
        };
        assert_eq!(counts.lost_at, Some((RoomId(1), seen)));
        let outage = tally.outage.percentiles(1000.0);
        assert!((outage.max - 250.0).abs() < 0.3, "{outage:?}");
    }

    #[test]
    fn a_seat_that_is_lost_is_one_disconnect() {
        // Another session instead; none until the end; or none ever.
        let ways: [fn(&mut Record); 4] = [
            |record| {
                record.closed(NOW, &closed(Ending::Lost), false);
                enter(record, false);
                record.leaving(NOW, true);
            },
            |record| {
                record.closed(NOW, &closed(Ending::Silent), false);
                record.leaving(NOW, true);
            },
            |record| {
                record.closed(NOW, &closed(Ending::Lost), false);
                let expired = Ending::Reason(CloseReason::SessionExpired);
                record.closed(NOW, &closed(expired), false);
                enter(record, false);
                record.leaving(NOW, true);
            },
            |record| {
                let kicked = Ending::Reason(CloseReason::Kicked);
                record.closed(NOW, &closed(kicked), false);
                record.leaving(NOW, true);
            },
        ];
        for way in ways {
            let mut record = Record::default();
            enter(&mut record, false);
            way(&mut record);
            let counts = counts(record);
            assert_eq!((counts.resumed, counts.disconnects), (0, 1));
        }
    }

    #[test]
    fn attempts_to_connect_are_no_closes() {
        let mut record = Record::default();
        enter(&mut record, false);
        let restarting = closed(Ending::Reason(CloseReason::Restarting));
        record.closed(NOW, &restarting, false);
        for _ in 0..3 {
            record.closed(NOW, &closed(Ending::Lost), false);
        }
        // It leaves while it waits for the next attempt.
        record.leaving(NOW, true);
        let left = closed(Ending::Reason(CloseReason::Left));
        record.closed(NOW, &left, true);
        let counts = counts(record);
        assert_eq!(counts.closes, BTreeMap::from([("restarting", 1)]));
        assert_eq!(counts.failed_connects, 3);
    }

    #[test]
    fn bytes_that_cannot_be_read_are_a_mismatch() {
        let mut record = Record::default();
        enter(&mut record, false);
        let unreadable = Ending::Unreadable(DecodeError::Invalid);
        record.closed(NOW, &closed(unreadable), false);
        enter(&mut record, true);
        record.leaving(NOW, true);
        let counts = counts(record);
        assert_eq!((counts.resumed, counts.hash_mismatches), (1, 1));
        assert_eq!(counts.closes, BTreeMap::from([("unreadable", 1)]));
    }

    #[test]
    fn an_end_names_its_reason_once() {
        let cases = [
            ("", "restarting"),
            ("restarting", "restarting"),
            ("restarting: soon", "restarting: soon"),
            ("gone", "restarting (gone)"),
        ];
        for (detail, expected) in cases {
            let closed = Closed {
                detail: detail.to_owned(),
                ..closed(Ending::Reason(CloseReason::Restarting))
            };
            assert_eq!(said(&closed), expected);
        }
    }

    #[test]
    fn a_room_without_a_match_leaves_the_rate_unmeasured() {
        // For how long in the room, with a frozen time in it, and whether that is too long.
        for (micros, unmeasured) in [(5_000_000, false), (5_000_001, true)] {
            let mut record = Record::default();
            enter(&mut record, false);
            record.frozen(NOW.plus_micros(1_000_000));
            record.thawed(NOW.plus_micros(8_000_000));
            record.leaving(NOW.plus_micros(7_000_000 + micros), true);
            assert_eq!(counts(record).unmeasured, unmeasured);
        }
        // Who only sits misses none.
        let mut record = Record::default();
        enter(&mut record, false);
        record.leaving(NOW.plus_micros(60_000_000), false);
        assert!(!counts(record).unmeasured);
        let mut record = Record::default();
        enter(&mut record, false);
        record.match_began(NOW, 1, RATE, 1);
        record.leaving(NOW.plus_micros(6_000_000), true);
        let counts = counts(record);
        assert_eq!((counts.unmeasured, counts.rate.due), (false, 120));
    }

    #[test]
    fn who_never_got_in_was_not_disconnected() {
        let mut record = Record::default();
        record.closed(NOW, &closed(Ending::Reason(CloseReason::RoomFull)), false);
        record.leaving(NOW, true);
        let counts = counts(record);
        assert_eq!((counts.connected, counts.disconnects), (false, 0));
    }

    #[test]
    fn frames_are_counted_by_what_they_tell() {
        let (mut record, tally) = (Record::default(), Tally::default());
        let predictions = [
            Comparison::Agreed,
            Comparison::Unpredicted,
            Comparison::Corrected("hit"),
            Comparison::Error("a".to_owned()),
            Comparison::Error("b".to_owned()),
        ];
        for prediction in predictions {
            record.frame(NOW, &report(prediction), 150, 33_333, &tally);
        }
        record.resync();
        let counts = record.finish(&tally);
        assert_eq!((counts.hash_mismatches, counts.resyncs), (5, 1));
        assert_eq!(counts.verdicts, [5, 0, 10, 0]);
        assert_eq!(counts.corrections, BTreeMap::from([("hit", 1)]));
        assert_eq!(counts.prediction_errors, 2);
        assert_eq!(counts.first_prediction_error.as_deref(), Some("a"));
        assert!((tally.input_to_visible.percentiles(1000.0).p50 - 70.0).abs() < 0.1);
        assert!((tally.input_lead.percentiles(100.0).max - 1.5).abs() < 0.01);
    }

    #[test]
    fn traffic_counts_while_the_rate_is_measured() {
        let (mut record, tally) = (Record::default(), Tally::default());
        record.match_began(Timestamp::ZERO, 1, RATE, 1);
        for tick in 0..90u64 {
            let now = Timestamp(tick * 1_000_000 / 30 + 40_000);
            record.message(100);
            record.frame(now, &report(Comparison::Agreed), 0, 33_333, &tally);
        }
        record.leaving(Timestamp(3_000_000), true);
        let counts = record.finish(&tally);
        // The first frame that counts opens the measurement and is not in it.
        assert_eq!(counts.rate.covered, counts.traffic.snapshots);
        assert_eq!(counts.traffic.frame_bytes, 30 * counts.traffic.snapshots);
        assert_eq!(counts.traffic.bytes, 100 * counts.traffic.messages);
        assert_eq!((counts.rate.due, counts.rate.covered), (30, 30));
    }

    #[test]
    fn the_way_back_from_a_stall_is_measured() {
        let (mut record, tally) = (Record::default(), Tally::default());
        let frame = |record: &mut Record, now: u64, age: u64| {
            let report = FrameReport {
                age: Some(age),
                ..report(Comparison::Agreed)
            };
            record.frame(Timestamp(now), &report, 0, 33_333, &tally);
        };
        frame(&mut record, 1_000_000, 40_000);
        record.frozen(Timestamp(1_010_000));
        record.thawed(Timestamp(3_010_000));
        frame(&mut record, 3_011_000, 1_900_000);
        frame(&mut record, 3_011_000, 1_500_000);
        frame(&mut record, 3_100_000, 60_000);
        let counts = record.finish(&tally);
        assert_eq!(counts.stalls, 1);
        let recovery = tally.stall_recovery.percentiles(1000.0);
        assert!((recovery.max - 90.0).abs() < 0.2, "{recovery:?}");
    }
}
