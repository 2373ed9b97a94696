//! `syncline replay FILE --serve` as people use it: what it shows to a client, and how it is moved.

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures_util::{SinkExt, StreamExt};
use support::{bytes, kept, pong};
use syncline_shared::id::{RoomId, StreamSlot};
use syncline_shared::input::InputBatch;
use syncline_shared::message::control::{
    ClientControl, Hello, PhaseInfo, RoomSelector, ServerControl, Welcome,
};
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::message::{SUBPROTOCOL, SectionKind, sections, write_section};
use syncline_shared::schema::Schema;
use syncline_shared::tick::Tick;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A program that shows a journal.
struct Shown {
    child: Child,
    address: SocketAddr,
    said: String,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Shows the journal at `path`, or says with what it ended.
fn show(path: &Path) -> Result<Shown, (Option<i32>, String)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_syncline"))
        .args(["replay", path.to_str().unwrap()])
        .args(["--serve", "--bind", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut said, mut address) = (String::new(), None);
    while let Some(Ok(line)) = lines.next() {
        said = format!("{said}{line}\n");
        if let Some((_, shown_on)) = line.split_once("shows it on ") {
            address = Some(shown_on.parse().unwrap());
        }
        if line.contains("/api/replay") {
            break;
        }
    }
    let Some(address) = address else {
        let mut problem = String::new();
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut problem).unwrap();
        return Err((child.wait().unwrap().code(), said + &problem));
    };
    Ok(Shown {
        child,
        address,
        said,
    })
}

impl Shown {
    /// The status and body of an answer.
    fn ask(&self, method: &str, headers: &str, body: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            socket,
            "{method} /api/replay HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n{body}",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    fn moved(&self, wish: &str) -> String {
        let (status, body) = self.ask("POST", "", wish);
        assert_eq!(status, 200, "{body}");
        body
    }
}

/// Somebody who connects, and asks to play.
struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    welcome: Welcome,
    schema: Schema,
    incarnation: u32,
    received: u32,
}

impl Viewer {
    async fn enter(shown: &Shown, room: RoomSelector) -> Self {
        let url = format!("ws://{}/play", shown.address);
        let mut request = url.into_client_request().unwrap();
        let subprotocol = SUBPROTOCOL.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", subprotocol);
        let (mut socket, _) = connect_async(request).await.unwrap();
        let hello = ClientControl::Hello(Box::new(Hello {
            room,
            name: "Ada".to_owned(),
            ..Hello::default()
        }));
        let mut message = Vec::new();
        write_section(SectionKind::Control, &hello.encode(), &mut message);
        socket.send(Message::binary(message)).await.unwrap();
        let first = socket.next().await.unwrap().unwrap().into_data();
        let (_, body) = sections(&first).next().unwrap().unwrap();
        let ServerControl::Welcome(welcome) = ServerControl::decode(body).unwrap() else {
            panic!("a welcome comes first");
        };
        let welcome = *welcome;
        let schema = Schema::decode(welcome.schema.as_deref().unwrap()).unwrap();
        Self {
            socket,
            welcome,
            schema,
            incarnation: 1,
            received: 1,
        }
    }

    /// Says what came so far, without which no more would.
    async fn acknowledge(&mut self) {
        let batch = InputBatch {
            incarnation: self.incarnation,
            received: self.received,
            ..InputBatch::default()
        };
        let (mut body, mut message) = (Vec::new(), Vec::new());
        batch.encode(self.schema.input(), &mut body);
        write_section(SectionKind::Input, &body, &mut message);
        self.socket.send(Message::binary(message)).await.unwrap();
    }

    /// What comes next: phases, and the ticks of frames in which the stream is joined.
    async fn next(&mut self) -> (Vec<PhaseInfo>, Vec<Tick>) {
        let message = self.socket.next().await.unwrap().unwrap().into_data();
        let (mut phases, mut joins) = (Vec::new(), Vec::new());
        for section in sections(&message) {
            match section.unwrap() {
                (SectionKind::Control, body) => match ServerControl::decode(body).unwrap() {
                    ServerControl::Room(update) => phases.extend(update.phase),
                    other => panic!("{other:?}"),
                },
                (SectionKind::Frame, body) => {
                    let frame = FrameSection::decode(body).unwrap();
                    for (stream, entry) in &frame.streams {
                        assert_eq!(*stream, StreamSlot::COMMON, "nobody's own stream is shown");
                        if matches!(entry, StreamEntry::Join(_)) {
                            joins.push(frame.tick);
                        }
                    }
                }
                (kind, _) => panic!("{kind:?} from a server"),
            }
        }
        if let Some(PhaseInfo::Running { incarnation, .. }) = phases.last() {
            self.incarnation = *incarnation;
        }
        self.received += 1;
        self.acknowledge().await;
        (phases, joins)
    }

