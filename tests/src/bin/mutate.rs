//! Feeds decoders with inputs that are a little wrong: `mutate TARGET RUNS [SEED]` changes those of the
//! corpus at random, `mutate TARGET FILE` runs one. Needs no nightly compiler, unlike
//! `cargo fuzz run`, but doesn't learn from what it finds either.
//!
//! Stops at the first input of which something does not hold, and writes it beside where it runs.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use syncline_shared::rng::Rng;
use syncline_tests::fuzzing::{TARGETS, Target};

/// No input becomes longer.
const INPUT_BYTES_MAX: usize = 32 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let target = |name: &str| TARGETS.into_iter().find(|target| target.name == name);
    let (target, what, seed) = match arguments.as_slice() {
        [name, what] => (target(name), what, Some(1)),
        [name, what, seed] => (target(name), what, seed.parse().ok()),
        _ => (None, &String::new(), None),
    };
    let Some((target, seed)) = target.zip(seed) else {
        say("usage: mutate TARGET RUNS [SEED] | mutate TARGET FILE");
        return ExitCode::from(2);
    };
    match (what.parse(), fs::read(what)) {
        (Ok(runs), _) => many(target, runs, seed),
        (Err(_), Ok(input)) => {
            (target.run)(&input);
            ExitCode::SUCCESS
        }
        (Err(_), Err(error)) => {
            say(&format!("{what}: {error}"));
            ExitCode::from(2)
        }
    }
}

fn many(target: Target, runs: u64, seed: u64) -> ExitCode {
    let corpus = corpus(target);
    let mut rng = Rng::from_seed(seed);
    let (mut slowest, mut slow) = (Duration::ZERO, Vec::new());
    for run in 0..runs {
        let input = mutated(target, &corpus, &mut rng);
        let began = Instant::now();
        let held = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let took = began.elapsed();
        if took > slowest {
            (slowest, slow) = (took, input.clone());
        }
        if held.is_err() {
            let path = format!("{}-{seed}-{run}", target.name);
            let written = fs::write(&path, &input).is_ok();
            say(&format!(
                "run {run} of seed {seed}: does not hold; {path} written: {written}"
            ));
            return ExitCode::FAILURE;
        }
    }
    let (name, slowest, length) = (target.name, slowest.as_micros(), slow.len());
    say(&format!(
        "{name}: {runs} runs of seed {seed} hold; the slowest took {slowest} us for {length} bytes"
    ));
    ExitCode::SUCCESS
}

/// The inputs of a target, in the order of their names.
fn corpus(target: Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target.name);
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

/// One input of the corpus with a few changes. Most leave its schema alone: few would be one still.
fn mutated(target: Target, corpus: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut input = any(corpus, rng).clone();
    let kept = match input.first_chunk() {
        Some(length) if target.has_schema && rng.chance(9, 10) => {
            (2 + usize::from(u16::from_le_bytes(*length))).min(input.len())
        }
        _ => 0,
    };
    let mut tail = input.split_off(kept);
    for _ in 0..=rng.below(6) {
        mutate(&mut tail, any(corpus, rng), rng);
    }
    input.append(&mut tail);
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn any<'a>(corpus: &'a [Vec<u8>], rng: &mut Rng) -> &'a Vec<u8> {
    &corpus[below(corpus.len(), rng)]
}

fn below(bound: usize, rng: &mut Rng) -> usize {
    let bound = u32::try_from(bound.max(1)).unwrap_or(u32::MAX);
    rng.below(bound) as usize
}

/// One change. `other` is where foreign bytes come from.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let at = below(bytes.len(), rng);
    let length = below(bytes.len() - at.min(bytes.len()), rng).min(64) + 1;
    let end = (at + length).min(bytes.len());
    let byte = |rng: &mut Rng| rng.below(256).to_le_bytes()[0];
    match rng.below(8) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
        2 if at < bytes.len() => bytes[at] = byte(rng),
        3 if at < bytes.len() => {
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5, rng)];
        }
        4 => drop(bytes.drain(at..end)),
        5 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        6 => {
            let from = below(other.len(), rng);
            let to = (from + length).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        _ => {
            let noise: Vec<u8> = (0..=rng.below(8)).map(|_| byte(rng)).collect();
            bytes.splice(at..at, noise);
        }
    }
}

fn say(what: &str) {
    let _ = writeln!(std::io::stdout(), "{what}");
}
