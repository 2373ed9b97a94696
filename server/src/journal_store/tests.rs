//! Journals on disks that are sound, full, missing or slow.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use syncline_games::Pong;
use syncline_server_core::{RoomConfig, RoomOutput};
use syncline_shared::game::{Game, Outcome};
use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::journal::{
    Ending, FileHeader, JournalReader, MatchHeader, Record, Tail, TickRecord,
};
use syncline_shared::tick::Tick;

use super::disk::{DataDir, Disk, JournalFile, Kept, Syncing};
use super::health::Health;
use super::id::JournalId;
use super::keeper::{Keeper, KeeperHandle};
use super::queue::{Queue, RoomJournal, Taken, Told};
use super::writer::{BUILD, Writer};
use super::{JournalStore, Recorder};
use crate::config::{JournalConfig, JournalSync};
use crate::metrics::{Metrics, Present};

/// A disk in memory, with so much space.
#[derive(Clone, Default)]
struct TestDisk {
    files: Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>,
    space: Arc<AtomicUsize>,
    /// Told when a file is being synced, and waits then until it may end.
    slow: Option<Arc<Mutex<Slowness>>>,
}

/// Says that it begins, and may end when told so.
type Slowness = (Sender<()>, Receiver<()>);

struct TestFile {
    disk: TestDisk,
    path: PathBuf,
}

impl TestDisk {
    fn with_space(bytes: usize) -> Self {
        let disk = Self::default();
        disk.space.store(bytes, Ordering::Relaxed);
        disk
    }

    /// The names and bytes of all files.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.files.lock().unwrap();
        let named = files.iter().map(|(path, bytes)| {
            let name = path.to_string_lossy().into_owned();
            (name, bytes.clone())
        });
        named.collect()
    }

    fn is_full(&self) -> bool {
        self.space.load(Ordering::Relaxed) == 0
    }
}

impl Disk for TestDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn JournalFile>> {
        if self.is_full() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let path = PathBuf::from(format!("{name} open"));
        self.files.lock().unwrap().insert(path.clone(), Vec::new());
        let disk = self.clone();
        Ok(Box::new(TestFile { disk, path }))
    }

    fn list(&self) -> io::Result<Vec<Kept>> {
        Ok(Vec::new())
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl JournalFile for TestFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = bytes.len().min(self.disk.space.load(Ordering::Relaxed));
        self.disk.space.fetch_sub(fits, Ordering::Relaxed);
        let mut files = self.disk.files.lock().unwrap();
        let file = files.get_mut(&self.path).unwrap();
        file.extend_from_slice(&bytes[..fits]);
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        let mut files = self.disk.files.lock().unwrap();
        let file = files.get_mut(&self.path).unwrap();
        let freed = file.len() - usize::try_from(bytes).unwrap();
        file.truncate(file.len() - freed);
        self.disk.space.fetch_add(freed, Ordering::Relaxed);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut files = self.disk.files.lock().unwrap();
        let bytes = files.remove(&self.path).unwrap();
        let path = self.path.to_string_lossy().replace(" open", " finished");
        self.path = PathBuf::from(path);
        files.insert(self.path.clone(), bytes);
        Ok(())
    }

    fn syncing(&self) -> Arc<dyn Syncing> {
        Arc::new(self.disk.clone())
    }
}

impl Syncing for TestDisk {
    fn sync(&self) -> io::Result<()> {
        if let Some(slow) = &self.slow {
            let slow = slow.lock().unwrap();
            let _ = slow.0.send(());
            let _ = slow.1.recv();
        }
        Ok(())
    }
}

/// A writer to try on a disk, and all that it needs.
struct Bench {
    writer: Writer,
    keeper: Option<Keeper>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

impl Bench {
    fn new(disk: &TestDisk) -> Self {
        let metrics = Arc::new(Metrics::new());
        let health = Arc::new(Health::new(metrics.clone()));
        let config = JournalConfig {
            sync: JournalSync::Batch,
            ..JournalConfig::default()
        };
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let keeper = Keeper::new(disk.clone(), &config, health.clone());
        let handle: KeeperHandle = keeper.handle();
        Self {
            writer: Writer::new(disk, handle, health.clone()),
            keeper: Some(keeper),
            health,
            metrics,
        }
    }

