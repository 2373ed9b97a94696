//! Compares this implementation with the one in JavaScript, over random schemas and worlds, in both
//! directions: `differential` for some seeds, `--long` for many. What is asked is in
//! `syncline_tests::differential`, Node's side in `tests/sdk/differential.mjs`.
//!
//! Tells how to repeat each seed that differs, and fails if any does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use clap::Parser;
use serde_json::Value;
use syncline_tests::differential::{Peer, check};

/// What is compared in the short and in the long form.
const SEEDS: u64 = 200;
const SEEDS_LONG: u64 = 5000;

/// After so many seeds that differ the others tell nothing new.
const FAILURES_MAX: usize = 5;

#[derive(Debug, Parser)]
#[command(about = "Compares the implementations in Rust and JavaScript")]
struct Arguments {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds
    #[arg(long)]
    seeds: Option<u64>,
    /// Many seeds
    #[arg(long)]
    long: bool,
    /// Node's side
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/sdk/differential.mjs"))]
    peer: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let count = if arguments.long { SEEDS_LONG } else { SEEDS };
    let last = arguments.seed + arguments.seeds.unwrap_or(count);
    let (mut chunks, mut failures) = (0, 0);
    let mut node = None;
    for seed in arguments.seed..last {
        // One that failed may be in any state: the next seed gets another.
        let outcome = match node.take().map_or_else(|| Node::start(&arguments), Ok) {
            Ok(mut running) => check(seed, &mut running).inspect(|_| node = Some(running)),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(read) => chunks += read,
            Err(error) => {
                failures += 1;
                say(&format!("seed {seed}: {error}"));
                say(&format!(
                    "repeat: cargo run -p syncline-tests --bin differential -- --seed {seed} --seeds 1"
                ));
            }
        }
        if failures == FAILURES_MAX {
            break;
        }
    }
    if failures > 0 {
        return ExitCode::FAILURE;
    }
    say(&format!(
        "seeds {} to {}: both sides agree on {chunks} chunks",
        arguments.seed,
        last - 1
    ));
    ExitCode::SUCCESS
}

fn say(line: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The other implementation, in a process of its own that answers line by line.
struct Node {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    fn start(arguments: &Arguments) -> Result<Self, String> {
        let mut process = Command::new("node")
            .arg(&arguments.peer)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("node does not start: {error}"))?;
        let questions = process.stdin.take().ok_or("node has no input")?;
        let answers = process.stdout.take().ok_or("node has no output")?;
        Ok(Self {
            process,
            questions,
            answers: BufReader::new(answers),
        })
    }
}

impl Peer for Node {
    fn ask(&mut self, question: &Value) -> Result<Value, String> {
        let failed = |error: std::io::Error| format!("{question}: {error}");
        writeln!(self.questions, "{question}").map_err(failed)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(failed)?;
        serde_json::from_str(&line).map_err(|error| format!("{question}: {error} in {line:?}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
