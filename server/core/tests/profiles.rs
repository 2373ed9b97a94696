//! What matches, journals and others know of a player. Teams: who is put into which, who may change,
//! and team chat; properties: what players say of themselves.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Rules, Table, nothing, positions, room_refusals, room_with};
use syncline_server_core::replay::{Replay, restore};
use syncline_server_core::{Attach, ClientMessage, Room, RoomConfig, RoomOutput, game_kind};
use syncline_shared::id::{SessionId, TeamId};
use syncline_shared::journal::{JournalReader, JournalWriter};
use syncline_shared::message::chat::{ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::{Role, ServerControl};
use syncline_shared::message::lobby::{RoomRefusal, RoomRequest};
use syncline_shared::properties::Properties;
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

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// Somebody with a hat, on a connection of the same number.
fn come_with(table: &mut Table, number: u64, hat: &str) {
    table.attach_who(
        number,
        Attach {
            session: SessionId(number),
            resume: false,
            resume_token: vec![1, 2, 3],
            name: "someone".to_owned(),
            properties: Properties::new([("hat", hat)]).unwrap(),
            role: Role::Player,
            transient: false,
            knows_schema: false,
        },
    );
}

fn wear(table: &mut Table, connection: u64, properties: &[(&str, &str)]) {
    let request = RoomRequest::Properties(pairs(properties));
    table.send(connection, ClientMessage::Room(request));
    table.run(3, nothing);
}

/// The hat of each seat, as the first member is told.
fn hats(table: &Table) -> Vec<Option<&str>> {
    let roster = table.watchers[0].roster.values();
    roster.map(|entry| entry.properties.get("hat")).collect()
}

#[test]
fn all_see_what_players_say_of_themselves_and_it_changes_between_matches_only() {
    let mut table = lobby(0, 1);
    come_with(&mut table, 1, "fez");
    table.run(3, nothing);
    assert_eq!(hats(&table), [None, Some("fez")]);
    wear(&mut table, 0, &[("hat", "top"), ("colour", "#ff8800")]);
    wear(&mut table, 1, &[("hat", " crooked ")]);
    wear(&mut table, 1, &[("Hat", "straw")]);
    assert_eq!(
        room_refusals(&table, 1),
        [RoomRefusal::InvalidProperties; 2]
    );
    assert_eq!(hats(&table), [Some("top"), Some("fez")]);
    let late = table.attach(5, 5, false);
    let first = table.watchers[late].roster.values().next();
    assert_eq!(first.unwrap().properties.get("colour"), Some("#ff8800"));
    wear(&mut table, 1, &[]);
    assert_eq!(hats(&table), [Some("top"), None, None]);
    start(&mut table);
    wear(&mut table, 0, &[]);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotNow]);
    assert_eq!(hats(&table), [Some("top"), None, None]);
}

/// All are told of each change, and the journal has it.
#[test]
fn nobody_changes_without_end() {
    let mut table = lobby(0, 1);
    for size in 0..9 {
        let request = RoomRequest::Properties(pairs(&[("size", &size.to_string())]));
        table.send(0, ClientMessage::Room(request));
    }
    table.run(3, nothing);
    assert_eq!(room_refusals(&table, 0), [RoomRefusal::NotNow; 4]);
    table.now = table.now.plus_micros(1_000_000);
    wear(&mut table, 0, &[("hat", "fez")]);
    assert_eq!(hats(&table), [Some("fez")]);
}

/// In the test's game a runner begins further on by as many places as it says.
#[test]
fn a_game_knows_them_when_a_player_joins_and_so_does_its_journal() {
    let mut table = lobby(0, 2);
    come_with(&mut table, 2, "fez");
    wear(&mut table, 0, &[("start", "700")]);
    start(&mut table);
    come_with(&mut table, 3, "top");
    table.run(3, nothing);
    let mut at = positions(&table, 0);
    at.sort_unstable();
    assert_eq!(at, [0, 0, 0, 700]);
    let bytes = journal(core::mem::take(&mut table.records));
    let mut after = recovered(&bytes);
    assert_eq!(after.room.state_hash(), table.room.state_hash());
    after.attach(0, 0, true);
    assert_eq!(hats(&after), hats(&table));
    assert_eq!(hats(&after), [None, None, Some("fez"), Some("top")]);
}

#[test]
fn a_lobby_is_recovered_with_what_changed_in_it() {
    let mut table = lobby(0, 2);
    wear(&mut table, 1, &[("hat", "fez")]);
    wear(&mut table, 1, &[("hat", "top")]);
    let mut table = recovered(&journal(table.records));
    table.attach(0, 0, true);
    assert_eq!(hats(&table), [None, Some("top")]);
}
