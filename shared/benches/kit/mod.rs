//! How a way to carry snapshots is measured: exact bytes and thread CPU time, on recorded worlds.
//!
//! Everything that carries snapshots is a [`Format`]: our streams, and what people use instead. On
//! each case all of them see the same rows; each first runs once with every snapshot decoded and
//! compared with the original, untimed, and then in turn with the others, timed. A harness for
//! single functions would not do: a stream is a sequence in which every snapshot depends on those
//! before, what it yields is bytes as much as time, and figures of one run must be comparable.
//!
//! Knows no game and no world: those hand in [`Case`]s.
//!
//! - `options`: what the command line chooses
//! - `trace`: a recorded world
//! - `format`: what carries snapshots, from one end to the other
//! - `streams`: ours, and `messages`, what their chunks cost on the way; `baselines`: the others
//! - `clock`, `measure`: how they are run
//! - `report`: what is printed

mod baselines;
mod clock;
mod format;
mod measure;
mod messages;
mod options;
mod report;
mod streams;
mod trace;

use std::process::ExitCode;

use options::{Asked, Options};

pub(crate) use baselines::{Plain, numbered, plain};
pub(crate) use trace::{Case, Trace};

/// Measures those of `cases` that the command line names.
pub(crate) fn main(cases: &[Case]) -> ExitCode {
    let options = match Options::from_arguments(std::env::args().skip(1)) {
        Ok(Asked::Run(options)) => options,
        Ok(Asked::Help) => return report::help(cases),
        Err(unknown) => return report::unknown_argument(&unknown),
    };
    let chosen: Vec<&Case> = cases
        .iter()
        .filter(|case| options.chooses(&case.name))
        .collect();
    if chosen.is_empty() {
        return report::nothing_chosen(cases);
    }
    for case in chosen {
        let trace = case.record(&options);
        let baselines = options.baselines && case.has_baselines;
        let measured = measure::measure(&trace, baselines, &options);
        report::case(&case.name, &trace, &measured, &options);
    }
    ExitCode::SUCCESS
}
