//! A room that takes more time than there is slows down alone, and nobody is sent away for it.
//!
//! `SYNCLINE_OVERLOAD` makes it last so many times as long: 20 are half a minute.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;
use syncline_server::Config;
use syncline_shared::id::RoomId;
use syncline_shared::message::control::{CreateOptions, ServerControl};
use tokio::sync::watch;

use crate::support::client::{Client, create};
use crate::support::host::Host;
use crate::support::lab::LabCommand;
use crate::support::soon;

/// Half again as long as a tick of the laboratory may take.
const TOO_LONG_MICROS: u32 = 25_000;

const LIGHT: usize = 50;

/// What the heavy room does while the others are watched: a second and a half.
const HEAVY_TICKS: u64 = 60;

fn times() -> u64 {
    let factor = std::env::var("SYNCLINE_OVERLOAD").ok();
    factor.map_or(1, |factor| factor.parse().expect("a number of times"))
}

/// The room that takes too long, by its one player.
struct Heavy {
    client: Client,
    room: RoomId,
    next: u32,
}

impl Heavy {
    async fn join(host: &Host) -> Self {
        let (mut client, welcome) =
            Client::join(host, create("lab", CreateOptions::default())).await;
        client.frame().await;
        Self {
            client,
            room: welcome.room,
            next: 1,
        }
    }

    async fn toil(&mut self, micros: u32) {
        self.client
            .ask(self.next, &LabCommand::Toil { micros })
            .await;
        self.client.reply(self.next).await;
        self.next += 1;
    }

    /// Asks for several things at once, and sees that all are answered in this order, wherever the
    /// room lives meanwhile.
    async fn ask_in_order(&mut self) {
        let asked = self.next..self.next + 4;
        for sequence in asked.clone() {
            self.client.ask(sequence, &LabCommand::HowFar {}).await;
        }
        for sequence in asked {
            let answered = |control| match control {
                ServerControl::CommandReply { sequence, .. } => Some(sequence),
                _ => None,
            };
            assert_eq!(self.client.control(answered).await, sequence);
        }
        self.next += 4;
    }

    /// Goes on asking until the rooms are as wanted.
    async fn until(&mut self, host: &Host, what: &str, wanted: impl Fn(&[Value]) -> bool) {
        soon(what, async {
            while !wanted(&host.rooms().await) {
                self.ask_in_order().await;
            }
        })
        .await;
    }

    /// Waits until this is given up.
    async fn until_degraded(&mut self, host: &Host, degraded: &str) {
        let room = Value::from(self.room.0);
        let is = |listed: &Value| listed["id"] == room && listed["degraded"] == degraded;
        self.until(host, degraded, |rooms| rooms.iter().any(is))
            .await;
    }
}

/// The room's tick, and those of the others.
fn ticks(rooms: &[Value], of: RoomId) -> (u64, Vec<u64>) {
    let tick = |room: &Value| room["tick"].as_u64().unwrap();
    let (one, others): (Vec<_>, Vec<_>) = rooms.iter().partition(|room| room["id"] == of.0);
    (tick(one[0]), others.into_iter().map(tick).collect())
}

#[tokio::test]
async fn a_room_that_takes_too_long_slows_down_alone_and_recovers() {
    let host = Host::with(Config {
        threads: Some(1),
        ..Config::default()
    });
    let light = || Client::join(&host, create("lab", CreateOptions::default()));
    let light = join_all((0..LIGHT).map(|_| light())).await;
    let (enough, watched) = watch::channel(false);
    let light = light.into_iter().map(|(mut client, _)| {
        let watched = watched.clone();
        tokio::spawn(async move {
            while !*watched.borrow() {
                client.frame().await;
            }
            client.ping(7).await;
            client
        })
    });
    let light: Vec<_> = light.collect();
    let mut heavy = Heavy::join(&host).await;
    heavy.toil(TOO_LONG_MICROS).await;
    heavy.until_degraded(&host, "time").await;
    assert!(host.metric("syncline_room_moves_total").await >= 1);
    assert!(host.metric("syncline_snapshot_halvings_total").await >= 1);

    // On a thread of its own it holds up nobody.
    let room = heavy.room;
    let (begun, others_begun) = ticks(&host.rooms().await, room);
    for turn in 1..=times() {
        let enough = begun + turn * HEAVY_TICKS;
        heavy
            .until(&host, "some more ticks", |rooms| {
                ticks(rooms, room).0 >= enough
            })
            .await;
    }
    let (ended, others_ended) = ticks(&host.rooms().await, room);
    let slow = ended - begun;
    let others = others_ended.iter().zip(&others_begun);
    let others: Vec<u64> = others.map(|(ended, begun)| ended - begun).collect();
    assert_eq!(others.len(), LIGHT);
    assert!(
        others.iter().all(|ticks| 10 * ticks > 12 * slow),
        "the others ran {others:?} ticks while the heavy room ran {slow}"
    );
    assert!(host.metric("syncline_slowed_ticks_total").await >= 60);
    assert_eq!(host.get("/readyz").await.status, 200);

    heavy.toil(0).await;
    let relieved = Instant::now();
    heavy.until_degraded(&host, "none").await;
    eprintln!(
        "the light rooms' ticks were at most {} us late in 99 of 100, the heavy one recovered in {:?}",
        lateness(&host, room).await,
        relieved.elapsed()
    );
    soon("the room is back among the others", async {
        while host.metric("syncline_room_moves_total").await < 2 {
            heavy.ask_in_order().await;
        }
    })
    .await;
    enough.send(true).expect("they watch");
    let still = |other: Result<Client, _>| other.expect("it was not closed");
    let _light: Vec<_> = join_all(light).await.into_iter().map(still).collect();
    let metrics = host.get("/metrics").await.body;
    let closes = metrics.lines().find(|line| line.contains("closes_total{"));
    assert_eq!(closes, None);
    check_figures(&host, room).await;
}

/// The lateness in microseconds that 99 of 100 ticks of any room but `heavy` stayed below.
async fn lateness(host: &Host, heavy: RoomId) -> u64 {
    let mut most = 0;
    for room in host.rooms().await {
        if room["id"] != heavy.0 {
            let path = format!("/api/rooms/{}/metrics", room["id"]);
            let figures: Value = serde_json::from_str(&host.get(&path).await.body).unwrap();
            most = most.max(figures["lateness"]["p99_micros"].as_u64().unwrap());
        }
    }
    most
}

/// What a room tells of itself.
async fn check_figures(host: &Host, room: RoomId) {
    let answer = host.get(&format!("/api/rooms/{room}/metrics")).await;
    let figures: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(figures["closes"], serde_json::json!({}));
    assert!(figures["counters"]["snapshot_halvings"].as_u64() >= Some(1));
    let count = |of: &str| figures[of]["count"].as_u64().unwrap();
    assert!(count("tick") > 100 && count("lateness") == count("tick"));
    assert!((1..count("tick")).contains(&count("snapshot_encode")));
}
