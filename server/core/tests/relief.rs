//! What an overloaded room gives up, and that nobody notices anything else.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Stick, Table, nothing, right, room_with, table};
use syncline_server_core::{Probe, Relief};
use syncline_shared::id::PlayerId;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Tick;

const HALVED: Relief = Relief {
    fewer_snapshots: true,
    slowed_by: 0,
};

/// Each player starts, stops and rests by the tick alone, now and then for long.
fn now_and_then(player: PlayerId, tick: Tick) -> Option<Stick> {
    let phase = (tick.0 + u32::from(player.0) * 7) % 90;
    (phase < 50).then(|| Stick {
        step: i8::from(!phase.is_multiple_of(11)),
        grab: phase == 3,
    })
}

/// A member that was told nothing for a while must know at which ticks it was told nothing.
#[test]
fn snapshots_halve_and_return_and_no_client_is_led_astray() {
    for (seed, interval) in [(1, 1), (2, 1), (3, 2), (4, 5)] {
        let mut table = Table::new(room_with(&Rules::default(), |config| {
            config.snapshot_interval = interval;
        }));
        let mut plain = Table::new(room_with(&Rules::default(), |config| {
            config.snapshot_interval = interval;
        }));
        let mut rng = Rng::from_seed(seed);
        for table in [&mut table, &mut plain] {
            table.attach(1, 1, false);
            table.attach(2, 2, false);
            // Until the clients know of the match, they press nothing.
            table.run(30, now_and_then);
        }
        for _ in 0..60 {
            let fewer_snapshots = rng.chance(1, 2);
            table.room.relieve(Relief {
                fewer_snapshots,
                slowed_by: 0,
            });
            for _ in 0..=rng.below(30) {
                table.run(1, now_and_then);
                plain.run(1, now_and_then);
                assert_eq!(table.room.state_hash(), plain.room.state_hash());
                table.check_frames();
            }
        }
        assert!(
            table
                .watchers
                .iter()
                .all(|watcher| watcher.asked.is_empty())
        );
        let counters = table.room.counters();
        assert!(counters.snapshot_halvings > 5);
        // With few snapshots, each is a sign of life.
        assert!(counters.silent_ticks > 50 || interval > 2);
        assert!(counters.snapshots < plain.room.counters().snapshots);
        assert_eq!(
            table.room.state_hash(),
            plain.room.state_hash(),
            "what is told is no part of the match"
        );
    }
}

#[test]
fn everybody_hears_of_the_change_even_if_there_is_nothing_to_say() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(30, nothing);
    for relief in [HALVED, Relief::NONE] {
        let watcher = &table.watchers[0];
        let (frames, told) = (watcher.frames, watcher.tick);
        table.room.relieve(relief);
        table.run(2, nothing);
        let watcher = &table.watchers[0];
        assert_eq!(watcher.frames, frames + 1);
        assert!(watcher.tick > told && watcher.tick.is_multiple_of(2));
    }
}

#[test]
fn a_room_has_a_snapshot_a_second_at_the_least() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.snapshot_interval = 16;
    }));
    table.attach(1, 1, false);
    table.room.relieve(HALVED);
    table.run(100, right);
    assert_eq!(table.room.snapshot_interval(), 16);
    assert_eq!(table.room.counters().snapshot_halvings, 0);
}

#[test]
fn slowed_time_makes_ticks_longer_and_changes_nothing_in_them() {
    let (mut slow, mut plain) = (table(), table());
    for table in [&mut slow, &mut plain] {
        table.attach(1, 1, false);
        table.run(30, now_and_then);
    }
    slow.room.relieve(Relief {
        slowed_by: 20_000,
        ..HALVED
    });
    slow.run(1, now_and_then);
    let begun = slow.now;
    slow.run(60, now_and_then);
    let took = slow.now.since(begun);
    assert!(took.abs_diff(60 * (33_333 + 20_000)) < 100, "{took}");
    assert_eq!(slow.room.counters().slowed_ticks, 61);
    assert_eq!(slow.room.counters().overruns, 0);
    slow.room.relieve(Relief::NONE);
    slow.run(1, now_and_then);
    let begun = slow.now;
    slow.run(30, now_and_then);
    assert!(slow.now.since(begun).abs_diff(1_000_000) < 100);
    plain.run(92, now_and_then);
    assert_eq!(slow.room.state_hash(), plain.room.state_hash());
    slow.check_frames();
}

/// Others have their turn between two ticks of a room that is late.
#[test]
fn a_late_room_makes_up_for_a_few_ticks_one_by_one() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(30, right);
    let tick = table.room.status().tick;
    table.now = table.room.next_due().plus_micros(3 * 33_334);
    for made_up in 1..=4 {
        assert!(table.room.next_due() <= table.now);
        table.room.advance(table.now);
        assert_eq!(table.room.status().tick, tick.plus(made_up));
    }
    assert!(table.room.next_due() > table.now);
    assert_eq!(table.room.counters().overruns, 0);
}

#[derive(Default)]
struct Watch {
    begun: u32,
    ended: u32,
}

impl Probe for Watch {
    fn encoding_begins(&mut self) {
        self.begun += 1;
    }

    fn encoding_ends(&mut self) {
        assert_eq!(self.begun, self.ended + 1);
        self.ended += 1;
    }
}

#[test]
fn whoever_measures_is_told_of_each_snapshot() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.snapshot_interval = 3;
    }));
    table.attach(1, 1, false);
    let mut watch = Watch::default();
    for _ in 0..31 {
        table.now = table.room.next_due().max(table.now);
        table.room.advance_with(table.now, &mut watch);
    }
    assert_eq!(watch.ended, 10);
    assert_eq!(table.room.counters().snapshots, 10);
}
