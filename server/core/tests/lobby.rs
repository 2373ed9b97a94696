//! Rooms whose matches begin when all players are ready: who is, the host, the countdown.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Ask, Rules, Table, nothing, room_refusals, room_with, table};
use syncline_server_core::{Attach, ClientMessage, ConnectionId, RoomEvent};
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::message::control::{PhaseInfo, Role};
use syncline_shared::message::lobby::{RoomRefusal, RoomRequest};
use syncline_shared::properties::Properties;
use syncline_shared::tick::Timestamp;

const COUNTDOWN: u64 = 3_000_000;

/// A room for two and more that waits until all are ready.
fn gathering() -> Table {
    let rules = Rules {
        seats_min: 2,
        ..Rules::default()
    };
    Table::new(room_with(&rules, |config| {
        config.countdown_micros = Some(COUNTDOWN);
        config.rematch_micros = 1_000_000;
    }))
}

fn ask(table: &mut Table, connection: u64, request: RoomRequest) {
    table.send(connection, ClientMessage::Room(request));
}

fn ready(table: &mut Table, connection: u64, ready: bool) {
    ask(table, connection, RoomRequest::Ready(ready));
}

/// Lets time pass and everybody be told.
fn wait(table: &mut Table, micros: u64) {
    let until = table.now.plus_micros(micros);
    while table.now < until {
        table.run(1, nothing);
    }
}

/// What a member was told last of the lobby: who is missing, who is unready, whether it starts.
fn lobby(table: &Table, watcher: usize) -> (u16, Option<u16>, Option<u32>) {
    match table.watchers[watcher].phase {
        Some(PhaseInfo::Lobby {
            missing,
            unready,
            starts_ms,
        }) => (missing, unready, starts_ms),
        ref other => panic!("no lobby: {other:?}"),
    }
}

fn phase(table: &Table) -> &'static str {
    table.room.status().phase
}

/// Seats of those who are shown as host.
fn hosts(table: &Table, watcher: usize) -> Vec<u16> {
    let roster = table.watchers[watcher].roster.values();
    let hosts = roster.filter(|entry| entry.host);
    hosts.map(|entry| entry.player.0).collect()
}

#[test]
fn a_match_begins_after_a_countdown_when_all_are_ready() {
    let mut table = gathering();
    table.attach(1, 1, false);
    ready(&mut table, 1, true);
    wait(&mut table, 200_000);
    assert_eq!(lobby(&table, 0), (1, Some(0), None));
    table.attach(2, 2, false);
    wait(&mut table, 10_000_000);
    assert_eq!(lobby(&table, 0), (0, Some(1), None));
    assert_eq!(phase(&table), "lobby");
    let began = table.now;
    ready(&mut table, 2, true);
    wait(&mut table, 200_000);
    let (missing, unready, starts) = lobby(&table, 0);
    assert_eq!((missing, unready), (0, Some(0)));
    assert!((2_900..=3_000).contains(&starts.unwrap()), "{starts:?}");
    assert!(table.watchers[0].roster[&PlayerId(1)].ready);
    while phase(&table) == "lobby" {
        assert!(table.now.since(began) < 2 * COUNTDOWN);
        table.run(1, nothing);
    }
    let took = table.now.since(began);
    assert!((COUNTDOWN..COUNTDOWN + 150_000).contains(&took), "{took}");
    table.run(3, nothing);
    assert_eq!(phase(&table), "running");
    // Who is ready is ready for one match.
    let roster = table.watchers[0].roster.values();
    assert_eq!(roster.filter(|entry| entry.ready).count(), 0);
    table.check_frames();
}

#[test]
fn whoever_comes_late_sees_the_rest_and_does_not_stop_it() {
    let mut table = gathering();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    ready(&mut table, 1, true);
    ready(&mut table, 2, true);
    wait(&mut table, 1_000_000);
    table.attach(3, 3, false);
    let (_, unready, starts) = lobby(&table, 2);
    assert_eq!(unready, Some(1));
    assert!((1_850..=2_100).contains(&starts.unwrap()), "{starts:?}");
    wait(&mut table, 2_300_000);
    assert_eq!(phase(&table), "running");
    assert_eq!(table.room.status().players, 3);
    assert_eq!(table.watchers[2].incarnation(), 1);
}

