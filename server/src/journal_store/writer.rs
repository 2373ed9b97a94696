//! The thread that writes: records into bytes, and all bytes of a turn at once into each file.
//!
//! It also packs checkpoints, so that no room's thread does. It never waits for the disk if the
//! system has memory to take its bytes; who does is the keeper.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use syncline_server_core::replay::pack;
use syncline_shared::journal::{Ending, FileHeader, JournalWriter, Record};
use syncline_shared::schema::Schema;

use super::disk::{Disk, JournalFile};
use super::health::Health;
use super::id::JournalId;
use super::keeper::KeeperHandle;
use super::queue::{FULL, GoesOn, Taken, Told};

/// The longest that the writer lets records come together before it looks again; it is half a tick of
/// the fastest match if that is less. What a process loses when it is killed is this and a quiet tick,
/// less than two ticks; and nobody has to wake the writer.
const TURN_MAX: Duration = Duration::from_millis(15);

/// The most records of one turn, so that it ends however fast they come.
const TURN_RECORDS: usize = 4096;

/// What the header says wrote a journal.
pub(crate) const BUILD: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Writes all journals of a server.
pub(super) struct Writer {
    disk: Arc<dyn Disk>,
    keeper: KeeperHandle,
    health: Arc<Health>,
    open: BTreeMap<JournalId, OpenJournal>,
    /// Those with bytes to write in this turn.
    touched: BTreeSet<JournalId>,
    records: u64,
}

/// A journal that has no closing record yet.
struct OpenJournal {
    file: Box<dyn JournalFile>,
    writer: JournalWriter,
    /// What is to be written in this turn.
    buffer: Vec<u8>,
    /// Bytes that were written.
    written: u64,
    /// Why nothing more is recorded, if that is so.
    lost: Option<String>,
    half_tick: Duration,
    /// Whether it has its closing record.
    ended: bool,
    /// Whether that is of a panic.
    panicked: bool,
    /// Whether it tells of any tick, or of a panic before the first.
    tells: bool,
}

impl Writer {
    pub(super) fn new(disk: Arc<dyn Disk>, keeper: KeeperHandle, health: Arc<Health>) -> Self {
        Self {
            disk,
            keeper,
            health,
            open: BTreeMap::new(),
            touched: BTreeSet::new(),
            records: 0,
        }
    }

    /// Writes what is told, turn by turn, until it is told to stop.
    pub(super) fn run(mut self, queue: &Taken) {
        // Without anything to write the thread sleeps until something comes.
        while let Some(first) = queue.wait() {
            self.take(first);
            for told in std::iter::from_fn(|| queue.take()).take(TURN_RECORDS) {
                self.take(told);
            }
            self.write();
            for journal in queue.overflowed() {
                self.lose(journal, FULL);
                // Its room says nothing more of it.
                self.close(journal);
            }
            if queue.is_stopped() {
                // Rooms have ended before: what is left is all there is.
                std::iter::from_fn(|| queue.take()).for_each(|told| self.take(told));
                break;
            }
            std::thread::sleep(self.turn());
        }
        self.finish();
    }

    /// How long to let records come together now.
    fn turn(&self) -> Duration {
        let halves = self.open.values().map(|open| open.half_tick);
        halves.min().unwrap_or(TURN_MAX).min(TURN_MAX)
    }

    /// Takes in one thing that was told.
    pub(super) fn take(&mut self, told: Told) {
        let (journal, mut record) = match told {
            Told::Begin(journal, header) => return self.begin(journal, *header),
            Told::GoOn(journal, goes_on) => return self.go_on(journal, *goes_on),
            Told::Record(journal, record) => (journal, *record),
            Told::Checkpoint(journal, tick, state) => {
                (journal, Record::Checkpoint(pack(tick, &state)))
            }
            Told::Stop => return,
        };
        if let Record::Hold(hold) = &mut record {
            hold.from_unix_ms = unix_ms().saturating_sub(hold.waited_ms.into());
        }
        let is_end = matches!(record, Record::End(_));
        let Some(open) = self.open.get_mut(&journal) else {
            // It never began, or is cut short.
            if is_end {
                self.health.forget(journal);
            }
            return;
        };
        if open.lost.is_none() {
            open.writer.write(&record, &mut open.buffer);
            self.records += 1;
        }
        open.ended |= is_end;
        open.panicked |= matches!(record, Record::End(Ending::Panicked(..)));
        open.tells |= open.panicked || matches!(record, Record::Tick(_));
        if is_end || !open.buffer.is_empty() {
            self.touched.insert(journal);
        }
    }

    fn begin(&mut self, journal: JournalId, mut header: FileHeader) {
        BUILD.clone_into(&mut header.build);
        header.started_unix_ms = unix_ms();
        match self.create(&header) {
            Ok(open) => {
                self.open.insert(journal, open);
                self.touched.insert(journal);
            }
            Err(error) => self.health.lose(journal, &error.to_string()),
        }
    }

    fn go_on(&mut self, journal: JournalId, goes_on: GoesOn) {
        let GoesOn {
            header,
            file,
            writer,
            tells,
        } = goes_on;
        match OpenJournal::new(&header, file, writer, Vec::new()) {
            Ok(mut open) => {
                open.written = open.writer.bytes();
                open.tells = tells;
                self.open.insert(journal, open);
            }
            Err(error) => self.health.lose(journal, &error.to_string()),
        }
    }

