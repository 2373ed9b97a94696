//! The API: what whoever runs a server tells players, what it is told of rooms, and how it is told
//! what is wrong.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syncline_server::Config;
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatTo};
use syncline_shared::message::control::{
    ClientControl, CreateOptions, Hello, Role, ServerControl, Welcome,
};
use tokio::io::AsyncReadExt;

use crate::support::client::{Client, control, create, follow, hello};
use crate::support::host::{Answer, Host, Socket};
use crate::support::soon;

const TOKEN: &str = "a-token-of-24-characters";

/// A request with a JSON body and these further lines of its head.
fn post(path: &str, lines: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{lines}\r\n{body}"
    )
}

async fn announce(host: &Host, path: &str, lines: &str, body: &Value) -> Answer {
    host.request(&post(path, lines, &body.to_string())).await
}

/// A problem document, which `answer` has to be.
fn problem(answer: &Answer) -> Value {
    let kind = "content-type: application/problem+json";
    assert!(answer.head.contains(kind), "{}", answer.head);
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["status"], answer.status, "{document}");
    for member in ["type", "title", "detail"] {
        let text = document[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{member} of {document}");
    }
    document
}

fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn lines(client: &mut Client) -> Vec<ChatLine> {
    let lines = |control| match control {
        ServerControl::Chat(lines) => Some(lines),
        _ => None,
    };
    client.control(lines).await
}

async fn lab(host: &Host) -> (Client, Welcome) {
    Client::join(host, create("lab", CreateOptions::default())).await
}

#[tokio::test]
async fn an_announcement_reaches_everybody_or_one() {
    let host = Host::start();
    let (mut ada, welcome) = lab(&host).await;
    let (mut bob, seated) = Client::join(&host, follow(&welcome)).await;
    let private = CreateOptions {
        private: true,
        ..CreateOptions::default()
    };
    let (mut eve, _) = Client::join(&host, create("pong", private)).await;
    let all = announce(&host, "/api/announce", "", &json!({ "text": "one" })).await;
    assert_eq!(
        body(&all),
        json!({ "reached": 3, "rooms": 2, "unanswered": 0 })
    );
    let here = format!("/api/rooms/{}/announce", welcome.room);
    let room = announce(&host, &here, "", &json!({ "text": "two" })).await;
    assert_eq!(body(&room)["reached"], 2);
    let to = seated.player.unwrap().0;
    let one = announce(&host, &here, "", &json!({ "text": "three", "to": to })).await;
    assert_eq!(body(&one)["reached"], 1);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.extend(lines(&mut bob).await);
    }
    let texts: Vec<&str> = heard.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(heard.iter().all(|line| line.from == ChatFrom::Server));
    assert_eq!(lines(&mut eve).await[0].text, "one");
    assert_eq!(lines(&mut ada).await[0].text, "one");
    host.metric_until("syncline_announcements_total", |all| all == 4)
        .await;
}

#[tokio::test]
async fn a_key_has_a_request_carried_out_once() {
    let host = Host::start();
    let (mut client, welcome) = lab(&host).await;
    let path = format!("/api/rooms/{}/announce", welcome.code);
    let key = "idempotency-key: 7d1c\r\n";
    let text = json!({ "text": "only once" });
    let first = announce(&host, &path, key, &text).await;
    let again = announce(&host, &path, key, &text).await;
    assert_eq!(body(&first), body(&again));
    let other = announce(&host, &path, key, &json!({ "text": "other" })).await;
    assert_eq!(
        (problem(&other)["status"].as_u64(), other.status),
        (Some(422), 422)
    );
    let elsewhere = announce(&host, "/api/announce", key, &text).await;
    assert_eq!(elsewhere.status, 422);
    // What could not be done may be asked for again.
    let nobody = json!({ "text": "you there", "to": 9 });
    let key = "idempotency-key: 7d1d\r\n";
    assert_eq!(announce(&host, &path, key, &nobody).await.status, 404);
    assert_eq!(announce(&host, &path, key, &text).await.status, 200);
    let long = format!("idempotency-key: {}\r\n", "k".repeat(129));
    assert_eq!(announce(&host, &path, &long, &text).await.status, 400);
    let mut heard = lines(&mut client).await;
    while heard.len() < 2 {
        heard.extend(lines(&mut client).await);
    }
    assert_eq!(host.metric("syncline_announcements_total").await, 2);
}

