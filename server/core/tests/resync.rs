//! Members whose streams went astray: they get the one stream anew, and nobody else notices.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use proptest::prelude::*;
use support::{Ask, Race, Rules, Table, Watcher, right, room_with, table, table_of};
use syncline_server_core::{ClientMessage, RoomOutput};
use syncline_shared::close::CloseReason;
use syncline_shared::game::Game;
use syncline_shared::id::StreamSlot;
use syncline_shared::limits::{JOIN_PART_BYTES_MAX, RESYNC_MICROS_MIN, SILENCE_MICROS_MAX};
use syncline_shared::message::control::Role;
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::tick::Tick;

const COMMON: StreamSlot = StreamSlot::COMMON;
const OWN: StreamSlot = StreamSlot::OWN;

/// Ticks in which a stream may be asked anew once.
const TICKS_MIN: u32 = 60;

fn resync(table: &Table, stream: u8, tick: u32) -> ClientMessage {
    ClientMessage::Resync {
        incarnation: table.room.incarnation(),
        stream: StreamSlot(stream),
        tick: Tick(tick),
    }
}

/// A client finds a stream astray at the tick that it is at.
fn go_astray(table: &mut Table, watcher: usize, stream: StreamSlot) {
    let watcher = &mut table.watchers[watcher];
    watcher.asked.insert(stream);
    let (connection, tick) = (watcher.connection.0, watcher.tick.0);
    let message = resync(table, stream.0, tick);
    table.send(connection, message);
}

/// What a client joined since it had joined `known` times.
fn joined_since(table: &Table, watcher: usize, known: usize) -> &[(StreamSlot, Tick)] {
    &table.watchers[watcher].joined[known..]
}

#[test]
fn one_stream_comes_anew_with_the_next_frame() {
    for stream in [COMMON, OWN] {
        let mut table = table();
        table.attach(1, 1, false);
        table.attach(2, 2, false);
        table.run(20, right);
        go_astray(&mut table, 0, stream);
        table.run(1, right);
        let now = table.room.status().tick;
        assert_eq!(joined_since(&table, 0, 2), [(stream, now)]);
        assert_eq!(joined_since(&table, 1, 2), []);
        table.run(50, right);
        table.check_frames();
        assert!(is_current(&table, &table.watchers[0]));
        assert_eq!(table.watchers[0].joined.len(), 3);
        assert_eq!(table.room.counters().resyncs, 1);
    }
}

