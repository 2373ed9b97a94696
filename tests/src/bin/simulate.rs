//! Simulated matches by seed: `simulate SEED` runs one and tells of it, `simulate --seeds N` runs
//! the first N and stops at the first in which something does not hold.

use std::io::Write;
use std::process::ExitCode;

use syncline_tests::scenario::Scenario;
use syncline_tests::simulation::run;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--seeds", count] => count.parse().map_or_else(|_| usage(), many),
        [seed] => seed.parse().map_or_else(|_| usage(), one),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    say("usage: simulate SEED | simulate --seeds COUNT");
    ExitCode::from(2)
}

fn one(seed: u64) -> ExitCode {
    let scenario = Scenario::from_seed(seed);
    match run(&scenario) {
        Ok(summary) => {
            say(&format!("{scenario:#?}\n{summary:#?}"));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn many(count: u64) -> ExitCode {
    let (mut frames, mut predictions) = (0, 0);
    for seed in 0..count {
        match run(&Scenario::from_seed(seed)) {
            Ok(summary) => {
                frames += summary.frames;
                predictions += summary.predictions;
            }
            Err(failure) => {
                say(&failure.to_string());
                return ExitCode::FAILURE;
            }
        }
        if seed % 1000 == 999 {
            say(&format!("{} matches", seed + 1));
        }
    }
    say(&format!(
        "{{\"figure\":\"simulated matches\",\"matches\":{count},\"frames_compared\":{frames},\
         \"predictions_agreed\":{predictions},\"complaints\":0}}"
    ));
    ExitCode::SUCCESS
}

fn say(text: &str) {
    // Whoever reads this may have gone; that changes nothing.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
