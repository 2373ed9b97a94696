//! One bot's socket: the only file that knows the WebSocket library.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use syncline_shared::limits::SERVER_MESSAGE_BYTES_MAX;
use syncline_shared::message::SUBPROTOCOL;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::address::{Address, Socket, Source};
use crate::config::Transport;
use crate::tunnel;

/// How long opening and closing may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// How long a server may leave what is sent to it unread: far longer than any tick.
const SEND_TIME: Duration = Duration::from_secs(5);

/// The library reads this much at once: a thousand bots with its default would take 128 MiB.
const READ_BUFFER_BYTES: usize = 4096;

/// What came from the server.
#[derive(Clone, Debug)]
pub(crate) enum Incoming {
    /// A message.
    Message(Bytes),
    /// The connection is gone: the close code, if there was one, and its text.
    Closed(Option<u16>, String),
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: WebSocketStream<Socket>,
}

impl Connection {
    /// Opens a connection; in words why not, if not.
    pub(crate) async fn open(
        address: &Address,
        source: Source,
        transport: Transport,
    ) -> Result<Self, String> {
        let opening = async {
            match transport {
                Transport::WebSocket => Self::upgrade(address, source).await,
                Transport::Stream => Self::tunnel(address, source, false).await,
                Transport::Poll => Self::tunnel(address, source, true).await,
            }
        };
        let opened = timeout(HANDSHAKE_TIME, opening).await;
        opened.unwrap_or_else(|_| Err("the handshake took too long".to_owned()))
    }

    async fn upgrade(address: &Address, source: Source) -> Result<Self, String> {
        let stream = address.connect(source).await;
        let stream = stream.map_err(|error| error.to_string())?;
        let request = request(address).map_err(|error| error.to_string())?;
        let opened = client_async_with_config(request, stream, Some(config())).await;
        opened
            .map(|(stream, _)| Self { stream })
            .map_err(|error| match error {
                WebSocketError::Http(response) => {
                    refused(response.status(), response.body().as_deref())
                }
                error => error.to_string(),
            })
    }

    /// What a WebSocket carries after its handshake, through a tunnel.
    async fn tunnel(address: &Address, source: Source, polls: bool) -> Result<Self, String> {
        let socket: Socket = Box::new(tunnel::open(address, source, polls).await?);
        let role = Role::Client;
        let stream = WebSocketStream::from_raw_socket(socket, role, Some(config())).await;
        Ok(Self { stream })
    }

    /// The next thing that comes. Nothing is lost if the future is dropped.
    pub(crate) async fn receive(&mut self) -> Incoming {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(message))) => return Incoming::Message(message),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return Incoming::Closed(Some(code.into()), reason.to_string());
                }
                Some(Ok(Message::Close(None))) | None => {
                    return Incoming::Closed(None, String::new());
                }
                Some(Ok(Message::Text(_))) => {
                    return Incoming::Closed(None, "the server sent text".to_owned());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Incoming::Closed(None, error.to_string()),
            }
        }
    }

    /// Sends a message; whether the server takes it. Why a connection is gone comes with what is
    /// received: here there is only "broken pipe".
    pub(crate) async fn send(&mut self, message: Vec<u8>) -> bool {
        let sent = timeout(SEND_TIME, self.stream.send(Message::binary(message))).await;
        sent.is_ok()
    }

    /// Ends the connection from this end.
    pub(crate) async fn close(mut self) {
        // Whoever doesn't answer a close is dropped with the socket.
        let _ = timeout(CLOSE_TIME, self.stream.close(None)).await;
    }
}

/// A handshake, with a key of its own.
fn request(address: &Address) -> Result<Request, WebSocketError> {
    let mut request = address.url().into_client_request()?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(request)
}

/// How WebSocket is spoken.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
        .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX))
}

/// What an HTTP answer that is no handshake says.
fn refused(status: impl core::fmt::Display, body: Option<&[u8]>) -> String {
    let body = body.map(String::from_utf8_lossy).unwrap_or_default();
    let line = body.lines().next().unwrap_or_default();
    format!("HTTP {status} {line}").trim_end().to_owned()
}
