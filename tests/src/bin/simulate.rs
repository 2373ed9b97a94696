//! Simulated matches by seed: `simulate SEED` runs one and tells of it, `simulate --seeds N` runs
//! the first N and stops at the first in which something does not hold. With `--flips` before that,
//! bits of chunks are flipped on their way.

use std::io::Write;
use std::process::ExitCode;

use syncline_tests::scenario::Scenario;
use syncline_tests::simulation::{Failure, Summary, run, run_with_flips};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (play, rest): (Play, _) = match &arguments[..] {
        ["--flips", rest @ ..] => (run_with_flips, rest),
        rest => (run_plain, rest),
    };
    match rest {
        ["--seeds", count] => count
            .parse()
            .map_or_else(|_| usage(), |count| many(count, play)),
        [seed] => seed
            .parse()
            .map_or_else(|_| usage(), |seed| one(seed, play)),
        _ => usage(),
    }
}

/// Runs the match of a seed.
type Play = fn(u64) -> Result<Summary, Box<Failure>>;

fn run_plain(seed: u64) -> Result<Summary, Box<Failure>> {
    run(&Scenario::from_seed(seed))
}

fn usage() -> ExitCode {
    say("usage: simulate [--flips] SEED | simulate [--flips] --seeds COUNT");
    ExitCode::from(2)
}

fn one(seed: u64, play: Play) -> ExitCode {
    match play(seed) {
        Ok(summary) => {
            say(&format!("{:#?}\n{summary:#?}", Scenario::from_seed(seed)));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn many(count: u64, play: Play) -> ExitCode {
    let (mut frames, mut predictions) = (0, 0);
    let (mut flips, mut healed, mut wrong, mut late) = (0, 0, 0, 0);
    for seed in 0..count {
        match play(seed) {
            Ok(summary) => {
                frames += summary.frames;
                predictions += summary.predictions;
                flips += summary.flips;
                healed += summary.healed;
                wrong += summary.wrong;
                late += summary.wrong_late;
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
         \"predictions_agreed\":{predictions},\"flips\":{flips},\"healed\":{healed},\
         \"frames_wrong\":{wrong},\"frames_wrong_late\":{late},\"complaints\":0}}"
    ));
    ExitCode::SUCCESS
}

fn say(text: &str) {
    // Whoever reads this may have gone; that changes nothing.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
