//! Sessions over plain HTTP: the same as on a WebSocket, to the last word and the last limit.

use std::time::Duration;

use syncline_bot_client::SwarmConfig;
use syncline_bot_client::config::Transport;
use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::command::{CommandOutcome, CommandRefusal, first_sequence};
use syncline_shared::message::chat::ChatTo;
use syncline_shared::message::control::{ClientControl, Hello, ServerControl, Welcome};

use crate::support::client::{Client, control, follow, greeting, hello, resume};
use crate::support::host::{Answer, Host};
use crate::support::lab::LabCommand;
use crate::support::tunnel::{Tunnel, post};
use crate::support::{frame, soon};

/// The first byte of a binary message's only frame.
const BINARY: u8 = 0x82;

/// Polling, then streaming.
const BOTH: [bool; 2] = [true, false];

async fn join(host: &Host, polls: bool, hello: Hello) -> (Client, Welcome) {
    Client::tunnel(host, polls).await.greet(hello).await
}

fn said(text: &str) -> Vec<u8> {
    let (to, text) = (ChatTo::Room, text.to_owned());
    control(&ClientControl::Chat { to, text })
}

/// The next lines that are told.
async fn heard(client: &mut Client) -> Vec<String> {
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    let lines = client.control(lines).await.into_iter();
    lines.map(|line| line.text).collect()
}

#[tokio::test]
async fn a_session_without_a_websocket_is_a_session() {
    let host = Host::start();
    let (mut other, room) = Client::join(&host, hello()).await;
    for polls in BOTH {
        let (mut client, welcome) = join(&host, polls, follow(&room)).await;
        assert_eq!(welcome.room, room.room);
        client.ping(1).await;
        client.frame().await;
        client.ask(7, &LabCommand::HowFar {}).await;
        assert!(matches!(
            client.reply(7).await,
            CommandOutcome::Refused(CommandRefusal::Rule(_))
        ));
        client.send(said("hi")).await;
        assert_eq!(heard(&mut client).await, ["hi"]);
        assert_eq!(heard(&mut other).await.last().unwrap(), "hi");
        client.send(control(&ClientControl::Leave)).await;
        assert_eq!(client.closed().await.0, CloseReason::Left);
    }
    host.metric_until("syncline_tunnels", |open| open == 0)
        .await;
}

/// What ends a WebSocket ends a tunnel, for the same reason in the same words.
#[tokio::test]
async fn every_close_is_told() {
    let host = Host::with(Config {
        hello_timeout: Duration::from_millis(300),
        message_rate: 20,
        ..Config::default()
    });
    for polls in BOTH {
        let closed = async |first: Option<Vec<u8>>| {
            let mut client = Client::tunnel(&host, polls).await;
            if let Some(first) = first {
                client.send(first).await;
            }
            client.closed().await.0
        };
        assert_eq!(closed(None).await, CloseReason::HelloTimeout);
        let nonsense = vec![77, 0];
        assert_eq!(closed(Some(nonsense)).await, CloseReason::UnknownSection);
        let large = vec![0; 4097];
        assert_eq!(closed(Some(large)).await, CloseReason::MessageTooLarge);
        let mut texts = Client::tunnel(&host, polls).await;
        texts.send_text("hello").await;
        assert_eq!(texts.closed().await.0, CloseReason::TextMessage);
        let (mut hasty, _) = join(&host, polls, hello()).await;
        for _ in 0..100 {
            hasty.send_ping().await;
        }
        assert_eq!(hasty.closed().await.0, CloseReason::TooManyMessages);
    }
}

