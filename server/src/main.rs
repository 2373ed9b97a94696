//! `syncline`: hosts the games that come with it.

use std::process::ExitCode;

#[cfg(feature = "cubes")]
use syncline_games::Cubes;
use syncline_games::{Arena, Pong};
use syncline_server::Games;

fn main() -> ExitCode {
    let games = Games::new().with::<Arena>().with::<Pong>();
    #[cfg(feature = "cubes")]
    let games = games.with::<Cubes>();
    syncline_server::main(games)
}
