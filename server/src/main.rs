//! `syncline`: hosts the games that come with it.

use std::process::ExitCode;

use syncline_games::{Arena, Pong};
use syncline_server::Games;

fn main() -> ExitCode {
    syncline_server::main(Games::new().with::<Arena>().with::<Pong>())
}
