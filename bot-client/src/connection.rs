//! One bot's socket: the only file that knows the WebSocket library.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use syncline_shared::limits::SERVER_MESSAGE_BYTES_MAX;
use syncline_shared::message::SUBPROTOCOL;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::error::Error;
use crate::tls::Trust;

/// How long opening and closing may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// How long a server may leave what is sent to it unread: far longer than any tick.
const SEND_TIME: Duration = Duration::from_secs(5);

/// The library reads this much at once: a thousand bots with its default would take 128 MiB.
const READ_BUFFER_BYTES: usize = 4096;

/// How many connections leave from one loopback address: a system has some 28,000 ports for them.
const BOTS_PER_SOURCE: u32 = 16_384;

/// From where a bot connects to a server on this machine: there are more connections than an address
/// has ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(Option<Ipv4Addr>);

impl Source {
    /// Whichever the system chooses.
    pub(crate) const ANY: Self = Self(None);

    /// That of the bot of this number.
    pub(crate) fn of(number: u32) -> Self {
        let block = number / BOTS_PER_SOURCE;
        let address = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + block);
        Self((block > 0).then_some(address))
    }
}

/// What came from the server.
#[derive(Clone, Debug)]
pub(crate) enum Incoming {
    /// A message.
    Message(Bytes),
    /// The connection is gone: the close code, if there was one, and its text.
    Closed(Option<u16>, String),
}

/// What HTTP and WebSocket are spoken on.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin + core::fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + core::fmt::Debug> Duplex for T {}

/// A socket, plain or under TLS.
pub(crate) type Socket = Box<dyn Duplex>;

/// A server's address, known to be one.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    url: String,
    host: String,
    port: u16,
    /// Under TLS: whom to believe, and the name that has to be proved.
    trust: Option<(Trust, ServerName<'static>)>,
}

impl Address {
    /// Reads a `ws://` or `wss://` address. A server at the latter is believed by `ca`.
    pub(crate) fn parse(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let wrong = || Error::Address {
            url: url.to_owned(),
        };
        let request = url.into_client_request().map_err(|_| wrong())?;
        let is_tls = match request.uri().scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(wrong()),
        };
        let host = request
            .uri()
            .host()
            .ok_or_else(wrong)?
            .trim_matches(['[', ']'])
            .to_owned();
        let usual = if is_tls { 443 } else { 80 };
        let port = request.uri().port_u16().unwrap_or(usual);
        let trust = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
            let url = || url.to_owned();
            let ca = ca.ok_or_else(|| Error::NoAuthority { url: url() })?;
            Some((Trust::read(ca)?, name))
        } else {
            None
        };
        Ok(Self {
            url: url.to_owned(),
            host,
            port,
            trust,
        })
    }

    /// A handshake, with a key of its own.
    fn request(&self) -> Result<Request, WebSocketError> {
        let mut request = self.url.as_str().into_client_request()?;
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(request)
    }

    /// Whether anybody listens there.
    pub(crate) async fn probe(&self) -> io::Result<()> {
        let connected = timeout(HANDSHAKE_TIME, self.connect(Source::ANY)).await;
        connected.map_err(|_| io::ErrorKind::TimedOut)?.map(drop)
    }

    /// The host and port as HTTP names them.
    pub(crate) fn host(&self) -> String {
        // Only an IPv6 address has colons, and needs brackets.
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Opens a socket to it.
    pub(crate) async fn connect(&self, source: Source) -> io::Result<Socket> {
        let loopback = self
            .host
            .parse()
            .is_ok_and(|host: Ipv4Addr| host.is_loopback());
        let stream = match source.0.filter(|_| loopback) {
            None => TcpStream::connect((self.host.as_str(), self.port)).await?,
            Some(source) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
                let host = self.host.parse().map_err(io::Error::other)?;
                socket.connect(SocketAddr::new(host, self.port)).await?
            }
        };
        stream.set_nodelay(true)?;
        Ok(match &self.trust {
            None => Box::new(stream),
            Some((trust, name)) => Box::new(trust.connector().connect(name.clone(), stream).await?),
        })
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: WebSocketStream<Socket>,
}

impl Connection {
    /// Opens a connection; in words why not, if not.
    pub(crate) async fn open(address: &Address, source: Source) -> Result<Self, String> {
        let opening = async {
            let stream = address.connect(source).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let config = WebSocketConfig::default()
                .read_buffer_size(READ_BUFFER_BYTES)
                .write_buffer_size(0)
                .max_message_size(Some(SERVER_MESSAGE_BYTES_MAX))
                .max_frame_size(Some(SERVER_MESSAGE_BYTES_MAX));
            let request = address.request().map_err(|error| error.to_string())?;
            let opened = client_async_with_config(request, stream, Some(config)).await;
            opened
                .map(|(stream, _)| Self { stream })
                .map_err(|error| match error {
                    WebSocketError::Http(response) => {
                        refused(response.status(), response.body().as_deref())
                    }
                    error => error.to_string(),
                })
        };
        let opened = timeout(HANDSHAKE_TIME, opening).await;
        opened.unwrap_or_else(|_| Err("the handshake took too long".to_owned()))
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

/// What an HTTP answer that is no handshake says.
fn refused(status: impl core::fmt::Display, body: Option<&[u8]>) -> String {
    let body = body.map(String::from_utf8_lossy).unwrap_or_default();
    let line = body.lines().next().unwrap_or_default();
    format!("HTTP {status} {line}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_a_port() {
        let address = Address::parse("ws://127.0.0.1:7777/play", None).unwrap();
        assert_eq!((address.host.as_str(), address.port), ("127.0.0.1", 7777));
        let address = Address::parse("ws://[::1]/play", None).unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 80));
    }

    #[test]
    fn an_address_under_tls_needs_somebody_to_believe() {
        let parse = |ca| Address::parse("wss://127.0.0.1/play", ca);
        assert!(matches!(parse(None), Err(Error::NoAuthority { .. })));
        let nowhere = parse(Some(Path::new("/nowhere.pem")));
        assert!(matches!(nowhere, Err(Error::Authority { .. })));
    }

    #[test]
    fn connections_beyond_an_addresss_ports_leave_from_the_next() {
        assert_eq!(Source::of(BOTS_PER_SOURCE - 1), Source::ANY);
        let next = Source::of(BOTS_PER_SOURCE);
        assert_eq!(next, Source(Some(Ipv4Addr::new(127, 0, 0, 2))));
        let last = Source::of(100_000);
        assert_eq!(last, Source(Some(Ipv4Addr::new(127, 0, 0, 7))));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "nonsense", "http://127.0.0.1/play"] {
            assert!(
                matches!(Address::parse(url, None), Err(Error::Address { .. })),
                "{url}"
            );
        }
    }
}
