//! A library that shapes the wire or the world is named in few files, so that it can be replaced there.
//!
//! bincode and rapier are named in one file each, and the WebSocket library where the server's
//! sockets are and in one file each of the bots and of the tests. Reads code only: prose may speak
//! of them.

use crate::repository::{self, File};
use crate::rust_source;

/// Where a library may be named.
struct Home {
    /// The library as code names it.
    crates: &'static [&'static str],
    /// Files, and folders with a `/` at the end, in which it may be named at will.
    anywhere_in: &'static [&'static str],
    /// Folders in which one file may name it, no matter which.
    once_in: &'static [&'static str],
}

const HOMES: [Home; 3] = [
    Home {
        crates: &["bincode"],
        anywhere_in: &["shared/src/codec.rs"],
        once_in: &[],
    },
    Home {
        crates: &["rapier3d"],
        anywhere_in: &["shared/games/src/cubes/physics.rs"],
        once_in: &[],
    },
    Home {
        crates: &["tokio_tungstenite", "tungstenite"],
        anywhere_in: &["server/src/net/"],
        once_in: &["bot-client/src/", "server/tests/", "tests/"],
    },
];

fn violations(files: &[File]) -> Vec<String> {
    HOMES
        .iter()
        .flat_map(|home| home_violations(home, files))
        .collect()
}

fn home_violations(home: &Home, files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for file in files {
        let code = rust_source::tokens(file);
        let Some(name) = code
            .iter()
            .find(|token| home.crates.contains(&token.text.as_str()))
        else {
            continue;
        };
        if home
            .anywhere_in
            .iter()
            .any(|place| file.path.starts_with(place))
        {
            continue;
        }
        let found = format!("{}:{}: {}", file.path, name.line, name.text);
        match home
            .once_in
            .iter()
            .find(|folder| file.path.starts_with(**folder))
        {
            None => violations.push(format!("{found} is named outside of its home")),
            Some(folder) => match taken.iter().find(|(place, _)| place == folder) {
                Some((_, first)) => violations.push(format!("{found} is named in {first} already")),
                None => taken.push((folder, &file.path)),
            },
        }
    }
    violations
}

#[test]
fn libraries_stay_at_home() {
    repository::assert_obeyed(&violations(&repository::files_with_extension("rs")));
}

#[test]
fn a_library_away_from_home_is_reported() {
    let serde = File::new("shared/src/codec.rs", "use bincode::config;");
    let stray = File::new("shared/src/journal.rs", "fn a() { bincode::encode(); }");
    let prose = File::new("shared/src/lib.rs", "//! Not even bincode.\n");
    repository::assert_reported(
        &violations(&[serde, stray, prose]),
        "shared/src/journal.rs:1: bincode",
    );

    let net = File::new("server/src/net/connection.rs", "use tungstenite::Message;");
    let session = File::new(
        "server/src/session.rs",
        "use tokio_tungstenite::tungstenite;",
    );
    repository::assert_reported(&violations(&[net, session]), "server/src/session.rs:1");
}

#[test]
fn a_second_home_is_reported() {
    let first = File::new(
        "bot-client/src/connection.rs",
        "use tokio_tungstenite::connect_async;",
    );
    let second = File::new("bot-client/src/main.rs", "use tungstenite::Error;");
    repository::assert_obeyed(&violations(std::slice::from_ref(&first)));
    repository::assert_reported(
        &violations(&[first, second]),
        "bot-client/src/main.rs:1: tungstenite is named in bot-client/src/connection.rs already",
    );
}
