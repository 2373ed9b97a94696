//! A session over plain HTTP, for what a network without WebSocket costs: section 1.1 of PROTOCOL.md.
//!
//! Gives what a socket gives after a WebSocket's handshake, and moves its bytes in requests and
//! answers. A request that fails is repeated from where the bytes are: nothing is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use syncline_shared::message::SUBPROTOCOL;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::time::sleep;

use crate::address::{Address, Source};

/// The most bytes of one request.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// For how long an answer may be held back, in milliseconds.
const WAIT_MS: u64 = 20_000;

/// How often in a row requests may fail, and the pause before the next.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// What came of a request: its answer, or why there is none.
type Answered = Result<Response<Incoming>, String>;

/// A tunnel, as a server tells of it.
#[derive(Deserialize)]
struct Told {
    tunnel: String,
}

/// One connection at a time, for one request at a time.
struct Asker {
    address: Address,
    source: Source,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Asker {
    fn new(address: &Address, source: Source) -> Self {
        Self {
            address: address.clone(),
            source,
            sender: None,
        }
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> Answered {
        let words = |error: hyper::Error| error.to_string();
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            sender = self.connect().await?;
        }
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.host())
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let answer = sender.send_request(request).await.map_err(words)?;
        self.sender = Some(sender);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let socket = self.address.connect(self.source).await;
        let socket = TokioIo::new(socket.map_err(|error| error.to_string())?);
        let (sender, connection) = http1::handshake(socket)
            .await
            .map_err(|error| error.to_string())?;
        // Ends with the sender.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Opens a tunnel; `polls` if each answer ends as soon as it has something. In words why not, if not.
pub(crate) async fn open(
    address: &Address,
    source: Source,
    polls: bool,
) -> Result<DuplexStream, String> {
    let mut asker = Asker::new(address, source);
    let path = address.path();
    let opening = format!("{path}/open?protocol={SUBPROTOCOL}");
    let answer = asker.ask(Method::POST, &opening, Bytes::new()).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    if status != StatusCode::CREATED {
        let words = String::from_utf8_lossy(&body);
        return Err(format!("HTTP {status} {words}"));
    }
    let told: Told = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let path = format!("{path}/{}", told.tunnel);
    let (here, there) = tokio::io::duplex(BODY_BYTES_MAX);
    let (said, heard) = tokio::io::split(there);
    let got = Arc::new(AtomicU64::new(0));
    let down = Down {
        asker: Asker::new(address, source),
        path: format!("{path}/down"),
        polls,
        got: got.clone(),
        heard,
    };
    let up = Up {
        asker,
        path: format!("{path}/up"),
        got,
        said,
    };
    // Whoever ends first ends both: the other's half of the stream goes with it.
    tokio::spawn(async {
        tokio::select! {
            () = down.run() => {}
            () = up.run() => {}
        }
    });
    Ok(here)
}

/// The way from the server.
struct Down {
    asker: Asker,
    path: String,
    polls: bool,
    /// All before this place has come.
    got: Arc<AtomicU64>,
    heard: WriteHalf<DuplexStream>,
}

impl Down {
    async fn run(mut self) {
        let mut failures = 0;
        while failures < TRIES {
            let from = self.got.load(Ordering::Relaxed);
            let wait = if self.polls {
                format!("&wait={WAIT_MS}")
            } else {
                String::new()
            };
            let path = format!("{}?from={from}{wait}", self.path);
            let read = match self.asker.ask(Method::GET, &path, Bytes::new()).await {
                Ok(answer) if answer.status() == StatusCode::OK => self.read(answer).await,
                // There is no such tunnel any more.
                Ok(_) => return,
                Err(_) => false,
            };
            if read {
                failures = 0;
            } else {
                failures += 1;
                sleep(PAUSE).await;
            }
        }
    }

    /// Takes in an answer; whether it came whole, or at least in part.
    async fn read(&mut self, answer: Response<Incoming>) -> bool {
        let mut body = answer.into_body();
        // A streamed answer begins with a byte that is none of the stream's.
        let mut skipped = usize::from(!self.polls);
        let mut some = self.polls;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return some };
            let Ok(mut bytes) = frame.into_data() else {
                continue;
            };
            let _ = bytes.split_to(skipped.min(bytes.len()));
            skipped = 0;
            some |= !bytes.is_empty();
            if self.heard.write_all(&bytes).await.is_err() {
                return some;
            }
            self.got.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        some
    }
}

/// The way to the server.
struct Up {
    asker: Asker,
    path: String,
    got: Arc<AtomicU64>,
    said: ReadHalf<DuplexStream>,
}

impl Up {
    /// One request at a time: what is said meanwhile goes with the next.
    async fn run(mut self) {
        let mut at = 0;
        let mut said = vec![0; BODY_BYTES_MAX];
        loop {
            let Ok(count @ 1..) = self.said.read(&mut said).await else {
                return;
            };
            let body = Bytes::copy_from_slice(said.get(..count).unwrap_or_default());
            if !self.send(at, body).await {
                return;
            }
            at += count as u64;
        }
    }

    /// Sends until the server has it; whether it does.
    async fn send(&mut self, at: u64, body: Bytes) -> bool {
        for _ in 0..TRIES {
            let got = self.got.load(Ordering::Relaxed);
            let path = format!("{}?at={at}&got={got}", self.path);
            match self.asker.ask(Method::POST, &path, body.clone()).await {
                Ok(answer) => return answer.status() == StatusCode::NO_CONTENT,
                Err(_) => sleep(PAUSE).await,
            }
        }
        false
    }
}
