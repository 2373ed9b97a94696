//! Rooms at their edges: visits that leave nothing behind, games that refuse, joins without end.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Ask, Rules, Stick, Table, nothing, positions, right, room_with, table, table_of};
use syncline_server_core::{ClientMessage, RoomEvent, RoomOutput};
use syncline_shared::close::CloseReason;
use syncline_shared::command::CommandMessage;
use syncline_shared::input::{InputBatch, InputFrame, InputWords};
use syncline_shared::journal::Record;
use syncline_shared::limits::SECTIONS_PER_MESSAGE_MAX;
use syncline_shared::message::control::Role;
use syncline_shared::tick::{Timestamp, ViewTick};

#[test]
fn a_room_whose_last_visitor_only_watched_ends_too() {
    let mut table = table();
    table.attach_as(1, 1, false, Role::Spectator, "");
    table.run(1, nothing);
    table.send(1, ClientMessage::Leave);
    table.watchers.clear();
    // The shell calls at the time it was told, and at no other.
    for _ in 0..10 {
        let due = table.room.next_due();
        assert!(due < Timestamp(u64::MAX) || table.room.is_finished());
        table.now = due.max(table.now).min(Timestamp(100_000_000));
        table.room.advance(table.now);
    }
    assert!(table.room.is_finished());
}

#[test]
fn a_vote_during_a_match_is_none() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, right);
    table.send(1, ClientMessage::Rematch);
    table.ask(1, 1, &Ask::Finish {});
    table.run(10, right);
    assert_eq!(table.room.status().phase, "ended");
}

/// A player who is away when a match begins and is refused by the game leaves no ghost behind.
#[test]
fn a_game_may_refuse_somebody_who_is_away() {
    let mut table = table_of(&Rules {
        seats_min: 2,
        ..Rules::default()
    });
    table.attach_as(1, 1, false, Role::Player, "banned");
    table.detach(1);
    table.attach(2, 2, false);
    table.attach(3, 3, false);
    table.run(10, right);
    assert_eq!(table.room.status().phase, "running");
    assert_eq!(table.room.status().players, 2);
    let ghost = table.attach(4, 1, true);
    assert_eq!(
        table.watchers[ghost].closed,
        Some(CloseReason::SessionExpired)
    );
}

#[test]
fn a_game_that_refuses_too_many_has_no_match() {
    let mut table = table_of(&Rules {
        seats_min: 2,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.attach_as(2, 2, false, Role::Player, "banned");
    table.run(10, right);
    assert_eq!(table.watchers[1].closed, Some(CloseReason::NotAllowed));
    assert_eq!(table.room.status().phase, "lobby");
    table.attach(3, 3, false);
    table.run(10, right);
    assert_eq!(table.room.status().phase, "running");
    table.check_frames();
}

/// Whom the game refuses, nobody else hears of.
#[test]
fn a_refused_player_was_never_there() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(30, nothing);
    let heard = |table: &Table| table.watchers[0].updates;
    let before = heard(&table);
    table.attach_as(2, 2, false, Role::Player, "banned");
    table.run(30, nothing);
    assert_eq!(heard(&table), before);
}

#[test]
fn a_stopped_room_stands_still() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, right);
    table
        .room
        .handle(table.now, RoomEvent::Stop(CloseReason::Restarting));
    let ticks = table.room.counters().ticks;
    table.run(10, nothing);
    assert_eq!(table.room.counters().ticks, ticks);
    assert!(!table.room.status().open);
}

/// Many answers and many frames may wait; together they still fit a message.
#[test]
fn a_message_never_has_more_sections_than_allowed() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(60, right);
    table.frozen.push(table.watchers[1].connection);
    for round in 0..7 {
        for sequence in 0..8 {
            table.ask(2, round * 8 + sequence, &Ask::Jump { by: 1 });
        }
        table.run(12, right);
    }
    table.thaw();
    table.run(10, right);
    assert!(table.watchers[1].sections_max > 90);
    assert!(table.watchers[1].sections_max <= SECTIONS_PER_MESSAGE_MAX);
    table.check_frames();
}