#[tokio::test]
async fn writing_needs_the_token() {
    let host = Host::with(Config {
        api_token: Some(TOKEN.parse().unwrap()),
        ..Config::default()
    });
    let text = json!({ "text": "hi" });
    for wrong in [
        "",
        "authorization: Bearer wrong\r\n",
        &format!("authorization: Basic {TOKEN}\r\n"),
    ] {
        let answer = announce(&host, "/api/announce", wrong, &text).await;
        assert_eq!(problem(&answer)["status"], 401);
        assert!(answer.head.contains("www-authenticate: bearer"));
    }
    let right = format!("authorization: bearer {TOKEN}\r\n");
    let answer = announce(&host, "/api/announce", &right, &text).await;
    assert_eq!(body(&answer)["reached"], 0);
    // Reading needs none.
    assert_eq!(host.get("/api/rooms").await.status, 200);
}

#[tokio::test]
async fn where_others_may_come_from_nobody_writes_without_a_token() {
    let host = Host::with(Config {
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..Config::default()
    });
    let answer = announce(&host, "/api/announce", "", &json!({ "text": "hi" })).await;
    let document = problem(&answer);
    assert_eq!(answer.status, 403);
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains("--api-token"), "{detail}");
}

/// One that is allowed reads and writes, others nothing; and a name that leads here is no proof.
#[tokio::test]
async fn web_pages_read_and_write_if_they_may_connect() {
    let one = "https://one.example";
    let listed = Host::with(Config {
        allow_origins: vec![one.to_owned()],
        ..Config::default()
    });
    let plain = Host::start();
    let text = json!({ "text": "hi" });
    for (host, origin, status) in [
        (&listed, one, 200),
        (&listed, "https://evil.example", 403),
        (&plain, "http://localhost:3000", 200),
        (&plain, "https://evil.example", 403),
        // Asked for as "test", so that it seems to be of the same host.
        (&plain, "http://test", 403),
    ] {
        let line = format!("origin: {origin}\r\n");
        let answer = announce(host, "/api/announce", &line, &text).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.body);
        if status != 200 {
            problem(&answer);
        }
    }
    let get = |lines: &str| format!("GET /api/rooms HTTP/1.1\r\nhost: test\r\n{lines}\r\n");
    let read = listed.request(&get(&format!("origin: {one}\r\n"))).await;
    let header = format!("access-control-allow-origin: {one}\r\n");
    assert_eq!((read.status, read.head.contains(&header)), (200, true));
    let evil = listed
        .request(&get("origin: https://evil.example\r\n"))
        .await;
    assert_eq!(evil.status, 403);
    assert_eq!(
        plain.request(&get("origin: http://test\r\n")).await.status,
        200
    );
    let asks = format!(
        "OPTIONS /api/announce HTTP/1.1\r\nhost: test\r\norigin: {one}\r\n\
         access-control-request-method: POST\r\n\r\n"
    );
    let may = listed.request(&asks).await;
    assert_eq!(may.status, 204);
    assert!(may.head.contains("idempotency-key"), "{}", may.head);
}

