//! The games that ship with Syncline, and an example each of how to write one.
//!
//! All are plain implementations of [`Game`]: no clock, no I/O, randomness only from the match's
//! generator, integers or floats that are the same everywhere, so that a journal gives the same
//! match on every machine.
//!
//! - [`pong`]: two players and a ball. Read this one first.
//! - [`arena`]: a top-down shooter for two to hundreds of ships, predicted exactly by its clients.
//! - `cubes`: hundreds of rigid bodies that players push about. With the feature of that name, since
//!   it brings a physics engine.
//!
//! [`Game`]: syncline_shared::game::Game

pub mod arena;
#[cfg(feature = "cubes")]
pub mod cubes;
pub mod pong;

pub use arena::{Arena, ArenaPrediction};
#[cfg(feature = "cubes")]
pub use cubes::Cubes;
pub use pong::Pong;
