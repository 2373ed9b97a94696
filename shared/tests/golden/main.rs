//! The wire as files: vectors of bytes and values that every client, in any language, can test
//! itself against, and the examples of PROTOCOL.md.
//!
//! The values are made here, encoded, and compared with the files in `tests/golden`; then the files'
//! bytes are decoded and compared with the values. After a change of the format that is meant,
//! `SYNCLINE_BLESS=1 cargo test -p syncline-shared --test golden` writes the files anew.
//!
//! - `file`: how vectors are kept in files
//! - `control`, `play`, `frames`: messages
//! - `schemas`, `streams`: rows and how they travel; `life`, `lives`: what happens to them there
//! - `numbers`: varints, bits, quantisation, hashes
//! - `refused`: bytes that no decoder takes
//! - `closes`: the table of close reasons
//! - `document`: the examples and tables of PROTOCOL.md
//! - `journal`: the example of JOURNAL.md

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod closes;
mod control;
mod document;
mod file;
mod frames;
mod journal;
mod life;
mod lives;
mod numbers;
mod play;
mod refused;
mod schemas;
mod streams;

use std::collections::BTreeSet;

/// Every file of vectors, and what it holds.
const FILES: [file::Golden; 13] = [
    control::CLIENT,
    control::SERVER,
    play::INPUTS,
    play::COMMANDS,
    frames::FRAMES,
    frames::MESSAGES,
    schemas::SCHEMAS,
    streams::STREAMS,
    numbers::NUMBERS,
    numbers::QUANTIZED,
    numbers::HASHES,
    refused::REFUSED,
    closes::CLOSES,
];

#[test]
fn the_files_are_what_is_encoded() {
    for golden in FILES {
        golden.check();
    }
}

/// Files that the tests of another crate write: the games'.
const ELSEWHERE: [&str; 1] = ["arena"];

/// A file that no test writes would rot.
#[test]
fn every_file_is_tested() {
    let kept: BTreeSet<String> = std::fs::read_dir(file::FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let known = FILES.map(|golden| golden.name).into_iter();
    let known = known.chain(ELSEWHERE).map(str::to_owned).collect();
    assert_eq!(kept, known);
}

#[test]
fn names_are_unique_words() {
    for golden in FILES {
        let mut known = BTreeSet::new();
        for vector in (golden.vectors)() {
            let name = vector["name"].as_str().unwrap().to_owned();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(plain), "{name}");
            assert!(known.insert(name.clone()), "{}: {name} twice", golden.name);
        }
    }
}
