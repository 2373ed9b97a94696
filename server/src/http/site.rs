//! What the routes share.

use std::sync::Arc;

use axum::http::StatusCode;

use syncline_shared::id::RoomId;
use syncline_shared::message::control::RoomSelector;

use crate::bots;
use crate::games::Hosted;
use crate::http::pages::Pages;
use crate::journal_store::JournalStore;
use crate::net::connection::Lobby;
use crate::net::origin::AllowedOrigins;
use crate::runtime::board::RoomBoard;
use crate::runtime::watchdog::Watchdog;
use crate::showing::Showing;

/// A server as its routes see it.
pub(crate) struct Site {
    /// Where opened sockets go.
    pub(crate) lobby: Arc<Lobby>,
    /// What browsers are shown.
    pub(crate) pages: Pages,
    /// Which web pages may open a socket.
    pub(crate) origins: AllowedOrigins,
    /// Knows whether everything moves.
    pub(crate) watchdog: Watchdog,
    /// Knows whether matches are recorded.
    pub(crate) journals: JournalStore,
    /// The recorded match that is shown, if one is.
    pub(crate) showing: Option<Showing>,
}

impl Site {
    /// A public room by its id, or any by its code; or how to say that there is none.
    pub(crate) fn room(&self, room: &str) -> Result<Arc<RoomBoard>, (StatusCode, &'static str)> {
        let find = |selector| self.lobby.directory.find(&selector);
        let by_id = room.parse().ok().map(|id| RoomSelector::Id(RoomId(id)));
        let by_code = || room.parse().ok().map(RoomSelector::Code);
        // A code may be all digits.
        let board = by_id.and_then(find).or_else(|| by_code().and_then(find));
        board.ok_or((StatusCode::NOT_FOUND, "there is no such room\n"))
    }
}

/// What bots have to be told to play the game of a client that names none.
pub(crate) fn bot_options(games: &Hosted) -> String {
    let game = games.default_game();
    bots::options(game.kind.name(), game.seats.max)
}
