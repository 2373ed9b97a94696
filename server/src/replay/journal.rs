//! A journal's file, and what it says of itself.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use syncline_server_core::GameKind;
use syncline_server_core::replay::Replay;
use syncline_shared::journal::{Ending, FileHeader, JournalReader, Record, RosterChange, Tail};
use syncline_shared::tick::{Tick, TickRate};

use crate::games::Games;
use crate::journal_store::BUILD;

/// What is in a journal, without running it.
pub(super) struct Summary {
    /// The last tick.
    pub(super) ticks: Tick,
    /// Sessions with a seat, over the whole match.
    pub(super) players: usize,
    /// Bytes of checkpoints, packed.
    pub(super) checkpoint_bytes: u64,
    /// Why there is no more, if it says so.
    pub(super) ending: Option<Ending>,
    /// How it ends.
    pub(super) tail: Tail,
}

impl Summary {
    /// Reads all of a journal.
    pub(super) fn of(reader: &mut JournalReader<'_>) -> Self {
        let seated = reader.header().roster.iter();
        let mut summary = Self {
            ticks: Tick::ZERO,
            players: seated.filter(|one| one.player.is_some()).count(),
            checkpoint_bytes: 0,
            ending: None,
            tail: Tail::Whole,
        };
        for record in reader.by_ref() {
            match record {
                Record::Tick(tick) => summary.ticks = tick.tick,
                Record::Checkpoint(checkpoint) => {
                    summary.checkpoint_bytes += checkpoint.packed.len() as u64;
                }
                Record::Roster(RosterChange::Came(one)) => {
                    summary.players += usize::from(one.player.is_some());
                }
                Record::End(ending) => summary.ending = Some(ending),
                Record::Roster(_) | Record::Hash(..) | Record::Hold(_) => {}
            }
        }
        summary.tail = reader.tail();
        summary
    }

    /// How it ends, in words.
    pub(super) fn state(&self) -> String {
        let mut words = match &self.ending {
            Some(Ending::Panicked(why, _)) => format!("panicked: {why}"),
            Some(Ending::Lost(why)) => format!("recorded no further: {why}"),
            Some(ending) => ending.slug().to_owned(),
            None => "unfinished".to_owned(),
        };
        match self.tail {
            Tail::Whole => {}
            Tail::Torn { bytes, .. } => {
                let _ = write!(words, ", {bytes} bytes torn off at the end");
            }
            Tail::Damaged { at, bytes } => {
                let _ = write!(words, ", DAMAGED at byte {at}, {bytes} bytes lost");
            }
        }
        words
    }
}

/// The rate of a journal's game.
pub(super) fn rate(reader: &JournalReader<'_>) -> TickRate {
    reader.schema().data().tick_rate
}

/// Until `tick`, as people write times.
pub(super) fn played(rate: TickRate, tick: Tick) -> String {
    let seconds = rate.due(tick).as_millis() / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// When a match began, as people write it.
pub(super) fn started(header: &FileHeader) -> String {
    let started = UNIX_EPOCH.checked_add(Duration::from_millis(header.started_unix_ms));
    started.map_or_else(
        || "at some time".to_owned(),
        |started| humantime::format_rfc3339_seconds(started).to_string(),
    )
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The journal in a file's bytes.
pub(super) fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<JournalReader<'a>, String> {
    JournalReader::open(bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a journal begins with, in lines.
pub(super) fn heading(header: &FileHeader) -> String {
    let (room, code) = (header.room.id, header.room.code);
    let (game, number) = (&header.start.game, header.incarnation);
    let (started, build) = (started(header), &header.build);
    format!("{game}, match {number} of room {room} ({code}), begun {started}, written by {build}")
}

/// What is not as it was when the match was recorded, and what can be done all the same.
pub(super) fn caveats(header: &FileHeader, kind: Option<&dyn GameKind>) -> Vec<String> {
    let mut caveats = Vec::new();
    if header.build != BUILD {
        caveats.push(format!(
            "another build wrote it; this is {BUILD}: it can be read, and whether the match is the \
             same the hashes tell"
        ));
    }
    match kind {
        None => caveats.push(format!(
            "this program does not host {}: it can be listed, not run",
            header.start.game
        )),
        Some(kind) if kind.schema().fingerprint() != header.start.fingerprint => {
            caveats.push(match Replay::start(kind, header) {
                Ok(_) => {
                    "the game's schema has changed since: it can be run, and may differ".to_owned()
                }
                Err(why) => format!("the game's schema has changed since: it can't be run, {why}"),
            });
        }
        Some(_) => {}
    }
    caveats
}

/// Says what is in the journal at `path`; whether it is undamaged.
pub(super) fn describe(path: &Path, games: &Games, out: &mut impl Write) -> Result<bool, String> {
    let bytes = read(path)?;
    let mut reader = open(path, &bytes)?;
    let summary = Summary::of(&mut reader);
    let header = reader.header();
    let kind = games.kind(&header.start.game);
    let _ = writeln!(out, "{}", heading(header));
    for caveat in caveats(header, kind.as_deref()) {
        let _ = writeln!(out, "  {caveat}");
    }
    let (ticks, players) = (summary.ticks, summary.players);
    let (time, state) = (played(rate(&reader), ticks), summary.state());
    let _ = writeln!(out, "  {ticks} ticks, {time}; {players} players; {state}");
    let (all, checkpoints) = (bytes.len(), summary.checkpoint_bytes);
    let _ = writeln!(out, "  {all} bytes, {checkpoints} of them checkpoints");
    Ok(!matches!(summary.tail, Tail::Damaged { .. }))
}
