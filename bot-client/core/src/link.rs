//! Where a client is between wanting to play and having played.

use syncline_shared::predict::Predict;
use syncline_shared::tick::Timestamp;

use crate::playing::Playing;

/// The state of a client's connection.
///
/// ```text
///             due             open             welcome
///   Waiting ───────► Connecting ───► Greeting ─────────► Playing
///      ▲                  │              │                │   │ asked to leave
///      │   closed, and    │              │                │   ▼
///      └──────────────────┴──────────────┴────────────────┘ Leaving
///                         │ closed, and trying again        │
///                         │ is pointless                    │ closed
///                         └────────────────► Closed ◄───────┘
/// ```
///
/// Only `Playing` has streams, a clock and inputs, so nothing of one connection can leak into the
/// next.
#[derive(Debug)]
pub(crate) enum Link<P: Predict> {
    /// The next attempt is at this time.
    Waiting(Timestamp),
    /// A connection was asked for; it is given up at this time.
    Connecting(Timestamp),
    /// The hello was sent; the answer is waited for until this time.
    Greeting(Timestamp),
    /// In a room.
    Playing(Box<Playing<P>>),
    /// The server was told; it closes the connection, or this end does at this time.
    Leaving(Timestamp),
    /// It is over.
    Closed,
}
