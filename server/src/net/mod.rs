//! From an accepted socket to a member of a room, and back.
//!
//! - [`listener`]: accepts sockets and serves HTTP on them
//! - [`upgrade`]: turns an HTTP request into a WebSocket, or refuses it
//! - [`handshake`]: from the first message to a place in a room
//! - [`connection`]: one WebSocket from its opening to its close
//! - [`incoming`]: what the client says
//! - [`ending`]: the reason why it ends, logged, counted and told
//! - [`link`]: what its WebSocket reads from and writes to
//! - [`outbox`]: what waits to be written to it, and the only writer of its socket
//! - [`socket`]: how sockets are set up, and how they end

pub(crate) mod connection;
mod ending;
pub(crate) mod handshake;
mod incoming;
mod link;
pub(crate) mod listener;
pub(crate) mod outbox;
pub(crate) mod socket;
pub(crate) mod upgrade;
