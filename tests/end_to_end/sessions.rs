//! Resuming, being replaced, leaving.

use std::time::Duration;

use syncline_server::Config;
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::message::control::{ClientControl, Hello, Role};

use crate::support::client::{Client, control, follow, hello, resume};
use crate::support::host::Host;

#[tokio::test]
async fn a_lost_connection_is_taken_up_again_with_its_token() {
    let host = Host::start();
    let (_other, room) = Client::join(&host, hello()).await;
    let (lost, first) = Client::join(&host, follow(&room)).await;
    drop(lost);
    let (mut back, second) = Client::join(&host, resume(&first)).await;
    assert_eq!(
        (second.session, second.player),
        (first.session, first.player)
    );
    assert_eq!((second.room, second.attach), (first.room, first.attach + 1));
    back.ping(1).await;
    back.frame().await;
    assert_eq!(host.metric("syncline_resumes_total").await, 1);
}

#[tokio::test]
async fn each_welcome_brings_a_token_that_works() {
    let host = Host::start();
    let (mut client, mut welcome) = Client::join(&host, hello()).await;
    for attach in 2..5 {
        drop(client);
        (client, welcome) = Client::join(&host, resume(&welcome)).await;
        assert_eq!(welcome.attach, attach);
    }
    client.ping(1).await;
}

/// The newest connection owns the seat, and the older one must not fight for it.
#[tokio::test]
async fn a_newer_connection_replaces_the_older() {
    let host = Host::start();
    let (mut older, first) = Client::join(&host, hello()).await;
    let (mut newer, second) = Client::join(&host, resume(&first)).await;
    assert_eq!(second.player, first.player);
    let (reason, _) = older.closed().await;
    assert_eq!(
        (reason, reason.then()),
        (CloseReason::Replaced, Then::Never)
    );
    newer.ping(1).await;
    // The older connection's end is no news about the newer one.
    drop(older);
    newer.frame().await;
    newer.ping(2).await;
}

#[tokio::test]
async fn whoever_leaves_has_left() {
    let host = Host::start();
    let (_other, room) = Client::join(&host, hello()).await;
    let (mut client, welcome) = Client::join(&host, follow(&room)).await;
    client.send(control(&ClientControl::Leave)).await;
    assert_eq!(client.closed().await.0, CloseReason::Left);
    let (reason, _) = Client::refused(&host, resume(&welcome)).await;
    assert_eq!(
        (reason, reason.then()),
        (CloseReason::SessionExpired, Then::Rejoin)
    );
    let (_, anew) = Client::join(&host, follow(&room)).await;
    assert_eq!(anew.player, welcome.player, "the seat was free again");
}

#[tokio::test]
async fn a_seat_is_free_again_when_its_grace_period_is_over() {
    let grace_period = Duration::from_millis(50);
    let host = Host::with(Config {
        grace_period,
        max_players: 2,
        ..Config::default()
    });
    let (mut other, room) = Client::join(&host, hello()).await;
    let (lost, welcome) = Client::join(&host, follow(&room)).await;
    drop(lost);
    host.rooms_until("the seat is free", |rooms| rooms[0]["players"] == 1)
        .await;
    assert_eq!(
        Client::refused(&host, resume(&welcome)).await.0,
        CloseReason::SessionExpired
    );
    let (_next, anew) = Client::join(&host, follow(&room)).await;
    assert_eq!(anew.player, welcome.player);
    other.ping(1).await;
}

#[tokio::test]
async fn a_session_ends_with_its_room() {
    let grace_period = Duration::from_millis(50);
    let empty_timeout = Duration::from_millis(50);
    let host = Host::with(Config {
        grace_period,
        empty_timeout,
        ..Config::default()
    });
    let (client, welcome) = Client::join(&host, hello()).await;
    drop(client);
    host.rooms_until("the room ends", <[_]>::is_empty).await;
    assert_eq!(
        Client::refused(&host, resume(&welcome)).await.0,
        CloseReason::SessionExpired
    );
}

#[tokio::test]
async fn a_spectator_watches_and_takes_no_seat() {
    let host = Host::start();
    let (_player, room) = Client::join(&host, hello()).await;
    let watch = Hello {
        role: Role::Spectator,
        ..follow(&room)
    };
    let (mut spectator, welcome) = Client::join(&host, watch).await;
    assert_eq!(welcome.player, None);
    spectator.frame().await;
    host.rooms_until("both are listed", |rooms| {
        rooms[0]["players"] == 1 && rooms[0]["spectators"] == 1
    })
    .await;
}
