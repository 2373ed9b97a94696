//! What both ends of Syncline must agree on: the protocol, the schema, streams, the [`Game`] trait.
//!
//! Everything here is a plain function of its arguments: no clock, no I/O, no task, no global. A
//! server and a client that link this crate, or follow `PROTOCOL.md`, hold the same world bit for
//! bit.
//!
//! Start at [`game::Game`], the trait that a game implements, and at [`stream`], which carries what
//! a game shows to those who watch.
//!
//! - [`tick`], [`id`], [`limits`], [`rng`], [`hash`], [`error`], [`text`]: units, names, bounds
//! - [`bits`], [`quantize`], [`range_coder`], [`direction`]: numbers as bits, angles and vectors as whole numbers
//! - [`schema`], [`replicated`](mod@replicated): rows of words, and how plain structs become them
//! - [`snapshot`], [`stream`]: a world at one tick, and how it travels
//! - [`input`], [`command`]: what players send
//! - [`message`], [`codec`], [`close`]: what one WebSocket message holds, and how a session ends
//! - [`labels`], [`query`]: what a room says of itself, and how one that is wanted is described
//! - [`properties`]: what a player says of itself
//! - [`game`], [`predict`], [`journal`]: the rules of a game, the part of them that clients run, and
//!   the record that reproduces a match
//!
//! [`Game`]: game::Game

extern crate self as syncline_shared;

pub mod bits;
pub mod close;
pub mod codec;
pub mod command;
pub mod direction;
pub mod error;
pub mod game;
pub mod hash;
pub mod id;
pub mod input;
pub mod journal;
pub mod labels;
pub mod limits;
mod macros;
pub mod message;
pub mod predict;
pub mod properties;
pub mod quantize;
pub mod query;
pub mod range_coder;
pub mod replicated;
pub mod rng;
pub mod schema;
pub mod snapshot;
pub mod stream;
pub mod text;
pub mod tick;

#[doc(hidden)]
pub use serde;