    /// What comes until the stream is joined: the phase before it, and the tick.
    async fn joined(&mut self) -> (Option<PhaseInfo>, Tick) {
        let mut last = None;
        loop {
            let (phases, joins) = self.next().await;
            last = phases.last().cloned().or(last);
            if let Some(&tick) = joins.first() {
                return (last, tick);
            }
        }
    }
}

fn is(body: &str, words: &str) {
    assert!(body.contains(words), "{words} is not in {body}");
}

#[tokio::test]
async fn a_journal_is_shown_and_moved() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(1200);
    let path = kept(folder.path(), "a b.journal", &bytes(&header, &records));
    let shown = show(&path).unwrap();
    is(&shown.said, "1200 ticks, 0:20; finished; read in ");
    is(&shown.said, "?replay=a_b.journal");
    let (status, body) = shown.ask("GET", "", "");
    assert_eq!(status, 200, "{body}");
    for words in [
        r#""file":"a b.journal""#,
        r#""rate":60,"ticks":1200,"tick":0,"speed":1.0,"paused":false"#,
        r#""marks":[{"tick":1200,"what":"finished""#,
        r#""outcome":{"winners":[]"#,
    ] {
        is(&body, words);
    }

    // Whatever room and role is asked for, there is one to watch.
    let mut viewer = Viewer::enter(&shown, RoomSelector::Id(RoomId(77))).await;
    assert_eq!(viewer.welcome.player, None);
    assert_eq!(viewer.welcome.streams, [StreamSlot::COMMON]);
    let (_, tick) = viewer.joined().await;
    assert!(tick > Tick::ZERO);

    // It stands still where it was told to go, and whoever watches learns of it.
    is(
        &shown.moved(r#"{"tick": 700, "paused": true}"#),
        r#""tick":700,"#,
    );
    let (phase, tick) = viewer.joined().await;
    let another = PhaseInfo::Running {
        incarnation: 2,
        tick: Tick(700),
    };
    assert_eq!((phase, tick), (Some(another), Tick(701)));
    let (_, body) = shown.ask("GET", "", "");
    is(&body, r#""tick":700,"speed":1.0,"paused":true"#);

    // To the end, where the result is; and back from there.
    shown.moved(r#"{"tick": 1190, "paused": false, "speed": 4}"#);
    loop {
        let (phases, _) = viewer.next().await;
        if let Some(PhaseInfo::Ended { incarnation, .. }) = phases.last() {
            assert_eq!(*incarnation, 3);
            break;
        }
    }
    is(
        &shown.ask("GET", "", "").1,
        r#""tick":1200,"speed":4.0,"paused":true"#,
    );
    is(
        &shown.moved(r#"{"tick": 60, "speed": 0.25}"#),
        r#""tick":60,"speed":0.25"#,
    );
    let (phase, _) = viewer.joined().await;
    assert!(matches!(
        phase,
        Some(PhaseInfo::Running { incarnation: 4, .. })
    ));
}

#[test]
fn nonsense_and_strange_pages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(120);
    let path = kept(folder.path(), "short.journal", &bytes(&header, &records));
    let shown = show(&path).unwrap();
    for (wish, words) in [
        (r#"{"tick": 121}"#, "the record has ticks 0 to 120"),
        (r#"{"speed": 3.3}"#, "0.25, 0.5, or a whole number"),
        ("{}", "nothing is asked for"),
    ] {
        let (status, body) = shown.ask("POST", "", wish);
        assert_eq!(status, 400, "{body}");
        is(&body, words);
    }
    let evil = "origin: https://evil.example\r\n";
    assert_eq!(shown.ask("POST", evil, r#"{"tick": 9}"#).0, 403);
    let own = format!("origin: http://{}\r\n", shown.address);
    assert_eq!(shown.ask("POST", &own, r#"{"tick": 9}"#).0, 200);
    assert_eq!(shown.ask("PUT", "", "").0, 405);
}

#[test]
fn what_can_not_be_shown_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut header, records) = pong(60);
    let empty = kept(folder.path(), "empty.journal", &bytes(&header, &[]));
    let (code, said) = show(&empty).err().unwrap();
    assert_eq!(code, Some(2), "{said}");
    is(&said, "no tick was recorded");
    // Torn, and of another build: it is shown as far as it goes.
    header.build = "syncline-server 0.0.1".to_owned();
    let mut torn = bytes(&header, &records);
    torn.truncate(torn.len() - 3);
    let shown = show(&kept(folder.path(), "torn.journal", &torn)).unwrap();
    is(&shown.said, "another build wrote it");
    is(&shown.said, "unfinished, ");
    header.start.game = "chess".to_owned();
    let chess = kept(folder.path(), "chess.journal", &bytes(&header, &records));
    let (code, said) = show(&chess).err().unwrap();
    assert_eq!(code, Some(2), "{said}");
    is(&said, "does not host chess");
}
