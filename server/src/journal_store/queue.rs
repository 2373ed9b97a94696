//! What a room's thread holds: the way in, which never waits.
//!
//! When the queue is full, the match that wanted in is recorded no further. Half a journal is worth
//! its first half; one with a hole is worth no more.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use syncline_server_core::RoomOutput;
use syncline_server_core::replay::Restored;
use syncline_shared::journal::{Ending, FileHeader, JournalWriter, Record, TickRecord};
use syncline_shared::tick::Tick;

use super::disk::JournalFile;
use super::health::Health;
use super::id::JournalId;
use super::recovery::Unfinished;

/// Why a journal goes no further if there was no place for it.
pub(super) const FULL: &str = "records came faster than they could be written";

/// Bytes of checkpoints that may wait for the writer. A heavy match's are a few hundred kilobytes.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// What the writer is told.
pub(super) enum Told {
    /// A journal begins.
    Begin(JournalId, Box<FileHeader>),
    /// A journal of a server before this goes on.
    GoOn(JournalId, Box<GoesOn>),
    /// It goes on.
    Record(JournalId, Box<Record>),
    /// It goes on with the match itself.
    Checkpoint(JournalId, Tick, Vec<u8>),
    /// The server ends.
    Stop,
}

/// A journal that goes on.
pub(super) struct GoesOn {
    pub(super) header: Arc<FileHeader>,
    pub(super) file: Box<dyn JournalFile>,
    pub(super) writer: JournalWriter,
    /// Whether it tells of any tick.
    pub(super) tells: bool,
}

/// A match that was recovered, and where it records from now on.
pub(crate) struct RecoveredMatch {
    pub(crate) restored: Restored,
    pub(crate) journal: RoomJournal,
}

/// The way to the writer, for all rooms.
#[derive(Clone)]
pub(super) struct Queue {
    told: SyncSender<Told>,
    shared: Arc<Shared>,
}

/// Where rooms put what they record. Without a queue they record nothing.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Option<Queue>);

impl Recorder {
    /// One that puts it there.
    pub(super) fn new(queue: Queue) -> Self {
        Self(Some(queue))
    }

    /// Whether rooms should record.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What one room's thread holds.
    pub(crate) fn room(&self) -> RoomJournal {
        RoomJournal::new(self.0.clone())
    }
}

/// What the queue's two ends both look at.
pub(super) struct Shared {
    journals: AtomicU64,
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    stopped: AtomicBool,
    /// Journals for which there was no place.
    overflowed: Mutex<Vec<JournalId>>,
    health: Arc<Health>,
}

impl Queue {
    /// A queue of so many records, and its other end.
    pub(super) fn new(records: usize, health: Arc<Health>) -> (Self, Taken) {
        let (told, taken) = sync_channel(records);
        let shared = Arc::new(Shared {
            journals: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            overflowed: Mutex::default(),
            health,
        });
        let queue = Self {
            told,
            shared: shared.clone(),
        };
        (
            queue,
            Taken {
                told: taken,
                shared,
            },
        )
    }

    /// Lets a journal go on; what its room's thread needs.
    pub(super) fn go_on(&self, unfinished: Unfinished) -> RecoveredMatch {
        let Unfinished {
            restored,
            file,
            writer,
        } = unfinished;
        let mut journal = RoomJournal::new(Some(self.clone()));
        let id = self.begin();
        journal.journal = Some(id);
        let goes_on = GoesOn {
            header: restored.header.clone(),
            file,
            writer,
            tells: restored.game.tick() > Tick::ZERO,
        };
        journal.overflowed = !journal.tell(Told::GoOn(id, Box::new(goes_on)));
        RecoveredMatch { restored, journal }
    }

