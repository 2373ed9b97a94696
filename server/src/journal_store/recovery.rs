//! What is left of the matches of a server that was lost: its unfinished journals.
//!
//! All are read before anything else happens. Nothing that is wrong with one of them keeps the server
//! from starting: it is set aside, under another name, for somebody to look at.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use syncline_server_core::GameKind;
use syncline_server_core::replay::{Restored, restore};
use syncline_shared::id::RoomId;
use syncline_shared::journal::{Ending, JournalReader, JournalWriter, OpenError, Tail};

use super::disk::{DataDir, Disk, JournalFile, Kept};

/// How often a match may go on without getting a tick further before it must be what ends its server.
const VAIN_MAX: u32 = 2;

/// A match that can go on, and its journal.
pub(super) struct Unfinished {
    pub(super) restored: Restored,
    pub(super) file: Box<dyn JournalFile>,
    pub(super) writer: JournalWriter,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// By room.
    pub(super) matches: BTreeMap<RoomId, Unfinished>,
    /// Journals that were set aside, and why, in a line each.
    pub(super) set_aside: Vec<String>,
}

/// What becomes of a journal.
enum Verdict {
    GoesOn(Box<Restored>, JournalWriter),
    /// It only lacks its name.
    Ended,
    /// Nothing was recorded.
    Empty,
    /// It is for another program to go on with.
    Left(String),
    SetAside(String),
}

/// Reads the unfinished journals of `dir`, with the game of each name.
pub(super) fn recover(
    dir: &DataDir,
    kind: impl Fn(&str) -> Option<Arc<dyn GameKind>>,
) -> io::Result<Found> {
    let (began, mut found) = (Instant::now(), Found::default());
    if let Some(killer) = dir.marked() {
        let why = "a server ended while it recovered this match";
        found.set_aside(dir, &killer, why);
        dir.mark(None)?;
    }
    let mut journals = dir.list()?;
    journals.retain(|journal| journal.open);
    journals.sort_by(|one, other| one.path.cmp(&other.path));
    for journal in &journals {
        // If this kills the process, the next one knows what did.
        dir.mark(Some(&journal.path))?;
        found.consider(dir, journal, &kind);
    }
    if !journals.is_empty() {
        dir.mark(None)?;
        let (rooms, aside, took) = (found.matches.len(), found.set_aside.len(), began.elapsed());
        tracing::info!(
            rooms,
            set_aside = aside,
            ?took,
            "unfinished journals were recovered"
        );
    }
    Ok(found)
}

