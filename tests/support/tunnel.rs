//! Sessions without a WebSocket, request by request, as section 1.1 of PROTOCOL.md has them.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::host::{Answer, Host, Socket};
use super::soon;

/// A tunnel, of which a test does each request itself.
pub(crate) struct Tunnel<'a> {
    /// Where it is.
    pub(crate) host: &'a Host,
    /// What it is called.
    pub(crate) name: String,
}

/// A POST request.
pub(crate) fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// The name of the tunnel that was opened.
fn name(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    told["tunnel"].as_str().unwrap().to_owned()
}

impl<'a> Tunnel<'a> {
    /// Opens one, and says the first bytes.
    pub(crate) async fn open(host: &'a Host, first: &[u8]) -> Self {
        let path = "/play/open?protocol=syncline.v1";
        let answer = host.request_bytes(&post(path, "", first)).await;
        let name = name(&answer);
        Self { host, name }
    }

    /// Says bytes.
    pub(crate) async fn up(&self, query: &str, bytes: &[u8]) -> Answer {
        let path = format!("/play/{}/up?{query}", self.name);
        self.host.request_bytes(&post(&path, "", bytes)).await
    }

    /// Asks for what is said.
    pub(crate) async fn down(&self, query: &str) -> Answer {
        self.host
            .get(&format!("/play/{}/down?{query}", self.name))
            .await
    }

    /// What is said from a place on, until it is so many bytes.
    pub(crate) async fn hear(&self, from: usize, count: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        while heard.len() < count {
            let from = from + heard.len();
            let answer = self.down(&format!("from={from}&wait=10000")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            heard.extend(answer.bytes);
        }
        heard
    }
}

/// What a socket is after a WebSocket's handshake, through a tunnel with polls or a streamed answer.
pub(crate) async fn socket(host: &Host, polls: bool) -> Socket {
    let (mut asking, mut reading) = (host.open().await, host.open().await);
    let opening = post("/play/open?protocol=syncline.v1", "", &[]);
    asking.write_all(&opening).await.unwrap();
    let name = name(&soon("an answer", Answer::read(&mut asking)).await);
    let (here, there) = tokio::io::duplex(16 * 1024);
    let (mut said, mut heard) = tokio::io::split(there);
    let path = format!("/play/{name}/down");
    let down = async move {
        if polls {
            poll(&mut reading, &path, &mut heard).await;
        } else {
            stream(reading, &path, &mut heard).await;
        }
    };
    let up = async move {
        let (mut at, mut bytes) = (0, vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = said.read(&mut bytes).await {
            let path = format!("/play/{name}/up?at={at}");
            let request = post(&path, "", &bytes[..count]);
            if asking.write_all(&request).await.is_err() {
                return;
            }
            let answer = Answer::read(&mut asking).await;
            if answer.status != 204 {
                return;
            }
            at += count;
        }
    };
    tokio::spawn(async {
        tokio::select! {
            () = down => {}
            () = up => {}
        }
    });
    Box::new(here)
}

type Heard = tokio::io::WriteHalf<DuplexStream>;

async fn poll(socket: &mut Socket, path: &str, heard: &mut Heard) {
    let mut from = 0;
    loop {
        let request = format!("GET {path}?from={from}&wait=20000 HTTP/1.1\r\nhost: test\r\n\r\n");
        if socket.write_all(request.as_bytes()).await.is_err() {
            return;
        }
        let answer = Answer::read(socket).await;
        if answer.status != 200 || heard.write_all(&answer.bytes).await.is_err() {
            return;
        }
        from += answer.bytes.len();
    }
}

async fn stream(mut socket: Socket, path: &str, heard: &mut Heard) {
    let request = format!("GET {path}?from=0 HTTP/1.1\r\nhost: test\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let answer = Answer::read(&mut socket).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("transfer-encoding: chunked\r\n"));
    let mut socket = BufReader::new(socket);
    let (mut line, mut is_first) = (String::new(), true);
    loop {
        line.clear();
        if socket.read_line(&mut line).await.is_err() {
            return;
        }
        let Ok(length @ 1..) = usize::from_str_radix(line.trim(), 16) else {
            return;
        };
        let mut chunk = vec![0; length + 2];
        if socket.read_exact(&mut chunk).await.is_err() {
            return;
        }
        chunk.truncate(length);
        if std::mem::take(&mut is_first) {
            assert_eq!(chunk.remove(0), b'\n');
        }
        if heard.write_all(&chunk).await.is_err() {
            return;
        }
    }
}
