//! The other things on the port: lists, metrics, refused handshakes, slow requests.

use std::time::Duration;

use syncline_server::Config;
use syncline_shared::message::control::CreateOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{Client, create};
use crate::support::host::{Host, handshake};
use crate::support::soon;

#[tokio::test]
async fn rooms_are_listed_as_they_are() {
    let host = Host::start();
    assert_eq!(host.get("/api/rooms").await.body, "[]");
    let (mut client, welcome) = Client::join(&host, create("lab", CreateOptions::default())).await;
    let (_waiting, _) = Client::join(&host, create("pong", CreateOptions::default())).await;
    let tick = client.frame().await;
    host.rooms_until("the match is listed", |rooms| {
        rooms.len() == 2 && rooms[0]["tick"].as_u64() >= Some(u64::from(tick.0))
    })
    .await;
    let rooms = host.rooms().await;
    assert_eq!(rooms[0]["id"], welcome.room.0);
    assert_eq!(rooms[0]["code"], welcome.code.to_string());
    assert_eq!(
        (&rooms[0]["game"], &rooms[0]["phase"]),
        (&"lab".into(), &"running".into())
    );
    assert_eq!(
        (&rooms[1]["game"], &rooms[1]["phase"]),
        (&"pong".into(), &"lobby".into())
    );
    assert_eq!(
        (&rooms[1]["players"], &rooms[1]["players_max"]),
        (&1.into(), &2.into())
    );
}

