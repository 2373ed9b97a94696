//! Which room one comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::id::RoomId;
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, PhaseInfo, RoomSelector, ServerControl,
};

use crate::support::client::{Client, control, create, follow, greeting, hello};
use crate::support::host::Host;

/// Pong has two seats. All come at once; nobody may find the seat taken that it was sent to.
#[tokio::test]
async fn quick_play_pairs_up_players_who_come_at_once() {
    let host = Host::start();
    let pong = || Hello {
        game: Some("pong".to_owned()),
        ..hello()
    };
    let guests = join_all((0..12).map(|_| Client::join(&host, pong()))).await;
    let mut rooms = BTreeMap::new();
    for (_, welcome) in &guests {
        *rooms.entry(welcome.room).or_insert(0) += 1;
    }
    assert_eq!(rooms.into_values().collect::<Vec<_>>(), [2; 6]);
}

/// Ten rooms of ten seats. All come at once; whoever is refused is so because every seat is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_come_at_once_and_a_hundred_get_in() {
    let host = Host::with(Config {
        max_rooms: 10,
        max_players: 10,
        max_half_open: 2_000,
        threads: Some(2),
        ..Config::default()
    });
    let mut clients = join_all((0..1_000).map(|_| Client::connect(&host))).await;
    let greetings = clients
        .iter_mut()
        .map(|client| client.send(greeting(hello())));
    join_all(greetings).await;
    let answers = join_all(clients.iter_mut().map(Client::answer)).await;
    let mut rooms = BTreeMap::new();
    for answer in answers {
        match answer {
            Ok(welcome) => *rooms.entry(welcome.room).or_insert(0) += 1,
            Err((reason, _)) => assert_eq!(reason, CloseReason::ServerFull),
        }
    }
    assert_eq!(rooms.into_values().collect::<Vec<_>>(), [10; 10]);
    drop(clients);
}

#[tokio::test]
async fn an_id_leads_everybody_to_one_room() {
    let host = Host::with(Config {
        threads: Some(2),
        ..Config::default()
    });
    let seventh = || Hello {
        room: RoomSelector::Id(RoomId(7)),
        ..hello()
    };
    let guests = join_all((0..8).map(|_| Client::join(&host, seventh()))).await;
    assert!(guests.iter().all(|(_, welcome)| welcome.room == RoomId(7)));
    let codes: std::collections::BTreeSet<_> = guests.iter().map(|(_, w)| w.code).collect();
    assert_eq!(codes.len(), 1);
    assert_eq!(host.metric("syncline_rooms").await, 1);
}

#[tokio::test]
async fn a_private_room_is_not_listed_and_opens_to_its_code_alone() {
    let host = Host::start();
    let private = CreateOptions {
        private: true,
        ..CreateOptions::default()
    };
    let (_owner, room) = Client::join(&host, create("lab", private)).await;
    assert!(host.rooms().await.is_empty());
    let (_guest, quick) = Client::join(&host, hello()).await;
    assert_ne!(quick.room, room.room);
    let by_id = Hello {
        room: RoomSelector::Id(room.room),
        ..hello()
    };
    assert_eq!(
        Client::refused(&host, by_id).await.0,
        CloseReason::UnknownRoom
    );
    let (_friend, welcome) = Client::join(&host, follow(&room)).await;
    assert_eq!(welcome.room, room.room);
}

fn quick(query: &str) -> Hello {
    Hello {
        room: RoomSelector::QuickPlay {
            query: query.to_owned(),
        },
        ..hello()
    }
}

