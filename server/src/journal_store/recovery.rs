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
use syncline_shared::tick::Tick;

use super::disk::{DataDir, Disk, JournalFile, Kept, finish, reopen, set_aside};

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
        found.set_aside(&killer, why);
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
            Ok(Verdict::GoesOn(restored, writer)) => self.go_on(journal, *restored, writer),
            Ok(Verdict::Ended) => finish(path).map(drop),
            Ok(Verdict::Empty) => dir.remove(path),
            Ok(Verdict::Left(why)) => {
                tracing::warn!(path = %path.display(), why, "an unfinished journal is left alone");
                Ok(())
            }
            Ok(Verdict::SetAside(why)) => {
                self.set_aside(path, &why);
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
        journal: &Kept,
        restored: Restored,
        writer: JournalWriter,
    ) -> io::Result<()> {
        let mut file = reopen(&journal.path)?;
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

    fn set_aside(&mut self, path: &Path, why: &str) {
        let aside = set_aside(path);
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
        _ if restored.vain >= VAIN_MAX && restored.game.tick() > Tick::ZERO => {
            Verdict::SetAside(format!(
                "the server was lost each of the last {} times that it went on with this match",
                restored.vain
            ))
        }
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

#[cfg(test)]
mod tests {
    use syncline_games::Pong;
    use syncline_server_core::{RoomConfig, game_kind};
    use syncline_shared::game::Game;
    use syncline_shared::id::RoomCode;
    use syncline_shared::journal::{FileHeader, Hold, MatchHeader, Record, TickRecord};

    use super::*;

    fn header(game: &str, room: u32, incarnation: u32) -> FileHeader {
        let (kind, schema) = (game_kind::<Pong>(), Pong::schema());
        let code = RoomCode::from_entropy(room.into());
        FileHeader {
            build: String::new(),
            started_unix_ms: 0,
            room: RoomConfig::new(RoomId(room), code, 1).header(),
            incarnation,
            schema: schema.encoded().to_vec(),
            start: MatchHeader {
                game: game.to_owned(),
                fingerprint: schema.fingerprint(),
                config: kind.default_config(),
                seed: 1,
                checkpoint_interval: 300,
            },
            roster: Vec::new(),
        }
    }

    fn ticks(count: u32) -> Vec<Record> {
        let tick = |tick| TickRecord {
            tick: Tick(tick),
            ..TickRecord::default()
        };
        (1..=count).map(|at| Record::Tick(tick(at))).collect()
    }

    /// A folder in which a server was lost.
    struct Folder {
        folder: tempfile::TempDir,
        disk: DataDir,
    }

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let disk = DataDir::open(folder.path()).unwrap();
            Self { folder, disk }
        }

        fn put(&self, name: &str, header: &FileHeader, records: &[Record]) -> PathBuf {
            let mut bytes = Vec::new();
            let mut writer = JournalWriter::begin(header, &mut bytes).unwrap();
            for record in records {
                writer.write(record, &mut bytes);
            }
            writer.flush(&mut bytes);
            let path = self.folder.path().join(format!("{name}.open.journal"));
            fs::write(&path, bytes).unwrap();
            path
        }

        fn recover(&self) -> Found {
            let kind = |name: &str| (name == Pong::NAME).then(game_kind::<Pong>);
            recover(&self.disk, kind).unwrap()
        }

        /// The journals that are there, without what all of their names end in.
        fn names(&self) -> Vec<String> {
            let files = fs::read_dir(self.folder.path()).unwrap();
            let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
            let journals = names.filter_map(|it| it.strip_suffix(".journal").map(str::to_owned));
            let mut journals: Vec<String> = journals.collect();
            journals.sort();
            journals
        }
    }

    #[test]
    fn what_is_unfinished_goes_on_without_its_torn_tail() {
        let folder = Folder::new();
        let path = folder.put("a", &header(Pong::NAME, 3, 1), &ticks(9));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], &[17, 1, 2]].concat()).unwrap();
        let found = folder.recover();
        let one = &found.matches[&RoomId(3)];
        assert_eq!(one.restored.game.tick(), Tick(9));
        assert_eq!(one.writer.bytes(), whole.len() as u64);
        assert_eq!(fs::read(&path).unwrap(), whole);
        assert!(found.set_aside.is_empty());
        assert_eq!(folder.names(), ["a.open"]);
        assert!(!folder.folder.path().join(MARK).exists());
    }

    #[test]
    fn what_is_damaged_is_set_aside() {
        let folder = Folder::new();
        let path = folder.put("a", &header(Pong::NAME, 3, 1), &ticks(200));
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() - 90;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        folder.put("b", &header(Pong::NAME, 4, 1), &ticks(2));
        let found = folder.recover();
        assert_eq!(found.matches.keys().collect::<Vec<_>>(), [&RoomId(4)]);
        assert_eq!(found.set_aside.len(), 1);
        assert!(
            found.set_aside[0].contains("damaged at byte"),
            "{:?}",
            found.set_aside
        );
        assert_eq!(folder.names(), ["a.aside", "b.open"]);
        assert!(
            folder.recover().set_aside.is_empty(),
            "it is not tried again"
        );
    }

    /// A journal that ends the process while it is recovered does so once.
    #[test]
    fn what_ended_a_server_before_is_set_aside() {
        let folder = Folder::new();
        let path = folder.put("a", &header(Pong::NAME, 3, 1), &ticks(2));
        folder.put("b", &header(Pong::NAME, 4, 1), &ticks(2));
        folder.disk.mark(Some(&path)).unwrap();
        let found = folder.recover();
        assert_eq!(found.matches.keys().collect::<Vec<_>>(), [&RoomId(4)]);
        assert_eq!(folder.names(), ["a.aside", "b.open"]);
        assert!(folder.recover().set_aside.is_empty());
    }

    #[test]
    fn what_ends_every_server_that_goes_on_with_it_is_set_aside() {
        let hold = |_| {
            Record::Hold(Hold {
                from_unix_ms: 1,
                waited_ms: 1,
            })
        };
        let folder = Folder::new();
        for (name, room, holds) in [("a", 1, 1), ("b", 2, 2)] {
            let records = [ticks(5), (0..holds).map(hold).collect()].concat();
            folder.put(name, &header(Pong::NAME, room, 1), &records);
        }
        let found = folder.recover();
        assert_eq!(found.matches.keys().collect::<Vec<_>>(), [&RoomId(1)]);
        assert_eq!(found.matches[&RoomId(1)].restored.incarnation, 2);
        assert_eq!(folder.names(), ["a.open", "b.aside"]);
    }

    #[test]
    fn what_is_over_or_empty_or_of_another_server_is_no_trouble() {
        let folder = Folder::new();
        let over = [ticks(5), vec![Record::End(Ending::Closed)]].concat();
        folder.put("over", &header(Pong::NAME, 1, 1), &over);
        folder.put("chess", &header("chess", 2, 1), &ticks(5));
        let empty = folder.put("empty", &header(Pong::NAME, 3, 1), &[]);
        let bytes = fs::read(&empty).unwrap();
        fs::write(&empty, &bytes[..bytes.len() / 2]).unwrap();
        let found = folder.recover();
        assert!(found.matches.is_empty() && found.set_aside.is_empty());
        assert_eq!(folder.names(), ["chess.open", "over"]);
    }

    #[test]
    fn of_two_journals_of_a_room_the_later_match_goes_on() {
        let folder = Folder::new();
        folder.put("a", &header(Pong::NAME, 1, 2), &ticks(5));
        folder.put("b", &header(Pong::NAME, 1, 1), &ticks(7));
        folder.put("c", &header(Pong::NAME, 1, 3), &ticks(6));
        let found = folder.recover();
        assert_eq!(found.matches[&RoomId(1)].restored.game.tick(), Tick(6));
        assert_eq!(folder.names(), ["a", "b", "c.open"]);
        let bytes = fs::read(folder.folder.path().join("a.journal")).unwrap();
        let last = JournalReader::open(&bytes).unwrap().last();
        assert!(matches!(last, Some(Record::End(Ending::Lost(_)))));
    }
}
