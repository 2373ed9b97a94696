//! The thread that may wait for the disk: it brings there what was written, and deletes what is old.
//!
//! The writer only tells it which files have something new. However slow the disk is, there is one
//! entry for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::disk::{Disk, Syncing};
use super::health::Health;
use super::id::JournalId;
use super::retention::{Limits, surplus};
use crate::config::{JournalConfig, JournalSync};

/// How often old journals are looked for.
const RETENTION: Duration = Duration::from_mins(1);
/// How long is between two rounds of [`JournalSync::Second`].
const SECOND: Duration = Duration::from_secs(1);

/// What the writer tells the keeper.
#[derive(Clone)]
pub(super) struct KeeperHandle {
    shared: Arc<Shared>,
    policy: JournalSync,
}

#[derive(Default)]
struct Shared {
    work: Mutex<Work>,
    some: Condvar,
}

#[derive(Default)]
struct Work {
    /// Files with something new.
    files: BTreeMap<JournalId, Arc<dyn Syncing>>,
    /// Whether there are other files than before.
    folder: bool,
    /// Files that are being written.
    written: BTreeSet<PathBuf>,
    stop: bool,
}

impl KeeperHandle {
    /// A journal has something new.
    pub(super) fn add(&self, journal: JournalId, file: impl FnOnce() -> Arc<dyn Syncing>) {
        if self.policy != JournalSync::Never {
            let mut work = self.shared.lock();
            let was_empty = work.files.is_empty();
            work.files.entry(journal).or_insert_with(file);
            drop(work);
            if was_empty {
                self.shared.some.notify_one();
            }
        }
    }

    /// There is another file, which is being written from now on.
    pub(super) fn open(&self, path: &Path) {
        let mut work = self.shared.lock();
        work.written.insert(path.to_owned());
        work.folder = true;
    }

    /// The file at `path` was written to the last time.
    pub(super) fn close(&self, path: &Path) {
        let mut work = self.shared.lock();
        work.written.remove(path);
        work.folder = true;
    }

    /// Nothing more comes.
    pub(super) fn stop(&self) {
        self.shared.lock().stop = true;
        self.shared.some.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Work> {
        // Nothing here panics halfway through a change.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keeper itself.
pub(super) struct Keeper {
    disk: Arc<dyn Disk>,
    handle: KeeperHandle,
    limits: Limits,
    health: Arc<Health>,
}

impl Keeper {
    pub(super) fn new(disk: Arc<dyn Disk>, config: &JournalConfig, health: Arc<Health>) -> Self {
        let handle = KeeperHandle {
            shared: Arc::default(),
            policy: config.sync,
        };
        let limits = Limits {
            age: Duration::from_hours(24 * u64::from(config.keep_days)),
            bytes: config.max_bytes,
        };
        Self {
            disk,
            handle,
            limits,
            health,
        }
    }

    /// What the writer needs to tell it.
    pub(super) fn handle(&self) -> KeeperHandle {
        self.handle.clone()
    }

    /// Works until it is told to stop.
    pub(super) fn run(self) {
        let mut retention = Instant::now();
        let mut synced = Instant::now();
        loop {
            let now = Instant::now();
            if retention <= now {
                self.delete_old();
                retention = now + RETENTION;
            }
            let mut stop = self.wait(retention);
            if !stop && self.handle.policy == JournalSync::Second {
                stop = self.rest(synced + SECOND);
            }
            synced = Instant::now();
            self.sync();
            if stop {
                return;
            }
        }
    }

    /// Waits until there is something to sync, or for so long; whether to stop.
    fn wait(&self, until: Instant) -> bool {
        let shared = &self.handle.shared;
        let longest = until.saturating_duration_since(Instant::now());
        let idle = |work: &mut Work| work.files.is_empty() && !work.stop;
        let waited = shared
            .some
            .wait_timeout_while(shared.lock(), longest, idle)
            .unwrap_or_else(PoisonError::into_inner);
        waited.0.stop
    }

    /// Lets more come together until then; whether to stop.
    fn rest(&self, until: Instant) -> bool {
        let shared = &self.handle.shared;
        let longest = until.saturating_duration_since(Instant::now());
        let waited = shared
            .some
            .wait_timeout_while(shared.lock(), longest, |work| !work.stop)
            .unwrap_or_else(PoisonError::into_inner);
        waited.0.stop
    }

    /// Brings to the disk what was told of.
    pub(super) fn sync(&self) {
        let (files, folder) = {
            let mut work = self.handle.shared.lock();
            let folder = std::mem::take(&mut work.folder);
            (std::mem::take(&mut work.files), folder)
        };
        if self.handle.policy == JournalSync::Never || files.is_empty() && !folder {
            return;
        }
        let began = Instant::now();
        let mut outcome = Ok(());
        for file in files.into_values() {
            outcome = outcome.and(file.sync());
        }
        if folder {
            outcome = outcome.and(self.disk.sync());
        }
        self.health.note_synced(began.elapsed(), outcome);
    }

    /// Deletes the journals that are too many.
    pub(super) fn delete_old(&self) {
        let kept = match self.disk.list() {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "old journals can't be looked for");
                return;
            }
        };
        let written = self.handle.shared.lock().written.clone();
        let is_written = |path: &Path| written.contains(path);
        for path in surplus(&kept, self.limits, SystemTime::now(), is_written) {
            match self.disk.remove(&path) {
                Ok(()) => {
                    self.health.note_deleted();
                    tracing::info!(path = %path.display(), "an old journal was deleted");
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "an old journal can't be deleted");
                }
            }
        }
    }
}
