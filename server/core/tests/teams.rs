//! Teams: who is put into which, who may change, what matches and journals know of it, and team chat.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Table, nothing, positions, room_refusals, room_with};
use syncline_server_core::replay::{Replay, restore};
use syncline_server_core::{ClientMessage, Room, RoomConfig, RoomOutput, game_kind};
use syncline_shared::id::TeamId;
use syncline_shared::journal::{JournalReader, JournalWriter};
use syncline_shared::message::chat::{ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::{Role, ServerControl};
use syncline_shared::message::lobby::{RoomRefusal, RoomRequest};
use syncline_shared::tick::Timestamp;

use crate::support::Race;

fn rules(teams: u8) -> Rules {
    Rules {
        teams,
        ..Rules::default()
    }
}

/// A lobby of a game with so many teams, with so many players whose connections are their seats.
fn lobby(teams: u8, players: u64) -> Table {
    let mut table = Table::new(room_with(&rules(teams), |config| {
        config.countdown_micros = Some(0);
        config.record = true;
    }));
    for player in 0..players {
        table.attach(player, player, false);
    }
    table.run(3, nothing);
    table
}

/// The team of each seat, as the first member is told.
fn teams(table: &Table) -> Vec<Option<u8>> {
    let roster = table.watchers[0].roster.values();
    roster.map(|entry| entry.team.map(|team| team.0)).collect()
}

fn change(table: &mut Table, connection: u64, team: u8) {
    let request = RoomRequest::Team(TeamId(team));
    table.send(connection, ClientMessage::Room(request));
    table.run(3, nothing);
}

fn start(table: &mut Table) {
    table.send(0, ClientMessage::Room(RoomRequest::Start));
    table.run(3, nothing);
    assert_eq!(table.room.status().phase, "running");
}

fn say(table: &mut Table, connection: u64, to: ChatTo, text: &str) {
    let text = Some(text.to_owned());
    table.send(connection, ClientMessage::Chat { to, text });
}

fn heard(table: &Table, watcher: usize) -> Vec<&str> {
    let told = table.watchers[watcher].replies.iter();
    told.filter_map(|reply| match reply {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    })
    .flatten()
    .map(|line: &ChatLine| line.text.as_str())
    .collect()
}

#[test]
fn whoever_comes_is_put_into_the_smallest_team() {
    let mut table = lobby(3, 7);
    let even = [0, 1, 2, 0, 1, 2, 0].map(Some);
    assert_eq!(teams(&table), even);
    table.send(1, ClientMessage::Leave);
    table.attach(20, 20, false);
    table.run(3, nothing);
    assert_eq!(teams(&table), even, "its seat and its team were free");
    assert_eq!(teams(&lobby(0, 2)), [None, None]);
}

#[test]
fn a_player_may_change_if_that_leaves_the_teams_even() {
    let mut table = lobby(2, 3);
    assert_eq!(teams(&table), [0, 1, 0].map(Some));
    change(&mut table, 1, 0);
    change(&mut table, 1, 7);
    assert_eq!(
        room_refusals(&table, 1),
        [RoomRefusal::Unbalanced, RoomRefusal::NoSuchTeam]
    );
    change(&mut table, 2, 1);
    change(&mut table, 2, 1);
    assert_eq!(teams(&table), [0, 1, 1].map(Some));
    assert_eq!(room_refusals(&table, 2), []);
    start(&mut table);
    change(&mut table, 1, 0);
    assert_eq!(room_refusals(&table, 1).last(), Some(&RoomRefusal::NotNow));
}

/// In the test's game a runner begins at its team's place.
#[test]
fn a_game_knows_the_team_when_a_player_joins_and_so_does_its_journal() {
    let mut table = lobby(2, 3);
    change(&mut table, 2, 1);
    start(&mut table);
    table.attach(9, 9, false);
    table.run(3, nothing);
    let mut at = positions(&table, 0);
    at.sort_unstable();
    assert_eq!(at, [0, 0, 1000, 1000]);
    let bytes = journal(core::mem::take(&mut table.records));
    let reader = JournalReader::open(&bytes).unwrap();
    let mut replay = Replay::start(&*game_kind::<Race>(), reader.header()).unwrap();
    for record in reader {
        replay.apply(&record).unwrap();
    }
    assert_eq!(Some(replay.game().state_hash()), table.room.state_hash());
    let table = recovered(&bytes);
    assert_eq!(Some(replay.game().state_hash()), table.room.state_hash());
}

#[test]
fn a_lobby_is_recovered_with_its_teams() {
    let mut table = lobby(2, 3);
    change(&mut table, 2, 1);
    let mut table = recovered(&journal(table.records));
    table.attach(0, 0, true);
    assert_eq!(teams(&table), [0, 1, 1].map(Some));
}

/// The journal that was put out last.
fn journal(records: Vec<RoomOutput>) -> Vec<u8> {
    let (mut bytes, mut writer) = (Vec::new(), None);
    for output in records {
        match output {
            RoomOutput::JournalBegan(header) => {
                bytes.clear();
                writer = JournalWriter::begin(&header, &mut bytes).ok();
            }
            RoomOutput::Record(record) => writer.as_mut().unwrap().write(&record, &mut bytes),
            _ => {}
        }
    }
    writer.unwrap().flush(&mut bytes);
    bytes
}

fn recovered(bytes: &[u8]) -> Table {
    let mut reader = JournalReader::open(bytes).unwrap();
    let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
    let config = RoomConfig::restored(&restored.header);
    let room = Room::recover(config, game_kind::<Race>(), restored, Timestamp::ZERO);
    Table::new(room.unwrap())
}

#[test]
fn a_team_hears_what_is_said_to_it_and_nobody_else_does() {
    let mut table = lobby(2, 4);
    let watcher = table.attach_as(50, 50, false, Role::Spectator, "watches");
    say(&mut table, 0, ChatTo::Team, "left");
    say(&mut table, 1, ChatTo::Team, "right");
    say(&mut table, 2, ChatTo::Room, "hi");
    say(&mut table, 50, ChatTo::Team, "who?");
    table.run(3, nothing);
    assert_eq!(heard(&table, 0), ["left", "hi"]);
    assert_eq!(heard(&table, 2), ["left", "hi"]);
    assert_eq!(heard(&table, 1), ["right", "hi"]);
    assert_eq!(heard(&table, 3), ["right", "hi"]);
    assert_eq!(heard(&table, watcher), ["hi"]);
    let refused = ServerControl::ChatRefused(ChatRefusal::NoTeam);
    assert!(table.watchers[watcher].replies.contains(&refused));
    assert_eq!(table.room.said_since(table.now, 0).0.len(), 1);
    // Whoever is in another team now hears that one.
    table.send(3, ClientMessage::Leave);
    change(&mut table, 2, 1);
    say(&mut table, 2, ChatTo::Team, "here I am");
    table.run(3, nothing);
    assert_eq!(heard(&table, 0), ["left", "hi"]);
    assert_eq!(heard(&table, 1), ["right", "hi", "here I am"]);
    assert_eq!(heard(&table, 2).last(), Some(&"here I am"));
}
