//! `cpu`, `one-room`, `rooms`, `silence`: what a client costs a tick, beside the bare loop.

use std::io;
use std::time::Duration;

use syncline_shared::id::RoomId;
use syncline_shared::message::control::RoomSelector;

use crate::bots::Bots;
use crate::client::{Inputs, Manner};
use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish, say};
use crate::span::{BYTES, CPU, RATE, SEEN, SENT, Span};
use crate::stage::{Candidate, join};

/// The least share of ticks that clients have to see, and to send inputs for, if a run is to count.
const RATE_MIN: f64 = 0.95;

/// Who plays where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// How it is called.
    pub(crate) name: &'static str,
    /// Clients in all.
    pub(crate) clients: usize,
    /// Rooms that they are spread over.
    pub(crate) rooms: u32,
    /// When they send inputs.
    pub(crate) inputs: Inputs,
}

/// Measures the servers in turn.
///
/// # Errors
///
/// If a server can't be started, reached or asked.
pub(crate) fn run(options: &Options, setup: Setup) -> io::Result<()> {
    let mut candidates = Candidate::all(options)?;
    if let Some(loud) = options.loud.as_ref().filter(|_| setup.name == "silence") {
        let louder = candidates
            .clone()
            .into_iter()
            .map(|one| one.with(loud, " loud"));
        candidates.extend(louder);
    }
    let mut rows: Vec<Row> = candidates.iter().map(|one| Row::new(&one.name)).collect();
    let mut bare = Row::new("bare loop");
    for run in 1..=options.runs {
        for (candidate, row) in candidates.iter().zip(&mut rows) {
            measure(candidate, setup, options, true, row)?;
            progress(setup, run, options, row);
        }
        if !options.no_bare {
            let bytes = rows[0].values(BYTES).last().copied().unwrap_or(0.0);
            let candidate = Candidate::bare(whole(bytes), RATE)?;
            measure(&candidate, setup, options, false, &mut bare)?;
            progress(setup, run, options, &bare);
        }
    }
    if !options.no_bare {
        for row in &mut rows {
            let pairs = row.values(CPU).iter().zip(bare.values(CPU));
            let ratios: Vec<f64> = pairs.map(|(ours, bare)| ours / bare).collect();
            for ratio in ratios {
                row.add("times the bare loop", ratio);
            }
        }
        rows.push(bare);
    }
    let Setup {
        name,
        clients,
        rooms,
        inputs,
    } = setup;
    let title = format!("{name}: arena, {clients} clients in {rooms} rooms, inputs {inputs}");
    publish(&title, &rows, options.figures.as_deref())
}

/// Tells of the last run, and whether it counts: a server that is too late for its ticks costs little.
fn progress(setup: Setup, run: u32, options: &Options, row: &Row) {
    let last = |column| row.values(column).last().copied().unwrap_or(0.0);
    let (cpu, seen) = (last(CPU), last(SEEN));
    // On change there is no number of inputs that must be.
    let sent = if setup.inputs == Inputs::EveryTick {
        last(SENT)
    } else {
        1.0
    };
    let rate = if seen < RATE_MIN || sent < RATE_MIN {
        format!("; the rate was missed (down {seen:.2}, up {sent:.2}): not to be compared")
    } else {
        String::new()
    };
    say(&format!(
        "{} {}, run {run} of {}: {}: {cpu:.2} {CPU}{rate}",
        setup.name,
        setup.clients,
        options.runs,
        row.name()
    ));
}

/// One run against a server of its own.
fn measure(
    candidate: &Candidate,
    setup: Setup,
    options: &Options,
    is_ours: bool,
    row: &mut Row,
) -> io::Result<()> {
    let server = candidate.start()?;
    let mut load = Load::new(options.slots)?;
    let empty = server.usage()?;
    let probes = if is_ours {
        options.probes.min(setup.clients)
    } else {
        0
    };
    let first = options.seed * 1_000_000;
    let manners = (first..).take(setup.clients - probes).map(|seed| Manner {
        room: is_ours.then(|| room(seed, setup.rooms)),
        inputs: setup.inputs,
        acknowledges: true,
        seed,
    });
    join(&mut load, server.address, manners)?;
    let (warmup, time) = (
        Duration::from_secs(options.warmup),
        Duration::from_secs(options.seconds),
    );
    let bots = (probes > 0).then(|| {
        let span = warmup + time + Duration::from_secs(1);
        Bots::start(&candidate.program, server.address, probes, span)
    });
    let bots = bots.transpose()?;
    load.run_for(warmup)?;

    let span = Span::begin(&server, &mut load, is_ours)?;
    load.run_for(time)?;
    let found = span.end(&server, &mut load)?;
    found.add_to(row, setup.clients);
    let rss = found.used.rss_kib.saturating_sub(empty.rss_kib);
    row.add("KiB of RSS a client", rss as f64 / setup.clients as f64);
    row.add(
        "clients closed",
        load.closes().values().sum::<usize>() as f64,
    );
    if let Some(bots) = bots {
        let report = bots.finish(&mut load, Duration::ZERO)?;
        for name in ["p50", "p99"] {
            if let Some(found) = report["input_to_visible_ms"][name].as_f64() {
                row.add(&format!("ms, input to visible, {name}"), found);
            }
        }
    }
    Ok(())
}

/// One of so many rooms.
fn room(seed: u64, rooms: u32) -> RoomSelector {
    let place = u32::try_from(seed % u64::from(rooms.max(1))).unwrap_or(0);
    RoomSelector::Id(RoomId(1 + place))
}

/// A whole number of bytes.
fn whole(bytes: f64) -> usize {
    format!("{bytes:.0}").parse().unwrap_or(0)
}
