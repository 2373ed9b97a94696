//! A server in this process, on a port of its own, and its HTTP side.

use std::net::SocketAddr;

use serde_json::Value;
use syncline_games::{Arena, Pong};
use syncline_server::{Config, Error, Games, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::lab::Lab;
use super::soon;

/// A running server.
pub(crate) struct Host {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

/// What was answered to an HTTP request.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The status line and the headers, in lower case.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
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
            stop,
            task,
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
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        soon("an answer", Answer::read(&mut socket)).await
    }

    /// The value of a sample in the metrics, 0 if there is none yet.
    pub(crate) async fn metric(&self, sample: &str) -> u64 {
        let text = self.get("/metrics").await.body;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
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

impl Answer {
    async fn read(socket: &mut TcpStream) -> Self {
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
            body: String::from_utf8(body).unwrap(),
        }
    }
}
