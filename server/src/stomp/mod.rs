//! STOMP 1.2: rooms as topics, for whoever speaks it already.
//!
//! - [`frame`]: a frame, and how it is written; [`parser`]: frames out of bytes that come in pieces
//! - [`session`]: what a client's frames mean, in their order; [`refusal`]: why they mean nothing;
//!   [`heart_beat`]: how often both sides give a sign of life
//! - [`following`]: a subscription to a room; [`connection`]: one client, from CONNECT to its end
//!
//! The first five are pure: they know no socket, clock or room.

pub(crate) mod connection;
mod following;
mod frame;
mod heart_beat;
mod parser;
mod refusal;
mod session;

/// The name of the subprotocol.
pub(crate) const SUBPROTOCOL: &str = "v12.stomp";
