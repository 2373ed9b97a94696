//! The examples and tables of PROTOCOL.md: what a reader copies from there must be true.

use std::collections::BTreeSet;

use serde_json::Value;
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::limits;
use syncline_shared::message::SectionKind;

use crate::file::{Golden, unhex};
use crate::{FILES, closes};

const DOCUMENT: &str = include_str!("../../PROTOCOL.md");

/// A named block of bytes.
struct Example<'a> {
    name: &'a str,
    bytes: Vec<u8>,
}

/// The blocks of bytes, without what is said about them.
fn examples() -> Vec<Example<'static>> {
    let blocks = DOCUMENT.split("\n```hex").skip(1);
    let example = |block: &'static str| {
        let (opening, lines) = block.split_once('\n').unwrap();
        let name = opening
            .strip_prefix(" name=")
            .expect("each block of bytes has a name");
        let (lines, _) = lines.split_once("\n```").expect("each block is closed");
        let bytes = lines.lines().map(|line| {
            let (bytes, meaning) = line.split_once('|').expect("bytes, a bar, what they say");
            assert!(!meaning.trim().is_empty(), "{line}");
            bytes.replace(' ', "")
        });
        Example {
            name,
            bytes: unhex(&bytes.collect::<String>()),
        }
    };
    blocks.map(example).collect()
}

fn golden(file: &str) -> Golden {
    let known = FILES.into_iter().find(|golden| golden.name == file);
    known.unwrap_or_else(|| panic!("no file of vectors is called {file}"))
}

/// The bytes that `file/vector`, or for streams `file/vector/tick/part`, names.
fn kept(name: &str) -> Vec<u8> {
    let mut parts = name.split('/');
    let file = parts.next().unwrap();
    let wanted = parts.next().expect("a file and a vector");
    let vectors = golden(file).load();
    let vector = vectors.iter().find(|vector| vector["name"] == wanted);
    let mut found: &Value = vector.unwrap_or_else(|| panic!("no vector is called {name}"));
    let field = match (parts.next(), parts.next()) {
        (Some(tick), Some(part)) => {
            found = &found["ticks"][tick.parse::<usize>().unwrap()];
            part
        }
        _ => "bytes",
    };
    unhex(
        found[field]
            .as_str()
            .unwrap_or_else(|| panic!("no bytes are called {name}")),
    )
}

#[test]
fn examples_are_vectors() {
    for example in examples() {
        let expected = kept(example.name);
        assert_eq!(example.bytes, expected, "{}: {expected:02x?}", example.name);
    }
}

/// A kind of bytes without an example is one that its reader has to guess.
#[test]
fn every_kind_of_bytes_has_an_example() {
    let shown: BTreeSet<&str> = examples()
        .iter()
        .map(|example| example.name.split_once('/').unwrap().0)
        .collect();
    let without_bytes = ["quantize", "hash", "refused", "close"];
    for golden in FILES
        .iter()
        .filter(|golden| !without_bytes.contains(&golden.name))
    {
        assert!(shown.contains(golden.name), "{}", golden.name);
    }
}

/// The rows of the table whose head begins with `first` and `second`, cell by cell.
fn table(first: &str, second: &str) -> Vec<Vec<&'static str>> {
    let head = format!("\n| {first} | {second} |");
    let (_, rest) = DOCUMENT.split_once(&head).expect("the table is there");
    let rows = rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn the_close_table_is_whole() {
    let expected = CloseReason::ALL.iter().map(|&reason| {
        let then = match reason.then() {
            Then::Never => "never".to_owned(),
            Then::Resume => "resume".to_owned(),
            Then::Rejoin => "rejoin".to_owned(),
            Then::Retry(seconds) => format!("retry {seconds}"),
        };
        [
            reason.code().to_string(),
            reason.slug().to_owned(),
            closes::fault(reason).to_owned(),
            then,
        ]
    });
    let rows = table("code", "reason");
    assert!(rows.iter().all(|row| row.len() == 5 && !row[4].is_empty()));
    let found: Vec<_> = rows
        .iter()
        .map(|row| [0, 1, 2, 3].map(|at| row[at].to_owned()))
        .collect();
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn section_kinds_have_their_numbers() {
    let kinds = [
        ("control", SectionKind::Control),
        ("frame", SectionKind::Frame),
        ("input", SectionKind::Input),
        ("command", SectionKind::Command),
    ];
    let rows = table("kind", "name");
    for (name, kind) in kinds {
        let row = rows.iter().find(|row| row[1] == name).unwrap();
        assert_eq!(row[0], kind.code().to_string());
    }
    let numbers = rows.iter().filter(|row| !row[1].is_empty()).count();
    assert_eq!(numbers, kinds.len());
}

#[test]
fn limits_have_their_values() {
    macro_rules! limit {
        ($($name:ident)*) => {
            vec![ $( vec![stringify!($name).to_owned(), limits::$name.to_string()], )* ]
        };
    }
    let expected = limit! {
        CLIENT_MESSAGE_BYTES_MAX SERVER_MESSAGE_BYTES_MAX CONTROL_BYTES_MAX
        SECTIONS_PER_MESSAGE_MAX INPUT_FRAMES_PER_BATCH_MAX INPUT_LEAD_TICKS_MAX
        INPUT_LATE_MICROS_MAX VIEW_MICROS_MAX INPUT_WORDS_MAX COMMAND_BYTES_MAX COMMANDS_WAITING_MAX CLASSES_MAX
        ROW_WORDS_MAX SCHEMA_BYTES_MAX ENTITIES_PER_CLASS_MAX STREAM_WORDS_MAX
        EVENTS_PER_CHUNK_MAX JOIN_PART_BYTES_MAX JOIN_BYTES_MAX SILENCE_MICROS_MAX ACK_MICROS_MAX
        ACK_MESSAGES_MAX UNACKNOWLEDGED_MICROS_MAX RESYNC_MICROS_MIN NAME_CHARS_MAX
        NAME_BYTES_MAX KICK_CHARS_MAX KICK_BYTES_MAX CHAT_CHARS_MAX
        LABELS_MAX LABEL_NAME_BYTES_MAX LABEL_VALUE_BYTES_MAX PROPERTIES_MAX PROPERTIES_BYTES_MAX RULES_MAX PASSWORD_BYTES_MAX QUERY_BYTES_MAX
        QUERY_TERMS_MAX
        JOIN_KEY_BYTES TOKEN_BYTES_MAX
    };
    let found: Vec<Vec<&str>> = table("limit", "value")
        .into_iter()
        .map(|row| row[..2].to_vec())
        .collect();
    assert_eq!(found, expected);
}
