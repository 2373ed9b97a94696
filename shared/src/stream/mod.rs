//! Streams: the unit of replication.
//!
//! A stream is an ordered, lossless sequence of chunks for one set of entities. [`StreamEncoder`]
//! encodes each snapshot tick once, however many follow; every follower's [`StreamDecoder`] ends up
//! with the same frame, bit for bit. Because all followers have applied the same chunks in the same
//! order, the encoder's own previous frame is everybody's baseline; nothing depends on who follows.
//!
//! - An *empty chunk* says that everything went as predicted. Sent or not, it has the same effect:
//!   both ends advance by one snapshot tick.
//! - A *join* is the state after a tick, for one that follows from the next tick on. Writing it
//!   changes nothing for anybody else.
//! - Now and then a chunk carries a hash of the rows, so that drift is found.
//!
//! ```text
//!   Contents ──► StreamEncoder ──► chunk ──► StreamDecoder ──► Frame, events
//!                      │                          ▲
//!                      └────────── join ──────────┘
//! ```
//!
//! - `encoder`: from a game's rows to chunks; which entity has which slot
//! - `decoder`: from chunks to frames; refuses whatever is not a chunk
//! - `chunk`: one chunk, the same for both ends: `rows` that were there, the `surprise` that some
//!   are and its `fields`, `births`, events
//! - `state`: joins
//! - `slots`: which entity has which slot
//! - `source`: what is coded, as far as an end knows it
//! - `memory`: what both ends remember alike
//! - `motion`, `attitude`: what follows from what is remembered; `vector`: of what moves in most rows
//! - `model`: decisions, and odds that are learned
//! - `meter`: what each class and field costs

mod attitude;
mod births;
mod chunk;
mod decoder;
mod encoder;
mod fields;
mod memory;
mod meter;
mod model;
mod motion;
mod rows;
mod slots;
mod source;
mod state;
mod surprise;
mod vector;

pub use decoder::{Applied, StreamDecoder};
pub use encoder::StreamEncoder;
pub use meter::{BitCosts, COSTS_PER_BIT};
pub use slots::ChunkStats;

#[cfg(test)]
mod tests;
