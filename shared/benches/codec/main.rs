//! What the streams cost, in bytes and in time, on worlds that anybody can generate again.
//!
//! `cargo bench -p syncline-shared --bench codec -- --help` says how to choose cases.
//!
//! - `kit`: how anything is measured, and what it is measured against
//! - `fleet`, `arena`, `storm`, `still`: the worlds
//! - `rng`: the random numbers that they are made of

mod arena;
mod fleet;
#[path = "../kit/mod.rs"]
mod kit;
mod rng;
mod still;
mod storm;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [arena::cases(), storm::cases(), still::cases()].concat();
    kit::main(&cases)
}
