//! The games as a server and its clients see them: whole matches, driven by journals, watched
//! through streams.

mod arena_rules;
mod chosen;
#[cfg(feature = "cubes")]
mod cubes_determinism;
#[cfg(feature = "cubes")]
mod cubes_rules;
mod determinism;
mod driver;
mod golden;
mod journal;
mod maps;
mod prediction;
