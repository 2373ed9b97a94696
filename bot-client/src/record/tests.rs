//! What a bot makes of what it saw.

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
