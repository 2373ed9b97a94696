//! A room that breaks or hangs harms no other.

use std::time::Duration;

use futures_util::future::join_all;
use syncline_server::Config;
use syncline_shared::close::CloseReason;
use syncline_shared::message::control::CreateOptions;

use crate::support::client::{Client, create, follow, resume};
use crate::support::host::Host;
use crate::support::lab::{GATE, LabCommand};

async fn room(host: &Host) -> (Client, syncline_shared::message::control::Welcome) {
    Client::join(host, create("lab", CreateOptions::default())).await
}

/// All rooms live on one thread, so that nothing but the catch is between them.
#[tokio::test]
async fn a_room_that_panics_ends_alone() {
    let host = Host::with(Config {
        threads: Some(1),
        ..Config::default()
    });
    let mut others = join_all((0..49).map(|_| room(&host))).await;
    let (mut broken, welcome) = room(&host).await;
    let (mut guest, _) = Client::join(&host, follow(&welcome)).await;
    broken.frame().await;
    broken.ask(1, &LabCommand::Break {}).await;
    assert_eq!(broken.closed().await.0, CloseReason::Internal);
    assert_eq!(guest.closed().await.0, CloseReason::Internal);
    for (nonce, (other, _)) in (0..).zip(&mut others) {
        let tick = other.frame().await;
        assert!(other.frame().await > tick, "another room's match goes on");
        other.ping(nonce).await;
    }
    assert_eq!(host.metric("syncline_room_panics_total").await, 1);
    assert_eq!(host.metric("syncline_rooms").await, 49);
    assert_eq!(host.get("/readyz").await.status, 200);
    assert_eq!(
        Client::refused(&host, resume(&welcome)).await.0,
        CloseReason::SessionExpired
    );
    assert_eq!(
        Client::refused(&host, follow(&welcome)).await.0,
        CloseReason::UnknownRoom
    );
    let (mut anew, _) = room(&host).await;
    anew.frame().await;
}

#[tokio::test]
async fn a_tick_that_does_not_return_fails_readiness_and_holds_up_no_other_thread() {
    let stall_timeout = Duration::from_millis(200);
    let host = Host::with(Config {
        threads: Some(2),
        stall_timeout,
        ..Config::default()
    });
    let (mut hanging, welcome) = room(&host).await;
    let (mut other, _) = room(&host).await;
    hanging.frame().await;
    other.frame().await;
    host.readyz_until("the server is ready", |answer| answer.status == 200)
        .await;
    hanging.ask(1, &LabCommand::Hang {}).await;
    let name = format!("room {}", welcome.room);
    host.readyz_until("the room is named", |answer| {
        answer.status == 503 && answer.body.contains(&name)
    })
    .await;
    let tick = other.frame().await;
    assert!(other.frame().await > tick);
    assert_eq!(host.get("/healthz").await.status, 200);
    GATE.open();
    host.readyz_until("the server is ready again", |answer| answer.status == 200)
        .await;
    hanging.frame().await;
}
