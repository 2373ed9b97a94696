//! Who may connect, how many, how long they may take and how much they may send.

use std::time::Duration;

use syncline_server::Config;
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::message::control::{ClientControl, CreateOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{Client, control, create, hello};
use crate::support::host::{Answer, Host, Socket, handshake};
use crate::support::soon;

fn refused(reason: &str) -> String {
    format!("syncline_connections_refused_total{{reason=\"{reason}\"}}")
}

/// Reads until the server ends the connection.
async fn rest(socket: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = soon("the server ends", socket.read_to_end(&mut rest)).await;
    rest
}

#[tokio::test]
async fn by_default_pages_of_the_same_host_and_of_this_machine_may_connect() {
    let host = Host::start();
    for (origin, status) in [
        ("https://game.example", 101),
        ("http://localhost:3000", 101),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        let request = handshake("GET", &[("host", "game.example"), ("origin", origin)]);
        assert_eq!(host.request(&request).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn an_operator_says_which_pages_may_connect() {
    let host = Host::with(Config {
        allow_origins: vec!["https://one.example".to_owned()],
        ..Config::default()
    });
    for (origin, status) in [
        ("https://one.example", 101),
        ("https://game.example", 403),
        ("http://localhost:3000", 403),
    ] {
        let request = handshake("GET", &[("host", "game.example"), ("origin", origin)]);
        assert_eq!(host.request(&request).await.status, status, "{origin}");
    }
    // What tells no Origin is no page.
    assert_eq!(host.request(&handshake("GET", &[])).await.status, 101);
}

/// With all places taken there are still answers: that it is full, and how it is.
#[tokio::test]
async fn a_full_server_says_so_and_how_it_is() {
    let host = Host::with(Config {
        max_connections: 2,
        ..Config::default()
    });
    let lab = || create("lab", CreateOptions::default());
    let (mut first, _) = Client::join(&host, lab()).await;
    let (second, _) = Client::join(&host, lab()).await;
    for _ in 0..100 {
        let (answer, mut socket) = host.ask(&handshake("GET", &[])).await;
        assert_eq!(answer.status, 503);
        let Then::Retry(seconds) = CloseReason::ServerFull.then() else {
            panic!("a full server may be tried again");
        };
        let header = format!("retry-after: {seconds}\r\n");
        assert!(answer.head.contains(&header), "{}", answer.head);
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
        assert_eq!(rest(&mut socket).await, b"");
    }
    assert_eq!(host.get("/healthz").await.status, 200);
    assert_eq!(host.get("/readyz").await.status, 200);
    assert!(host.metric(&refused("full")).await >= 100);
    first.ping(1).await;
    drop(second);
    soon("a place is free", async {
        while host.request(&handshake("GET", &[])).await.status != 101 {}
    })
    .await;
}

/// Nobody waits in a queue that is not served: beyond the places for answers sockets are dropped.
#[tokio::test]
async fn a_full_server_drops_who_can_not_even_be_answered() {
    let host = Host::with(Config {
        max_connections: 1,
        ..Config::default()
    });
    let (mut client, _) = Client::join(&host, hello()).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(host.address).await.unwrap());
    }
    let last = silent.last_mut().unwrap();
    assert_eq!(rest(last).await, b"");
    client.ping(1).await;
    drop(silent);
    host.metric_until(&refused("dropped"), |count| count >= 20)
        .await;
}

/// Asks for a WebSocket as a proxy does for `client`.
async fn carried(host: &Host, header: (&str, &str)) -> (Answer, Socket) {
    host.ask(&handshake("GET", &[header])).await
}

#[tokio::test]
async fn an_address_behind_a_trusted_proxy_has_so_many_connections() {
    let host = Host::with(Config {
        max_connections_per_address: 2,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Config::default()
    });
    for (one, same, other) in [
        (
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-for", "198.51.100.9, 203.0.113.7, 127.0.0.2"),
            ("x-forwarded-for", "203.0.113.7, 198.51.100.9"),
        ),
        (
            ("forwarded", "for=\"[2001:db8::1]:4711\""),
            (
                "forwarded",
                "for=_hidden, for=\"[2001:db8::2]\";proto=https",
            ),
            ("forwarded", "for=\"[2001:db8:0:1::1]\""),
        ),
    ] {
        let (first, _kept) = carried(&host, one).await;
        let (second, socket) = carried(&host, same).await;
        assert_eq!((first.status, second.status), (101, 101));
        let (third, _) = carried(&host, same).await;
        assert_eq!(third.status, 503);
        assert!(third.head.contains("retry-after: "), "{}", third.head);
        assert_eq!(carried(&host, other).await.0.status, 101);
        drop(socket);
        soon("a place is free", async {
            while carried(&host, same).await.0.status != 101 {}
        })
        .await;
    }
    assert!(host.metric(&refused("address")).await >= 2);
}

#[tokio::test]
async fn nobody_else_says_for_whom_a_connection_is() {
    let host = Host::with(Config {
        max_connections_per_address: 1,
        ..Config::default()
    });
    let mut kept = Vec::new();
    for _ in 0..3 {
        let (answer, socket) = carried(&host, ("x-forwarded-for", "203.0.113.7")).await;
        assert_eq!(answer.status, 101, "loopback connections don't count");
        kept.push(socket);
    }
}

#[tokio::test]
async fn a_proxy_that_passes_on_what_it_did_not_write_is_refused() {
    let host = Host::with(Config {
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..Config::default()
    });
    let both = [
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=198.51.100.9"),
    ];
    assert_eq!(host.request(&handshake("GET", &both)).await.status, 400);
    let sample = "syncline_handshakes_refused_total{reason=\"forwarded\"}";
    assert_eq!(host.metric(sample).await, 1);
}

#[tokio::test]
async fn the_oldest_half_open_connection_makes_room() {
    let host = Host::with(Config {
        max_half_open: 3,
        ..Config::default()
    });
    let mut silent = TcpStream::connect(host.address).await.unwrap();
    let mut ungreeted = Client::connect(&host).await;
    let mut slow = TcpStream::connect(host.address).await.unwrap();
    // Each of them is half open until it was welcomed.
    let (mut first, _) = Client::join(&host, hello()).await;
    assert_eq!(rest(&mut silent).await, b"");
    let _third = Client::connect(&host).await;
    let (mut second, _) = Client::join(&host, hello()).await;
    assert_eq!(ungreeted.closed().await.0, CloseReason::Busy);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let mut slow: Socket = Box::new(slow);
    let answer = soon("an answer", Answer::read(&mut slow)).await;
    assert_eq!(answer.status, 200, "it was not the oldest");
    first.ping(1).await;
    second.ping(2).await;
    assert_eq!(host.metric(&refused("half_open")).await, 2);
}

/// However steadily its bytes drip, a head has to be there in time.
#[tokio::test]
async fn a_head_that_drips_is_not_waited_for() {
    let host = Host::with(Config {
        head_timeout: Duration::from_millis(300),
        ..Config::default()
    });
    let mut slow = TcpStream::connect(host.address).await.unwrap();
    slow.write_all(b"GET /play HTTP/1.1\r\nhost: test\r\nx: ")
        .await
        .unwrap();
    let mut drips = tokio::time::interval(Duration::from_millis(10));
    soon("the server gives up", async {
        while slow.write_all(b"x").await.is_ok() {
            drips.tick().await;
        }
    })
    .await;
    assert_eq!(host.metric(&refused("head_timeout")).await, 1);
}

#[tokio::test]
async fn what_is_no_request_is_told_so_and_counted() {
    let host = Host::start();
    let answer = host.request("HELLO\r\n\r\n").await;
    assert_eq!(answer.status, 400);
    host.metric_until(&refused("bad_request"), |count| count == 1)
        .await;
    let large = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(host.request(&large).await.status, 431);
    host.metric_until(&refused("head_too_large"), |count| count == 1)
        .await;
}

/// Browsers and scrapers keep their connections; that they end some day is no refusal.
#[tokio::test]
async fn a_connection_that_asks_for_nothing_more_ends_uncounted() {
    let host = Host::with(Config {
        head_timeout: Duration::from_millis(300),
        ..Config::default()
    });
    let healthy = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";
    let (answer, mut socket) = host.ask(healthy).await;
    assert_eq!(answer.status, 200);
    assert_eq!(rest(&mut socket).await, b"");
    assert_eq!(host.metric(&refused("head_timeout")).await, 0);
}

#[tokio::test]
async fn whoever_sends_too_many_bytes_is_not_read() {
    let host = Host::with(Config {
        byte_rate: 1000,
        ..Config::default()
    });
    let mut socket = host.open().await;
    let head = format!("GET / HTTP/1.1\r\nhost: {}\r\n", "x".repeat(8000));
    socket.write_all(head.as_bytes()).await.unwrap();
    rest(&mut socket).await;
    assert_eq!(host.metric("syncline_byte_rate_exceeded_total").await, 1);
}

fn slow_rates() -> Config {
    Config {
        message_rate: 10,
        ..Config::default()
    }
}

#[tokio::test]
async fn whoever_sends_too_many_messages_is_closed() {
    let host = Host::with(slow_rates());
    let (mut bystander, _) = Client::join(&host, hello()).await;
    bystander.stop_acknowledging();
    let (mut client, _) = Client::join(&host, hello()).await;
    for nonce in 0..50 {
        client.send(control(&ClientControl::Ping { nonce })).await;
    }
    let (reason, text) = client.closed().await;
    assert_eq!(reason, CloseReason::TooManyMessages);
    assert_eq!(reason.code(), 1008);
    assert!(text.contains("messages"), "{text}");
    let sample = "syncline_message_rate_exceeded_total";
    assert_eq!(host.metric(sample).await, 1);
    bystander.ping(1).await;
}

/// WebSocket answers pings by itself, so that nobody else sees them.
#[tokio::test]
async fn pings_are_messages() {
    let host = Host::with(slow_rates());
    let mut client = Client::connect(&host).await;
    for _ in 0..50 {
        client.send_ping().await;
    }
    assert_eq!(client.closed().await.0, CloseReason::TooManyMessages);
}

/// Empty continuations never end a message, and so are never seen as one.
#[tokio::test]
async fn a_message_of_endless_parts_is_too_many_bytes() {
    let host = Host::with(Config {
        byte_rate: 2000,
        ..Config::default()
    });
    let mut client = Client::connect(&host).await;
    let begin = [0x02, 0x80, 0, 0, 0, 0];
    let more = [0x00, 0x80, 0, 0, 0, 0].repeat(5000);
    client.send_raw(&begin).await;
    client.send_raw(&more).await;
    let (reason, text) = client.closed().await;
    assert_eq!(reason, CloseReason::TooManyMessages);
    assert!(text.contains("bytes"), "{text}");
    let sample = "syncline_closes_total{reason=\"too_many_messages\"}";
    assert_eq!(host.metric(sample).await, 1);
}