#[test]
fn it_is_told_whose_stream_went_astray() {
    let mut table = table();
    table.attach(3, 7, false);
    table.run(20, right);
    go_astray(&mut table, 0, OWN);
    let told = table.records.iter().find_map(|output| match output {
        RoomOutput::Astray(astray) => Some(*astray),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!((told.connection.0, told.session.0), (3, 7));
    assert_eq!((told.stream, told.tick), (OWN, table.watchers[0].tick));
}

/// What others are sent does not depend on who asked for what.
#[test]
fn nobody_elses_bytes_change() {
    let messages = |astray: bool| {
        let mut table = table();
        table.attach(1, 1, false);
        table.attach_as(2, 2, false, Role::Spectator, "");
        for round in 0..5 {
            table.run(TICKS_MIN + round, right);
            if astray {
                go_astray(&mut table, 1, COMMON);
            }
        }
        table.run(20, right);
        let joins = table.watchers[1].joined.len();
        (table.watchers.swap_remove(0).messages, joins)
    };
    let (quiet, joins) = messages(false);
    let (disturbed, joins_astray) = messages(true);
    assert_eq!(quiet, disturbed);
    assert_eq!((joins, joins_astray), (1, 6));
}

#[test]
fn who_goes_astray_again_and_again_is_closed() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(20, right);
    go_astray(&mut table, 0, COMMON);
    table.run(TICKS_MIN - 1, right);
    // Another stream is another matter.
    go_astray(&mut table, 0, OWN);
    table.run(1, right);
    go_astray(&mut table, 0, COMMON);
    table.run(TICKS_MIN - 2, right);
    assert_eq!(table.watchers[0].closed, None);
    go_astray(&mut table, 0, COMMON);
    assert_eq!(table.watchers[0].closed, Some(CloseReason::Desynchronised));
    assert_eq!(table.room.counters().resyncs, 3);
    // Its seat is kept, and everything begins anew with the next connection.
    let again = table.attach(3, 1, true);
    table.run(20, right);
    assert_eq!(table.watchers[again].player().0, 0);
    assert_eq!(table.watchers[1].closed, None);
    table.check_frames();
}

#[test]
fn requests_that_mean_nothing_are_passed_over() {
    let mut table = table_of(&Rules {
        seats_min: 2,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    // No match is running.
    table.send(1, resync(&table, 0, 0));
    table.attach(2, 2, false);
    table.attach_as(3, 3, false, Role::Spectator, "");
    table.run(20, right);
    // Nobody follows stream 2, and who watches has no stream of its own.
    table.send(1, resync(&table, 2, 20));
    table.send(1, resync(&table, 255, 20));
    table.send(3, resync(&table, 1, 20));
    // Another match is another match.
    let ClientMessage::Resync { stream, tick, .. } = resync(&table, 0, 20) else {
        panic!("another message")
    };
    for incarnation in [0, 2] {
        let other = ClientMessage::Resync {
            incarnation,
            stream,
            tick,
        };
        table.send(1, other);
    }
    // Its join came after that.
    let joined = table.watchers[0].joined[0].1;
    table.send(1, resync(&table, 0, joined.0 - 1));
    table.run(20, right);
    let counters = table.room.counters();
    assert_eq!((counters.resyncs, counters.resyncs_ignored), (0, 7));
    let joins: Vec<_> = table.watchers.iter().map(|w| w.joined.len()).collect();
    assert_eq!(joins, [2, 2, 1]);
    assert!(
        table
            .watchers
            .iter()
            .all(|watcher| watcher.closed.is_none())
    );
}

/// Nobody makes the server write joins at will, whatever ticks it claims.
#[test]
fn a_hostile_client_gets_one_join_in_two_seconds() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(20, right);
    let joins = table.room.counters().joins;
    for tick in [u32::MAX, 5_000, u32::MAX] {
        // While it waits, more of the same is nothing new.
        table.send(2, resync(&table, 0, tick));
    }
    table.run(3, right);
    assert_eq!(table.room.counters().joins, joins + 1);
    table.send(2, resync(&table, 0, u32::MAX));
    assert_eq!(table.watchers[1].closed, Some(CloseReason::Desynchronised));
    table.send(2, resync(&table, 0, u32::MAX));
    table.run(3, right);
    assert_eq!(table.room.counters().joins, joins + 1);
    assert_eq!(table.watchers[0].closed, None);
}

/// Frames that wait for credit still come, and the join behind them.
#[test]
fn a_member_without_credit_gets_its_join_when_credit_is_back() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(60, right);
    table.frozen.push(table.watchers[0].connection);
    table.run(40, right);
    let known = table.room.counters().joins;
    go_astray(&mut table, 0, COMMON);
    table.run(20, right);
    assert_eq!(table.room.counters().joins, known);
    table.thaw();
    table.run(3, right);
    let now = table.room.status().tick;
    assert_eq!(joined_since(&table, 0, 2).len(), 1);
    assert!(now.since(joined_since(&table, 0, 2)[0].1) <= 2);
    assert_eq!(table.room.counters().waiting_dropped, 0);
    table.run(20, right);
    assert!(is_current(&table, &table.watchers[0]));
    table.check_frames();
}

/// All streams are joined anyway: the request adds nothing, before and after the join sets out.
#[test]
fn a_request_that_crosses_a_rejoin_adds_nothing() {
    for early in [true, false] {
        let mut table = table();
        table.attach(1, 1, false);
        table.attach(2, 2, false);
        table.run(60, right);
        let seen = table.watchers[0].tick;
        table.frozen.push(table.watchers[0].connection);
        table.run(150, right);
        assert_eq!(table.room.counters().waiting_dropped, 1);
        let ask = |table: &mut Table| {
            let message = resync(table, 0, seen.0);
            table.send(1, message);
        };
        if early {
            ask(&mut table);
        }
        table.thaw();
        // The rejoin is on its way, and the client has yet to hear of it.
        let connection = table.watchers[0].connection;
        table.run(1, right);
        table.frozen.push(connection);
        table.run(2, right);
        if !early {
            ask(&mut table);
        }
        table.thaw();
        table.run(20, right);
        let counters = table.room.counters();
        assert_eq!((counters.resyncs, counters.resyncs_ignored), (0, 1));
        assert_eq!(joined_since(&table, 0, 2).len(), 2);
        table.check_frames();
        assert!(is_current(&table, &table.watchers[0]));
    }
}

/// Whether a client has all streams, and all that it was told: what went as predicted is told by
/// silence.
fn is_current(table: &Table, watcher: &Watcher) -> bool {
    let rate = Race::schema().data().tick_rate;
    let behind = table.room.status().tick.since(watcher.tick);
    watcher.is_whole() && behind <= rate.ticks_covering(SILENCE_MICROS_MAX)
}

fn crowded(crowd: u16) -> Table {
    let mut table = table_of(&Rules {
        crowd,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table
}

/// The ticks of a message's frames, and which of them carry parts of joins.
fn frame_ticks(message: &[u8]) -> Vec<(Tick, bool)> {
    let frames = sections(message).filter_map(|section| match section.unwrap() {
        (SectionKind::Frame, body) => Some(FrameSection::decode(body).unwrap()),
        _ => None,
    });
    let is_part = |entry: &StreamEntry<'_>| matches!(entry, StreamEntry::JoinPart { .. });
    frames
        .map(|frame| {
            let part = frame.streams.iter().any(|(_, entry)| is_part(entry));
            (frame.tick, part)
        })
        .collect()
}

/// Bytes of the largest message since the first `known`.
fn largest(table: &Table, known: usize) -> usize {
    let messages = &table.watchers[0].messages[known..];
    messages.iter().map(Vec::len).max().unwrap_or(0)
}

#[test]
fn a_large_stream_comes_in_parts_and_the_other_goes_on() {
    let mut table = crowded(20_000);
    table.run(60, right);
    assert_eq!(table.watchers[0].joined.len(), 2);
    let known = table.watchers[0].messages.len();
    go_astray(&mut table, 0, OWN);
    let asked = table.room.status().tick;
    table.run(40, right);
    assert_eq!(joined_since(&table, 0, 2), [(OWN, asked.next())]);
    assert!(largest(&table, known) < 2 * JOIN_PART_BYTES_MAX);
    assert_eq!(table.room.counters().waiting_dropped, 0);
    assert!(is_current(&table, &table.watchers[0]));
    table.check_frames();
}

/// A member that lost all that waited gets every stream anew. With the first part, what it knew is
/// void: what happened meanwhile was dropped, and is no silence.
#[test]
fn the_first_part_of_a_rejoin_starts_all_streams_anew() {
    let mut table = crowded(15_000);
    table.run(60, right);
    assert!(table.watchers[0].frame(OWN).is_some());
    table.frozen.push(table.watchers[0].connection);
    table.run(150, right);
    assert_eq!(table.room.counters().waiting_dropped, 1);
    table.thaw();
    table.check_frames();
    let (known, heard) = (
        table.watchers[0].messages.len(),
        table.watchers[0].events.len(),
    );
    table.run(1, right);
    let rejoined = table.room.status().tick;
    // The common stream is small: its only part is the first of all.
    assert_eq!(joined_since(&table, 0, 2), [(COMMON, rejoined)]);
    assert_eq!(table.watchers[0].tick, rejoined);
    assert!(table.watchers[0].frame(OWN).is_none());
    assert_eq!(table.watchers[0].events.len(), heard);
    table.check_frames();
    for _ in 0..20 {
        table.run(1, right);
        table.check_frames();
    }
    assert_eq!(
        joined_since(&table, 0, 2),
        [(COMMON, rejoined), (OWN, rejoined)]
    );
    assert!(is_current(&table, &table.watchers[0]));
    // Nothing comes between the parts: a frame would tell of streams that have no state yet.
    let ticks: Vec<_> = table.watchers[0].messages[known..]
        .iter()
        .flat_map(|message| frame_ticks(message))
        .collect();
    let parts = ticks.iter().rposition(|&(_, part)| part).unwrap() + 1;
    assert!(parts > 2);
    assert!(ticks[..parts].iter().all(|&tick| tick == (rejoined, true)));
    assert!(ticks[parts..].iter().all(|&(tick, _)| tick > rejoined));
}

#[test]
fn requests_while_a_large_join_is_paced_find_it_on_its_way() {
    let mut table = crowded(20_000);
    table.run(3, right);
    assert_eq!(joined_since(&table, 0, 0), [(COMMON, Tick(1))]);
    // The common stream is astray; the own one is asked for as nobody who waits for it would.
    go_astray(&mut table, 0, COMMON);
    table.send(1, resync(&table, 1, 0));
    table.run(60, right);
    let counters = table.room.counters();
    assert_eq!((counters.resyncs, counters.resyncs_ignored), (1, 1));
    let streams: Vec<_> = table.watchers[0].joined.iter().map(|join| join.0).collect();
    assert_eq!(streams, [COMMON, OWN, COMMON]);
    assert!(is_current(&table, &table.watchers[0]));
    table.check_frames();
}

#[test]
fn a_match_that_ends_takes_open_requests_with_it() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.rematch_micros = 500_000;
    }));
    table.attach(1, 1, false);
    table.run(60, right);
    table.frozen.push(table.watchers[0].connection);
    table.run(40, right);
    go_astray(&mut table, 0, COMMON);
    table.ask(1, 1, &Ask::Finish {});
    table.run(5, right);
    assert_eq!(table.room.status().phase, "ended");
    table.thaw();
    table.run(30, right);
    assert_eq!(table.room.incarnation(), 2);
    assert_eq!(joined_since(&table, 0, 2).len(), 2);
    table.run(20, right);
    table.check_frames();
}

