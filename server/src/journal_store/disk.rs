//! Files: where journals lie, what they are called, and who may read them.
//!
//! Behind traits, so that tests can have disks that are full, slow or broken. Knows nothing of what
//! is written.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::private_file;

/// What journals' names end in.
pub(crate) const ENDING: &str = ".journal";
/// What the names of those end in that have no closing record yet.
const OPEN_ENDING: &str = ".open.journal";
/// What the names of those end in that can't be gone on with.
const ASIDE_ENDING: &str = ".aside.journal";
/// Who holds a lock on this file has the folder to itself.
const LOCK: &str = "lock";
/// How many names are tried for a journal before something else must be wrong.
const NAMES_MAX: u32 = 100;

/// A place for journals.
pub(super) trait Disk: Send + Sync {
    /// Makes a journal whose name begins with `name`.
    fn create(&self, name: &str) -> io::Result<Box<dyn JournalFile>>;

    /// All journals that are there, open ones included.
    fn list(&self) -> io::Result<Vec<Kept>>;

    /// Deletes one of them.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Brings to the disk which files there are.
    fn sync(&self) -> io::Result<()>;
}

/// One journal that is being written.
pub(super) trait JournalFile: Send {
    /// Where it lies.
    fn path(&self) -> &Path;

    /// Appends bytes, all or an error.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts off everything beyond the first `bytes`.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;

    /// It has its closing record.
    fn finish(&mut self) -> io::Result<()>;

    /// Brings what was appended to the disk, from another thread.
    fn syncing(&self) -> Arc<dyn Syncing>;
}

/// Something that can be brought to the disk.
pub(super) trait Syncing: Send + Sync {
    /// Waits until it is there.
    fn sync(&self) -> io::Result<()>;
}

/// A journal in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// How long it is.
    pub(super) bytes: u64,
    /// When it was last written to.
    pub(super) written: SystemTime,
    /// Whether it has no closing record, by its name.
    pub(super) open: bool,
}

/// A folder of the machine.
pub(super) struct DataDir {
    path: PathBuf,
    /// Held for as long as this process writes there.
    _lock: File,
}

impl DataDir {
    /// The folder at `path`, made if it is not there, for its owner alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        private_file::make_folder(path)?;
        let lock = private_file::writing().create(true).open(path.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other(
                "another server writes there; give this one a --data-dir of its own",
            ),
            TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// An unfinished journal, to go on with it behind what [`JournalFile::cut`] leaves.
pub(super) fn reopen(path: &Path) -> io::Result<Box<dyn JournalFile>> {
    let file = Arc::new(private_file::writing().open(path)?);
    let path = path.to_owned();
    Ok(Box::new(OnDisk { path, file }))
}

/// Gives a journal the name of one that is finished.
pub(super) fn finish(path: &Path) -> io::Result<PathBuf> {
    rename(path, ENDING)
}

/// Gives a journal another name, so that no server goes on with it.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    rename(path, ASIDE_ENDING)
}

/// Gives an unfinished journal another ending.
fn rename(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let name = path.to_string_lossy();
    let Some(name) = name.strip_suffix(OPEN_ENDING) else {
        return Ok(path.to_owned());
    };
    let renamed = PathBuf::from(format!("{name}{ending}"));
    fs::rename(path, &renamed)?;
    Ok(renamed)
}

impl Disk for DataDir {
    fn create(&self, name: &str) -> io::Result<Box<dyn JournalFile>> {
        let mut last = None;
        for number in 1..=NAMES_MAX {
            let name = if number == 1 {
                name.to_owned()
            } else {
                format!("{name}-{number}")
            };
            let path = self.path.join(format!("{name}{OPEN_ENDING}"));
            let taken = |ending| self.path.join(format!("{name}{ending}")).exists();
            if taken(ENDING) || taken(ASIDE_ENDING) {
                continue;
            }
            match private_file::writing().create_new(true).open(&path) {
                Ok(file) => {
                    let file = Arc::new(file);
                    return Ok(Box::new(OnDisk { path, file }));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
    }

    fn list(&self) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.ends_with(ENDING) {
                continue;
            }
            // It may be gone by now.
            let Ok(about) = fs::metadata(&path) else {
                continue;
            };
            kept.push(Kept {
                bytes: about.len(),
                written: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                open: name.ends_with(OPEN_ENDING),
                path,
            });
        }
        Ok(kept)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync(&self) -> io::Result<()> {
        // Elsewhere a folder can't be opened as a file, and need not be.
        if cfg!(unix) {
            File::open(&self.path)?.sync_all()?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) fn on_disk(path: PathBuf, file: File) -> Box<dyn JournalFile> {
    let file = Arc::new(file);
    Box::new(OnDisk { path, file })
}

struct OnDisk {
    path: PathBuf,
    file: Arc<File>,
}

impl JournalFile for OnDisk {
    fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(bytes)
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        use std::io::Seek;
        self.file.set_len(bytes)?;
        (&*self.file).seek(io::SeekFrom::Start(bytes)).map(drop)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.path = finish(&self.path)?;
        Ok(())
    }

    fn syncing(&self) -> Arc<dyn Syncing> {
        self.file.clone()
    }
}

impl Syncing for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