#[test]
fn a_countdown_stops_when_somebody_is_not_ready_any_more() {
    let mut table = gathering();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    ready(&mut table, 1, true);
    ready(&mut table, 2, true);
    wait(&mut table, 2_000_000);
    ready(&mut table, 2, false);
    wait(&mut table, 200_000);
    assert_eq!(lobby(&table, 0), (0, Some(1), None));
    wait(&mut table, 5_000_000);
    assert_eq!(phase(&table), "lobby");
    ready(&mut table, 2, true);
    wait(&mut table, 2_500_000);
    assert_eq!(phase(&table), "lobby", "it begins anew");
    wait(&mut table, 700_000);
    assert_eq!(phase(&table), "running");
}

#[test]
fn a_countdown_stops_when_too_few_are_left() {
    let mut table = gathering();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    ready(&mut table, 1, true);
    ready(&mut table, 2, true);
    wait(&mut table, 1_000_000);
    table.detach(2);
    wait(&mut table, 5_000_000);
    assert_eq!(lobby(&table, 0), (1, Some(0), None));
    // It is ready as it was when it comes back.
    table.attach(3, 2, true);
    wait(&mut table, 3_300_000);
    assert_eq!(phase(&table), "running");
}

#[test]
fn whoever_is_away_is_not_waited_for() {
    let mut table = gathering();
    for member in 1..=3 {
        table.attach(member, member, false);
    }
    ready(&mut table, 1, true);
    ready(&mut table, 2, true);
    wait(&mut table, 1_000_000);
    assert_eq!(lobby(&table, 0), (0, Some(1), None));
    table.detach(3);
    wait(&mut table, 3_300_000);
    assert_eq!(phase(&table), "running");
    assert_eq!(table.room.status().players, 3);
}

#[test]
fn the_host_is_who_came_first_and_may_start_early() {
    let mut table = gathering();
    table.attach_as(1, 9, false, Role::Spectator, "watches");
    table.attach(2, 8, false);
    ask(&mut table, 2, RoomRequest::Start);
    table.attach(3, 7, false);
    table.attach(4, 6, false);
    wait(&mut table, 200_000);
    assert_eq!(hosts(&table, 3), [0]);
    ask(&mut table, 3, RoomRequest::Start);
    ask(&mut table, 1, RoomRequest::Ready(true));
    assert_eq!(room_refusals(&table, 1), [RoomRefusal::TooFewPlayers]);
    assert_eq!(room_refusals(&table, 2), [RoomRefusal::NotTheHost]);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotAPlayer]);
    ask(&mut table, 2, RoomRequest::Start);
    wait(&mut table, 200_000);
    let (_, unready, starts) = lobby(&table, 0);
    assert_eq!((unready, starts.is_some()), (Some(2), true));
    wait(&mut table, COUNTDOWN);
    assert_eq!(phase(&table), "running");
    ask(&mut table, 2, RoomRequest::Start);
    ready(&mut table, 3, true);
    table.run(2, nothing);
    assert_eq!(room_refusals(&table, 1).last(), Some(&RoomRefusal::NotNow));
    assert_eq!(room_refusals(&table, 2).last(), Some(&RoomRefusal::NotNow));
    assert_eq!(table.room.counters().requests_refused, 5);
}

#[test]
fn the_next_one_who_came_is_host_when_the_host_leaves() {
    let mut table = gathering();
    // Later sessions have lower ids and seats that were free before.
    table.attach(1, 30, false);
    table.attach(2, 20, false);
    table.attach(3, 10, false);
    table.send(2, ClientMessage::Leave);
    table.attach(4, 5, false);
    wait(&mut table, 200_000);
    assert_eq!(hosts(&table, 0), [0]);
    table.detach(1);
    wait(&mut table, 1_000_000);
    assert_eq!(hosts(&table, 2), [0], "it may come back");
    wait(&mut table, 15_000_000);
    assert_eq!(hosts(&table, 2), [2]);
    table.send(3, ClientMessage::Leave);
    wait(&mut table, 200_000);
    assert_eq!(hosts(&table, 3), [1]);
}

#[test]
fn parts_of_the_server_are_no_hosts() {
    let mut table = gathering();
    let attach = Attach {
        session: SessionId(50),
        resume: false,
        resume_token: Vec::new(),
        name: "bot".to_owned(),
        properties: Properties::default(),
        role: Role::Player,
        transient: true,
        knows_schema: false,
    };
    table.watchers.push(support::Watcher::new(50, 50));
    let connection = ConnectionId(50);
    let event = RoomEvent::Attach(connection, Box::new(attach));
    table.room.handle(table.now, event);
    wait(&mut table, 200_000);
    assert_eq!(hosts(&table, 0), [0; 0]);
    table.attach(1, 1, false);
    wait(&mut table, 200_000);
    assert_eq!(hosts(&table, 0), [1]);
}

