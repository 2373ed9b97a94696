//! `syncline replay`: what journals hold, and whether the match is the same when it is run again.
//!
//! Reads files, runs games and prints; needs no server.
//!
//! - `journal`: a file, and what it says of itself
//! - `verify`: the match again, compared
//! - `list`: all journals of a folder

mod journal;
mod list;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::games::Games;

/// What to do with journals.
#[derive(Args, Debug)]
pub(crate) struct ReplayOptions {
    /// The journal
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
    /// Runs the match again, as fast as it can, and compares every hash and checkpoint
    #[arg(long)]
    verify: bool,
    /// Describes the journals of a folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "verify"])]
    list: Option<PathBuf>,
}

/// Does what `options` say with the matches of `games`: 0 if all is well, 1 if a match is not what it
/// was or a journal is damaged, 2 if a file can't be read.
pub(crate) fn run(options: &ReplayOptions, games: &Games) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let outcome = match (&options.list, &options.file) {
        (Some(folder), _) => list::list(folder, &mut out),
        (None, Some(file)) if options.verify => verify::verify(file, games, &mut out),
        (None, Some(file)) => journal::describe(file, games, &mut out),
        (None, None) => return ExitCode::from(2),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {problem}");
            ExitCode::from(2)
        }
    }
}
