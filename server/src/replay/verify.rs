//! A recorded match again, as fast as it goes, and compared with what was recorded.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use syncline_server_core::GameKind;
use syncline_server_core::replay::{Difference, Divergence, Replay, first_difference, unpack};
use syncline_shared::journal::{Ending, JournalReader, Record, Tail, TickRecord};
use syncline_shared::tick::Tick;

use super::journal::{Summary, caveats, heading, open, played, rate, read};
use crate::games::Games;

/// What came of running a match again.
pub(super) struct Verified {
    /// Ticks that were run.
    ticks: u64,
    /// Hashes and checkpoints that were compared.
    compared: u64,
    took: Duration,
    /// Where it differs first, and what is seen of that.
    pub(super) differs: Option<(Divergence, Option<String>)>,
    /// What came of the tick in which the game panicked, if there was one.
    pub(super) interrupted: Option<Interrupted>,
}

/// A tick in which the game panicked, run again.
pub(super) struct Interrupted {
    tick: Tick,
    /// Whether it does again.
    pub(super) panics: bool,
}

impl Interrupted {
    /// What came of it, in words.
    pub(super) fn words(&self) -> String {
        let tick = self.tick;
        if self.panics {
            format!("tick {tick} panics, as it did")
        } else {
            format!("tick {tick}, in which it panicked, does not panic here")
        }
    }
}

/// Runs the match of the journal at `path` again and says how it went; whether it is the same.
pub(super) fn verify(path: &Path, games: &Games, out: &mut impl Write) -> Result<bool, String> {
    let bytes = read(path)?;
    let reader = open(path, &bytes)?;
    let header = reader.header().clone();
    let _ = writeln!(out, "{}", heading(&header));
    let kind = games.kind(&header.start.game);
    for caveat in caveats(&header, kind.as_deref()) {
        let _ = writeln!(out, "  {caveat}");
    }
    let Some(kind) = kind else {
        return Err(format!("{}: it can't be run here", path.display()));
    };
    let verified =
        run(&*kind, reader.clone()).map_err(|problem| format!("{}: {problem}", path.display()))?;
    let mut reader = reader;
    let summary = Summary::of(&mut reader);
    let rate = rate(&reader);
    let Verified {
        ticks,
        compared,
        took,
        differs,
        interrupted,
    } = verified;
    let (time, seconds) = (played(rate, summary.ticks), took.as_secs_f64());
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let times = ticks as f64 / f64::from(rate.as_hz()) / seconds.max(1e-9);
    let _ = writeln!(
        out,
        "  {ticks} ticks, {time}, run again in {seconds:.3} s: {times:.0} times as fast as played"
    );
    let _ = writeln!(out, "  {}", summary.state());
    if let Some(interrupted) = interrupted {
        let _ = writeln!(out, "  {}", interrupted.words());
    }
    let Some((divergence, seen)) = differs else {
        let _ = writeln!(out, "  the same: all {compared} hashes and checkpoints");
        return Ok(!matches!(summary.tail, Tail::Damaged { .. }));
    };
    let _ = writeln!(out, "  DIFFERS {}", words(&divergence));
    if let Some(seen) = seen {
        let _ = writeln!(out, "    {seen}");
    }
    Ok(false)
}

/// Where a match differs, in words.
pub(super) fn words(divergence: &Divergence) -> String {
    let Divergence {
        tick, equal_until, ..
    } = divergence;
    match &divergence.what {
        Difference::Hash { recorded, replayed } => format!(
            "after tick {equal_until}, by tick {tick}: its hash is {replayed:016x}, and was \
             {recorded:016x}"
        ),
        Difference::Checkpoint => {
            format!("after tick {equal_until}, by tick {tick}: its checkpoint is another")
        }
        Difference::Refused(why) => format!("at tick {tick}: {why}"),
    }
}

/// Runs the match until its end, or until it is known where it differs and in what.
pub(super) fn run(kind: &dyn GameKind, reader: JournalReader<'_>) -> Result<Verified, String> {
    let header = reader.header().clone();
    let mut replay = Replay::start(kind, &header).map_err(|why| why.to_string())?;
    let mut differs: Option<(Divergence, Option<String>)> = None;
    let (mut ticks, mut interrupted) = (0, None);
    let began = Instant::now();
    for record in reader {
        if let Record::End(Ending::Panicked(_, Some(tick))) = &record {
            interrupted = Some((**tick).clone());
        }
        if let Err(divergence) = replay.apply(&record) {
            let refused = matches!(divergence.what, Difference::Refused(_));
            differs.get_or_insert((divergence, None));
            if refused {
                break;
            }
        }
        ticks += u64::from(matches!(record, Record::Tick(_)));
        // A hash says that there is a difference; the next checkpoint shows it.
        if let (Record::Checkpoint(recorded), Some((_, seen))) = (&record, &mut differs) {
            let recorded = unpack(&recorded.packed, recorded.size);
            if let (Ok(recorded), Some(replayed)) = (recorded, replay.checkpoint()) {
                let field = first_difference(kind, &header, &recorded, replayed);
                let tick = replay.game().tick();
                *seen = Some(match field {
                    Some(field) => format!("at tick {tick}, {field}"),
                    None => format!("at tick {tick} nothing that is shown differs"),
                });
            }
            break;
        }
    }
    let (took, compared) = (began.elapsed(), replay.compared());
    let interrupted = interrupted.filter(|_| differs.is_none());
    Ok(Verified {
        ticks,
        compared,
        took,
        interrupted: interrupted.map(|tick| run_panic(replay, tick)),
        differs,
    })
}

/// Runs the tick in which the game panicked.
fn run_panic(mut replay: Replay, record: TickRecord) -> Interrupted {
    let tick = record.tick;
    let record = Record::Tick(record);
    // What the match is like after a panic, nobody looks at.
    let outcome = catch_unwind(AssertUnwindSafe(|| replay.apply(&record).is_ok()));
    let panics = outcome.is_err();
    Interrupted { tick, panics }
}
