//! Whatever a client does wrong ends that client alone, with a clear reason and a counter.

use std::time::Duration;

use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::command::{CommandOutcome, CommandRefusal};
use syncline_shared::id::{RoomCode, StreamSlot};
use syncline_shared::input::{InputFrame, InputWords};
use syncline_shared::limits::CLIENT_MESSAGE_BYTES_MAX;
use syncline_shared::message::control::{ClientControl, CreateOptions, Hello, RoomSelector};
use syncline_shared::message::{PROTOCOL_VERSION, SectionKind};
use syncline_shared::tick::ViewTick;

use crate::support::client::{
    Client, Heard, control, create, follow, greeting, hello, resume, section,
};
use crate::support::host::Host;
use crate::support::lab::{LabCommand, Legs};
use crate::support::soon;

/// What a client does wrong.
enum Wrong {
    /// A message.
    Message(Vec<u8>),
    /// A text message.
    Text,
    /// Bytes that are no WebSocket frame.
    Raw(Vec<u8>),
}

impl Wrong {
    async fn happen(self, client: &mut Client) {
        match self {
            Self::Message(message) => client.send(message).await,
            Self::Text => client.send_text("hello").await,
            Self::Raw(bytes) => client.send_raw(&bytes).await,
        }
    }
}

async fn close_count(host: &Host, reason: CloseReason) -> u64 {
    host.metric(&format!(
        "syncline_closes_total{{reason=\"{}\"}}",
        reason.slug()
    ))
    .await
}

/// What is wrong both before and after a hello.
fn always_wrong() -> Vec<(Wrong, CloseReason)> {
    let unmasked = Wrong::Raw(vec![0x82, 1, 0]);
    let reserved = Wrong::Raw(vec![0xf2, 0x80, 0, 0, 0, 0]);
    let not_a_section = vec![SectionKind::Control.code(), 200, 1];
    let oversized = vec![0; CLIENT_MESSAGE_BYTES_MAX + 1];
    vec![
        (Wrong::Text, CloseReason::TextMessage),
        (Wrong::Message(oversized), CloseReason::MessageTooLarge),
        (Wrong::Message(not_a_section), CloseReason::Malformed),
        (
            Wrong::Message(section(SectionKind::Control, &[99])),
            CloseReason::Malformed,
        ),
        (unmasked, CloseReason::ProtocolError),
        (reserved, CloseReason::ProtocolError),
        (Wrong::Message(vec![77, 0]), CloseReason::UnknownSection),
        // Chat has a number and no format.
        (Wrong::Message(vec![2, 0]), CloseReason::UnknownSection),
    ]
}

#[tokio::test]
async fn what_is_wrong_at_any_time_ends_one_connection_with_its_reason() {
    let host = Host::start();
    let (mut bystander, room) = Client::join(&host, hello()).await;
    for (nonce, (wrong, reason)) in (0..).zip(always_wrong()) {
        let before = close_count(&host, reason).await;
        let mut client = Client::connect(&host).await;
        wrong.happen(&mut client).await;
        assert_eq!(client.closed().await.0, reason, "case {nonce}");
        assert_eq!(close_count(&host, reason).await, before + 1);
        bystander.ping(nonce).await;
    }
    for (nonce, (wrong, reason)) in (100..).zip(always_wrong()) {
        let before = close_count(&host, reason).await;
        let (mut client, welcome) = Client::join(&host, follow(&room)).await;
        assert_eq!(welcome.room, room.room);
        wrong.happen(&mut client).await;
        assert_eq!(client.closed().await.0, reason, "case {nonce}");
        assert_eq!(close_count(&host, reason).await, before + 1);
        bystander.ping(nonce).await;
    }
    let tick = bystander.frame().await;
    assert!(bystander.frame().await > tick, "the match goes on");
}

#[tokio::test]
async fn what_is_wrong_after_a_hello_ends_the_member_alone() {
    let host = Host::start();
    let (mut bystander, room) = Client::join(&host, hello()).await;
    let cases = [
        (greeting(hello()), CloseReason::OutOfOrder),
        (section(SectionKind::Input, &[1]), CloseReason::Malformed),
        (
            section(SectionKind::Input, &[1, 0, 255]),
            CloseReason::Malformed,
        ),
        (
            section(SectionKind::Command, &[0; 300]),
            CloseReason::Malformed,
        ),
        (
            section(SectionKind::Frame, &[]),
            CloseReason::UnknownSection,
        ),
    ];
    for (nonce, (message, reason)) in (0..).zip(cases) {
        let (mut client, _) = Client::join(&host, follow(&room)).await;
        client.send(message).await;
        assert_eq!(client.closed().await.0, reason, "case {nonce}");
        bystander.ping(nonce).await;
    }
}

