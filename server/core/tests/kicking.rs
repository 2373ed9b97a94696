//! Who is removed from a room, what it is told, and how it is kept out.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Table, nothing, room_refusals, room_with, table};
use syncline_server_core::{ClientMessage, RoomOutput};
use syncline_shared::close::CloseReason;
use syncline_shared::game::LeaveReason;
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::journal::{Record, RosterChange};
use syncline_shared::message::control::Role;
use syncline_shared::message::lobby::{RoomRefusal, RoomRequest};

/// A room with a host, who came first, and two others.
fn hosted() -> Table {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.countdown_micros = Some(0);
        config.record = true;
    }));
    for member in 1..=3 {
        table.attach(member, member, false);
    }
    table.run(3, nothing);
    table
}

fn kick(table: &mut Table, connection: u64, player: u16, reason: &str) {
    let request = RoomRequest::Kick {
        player: PlayerId(player),
        reason: reason.to_owned(),
    };
    table.send(connection, ClientMessage::Room(request));
}

#[test]
fn the_host_removes_a_player_who_is_told_why() {
    let mut table = hosted();
    kick(&mut table, 1, 1, " be\u{202e} kind\n");
    let kicked = &table.watchers[1];
    assert_eq!(kicked.closed, Some(CloseReason::Kicked));
    assert_eq!(kicked.close_text, "kicked: be kind");
    table.run(3, nothing);
    let seats: Vec<u16> = table.watchers[0].roster.keys().map(|seat| seat.0).collect();
    assert_eq!(seats, [0, 2]);
    assert_eq!(table.room.counters().kicks, 1);
    let left = RosterChange::Left(SessionId(2), LeaveReason::Kicked);
    let recorded = RoomOutput::Record(Box::new(Record::Roster(left)));
    assert!(table.records.contains(&recorded));
}

#[test]
fn only_the_host_does_and_not_itself() {
    let mut table = hosted();
    kick(&mut table, 2, 2, "");
    kick(&mut table, 1, 0, "");
    kick(&mut table, 1, 9, "");
    table.run(2, nothing);
    assert_eq!(room_refusals(&table, 1), [RoomRefusal::NotTheHost]);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NoSuchPlayer; 2]);
    assert!(
        table
            .watchers
            .iter()
            .all(|watcher| watcher.closed.is_none())
    );
}

#[test]
fn a_kicked_session_is_kept_out_for_ten_minutes() {
    let mut table = hosted();
    kick(&mut table, 1, 1, "enough");
    let again = table.attach(10, 2, true);
    assert_eq!(table.watchers[again].close_text, "kicked: enough");
    table.now = table.now.plus_micros(599_000_000);
    let again = table.attach(11, 2, true);
    assert_eq!(table.watchers[again].closed, Some(CloseReason::Kicked));
    table.now = table.now.plus_micros(2_000_000);
    let again = table.attach(12, 2, true);
    assert_eq!(
        table.watchers[again].closed,
        Some(CloseReason::SessionExpired)
    );
    // Another session is somebody else, as far as anybody can know.
    let other = table.attach(13, 20, false);
    assert!(table.watchers[other].welcome.is_some());
}

#[test]
fn whoever_runs_the_server_removes_anybody_from_any_room() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.attach_as(3, 3, false, Role::Spectator, "watches");
    table.run(5, nothing);
    kick(&mut table, 1, 1, "there is no host here");
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotTheHost; 0]);
    table.run(1, nothing);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotTheHost]);
    let now = table.now;
    let nobody = table.room.kick(now, PlayerId(5), "");
    assert_eq!(nobody, Err(RoomRefusal::NoSuchPlayer));
    // One who is away, too, whose seat is free then.
    table.detach(2);
    assert_eq!(table.room.kick(now, PlayerId(1), &"ß".repeat(99)), Ok(()));
    assert_eq!(table.room.kick(now, PlayerId(0), ""), Ok(()));
    table.run(1, nothing);
    assert_eq!(table.watchers[0].close_text, "kicked");
    assert_eq!(table.room.status().players, 0);
    let again = table.attach(10, 2, true);
    let text = format!("kicked: {}", "ß".repeat(56));
    assert_eq!(table.watchers[again].close_text, text, "all that fits");
}

#[test]
fn the_first_of_very_many_who_were_kicked_is_forgotten() {
    let mut table = table();
    for session in 0..300 {
        table.attach(session, session, false);
        assert_eq!(table.room.kick(table.now, PlayerId(0), ""), Ok(()));
    }
    let closed = |table: &mut Table, session| {
        let again = table.attach(1000 + session, session, true);
        table.watchers[again].closed.unwrap()
    };
    assert_eq!(closed(&mut table, 43), CloseReason::SessionExpired);
    assert_eq!(closed(&mut table, 44), CloseReason::Kicked);
    assert_eq!(closed(&mut table, 299), CloseReason::Kicked);
}