/// Asks for `/api/rooms` with these parameters, percent-encoded; the ids and labels of what is listed.
async fn listed(host: &Host, parameters: &str) -> Vec<(u64, Value)> {
    let answer = host.get(&format!("/api/rooms?{parameters}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let rooms: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
    let facts = |room: &Value| (room["id"].as_u64().unwrap(), room["labels"].clone());
    rooms.iter().map(facts).collect()
}

#[tokio::test]
async fn rooms_are_found_by_their_labels() {
    let host = Host::start();
    let options = CreateOptions {
        labels: vec![("mode".to_owned(), "ctf".to_owned())],
        ..CreateOptions::default()
    };
    let (_one, made) = Client::join(&host, create("lab", options)).await;
    let (_two, found) = Client::join(&host, quick("mode=ctf players<8")).await;
    assert_eq!(found.room, made.room);
    let (_three, other) = Client::join(&host, quick("game=pong region=eu")).await;
    assert_eq!(other.game, "pong");
    let (ctf, eu) = (json!({ "mode": "ctf" }), json!({ "region": "eu" }));
    let (made, other) = (u64::from(made.room.0), u64::from(other.room.0));
    let both = [(made, ctf.clone()), (other, eu.clone())];
    assert_eq!(listed(&host, "").await, both);
    assert_eq!(
        listed(&host, "query=mode%3Dctf+players%3C8").await,
        both[..1]
    );
    assert_eq!(listed(&host, "game=pong").await, both[1..]);
    assert_eq!(listed(&host, "game=pong&query=mode%3Dctf").await, []);
    let answer = host.get(&format!("/api/rooms/{made}")).await;
    assert_eq!(
        serde_json::from_str::<Value>(&answer.body).unwrap()["labels"],
        ctf
    );
}

#[tokio::test]
async fn a_room_is_played_by_the_rules_that_its_maker_chose() {
    let host = Host::start();
    let with = |rule: &str, value: &str| CreateOptions {
        rules: vec![(rule.to_owned(), value.to_owned())],
        ..CreateOptions::default()
    };
    let (mut one, room) = Client::join(&host, create("pong", with("points", "1"))).await;
    let (mut two, _) = Client::join(&host, follow(&room)).await;
    one.frame().await;
    // Whoever stays has won, with as many points as win.
    two.send(control(&ClientControl::Leave)).await;
    let ended = |control| match control {
        ServerControl::Room(update) => match update.phase {
            Some(PhaseInfo::Ended { outcome, .. }) => Some(outcome),
            _ => None,
        },
        _ => None,
    };
    assert_eq!(one.control(ended).await.scores[0].1, 1);
    for (rule, value) in [("points", "0"), ("gravity", "2")] {
        let refused = Client::refused(&host, create("pong", with(rule, value))).await;
        assert_eq!(refused.0, CloseReason::InvalidOptions, "{}", refused.1);
        assert!(refused.1.contains(rule), "{}", refused.1);
    }
}

/// The answer to the first hello is lost, or on its way; who says it again has the seat that it got.
#[tokio::test]
async fn a_join_that_is_repeated_takes_one_seat() {
    let host = Host::start();
    let join = || Hello {
        game: Some("pong".to_owned()),
        join_key: Some([9; 16]),
        ..hello()
    };
    let (mut first, welcome) = Client::join(&host, join()).await;
    let (mut second, again) = Client::join(&host, join()).await;
    assert_eq!(first.closed().await.0, CloseReason::Replaced);
    assert_eq!(
        (again.session, again.player),
        (welcome.session, welcome.player)
    );
    assert_eq!((again.room, again.attach), (welcome.room, 2));
    assert_eq!(again.state.roster.len(), 1);
    second.send(control(&ClientControl::Leave)).await;
    second.closed().await;
    // The session is over; what names it leads nowhere, and takes no seat.
    assert_eq!(
        Client::refused(&host, join()).await.0,
        CloseReason::SessionExpired
    );
}

#[tokio::test]
async fn labels_and_queries_that_are_none_are_told_so() {
    let host = Host::start();
    let options = CreateOptions {
        labels: vec![("Mode".to_owned(), "ctf".to_owned())],
        ..CreateOptions::default()
    };
    for hello in [create("lab", options), quick("mode<ctf")] {
        let (reason, text) = Client::refused(&host, hello).await;
        assert_eq!(reason, CloseReason::InvalidOptions, "{text}");
        assert!(text.len() > "invalid_options: ".len(), "{text}");
    }
    let answer = host.get("/api/rooms?query=mode%3Cctf").await;
    assert_eq!(answer.status, 400);
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("mode<ctf"));
    assert!(
        answer
            .head
            .contains("content-type: application/problem+json")
    );
}

#[tokio::test]
async fn a_code_needs_no_game_beside_it() {
    let host = Host::start();
    let (_, room) = Client::join(&host, create("pong", CreateOptions::default())).await;
    let (_, welcome) = Client::join(&host, follow(&room)).await;
    assert_eq!((welcome.room, welcome.game.as_str()), (room.room, "pong"));
}

#[tokio::test]
async fn a_room_may_be_made_smaller() {
    let host = Host::start();
    let duel = CreateOptions {
        players_max: Some(1),
        ..CreateOptions::default()
    };
    let (_, room) = Client::join(&host, create("lab", duel)).await;
    assert_eq!(
        Client::refused(&host, follow(&room)).await.0,
        CloseReason::RoomFull
    );
}

#[tokio::test]
async fn an_empty_room_ends_and_its_id_can_be_had_again() {
    let config = Config {
        grace_period: Duration::from_millis(20),
        empty_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let host = Host::with(config);
    let third = || Hello {
        room: RoomSelector::Id(RoomId(3)),
        ..hello()
    };
    let (client, first) = Client::join(&host, third()).await;
    drop(client);
    host.rooms_until("the room ends", <[_]>::is_empty).await;
    let (_client, second) = Client::join(&host, third()).await;
    assert_eq!(second.room, first.room);
    assert_ne!(second.session, first.session);
}

/// Rooms end and are entered all the time here; whoever is sent to one must find it open.
#[tokio::test]
async fn nobody_is_sent_to_a_room_that_ends_meanwhile() {
    let config = Config {
        grace_period: Duration::ZERO,
        empty_timeout: Duration::ZERO,
        threads: Some(2),
        ..Config::default()
    };
    let host = Host::with(config);
    let guests = join_all((0..4).map(|_| async {
        for _ in 0..50 {
            let first = Hello {
                room: RoomSelector::Id(RoomId(1)),
                ..hello()
            };
            let (_, welcome) = Client::join(&host, first).await;
            assert_eq!(welcome.room, RoomId(1));
        }
    }));
    guests.await;
}
