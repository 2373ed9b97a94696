//! Journals on a disk: what rooms record, written beside them.
//!
//! Rooms' threads only put records into a bounded queue and never wait. One thread encodes and
//! writes; a second one does what may take long, which is to bring what was written to the disk, and
//! to delete what is old. Whatever goes wrong here, play goes on, and the journal says what it lacks.
//!
//! - `queue`: what a room's thread holds
//! - `writer`: the thread that writes
//! - `keeper`: the thread that may wait for the disk
//! - `disk`: files, their names and rights, behind a trait
//! - `retention`: which files go
//! - `recovery`: what a server that was lost has left
//! - `health`: what went wrong, for `/readyz`, and the metrics; `id`: what a journal is called inside

mod disk;
mod health;
mod id;
mod keeper;
mod queue;
mod recovery;
mod retention;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use syncline_server_core::GameKind;
use tokio::sync::mpsc;

use crate::config::JournalConfig;
use crate::error::Error;
use crate::metrics::Metrics;
use disk::{DataDir, Disk};
use health::Health;
use keeper::Keeper;
use queue::Queue;
use recovery::recover;
use writer::Writer;

pub(crate) use queue::{Recorder, RecoveredMatch, RoomJournal};
pub(crate) use writer::BUILD;

/// Records that may wait for the writer: at least four seconds of 256 rooms at 30 Hz.
const QUEUE_RECORDS: usize = 32_768;

/// All journals of one server.
pub(crate) struct JournalStore {
    /// Where rooms put what they record; without one they record nothing.
    queue: Option<Queue>,
    health: Arc<Health>,
}

/// Ends the threads of a store.
pub(crate) struct JournalThreads {
    queue: Option<Queue>,
    /// Closed once both threads have let go of everything, the folder included.
    ended: mpsc::Receiver<()>,
}

impl JournalStore {
    /// A store that keeps nothing, because nobody wants it to.
    pub(crate) fn off(metrics: Arc<Metrics>) -> (Self, JournalThreads) {
        let health = Arc::new(Health::new(metrics));
        health.switch_off("matches are not recorded: journals are switched off".to_owned());
        let (_, ended) = mpsc::channel(1);
        let store = Self {
            queue: None,
            health,
        };
        (store, JournalThreads { queue: None, ended })
    }

    /// A store in the folder of `config`, and the matches that a server before this left there
    /// unfinished, of games by their names. If the folder can't be used the store keeps nothing, and
    /// says so: play is worth more than its record.
    ///
    /// # Errors
    ///
    /// [`Error::Thread`] if the system lends none.
    pub(crate) fn open(
        config: &JournalConfig,
        metrics: Arc<Metrics>,
        kind: impl Fn(&str) -> Option<Arc<dyn GameKind>>,
    ) -> Result<(Self, JournalThreads, Vec<RecoveredMatch>), Error> {
        let health = Arc::new(Health::new(metrics));
        let (alive, ended) = mpsc::channel(1);
        let opened = DataDir::open(&config.dir);
        let opened = opened.and_then(|disk| Ok((recover(&disk, kind)?, disk)));
        let (found, disk): (_, Arc<dyn Disk>) = match opened {
            Ok((found, disk)) => (found, Arc::new(disk)),
            Err(error) => {
                let dir = config.dir.display();
                tracing::error!(%dir, %error, "matches are not recorded: the folder can't be used");
                health.switch_off(format!("matches are not recorded: {dir}: {error}"));
                let store = Self {
                    queue: None,
                    health,
                };
                return Ok((store, JournalThreads { queue: None, ended }, Vec::new()));
            }
        };
        health.note_recovered(found.matches.len(), found.set_aside);
        let (queue, told) = Queue::new(QUEUE_RECORDS, health.clone());
        let keeper = Keeper::new(disk.clone(), config, health.clone());
        let writer = Writer::new(disk, keeper.handle(), health.clone());
        let matches = found.matches.into_values().map(|unfinished| {
            keeper.handle().open(unfinished.file.path());
            queue.go_on(unfinished)
        });
        let matches = matches.collect();
        let writing = alive.clone();
        start("syncline-journal", move || {
            writer.run(&told);
            drop(writing);
        })?;
        start("syncline-keeper", move || {
            keeper.run();
            drop(alive);
        })?;
        let store = Self {
            queue: Some(queue.clone()),
            health,
        };
        let queue = Some(queue);
        Ok((store, JournalThreads { queue, ended }, matches))
    }

    /// Where rooms put what they record.
    pub(crate) fn recorder(&self) -> Recorder {
        self.queue
            .clone()
            .map_or_else(Recorder::default, Recorder::new)
    }

    /// What is wrong, in a line each; nothing if all is recorded.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.health.problems()
    }
}

impl JournalThreads {
    /// Has everything written that was put into the queue, brought to the disk if that was asked for,
    /// and waits for that, but not longer than `longest`; whether it is done.
    pub(crate) async fn end(self, longest: Duration) -> bool {
        let Self { queue, mut ended } = self;
        let Some(queue) = queue else {
            return true;
        };
        queue.stop();
        tokio::time::timeout(longest, ended.recv()).await.is_ok()
    }
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map(drop).map_err(Error::Thread)
}
