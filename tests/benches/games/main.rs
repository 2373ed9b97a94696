//! What the streams cost on games that ship with Syncline, as bots play them, and on rigid bodies.
//!
//! `cargo bench -p syncline-tests --bench games -- --help` says how to choose cases.
//!
//! - `kit`: how anything is measured, and what it is measured against
//! - `arena`: the game of that name, full of bots
//! - `cubes`: the cubes of the networked physics challenge

mod arena;
mod cubes;
#[path = "../../../shared/benches/kit/mod.rs"]
mod kit;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [arena::cases(), cubes::cases()].concat();
    kit::main(&cases)
}
