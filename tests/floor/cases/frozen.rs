//! `frozen`: clients that stop reading, beside others that play on.

use std::io;
use std::time::{Duration, Instant};

use crate::bots::Bots;
use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::span::Span;
use crate::stage::{Candidate, join, player};

/// Clients of the load; bots come on top.
const PLAYERS: usize = 90;

/// The first of them, who freeze.
const FROZEN: usize = 20;

/// Bots that see how long inputs take; and as many whose whole process is stopped, which then tell
/// whether they ever saw a wrong world.
const BOTS: usize = 5;

/// How long everything is calm, and then frozen.
const CALM: Duration = Duration::from_secs(10);
const FREEZE: Duration = Duration::from_secs(30);

/// How much of the frost bots watch, who have to come and go in it.
const WATCHED: Duration = Duration::from_secs(25);

/// How long a frozen client may take to see the present.
const THAW_MAX: Duration = Duration::from_secs(5);

/// Longer than the frost: whoever says nothing for 20 s is gone otherwise.
const SETTINGS: &str = "--idle-timeout 90s";

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started or asked, if a frozen client is lost or never sees the present, or if
/// a stopped bot saw a wrong world.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut rows = Vec::new();
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        measure(&candidate.with(SETTINGS, ""), options, &mut row)?;
        rows.push(row);
    }
    let title = format!("frozen: {FROZEN} of {} for 30 s", PLAYERS + 2 * BOTS);
    publish(&title, &rows, options.figures.as_deref())
}

fn measure(candidate: &Candidate, options: &Options, row: &mut Row) -> io::Result<()> {
    let server = candidate.start()?;
    let mut load = Load::new(options.slots)?;
    let players = (0..PLAYERS as u64).map(|seed| player(1, seed));
    join(&mut load, server.address, players)?;
    let bots = |span| Bots::start(&candidate.program, server.address, BOTS, span);
    let warmup = Duration::from_secs(options.warmup);
    let stopped = bots(warmup + CALM + FREEZE + Duration::from_secs(20))?;
    load.run_for(warmup)?;

    let probes = bots(CALM)?;
    let calm = probes.finish(&mut load, CALM)?;
    let before = server.usage()?;
    for number in 0..FROZEN {
        load.freeze(number)?;
    }
    stopped.stop(true)?;
    let span = Span::begin(&server, &mut load, true)?;
    let probes = bots(WATCHED)?;
    let mut rss = before.rss_kib;
    let end = Instant::now() + FREEZE;
    while Instant::now() < end {
        load.run_for(Duration::from_millis(500))?;
        rss = rss.max(server.usage()?.rss_kib);
    }
    let found = span.end(&server, &mut load)?;
    let frosty = probes.finish(&mut load, Duration::ZERO)?;
    stopped.stop(false)?;

    let grown = rss.saturating_sub(before.rss_kib);
    row.add(
        "KiB of RSS more for each frozen",
        grown as f64 / (FROZEN + BOTS) as f64,
    );
    for (name, report) in [("calm", &calm), ("beside frozen", &frosty)] {
        let p99 = report["input_to_visible_ms"]["p99"].as_f64();
        row.add(
            &format!("ms, input to visible, p99, {name}"),
            p99.unwrap_or(f64::NAN),
        );
    }
    found.add_ticks(row);
    let lost = thaw(&mut load, row)?;
    let report = stopped.finish(&mut load, Duration::from_secs(20))?;
    let mismatches = report["hash_mismatches"].as_f64();
    row.add(
        "wrong worlds of stopped bots",
        mismatches.unwrap_or(f64::NAN),
    );
    for name in ["disconnects", "resumed", "resyncs"] {
        let value = report[name].as_f64().unwrap_or(f64::NAN);
        row.add(&format!("{name} of stopped bots"), value);
    }
    if lost > 0 || mismatches != Some(0.0) {
        publish("frozen", std::slice::from_ref(row), None)?;
        let problem = format!("{lost} frozen clients were lost; wrong worlds: {mismatches:?}");
        return Err(io::Error::other(problem));
    }
    Ok(())
}

/// Thaws one after the other, and adds how long each took to see what the others see. How many were
/// lost or never did.
fn thaw(load: &mut Load, row: &mut Row) -> io::Result<usize> {
    let mut lost = 0;
    for number in 0..FROZEN {
        let present = load.newest_frame(PLAYERS - 1);
        let began = Instant::now();
        load.thaw(number)?;
        let is_behind = |load: &Load| load.is_open(number) && load.newest_frame(number) < present;
        load.run_while(THAW_MAX, is_behind)?;
        if load.is_open(number) && load.newest_frame(number) >= present {
            row.add(
                "ms until a thawed client sees the present",
                began.elapsed().as_secs_f64() * 1e3,
            );
        } else {
            lost += 1;
        }
    }
    Ok(lost)
}
