//! What the streams cost is known by field, and knowing it costs the members nothing.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Stick, Table, room_with};
use syncline_server_core::bandwidth::StreamCosts;
use syncline_shared::rng::Rng;
use syncline_shared::stream::COSTS_PER_BIT;

/// A match of five who run and grab, in which one snapshot of `sampling` is sampled.
fn played(sampling: u32) -> Table {
    let rules = Rules {
        crowd: 20,
        ..Rules::default()
    };
    let mut table = Table::new(room_with(&rules, |config| {
        config.bandwidth_sampling = sampling;
    }));
    for session in 1..6 {
        table.attach(session, session, false);
    }
    let mut rng = Rng::from_seed(7);
    // The first begins the match.
    table.run(201, |_, _| {
        let step = i8::try_from(rng.range(-1, 1)).unwrap();
        let grab = rng.chance(1, 3);
        Some(Stick { step, grab })
    });
    table.check_frames();
    table
}

#[test]
fn sampling_changes_no_byte() {
    let [none, some, all] = [0, 16, 1].map(played);
    for other in [&some, &all] {
        for (watcher, same) in none.watchers.iter().zip(&other.watchers) {
            assert!(watcher.messages.len() > 100);
            assert_eq!(watcher.messages, same.messages);
        }
        assert_eq!(none.room.counters(), other.room.counters());
    }
    assert_eq!(none.room.bandwidth().sampled(), 0);
    assert!((12..=13).contains(&some.room.bandwidth().sampled()));
    assert_eq!(all.room.bandwidth().sampled(), 200);
}

/// What was spent on a part of a class, in bits.
fn spent(table: &Table, costs: &StreamCosts, class: &str, part: &str) -> u64 {
    let causes = table.room.game().schema().causes();
    let cause = causes
        .iter()
        .position(|cause| cause.class == class && cause.part == part);
    costs.costs[cause.unwrap()] / COSTS_PER_BIT
}

#[test]
fn what_is_spent_has_its_cause_and_adds_up() {
    let table = played(1);
    let window = table.room.bandwidth().window();
    assert_eq!((window.ticks, window.snapshots), (200, 200));
    assert_eq!((window.common.chunks, window.own.chunks), (200, 1000));
    assert!(spent(&table, &window.common, "Runner", "at") > 500);
    assert_eq!(spent(&table, &window.common, "Purse", "coins"), 0);
    assert!(spent(&table, &window.own, "Purse", "coins") > 100);
    assert!(spent(&table, &window.own, "Runner", "births") > 10);
    // Beyond what was spent a chunk has at most its last byte and a hash; what went as predicted is
    // not sent at all.
    for costs in [&window.common, &window.own] {
        let spent = costs.costs.iter().sum::<u64>() / COSTS_PER_BIT / 8;
        assert!(costs.bytes <= spent + 4 * costs.chunks, "{costs:?}");
        assert!(spent <= costs.bytes + costs.chunks, "{costs:?}");
    }
    assert_eq!(
        window.common.bytes + window.own.bytes,
        table.room.counters().chunk_bytes
    );
}

#[test]
fn a_room_that_does_not_sample_has_nothing_to_tell() {
    let window = played(0).room.bandwidth().window();
    assert_eq!((window.ticks, window.snapshots), (0, 0));
    assert_eq!(window.common.costs, []);
}
