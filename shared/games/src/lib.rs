//! The games that ship with Syncline, and an example each of how to write one.
//!
//! Both are plain implementations of [`Game`]: no clock, no I/O, randomness only from the match's
//! generator, integers only, so that a journal gives the same match on every machine.
//!
//! - [`pong`]: two players and a ball. Read this one first.
//! - [`arena`]: a top-down shooter for two to hundreds of ships, predicted exactly by its clients.
//!
//! [`Game`]: syncline_shared::game::Game

pub mod arena;
pub mod pong;

pub use arena::{Arena, ArenaPrediction};
pub use pong::Pong;