/// Something that happens in a room.
#[derive(Clone, Debug)]
enum Happening {
    Ticks(u32),
    Astray(usize, StreamSlot),
    Freeze(usize),
    Thaw,
}

fn happening() -> impl Strategy<Value = Happening> {
    let watcher = 0usize..3;
    prop_oneof![
        3 => (1u32..50).prop_map(Happening::Ticks),
        2 => (watcher.clone(), prop::bool::ANY)
            .prop_map(|(watcher, own)| Happening::Astray(watcher, if own { OWN } else { COMMON })),
        1 => watcher.prop_map(Happening::Freeze),
        1 => Just(Happening::Thaw),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whoever goes astray, however often and in whatever state of its path: all who are not closed
    /// for it see the server's worlds in the end, and who never went astray noticed nothing.
    #[test]
    fn everybody_ends_up_right(
        happenings in prop::collection::vec(happening(), 1..40),
        crowd in prop_oneof![5 => Just(0u16), 1 => Just(15_000)],
    ) {
        let mut table = crowded(crowd);
        table.attach(3, 3, false);
        table.attach(4, 4, false);
        table.run(40, right);
        for happening in happenings {
            match happening {
                Happening::Ticks(ticks) => table.run(ticks, right),
                Happening::Astray(watcher, stream) => {
                    let client = &table.watchers[watcher];
                    if client.closed.is_none() && client.frame(stream).is_some() {
                        go_astray(&mut table, watcher, stream);
                    }
                }
                Happening::Freeze(watcher) => {
                    let connection = table.watchers[watcher].connection;
                    if table.watchers[watcher].closed.is_none() {
                        table.frozen.push(connection);
                    }
                }
                Happening::Thaw => table.thaw(),
            }
            table.check_frames();
        }
        table.thaw();
        table.run(60, right);
        table.check_frames();
        for watcher in &table.watchers {
            if watcher.closed.is_none() {
                prop_assert!(is_current(&table, watcher));
                prop_assert!(watcher.asked.is_empty());
            } else {
                prop_assert_eq!(watcher.closed, Some(CloseReason::Desynchronised));
            }
        }
        prop_assert_eq!(table.watchers[3].joined.len(), 2);
        let seconds = table.now.0 / RESYNC_MICROS_MIN + 1;
        prop_assert!(table.room.counters().resyncs <= 6 * seconds);
    }
}
