//! A match is a deterministic function of its journal.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use proptest::prelude::*;
use support::{Race, wild::wild_match};
use syncline_server_core::match_state::Match;
use syncline_server_core::{GameKind, RoomOutput, game_kind};
use syncline_shared::game::Game;
use syncline_shared::journal::{MatchHeader, Record, TickRecord};
use syncline_shared::snapshot::SnapshotWriter;

/// The journal and the final state of a wild match.
fn recorded(seed: u64) -> (MatchHeader, Vec<TickRecord>, u64) {
    let table = wild_match(seed, |_| {});
    let hash = table.room.state_hash().unwrap();
    let mut header = None;
    let mut records = Vec::new();
    for output in table.records {
        match output {
            RoomOutput::JournalBegan(started) => header = Some(started.start),
            RoomOutput::Record(record) => {
                if let Record::Tick(tick) = *record {
                    records.push(tick);
                }
            }
            _ => {}
        }
    }
    (header.unwrap(), records, hash)
}

fn kind() -> std::sync::Arc<dyn GameKind> {
    game_kind::<Race>()
}

fn writer() -> SnapshotWriter {
    SnapshotWriter::new(std::sync::Arc::new(Race::schema()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_journal_replays_to_the_same_state(seed: u64) {
        let (header, records, hash) = recorded(seed);
        let mut game = Match::new(&*kind(), header).unwrap();
        for record in &records {
            game.replay(record, &mut writer()).unwrap();
        }
        prop_assert_eq!(game.state_hash(), hash);
    }

    /// Restored from every checkpoint in turn, the rest of the journal leads to the same state.
    #[test]
    fn every_checkpoint_leads_to_the_same_end(seed in 0u64..1000) {
        let (header, records, hash) = recorded(seed);
        let mut game = Match::new(&*kind(), header.clone()).unwrap();
        for (done, record) in records.iter().enumerate() {
            game.replay(record, &mut writer()).unwrap();
            if record.tick.is_multiple_of(header.checkpoint_interval) {
                let mut restored = Match::new(&*kind(), header.clone()).unwrap();
                restored.restore(&game.checkpoint()).unwrap();
                for record in &records[done + 1..] {
                    restored.replay(record, &mut writer()).unwrap();
                }
                prop_assert_eq!(restored.state_hash(), hash);
            }
        }
    }

    #[test]
    fn garbage_is_no_checkpoint(bytes: Vec<u8>) {
        let (header, ..) = recorded(1);
        let mut game = Match::new(&*kind(), header).unwrap();
        let before = game.state_hash();
        if game.restore(&bytes).is_err() {
            prop_assert_eq!(game.state_hash(), before);
        }
    }
}

#[test]
fn a_record_of_another_tick_is_refused() {
    let (header, records, _) = recorded(3);
    let mut game = Match::new(&*kind(), header).unwrap();
    assert!(game.replay(&records[1], &mut writer()).is_err());
}
