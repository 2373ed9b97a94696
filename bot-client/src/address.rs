//! Where a server listens, and sockets to it. Knows nothing of what is spoken on them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::error::Error;
use crate::tls::Trust;
use crate::wire::{Counted, Wire};

/// How long a socket may take to open when the server is looked for.
const CONNECT_TIME: Duration = Duration::from_secs(10);

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
    path: String,
    /// Under TLS: whom to believe, and the name that has to be proved.
    trust: Option<(Trust, ServerName<'static>)>,
    wire: Arc<Wire>,
}

impl Address {
    /// Reads a `ws://` or `wss://` address. A server at the latter is believed by `ca`.
    pub(crate) fn parse(url: &str, ca: Option<&Path>) -> Result<Self, Error> {
        let wrong = || Error::Address {
            url: url.to_owned(),
        };
        let uri = url.parse::<Uri>().map_err(|_| wrong())?;
        let is_tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(wrong()),
        };
        let host = uri
            .host()
            .ok_or_else(wrong)?
            .trim_matches(['[', ']'])
            .to_owned();
        let usual = if is_tls { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
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
            path: uri.path().trim_end_matches('/').to_owned(),
            trust,
            wire: Arc::default(),
        })
    }

    /// The address as it was given.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether anybody listens there.
    pub(crate) async fn probe(&self) -> io::Result<()> {
        let connected = timeout(CONNECT_TIME, self.connect(Source::ANY)).await;
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

    /// Where it is on that host, without a slash at the end.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What travelled on all sockets to it.
    pub(crate) fn wire(&self) -> Arc<Wire> {
        self.wire.clone()
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
        let stream = Counted::new(stream, self.wire.clone());
        Ok(match &self.trust {
            None => Box::new(stream),
            Some((trust, name)) => Box::new(trust.connector().connect(name.clone(), stream).await?),
        })
    }
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
