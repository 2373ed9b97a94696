//! `syncline replay`: what journals hold, whether the match is the same when it is run again, and
//! the match again for people to watch.
//!
//! - `journal`: a file, and what it says of itself
//! - `verify`: the match again, compared
//! - `list`: all journals of a folder
//! - `export`: a test of the match; `regression`: what such a test calls
//! - `show`: the match for people to watch

mod export;
mod journal;
mod list;
mod regression;
mod show;
mod verify;

pub use regression::assert_replays;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::games::Games;
use crate::showing::Showing;

/// What to do with journals.
#[derive(Args, Debug)]
pub(crate) struct ReplayOptions {
    /// The journal
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
    /// Runs the match again, as fast as it can, and compares every hash and checkpoint
    #[arg(long)]
    verify: bool,
    /// Shows the match to whoever connects, in the browser at the address that is printed, or with
    /// any client: all watch. Pause, jumps and speed are at /api/replay
    #[arg(long, conflicts_with = "verify")]
    serve: bool,
    /// Where to listen for them; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", requires = "serve", default_value_t = BIND)]
    bind: SocketAddr,
    /// Writes the match as a test that runs it again with the game: into a package's folder `tests`,
    /// or as a package of its own
    #[arg(long, value_name = "DIR", conflicts_with_all = ["verify", "serve"])]
    export_test: Option<PathBuf>,
    /// Describes the journals of a folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "verify", "serve", "export_test"])]
    list: Option<PathBuf>,
}

/// Where a match is shown if nothing else is said.
const BIND: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7777);

/// What came of it.
pub(crate) enum Replayed {
    /// All that was to be done: 0 if all is well, 1 if a match is not what it was or a journal is
    /// damaged, 2 if a file can't be read.
    Done(ExitCode),
    /// A match to be shown, and where.
    Show(Showing, SocketAddr),
}

/// Does what `options` say with the matches of `games`.
pub(crate) fn run(options: &ReplayOptions, games: &Games) -> Replayed {
    let mut out = std::io::stdout().lock();
    if let Some(file) = options.file.as_ref().filter(|_| options.serve) {
        return match show::load(file, games, &mut out) {
            Ok(showing) => Replayed::Show(showing, options.bind),
            Err(problem) => Replayed::Done(failed(&problem)),
        };
    }
    let outcome = match (&options.list, &options.file) {
        (Some(folder), _) => list::list(folder, &mut out),
        (None, Some(file)) if let Some(folder) = &options.export_test => {
            export::export(file, folder, games, &mut out)
        }
        (None, Some(file)) if options.verify => verify::verify(file, games, &mut out),
        (None, Some(file)) => journal::describe(file, games, &mut out),
        (None, None) => return Replayed::Done(ExitCode::from(2)),
    };
    Replayed::Done(match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(problem) => failed(&problem),
    })
}

fn failed(problem: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "error: {problem}");
    ExitCode::from(2)
}
