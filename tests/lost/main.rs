//! Loses a server while bots play on it, starts it again, and sees what of their matches is back.
//!
//! `cargo run --release -p syncline-tests --bin lost -- --help` says how. What is counted has to hold
//! each time; times are told, and depend on the machine.
//!
//! - `options`: the command line
//! - `round`: one loss, from the first bot to the last proof
//! - `proxy`: a way to the server that tells of no end
//! - `process`: servers and bots as processes
//! - `journals`: what was on the disk when the server was lost

mod journals;
mod options;
mod process;
mod proxy;
mod round;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;
use syncline_shared::rng::Rng;

use options::Options;
use round::Outcome;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            say(&format!("{failed} rounds failed"));
            ExitCode::FAILURE
        }
        Err(error) => {
            say(&format!("lost: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// How many rounds failed.
fn run(options: &Options) -> io::Result<usize> {
    let (mut rng, mut outcomes) = (Rng::from_seed(options.seed), Vec::new());
    say("round  ticks lost  downtime ms  open to resumed ms  back ms  failures");
    for number in 1..=options.rounds {
        let outcome = round::run(options, number, &mut rng)?;
        say(&format!(
            "{number:>5}  {:>10}  {:>11.0}  {:>18.0}  {:>7.0}  {}",
            outcome.ticks_lost,
            outcome.down_ms,
            outcome.open_to_resumed_ms,
            outcome.outage_ms,
            outcome.failures.len()
        ));
        for failure in &outcome.failures {
            say(&format!("       {failure}"));
        }
        outcomes.push(outcome);
    }
    if let Some(path) = &options.figures {
        write_figure(options, &outcomes, path)?;
    }
    Ok(outcomes
        .iter()
        .filter(|outcome| !outcome.failures.is_empty())
        .count())
}

fn write_figure(options: &Options, outcomes: &[Outcome], path: &Path) -> io::Result<()> {
    let most = |of: fn(&Outcome) -> f64| outcomes.iter().map(of).fold(0.0, f64::max);
    let line = json!({
        "figure": format!("lost-{:?}", options.way).to_lowercase(),
        "value": {
            "rounds": outcomes.len(),
            "held": outcomes.iter().filter(|outcome| outcome.failures.is_empty()).count(),
            "bots": options.bots,
            "rooms": options.rooms,
            "ticks_lost_most": most(|outcome| f64::from(outcome.ticks_lost)),
            "open_to_resumed_ms_most": most(|outcome| outcome.open_to_resumed_ms),
        },
    });
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{line}")
}

fn say(line: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(io::stdout(), "{line}");
}