/// A world whose join takes longer than frames may wait is joined all the same.
#[test]
fn a_join_of_a_megabyte_on_a_long_path_ends() {
    let mut table = table_of(&Rules {
        crowd: 32_000,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    // Acknowledges every eighth tick: a round trip of a quarter second.
    for _ in 0..40 {
        table.frozen.push(table.watchers[0].connection);
        table.run(7, right);
        table.thaw();
        table.run(1, right);
    }
    assert_eq!(table.watchers[0].joins, 2);
    assert_eq!(table.room.counters().waiting_dropped, 0);
    table.run(30, right);
    assert_eq!(table.watchers[0].tick, table.room.status().tick);
    table.check_frames();
}

/// What was asked of one match must not happen in the next.
#[test]
fn a_command_for_another_match_is_refused() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    for incarnation in [0, 2] {
        let payload = syncline_shared::codec::encode(&Ask::Jump { by: 7 });
        let command = CommandMessage {
            incarnation,
            sequence: incarnation,
            payload,
        };
        table.send(1, ClientMessage::Command(command));
    }
    table.run(2, nothing);
    assert_eq!(positions(&table, 0), [0]);
    assert_eq!(table.room.counters().commands_refused, 2);
}

/// A client says what it was looking at; the journal holds no view of the future, and none that is
/// older than the server would rewind to.
#[test]
fn views_are_clamped_and_recorded() {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    table.attach(1, 1, false);
    table.run(30, right);
    let next = table.room.status().tick.next();
    for (tick, view) in [
        (next, ViewTick(0)),
        (next.next(), ViewTick::at(next.plus(20))),
    ] {
        let words = InputWords::of(&Stick::default());
        let frames = vec![InputFrame { tick, view, words }];
        let received = table.watchers[0].received;
        let batch = InputBatch {
            incarnation: 1,
            received,
            frames: frames.into(),
            ..InputBatch::default()
        };
        table.send(1, ClientMessage::Input(batch));
    }
    table.run(2, nothing);
    let views: Vec<_> = table
        .records
        .iter()
        .filter_map(|output| match output {
            RoomOutput::Record(record) => match &**record {
                Record::Tick(tick) if tick.tick >= next => Some(tick.inputs[0].view),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(
        views,
        [ViewTick::before(next, 8 * 8), ViewTick::at(next.next())]
    );
}

/// A match that takes no latecomers and has lost everybody must not keep the room from the next.
#[test]
fn a_deserted_match_gives_way() {
    let rules = Rules {
        seats_min: 2,
        closed: true,
        ..Rules::default()
    };
    let mut table = table_of(&rules);
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.attach_as(3, 3, false, Role::Spectator, "");
    table.run(10, right);
    assert_eq!(table.room.status().phase, "running");
    table.send(1, ClientMessage::Leave);
    table.send(2, ClientMessage::Leave);
    table.run(3, right);
    assert_eq!(table.room.status().phase, "lobby");
    table.attach(4, 4, false);
    table.attach(5, 5, false);
    table.run(10, right);
    assert_eq!(table.room.status().phase, "running");
    table.check_frames();
    assert_eq!(positions(&table, 2), positions(&table, 3));
}

/// A field that serde skips would reset in play; in a debug build it fails at the first checkpoint.
#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "does serde skip a field?")]
fn a_forgotten_field_is_found_at_a_checkpoint() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    table.ask(1, 1, &Ask::Forget {});
    table.run(60, nothing);
}

/// A client may stand still for half a minute; whoever never acknowledges again is let go, and its
/// session may resume.
#[test]
fn a_client_that_acknowledges_nothing_any_more_is_closed() {
    let mut table = table();
    let (player, other) = (table.attach(1, 1, false), table.attach(2, 2, false));
    table.run(30, right);
    table.frozen.push(table.watchers[other].connection);
    table.run(30 * 40, right);
    assert_eq!(table.watchers[other].closed, None);
    table.run(30 * 10, right);
    assert_eq!(table.watchers[other].closed, Some(CloseReason::TooSlow));
    assert_eq!(table.watchers[player].closed, None);
    assert_eq!(table.room.status().connected, 1);
    let again = table.attach(3, 2, true);
    assert_eq!(table.watchers[again].closed, None);
}
