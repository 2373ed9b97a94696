//! Connections of the process to itself: served like any other, but without a way in through HTTP,
//! TLS or an origin, so that it doesn't matter what those are set to.
//!
//! They are sockets of this machine, so that whoever plays through one is told and limited as
//! everybody is. Knows nothing of what is said on them.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use syncline_shared::limits::SERVER_MESSAGE_BYTES_MAX;

use crate::net::connection::{self, Lobby};
use crate::net::guard::Guard;
use crate::net::link::Ends;
use crate::net::meter::Meter;
use crate::net::socket;
use crate::net::stream::{Stream, Transport};

/// How long the server may leave what is sent to it unread.
const SEND_MAX: Duration = Duration::from_secs(5);

/// What is read at once, as in the server.
const READ_BUFFER_BYTES: usize = 4096;

/// Opens lines to the server.
pub(crate) struct Inside {
    /// Serves the other ends.
    pub(crate) lobby: Arc<Lobby>,
    /// Counts them. Those of this machine count under no address.
    pub(crate) guard: Guard,
    /// How many bytes a second a line may carry to the server; 0 for any.
    pub(crate) byte_rate: u32,
    /// Every connection holds a clone.
    pub(crate) open: mpsc::Sender<()>,
}

/// One end of a WebSocket whose other end the server has.
pub(crate) struct Line(WebSocketStream<TcpStream>);

/// What came from the server.
pub(crate) enum Incoming {
    /// A message.
    Message(Bytes),
    /// The line is gone: the close code, if there was one, and its text.
    Closed(Option<u16>, String),
}

impl Inside {
    /// Opens a line.
    ///
    /// # Errors
    ///
    /// If the system lends no sockets, or the server has no place.
    pub(crate) async fn open(&self) -> io::Result<Line> {
        let (here, there) = pair().await?;
        here.set_nodelay(true)?;
        let peer = self.guard.admit(there.peer_addr()?, self.open.clone());
        let peer = peer.filter(|peer| peer.refusal().is_none());
        let peer = peer.ok_or_else(|| io::Error::other("there is no place left"))?;
        socket::prepare(&there);
        let lobby = self.lobby.clone();
        let exceeded = &lobby.metrics.byte_rate_exceeded;
        let meter = Meter::new(self.byte_rate, lobby.clock, exceeded);
        let stream = Stream::new(Transport::Plain(there), meter, lobby.close_timeout);
        tokio::spawn(async move {
            let name = peer.name(peer.ip());
            let ends = Ends::of_stream(stream);
            connection::serve(lobby, ends, Bytes::new(), &peer, name, true).await;
        });
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX));
        let line = WebSocketStream::from_raw_socket(here, Role::Client, Some(config)).await;
        Ok(Line(line))
    }
}

/// Two ends of one connection within this machine.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let here = TcpStream::connect(listener.local_addr()?).await?;
    let (there, from) = listener.accept().await?;
    if from == here.local_addr()? {
        Ok((here, there))
    } else {
        Err(io::Error::other("somebody else was quicker"))
    }
}

impl Line {
    /// The next thing that comes. Nothing is lost if the future is dropped.
    pub(crate) async fn receive(&mut self) -> Incoming {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(message))) => return Incoming::Message(message),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Incoming::Closed(Some(frame.code.into()), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None) | Message::Text(_)) | Err(_)) | None => {
                    return Incoming::Closed(None, String::new());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            }
        }
    }

    /// Sends a message; whether the server takes it.
    pub(crate) async fn send(&mut self, message: Vec<u8>) -> bool {
        let sent = timeout(SEND_MAX, self.0.send(Message::binary(message))).await;
        sent.is_ok_and(|sent| sent.is_ok())
    }
}
