//! What the routes share.

use std::sync::Arc;

use crate::net::connection::Lobby;
use crate::runtime::watchdog::Watchdog;

/// A server as its routes see it.
pub(crate) struct Site {
    /// Where opened sockets go.
    pub(crate) lobby: Arc<Lobby>,
    /// Knows whether everything moves.
    pub(crate) watchdog: Watchdog,
}