    fn begin(&self) -> JournalId {
        JournalId(self.shared.journals.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells the writer, if there is a place; whether there was.
    fn tell(&self, told: Told) -> bool {
        let bytes = told.bytes();
        let shared = &self.shared;
        if bytes > 0 && shared.bytes.load(Ordering::Relaxed) + bytes > QUEUE_BYTES {
            return false;
        }
        shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        match self.told.try_send(told) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
                shared.waiting.fetch_sub(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// A journal for which there is no place goes no further.
    fn overflow(&self, journal: JournalId) {
        self.shared.health.lose(journal, FULL);
        let overflowed = self.shared.overflowed.lock();
        overflowed
            .unwrap_or_else(PoisonError::into_inner)
            .push(journal);
    }

    /// Tells the writer to end once it has written all that was told before.
    pub(super) fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Only to wake it; if there is no place it is awake.
        let _ = self.told.try_send(Told::Stop);
    }
}

impl Told {
    fn bytes(&self) -> usize {
        match self {
            Self::Checkpoint(_, _, state) => state.len(),
            Self::Begin(..) | Self::GoOn(..) | Self::Record(..) | Self::Stop => 0,
        }
    }
}

/// The writer's end of the queue.
pub(super) struct Taken {
    told: Receiver<Told>,
    shared: Arc<Shared>,
}

impl Taken {
    /// The next thing that was told; waits for it. `None` if nobody is left to tell anything.
    pub(super) fn wait(&self) -> Option<Told> {
        let told = self.told.recv().ok()?;
        Some(self.note(told))
    }

    /// The next thing that was told already.
    pub(super) fn take(&self) -> Option<Told> {
        let told = self.told.try_recv().ok()?;
        Some(self.note(told))
    }

    /// Journals for which there was no place since the last call.
    pub(super) fn overflowed(&self) -> Vec<JournalId> {
        let overflowed = self.shared.overflowed.lock();
        std::mem::take(&mut *overflowed.unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing more is to come.
    pub(super) fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Acquire)
    }

    fn note(&self, told: Told) -> Told {
        if !matches!(told, Told::Stop) {
            let shared = &self.shared;
            shared.bytes.fetch_sub(told.bytes(), Ordering::Relaxed);
            let waiting = shared.waiting.fetch_sub(1, Ordering::Relaxed) - 1;
            shared.health.show_waiting(waiting);
        }
        told
    }
}

/// Records one room's matches.
pub(crate) struct RoomJournal {
    queue: Option<Queue>,
    /// The journal of the running match.
    journal: Option<JournalId>,
    /// Whether there was no place for it once.
    overflowed: bool,
}

impl RoomJournal {
    fn new(queue: Option<Queue>) -> Self {
        Self {
            queue,
            journal: None,
            overflowed: false,
        }
    }

    /// Takes in what the room wants recorded; anything else is none of its business.
    pub(crate) fn take(&mut self, output: RoomOutput) {
        let Some(queue) = &self.queue else {
            return;
        };
        let (journal, told) = match (output, self.journal) {
            (RoomOutput::JournalBegan(header), _) => {
                let journal = queue.begin();
                (journal, Told::Begin(journal, header))
            }
            (RoomOutput::Record(record), Some(journal)) => (journal, Told::Record(journal, record)),
            (RoomOutput::Checkpoint(tick, state), Some(journal)) => {
                (journal, Told::Checkpoint(journal, tick, state))
            }
            _ => return,
        };
        let begins = matches!(told, Told::Begin(..));
        let ends = matches!(&told, Told::Record(_, record) if matches!(**record, Record::End(_)));
        if begins {
            self.end();
            self.journal = Some(journal);
        }
        if !self.overflowed && !self.tell(told) {
            self.overflowed = true;
        }
        if ends {
            self.end();
        }
    }

    fn tell(&self, told: Told) -> bool {
        let (Some(queue), Some(journal)) = (&self.queue, self.journal) else {
            return true;
        };
        let taken = queue.tell(told);
        if !taken {
            queue.overflow(journal);
        }
        taken
    }

    /// The match is over. Of a journal that got this far the writer knows; of others nobody is told.
    fn end(&mut self) {
        if let (Some(queue), Some(journal), true) = (&self.queue, self.journal, self.overflowed) {
            queue.shared.health.forget(journal);
        }
        (self.journal, self.overflowed) = (None, false);
    }

    /// The room's game panicked, and said this; in this tick, if it was in one.
    pub(crate) fn panicked(&mut self, what: &str, tick: Option<TickRecord>) {
        let ending = Ending::Panicked(what.to_owned(), tick.map(Box::new));
        self.take(RoomOutput::Record(Box::new(Record::End(ending))));
    }
}

impl Drop for RoomJournal {
    fn drop(&mut self) {
        self.end();
    }
}
