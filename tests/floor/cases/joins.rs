//! `joins`: many come into one room at once.

use std::io;
use std::time::Duration;

use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::span::Span;
use crate::stage::{Candidate, join, join_paced, player};

/// Those who play already.
const BEFORE: u32 = 10;

/// Those who come.
const JOINS: u32 = 1000;

/// How many come in a hundredth of a second: all of them in five seconds.
const PACE: usize = 2;

/// Measures every server as often as was asked for.
///
/// # Errors
///
/// If a server can't be started, or does not serve everybody.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut rows = Vec::new();
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        for _ in 0..options.runs {
            measure(&candidate, options, &mut row)?;
        }
        rows.push(row);
    }
    let title = format!("joins: {JOINS} in 5 s into one room");
    publish(&title, &rows, options.figures.as_deref())
}

fn measure(candidate: &Candidate, options: &Options, row: &mut Row) -> io::Result<()> {
    let server = candidate.start()?;
    let mut load = Load::new(options.slots)?;
    let players = |count: u32| (0..u64::from(count)).map(|seed| player(1, seed));
    join(&mut load, server.address, players(BEFORE))?;
    load.run_for(Duration::from_secs(options.warmup))?;

    let span = Span::begin(&server, &mut load, true)?;
    join_paced(&mut load, server.address, players(JOINS), PACE)?;
    let is_waiting = |load: &Load| load.waits().iter().any(|wait| wait.frame.is_none());
    load.run_while(Duration::from_secs(10), is_waiting)?;
    let found = span.end(&server, &mut load)?;

    row.add("s until all were served", found.took.as_secs_f64());
    let cpu = found.used.cpu.as_secs_f64() * 1000.0;
    row.add("ms of CPU a join, with the match", cpu / f64::from(JOINS));
    let waits = load.waits().split_off(usize::try_from(BEFORE).unwrap_or(0));
    let welcomes = waits.iter().filter_map(|wait| wait.welcome).collect();
    add_waits(row, "welcome", welcomes);
    let frames: Vec<u64> = waits.iter().filter_map(|wait| wait.frame).collect();
    let missing = waits.len() - frames.len();
    add_waits(row, "first frame", frames);
    row.add(
        "clients closed",
        load.closes().values().sum::<usize>() as f64,
    );
    found.add_ticks(row);
    if missing > 0 {
        return Err(io::Error::other(format!("{missing} joins were not served")));
    }
    Ok(())
}

fn add_waits(row: &mut Row, what: &str, mut micros: Vec<u64>) {
    micros.sort_unstable();
    for (label, percent) in [("p50", 50), ("p99", 99)] {
        let found = micros.get(micros.len() * percent / 100);
        if let Some(&micros) = found {
            let name = format!("ms from hello to {what}, {label}");
            row.add(&name, micros as f64 / 1000.0);
        }
    }
}
