//! From an accepted socket to a member of a room, and back.
//!
//! - [`listener`]: accepts sockets and serves HTTP on them
//! - [`guard`]: who may be connected
//! - [`forwarded`]: whose connection a proxy carries
//! - [`tls`]: the server's certificate
//! - [`stream`]: one socket, plain or under TLS
//! - [`meter`], [`rate`]: how much a client may send
//! - [`origin`]: which web pages may connect
//! - [`upgrade`]: turns an HTTP request into a WebSocket, or refuses it
//! - [`handshake`]: from the first message to a place in a room
//! - [`connection`]: one WebSocket from its opening to its close
//! - [`text`]: one WebSocket of another protocol than ours, which is text
//! - [`inside`]: connections of the process to itself
//! - [`incoming`]: what the client says
//! - [`ending`]: the reason why it ends, logged, counted and told
//! - [`tunnel`]: one without a WebSocket, over plain HTTP
//! - [`carrier`]: what carries its bytes, a socket or a tunnel
//! - [`link`]: what its WebSocket reads from and writes to
//! - [`outbox`]: what waits to be written to it, and the only writer of its socket
//! - [`seal`]: how its bytes look on the wire, plain or under TLS
//! - [`socket`]: how sockets are set up, and how they end

mod carrier;
pub(crate) mod connection;
pub(crate) mod ending;
pub(crate) mod forwarded;
pub(crate) mod guard;
pub(crate) mod handshake;
mod incoming;
pub(crate) mod inside;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod meter;
pub(crate) mod origin;
pub(crate) mod outbox;
mod rate;
mod seal;
pub(crate) mod socket;
pub(crate) mod stream;
pub(crate) mod text;
pub(crate) mod tls;
pub(crate) mod tunnel;
pub(crate) mod upgrade;
