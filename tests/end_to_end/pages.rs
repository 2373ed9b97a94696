//! The web files on the port: which there are, how they travel, and what they may do.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use syncline_server::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::host::Host;
use crate::support::soon;

/// Everything that the server sent until it closed.
struct Raw {
    head: String,
    body: Vec<u8>,
}

impl Raw {
    /// The answer to a request with these lines beside those that it needs.
    async fn of(host: &Host, request: &str, lines: &[&str]) -> Self {
        let mut socket = host.open().await;
        let lines: String = lines.iter().flat_map(|line| [*line, "\r\n"]).collect();
        let request = format!("{request} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n{lines}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        soon("an answer", socket.read_to_end(&mut bytes))
            .await
            .unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let body = bytes.split_off(end.expect("a whole head") + 4);
        let head = String::from_utf8(bytes).unwrap();
        Self { head, body }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// What a header says, in the case in which it says it.
    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &'_ str| line.split_once(": ").is_some_and(|(of, _)| of == name);
        let line = self.head.lines().find(|line| named(line))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

/// A server whose clients play arena if they name nothing.
fn arena() -> Host {
    Host::with(Config {
        game: Some("arena".to_owned()),
        ..Config::default()
    })
}

#[tokio::test]
async fn the_front_is_the_game_where_that_is_arena_and_else_the_rooms() {
    let host = arena();
    let (front, game) = (host.get("/").await, host.get("/arena/").await);
    assert_eq!((front.status, &front.body), (200, &game.body));
    let rooms = host.get("/rooms/").await;
    assert!(rooms.body.contains("--bots 200 --duration 30s</code>"));
    assert_ne!(rooms.body, front.body);

    let host = Host::start();
    let (front, rooms) = (host.get("/").await, host.get("/rooms/").await);
    assert_eq!((front.status, &front.body), (200, &rooms.body));
    assert!(front.body.contains("--duration 30s --game lab</code>"));
    assert_eq!(host.get("/arena/").await.body, game.body);
}

/// The addresses that a file names: what a page links to and what a module imports.
fn named(file: &str, text: &str) -> Vec<String> {
    let is_module = file.rsplit_once('.').is_some_and(|(_, end)| end == "js");
    let marks: &[&str] = if is_module {
        &[" from \"", "import \"", "import(\""]
    } else {
        &["src=\"", "href=\""]
    };
    let texts = marks.iter().flat_map(|mark| text.split(*mark).skip(1));
    let names = texts.map(|text| text.split('"').next().unwrap());
    let folder = file.rsplit_once('/').unwrap().0;
    names
        .filter_map(|name| {
            if let Some(rest) = name.strip_prefix("./") {
                return Some(format!("{folder}/{rest}"));
            }
            if let Some(mut rest) = name.strip_prefix("../") {
                let mut folder = folder.rsplit_once('/')?.0;
                while let Some(above) = rest.strip_prefix("../") {
                    (folder, rest) = (folder.rsplit_once('/')?.0, above);
                }
                return Some(format!("{folder}/{rest}"));
            }
            name.starts_with('/').then(|| name.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn everything_that_pages_and_modules_name_is_there() {
    let host = arena();
    let mut waiting: Vec<String> = ["/", "/rooms/", "/sdk/index.js", "/arena/step.js"]
        .map(str::to_owned)
        .into();
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if seen.insert(name.clone()) {
            let answer = host.get(&name).await;
            assert_eq!(answer.status, 200, "{name}");
            let kind = match name.rsplit_once('.').map_or("html", |(_, end)| end) {
                "js" => "content-type: text/javascript; charset=utf-8\r\n",
                "css" => "content-type: text/css; charset=utf-8\r\n",
                "html" => "content-type: ",
                _ => continue,
            };
            assert!(answer.head.contains(kind), "{name}: {}", answer.head);
            waiting.extend(named(&name, &answer.body));
        }
    }
    for needed in [
        "/rooms/page.js",
        "/rooms/page.css",
        "/sdk/shared/stream/chunk.js",
    ] {
        assert!(seen.contains(needed), "{needed} is not among {seen:?}");
    }
}

#[tokio::test]
async fn nothing_else_is_served_whatever_the_path() {
    let host = arena();
    for path in [
        "/nothing",
        "/index.html",
        "/sdk/",
        "/sdk",
        "/sdk/README.md",
        "/sdk/package.json",
        "/sdk/tsconfig.json",
        "/sdk/types/index.d.ts",
        "/sdk/index.js/",
        "/../Cargo.toml",
        "/sdk/../../../Cargo.toml",
        "/sdk/../rooms/index.html",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/sdk/%2e%2e/rooms/index.html",
        "/%2fetc/passwd",
        "//etc/passwd",
        "/sdk//index.js",
        "/./sdk/index.js",
        "/SDK/index.js",
        "/sdk/index.js%00",
        "/maps/courtyard.toml",
    ] {
        assert_eq!(host.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_folder_without_its_slash_leads_on_with_what_is_asked() {
    let host = arena();
    for (asked, location) in [("/arena?room=K7", "/arena/?room=K7"), ("/rooms", "/rooms/")] {
        let answer = Raw::of(&host, &format!("GET {asked}"), &[]).await;
        assert_eq!(answer.status(), 308);
        assert_eq!(answer.header("location"), Some(location));
    }
}

#[tokio::test]
async fn files_are_compressed_for_those_who_take_it() {
    let host = arena();
    let file = "GET /sdk/client/client.js";
    let plain = Raw::of(&host, file, &[]).await;
    let disk = include_bytes!("../../assets/web/sdk/client/client.js");
    assert!(plain.body == disk, "as it is on disk");
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    for accepts in ["gzip", "deflate, GZIP;q=0.5, br", "br;q=1.0, *;q=0.1"] {
        let line = format!("accept-encoding: {accepts}");
        let small = Raw::of(&host, file, &[&line]).await;
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{accepts}");
        assert_eq!(small.header("vary"), Some("accept-encoding"));
        assert_ne!(small.header("etag"), plain.header("etag"));
        assert!(small.body.len() < disk.len() / 2);
        let mut decoded = Vec::new();
        GzDecoder::new(&*small.body)
            .read_to_end(&mut decoded)
            .unwrap();
        assert!(decoded == disk, "the same once decoded");
    }
    for accepts in [
        "identity",
        "gzip;q=0",
        "br, deflate",
        "gzip; q=0.000",
        "gzipped",
    ] {
        let line = format!("accept-encoding: {accepts}");
        let answer = Raw::of(&host, file, &[&line]).await;
        assert_eq!(answer.header("content-encoding"), None, "{accepts}");
        assert_eq!(answer.header("etag"), plain.header("etag"));
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let host = arena();
    for path in ["/", "/rooms/page.css", "/sdk/index.js"] {
        let get = format!("GET {path}");
        for accepts in ["accept-encoding: gzip", "accept-encoding: identity"] {
            let first = Raw::of(&host, &get, &[accepts]).await;
            let tag = first.header("etag").unwrap();
            assert!(
                tag.starts_with('"') && tag.ends_with('"'),
                "{tag} is strong"
            );
            assert_eq!(first.header("cache-control"), Some("no-cache"));
            for known in [tag.to_owned(), format!("\"x\", W/{tag}"), "*".to_owned()] {
                let line = format!("if-none-match: {known}");
                let again = Raw::of(&host, &get, &[accepts, &line]).await;
                assert_eq!((again.status(), again.body.len()), (304, 0));
                assert_eq!(again.header("etag"), Some(tag));
                assert_eq!(again.header("cache-control"), Some("no-cache"));
                assert_eq!(again.header("vary"), Some("accept-encoding"));
            }
            let other = Raw::of(&host, &get, &[accepts, "if-none-match: \"x\""]).await;
            assert_eq!((other.status(), &other.body), (200, &first.body));
        }
    }
}

#[tokio::test]
async fn a_file_can_be_asked_about_and_not_written_to() {
    let host = arena();
    let get = Raw::of(&host, "GET /rooms/", &[]).await;
    let head = Raw::of(&host, "HEAD /rooms/", &[]).await;
    assert_eq!((head.status(), head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "etag", "vary"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert_eq!(
        get.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = Raw::of(&host, &format!("{method} /rooms/"), &[]).await;
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
    assert_eq!(Raw::of(&host, "POST /nothing", &[]).await.status(), 404);
}

#[tokio::test]
async fn pages_may_use_this_server_and_nothing_else() {
    let host = arena();
    for path in ["/", "/arena/", "/rooms/", "/rooms/page.js", "/sdk/index.js"] {
        let answer = Raw::of(&host, &format!("GET {path}"), &[]).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        for part in [
            "script-src 'self'; ",
            "style-src 'self'; ",
            "connect-src 'self'; ",
            "base-uri 'none'; ",
            "form-action 'none'; ",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{part} is not in {policy}");
        }
        for loose in ["unsafe", "*", "http:", "https:", "ws:", "blob:"] {
            assert!(!policy.contains(loose), "{loose} is in {policy}");
        }
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
        let permissions = answer.header("permissions-policy").unwrap();
        assert!(permissions.contains("camera=()") && permissions.contains("microphone=()"));
    }
}

/// What the policy refuses no page has: scripts and styles in the document.
#[tokio::test]
async fn no_page_has_anything_inline() {
    let host = arena();
    for path in ["/", "/rooms/"] {
        let page = host.get(path).await.body;
        for inline in [
            "<style",
            "style=\"",
            "<script>",
            "onclick=",
            "onload=",
            "javascript:",
        ] {
            assert!(!page.contains(inline), "{path} has {inline}");
        }
    }
}
