//! Storms that nobody else feels: of messages that mean nothing, of connections that come and go.
//!
//! `SYNCLINE_STORM` makes them so many times as large.

use std::time::Duration;

use futures_util::future::join_all;
use syncline_server::Config;
use syncline_shared::message::SectionKind;
use syncline_shared::message::control::Welcome;
use syncline_shared::rng::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::client::{Client, follow, greeting, hello, section};
use crate::support::host::{Host, handshake};
use crate::support::{frame, soon};

/// The first bytes of whole messages.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

/// How many go on at the same time.
const AT_ONCE: u64 = 20;

/// The most ticks between two frames of a match at 60 Hz: as long as a server may be silent, and one.
const SILENCE_TICKS_MAX: u32 = 16;

/// How many of them are seen at least.
const FRAMES_MIN: u32 = 5;

fn times(normally: u64) -> u64 {
    let factor = std::env::var("SYNCLINE_STORM").ok();
    normally * factor.map_or(1, |factor| factor.parse().expect("a number of times"))
}

/// Somebody who plays beside the storm, and must not feel it.
struct Bystander {
    welcome: Welcome,
    enough: oneshot::Sender<()>,
    watching: JoinHandle<()>,
}

impl Bystander {
    async fn join(host: &Host) -> Self {
        let (mut client, welcome) = Client::join(host, hello()).await;
        let (enough, mut stop) = oneshot::channel();
        let watching = tokio::spawn(async move {
            let mut last = client.frame().await;
            let (mut frames, mut told) = (0, false);
            while !told || frames < FRAMES_MIN {
                let tick = client.frame().await;
                assert!(
                    tick > last && tick.0 - last.0 <= SILENCE_TICKS_MAX,
                    "{tick:?} came after {last:?}"
                );
                last = tick;
                frames += 1;
                told |= stop.try_recv().is_ok();
            }
            client.ping(1).await;
        });
        Self {
            welcome,
            enough,
            watching,
        }
    }

    /// It has seen all frames, each in time for the next.
    async fn leave(self) {
        self.enough.send(()).expect("it watches until it is told");
        self.watching.await.expect("nothing went wrong");
    }
}

fn config() -> Config {
    Config {
        grace_period: Duration::ZERO,
        empty_timeout: Duration::ZERO,
        ..Config::default()
    }
}

/// Everything is as it was before anybody came.
async fn nothing_is_left(host: &Host) {
    // The one that asks is the only one.
    host.metric_until("syncline_connections", |open| open == 1)
        .await;
    host.metric_until("syncline_half_open_connections", |open| open <= 1)
        .await;
    host.metric_until("syncline_members", |members| members == 0)
        .await;
    host.rooms_until("all rooms end", <[_]>::is_empty).await;
    assert_eq!(host.metric("syncline_room_panics_total").await, 0);
    let internal = "syncline_closes_total{reason=\"internal\"}";
    assert_eq!(host.metric(internal).await, 0);
}

fn bytes(rng: &mut Rng, most: u32) -> Vec<u8> {
    let length = rng.below(most);
    (0..length)
        .map(|_| rng.next_u32().to_le_bytes()[0])
        .collect()
}

/// Something that no client should send first.
fn nonsense(rng: &mut Rng) -> Vec<u8> {
    let mut good = greeting(hello());
    let at = usize::try_from(rng.below(u32::try_from(good.len()).unwrap())).unwrap();
    match rng.below(7) {
        0 => bytes(rng, 300),
        1 => frame(BINARY, &bytes(rng, 300)),
        2 => frame(BINARY, &section(SectionKind::Control, &bytes(rng, 100))),
        3 => frame(BINARY, &section(SectionKind::Input, &bytes(rng, 100))),
        4 => frame(BINARY, &good[..at]),
        5 => {
            good[at] ^= 1 << rng.below(8);
            frame(BINARY, &good)
        }
        _ => frame(TEXT, &bytes(rng, 300)),
    }
}

async fn send_nonsense(host: &Host, room: &Welcome, seed: u64) {
    let mut rng = Rng::from_seed(seed);
    let (answer, mut socket) = host.ask(&handshake("GET", &[])).await;
    assert_eq!(answer.status, 101);
    // A third of them are members first.
    if rng.below(3) == 0 {
        let first = frame(BINARY, &greeting(follow(room)));
        socket.write_all(&first).await.unwrap();
    }
    // Whatever it meant, the server may have closed already.
    let _ = socket.write_all(&nonsense(&mut rng)).await;
    let _ = socket.shutdown().await;
    let mut rest = Vec::new();
    let _ = soon("the server ends", socket.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn a_storm_of_nonsense_is_felt_by_nobody_else() {
    let host = Host::with(config());
    let bystander = Bystander::join(&host).await;
    let messages = times(2000);
    for batch in 0..messages / AT_ONCE {
        let seeds = batch * AT_ONCE..(batch + 1) * AT_ONCE;
        join_all(seeds.map(|seed| send_nonsense(&host, &bystander.welcome, seed))).await;
    }
    bystander.leave().await;
    nothing_is_left(&host).await;
}

/// Comes, and goes at some point on its way in.
async fn come_and_go(host: &Host, room: &Welcome, seed: u64) {
    let mut rng = Rng::from_seed(seed);
    match rng.below(4) {
        0 => drop(TcpStream::connect(host.address).await.unwrap()),
        1 => {
            let mut socket = TcpStream::connect(host.address).await.unwrap();
            let request = handshake("GET", &[]);
            let some = &request.as_bytes()[..request.len() / 2];
            socket.write_all(some).await.unwrap();
        }
        2 => drop(Client::connect(host).await),
        _ => drop(Client::join(host, follow(room)).await),
    }
}

#[tokio::test]
async fn a_storm_of_connections_is_felt_by_nobody_else() {
    let host = Host::with(config());
    let bystander = Bystander::join(&host).await;
    let connections = times(200);
    for batch in 0..connections / AT_ONCE {
        let seeds = batch * AT_ONCE..(batch + 1) * AT_ONCE;
        join_all(seeds.map(|seed| come_and_go(&host, &bystander.welcome, seed))).await;
    }
    bystander.leave().await;
    nothing_is_left(&host).await;
}
