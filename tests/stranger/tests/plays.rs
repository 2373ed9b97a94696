//! The snails' own server, and bots that play on it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use stranger::SnailRace;
use syncline_bot_client::SwarmConfig;
use syncline_server::{Config, Games, JournalConfig, Server};
use tokio::sync::oneshot;

/// What a browser is shown: the pages are part of the server, wherever it is built.
fn front_page(address: SocketAddr) -> String {
    let mut socket = TcpStream::connect(address).expect("the server listens");
    let request = b"GET / HTTP/1.1\r\nhost: snails\r\nconnection: close\r\n\r\n";
    socket.write_all(request).expect("the server reads");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("text");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_plays_a_strangers_game() {
    let data = tempfile::tempdir().expect("a folder");
    let journal = JournalConfig { dir: data.path().join("data"), ..JournalConfig::default() };
    let config =
        Config { bind: ([127, 0, 0, 1], 0).into(), journal: Some(journal), ..Config::default() };
    let server = Server::bind(&config, Games::new().with::<SnailRace>()).expect("a free port");
    let address = server.local_addr();
    let url = format!("ws://{address}/play");
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server.run(async { drop(stopped.await) }));

    let swarm = SwarmConfig {
        bots: 3,
        duration: Duration::from_secs(3),
        game: "snails".to_owned(),
        ..SwarmConfig::new(url)
    };
    let report = syncline_bot_client::run(swarm).await.expect("the server is there");
    assert_eq!(report.failures(), Vec::<String>::new());
    assert_eq!(report.connected, 3);
    assert!(report.verdicts.applied > 50, "{:?}", report.verdicts);

    let page = tokio::task::spawn_blocking(move || front_page(address)).await.expect("no panic");
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    assert!(page.contains("--game snails"), "{page}");

    stop.send(()).expect("the server still runs");
    server.await.expect("no panic").expect("an orderly end");

    // The match again, by the game alone; and as a test, which the game's own server writes.
    let journals = std::fs::read_dir(data.path().join("data")).expect("matches are recorded");
    let journals: Vec<_> = journals.map(|entry| entry.expect("a file").path()).collect();
    let is_journal = |path: &&PathBuf| path.extension().is_some_and(|it| it == "journal");
    let journal = journals.iter().find(is_journal).expect("a match was recorded");
    let bytes = std::fs::read(journal).expect("it can be read");
    syncline_server::assert_replays::<SnailRace>(&bytes);
    let tests = data.path().join("tests");
    let server = Command::new(env!("CARGO_BIN_EXE_stranger"))
        .args(["replay".as_ref(), journal.as_os_str()])
        .args(["--export-test".as_ref(), tests.as_os_str()])
        .output()
        .expect("it runs");
    assert!(server.status.success(), "{server:?}");
    let written = std::fs::read_dir(&tests).expect("a test was written");
    let mut texts = written.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
    assert!(texts.any(|text| text.contains("assert_replays::<stranger::SnailRace>")));
}