#[tokio::test]
async fn too_many_bytes_a_second_end_a_tunnel_as_well() {
    // As many as are saved in four seconds come on eight connections, each of which may.
    let host = Host::with(Config {
        byte_rate: 1024,
        message_rate: 0,
        ..Config::default()
    });
    let tunnel = Tunnel::open(&host, &frame(BINARY, &greeting(hello()))).await;
    let ping = frame(0x89, &[0; 120]);
    let mut at = frame(BINARY, &greeting(hello())).len();
    for _ in 0..8 {
        let pings = ping.repeat(8);
        tunnel.up(&format!("at={at}"), &pings).await;
        at += pings.len();
    }
    let exceeded = "syncline_closes_total{reason=\"too_many_messages\"}";
    host.metric_until(exceeded, |closes| closes == 1).await;
}

#[tokio::test]
async fn a_silent_client_is_idle_whatever_reads() {
    let host = Host::with(Config {
        idle_timeout: Duration::from_millis(200),
        ..Config::default()
    });
    let tunnel = Tunnel::open(&host, &frame(BINARY, &greeting(hello()))).await;
    let mut from = 0;
    let end = soon("the end", async {
        loop {
            let answer = tunnel.down(&format!("from={from}&wait=5000")).await;
            if answer.status != 200 {
                return answer.status;
            }
            from += answer.bytes.len();
        }
    });
    assert!([404, 410].contains(&end.await));
    let idle = "syncline_closes_total{reason=\"idle\"}";
    assert_eq!(host.metric(idle).await, 1);
}

/// A request that is repeated changes nothing, one with a gap before it nothing either, and an
/// answer that was lost is told again.
#[tokio::test]
async fn requests_may_be_repeated_and_answers_asked_for_again() {
    let host = Host::start();
    let (mut other, room) = Client::join(&host, hello()).await;
    let greeting = frame(BINARY, &greeting(follow(&room)));
    let tunnel = Tunnel::open(&host, &greeting).await;
    let first = tunnel.down("from=0&wait=10000").await.bytes;
    let again = tunnel.hear(0, first.len()).await;
    assert_eq!(again[..first.len()], first);
    let words = frame(BINARY, &said("once"));
    let at = greeting.len();
    for _ in 0..3 {
        let answer = tunnel.up(&format!("at={at}"), &words).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    // With the hello before them, as one who has no answer at all.
    let all = [&greeting[..], &words].concat();
    assert_eq!(tunnel.up("at=0", &all).await.status, 204);
    let next = at + words.len();
    let gap = tunnel.up(&format!("at={}", next + 1), &words).await;
    assert_eq!(gap.status, 409);
    assert!(
        gap.head.contains("application/problem+json"),
        "{}",
        gap.head
    );
    let more = frame(BINARY, &said("twice"));
    let got = first.len();
    let answer = tunnel.up(&format!("at={next}&got={got}"), &more).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line| line != "twice") {
        lines.extend(heard(&mut other).await);
    }
    assert_eq!(lines, ["once", "twice"]);
    // What was acknowledged is not kept.
    assert_eq!(tunnel.down("from=0&wait=1").await.status, 409);
    assert_eq!(tunnel.down("from=99999999&wait=1").await.status, 409);
}

#[tokio::test]
async fn the_latest_request_reads() {
    let host = Host::start();
    let tunnel = Tunnel::open(&host, &[]).await;
    let dead = async {
        let answer = tunnel.down("from=0&wait=20000").await;
        assert_eq!(answer.status, 410);
    };
    let alive = async {
        // In whatever order they come, one of the two reads; then this one does.
        tokio::task::yield_now().await;
        while tunnel.down("from=0&wait=50").await.status != 200 {}
    };
    tokio::join!(dead, alive);
}