/// After a result the lobby comes again; whoever all want another match need not wait.
#[test]
fn a_result_is_followed_by_the_lobby_or_by_what_all_vote_for() {
    let mut table = gathering();
    for member in [1, 2] {
        table.attach(member, member, false);
        ready(&mut table, member, true);
    }
    wait(&mut table, COUNTDOWN + 300_000);
    assert_eq!(phase(&table), "running");
    table.ask(1, 1, &Ask::Finish {});
    wait(&mut table, 300_000);
    assert_eq!(phase(&table), "ended");
    table.send(1, ClientMessage::Rematch);
    table.send(2, ClientMessage::Rematch);
    wait(&mut table, 200_000);
    assert_eq!((phase(&table), table.room.incarnation()), ("running", 2));
    table.ask(1, 2, &Ask::Finish {});
    wait(&mut table, 300_000);
    table.send(1, ClientMessage::Rematch);
    wait(&mut table, 1_200_000);
    assert_eq!(phase(&table), "lobby");
    assert_eq!(lobby(&table, 0), (0, Some(2), None));
    wait(&mut table, 20_000_000);
    assert_eq!(phase(&table), "lobby");
    for member in [1, 2] {
        ready(&mut table, member, true);
    }
    wait(&mut table, COUNTDOWN + 300_000);
    assert_eq!((phase(&table), table.room.incarnation()), ("running", 3));
}

#[test]
fn a_room_that_begins_by_itself_has_no_host_and_needs_nobody_ready() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(3, nothing);
    assert_eq!(phase(&table), "running");
    assert_eq!(hosts(&table, 0), [0; 0]);
    ready(&mut table, 1, true);
    table.run(2, nothing);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotNow]);
}

#[test]
fn without_a_countdown_a_match_begins_at_once() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.countdown_micros = Some(0);
    }));
    table.attach(1, 1, false);
    wait(&mut table, 1_000_000);
    assert_eq!(phase(&table), "lobby");
    ready(&mut table, 1, true);
    assert_eq!(table.room.next_due(), Timestamp::ZERO);
    table.run(2, nothing);
    assert_eq!(phase(&table), "running");
}

/// A room sleeps through its countdown but for what it has to tell.
#[test]
fn a_lobby_wants_attention_only_when_something_happens() {
    let mut table = gathering();
    for member in [1, 2] {
        table.attach(member, member, false);
    }
    wait(&mut table, 300_000);
    assert_eq!(table.room.next_due(), Timestamp(u64::MAX));
    let began = table.now;
    for member in [1, 2] {
        ready(&mut table, member, true);
    }
    table.room.advance(table.now);
    table.run(3, nothing);
    assert_eq!(table.room.next_due(), began.plus_micros(COUNTDOWN));
}

/// Those who are told later see the countdown as it was then.
#[test]
fn delayed_spectators_see_the_lobby_of_back_then() {
    let rules = Rules {
        seats_min: 2,
        ..Rules::default()
    };
    let delay = 2_000_000;
    let mut table = Table::new(room_with(&rules, |config| {
        config.countdown_micros = Some(COUNTDOWN);
        config.spectator_delay_micros = delay;
    }));
    for member in [1, 2] {
        table.attach(member, member, false);
    }
    table.attach_as(3, 3, false, Role::Spectator, "watches");
    wait(&mut table, 1_000_000);
    for member in [1, 2] {
        ready(&mut table, member, true);
    }
    wait(&mut table, 300_000);
    assert_eq!(lobby(&table, 2).2, None, "not yet");
    wait(&mut table, delay);
    let (_, unready, starts) = lobby(&table, 2);
    assert_eq!(unready, Some(0));
    assert!((2_900..=3_000).contains(&starts.unwrap()), "{starts:?}");
    table.attach_as(4, 4, false, Role::Spectator, "watches too");
    let starts = lobby(&table, 3).2;
    assert!((2_500..=2_900).contains(&starts.unwrap()), "{starts:?}");
    wait(&mut table, 1_500_000);
    assert_eq!(phase(&table), "running");
    assert!(lobby(&table, 2).2.is_some());
    wait(&mut table, delay);
    assert_eq!(table.watchers[2].incarnation(), 1);
}