/// Else whoever adds a header of its own to a proxy's would guess codes uncounted.
#[tokio::test]
async fn nobody_guesses_codes_under_two_addresses() {
    let host = Host::with(Config {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Config::default()
    });
    let guess =
        |lines: &str| format!("GET /api/rooms/AAAAAA HTTP/1.1\r\nhost: test\r\n{lines}\r\n");
    let one = "x-forwarded-for: 203.0.113.9\r\n";
    assert_eq!(host.request(&guess(one)).await.status, 404);
    let two = format!("{one}forwarded: for=203.0.113.77\r\n");
    let answer = host.request(&guess(&two)).await;
    assert_eq!(problem(&answer)["status"], 400);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_problem_documents() {
    let host = Host::start();
    let (_client, welcome) = lab(&host).await;
    let room = format!("/api/rooms/{}/announce", welcome.room);
    let long = json!({ "text": "x".repeat(257) }).to_string();
    let huge = json!({ "text": "x".repeat(20_000) }).to_string();
    for (path, body, status) in [
        ("/api/announce", "{", 400),
        ("/api/announce", "", 400),
        ("/api/announce", "{\"text\": 7}", 422),
        ("/api/announce", "{}", 422),
        ("/api/announce", "{\"text\": \"a\", \"to\": 1}", 422),
        ("/api/announce", "{\"text\": \" \"}", 422),
        ("/api/announce", &long, 422),
        ("/api/announce", &huge, 413),
        ("/api/rooms/77/announce", "{\"text\": \"a\"}", 404),
        (&room, "{\"text\": \"a\", \"to\": -1}", 422),
        (&room, "{\"text\": \"a\", \"to\": 63}", 404),
    ] {
        let answer = host.request(&post(path, "", body)).await;
        assert_eq!(problem(&answer)["status"], status, "{path} {body:.30}");
    }
    let plain = "POST /api/announce HTTP/1.1\r\nhost: test\r\ncontent-type: text/plain\r\n\
                 content-length: 2\r\n\r\n{}";
    assert_eq!(problem(&host.request(plain).await)["status"], 415);
    for (method, path, status) in [
        ("GET", "/api/rooms/77", 404),
        ("GET", "/api/rooms/x/events", 404),
        ("GET", "/api/rooms/77/metrics", 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/api", 404),
        ("GET", &format!("/api/rooms/{}?wait=x", welcome.room), 400),
    ] {
        let answer = host
            .request(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        assert_eq!(problem(&answer)["status"], status, "{method} {path}");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/rooms", "allow: get,head"),
        ("PUT", "/api/announce", "allow: post"),
        ("GET", &room, "allow: post"),
    ] {
        let answer = host
            .request(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        assert_eq!(problem(&answer)["status"], 405, "{method} {path}");
        assert!(answer.head.contains(allowed), "{}", answer.head);
    }
    // Elsewhere words stay words.
    assert!(
        host.get("/nothing")
            .await
            .head
            .contains("content-type: text/plain")
    );
}

/// The tag of an answer, as it was written.
fn tag(answer: &Answer) -> String {
    let tag = answer
        .head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "));
    tag.expect("an answer with a tag").trim().to_owned()
}

async fn get_with(host: &Host, path: &str, tag: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nif-none-match: {tag}\r\n\r\n");
    host.request(&request).await
}

#[tokio::test]
async fn a_room_is_told_whole_and_only_when_it_is_another() {
    let host = Host::start();
    let hello = Hello {
        properties: vec![("hat".to_owned(), "fez".to_owned())],
        ..create("pong", CreateOptions::default())
    };
    let (_ada, welcome) = Client::join(&host, hello).await;
    let path = format!("/api/rooms/{}", welcome.room);
    let lobby = host.get(&path).await;
    let told = body(&lobby);
    assert_eq!(told["code"], welcome.code.to_string());
    assert_eq!(
        (&told["phase"], &told["missing"]),
        (&json!("lobby"), &json!(1))
    );
    assert_eq!(
        told["roster"],
        json!([{ "player": 0, "name": "Ada", "connected": true, "ready": false, "host": false, "team": null, "properties": { "hat": "fez" } }])
    );
    let known = tag(&lobby);
    let same = get_with(&host, &path, &known).await;
    assert_eq!(
        (same.status, tag(&same), same.body.as_str()),
        (304, known.clone(), "")
    );
    assert_eq!(get_with(&host, &path, "\"other\"").await.status, 200);
    // Held back until somebody comes.
    let waiting = format!("{path}?wait=30");
    let asked = get_with(&host, &waiting, &known);
    let (answer, _bob) = tokio::join!(asked, Client::join(&host, follow(&welcome)));
    assert_eq!(body(&answer)["players"], 2);
    assert_ne!(tag(&answer), known);
}

#[tokio::test]
async fn a_private_room_is_told_by_its_code_and_gone_when_it_is_over() {
    let host = Host::with(Config {
        empty_timeout: std::time::Duration::ZERO,
        ..Config::default()
    });
    let private = CreateOptions {
        private: true,
        ..CreateOptions::default()
    };
    let (mut client, welcome) = Client::join(&host, create("pong", private)).await;
    let by_id = format!("/api/rooms/{}", welcome.room);
    assert_eq!(host.get(&by_id).await.status, 404);
    let path = format!("/api/rooms/{}", welcome.code);
    let known = tag(&host.get(&path).await);
    let waiting = format!("{path}?wait=30");
    let leaving = async {
        client.send(control(&ClientControl::Leave)).await;
        client.closed().await
    };
    let (answer, _) = tokio::join!(get_with(&host, &waiting, &known), leaving);
    // It may be seen empty before it is over.
    assert!([200, 404].contains(&answer.status), "{}", answer.status);
}

/// Whether everything that `schema` names is in `value`, and nothing else.
fn check_schema(document: &Value, schema: &Value, value: &Value, at: &str) {
    let reference = schema["$ref"].as_str();
    if let Some(name) = reference {
        let pointer = name.trim_start_matches('#');
        let schema = document.pointer(pointer).expect(name);
        return check_schema(document, schema, value, at);
    }
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object())
    {
        let described: BTreeSet<_> = properties.keys().collect();
        assert_eq!(described, members.keys().collect::<BTreeSet<_>>(), "{at}");
        for (name, member) in members {
            check_schema(document, &properties[name], member, &format!("{at}.{name}"));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        check_schema(document, &schema["items"], item, at);
    }
}

#[tokio::test]
async fn the_api_is_as_it_is_described() {
    let host = Host::start();
    let (_client, welcome) = lab(&host).await;
    let document = body(&host.get("/api/openapi.json").await);
    let mut checked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        if path == "/api/replay" {
            // A server that plays shows no record.
            assert_eq!(problem(&host.get(path).await)["status"], 404);
            continue;
        }
        let here = path.replace("{room}", &welcome.code.to_string());
        for method in ["get", "post", "put", "delete"] {
            let Some(operation) = operations.get(method) else {
                let request = format!("{method} {here} HTTP/1.1\r\nhost: test\r\n\r\n");
                let answer = host
                    .request(&request.to_uppercase().replace(&here.to_uppercase(), &here))
                    .await;
                assert_eq!(answer.status, 405, "{method} {path}");
                continue;
            };
            let content = &operation["responses"]["200"]["content"];
            if content.get("text/event-stream").is_some() {
                Events::open(&host, &welcome.code.to_string(), "").await;
                continue;
            }
            let problems = &document["components"]["schemas"]["Problem"];
            if operation["responses"].get("204").is_some() {
                // Nobody has the seat.
                let answer = announce(&host, &here, "", &json!({ "player": 77 })).await;
                assert_eq!(answer.status, 404);
                check_schema(&document, problems, &problem(&answer), path);
                continue;
            }
            let answer = match method {
                "get" => host.get(&here).await,
                _ => announce(&host, &here, "", &json!({ "text": "hi" })).await,
            };
            let schema = &content["application/json"]["schema"];
            check_schema(&document, schema, &body(&answer), path);
            checked += 1;
        }
        if path.contains("{room}") {
            let unknown = path.replace("{room}", "999");
            let answer = match operations.get("get") {
                Some(_) => host.get(&unknown).await,
                None if path.ends_with("announce") => {
                    announce(&host, &unknown, "", &json!({ "text": "hi" })).await
                }
                None => announce(&host, &unknown, "", &json!({ "player": 0 })).await,
            };
            assert_eq!(answer.status, 404);
            let schema = &document["components"]["schemas"]["Problem"];
            check_schema(&document, schema, &problem(&answer), path);
        }
    }
    assert_eq!(checked, 7);
}

/// A stream of events, as a browser reads it.
struct Events {
    socket: Socket,
    text: String,
}

impl Events {
    async fn open(host: &Host, room: &str, lines: &str) -> Self {
        let request = format!("GET /api/rooms/{room}/events HTTP/1.1\r\nhost: test\r\n{lines}\r\n");
        let mut socket = host.open().await;
        tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes())
            .await
            .unwrap();
        let mut events = Self {
            socket,
            text: String::new(),
        };
        let head = events.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        events
    }

    /// What comes until `end`, chunks' lengths included.
    async fn until(&mut self, end: &str) -> String {
        soon("the next event", async {
            loop {
                if let Some((before, after)) = self.text.split_once(end) {
                    let (before, after) = (before.to_owned(), after.to_owned());
                    self.text = after;
                    return before;
                }
                let mut bytes = [0; 4096];
                let read = self.socket.read(&mut bytes).await.unwrap();
                assert!(read > 0, "the stream ended in {:?}", self.text);
                self.text
                    .push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
        })
        .await
    }

    /// The next event: its name, id and data.
    async fn next(&mut self) -> (String, u64, Value) {
        let mut block = self.until("\n\n").await;
        while !block.contains("event:") {
            // A sign of life.
            block = self.until("\n\n").await;
        }
        let field = |name: &str| {
            let found = block
                .lines()
                .find_map(|line| line.trim().strip_prefix(name));
            found
                .unwrap_or_else(|| panic!("no {name} in {block}"))
                .trim()
                .to_owned()
        };
        let data = serde_json::from_str(&field("data:")).unwrap();
        (field("event:"), field("id:").parse().unwrap(), data)
    }

    /// The next event of this name.
    async fn next_of(&mut self, name: &str) -> (u64, Value) {
        loop {
            let (found, id, data) = self.next().await;
            if found == name {
                return (id, data);
            }
        }
    }
}

#[tokio::test]
async fn events_tell_who_is_there_and_what_is_said() {
    let host = Host::start();
    let (mut ada, welcome) = lab(&host).await;
    let room = welcome.room.to_string();
    let mut events = Events::open(&host, &room, "").await;
    let (name, _, state) = events.next().await;
    assert_eq!((name.as_str(), &state["players"]), ("room", &json!(1)));
    assert_eq!(host.metric("syncline_event_streams").await, 1);
    let text = "hi all".to_owned();
    let to = ChatTo::Room;
    ada.send(control(&ClientControl::Chat { to, text })).await;
    let (id, line) = events.next_of("chat").await;
    assert_eq!(
        (&line["name"], &line["text"], &line["player"]),
        (&json!("Ada"), &json!("hi all"), &json!(0))
    );
    let said = announce(&host, "/api/announce", "", &json!({ "text": "back soon" })).await;
    assert_eq!(body(&said)["reached"], 1);
    let (next, line) = events.next_of("announcement").await;
    assert_eq!((next, &line["text"]), (id + 1, &json!("back soon")));
    let watching = Hello {
        role: Role::Spectator,
        ..follow(&welcome)
    };
    let (_bo, _) = Client::join(&host, watching).await;
    let (_, state) = events.next_of("room").await;
    assert_eq!(
        (&state["spectators"], &state["connected"]),
        (&json!(1), &json!(2))
    );
    drop(events);
    host.metric_until("syncline_event_streams", |streams| streams == 0)
        .await;
    // Whoever comes back is told what it missed, and nothing twice.
    let mut back = Events::open(&host, &room, &format!("last-event-id: {id}\r\n")).await;
    assert_eq!(back.next().await.0, "room");
    let (name, missed, _) = back.next().await;
    assert_eq!((name.as_str(), missed), ("announcement", next));
}

/// Of two who never move in pong, one scores soon.
#[tokio::test]
async fn events_tell_the_scores_of_a_running_match() {
    let host = Host::start();
    let (_ada, welcome) = Client::join(&host, create("pong", CreateOptions::default())).await;
    let (_bob, _) = Client::join(&host, follow(&welcome)).await;
    let mut events = Events::open(&host, &welcome.room.to_string(), "").await;
    let state = loop {
        let (_, state) = events.next_of("room").await;
        if state["scores"][0]["score"].as_i64() > Some(0) {
            break state;
        }
    };
    assert_eq!(state["phase"], "running");
    let scores = state["scores"].as_array().unwrap();
    let mut players: Vec<_> = scores.iter().map(|one| one["player"].as_u64()).collect();
    players.sort_unstable();
    assert_eq!(players, [Some(0), Some(1)]);
    assert!(scores[0]["score"].as_i64() >= scores[1]["score"].as_i64());
}

#[tokio::test]
async fn whispers_are_no_events() {
    let host = Host::start();
    let (mut ada, welcome) = Client::join(&host, hello()).await;
    let mut events = Events::open(&host, &welcome.code.to_string(), "").await;
    let to = ChatTo::Player(welcome.player.unwrap());
    for (to, text) in [(to, "secret"), (ChatTo::Room, "public")] {
        let text = text.to_owned();
        ada.send(control(&ClientControl::Chat { to, text })).await;
    }
    let (_, line) = events.next_of("chat").await;
    assert_eq!(line["text"], "public");
}
