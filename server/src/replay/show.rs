//! A recorded match, made ready to be watched.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use syncline_server_core::replay::{Playback, Recording};

use super::journal::{Summary, caveats, heading, open, played, read};
use crate::games::Games;
use crate::showing::Showing;

/// Reads all of a journal, and sees whether its match can be run here.
pub(super) fn load(path: &Path, games: &Games, out: &mut impl Write) -> Result<Showing, String> {
    let began = Instant::now();
    let bytes = read(path)?;
    let reader = open(path, &bytes)?;
    let header = Arc::clone(reader.header());
    let problem = |why: String| format!("{}: {why}", path.display());
    let kind = games.kind(&header.start.game);
    let caveats = caveats(&header, kind.as_deref());
    let _ = writeln!(out, "{}", heading(&header));
    for caveat in &caveats {
        let _ = writeln!(out, "  {caveat}");
    }
    let kind = kind.ok_or_else(|| problem("it can't be run here".to_owned()))?;
    let state = Summary::of(&mut reader.clone()).state();
    let recording = Arc::new(Recording::read(reader));
    if recording.last().0 == 0 {
        return Err(problem("no tick was recorded".to_owned()));
    }
    Playback::start(Arc::clone(&recording), kind).map_err(|why| problem(why.to_string()))?;
    let (last, took) = (recording.last(), began.elapsed().as_secs_f64());
    let time = played(recording.rate(), last);
    let _ = writeln!(out, "  {last} ticks, {time}; {state}; read in {took:.3} s");
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Showing {
        recording,
        file: file.into_owned(),
        state,
        caveats,
    })
}
