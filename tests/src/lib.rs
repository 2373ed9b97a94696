//! Tests of the whole: what no single crate of Syncline can promise on its own.
//!
//! Each kind of test is a target with a folder of its own beside this one, named in `Cargo.toml`.
//! `tidy` holds the repository to its rules; `run` is the one command that runs everything. This
//! library is what `simulation` is made of: whole matches on virtual time, by seed.
//!
//! - [`scenario`]: what happens; the one way to write a match
//! - [`network`], [`corruption`], [`world`], `asking`, `book`, `crowd`: how it happens
//! - [`checkers`], [`healing`], [`answers`]: what has to hold whatever happens
//! - [`simulation`]: all of it together
//! - [`fuzzing`]: what decoders are fed with any bytes for
//! - [`differential`]: what another implementation is held against

pub mod answers;
mod asking;
mod book;
pub mod checkers;
pub mod corruption;
mod crowd;
pub mod differential;
pub mod fuzzing;
pub mod healing;
pub mod network;
pub mod scenario;
pub mod simulation;
pub mod world;
