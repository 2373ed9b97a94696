//! Tests of the whole: what no single crate of Syncline can promise on its own.
//!
//! Each kind of test is a target with a folder of its own beside this one, named in `Cargo.toml`.
//! `tidy` holds the repository to its rules; `run` is the one command that runs everything.
