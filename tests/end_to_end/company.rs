//! Bots of the server's own: whom they keep company, how many of them, and until when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use syncline_server::{Config, JournalConfig};
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, Role, RosterEntry, ServerControl, Welcome,
};

use crate::support::client::{Client, control, create, follow, resume};
use crate::support::host::Host;
use crate::support::soon;

/// A server with so many bots for a person, whose rooms are over soon after the last one has left.
fn host(demo_bots: u16) -> Host {
    Host::with(Config {
        game: Some("arena".to_owned()),
        demo_bots: Some(demo_bots),
        bandwidth_sampling: 1,
        empty_timeout: Duration::from_millis(50),
        ..Config::default()
    })
}

/// A hello for a new room with company.
fn together() -> Hello {
    Hello {
        company: true,
        ..create("arena", CreateOptions::default())
    }
}

async fn bots_until(host: &Host, count: u64) {
    host.metric_until("syncline_demo_bots", |bots| bots == count)
        .await;
}

/// How many play in a room, bots among them.
async fn players(host: &Host, welcome: &Welcome) -> u64 {
    let rooms = host.rooms().await;
    let room = rooms.iter().find(|room| room["id"] == welcome.room.0);
    room.expect("the room is open")["players"].as_u64().unwrap()
}

/// Waits until a room has so many players.
async fn players_until(host: &Host, welcome: &Welcome, count: u64) {
    soon("players come or go", async {
        while players(host, welcome).await != count {}
    })
    .await;
}

async fn leave(mut client: Client) {
    client.send(control(&ClientControl::Leave)).await;
    client.closed().await;
}

/// The names on the roster, once `count` others are connected.
async fn company(client: &mut Client, welcome: &Welcome, count: usize) -> BTreeSet<String> {
    let mut seats = BTreeMap::new();
    let mut take = |roster: Vec<RosterEntry>, left: Vec<_>| {
        let entries = roster.into_iter().map(|entry| (entry.player, entry));
        seats.extend(entries);
        seats.retain(|player, _| !left.contains(player) && Some(*player) != welcome.player);
        let names = seats.values().filter(|entry| entry.connected);
        names
            .map(|entry| entry.name.clone())
            .collect::<BTreeSet<_>>()
    };
    let mut names = take(welcome.state.roster.clone(), Vec::new());
    while names.len() != count {
        let update = |control| match control {
            ServerControl::Room(update) => Some(update),
            _ => None,
        };
        let update = client.control(update).await;
        names = take(update.roster, update.left);
    }
    names
}

/// The answer about a room.
async fn about(host: &Host, welcome: &Welcome, what: &str) -> Value {
    let path = format!("/api/rooms/{}/{what}", welcome.code);
    serde_json::from_str(&host.get(&path).await.body).unwrap()
}

