//! Runs every format over a trace: once to check, then in turn to take the time.

use syncline_shared::snapshot::Frame;

use super::baselines::{self, Baseline};
use super::clock;
use super::format::Format;
use super::messages::message_bytes;
use super::options::Options;
use super::streams::{Common, Own};
use super::trace::{START_TICKS, Trace, ratio};

/// What there is to say of one trace.
pub(crate) struct Measured {
    /// The common stream first, then the baselines, then the players' own streams.
    pub(crate) formats: Vec<Figures>,
    pub(crate) streams: Costs,
}

/// What one format took.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// Bytes of every snapshot, of all streams of the format together.
    bytes: Vec<usize>,
    /// How many streams that is.
    streams: usize,
    pub(crate) encode: Times,
    pub(crate) decode: Times,
}

impl Figures {
    /// Bytes of a stream's snapshot, on average, the start left out.
    pub(crate) fn mean_bytes(&self) -> f64 {
        mean_after_start(&self.bytes) / ratio(self.streams, 1)
    }

    /// The same with the start.
    pub(crate) fn mean_bytes_with_start(&self) -> f64 {
        let all: usize = self.bytes.iter().sum();
        ratio(all, self.bytes.len() * self.streams)
    }
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

/// What our streams cost beside their chunks.
pub(crate) struct Costs {
    /// Bytes of the first snapshot.
    pub(crate) first: usize,
    /// Bytes of the messages to one member, for a snapshot.
    pub(crate) message: f64,
    /// Bytes of a join at the end.
    pub(crate) join: usize,
}

/// A format's name, what makes both of its ends, the bytes of every snapshot.
type Contestant<'a> = (Baseline<'a>, Vec<usize>);

/// Measures our streams, and the baselines if they are asked for.
pub(crate) fn measure(trace: &Trace, with_baselines: bool, options: &Options) -> Measured {
    let mut common = Common::new(trace);
    let mut frames: Vec<Frame> = Vec::new();
    let bytes = check(&mut common, trace, |common| {
        if with_baselines {
            frames.push(common.frame().clone());
        }
    });
    let (own_bytes, own_sizes) = check_own(trace);
    let streams = Costs::of(trace, &bytes, &own_sizes, common.join_bytes());

    let make_common = || -> Box<dyn Format + '_> { Box::new(Common::new(trace)) };
    let mut contestants: Vec<Contestant<'_>> = vec![(("streams", Box::new(make_common)), bytes)];
    if with_baselines {
        for (name, make) in baselines::all(trace, &frames) {
            let bytes = check(&mut *make(), trace, |_| ());
            contestants.push(((name, make), bytes));
        }
    }
    let mut formats = compete(contestants, 1, trace, trace.rows(START_TICKS), options);
    if !trace.players.is_empty() {
        let make_own = || -> Box<dyn Format + '_> { Box::new(Own::new(trace)) };
        let own = vec![(("a player's own", Box::new(make_own) as _), own_bytes)];
        let rows = trace.own_rows(START_TICKS);
        formats.extend(compete(own, trace.players.len(), trace, rows, options));
    }
    Measured { formats, streams }
}

impl Costs {
    fn of(trace: &Trace, common: &[usize], own: &[Vec<usize>], join: usize) -> Self {
        let message = |own| mean_after_start(&message_bytes(trace.hz, common, own));
        let messages: f64 = own.iter().map(|own| message(Some(own))).sum();
        Self {
            first: common.first().copied().unwrap_or(0),
            message: if own.is_empty() {
                message(None)
            } else {
                messages / ratio(own.len(), 1)
            },
            join,
        }
    }
}

/// Checks the players' own streams. Returns the bytes of every snapshot: of all streams together, and
/// of each player's.
fn check_own(trace: &Trace) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut sizes = vec![Vec::new(); trace.players.len()];
    if trace.players.is_empty() {
        return (Vec::new(), sizes);
    }
    let bytes = check(&mut Own::new(trace), trace, |own| {
        for (sizes, &size) in sizes.iter_mut().zip(own.sizes()) {
            sizes.push(size);
        }
    });
    (bytes, sizes)
}

/// Times the contestants in turn.
fn compete(
    contestants: Vec<Contestant<'_>>,
    streams: usize,
    trace: &Trace,
    rows: usize,
    options: &Options,
) -> Vec<Figures> {
    let mut times: Vec<[Times; 2]> = Vec::new();
    times.resize_with(contestants.len(), Default::default);
    for _ in 0..options.runs {
        for (((_, make), _), times) in contestants.iter().zip(&mut times) {
            let run = time(&mut *make(), trace, options.batch);
            for (times, one) in times.iter_mut().zip(run) {
                times.0.push(one / ratio(rows, 1));
            }
        }
    }
    let figures = contestants.into_iter().zip(times);
    figures
        .map(|(((name, _), bytes), [encode, decode])| Figures {
            name,
            bytes,
            streams,
            encode,
            decode,
        })
        .collect()
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

/// Nanoseconds to encode and to decode the trace, the start left out.
fn time(format: &mut dyn Format, trace: &Trace, batch: usize) -> [f64; 2] {
    let batch = batch.min(format.batch_max());
    let ticks: Vec<usize> = (0..trace.ticks.len()).collect();
    let (start, rest) = ticks.split_at(START_TICKS.min(ticks.len()));
    let mut outs = vec![Vec::new(); batch];
    for ticks in start.chunks(batch) {
        time_batch(format, ticks, &mut outs);
    }
    let mut sums = [0.0; 2];
    for ticks in rest.chunks(batch) {
        let batch = time_batch(format, ticks, &mut outs);
        for (sum, one) in sums.iter_mut().zip(batch) {
            *sum += one;
        }
    }
    sums
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

/// The average, the start left out.
fn mean_after_start(bytes: &[usize]) -> f64 {
    let counted = bytes.get(START_TICKS..).unwrap_or_default();
    ratio(counted.iter().sum(), counted.len())
}