    /// Tells the writer all of it, and has it written at once.
    fn turn(&mut self, told: impl IntoIterator<Item = Told>) {
        told.into_iter().for_each(|told| self.writer.take(told));
        self.writer.write();
    }

    fn lost(&self) -> bool {
        let text = self.metrics.text(Present::default());
        text.contains("syncline_journals_lost_total 1")
    }
}

const ONE: JournalId = JournalId(1);

fn header(room: u32) -> Box<FileHeader> {
    let schema = Pong::schema();
    let code = RoomCode::from_entropy(room.into());
    Box::new(FileHeader {
        build: String::new(),
        started_unix_ms: 0,
        room: RoomConfig::new(RoomId(room), code, 1).header(),
        incarnation: 1,
        schema: schema.encoded().to_vec(),
        start: MatchHeader {
            game: Pong::NAME.to_owned(),
            fingerprint: schema.fingerprint(),
            config: Vec::new(),
            seed: 1,
            checkpoint_interval: 300,
        },
        roster: Vec::new(),
    })
}

/// A tick in which nothing happened, and a hash, so that it is written at once.
fn second(tick: u32) -> [Record; 2] {
    let record = TickRecord {
        tick: Tick(tick),
        ..TickRecord::default()
    };
    [Record::Tick(record), Record::Hash(Tick(tick), 7)]
}

fn ticks(ticks: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = Told> {
    let records = ticks.flat_map(second);
    records.map(|record| Told::Record(ONE, Box::new(record)))
}

fn end() -> Record {
    Record::End(Ending::Outcome(Outcome::default()))
}

fn read(bytes: &[u8]) -> (Vec<Record>, Tail) {
    let mut reader = JournalReader::open(bytes).unwrap();
    let records = reader.by_ref().collect();
    (records, reader.tail())
}

#[test]
fn what_is_told_is_in_the_file() {
    let disk = TestDisk::with_space(100_000);
    let mut bench = Bench::new(&disk);
    bench.turn([Told::Begin(ONE, header(3))]);
    bench.turn(ticks(1..=9));
    let files = disk.files();
    assert!(files[0].0.ends_with("pong-room3-1 open"), "{}", files[0].0);
    assert_eq!(read(&files[0].1).0.len(), 18);
    bench.turn([Told::Record(ONE, Box::new(end()))]);
    let files = disk.files();
    assert!(files[0].0.ends_with(" finished"));
    let (records, tail) = read(&files[0].1);
    assert_eq!((records.last(), tail), (Some(&end()), Tail::Whole));
    let reader = JournalReader::open(&files[0].1).unwrap();
    assert_eq!(reader.header().build, BUILD);
    assert!(reader.header().started_unix_ms > 0);
    assert_eq!(bench.health.problems(), [""; 0]);
}

/// What fits is good; then the journal says that the rest is lost, and others are not troubled once
/// there is space again.
#[test]
fn a_full_disk_ends_a_journal_that_says_so() {
    let disk = TestDisk::with_space(100_000);
    let mut bench = Bench::new(&disk);
    bench.turn([Told::Begin(ONE, header(1))]);
    bench.turn(ticks(1..=3));
    // As much as the record that says so needs, and not what ten ticks do.
    disk.space.store(40, Ordering::Relaxed);
    bench.turn(ticks(4..=13));
    assert!(bench.lost());
    let problems = bench.health.problems();
    assert!(problems[0].starts_with("1 running matches are recorded no further"));
    bench.turn(ticks(14..=15));
    let (records, tail) = read(&disk.files()[0].1);
    assert_eq!(records.len(), 7);
    assert!(matches!(records.last(), Some(Record::End(Ending::Lost(_)))));
    assert_eq!(tail, Tail::Whole);
    disk.space.store(100_000, Ordering::Relaxed);
    bench.turn([Told::Record(ONE, Box::new(end()))]);
    assert_eq!(bench.health.problems(), [""; 0], "the match is over");
    bench.turn([Told::Begin(JournalId(2), header(2))]);
    assert_eq!(disk.files().len(), 2);
}

/// Not even the words that the rest is lost fit at first; they do when the match ends.
#[test]
fn a_disk_without_a_byte_leaves_good_records() {
    let disk = TestDisk::with_space(100_000);
    let mut bench = Bench::new(&disk);
    bench.turn([Told::Begin(ONE, header(1))]);
    bench.turn(ticks(1..=3));
    disk.space.store(5, Ordering::Relaxed);
    bench.turn(ticks(4..=13));
    let files = disk.files();
    assert!(files[0].0.ends_with(" open"));
    assert_eq!(read(&files[0].1).0.len(), 6);
    disk.space.store(100, Ordering::Relaxed);
    bench.turn([Told::Record(ONE, Box::new(end()))]);
    let (records, _) = read(&disk.files()[0].1);
    assert!(matches!(records.last(), Some(Record::End(Ending::Lost(_)))));
    assert!(disk.files()[0].0.ends_with(" finished"));
}

/// Of a match that is over nobody needs to know that its end is lost: it is in the metrics.
#[test]
fn a_journal_that_loses_its_end_is_told_no_longer_than_its_match() {
    let disk = TestDisk::with_space(100_000);
    let mut bench = Bench::new(&disk);
    bench.turn([Told::Begin(ONE, header(1))]);
    disk.space.store(5, Ordering::Relaxed);
    bench.turn(ticks(1..=9).chain([Told::Record(ONE, Box::new(end()))]));
    assert!(bench.lost());
    assert_eq!(bench.health.problems(), [""; 0]);
}

#[test]
fn a_journal_that_can_not_begin_is_missed_until_its_match_is_over() {
    let mut bench = Bench::new(&TestDisk::with_space(0));
    bench.turn([Told::Begin(ONE, header(1))]);
    bench.turn(ticks(1..=3));
    assert_eq!(bench.health.problems().len(), 1);
    bench.turn([Told::Record(ONE, Box::new(end()))]);
    assert_eq!(bench.health.problems(), [""; 0]);
}

/// A room's journal, the queue it goes through, and who takes from there.
fn room(records: usize) -> (RoomJournal, Taken, Arc<Health>) {
    let health = Arc::new(Health::new(Arc::new(Metrics::new())));
    let (queue, taken) = Queue::new(records, health.clone());
    (Recorder::new(queue).room(), taken, health)
}

fn tick(tick: u32) -> RoomOutput {
    let [record, _] = second(tick);
    RoomOutput::Record(Box::new(record))
}

/// Nobody takes anything out: a disk as slow as can be. The room never waits.
#[test]
fn a_full_queue_costs_the_match_its_journal_and_nothing_else() {
    let (mut journal, taken, health) = room(4);
    journal.take(RoomOutput::JournalBegan(header(1)));
    (1..=100).for_each(|at| journal.take(tick(at)));
    assert_eq!(health.problems().len(), 1);
    let mut told = 0;
    while taken.take().is_some() {
        told += 1;
    }
    assert_eq!((told, taken.overflowed()), (4, vec![JournalId(0)]));
    // A journal with a hole is worth no more than its first part.
    journal.take(tick(101));
    assert!(taken.take().is_none());
    journal.take(RoomOutput::Record(Box::new(end())));
    assert_eq!(health.problems(), [""; 0]);
    journal.take(RoomOutput::JournalBegan(header(1)));
    journal.take(tick(1));
    assert!(matches!(taken.take(), Some(Told::Begin(JournalId(1), _))));
    assert!(matches!(taken.take(), Some(Told::Record(JournalId(1), _))));
}

/// Checkpoints are bounded by their bytes as well.
#[test]
fn checkpoints_do_not_fill_the_memory() {
    let (mut journal, taken, health) = room(1000);
    journal.take(RoomOutput::JournalBegan(header(1)));
    for at in 1..=5 {
        let state = vec![0; 20 * 1024 * 1024];
        journal.take(RoomOutput::Checkpoint(Tick(at), state));
    }
    assert_eq!(health.problems().len(), 1);
    let mut checkpoints = 0;
    while let Some(told) = taken.take() {
        checkpoints += usize::from(matches!(told, Told::Checkpoint(..)));
    }
    assert_eq!(checkpoints, 3);
}

/// While the disk takes its time, the writer goes on.
#[test]
fn a_slow_disk_holds_up_the_keeper_alone() {
    let (begun, begins) = channel();
    let (go_on, goes_on) = channel();
    let mut disk = TestDisk::with_space(100_000);
    disk.slow = Some(Arc::new(Mutex::new((begun, goes_on))));
    let mut bench = Bench::new(&disk);
    let keeper = bench.keeper.take().unwrap();
    let handle = keeper.handle();
    let kept = std::thread::spawn(move || keeper.run());
    bench.turn([Told::Begin(ONE, header(1))]);
    begins.recv().unwrap();
    bench.turn(ticks(1..=50));
    assert_eq!(read(&disk.files()[0].1).0.len(), 100);
    assert_eq!(bench.health.problems(), [""; 0]);
    drop(go_on);
    handle.stop();
    kept.join().unwrap();
}

fn config(dir: &Path) -> JournalConfig {
    JournalConfig {
        dir: dir.to_owned(),
        ..JournalConfig::default()
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_journals() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/journals");
    let disk = DataDir::open(&path).unwrap();
    let file = disk.create("match").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(file.path())), (0o700, 0o600));
}

#[test]
fn names_are_never_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let disk = DataDir::open(folder.path()).unwrap();
    let mut first = disk.create("match").unwrap();
    first.append(&[1, 2, 3]).unwrap();
    first.cut(1).unwrap();
    first.append(&[4]).unwrap();
    first.finish().unwrap();
    let second = disk.create("match").unwrap();
    let third = disk.create("match").unwrap();
    assert_eq!(std::fs::read(first.path()).unwrap(), [1, 4]);
    let kept = disk.list().unwrap();
    let open = kept.iter().filter(|one| one.open).count();
    assert_eq!((kept.len(), open), (3, 2));
    assert_ne!(second.path(), third.path());
}

