//! What a server records: its matches again, whatever became of them.

use std::path::Path;

use syncline_server::{Config, JournalConfig};
use syncline_server_core::game_kind;
use syncline_server_core::replay::{Replay, restore};
use syncline_shared::close::CloseReason;
use syncline_shared::journal::{Ending, JournalReader, Record, Tail};
use syncline_shared::message::control::CreateOptions;
use syncline_shared::tick::Tick;

use crate::support::client::{Client, create, follow};
use crate::support::host::Host;
use crate::support::lab::{Lab, LabCommand};

fn recording(folder: &Path) -> Host {
    Host::with(Config {
        journal: Some(JournalConfig {
            dir: folder.to_owned(),
            ..JournalConfig::default()
        }),
        ..Config::default()
    })
}

/// The only journal in `folder` whose name ends so.
fn journal(folder: &Path, ending: &str) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let found: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    std::fs::read(&found[0]).unwrap()
}

/// Runs all of it again and finds it the same; its records.
fn verified(journal: &[u8]) -> (Replay, Vec<Record>) {
    let mut reader = JournalReader::open(journal).unwrap();
    let mut replay = Replay::start(&*game_kind::<Lab>(), reader.header()).unwrap();
    let records: Vec<Record> = reader.by_ref().collect();
    assert_eq!(reader.tail(), Tail::Whole);
    for record in &records {
        assert_eq!(replay.apply(record), Ok(()));
    }
    (replay, records)
}

/// Whoever was shown a tick finds it in the journal, and the room in its header.
#[tokio::test]
async fn a_match_is_recorded_and_is_the_same_when_it_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let host = recording(folder.path());
    let hello = create("lab", CreateOptions::default());
    let (mut player, welcome) = Client::join(&host, hello).await;
    player.ask(1, &LabCommand::HowFar {}).await;
    player.reply(1).await;
    let (mut other, _) = Client::join(&host, follow(&welcome)).await;
    other.frame().await;
    let mut seen = player.frame().await;
    while seen < Tick(70) {
        seen = player.frame().await;
    }
    assert_eq!(host.get("/readyz").await.body, "ready\n");
    host.stop().await;
    let journal = journal(folder.path(), ".open.journal");
    let (replay, _) = verified(&journal);
    assert!(replay.game().tick() >= seen);
    assert!(replay.compared() >= 1, "a second is over");
    let mut reader = JournalReader::open(&journal).unwrap();
    assert_eq!(reader.header().room.code, welcome.code);
    let restored = restore(&*game_kind::<Lab>(), &mut reader).unwrap();
    assert_eq!(restored.ending, None, "the next start may go on with it");
    assert_eq!(restored.roster.len(), 2);
    assert_eq!(restored.game.state_hash(), replay.game().state_hash());
}

/// Up to the panic, and with what led to it.
#[tokio::test]
async fn a_panic_is_in_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let host = recording(folder.path());
    let hello = create("lab", CreateOptions::default());
    let (mut player, _) = Client::join(&host, hello).await;
    player.frame().await;
    player.ask(1, &LabCommand::Break {}).await;
    assert_eq!(player.closed().await.0, CloseReason::Internal);
    host.stop().await;
    let journal = journal(folder.path(), "-1.journal");
    let (mut replay, records) = verified(&journal);
    let Some(Record::End(Ending::Panicked(what, Some(tick)))) = records.last() else {
        panic!("{:?}", records.last());
    };
    assert!(what.contains("told to break"), "{what}");
    let again = Record::Tick((**tick).clone());
    let panics = std::panic::AssertUnwindSafe(|| replay.apply(&again).is_ok());
    assert!(std::panic::catch_unwind(panics).is_err());
}

/// Play goes on, and whoever asks is told.
#[tokio::test]
async fn a_folder_that_can_not_be_used_is_told_and_stops_nobody() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let host = recording(&file.path().join("data"));
    let hello = create("lab", CreateOptions::default());
    let (mut player, _) = Client::join(&host, hello).await;
    player.frame().await;
    let ready = host.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert!(ready.body.contains("journals: matches are not recorded"));
    host.stop().await;
}