impl Found {
    fn consider(
        &mut self,
        dir: &DataDir,
        journal: &Kept,
        kind: &impl Fn(&str) -> Option<Arc<dyn GameKind>>,
    ) {
        let path = &journal.path;
        let read = AssertUnwindSafe(|| read(path, kind));
        let verdict = catch_unwind(read).unwrap_or_else(|panic| {
            let what = panic_text(&*panic);
            Ok(Verdict::SetAside(format!("the game panicked: {what}")))
        });
        let done = match verdict {
            Ok(Verdict::GoesOn(restored, writer)) => self.go_on(dir, journal, *restored, writer),
            Ok(Verdict::Ended) => dir.finish(path).map(drop),
            Ok(Verdict::Empty) => dir.remove(path),
            Ok(Verdict::Left(why)) => {
                tracing::warn!(path = %path.display(), why, "an unfinished journal is left alone");
                Ok(())
            }
            Ok(Verdict::SetAside(why)) => {
                self.set_aside(dir, path, &why);
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::error!(path = %path.display(), %error, "an unfinished journal can't be used");
        }
    }

    /// Takes up a match, unless its room went on in another journal.
    fn go_on(
        &mut self,
        dir: &DataDir,
        journal: &Kept,
        restored: Restored,
        writer: JournalWriter,
    ) -> io::Result<()> {
        let mut file = dir.reopen(&journal.path)?;
        file.cut(restored.good_bytes)?;
        tell(journal, &restored);
        let room = restored.header.room.id;
        let age = |one: &Restored| (one.incarnation, one.header.started_unix_ms);
        let one = Unfinished {
            restored,
            file,
            writer,
        };
        let older = match self.matches.remove(&room) {
            Some(other) if age(&other.restored) > age(&one.restored) => {
                self.matches.insert(room, other);
                Some(one)
            }
            other => {
                self.matches.insert(room, one);
                other
            }
        };
        older.map_or(Ok(()), Unfinished::give_up)
    }

    fn set_aside(&mut self, dir: &DataDir, path: &Path, why: &str) {
        let aside = dir.set_aside(path);
        let shown = aside
            .as_ref()
            .unwrap_or(&path.to_owned())
            .display()
            .to_string();
        let look = format!("syncline replay {shown} --verify");
        tracing::error!(
            path = shown,
            why,
            look,
            "an unfinished journal was set aside"
        );
        if let Err(error) = aside {
            tracing::error!(path = shown, %error, "it can't be renamed");
        }
        self.set_aside.push(format!("{shown} was set aside: {why}"));
    }
}

impl Unfinished {
    /// Ends a journal that has a successor.
    fn give_up(self) -> io::Result<()> {
        let Self {
            mut file,
            mut writer,
            ..
        } = self;
        let (at, mut bytes) = (writer.bytes(), Vec::new());
        let ending = Ending::Lost("its room went on in another journal".to_owned());
        writer.end_at(at, ending, &mut bytes);
        file.append(&bytes)?;
        file.finish()
    }
}

fn read(path: &Path, kind: &impl Fn(&str) -> Option<Arc<dyn GameKind>>) -> io::Result<Verdict> {
    let bytes = fs::read(path)?;
    let mut reader = match JournalReader::open(&bytes) {
        Ok(reader) => reader,
        Err(OpenError::Torn) => return Ok(Verdict::Empty),
        Err(OpenError::Version(_)) => {
            return Ok(Verdict::Left("its format is of another version".to_owned()));
        }
        Err(error) => return Ok(Verdict::SetAside(error.to_string())),
    };
    let game = &reader.header().start.game;
    let Some(kind) = kind(game) else {
        return Ok(Verdict::Left(format!("this server does not host {game}")));
    };
    let restored = match restore(&*kind, &mut reader) {
        Ok(restored) => restored,
        Err(why) => return Ok(Verdict::SetAside(why.to_string())),
    };
    Ok(match restored.tail {
        Tail::Damaged { at, bytes } => Verdict::SetAside(format!(
            "it is damaged at byte {at}, {bytes} bytes are lost"
        )),
        _ if restored.ending.is_some() => Verdict::Ended,
        _ if restored.vain >= VAIN_MAX => Verdict::SetAside(format!(
            "the server was lost each of the last {} times that it went on with this match",
            restored.vain
        )),
        Tail::Whole | Tail::Torn { .. } => {
            Verdict::GoesOn(Box::new(restored), reader.into_writer())
        }
    })
}

/// Says what goes on, and what is lost.
fn tell(journal: &Kept, restored: &Restored) {
    let down = SystemTime::now().duration_since(journal.written);
    let down = humantime::format_duration(Duration::from_millis(down.map_or(0, |down| {
        u64::try_from(down.as_millis()).unwrap_or(u64::MAX)
    })));
    let torn = match restored.tail {
        Tail::Torn { bytes, .. } => bytes,
        _ => 0,
    };
    let (room, game) = (restored.header.room.id, &restored.header.start.game);
    let (tick, sessions, path) = (
        restored.game.tick(),
        restored.roster.len(),
        journal.path.display(),
    );
    let hash = format!("{:016x}", restored.game.state_hash());
    tracing::info!(%room, game, %tick, hash, sessions, %down, torn, %path, "a room is back");
    if let Some(tick) = restored.differs {
        tracing::warn!(%room, %tick, "the game's code is not what it was: the match differs");
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it said nothing".to_owned())
}

/// The name of the file that says which journal is being recovered.
const MARK: &str = "recovering";

impl DataDir {
    /// Notes which journal is being recovered, or that none is.
    fn mark(&self, journal: Option<&Path>) -> io::Result<()> {
        let mark = self.path().join(MARK);
        match journal.and_then(Path::file_name) {
            Some(name) => fs::write(mark, name.as_encoded_bytes()),
            None => match fs::remove_file(mark) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }

    /// The journal that was being recovered when a server ended, if it is still there.
    fn marked(&self) -> Option<PathBuf> {
        let name = fs::read_to_string(self.path().join(MARK)).ok()?;
        let path = self.path().join(Path::new(&name).file_name()?);
        path.is_file().then_some(path)
    }
}