/// Two servers in one folder would delete and go on with each other's journals.
#[tokio::test]
async fn a_folder_is_for_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = || Arc::new(Metrics::new());
    let config = config(folder.path());
    let (first, threads, _) = JournalStore::open(&config, metrics(), |_| None).unwrap();
    assert!(first.recorder().is_on());
    let (second, ..) = JournalStore::open(&config, metrics(), |_| None).unwrap();
    assert!(!second.recorder().is_on());
    assert!(second.problems()[0].contains("another server"));
    assert!(threads.end(std::time::Duration::from_mins(1)).await);
}

/// The server starts all the same.
#[tokio::test]
async fn a_folder_that_can_not_be_is_no_reason_not_to_play() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = config(&file.path().join("data"));
    let (store, ..) = JournalStore::open(&config, Arc::new(Metrics::new()), |_| None).unwrap();
    assert!(!store.recorder().is_on());
    assert_eq!(store.problems().len(), 1);
    let mut journal = store.recorder().room();
    journal.take(RoomOutput::JournalBegan(header(1)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_full_is_told_from_one_that_is_not() {
    let full: File = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut file = super::disk::on_disk(PathBuf::from("/dev/full"), full);
    let error = file.append(&[1]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

/// Threads and all: what rooms put in is in a file of the folder when the server has ended.
#[tokio::test]
async fn the_threads_write_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Arc::new(Metrics::new());
    let (store, threads, _) =
        JournalStore::open(&config(folder.path()), metrics, |_| None).unwrap();
    let mut journal = store.recorder().room();
    journal.take(RoomOutput::JournalBegan(header(1)));
    (1..=7).for_each(|at| journal.take(tick(at)));
    assert!(threads.end(std::time::Duration::from_mins(1)).await);
    let disk = std::fs::read_dir(folder.path()).unwrap();
    let paths = disk.map(|entry| entry.unwrap().path());
    let journals: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(".open.journal"))
        .collect();
    let (records, tail) = read(&std::fs::read(&journals[0]).unwrap());
    assert_eq!((records.len(), tail), (7, Tail::Whole));
}