#[tokio::test]
async fn nothing_may_come_before_a_hello() {
    let host = Host::start();
    let before = [
        section(SectionKind::Input, &[1, 0, 0]),
        section(SectionKind::Command, &[0, 0]),
        control(&ClientControl::Ping { nonce: 1 }),
        control(&ClientControl::Leave),
    ];
    for message in before {
        let mut client = Client::connect(&host).await;
        client.send(message).await;
        assert_eq!(client.closed().await.0, CloseReason::OutOfOrder);
    }
    assert_eq!(close_count(&host, CloseReason::OutOfOrder).await, 4);
    assert_eq!(host.rooms().await, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn a_hello_that_can_not_be_served_is_told_why() {
    let host = Host::start();
    let (mut bystander, _) = Client::join(&host, hello()).await;
    let (_, arena) = Client::join(&host, create("arena", CreateOptions::default())).await;
    let known = arena.fingerprint;
    let no_room = RoomSelector::Code(RoomCode::from_entropy(1));
    let cases = [
        (
            Hello {
                protocol: 9,
                ..hello()
            },
            CloseReason::UnsupportedVersion,
            vec!["version 9".to_owned(), format!("server {PROTOCOL_VERSION}")],
        ),
        (
            Hello {
                game: Some("chess".to_owned()),
                ..hello()
            },
            CloseReason::UnknownGame,
            vec!["chess".to_owned(), "arena, lab, pong".to_owned()],
        ),
        (
            Hello {
                fingerprint: Some(!known),
                ..create("arena", CreateOptions::default())
            },
            CloseReason::SchemaMismatch,
            vec![format!("{known:016x}"), format!("{:016x}", !known)],
        ),
        (
            Hello {
                room: no_room,
                ..hello()
            },
            CloseReason::UnknownRoom,
            vec![RoomCode::from_entropy(1).to_string()],
        ),
        (
            Hello {
                game: Some("pong".to_owned()),
                ..follow(&arena)
            },
            CloseReason::UnknownRoom,
            vec!["plays arena".to_owned()],
        ),
    ];
    for (nonce, (hello, reason, words)) in (0..).zip(cases) {
        let (found, text) = Client::refused(&host, hello).await;
        assert_eq!(found, reason);
        assert!(
            words.iter().all(|word| text.contains(word)),
            "{text:?} lacks one of {words:?}"
        );
        assert_eq!(
            close_count(&host, reason).await,
            if nonce == 4 { 2 } else { 1 }
        );
        bystander.ping(nonce).await;
    }
    assert_eq!(host.rooms().await.len(), 2, "a refused hello makes no room");
}

#[tokio::test]
async fn a_client_that_knows_the_schema_is_not_sent_it() {
    let host = Host::start();
    let (_, first) = Client::join(&host, hello()).await;
    assert!(first.schema.is_some());
    let knows = Hello {
        fingerprint: Some(first.fingerprint),
        ..hello()
    };
    let (_, second) = Client::join(&host, knows).await;
    assert_eq!(
        (second.schema, second.fingerprint),
        (None, first.fingerprint)
    );
}

#[tokio::test]
async fn a_full_room_is_full_and_a_full_server_makes_no_room() {
    let host = Host::with(Config {
        max_players: 2,
        max_rooms: 1,
        ..Config::default()
    });
    let (_one, room) = Client::join(&host, hello()).await;
    let (mut two, _) = Client::join(&host, follow(&room)).await;
    assert_eq!(
        Client::refused(&host, follow(&room)).await.0,
        CloseReason::RoomFull
    );
    let another = create("arena", CreateOptions::default());
    assert_eq!(
        Client::refused(&host, another).await.0,
        CloseReason::ServerFull
    );
    assert_eq!(
        Client::refused(&host, hello()).await.0,
        CloseReason::ServerFull
    );
    two.ping(1).await;
    assert_eq!(close_count(&host, CloseReason::ServerFull).await, 2);
    assert_eq!(close_count(&host, CloseReason::RoomFull).await, 1);
}

#[tokio::test]
async fn a_hello_that_never_comes_is_not_waited_for() {
    let hello_timeout = Duration::from_millis(50);
    let host = Host::with(Config {
        hello_timeout,
        ..Config::default()
    });
    let mut silent = Client::connect(&host).await;
    assert_eq!(silent.closed().await.0, CloseReason::HelloTimeout);
    assert_eq!(close_count(&host, CloseReason::HelloTimeout).await, 1);
}

#[tokio::test]
async fn a_token_that_proves_nothing_is_refused() {
    let host = Host::start();
    let (mut bystander, welcome) = Client::join(&host, hello()).await;
    let mut forged = resume(&welcome);
    if let Some(token) = &mut forged.resume {
        token[0] ^= 1;
    }
    assert_eq!(
        Client::refused(&host, forged).await.0,
        CloseReason::InvalidToken
    );
    let none = Hello {
        resume: Some(Vec::new()),
        ..hello()
    };
    assert_eq!(
        Client::refused(&host, none).await.0,
        CloseReason::InvalidToken
    );
    let other = Host::start();
    assert_eq!(
        Client::refused(&other, resume(&welcome)).await.0,
        CloseReason::InvalidToken
    );
    assert_eq!(close_count(&host, CloseReason::InvalidToken).await, 2);
    bystander.ping(1).await;
}

#[tokio::test]
async fn a_token_whose_time_is_over_is_refused() {
    let session_lifetime = Duration::from_secs(1);
    let host = Host::with(Config {
        session_lifetime,
        ..Config::default()
    });
    let (mut bystander, welcome) = Client::join(&host, hello()).await;
    // Tokens count whole seconds of the calendar, ticks the same ones in parts: two are enough.
    let begun = bystander.frame().await;
    while bystander.frame().await < begun.plus(150) {}
    assert_eq!(
        Client::refused(&host, resume(&welcome)).await.0,
        CloseReason::SessionExpired
    );
    bystander.ping(1).await;
}

/// Each tick is asked to walk by four batches, for it and the three after it.
#[tokio::test]
async fn whoever_sends_four_times_the_inputs_moves_once_a_tick() {
    let host = Host::start();
    let (mut client, _) = Client::join(&host, hello()).await;
    let words = InputWords::of(&Legs { walk: true });
    for _ in 0..60 {
        let now = client.frame().await;
        for ahead in 2..6 {
            let tick = now.plus(ahead);
            let view = ViewTick::at(now);
            client
                .send_inputs(vec![InputFrame {
                    tick,
                    view,
                    words: words.clone(),
                }])
                .await;
        }
    }
    client.ask(1, &LabCommand::HowFar {}).await;
    let CommandOutcome::Refused(CommandRefusal::Rule(answer)) = client.reply(1).await else {
        panic!("the laboratory answers by refusing");
    };
    let (steps, ticks) = answer.split_once(' ').unwrap();
    let (steps, ticks): (u32, u32) = (steps.parse().unwrap(), ticks.parse().unwrap());
    assert!(
        steps > 0 && steps <= ticks,
        "{steps} steps in {ticks} ticks"
    );
    assert!(
        host.metric("syncline_inputs_total{verdict=\"duplicate\"}")
            .await
            > 0
    );
}

/// Commands are answered, and answers are not dropped: whoever takes none of them is too slow.
#[tokio::test]
async fn whoever_asks_and_never_listens_is_too_slow() {
    let host = Host::start();
    let (mut bystander, room) = Client::join(&host, hello()).await;
    let (mut client, _) = Client::join(&host, follow(&room)).await;
    client.stop_acknowledging();
    for sequence in 0..400 {
        client.ask(sequence, &LabCommand::HowFar {}).await;
    }
    assert_eq!(client.closed().await.0, CloseReason::TooSlow);
    bystander.ping(1).await;
}

#[tokio::test]
async fn whoever_says_nothing_is_asked_and_then_closed() {
    let idle_timeout = Duration::from_secs(1);
    let host = Host::with(Config {
        idle_timeout,
        ..Config::default()
    });
    // Reading answers pings, so the second ping shows that the first one's answer counted.
    let (mut quiet, _) = Client::join(&host, hello()).await;
    quiet.stop_acknowledging();
    for _ in 0..2 {
        while !matches!(quiet.hear().await, Heard::Ping) {}
    }
    quiet.acknowledge_again().await;
    let (mut deaf, _) = Client::join(&host, hello()).await;
    let idle = "syncline_closes_total{reason=\"idle\"}";
    soon("a client that says nothing is closed", async {
        while host.metric(idle).await == 0 {
            quiet.frame().await;
        }
    })
    .await;
    assert_eq!(deaf.closed().await.0, CloseReason::Idle);
}

#[tokio::test]
async fn who_asks_for_a_stream_anew_again_and_again_is_closed() {
    let host = Host::start();
    let (mut bystander, _) = Client::join(&host, hello()).await;
    let (mut client, _) = Client::join(&host, hello()).await;
    loop {
        match client.hear().await {
            Heard::Frame(tick) => {
                let resync = ClientControl::Resync {
                    incarnation: client.incarnation(),
                    stream: StreamSlot::COMMON,
                    tick,
                };
                client.send(control(&resync)).await;
            }
            Heard::Control(_) | Heard::Ping => {}
            Heard::End(end) => {
                let code = end.map(|(code, _)| code);
                assert_eq!(code, Some(CloseReason::Desynchronised.code()));
                break;
            }
        }
    }
    assert!(host.metric("syncline_resyncs_total").await >= 1);
    assert_eq!(close_count(&host, CloseReason::Desynchronised).await, 1);
    bystander.ping(1).await;
    host.stop().await;
}
