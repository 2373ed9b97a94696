//! A journal, whole or cut anywhere, is the match that was played.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use support::{Race, wild::wild_match};
use syncline_server_core::replay::{Difference, Replay, Unplayable, pack, restore};
use syncline_server_core::{RoomOutput, game_kind};
use syncline_shared::game::Game;
use syncline_shared::journal::{
    FileHeader, JournalReader, JournalWriter, Record, RosterChange, TickRecord,
};
use syncline_shared::tick::Tick;

/// A match as it was played.
struct Played {
    journal: Vec<u8>,
    header: FileHeader,
    records: Vec<Record>,
    /// The hash of the match after each tick.
    hashes: BTreeMap<Tick, u64>,
}

fn written(header: &FileHeader, records: &[Record]) -> Vec<u8> {
    let mut journal = Vec::new();
    let mut writer = JournalWriter::begin(header, &mut journal).unwrap();
    for record in records {
        writer.write(record, &mut journal);
    }
    writer.flush(&mut journal);
    journal
}

fn played(seed: u64) -> Played {
    let mut hashes = BTreeMap::new();
    let table = wild_match(seed, |table| {
        let hash = table.room.state_hash();
        hashes.extend(hash.map(|hash| (table.room.status().tick, hash)));
    });
    let (mut header, mut records) = (None, Vec::new());
    for output in table.records {
        match output {
            RoomOutput::JournalBegan(started) => header = Some(*started),
            RoomOutput::Record(record) => records.push(*record),
            RoomOutput::Checkpoint(tick, state) => {
                records.push(Record::Checkpoint(pack(tick, &state)));
            }
            _ => {}
        }
    }
    let header = header.unwrap();
    Played {
        journal: written(&header, &records),
        header,
        records,
        hashes,
    }
}

fn ticks(records: &[Record]) -> impl Iterator<Item = &TickRecord> {
    records.iter().filter_map(|record| match record {
        Record::Tick(tick) => Some(tick),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Byte by byte: each prefix is refused, or leads to the very match of its last tick.
    #[test]
    fn any_prefix_is_the_match_at_that_tick(seed in 0u64..10_000) {
        let played = played(seed);
        let begin = written(&played.header, &[]).len();
        let mut last = Tick::ZERO;
        for cut in 0..=played.journal.len() {
            let prefix = &played.journal[..cut];
            let Ok(mut reader) = JournalReader::open(prefix) else {
                prop_assert!(cut < begin);
                continue;
            };
            let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
            let tick = restored.game.tick();
            prop_assert!(tick >= last, "a longer prefix leads no less far");
            last = tick;
            if tick > Tick::ZERO {
                prop_assert_eq!(restored.game.state_hash(), played.hashes[&tick]);
            }
        }
        prop_assert_eq!(last, ticks(&played.records).last().unwrap().tick);
    }

    #[test]
    fn a_replay_finds_every_hash_and_checkpoint(seed: u64) {
        let played = played(seed);
        let mut replay = Replay::start(&*game_kind::<Race>(), &played.header).unwrap();
        for record in JournalReader::open(&played.journal).unwrap() {
            prop_assert_eq!(replay.apply(&record), Ok(()));
        }
        let proofs = played.records.iter().filter(|record| {
            matches!(record, Record::Hash(..) | Record::Checkpoint(_))
        });
        prop_assert_eq!(replay.compared(), proofs.count() as u64);
        prop_assert!(replay.compared() > 3);
    }
}

/// An input that was another is found at the next hash or checkpoint.
#[test]
fn a_match_that_was_another_is_told_from_this_one() {
    let mut played = played(5);
    let (changed, at) = played
        .records
        .iter_mut()
        .find_map(|record| match record {
            Record::Tick(tick) if tick.tick >= Tick(30) && !tick.inputs.is_empty() => {
                let at = tick.tick;
                Some((&mut tick.inputs[0], at))
            }
            _ => None,
        })
        .unwrap();
    let other =
        |step| syncline_shared::input::InputWords::of(&support::Stick { step, grab: false });
    let was = changed.words.clone();
    changed.words = [other(1), other(-1)]
        .into_iter()
        .find(|words| *words != was)
        .unwrap();
    let mut replay = Replay::start(&*game_kind::<Race>(), &played.header).unwrap();
    let found = played
        .records
        .iter()
        .find_map(|record| replay.apply(record).err());
    let found = found.expect("it differs");
    assert!(found.equal_until < at && at <= found.tick, "{found:?}");
    assert!(found.tick.since(found.equal_until) <= 7);
    assert!(matches!(
        found.what,
        Difference::Hash { .. } | Difference::Checkpoint
    ));
}

/// Who is there at the end, and who is not.
#[test]
fn the_roster_is_that_of_the_end() {
    let played = played(11);
    let mut reader = JournalReader::open(&played.journal).unwrap();
    let restored = restore(&*game_kind::<Race>(), &mut reader).unwrap();
    let seated: Vec<_> = restored
        .roster
        .values()
        .filter_map(|one| one.player)
        .collect();
    let mut players: Vec<_> = restored.game.players().collect();
    players.sort_unstable();
    let mut expected = seated.clone();
    expected.sort_unstable();
    assert_eq!(players, expected);
    let away = played
        .records
        .iter()
        .any(|record| matches!(record, Record::Roster(RosterChange::Away(_))));
    assert!(away, "somebody lost the connection");
    assert!(restored.roster.values().any(|one| !one.connected));
    assert!(restored.roster.values().any(|one| one.connected));
}

/// Another game, or one whose inputs have changed, is refused with the reason.
#[test]
fn a_journal_of_another_game_is_refused() {
    let mut header = played(1).header;
    header.start.game = "chess".to_owned();
    let other = Replay::start(&*game_kind::<Race>(), &header).err();
    assert_eq!(other, Some(Unplayable::OtherGame("chess".to_owned())));
    header.start.game = Race::NAME.to_owned();
    header.start.fingerprint ^= 1;
    let same_inputs = Replay::start(&*game_kind::<Race>(), &header);
    assert!(same_inputs.is_ok(), "nothing but rows or events changed");
    header.schema = vec![1];
    let other = Replay::start(&*game_kind::<Race>(), &header).err();
    assert_eq!(other, Some(Unplayable::OtherInputs(Race::NAME.to_owned())));
}
