//! What went wrong with journals: for `/readyz`, the log and the metrics.
//!
//! A match that is recorded no further is logged once and counted, and shown for as long as it may
//! be running.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::id::JournalId;
use crate::metrics::Metrics;

/// How journals are.
pub(super) struct Health {
    metrics: Arc<Metrics>,
    /// How many there are in `troubles.lost`, for those who only want to know whether there are any.
    lost: AtomicUsize,
    troubles: Mutex<Troubles>,
}

#[derive(Default)]
struct Troubles {
    /// Why nothing is recorded at all.
    off: Option<String>,
    /// Matches that are recorded no further, and why.
    lost: BTreeMap<JournalId, String>,
    /// Why what was written last may not be on the disk.
    unsynced: Option<String>,
    /// Journals that can't be gone on with, in a line each.
    set_aside: Vec<String>,
}

impl Health {
    /// All is well.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            lost: AtomicUsize::new(0),
            troubles: Mutex::default(),
        }
    }

    /// Nothing is recorded, for this reason.
    pub(super) fn switch_off(&self, why: String) {
        self.lock().off = Some(why);
    }

    /// So many matches go on, and these journals were set aside.
    pub(super) fn note_recovered(&self, matches: usize, set_aside: Vec<String>) {
        self.metrics.journals.recovered.inc_by(matches as u64);
        self.metrics
            .journals
            .set_aside
            .inc_by(set_aside.len() as u64);
        self.lock().set_aside = set_aside;
    }

    /// A match is recorded no further.
    pub(super) fn lose(&self, journal: JournalId, why: &str) {
        let mut troubles = self.lock();
        let first = troubles.lost.is_empty();
        if troubles.lost.insert(journal, why.to_owned()).is_some() {
            return;
        }
        self.lost.store(troubles.lost.len(), Ordering::Relaxed);
        drop(troubles);
        self.metrics.journals.lost.inc();
        if first {
            tracing::error!(why, "a match is recorded no further; others may follow");
        } else {
            tracing::debug!(why, "a match is recorded no further");
        }
    }

    /// A match is over, or another has begun in its room.
    pub(super) fn forget(&self, journal: JournalId) {
        if self.lost.load(Ordering::Relaxed) > 0 {
            let mut troubles = self.lock();
            troubles.lost.remove(&journal);
            self.lost.store(troubles.lost.len(), Ordering::Relaxed);
        }
    }

    /// So many records wait for the writer.
    pub(super) fn show_waiting(&self, records: usize) {
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        self.metrics.journals.waiting.set(records);
    }

    /// So many bytes were written, in this time.
    pub(super) fn note_written(&self, bytes: usize, took: Duration) {
        self.metrics.journals.bytes.inc_by(bytes as u64);
        self.metrics.journals.write.observe(took.as_secs_f64());
    }

    /// So many records were encoded.
    pub(super) fn note_records(&self, records: u64) {
        self.metrics.journals.records.inc_by(records);
    }

    /// Files were brought to the disk in this time, or not.
    pub(super) fn note_synced(&self, took: Duration, outcome: Result<(), io::Error>) {
        self.metrics.journals.sync.observe(took.as_secs_f64());
        let mut troubles = self.lock();
        match outcome {
            Ok(()) => troubles.unsynced = None,
            Err(error) => {
                let why = error.to_string();
                if troubles.unsynced.replace(why).is_none() {
                    tracing::error!(%error, "journals may not be on the disk");
                }
            }
        }
    }

    /// A journal was deleted because there were too many.
    pub(super) fn note_deleted(&self) {
        self.metrics.journals.deleted.inc();
    }

    /// What is wrong, in a line each.
    pub(super) fn problems(&self) -> Vec<String> {
        let troubles = self.lock();
        let lost = troubles.lost.first_key_value().map(|(_, why)| {
            let count = troubles.lost.len();
            format!("{count} running matches are recorded no further: {why}")
        });
        let unsynced = troubles.unsynced.as_ref();
        let unsynced = unsynced.map(|why| format!("journals may not be on the disk: {why}"));
        let off = troubles.off.clone();
        let aside = troubles.set_aside.iter().cloned();
        let problems = off.into_iter().chain(lost).chain(unsynced);
        problems.chain(aside).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Troubles> {
        // Nothing here panics halfway through a change.
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
