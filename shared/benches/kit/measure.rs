//! Runs every format over a trace: once to check, then in turn to take the time.

use syncline_shared::snapshot::Frame;

use super::baselines::{self, Baseline};
use super::clock;
use super::format::Format;
use super::options::Options;
use super::streams::Streams;
use super::trace::{Trace, ratio};

/// The snapshots at the start that averages leave out: the first holds every entity's first row.
pub(crate) const START_TICKS: usize = 6;

/// What one format took.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// Bytes of every snapshot.
    pub(crate) bytes: Vec<usize>,
    pub(crate) encode: Times,
    pub(crate) decode: Times,
}

/// Nanoseconds for an entity and snapshot, run by run.
#[derive(Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    /// The best, the median and the worst run; `None` if none was timed.
    pub(crate) fn spread(&self) -> Option<[f64; 3]> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        Some([*sorted.first()?, median, *sorted.last()?])
    }
}

/// What there is to say of one trace.
pub(crate) struct Measured {
    /// Our streams first, then the baselines.
    pub(crate) formats: Vec<Figures>,
    /// Bytes of a join at the end.
    pub(crate) join_bytes: usize,
}

impl Figures {
    /// Bytes of a snapshot, on average, the start left out.
    pub(crate) fn mean_bytes(&self) -> f64 {
        mean_after_start(&self.bytes)
    }
}

/// The average, the start left out.
pub(crate) fn mean_after_start(bytes: &[usize]) -> f64 {
    let counted = bytes.get(START_TICKS..).unwrap_or_default();
    ratio(counted.iter().sum(), counted.len())
}

/// A format's name, what makes both of its ends, and the bytes of every snapshot.
type Contestant<'a> = (Baseline<'a>, Vec<usize>);

/// Measures our streams, and the baselines if they are asked for.
pub(crate) fn measure(trace: &Trace, options: &Options) -> Measured {
    let mut streams = Streams::new(trace);
    let mut frames: Vec<Frame> = Vec::new();
    let bytes = check(&mut streams, trace, |streams| {
        if options.baselines {
            frames.push(streams.frame().clone());
        }
    });

    let ours: Baseline<'_> = ("streams", Box::new(|| Box::new(Streams::new(trace))));
    let mut contestants: Vec<Contestant<'_>> = vec![(ours, bytes)];
    if options.baselines {
        for (name, make) in baselines::all(trace, &frames) {
            let bytes = check(&mut *make(), trace, |_| ());
            contestants.push(((name, make), bytes));
        }
    }
    let mut times: Vec<[Times; 2]> = Vec::new();
    times.resize_with(contestants.len(), Default::default);
    for _ in 0..options.runs {
        for (((_, make), _), times) in contestants.iter().zip(&mut times) {
            let run = time(&mut *make(), trace, options.batch);
            for (times, one) in times.iter_mut().zip(run) {
                times.0.push(one);
            }
        }
    }
    let figures = contestants.into_iter().zip(times);
    Measured {
        formats: figures
            .map(|(((name, _), bytes), [encode, decode])| Figures {
                name,
                bytes,
                encode,
                decode,
            })
            .collect(),
        join_bytes: streams.join_bytes(),
    }
}

/// Carries every snapshot and compares it with the original. Returns their bytes.
fn check<F: Format + ?Sized>(
    format: &mut F,
    trace: &Trace,
    mut after_each: impl FnMut(&F),
) -> Vec<usize> {
    let mut out = Vec::new();
    let mut bytes = Vec::new();
    for tick in 0..trace.ticks.len() {
        out.clear();
        format.prepare(0, tick);
        format.encode(0, &mut out);
        format.decode(&out);
        format.check(tick, &out);
        after_each(format);
        bytes.push(out.len());
    }
    bytes
}

/// Nanoseconds to encode and to decode an entity, the start left out.
fn time(format: &mut dyn Format, trace: &Trace, batch: usize) -> [f64; 2] {
    let ticks: Vec<usize> = (0..trace.ticks.len()).collect();
    let (start, rest) = ticks.split_at(START_TICKS.min(ticks.len()));
    let mut outs = vec![Vec::new(); batch.max(START_TICKS)];
    time_batch(format, start, &mut outs);
    let mut sums = [0.0; 2];
    for ticks in rest.chunks(batch) {
        let batch = time_batch(format, ticks, &mut outs);
        for (sum, one) in sums.iter_mut().zip(batch) {
            *sum += one;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "rows are below 2^53")]
    let rows = trace.rows(START_TICKS) as f64;
    sums.map(|sum| sum / rows)
}

/// Nanoseconds to encode and to decode these ticks.
fn time_batch(format: &mut dyn Format, ticks: &[usize], outs: &mut [Vec<u8>]) -> [f64; 2] {
    for (place, &tick) in ticks.iter().enumerate() {
        format.prepare(place, tick);
        outs[place].clear();
    }
    let outs = &mut outs[..ticks.len()];
    let start = clock::nanoseconds();
    for (place, out) in outs.iter_mut().enumerate() {
        format.encode(place, out);
    }
    let between = clock::nanoseconds();
    for out in outs {
        format.decode(out);
    }
    [between - start, clock::nanoseconds() - between]
}
