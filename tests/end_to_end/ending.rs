//! A server that is asked to end: everybody is told, and it does end.

use futures_util::future::join_all;
use syncline_shared::close::{CloseReason, Then};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{Client, hello};
use crate::support::host::Host;
use crate::support::lab::LabCommand;
use crate::support::soon;

#[tokio::test]
async fn everybody_is_told_that_the_server_restarts() {
    let host = Host::start();
    let mut players = join_all((0..5).map(|_| Client::join(&host, hello()))).await;
    let mut ungreeted = Client::connect(&host).await;
    let mut http = TcpStream::connect(host.address).await.unwrap();
    http.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(soon("an answer", http.read_u8()).await.unwrap(), b'H');
    let told = async {
        for (player, _) in &mut players {
            let (reason, _) = player.closed().await;
            assert_eq!(
                (reason, reason.then()),
                (CloseReason::Restarting, Then::Resume)
            );
        }
        assert_eq!(ungreeted.closed().await.0, CloseReason::Restarting);
        let mut rest = Vec::new();
        soon("http ends", http.read_to_end(&mut rest))
            .await
            .unwrap();
    };
    tokio::join!(host.stop(), told);
}

/// A client that neither reads nor closes must not keep the server.
#[tokio::test]
async fn a_client_that_does_not_listen_does_not_hold_up_the_end() {
    let host = Host::start();
    let (mut deaf, _) = Client::join(&host, hello()).await;
    host.stop().await;
    assert_eq!(deaf.closed().await.0, CloseReason::Restarting);
}

#[tokio::test]
async fn a_room_that_never_returns_does_not_hold_up_the_end() {
    let host = Host::start();
    let (mut hanging, _) = Client::join(&host, hello()).await;
    hanging.frame().await;
    hanging.ask(1, &LabCommand::HangForever {}).await;
    host.stop().await;
    assert_eq!(hanging.closed().await.0, CloseReason::Restarting);
}