#[tokio::test]
async fn whoever_asks_for_company_gets_bots_that_play() {
    let host = host(3);
    let (mut person, welcome) = Client::join(&host, together()).await;
    let names = company(&mut person, &welcome, 3).await;
    assert!(
        names.iter().all(|name| name.starts_with("bot ")),
        "{names:?}"
    );
    assert_eq!(host.metric("syncline_demo_bots").await, 3);
    soon("their inputs are taken", async {
        while about(&host, &welcome, "metrics").await["inputs"]["queued"].as_u64() < Some(10) {}
    })
    .await;
    // The person touches nothing: whatever moves is a bot.
    soon("ships move", async {
        loop {
            let bandwidth = about(&host, &welcome, "bandwidth").await;
            let costs = bandwidth["streams"]["common"]["costs"].as_array().unwrap();
            let moves = |cost: &&Value| cost["class"] == "Ship" && cost["part"] == "velocity";
            if costs.iter().any(|cost| moves(&cost)) {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_else_has_company() {
    let host = host(2);
    let (_alone, alone) = Client::join(&host, create("arena", CreateOptions::default())).await;
    let elsewhere = Hello {
        company: true,
        ..create("lab", CreateOptions::default())
    };
    // There is nobody who could play it.
    let (_lab, lab) = Client::join(&host, elsewhere).await;
    // Only whoever makes a room is asked.
    let late = Hello {
        company: true,
        ..follow(&alone)
    };
    let (_late, late) = Client::join(&host, late).await;
    assert_eq!(late.room, alone.room);
    let (mut person, welcome) = Client::join(&host, together()).await;
    company(&mut person, &welcome, 2).await;
    assert_eq!(players(&host, &alone).await, 2);
    assert_eq!(players(&host, &lab).await, 1);
    assert_eq!(host.metric("syncline_demo_bots").await, 2);
}

#[tokio::test]
async fn bots_go_as_people_come_and_come_as_people_go() {
    let host = host(3);
    let (_first, room) = Client::join(&host, together()).await;
    players_until(&host, &room, 4).await;
    let (second, _) = Client::join(&host, follow(&room)).await;
    bots_until(&host, 2).await;
    players_until(&host, &room, 4).await;
    let (third, _) = Client::join(&host, follow(&room)).await;
    bots_until(&host, 1).await;
    players_until(&host, &room, 4).await;
    // Who only watches takes nobody's place.
    let watcher = Hello {
        role: Role::Spectator,
        ..follow(&room)
    };
    let (_watcher, _) = Client::join(&host, watcher).await;
    leave(second).await;
    leave(third).await;
    bots_until(&host, 3).await;
    players_until(&host, &room, 4).await;
}

#[tokio::test]
async fn bots_never_keep_a_room() {
    let host = host(3);
    let (person, welcome) = Client::join(&host, together()).await;
    players_until(&host, &welcome, 4).await;
    leave(person).await;
    host.rooms_until("the room is over", <[Value]>::is_empty)
        .await;
    assert_eq!(host.metric("syncline_demo_bots").await, 0);
    host.metric_until("syncline_members", |members| members == 0)
        .await;
    let sample = "syncline_closes_total{reason=\"left\"}";
    assert_eq!(host.metric(sample).await, 4, "all went of their own accord");
}

/// A page that is loaded again finds its opponents as they were.
#[tokio::test]
async fn a_lost_person_is_waited_for() {
    let host = host(3);
    let (lost, first) = Client::join(&host, together()).await;
    players_until(&host, &first, 4).await;
    drop(lost);
    host.metric_until("syncline_members", |members| members == 3)
        .await;
    let (mut back, second) = Client::join(&host, resume(&first)).await;
    assert_eq!(second.player, first.player);
    back.frame().await;
    players_until(&host, &first, 4).await;
    let left = "syncline_closes_total{reason=\"left\"}";
    assert_eq!(host.metric(left).await, 0, "no bot has left");
}

#[tokio::test]
async fn a_seat_is_left_for_whoever_comes() {
    let host = host(6);
    let small = Hello {
        company: true,
        ..create(
            "arena",
            CreateOptions {
                players_max: Some(4),
                ..CreateOptions::default()
            },
        )
    };
    let (_first, room) = Client::join(&host, small).await;
    players_until(&host, &room, 3).await;
    for people in 2..=4 {
        let (player, _) = Client::join(&host, follow(&room)).await;
        // Its seat is kept for it.
        drop(player);
        players_until(&host, &room, 3.max(people)).await;
    }
}

#[tokio::test]
async fn a_private_room_may_have_company_too_and_strict_limits_are_not_for_bots() {
    let host = Host::with(Config {
        demo_bots: Some(5),
        max_connections_per_address: 1,
        max_half_open: 1,
        allow_origins: vec!["https://game.example".to_owned()],
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Config::default()
    });
    let private = CreateOptions {
        private: true,
        ..CreateOptions::default()
    };
    let hello = Hello {
        company: true,
        ..create("arena", private)
    };
    let (mut person, welcome) = Client::join(&host, hello).await;
    company(&mut person, &welcome, 5).await;
}

#[tokio::test]
async fn only_so_many_rooms_have_company() {
    const ROOMS_MAX: usize = 16;
    let host = host(1);
    let mut people = Vec::new();
    for _ in 0..ROOMS_MAX {
        let (person, room) = Client::join(&host, together()).await;
        players_until(&host, &room, 2).await;
        people.push(person);
    }
    let (mut one_more, waits) = Client::join(&host, together()).await;
    one_more.frame().await;
    assert_eq!(players(&host, &waits).await, 1);
    assert_eq!(host.metric("syncline_demo_bots").await, ROOMS_MAX as u64);
    leave(people.remove(0)).await;
    players_until(&host, &waits, 2).await;
    bots_until(&host, ROOMS_MAX as u64).await;
}

#[tokio::test]
async fn a_server_with_bots_ends_as_soon_as_any() {
    let host = host(6);
    let (mut person, welcome) = Client::join(&host, together()).await;
    players_until(&host, &welcome, 7).await;
    host.stop().await;
    person.closed().await;
}

/// As `--demo-bots` says: some where only this machine can connect.
#[tokio::test]
async fn on_loopback_there_is_company_by_default() {
    let host = Host::start();
    let (mut person, welcome) = Client::join(&host, together()).await;
    company(&mut person, &welcome, 6).await;
    let none = Host::with(Config {
        demo_bots: Some(0),
        ..Config::default()
    });
    let (mut alone, welcome) = Client::join(&none, together()).await;
    alone.frame().await;
    assert_eq!(players(&none, &welcome).await, 1);
}

/// They are lost with the server: nobody waits for them, their seats are free, and others come for
/// whoever is back.
#[tokio::test]
async fn bots_of_a_server_that_ended_hold_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let recording = || {
        Host::with(Config {
            game: Some("arena".to_owned()),
            demo_bots: Some(3),
            journal: Some(JournalConfig {
                dir: folder.path().to_owned(),
                ..JournalConfig::default()
            }),
            ..Config::default()
        })
    };
    let first = recording();
    let (mut person, welcome) = Client::join(&first, together()).await;
    company(&mut person, &welcome, 3).await;
    first.stop().await;
    let second = recording();
    let (mut person, again) = Client::join(&second, resume(&welcome)).await;
    assert_eq!(again.player, welcome.player);
    assert!(
        again.state.roster.len() <= 1 + 3,
        "no seat is kept for them"
    );
    let others = again
        .state
        .roster
        .iter()
        .filter(|seat| Some(seat.player) != again.player);
    assert!(
        others.into_iter().all(|seat| seat.connected),
        "these are new ones"
    );
    company(&mut person, &again, 3).await;
    person.frame().await;
    second.stop().await;
}