#[tokio::test]
async fn whatever_is_wrong_is_a_problem() {
    let host = Host::start();
    let tunnel = Tunnel::open(&host, &[]).await;
    let forged = Tunnel::open(&host, &[]).await;
    let name = "A".repeat(forged.name.len());
    let forged = Tunnel { name, ..forged };
    let large = vec![0; 16 * 1024 + 1];
    let open = |query: &str| post(&format!("/play/open{query}"), "", &[]);
    let answers: [(u16, Answer); 10] = [
        (404, forged.down("from=0&wait=1").await),
        (404, forged.up("at=0", b"x").await),
        (400, tunnel.down("").await),
        (400, tunnel.down("from=-1").await),
        (400, tunnel.up("at=x", b"x").await),
        (413, tunnel.up("at=0", &large).await),
        (405, host.get("/play/open").await),
        (404, host.get("/play/nowhere").await),
        (400, host.request_bytes(&open("")).await),
        (
            400,
            host.request_bytes(&open("?protocol=syncline.v2")).await,
        ),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(
            answer
                .head
                .contains("content-type: application/problem+json")
        );
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(problem["status"], status);
    }
}

#[tokio::test]
async fn pages_may_open_tunnels_where_they_may_open_sockets() {
    let host = Host::with(Config {
        allow_origins: vec!["https://one.example".to_owned()],
        ..Config::default()
    });
    let path = "/play/open?protocol=syncline.v1";
    let from = |origin: &str| post(path, &format!("origin: {origin}\r\n"), &[]);
    let allowed = host.request_bytes(&from("https://one.example")).await;
    assert_eq!(allowed.status, 201);
    let header = "access-control-allow-origin: https://one.example\r\n";
    assert!(allowed.head.contains(header), "{}", allowed.head);
    let refused = host.request_bytes(&from("https://evil.example")).await;
    assert_eq!(refused.status, 403);
    assert!(!refused.head.contains("access-control"), "{}", refused.head);
    let twice = "origin: https://one.example\r\norigin: https://one.example\r\n";
    let refused = host.request_bytes(&post(path, twice, &[])).await;
    assert_eq!(refused.status, 403);
    let asks = "OPTIONS /play/x/up HTTP/1.1\r\nhost: test\r\norigin: https://one.example\r\n\
         access-control-request-method: POST\r\n\r\n";
    let may = host.request(asks).await;
    assert_eq!(may.status, 204);
    assert!(may.head.contains(header), "{}", may.head);
    assert!(may.head.contains("access-control-allow-methods: get, post"));
    let no_host = "GET /play/x/down?from=0 HTTP/1.1\r\n\r\n";
    assert_eq!(host.request(no_host).await.status, 400);
}

#[tokio::test]
async fn a_tunnel_counts_as_a_connection() {
    let trusting = |max_connections_per_address, max_half_open| {
        Host::with(Config {
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
            max_connections_per_address,
            max_half_open,
            ..Config::default()
        })
    };
    let path = "/play/open?protocol=syncline.v1";
    let opened = async |host: &Host, client: &str| {
        let request = post(path, &format!("x-forwarded-for: {client}\r\n"), &[]);
        host.request_bytes(&request).await
    };
    let host = trusting(2, 1024);
    for status in [201, 201, 503] {
        assert_eq!(opened(&host, "192.0.2.1").await.status, status);
    }
    assert_eq!(opened(&host, "192.0.2.2").await.status, 201);
    // The oldest that has not said hello has to make room.
    let host = trusting(64, 2);
    let tunnel = Tunnel::open(&host, &[]).await;
    for _ in 0..2 {
        assert_eq!(opened(&host, "192.0.2.1").await.status, 201);
    }
    let heard = tunnel.hear(0, 4).await;
    // A close frame with the code of `busy`.
    let code = CloseReason::Busy.code().to_be_bytes();
    assert_eq!((heard[0], &heard[2..4]), (0x88, &code[..]));
}

#[tokio::test]
async fn who_stops_reading_loses_the_connection_and_keeps_the_seat() {
    let host = Host::with(Config {
        tunnel_timeout: Duration::from_millis(200),
        ..Config::default()
    });
    let (_other, room) = Client::join(&host, hello()).await;
    for polls in BOTH {
        let (lost, first) = join(&host, polls, follow(&room)).await;
        host.metric_until("syncline_tunnels", |open| open == 1)
            .await;
        drop(lost);
        host.metric_until("syncline_tunnels", |open| open == 0)
            .await;
        let (mut back, second) = Client::join(&host, resume(&first)).await;
        assert_eq!(
            (second.session, second.player, second.attach),
            (first.session, first.player, first.attach + 1)
        );
        back.send(control(&ClientControl::Leave)).await;
        back.closed().await;
    }
}

