//! A server of one's own.

use std::process::ExitCode;

use stranger::SnailRace;
use syncline_server::Games;

fn main() -> ExitCode {
    syncline_server::main(Games::new().with::<SnailRace>())
}
