//! What keeps people out of rooms: passwords, codes that can't be guessed, and so many rooms each.

use serde_json::Value;
use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::id::RoomCode;
use syncline_shared::message::control::{CreateOptions, Hello, RoomSelector, Welcome};

use crate::support::client::{Client, create, follow, greeting, hello, resume};
use crate::support::host::Host;

const ADA: &str = "203.0.113.7";
const BO: &str = "203.0.113.8";

/// A server to which everybody comes through a proxy.
fn behind_a_proxy(config: Config) -> Host {
    Host::with(Config {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..config
    })
}

fn with(password: &str, hello: Hello) -> Hello {
    Hello {
        password: Some(password.to_owned()),
        ..hello
    }
}

fn by_id(welcome: &Welcome) -> Hello {
    Hello {
        room: RoomSelector::Id(welcome.room),
        ..hello()
    }
}

#[tokio::test]
async fn a_locked_room_opens_to_its_password() {
    let host = Host::start();
    let locked = with("sesame", create("lab", CreateOptions::default()));
    let (owner, room) = Client::join(&host, locked).await;
    let listed = host.rooms().await;
    assert_eq!(
        (listed.len(), &listed[0]["locked"]),
        (1, &Value::Bool(true))
    );
    assert_eq!(
        listed[0]["code"],
        Value::Null,
        "it leads into the room by HTTP"
    );
    for (name, status) in [(room.room.to_string(), 404), (room.code.to_string(), 200)] {
        let answer = host.get(&format!("/api/rooms/{name}")).await;
        assert_eq!(answer.status, status, "{name}");
    }
    for hello in [follow(&room), by_id(&room), with("Sesame", by_id(&room))] {
        let (reason, _) = Client::refused(&host, hello).await;
        assert_eq!(reason, CloseReason::WrongPassword);
    }
    for hello in [follow(&room), by_id(&room)] {
        let (_friend, welcome) = Client::join(&host, with("sesame", hello)).await;
        assert_eq!(welcome.room, room.room);
    }
    let (_quick, other) = Client::join(&host, with("sesame", hello())).await;
    assert_ne!(other.room, room.room, "quick play does not lead there");
    drop(owner);
    let (_owner, again) = Client::join(&host, resume(&room)).await;
    assert_eq!(again.session, room.session, "a session needs no password");
    let too_long = with(&"x".repeat(65), create("lab", CreateOptions::default()));
    let (reason, _) = Client::refused(&host, too_long).await;
    assert_eq!(reason, CloseReason::InvalidOptions);
}

#[tokio::test]
async fn codes_and_passwords_are_tried_so_often_by_an_address() {
    let host = behind_a_proxy(Config {
        join_tries: 4,
        ..Config::default()
    });
    let locked = with("sesame", create("lab", CreateOptions::default()));
    let (_owner, room) = Client::join(&host, locked).await;
    let guess = || Hello {
        room: RoomSelector::Code(RoomCode::from_entropy(1)),
        ..hello()
    };
    for _ in 0..2 {
        let (reason, _) = Client::refused_from(&host, ADA, guess()).await;
        assert_eq!(reason, CloseReason::UnknownRoom);
    }
    let wrong = || with("open", by_id(&room));
    let (reason, _) = Client::refused_from(&host, ADA, wrong()).await;
    assert_eq!(reason, CloseReason::WrongPassword);
    let guess_by_http = async |address: &str| {
        let head = format!("GET /api/rooms/222222 HTTP/1.1\r\nx-forwarded-for: {address}");
        host.request(&format!("{head}\r\nhost: test\r\n\r\n")).await
    };
    assert_eq!(guess_by_http(ADA).await.status, 404);
    let answer = guess_by_http(ADA).await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert!(answer.head.contains("application/problem+json"));
    // Not even what is right is looked at.
    for hello in [follow(&room), with("sesame", by_id(&room))] {
        let (reason, text) = Client::refused_from(&host, ADA, hello).await;
        assert_eq!(reason, CloseReason::TooManyTries);
        assert!(text.contains("try again in "), "{text}");
    }
    let mut friend = Client::connect_from(&host, Some(BO)).await;
    friend.send(greeting(with("sesame", follow(&room)))).await;
    assert_eq!(friend.welcome().await.room, room.room);
    assert_eq!(guess_by_http(BO).await.status, 404);
    let wrong = |reason| format!("syncline_wrong_tries_total{{reason=\"{reason}\"}}");
    assert_eq!(host.metric(&wrong("code")).await, 4);
    assert_eq!(host.metric(&wrong("password")).await, 1);
    assert_eq!(host.metric("syncline_tries_refused_total").await, 3);
}

#[tokio::test]
async fn an_address_makes_so_many_rooms() {
    let host = behind_a_proxy(Config {
        max_rooms_per_address: 2,
        ..Config::default()
    });
    let make = || create("lab", CreateOptions::default());
    let mut owners = Vec::new();
    for address in [ADA, ADA, BO] {
        let mut owner = Client::connect_from(&host, Some(address)).await;
        owner.send(greeting(make())).await;
        owners.push((owner.welcome().await, owner));
    }
    let (reason, _) = Client::refused_from(&host, ADA, make()).await;
    assert_eq!(reason, CloseReason::ServerFull);
    let sample = "syncline_rooms_refused_total{reason=\"address\"}";
    assert_eq!(host.metric(sample).await, 1);
    let mut guest = Client::connect_from(&host, Some(ADA)).await;
    guest.send(greeting(hello())).await;
    guest.welcome().await;
}