/// The answer for `room`, once it was sampled.
async fn sampled_bandwidth(host: &Host, room: &str) -> serde_json::Value {
    let path = format!("/api/rooms/{room}/bandwidth");
    soon("a sample", async {
        loop {
            let answer = host.get(&path).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let bandwidth: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            if bandwidth["snapshots_sampled"].as_u64() > Some(0) {
                return bandwidth;
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_fields_cost_is_told_dearest_first() {
    let host = Host::with(Config {
        bandwidth_sampling: 1,
        ..Config::default()
    });
    let (_client, welcome) = Client::join(&host, create("arena", CreateOptions::default())).await;
    let bandwidth = sampled_bandwidth(&host, &welcome.room.to_string()).await;
    assert_eq!(bandwidth["game"], "arena");
    assert!(bandwidth["window_seconds"].as_f64() > Some(0.0));
    assert!(bandwidth["bytes_per_snapshot"].as_f64() > Some(0.0));
    let costs = bandwidth["streams"]["common"]["costs"].as_array().unwrap();
    let bits = |cost: &serde_json::Value| cost["bits_per_snapshot"].as_f64().unwrap();
    assert!(costs.is_sorted_by(|one, next| bits(one) >= bits(next)));
    let shares: f64 = costs.iter().filter_map(|cost| cost["share"].as_f64()).sum();
    assert!((shares - 1.0).abs() < 0.01, "{shares} in all");
    assert!(costs.iter().any(|cost| cost["class"] == "Ship"));
}

#[tokio::test]
async fn what_fields_of_a_private_room_cost_is_told_by_its_code() {
    let host = Host::with(Config {
        bandwidth_sampling: 0,
        ..Config::default()
    });
    let private = CreateOptions {
        private: true,
        ..CreateOptions::default()
    };
    let (mut client, welcome) = Client::join(&host, create("lab", private)).await;
    client.frame().await;
    for unknown in [welcome.room.to_string(), "77".to_owned(), "x".to_owned()] {
        let answer = host.get(&format!("/api/rooms/{unknown}/bandwidth")).await;
        assert_eq!(answer.status, 404);
    }
    let answer = host
        .get(&format!("/api/rooms/{}/bandwidth", welcome.code))
        .await;
    let bandwidth: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(bandwidth["snapshots_sampled"], 0);
    assert_eq!(
        bandwidth["streams"]["common"]["costs"],
        serde_json::json!([])
    );
}

/// So a page shows what the server spends on its room: the difference of two answers.
#[tokio::test]
async fn what_ticks_cost_is_told_in_sums() {
    let host = Host::start();
    let (_client, welcome) = Client::join(&host, create("lab", CreateOptions::default())).await;
    let path = format!("/api/rooms/{}/metrics", welcome.code);
    let number = |figures: &serde_json::Value, name: &str| figures["tick"][name].as_u64().unwrap();
    let figures_after = async |ticks: u64| loop {
        let answer = host.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.head.contains("content-type: application/json"));
        let figures: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        if number(&figures, "count") > ticks {
            break figures;
        }
    };
    let before = soon("ticks are counted", figures_after(0)).await;
    let more = figures_after(number(&before, "count"));
    let after = soon("more are counted", more).await;
    assert!(number(&after, "sum_micros") >= number(&before, "sum_micros"));
    assert!(number(&after, "p50_micros") <= number(&after, "p99_micros"));
    assert_eq!(after["degraded"], "none");
}

#[tokio::test]
async fn metrics_tell_what_happens() {
    let host = Host::start();
    let (mut client, _) = Client::join(&host, create("lab", CreateOptions::default())).await;
    client.frame().await;
    client.ping(1).await;
    let answer = host.get("/metrics").await;
    assert!(
        answer
            .head
            .contains("content-type: application/openmetrics-text; version=1.0.0")
    );
    assert!(answer.body.ends_with("# EOF\n"));
    for sample in [
        "syncline_ticks_total",
        "syncline_matches_total",
        "syncline_tick_duration_seconds_count",
        "syncline_tick_lateness_seconds_count",
        "syncline_rooms",
        "syncline_members",
        "syncline_connections",
        "syncline_received_messages_total",
        "syncline_received_bytes_total",
        "syncline_sent_messages_total",
        "syncline_sent_bytes_total",
        "syncline_room_messages_total",
    ] {
        assert!(
            host.metric(sample).await > 0,
            "{sample} is missing in\n{}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_refused_handshake_is_told_why_and_counted() {
    let host = Host::start();
    let cases = [
        (
            "GET",
            ("sec-websocket-protocol", "syncline.v2"),
            400,
            "subprotocol",
            "syncline.v1",
        ),
        (
            "GET",
            ("sec-websocket-version", "8"),
            426,
            "version",
            "must be 13",
        ),
        (
            "GET",
            ("sec-websocket-key", "short"),
            400,
            "key",
            "16 bytes",
        ),
        ("GET", ("upgrade", "h2c"), 400, "upgrade", "WebSocket"),
        ("GET", ("connection", "close"), 400, "upgrade", "WebSocket"),
        ("POST", ("host", "test"), 405, "method", "GET"),
        (
            "GET",
            ("origin", "https://evil.example"),
            403,
            "origin",
            "Origin",
        ),
    ];
    for (method, header, status, reason, words) in cases {
        let sample = format!("syncline_handshakes_refused_total{{reason=\"{reason}\"}}");
        let before = host.metric(&sample).await;
        let answer = host.request(&handshake(method, &[header])).await;
        assert_eq!(answer.status, status, "{header:?}");
        assert!(
            answer.body.contains(words),
            "{:?} lacks {words:?}",
            answer.body
        );
        assert_eq!(host.metric(&sample).await, before + 1);
    }
    let old = host
        .request(&handshake("GET", &[("sec-websocket-version", "8")]))
        .await;
    assert!(old.head.contains("sec-websocket-version: 13"));
    let good = host.request(&handshake("GET", &[])).await;
    assert_eq!(good.status, 101);
    // The standard's own example.
    assert!(
        good.head
            .contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=")
    );
}

#[tokio::test]
async fn a_request_that_never_ends_is_not_waited_for() {
    let head_timeout = Duration::from_millis(400);
    let host = Host::with(Config {
        head_timeout,
        ..Config::default()
    });
    for beginning in ["", "GET /healthz HTTP/1.1\r\nhost: te"] {
        let mut socket = TcpStream::connect(host.address).await.unwrap();
        socket.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        soon("the server gives up", socket.read_to_end(&mut rest))
            .await
            .unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("200"));
    }
    assert_eq!(host.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let host = Host::start();
    let large = "x".repeat(20_000);
    let answer = host
        .request(&format!("GET / HTTP/1.1\r\nhost: {large}\r\n\r\n"))
        .await;
    assert_eq!(answer.status, 431);
}