    fn create(&self, header: &FileHeader) -> io::Result<OpenJournal> {
        let mut buffer = Vec::new();
        let writer = JournalWriter::begin(header, &mut buffer).map_err(io::Error::other)?;
        let file = self.disk.create(&name(header))?;
        let (room, path) = (header.room.id, file.path().display());
        tracing::info!(%room, %path, "a journal begins");
        self.keeper.open(file.path());
        OpenJournal::new(header, file, writer, buffer)
    }

    /// Writes what the journals of this turn have, each at once.
    pub(super) fn write(&mut self) {
        for journal in std::mem::take(&mut self.touched) {
            let Some(open) = self.open.get_mut(&journal) else {
                continue;
            };
            let (ended, began) = (open.ended, Instant::now());
            match open.write_out() {
                Ok(bytes) if bytes > 0 => {
                    self.health.note_written(bytes, began.elapsed());
                    self.keeper.add(journal, || open.file.syncing());
                }
                Ok(_) => {}
                Err(error) => self.lose(journal, &error.to_string()),
            }
            if ended {
                self.close(journal);
                self.health.forget(journal);
            }
        }
        self.health.note_records(std::mem::take(&mut self.records));
    }

    /// A journal goes no further, though its match goes on.
    fn lose(&mut self, journal: JournalId, why: &str) {
        self.health.lose(journal, why);
        let Some(open) = self.open.get_mut(&journal) else {
            return;
        };
        if open.mark_lost(why) {
            self.keeper.add(journal, || open.file.syncing());
            self.close(journal);
        }
    }

    /// Closes a journal that has its closing record, if the disk took one.
    fn close(&mut self, journal: JournalId) {
        let Some(mut open) = self.open.remove(&journal) else {
            return;
        };
        let marked = open.lost.clone().is_none_or(|why| open.mark_lost(&why));
        self.keeper.close(open.file.path());
        if !open.tells {
            // Its room closed before a match began: nobody has any use for it.
            if let Err(error) = self.disk.remove(open.file.path()) {
                let path = open.file.path().display();
                tracing::warn!(%path, %error, "an empty journal can't be deleted");
            }
            return;
        }
        if !marked {
            return;
        }
        let finished = open.file.finish();
        let path = open.file.path().display();
        if let Err(error) = finished {
            tracing::warn!(%path, %error, "a finished journal can't be renamed");
        }
        if open.panicked {
            let run = format!("syncline replay {path} --verify");
            tracing::error!(%path, run, "a journal leads up to the panic");
        }
    }

    /// Writes what is left when the server ends. Journals of running matches stay open, for the next
    /// start to see.
    fn finish(&mut self) {
        for open in self.open.values_mut() {
            open.writer.flush(&mut open.buffer);
        }
        self.touched = self.open.keys().copied().collect();
        self.write();
        self.keeper.stop();
    }
}

impl OpenJournal {
    /// A journal with these bytes to write.
    fn new(
        header: &FileHeader,
        file: Box<dyn JournalFile>,
        writer: JournalWriter,
        buffer: Vec<u8>,
    ) -> io::Result<Self> {
        let schema = Schema::decode(&header.schema).map_err(io::Error::other)?;
        let period = schema.data().tick_rate.period_micros();
        Ok(Self {
            file,
            writer,
            buffer,
            written: 0,
            lost: None,
            half_tick: Duration::from_micros(period / 2),
            ended: false,
            panicked: false,
            tells: false,
        })
    }

    /// Writes what the turn brought; how many bytes.
    fn write_out(&mut self) -> io::Result<usize> {
        let bytes = self.buffer.len();
        if self.lost.is_none() && bytes > 0 {
            self.file.append(&self.buffer)?;
            self.written += bytes as u64;
        }
        self.buffer.clear();
        Ok(bytes)
    }

    /// Ends the journal with a record that says that the rest is lost; whether the disk took it. What
    /// a failed write left there is cut off first, or the record would stand behind it.
    fn mark_lost(&mut self, why: &str) -> bool {
        self.lost = Some(why.to_owned());
        self.buffer.clear();
        let mut bytes = Vec::new();
        let ending = Ending::Lost(why.to_owned());
        self.writer.end_at(self.written, ending, &mut bytes);
        let cut = self.file.cut(self.written);
        let marked = cut.and_then(|()| self.file.append(&bytes));
        if let Err(error) = &marked {
            tracing::debug!(%error, "a journal can't be marked as cut short");
        }
        marked.is_ok()
    }
}

/// Now, in milliseconds since 1970.
fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// What a journal's file is called: when, what, and which match of which room.
fn name(header: &FileHeader) -> String {
    let started = UNIX_EPOCH + Duration::from_millis(header.started_unix_ms);
    let started = humantime::format_rfc3339_seconds(started).to_string();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let game: String = header.start.game.chars().map(plain).collect();
    let started: String = started.chars().map(plain).collect();
    let (room, incarnation) = (header.room.id, header.incarnation);
    format!("{started}-{game}-room{room}-{incarnation}")
}
