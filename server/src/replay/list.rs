//! All journals of a folder, in a line each.

use std::fs;
use std::io::Write;
use std::path::Path;

use syncline_shared::journal::Tail;

use super::journal::{Summary, open, played, rate, read, started};

/// Describes the journals in `folder`, the oldest first; whether all of them are undamaged.
pub(super) fn list(folder: &Path, out: &mut impl Write) -> Result<bool, String> {
    let problem = |error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|ending| ending == "journal") {
            paths.push(path);
        }
    }
    // Their names begin with the time.
    paths.sort();
    let mut sound = true;
    for path in paths {
        match line(&path) {
            Ok((line, is_sound)) => {
                sound &= is_sound;
                let _ = writeln!(out, "{line}");
            }
            Err(problem) => {
                sound = false;
                let _ = writeln!(out, "{problem}");
            }
        }
    }
    Ok(sound)
}

fn line(path: &Path) -> Result<(String, bool), String> {
    let bytes = read(path)?;
    let mut reader = open(path, &bytes)?;
    let summary = Summary::of(&mut reader);
    let header = reader.header();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (game, room, started) = (&header.start.game, header.room.id, started(header));
    let time = played(rate(&reader), summary.ticks);
    let (players, state, size) = (summary.players, summary.state(), bytes.len());
    let line = format!(
        "{name}  {game}  room {room}  {started}  {time}  {players} players  {size} bytes  {state}"
    );
    Ok((line, !matches!(summary.tail, Tail::Damaged { .. })))
}
