//! What is printed: a table for each case, or lines of JSON.

#![expect(clippy::print_stdout, reason = "figures are what a bench is run for")]

use std::process::ExitCode;

use serde_json::{Value, json};

use super::measure::{Figures, Measured, Times};
use super::options::{Options, Output};
use super::streams;
use super::trace::{Case, START_TICKS, Trace, ratio};

const USAGE: &str = "\
Measures snapshots in bytes and in thread CPU time, each format on the same rows.

usage: cargo bench -p PACKAGE --bench BENCH -- [NAME]... [OPTION]...

Runs the cases whose names contain one of the NAMEs, or all.

  --seed N     what worlds are made from (1; cubes 3)
  --runs N     timed runs of each format, in turn (5)
  --bytes      no timed runs
  --ours       only the streams, not what people use instead
  --ticks N    the first ticks of each case
  --batch N    snapshots between two readings of the clock (16)
  --costs      what the common stream spends on every field
  --json       a line of JSON for each case and format

cases:";

pub(crate) fn help(cases: &[Case]) -> ExitCode {
    println!("{USAGE}");
    names(cases);
    ExitCode::SUCCESS
}

pub(crate) fn unknown_argument(argument: &str) -> ExitCode {
    println!("unknown argument: {argument}; --help tells what there is");
    ExitCode::FAILURE
}

pub(crate) fn nothing_chosen(cases: &[Case]) -> ExitCode {
    println!("no case is called that; there are:");
    names(cases);
    ExitCode::FAILURE
}

fn names(cases: &[Case]) {
    for case in cases {
        println!("  {}", case.name);
    }
}

/// Prints what was found out of one case.
pub(crate) fn case(name: &str, trace: &Trace, measured: &Measured, options: &Options) {
    match options.output {
        Output::Tables => table(name, trace, measured, options),
        Output::Json => {
            for line in lines(name, trace, measured) {
                println!("{line}");
            }
        }
        Output::Names => println!("checked {name}"),
    }
}

fn table(name: &str, trace: &Trace, measured: &Measured, options: &Options) {
    println!(
        "\n{name}: {:.1} entities, {} snapshots at {} Hz, seed {}",
        ratio(trace.rows(0), trace.ticks.len()),
        trace.ticks.len(),
        trace.hz,
        trace.seed
    );
    println!(
        "  {:<29} {:>10} {:>10}  {:<22} decode ns/entity",
        "", "B/snapshot", "with start", "encode ns/entity"
    );
    for figures in &measured.formats {
        let line = format!(
            "  {:<29} {:>10.2} {:>10.2}  {:<22} {}",
            figures.name,
            figures.mean_bytes(),
            figures.mean_bytes_with_start(),
            times(&figures.encode),
            times(&figures.decode),
        );
        println!("{}", line.trim_end());
    }
    let costs = &measured.streams;
    println!(
        "  streams: first snapshot {} B; a member's messages {:.2} B a snapshot, {:.0} B/s; a join \
         at the end {} B",
        costs.first,
        costs.message,
        costs.message * f64::from(trace.hz),
        costs.join
    );
    if options.costs {
        for (class, part, bytes) in streams::costs(trace) {
            println!("    {bytes:8.2} B  {class}: {part}");
        }
    }
}

/// The best run, and the median and the worst beside it.
fn times(times: &Times) -> String {
    times
        .spread()
        .map_or_else(String::new, |[best, median, worst]| {
            format!("{best:6.1} ({median:.1}, {worst:.1})")
        })
}

fn lines(name: &str, trace: &Trace, measured: &Measured) -> Vec<Value> {
    let line = |figures: &Figures| {
        json!({
            "case": name,
            "format": figures.name,
            "seed": trace.seed,
            "snapshots": trace.ticks.len(),
            "start_snapshots": START_TICKS,
            "entities": ratio(trace.rows(0), trace.ticks.len()),
            "bytes": figures.mean_bytes(),
            "bytes_with_start": figures.mean_bytes_with_start(),
            "encode_ns": figures.encode.spread(),
            "decode_ns": figures.decode.spread(),
        })
    };
    let mut lines: Vec<Value> = measured.formats.iter().map(line).collect();
    let costs = &measured.streams;
    lines[0]["first_bytes"] = json!(costs.first);
    lines[0]["message_bytes"] = json!(costs.message);
    lines[0]["join_bytes"] = json!(costs.join);
    lines
}
