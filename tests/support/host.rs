//! A server in this process, on a port of its own, and its HTTP side.

use std::net::SocketAddr;

use serde_json::Value;
use syncline_games::{Arena, Pong};
use syncline_server::{Config, Error, Games, Server};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::lab::Lab;
use super::soon;

/// A running server.
pub(crate) struct Host {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    tls: Option<TlsConnector>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

/// What HTTP and WebSocket are spoken on.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A socket to a server, whatever it speaks below HTTP.
pub(crate) type Socket = Box<dyn Duplex>;

/// What was answered to an HTTP request.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The status line and the headers, in lower case.
    pub(crate) head: String,
    /// The body, as far as it is text.
    pub(crate) body: String,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Host {
    /// A server with default settings.
    pub(crate) fn start() -> Self {
        Self::with(Config::default())
    }

    /// A server that hosts the laboratory by default, arena and pong.
    pub(crate) fn with(config: Config) -> Self {
        let config = Config {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..config
        };
        let games = Games::new().with::<Lab>().with::<Arena>().with::<Pong>();
        let server = Server::bind(&config, games).expect("the settings are good");
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            tls: None,
            stop,
            task,
        }
    }

    /// The same server for clients that speak TLS as `connector` does.
    pub(crate) fn under_tls(self, connector: TlsConnector) -> Self {
        Self {
            tls: Some(connector),
            ..self
        }
    }

    /// A socket to the server.
    pub(crate) async fn open(&self) -> Socket {
        let socket = TcpStream::connect(self.address).await.unwrap();
        match &self.tls {
            None => Box::new(socket),
            Some(connector) => {
                let name = self.address.ip().into();
                let greeted = soon("a greeting under TLS", connector.connect(name, socket)).await;
                Box::new(greeted.unwrap())
            }
        }
    }

    /// Asks the server to end; resolves when it has.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        soon("the server ends", self.task).await.unwrap().unwrap();
    }

    /// The answer to a GET request for `path`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await
    }

    /// The answer to a request that is sent as it is.
    pub(crate) async fn request(&self, request: &str) -> Answer {
        self.ask(request).await.0
    }

    /// The answer to a request that is sent as it is, of which not all is text.
    pub(crate) async fn request_bytes(&self, request: &[u8]) -> Answer {
        let mut socket = self.open().await;
        socket.write_all(request).await.unwrap();
        soon("an answer", Answer::read(&mut socket)).await
    }

    /// The answer to a request that is sent as it is, and the socket on which it came.
    pub(crate) async fn ask(&self, request: &str) -> (Answer, Socket) {
        let mut socket = self.open().await;
        socket.write_all(request.as_bytes()).await.unwrap();
        let answer = soon("an answer", Answer::read(&mut socket)).await;
        (answer, socket)
    }

    /// The value of a sample in the metrics, 0 if there is none yet.
    pub(crate) async fn metric(&self, sample: &str) -> u64 {
        let text = self.get("/metrics").await.body;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// Asks for a sample until it is as wanted.
    pub(crate) async fn metric_until(&self, sample: &str, wanted: impl Fn(u64) -> bool) {
        soon(sample, async {
            while !wanted(self.metric(sample).await) {}
        })
        .await;
    }

    /// The rooms that are listed.
    pub(crate) async fn rooms(&self) -> Vec<Value> {
        serde_json::from_str(&self.get("/api/rooms").await.body).unwrap()
    }

    /// Asks for the rooms until they are as wanted.
    pub(crate) async fn rooms_until(&self, what: &str, wanted: impl Fn(&[Value]) -> bool) {
        soon(what, async { while !wanted(&self.rooms().await) {} }).await;
    }

    /// Asks whether the server is ready until the answer is as wanted.
    pub(crate) async fn readyz_until(&self, what: &str, wanted: impl Fn(&Answer) -> bool) {
        soon(what, async { while !wanted(&self.get("/readyz").await) {} }).await;
    }
}

/// A handshake with these headers beside or in the place of those that it needs.
pub(crate) fn handshake(method: &str, others: &[(&str, &str)]) -> String {
    let good = [
        ("host", "test"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "syncline.v1"),
    ];
    let is_other = |name| others.iter().any(|(other, _)| *other == name);
    let headers = good.iter().filter(|(name, _)| !is_other(*name));
    let lines = headers
        .chain(others)
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    format!(
        "{method} /play HTTP/1.1\r\n{}\r\n",
        lines.collect::<String>()
    )
}

impl Answer {
    /// The answer that comes next.
    pub(crate) async fn read(socket: &mut Socket) -> Self {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(socket.read_u8().await.expect("a whole head"));
        }
        let head = String::from_utf8(bytes).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        socket.read_exact(&mut body).await.unwrap();
        Self {
            status,
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
        }
    }
}
