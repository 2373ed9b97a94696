//! What breaks WebSocket itself is told so, as its standard wants, before the socket ends.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::client::{Client, hello};
use crate::support::host::{Host, Socket, handshake};
use crate::support::{frame, soon};

/// The code and text of the close frame that a server sends as its only word, until its end.
async fn close_of(socket: &mut Socket) -> (u16, String) {
    let mut bytes = Vec::new();
    soon("the server ends", socket.read_to_end(&mut bytes))
        .await
        .expect("an end that is no reset");
    let [0x88, length, high, low, text @ ..] = bytes.as_slice() else {
        panic!("this is no close frame: {bytes:02x?}");
    };
    assert_eq!(usize::from(*length), text.len() + 2, "nothing follows it");
    let code = u16::from_be_bytes([*high, *low]);
    (code, String::from_utf8(text.to_vec()).unwrap())
}

fn cases() -> Vec<(&'static str, Vec<u8>, u16)> {
    const FIN: u8 = 0x80;
    let oversized_head = [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
    vec![
        ("not masked", vec![0x82, 1, 0], 1002),
        ("a reserved opcode", frame(FIN | 3, &[]), 1002),
        ("a reserved control opcode", frame(FIN | 0x0b, &[]), 1002),
        ("a reserved bit", frame(FIN | 0x40 | 2, &[0]), 1002),
        ("a continuation of nothing", frame(FIN, &[1]), 1002),
        (
            "a message within another",
            [frame(2, &[1]), frame(FIN | 2, &[1])].concat(),
            1002,
        ),
        ("a ping in parts", frame(9, &[1]), 1002),
        ("a ping that is too long", frame(FIN | 9, &[0; 126]), 1002),
        ("a close of one byte", frame(FIN | 8, &[3]), 1002),
        (
            "a close with a code of nobody",
            frame(FIN | 8, &[0, 1]),
            1002,
        ),
        ("text", frame(FIN | 1, b"hello"), 1003),
        ("text that is not UTF-8", frame(FIN | 1, &[0xff]), 1007),
        (
            "a close with words that are not UTF-8",
            frame(FIN | 8, &[0x03, 0xe8, 0xff]),
            1007,
        ),
        ("too large", frame(FIN | 2, &[0; 4097]), 1009),
        (
            "too large in parts",
            [frame(2, &[0; 4000]), frame(FIN, &[0; 4000])].concat(),
            1009,
        ),
        ("far too large", oversized_head, 1009),
        ("a close", frame(FIN | 8, &[0x03, 0xe8]), 1000),
    ]
}

async fn tell_everything(host: &Host) {
    let (mut bystander, _) = Client::join(host, hello()).await;
    for (nonce, (name, bytes, code)) in (0..).zip(cases()) {
        let (answer, mut socket) = host.ask(&handshake("GET", &[])).await;
        assert_eq!(answer.status, 101);
        socket.write_all(&bytes).await.unwrap();
        let (found, text) = close_of(&mut socket).await;
        assert_eq!(found, code, "{name}: {text}");
        bystander.ping(nonce).await;
    }
}

#[tokio::test]
async fn what_breaks_websocket_is_told_by_the_codes_of_its_standard() {
    tell_everything(&Host::start()).await;
}

/// What a client sends meanwhile must not reset the connection before the close frame is read.
#[tokio::test]
async fn a_client_that_goes_on_sending_still_reads_the_close() {
    let host = Host::start();
    let (_, mut socket) = host.ask(&handshake("GET", &[])).await;
    socket.write_all(&frame(0x81, b"text")).await.unwrap();
    socket.write_all(&vec![0; 200_000]).await.unwrap();
    assert_eq!(close_of(&mut socket).await.0, 1003);
}

/// The server has shut down its side, so the client sees the end; and does not end its own.
#[tokio::test]
async fn a_client_that_answers_no_close_is_not_waited_for() {
    let host = Host::start();
    let (_, mut socket) = host.ask(&handshake("GET", &[])).await;
    socket.write_all(&frame(0x81, b"text")).await.unwrap();
    assert_eq!(close_of(&mut socket).await.0, 1003);
    // The one that asks is the only one left.
    host.metric_until("syncline_connections", |open| open == 1)
        .await;
    drop(socket);
}
