//! What can keep a swarm from starting, or a bot from connecting.

use std::io;

/// Why a swarm did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not one of a server.
    #[error("{url} is not an address like ws://127.0.0.1:7777/play or wss://127.0.0.1:7777/play")]
    Address {
        /// What was given.
        url: String,
    },
    /// What proves who the server is can't be used.
    #[error("{path} can't be used as --ca: {problem}")]
    Authority {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An address under TLS without it.
    #[error(
        "{url} needs --ca FILE: the certificate in PEM that the server's leads to, or the server's own"
    )]
    NoAuthority {
        /// What was given.
        url: String,
    },
    /// Nobody answers there.
    #[error("no server at {url}: {source}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no timers or sockets.
    #[error("no runtime: {source}")]
    Runtime {
        /// What the system said.
        source: io::Error,
    },
    /// The report could not be written.
    #[error("{path} can't be written: {source}")]
    Report {
        /// Where to.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}
