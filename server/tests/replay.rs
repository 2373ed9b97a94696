//! `syncline replay` as people use it: what it says of sound, torn, damaged and other journals.

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{bytes, kept, pong};
use syncline_games::Pong;
use syncline_shared::journal::FileHeader;

/// The exit code, and everything that was said.
fn replay(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    let output = command.arg("replay").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn verify(path: &Path) -> (Option<i32>, String) {
    replay(&[path.to_str().unwrap(), "--verify"])
}

#[test]
fn a_sound_journal_is_the_same_match() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(600);
    let path = kept(folder.path(), "sound.journal", &bytes(&header, &records));
    let (code, said) = verify(&path);
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "pong, match 1 of room 1",
        "600 ticks, 0:10",
        "the same: all 12 hashes and checkpoints",
        "finished",
    ] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    let (code, said) = replay(&[path.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("600 ticks, 0:10; 0 players; finished"),
        "{said}"
    );
}

/// The tick is told from the hash, what is seen of it from the next checkpoint.
#[test]
fn another_match_is_told_with_its_tick_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(600);
    let mut other = header.clone();
    other.start.seed = 6;
    let path = kept(folder.path(), "other.journal", &bytes(&other, &records));
    let (code, said) = verify(&path);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("DIFFERS after tick 0, by tick 60"), "{said}");
    assert!(said.contains("at tick 300"), "{said}");
}

#[test]
fn a_torn_end_is_cut_and_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(600);
    let whole = bytes(&header, &records);
    let torn = kept(folder.path(), "torn.journal", &whole[..whole.len() - 3]);
    let (code, said) = verify(&torn);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("unfinished, ") && said.contains("torn off"),
        "{said}"
    );
    let mut damaged = whole.clone();
    let middle = whole.len() - 300;
    damaged[middle] ^= 1;
    let damaged = kept(folder.path(), "damaged.journal", &damaged);
    let (code, said) = verify(&damaged);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("DAMAGED at byte"), "{said}");
    assert!(
        said.contains("the same: all"),
        "what stands before it is good: {said}"
    );
    kept(folder.path(), "none.journal", b"nothing of the kind");
    kept(folder.path(), "sound.journal", &whole);
    kept(folder.path(), "notes.txt", b"not even by its name");
    let (code, said) = replay(&["--list", folder.path().to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].contains("DAMAGED") && lines[1].contains("it is no journal"));
    assert!(lines[2].contains("0:10") && lines[2].contains("finished"));
    assert!(lines[3].contains("unfinished"));
}

#[test]
fn a_journal_of_another_program_says_what_can_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let (mut header, records) = pong(60);
    header.build = "syncline-server 0.0.1".to_owned();
    let older = kept(folder.path(), "older.journal", &bytes(&header, &records));
    let (code, said) = verify(&older);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("another build wrote it"), "{said}");
    header.start.fingerprint ^= 1;
    let changed = kept(folder.path(), "changed.journal", &bytes(&header, &records));
    let (code, said) = verify(&changed);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("schema has changed since: it can be run"),
        "{said}"
    );
    header.start.game = "chess".to_owned();
    let unknown = kept(folder.path(), "unknown.journal", &bytes(&header, &records));
    let (code, said) = verify(&unknown);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("does not host chess: it can be listed"),
        "{said}"
    );
}

fn assert_pong_replays(change: impl FnOnce(&mut FileHeader)) {
    let (mut header, records) = pong(600);
    change(&mut header);
    syncline_server::assert_replays::<Pong>(&bytes(&header, &records));
}

#[test]
fn a_match_that_is_what_it_was_passes_as_a_test() {
    assert_pong_replays(|_| {});
}

#[test]
#[should_panic(expected = "the match differs after tick 0, by tick 60")]
fn a_match_that_is_another_fails_as_a_test() {
    assert_pong_replays(|header| header.start.seed = 6);
}

#[test]
#[should_panic(expected = "it is of the game chess")]
fn a_match_of_another_game_fails_as_a_test() {
    assert_pong_replays(|header| header.start.game = "chess".to_owned());
}

/// Into a package's tests, or as a package that knows where the game is.
#[test]
fn a_match_is_written_as_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let (header, records) = pong(600);
    let whole = bytes(&header, &records);
    let path = kept(
        folder.path(),
        "final 1.open.journal",
        &[&whole[..], b"torn"].concat(),
    );
    let path = path.to_str().unwrap();
    for (into, is_package) in [("studio/tests", false), ("alone", true)] {
        let into = folder.path().join(into);
        let (code, said) = replay(&[path, "--export-test", into.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("--test replay_final_1"), "{said}");
        let tests = if is_package {
            into.join("tests")
        } else {
            into.clone()
        };
        let test = std::fs::read_to_string(tests.join("replay_final_1.rs")).unwrap();
        let call = "syncline_server::assert_replays::<syncline_games::pong::Pong>";
        assert!(test.contains(call), "{test}");
        assert!(test.contains("include_bytes!(\"replay_final_1.journal\")"));
        let journal = std::fs::read(tests.join("replay_final_1.journal")).unwrap();
        assert_eq!(journal, whole, "what is torn is left out");
        let manifest = std::fs::read_to_string(into.join("Cargo.toml"));
        assert_eq!(manifest.is_ok(), is_package);
        let found = manifest.is_ok_and(|text| text.contains("FILL IN"));
        assert!(!found, "the program's own games are where they are");
    }
}

/// The program has no such game, but the one whose game it is has.
#[test]
fn a_match_of_a_strange_game_is_written_with_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let (mut header, records) = pong(60);
    header.start.game = "chess".to_owned();
    let path = kept(folder.path(), "chess.journal", &bytes(&header, &records));
    let into = folder.path().join("tests");
    let (code, said) = replay(&[
        path.to_str().unwrap(),
        "--export-test",
        into.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{said}");
    let test = std::fs::read_to_string(into.join("replay_chess.rs")).unwrap();
    assert!(test.contains("assert_replays::<Game>") && test.contains("name its type"));
}
