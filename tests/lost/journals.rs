//! What was on the disk when a server was lost, run again from its first tick.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use syncline_games::{Arena, Pong};
use syncline_server_core::replay::Replay;
use syncline_server_core::{GameKind, game_kind};
use syncline_shared::journal::JournalReader;
use syncline_shared::tick::Tick;

/// How far the journal of a match goes, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) tick: Tick,
    pub(crate) hash: u64,
}

/// Copies the journals of `from` to `to`, as they are now.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for path in journals(from)? {
        fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// The end of each room's last journal in `folder`, by running all of it; and what was not as it was
/// recorded, in words.
pub(crate) fn run_again(folder: &Path) -> io::Result<(BTreeMap<u32, Reached>, Vec<String>)> {
    let (mut rooms, mut failures) = (BTreeMap::new(), Vec::new());
    // Their names begin with the time.
    for path in journals(folder)? {
        let bytes = fs::read(&path)?;
        match replay(&bytes) {
            Ok((room, reached)) => drop(rooms.insert(room, reached)),
            Err(why) => failures.push(format!("{}: {why}", path.display())),
        }
    }
    Ok((rooms, failures))
}

fn replay(bytes: &[u8]) -> Result<(u32, Reached), String> {
    let reader = JournalReader::open(bytes).map_err(|error| error.to_string())?;
    let header = reader.header().clone();
    let kinds: [Arc<dyn GameKind>; 2] = [game_kind::<Arena>(), game_kind::<Pong>()];
    let kind = kinds.iter().find(|kind| kind.name() == header.start.game);
    let kind = kind.ok_or("it is of another game")?;
    let mut replay = Replay::start(&**kind, &header).map_err(|error| error.to_string())?;
    for record in reader {
        replay
            .apply(&record)
            .map_err(|differs| format!("{differs:?}"))?;
    }
    let reached = Reached {
        tick: replay.game().tick(),
        hash: replay.game().state_hash(),
    };
    Ok((header.room.id.0, reached))
}

fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = entries.collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "journal"));
    paths.sort();
    Ok(paths)
}
