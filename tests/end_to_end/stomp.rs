//! STOMP: whoever speaks it hears a room and is heard there, and is told what is wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncline_server::{ChatFilter, Config, Filtered};
use syncline_shared::close::CloseReason;
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatTo};
use syncline_shared::message::control::{ClientControl, CreateOptions, ServerControl, Welcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::support::client::{Client, control, create};
use crate::support::host::{Answer, Host, Socket, handshake};
use crate::support::{frame, soon};

const TOKEN: &str = "a-token-of-24-characters";

/// A frame that came.
#[derive(Debug)]
struct Frame {
    command: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Frame {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn json(&self) -> Value {
        assert_eq!(self.command, "MESSAGE", "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A client that says exactly what it is told.
struct Stomp {
    socket: Socket,
    text: String,
    /// Signs of life that came.
    beats: usize,
}

impl Stomp {
    async fn on(mut socket: Socket) -> Self {
        let head = handshake("GET", &[("sec-websocket-protocol", "v11.stomp, v12.stomp")]);
        let head = head.replacen("/play", "/stomp", 1);
        socket.write_all(head.as_bytes()).await.unwrap();
        let answer = soon("a handshake", Answer::read(&mut socket)).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        assert!(answer.head.contains("sec-websocket-protocol: v12.stomp"));
        Self {
            socket,
            text: String::new(),
            beats: 0,
        }
    }

    async fn open(host: &Host) -> Self {
        Self::on(host.open().await).await
    }

    /// One that is greeted, after it sent these further headers.
    async fn connect(host: &Host, headers: &str) -> Self {
        let mut stomp = Self::open(host).await;
        stomp.greet(headers).await;
        stomp
    }

    async fn greet(&mut self, headers: &str) {
        self.say(&format!("CONNECT\naccept-version:1.2\n{headers}\n\0"))
            .await;
        let connected = self.hear().await;
        assert_eq!(connected.command, "CONNECTED", "{connected:?}");
        assert_eq!(connected.header("version"), "1.2");
    }

    /// One message of WebSocket. The server may have closed: what it said is for who listens.
    async fn say(&mut self, text: &str) {
        let _ = self.socket.write_all(&frame(0x81, text.as_bytes())).await;
    }

    async fn subscribe(&mut self, id: &str, destination: &str, headers: &str) {
        let head =
            format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:sub-{id}\n{headers}");
        self.say(&format!("{head}\n\0")).await;
        let receipt = self.hear().await;
        assert_eq!(
            receipt.header("receipt-id"),
            format!("sub-{id}"),
            "{receipt:?}"
        );
    }

    async fn send(&mut self, room: &str, text: &str, receipt: &str) {
        let head = format!("SEND\ndestination:/topic/room.{room}.chat\nreceipt:{receipt}");
        self.say(&format!("{head}\n\n{text}\0")).await;
    }

    /// The next frame, or why the server closed.
    async fn next(&mut self) -> Result<Frame, (CloseReason, String)> {
        loop {
            while self.text.starts_with('\n') {
                self.text.remove(0);
                self.beats += 1;
            }
            if let Some((frame, rest)) = self.text.split_once('\0') {
                let (head, body) = frame.split_once("\n\n").unwrap();
                let mut lines = head.lines();
                let command = lines.next().unwrap().to_owned();
                let headers = lines.map(|line| line.split_once(':').unwrap());
                let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let frame = Frame {
                    command,
                    headers: headers.collect(),
                    body: body.to_owned(),
                };
                let rest = self.text.len() - rest.len();
                self.text.drain(..rest);
                return Ok(frame);
            }
            let (opcode, payload) = soon("a word from the server", self.message()).await;
            match opcode {
                1 => self.text.push_str(&String::from_utf8(payload).unwrap()),
                8 => {
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    let text = String::from_utf8(payload[2..].to_vec()).unwrap();
                    return Err((CloseReason::from_code(code).unwrap(), text));
                }
                9 => {}
                _ => panic!("a server does not send {opcode}"),
            }
        }
    }

    /// One message of WebSocket: its opcode and payload.
    async fn message(&mut self) -> (u8, Vec<u8>) {
        let opcode = self.socket.read_u8().await.unwrap() & 0x0f;
        let length = match self.socket.read_u8().await.unwrap() {
            126 => self.socket.read_u16().await.unwrap().into(),
            127 => self.socket.read_u64().await.unwrap(),
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.socket.read_exact(&mut payload).await.unwrap();
        (opcode, payload)
    }

    async fn hear(&mut self) -> Frame {
        self.next().await.expect("a frame")
    }

    /// The words of the error, the receipt that it answers, and how it closed.
    async fn error(&mut self) -> (String, String, CloseReason) {
        let error = self.hear().await;
        assert_eq!(error.command, "ERROR", "{error:?}");
        let (reason, _) = self.next().await.expect_err("it is over");
        (
            error.header("message").to_owned(),
            error.header("receipt-id").to_owned(),
            reason,
        )
    }
}

async fn room(host: &Host, private: bool) -> (Client, Welcome) {
    let options = CreateOptions {
        private,
        ..CreateOptions::default()
    };
    Client::join(host, create("pong", options)).await
}

async fn chat(client: &mut Client, text: &str) {
    let (to, text) = (ChatTo::Room, text.to_owned());
    client
        .send(control(&ClientControl::Chat { to, text }))
        .await;
}

async fn lines(client: &mut Client) -> Vec<ChatLine> {
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    client.control(lines).await
}

async fn announce(host: &Host, room: &str, text: &str) {
    let body = json!({ "text": text }).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/rooms/{room}/announce HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\
         content-type: application/json\r\nconnection: close\r\n\r\n{body}"
    );
    assert_eq!(host.request(&request).await.status, 200);
}

#[tokio::test]
async fn players_and_stomp_hear_each_other() {
    let host = Host::start();
    let (mut ada, welcome) = room(&host, false).await;
    let here = welcome.room.to_string();
    let mut bob = Stomp::connect(&host, "login:Bob\nhost:test\n").await;
    bob.subscribe("0", &format!("/topic/room.{here}.chat"), "")
        .await;
    chat(&mut ada, "hi all").await;
    let message = bob.hear().await;
    assert_eq!(message.header("subscription"), "0");
    assert_eq!(message.header("event"), "chat");
    assert_eq!(
        message.header("destination"),
        format!("/topic/room.{here}.chat")
    );
    let line = message.json();
    assert_eq!(
        (&line["kind"], &line["player"], &line["name"], &line["text"]),
        (&json!("player"), &json!(0), &json!("Ada"), &json!("hi all"))
    );
    assert_eq!(lines(&mut ada).await[0].text, "hi all");

    bob.send(&here, "hello\nAda", "r1").await;
    let said = lines(&mut ada).await.remove(0);
    assert_eq!(said.text, "hello Ada");
    assert_eq!(
        said.from,
        ChatFrom::Spectator {
            name: "Bob".to_owned()
        }
    );
    // Said to all, and receipted: in either order.
    let mut both = [bob.hear().await, bob.hear().await];
    both.sort_by(|one, other| one.command.cmp(&other.command));
    assert_eq!(both[0].json()["kind"], "spectator");
    assert_eq!(both[1].header("receipt-id"), "r1");

    announce(&host, &here, "so long").await;
    let message = bob.hear().await;
    assert_eq!(message.header("event"), "announcement");
    assert_eq!(message.json()["text"], "so long");

    bob.say("UNSUBSCRIBE\nid:0\nreceipt:u\n\n\0").await;
    assert_eq!(bob.hear().await.header("receipt-id"), "u");
    chat(&mut ada, "nobody hears this").await;
    bob.say("DISCONNECT\nreceipt:d\n\n\0").await;
    assert_eq!(bob.hear().await.header("receipt-id"), "d");
    assert_eq!(bob.next().await.unwrap_err().0, CloseReason::Left);
    host.metric_until("syncline_stomp_connections", |count| count == 0)
        .await;
    assert_eq!(host.metric("syncline_stomp_messages_total").await, 3);
    assert_eq!(host.metric("syncline_event_streams").await, 0);
}

#[tokio::test]
async fn who_comes_later_is_told_what_it_missed() {
    let host = Host::start();
    let (mut ada, welcome) = room(&host, false).await;
    for text in ["one", "two", "three"] {
        chat(&mut ada, text).await;
        lines(&mut ada).await;
    }
    let chat = format!("/topic/room.{}.chat", welcome.code);
    let mut bob = Stomp::connect(&host, "").await;
    bob.subscribe("all", &chat, "").await;
    let first = bob.hear().await.json();
    assert_eq!(first["text"], "one");
    assert_eq!(bob.hear().await.json()["text"], "two");
    let mut eve = Stomp::connect(&host, "").await;
    let heard = format!("last-event-id:{}\n", first["id"]);
    eve.subscribe("rest", &chat, &heard).await;
    assert_eq!(eve.hear().await.json()["text"], "two");
}

#[tokio::test]
async fn events_tell_a_rooms_states_until_it_is_over() {
    let host = Host::with(Config {
        empty_timeout: std::time::Duration::ZERO,
        ..Config::default()
    });
    let (mut ada, welcome) = room(&host, false).await;
    let mut bob = Stomp::connect(&host, "").await;
    bob.subscribe("e", &format!("/topic/room.{}.events", welcome.room), "")
        .await;
    let state = bob.hear().await;
    assert_eq!(state.header("event"), "room");
    assert_eq!(state.json()["roster"][0]["name"], "Ada");
    chat(&mut ada, "bye").await;
    assert_eq!(bob.hear().await.json()["text"], "bye");
    ada.send(control(&ClientControl::Leave)).await;
    // It may be seen empty before it is over.
    let mut last = bob.hear().await;
    while last.header("event") == "room" {
        last = bob.hear().await;
    }
    assert_eq!((last.header("event"), last.body.as_str()), ("closed", "{}"));
}

#[tokio::test]
async fn a_private_room_is_a_topic_by_its_code_alone() {
    let host = Host::start();
    let (mut ada, welcome) = room(&host, true).await;
    let mut bob = Stomp::connect(&host, "").await;
    let by_id = format!(
        "SUBSCRIBE\nid:0\ndestination:/topic/room.{}.chat\n\n\0",
        welcome.room
    );
    bob.say(&by_id).await;
    assert_eq!(bob.error().await.2, CloseReason::UnknownRoom);
    let mut bob = Stomp::connect(&host, "").await;
    bob.send(&welcome.room.to_string(), "hi", "r").await;
    let (_, receipt, reason) = bob.error().await;
    assert_eq!((receipt.as_str(), reason), ("r", CloseReason::UnknownRoom));
    let mut bob = Stomp::connect(&host, "").await;
    bob.send(&welcome.code.to_string(), "hi", "r").await;
    assert_eq!(bob.hear().await.command, "RECEIPT");
    assert_eq!(lines(&mut ada).await[0].text, "hi");
}

#[tokio::test]
async fn what_is_wrong_is_told_and_ends_it() {
    let host = Host::start();
    for (said, words, reason) in [
        ("SEND\n\n\0", "CONNECT comes first", CloseReason::OutOfOrder),
        ("GET / HTTP/1.1\n\n\0", "no command", CloseReason::Malformed),
        (
            "CONNECT\naccept-version:1.0\n\n\0",
            "1.2",
            CloseReason::UnsupportedVersion,
        ),
    ] {
        let mut bob = Stomp::open(&host).await;
        bob.say(said).await;
        let (message, _, closed) = bob.error().await;
        assert!(message.contains(words), "{said:?}: {message}");
        assert_eq!(closed, reason, "{said:?}");
    }
    let long = format!("SEND\ncontent-length:5000\n\n{}", "x".repeat(100));
    for (said, reason) in [
        ("CONNECT\naccept-version:1.2\n\n\0", CloseReason::OutOfOrder),
        (
            "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n\0",
            CloseReason::UnknownRoom,
        ),
        (
            "SUBSCRIBE\nid:1\ndestination:/topic/room.9.chat\n\n\0",
            CloseReason::UnknownRoom,
        ),
        ("ACK\nid:7\n\n\0", CloseReason::Malformed),
        ("ABORT\ntransaction:7\n\n\0", CloseReason::Malformed),
        (&long, CloseReason::MessageTooLarge),
    ] {
        let mut bob = Stomp::connect(&host, "").await;
        bob.say(said).await;
        assert_eq!(bob.error().await.2, reason, "{said:?}");
    }
    let mut bob = Stomp::connect(&host, "").await;
    bob.say(&"x".repeat(5000)).await;
    assert_eq!(
        bob.next().await.unwrap_err().0,
        CloseReason::MessageTooLarge
    );
    assert_eq!(host.metric("syncline_stomp_errors_total").await, 9);
}

#[tokio::test]
async fn the_edge_is_the_same_as_for_players() {
    let host = Host::with(Config {
        hello_timeout: std::time::Duration::from_millis(50),
        message_rate: 10,
        ..Config::default()
    });
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("sec-websocket-protocol", "syncline.v1", 400),
        ("sec-websocket-version", "8", 426),
    ] {
        let others = [("sec-websocket-protocol", "v12.stomp"), (name, value)];
        let others = if name == "sec-websocket-protocol" {
            &others[1..]
        } else {
            &others[..]
        };
        let head = handshake("GET", others).replacen("/play", "/stomp", 1);
        assert_eq!(host.request(&head).await.status, status, "{name}");
    }
    let mut silent = Stomp::open(&host).await;
    assert_eq!(
        silent.next().await.unwrap_err().0,
        CloseReason::HelloTimeout
    );
    let mut loud = Stomp::connect(&host, "").await;
    for _ in 0..50 {
        loud.say("\n").await;
    }
    assert_eq!(
        loud.next().await.unwrap_err().0,
        CloseReason::TooManyMessages
    );
}

#[tokio::test]
async fn who_shows_the_token_speaks_and_others_listen() {
    let host = Host::with(Config {
        api_token: Some(TOKEN.parse().unwrap()),
        ..Config::default()
    });
    let (mut ada, welcome) = room(&host, false).await;
    let here = welcome.room.to_string();
    let mut guest = Stomp::connect(&host, "").await;
    guest
        .subscribe("0", &format!("/topic/room.{here}.chat"), "")
        .await;
    let mut backend = Stomp::connect(&host, &format!("login:Support\npasscode:{TOKEN}\n")).await;
    backend.send(&here, "can I help?", "r").await;
    assert_eq!(backend.hear().await.command, "RECEIPT");
    assert_eq!(guest.hear().await.json()["name"], "Support");
    assert_eq!(lines(&mut ada).await[0].text, "can I help?");
    guest.send(&here, "me too", "r").await;
    assert_eq!(guest.error().await.2, CloseReason::NotAllowed);
    let mut wrong = Stomp::open(&host).await;
    wrong
        .say("CONNECT\naccept-version:1.2\npasscode:guess\n\n\0")
        .await;
    assert_eq!(wrong.error().await.2, CloseReason::NotAllowed);

    let open = Host::with(Config {
        api_token: Some(TOKEN.parse().unwrap()),
        stomp_guests: true,
        ..Config::default()
    });
    let (mut ada, welcome) = room(&open, false).await;
    let mut guest = Stomp::connect(&open, "login:Eve\n").await;
    guest.send(&welcome.room.to_string(), "me too", "r").await;
    assert_eq!(lines(&mut ada).await[0].text, "me too");
}

/// Who says too much at once is not sent away: what it says waits for its turn.
#[tokio::test]
async fn the_rules_of_chat_hold() {
    let filter = ChatFilter::new(|message| match message.text {
        "darn" => Filtered::Replace("****".to_owned()),
        "damn" => Filtered::Refuse,
        _ => Filtered::Pass,
    });
    let host = Host::with(Config {
        chat_filter: Some(filter),
        ..Config::default()
    });
    let (mut ada, welcome) = room(&host, false).await;
    let here = welcome.room.to_string();
    let mut bob = Stomp::connect(&host, "").await;
    for text in ["darn", "2", "3", "4", "5", "6"] {
        bob.send(&here, text, text).await;
    }
    let mut heard = Vec::new();
    while heard.len() < 6 {
        heard.extend(lines(&mut ada).await.into_iter().map(|line| line.text));
    }
    assert_eq!(heard, ["****", "2", "3", "4", "5", "6"]);
    for receipt in ["darn", "2", "3", "4", "5", "6"] {
        assert_eq!(bob.hear().await.header("receipt-id"), receipt);
    }
    let mut bob = Stomp::connect(&host, "").await;
    bob.send(&here, "damn", "r").await;
    let (message, receipt, _) = bob.error().await;
    assert_eq!(
        (message.as_str(), receipt.as_str()),
        ("this is not said here", "r")
    );
}

#[tokio::test]
async fn both_sides_give_signs_of_life() {
    let host = Host::with(Config {
        idle_timeout: std::time::Duration::from_secs(4),
        ..Config::default()
    });
    let mut bob = Stomp::connect(&host, "heart-beat:100,1000\n").await;
    // It gives none, although it said so.
    let (message, _, reason) = bob.error().await;
    assert!(message.contains("no heart-beat"), "{message}");
    assert_eq!(reason, CloseReason::Idle);
    assert!(bob.beats > 0);
}

#[tokio::test]
async fn unacknowledged_messages_are_bounded() {
    let host = Host::start();
    let (mut ada, welcome) = room(&host, false).await;
    let here = welcome.room.to_string();
    let mut bob = Stomp::connect(&host, "").await;
    bob.subscribe("0", &format!("/topic/room.{here}.chat"), "ack:client\n")
        .await;
    let mut last = String::new();
    for number in 0..64 {
        announce(&host, &here, &number.to_string()).await;
        last = bob.hear().await.header("ack").to_owned();
    }
    announce(&host, &here, "the next").await;
    // Nothing of it comes before the receipt of something else.
    bob.say("BEGIN\ntransaction:t\nreceipt:b\n\n\0").await;
    assert_eq!(bob.hear().await.header("receipt-id"), "b");
    bob.say(&format!("ACK\nid:{last}\ntransaction:t\nreceipt:a\n\n\0"))
        .await;
    assert_eq!(bob.hear().await.header("receipt-id"), "a");
    bob.say("COMMIT\ntransaction:t\n\n\0").await;
    assert_eq!(bob.hear().await.json()["text"], "the next");
    drop(lines(&mut ada).await);
}

/// Whoever does not read costs what its socket and one look at the room hold: it misses what the room
/// keeps no longer, and nobody else does.
#[tokio::test]
async fn a_client_that_does_not_read_misses_lines_and_harms_nobody() {
    let host = Host::start();
    let (_ada, welcome) = room(&host, false).await;
    let here = welcome.room.to_string();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let socket = socket.connect(host.address).await.unwrap();
    let mut bob = Stomp::on(Box::new(socket)).await;
    bob.greet("").await;
    let chat = format!("/topic/room.{here}.chat");
    // Each line comes so many times: fewer of them fill what the kernel holds.
    for id in 0..16 {
        bob.subscribe(&id.to_string(), &chat, "").await;
    }
    let mut eve = Stomp::connect(&host, "").await;
    eve.subscribe("0", &chat, "").await;
    let said = 50;
    for number in 0..said {
        announce(&host, &here, &format!("{number} {}", "🚀".repeat(250))).await;
        let text = eve.hear().await.json()["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with(&format!("{number} ")), "{text}");
    }
    let newest = format!("{} ", said - 1);
    let mut heard = 0;
    loop {
        let message = bob.hear().await;
        if message.header("subscription") == "0" {
            heard += 1;
            let text = message.json()["text"].clone();
            if text.as_str().unwrap().starts_with(&newest) {
                break;
            }
        }
    }
    assert!(heard < said, "all {heard} were kept for it");
}