/// From a WebSocket to polls to a stream and back, in the middle of a match: the seat is kept, and
/// each line is heard once by everybody.
#[tokio::test]
async fn a_session_moves_from_one_way_to_another() {
    let host = Host::start();
    let (mut other, room) = Client::join(&host, hello()).await;
    let (mut client, first) = Client::join(&host, follow(&room)).await;
    let (mut lines, mut told, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (number, way) in [Some(true), Some(false), None, Some(false), Some(true)]
        .into_iter()
        .enumerate()
    {
        let line = format!("line {number}");
        client.send(said(&line)).await;
        wanted.push(line.clone());
        // It is on its way when the client moves: heard before, or afterwards.
        while lines.len() < wanted.len() {
            lines.extend(heard(&mut other).await);
        }
        let moved = match way {
            Some(polls) => Client::tunnel(&host, polls).await,
            None => Client::connect(&host).await,
        };
        let (moved, welcome) = moved.greet(resume(&first)).await;
        client = moved;
        assert_eq!(
            (welcome.session, welcome.player),
            (first.session, first.player)
        );
        other.send(said(&format!("answer {number}"))).await;
        wanted.push(format!("answer {number}"));
        while told.last() != wanted.last() {
            for text in heard(&mut client).await {
                if !told.contains(&text) {
                    told.push(text);
                }
            }
        }
        while lines.len() < wanted.len() {
            lines.extend(heard(&mut other).await);
        }
        client.ping(1).await;
        client.frame().await;
    }
    assert_eq!(told, wanted);
    assert_eq!(lines, wanted);
}

/// The answer was lost on one way in: it is given on another, and nothing is done twice.
#[tokio::test]
async fn a_command_is_asked_again_on_another_way() {
    let host = Host::start();
    let (mut client, first) = join(&host, true, hello()).await;
    client.frame().await;
    client.ask(7, &LabCommand::HowFar {}).await;
    let answer = client.reply(7).await;
    let (mut moved, _) = Client::join(&host, resume(&first)).await;
    moved.ask(7, &LabCommand::HowFar {}).await;
    // It would have gone farther by now.
    assert_eq!(moved.reply(7).await, answer);
    moved.ask(first_sequence(2), &LabCommand::HowFar {}).await;
    assert_ne!(moved.reply(first_sequence(2)).await, answer);
}

#[tokio::test]
async fn everybody_is_told_that_the_server_restarts() {
    let host = Host::start();
    let (mut polls, _) = join(&host, true, hello()).await;
    let (mut streams, _) = join(&host, false, hello()).await;
    let told = async {
        for client in [&mut polls, &mut streams] {
            assert_eq!(client.closed().await.0, CloseReason::Restarting);
        }
    };
    tokio::join!(host.stop(), told);
}

#[tokio::test]
async fn bots_play_on_without_a_mismatch() {
    let host = Host::start();
    for transport in [Transport::Stream, Transport::Poll] {
        let swarm = SwarmConfig {
            bots: 8,
            duration: Duration::from_secs(2),
            chat: true,
            transport,
            ..SwarmConfig::new(format!("ws://{}/play", host.address))
        };
        let report = syncline_bot_client::run(swarm).await.unwrap();
        assert_eq!(report.connected, 8);
        assert_eq!((report.hash_mismatches, report.resyncs), (0, 0));
        assert_eq!((report.disconnects, report.prediction_errors), (0, 0));
        assert_eq!(report.closes.get("left"), Some(&8), "{:?}", report.closes);
    }
}
