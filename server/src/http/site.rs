//! What the routes share.

use std::sync::Arc;

use crate::bots;
use crate::net::connection::Lobby;
use crate::net::origin::AllowedOrigins;
use crate::runtime::watchdog::Watchdog;

/// A server as its routes see it.
pub(crate) struct Site {
    /// Where opened sockets go.
    pub(crate) lobby: Arc<Lobby>,
    /// Which web pages may open a socket.
    pub(crate) origins: AllowedOrigins,
    /// Knows whether everything moves.
    pub(crate) watchdog: Watchdog,
}
impl Site {
    /// What bots have to be told to play the game of a client that names none.
    pub(crate) fn bot_options(&self) -> String {
        let game = self.lobby.directory.games().default_game();
        bots::options(game.kind.name(), game.seats.max)
    }
}
