//! Journals of pong, made without a server.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared by several test programs"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use syncline_games::Pong;
use syncline_server_core::match_state::Match;
use syncline_server_core::replay::pack;
use syncline_server_core::{RoomConfig, game_kind};
use syncline_shared::game::{Outcome, Profile};
use syncline_shared::id::{PlayerId, RoomCode, RoomId};
use syncline_shared::journal::{Ending, FileHeader, JournalWriter, MatchHeader, Record};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

/// A minute of pong in which nobody does anything, and what it begins with.
pub fn pong(ticks: u32) -> (FileHeader, Vec<Record>) {
    let kind = game_kind::<Pong>();
    let start = MatchHeader {
        game: kind.name().to_owned(),
        fingerprint: kind.schema().fingerprint(),
        config: kind.default_config(),
        seed: 5,
        checkpoint_interval: 300,
    };
    let header = FileHeader {
        build: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        started_unix_ms: 1_800_000_000_000,
        room: RoomConfig::new(RoomId(1), RoomCode::from_entropy(1), 5).header(),
        incarnation: 1,
        schema: kind.schema().encoded().to_vec(),
        start: start.clone(),
        roster: Vec::new(),
    };
    let mut game = Match::new(&*kind, start).unwrap();
    let mut world = SnapshotWriter::new(Arc::clone(kind.schema()));
    for player in [0, 1].map(PlayerId) {
        game.join(player, Profile::default()).unwrap();
    }
    let mut records = Vec::new();
    for tick in (1..=ticks).map(Tick) {
        world.clear();
        records.push(Record::Tick(game.step(Vec::new(), &mut world)));
        if tick.is_multiple_of(60) {
            records.push(Record::Hash(tick, game.state_hash()));
        }
        if let Some(state) = game.take_checkpoint() {
            records.push(Record::Checkpoint(pack(tick, &state)));
        }
    }
    records.push(Record::End(Ending::Outcome(Outcome::default())));
    (header, records)
}

pub fn bytes(header: &FileHeader, records: &[Record]) -> Vec<u8> {
    let mut journal = Vec::new();
    let mut writer = JournalWriter::begin(header, &mut journal).unwrap();
    for record in records {
        writer.write(record, &mut journal);
    }
    journal
}

pub fn kept(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
