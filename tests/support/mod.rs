//! What tests with real sockets share: a server in this process, a client that says exactly what it
//! is told, and a game that misbehaves on command.
//!
//! Nothing here sleeps: everything waits for what it wants to see, and gives up with words.

pub(crate) mod client;
pub(crate) mod host;
pub(crate) mod lab;

use std::time::Duration;

/// How long to wait for something that comes at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `future` resolves to.
///
/// # Panics
///
/// If it takes so long that it never will.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}
