//! What the routes share.

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use syncline_shared::id::RoomId;
use syncline_shared::message::control::RoomSelector;

use crate::bots;
use crate::games::Hosted;
use crate::http::access::Access;
use crate::http::announced::Announced;
use crate::http::idempotency::Answered;
use crate::http::pages::Pages;
use crate::journal_store::JournalStore;
use crate::net::connection::Lobby;
use crate::net::origin::AllowedOrigins;
use crate::net::tunnel::Tunnels;
use crate::runtime::board::RoomBoard;
use crate::runtime::inbox::RoomHandle;
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
    /// Sessions without a WebSocket.
    pub(crate) tunnels: Tunnels,
    /// Who may write.
    pub(crate) access: Access,
    /// Whether anybody may speak by STOMP.
    pub(crate) stomp_guests: bool,
    /// Announcements that were made.
    pub(crate) answered: Arc<Answered<Announced>>,
    /// Places for requests whose answers are held back.
    pub(crate) waiters: Arc<Semaphore>,
    /// Places for readers of events.
    pub(crate) readers: Arc<Semaphore>,
}

/// How many requests may be held back at one time. Each is a connection that could be a player's.
pub(crate) const WAITERS_MAX: usize = 256;

/// How many may read events at one time, likewise.
pub(crate) const READERS_MAX: usize = 256;

impl Site {
    /// A public room by its id, or any by its code; or how to say that there is none.
    pub(crate) fn room(&self, room: &str) -> Result<Arc<RoomBoard>, (StatusCode, &'static str)> {
        let board = self.room_handle(room).map(|room| room.board);
        board.ok_or((StatusCode::NOT_FOUND, "there is no such room\n"))
    }

    /// The same room, to tell it something.
    pub(crate) fn room_handle(&self, room: &str) -> Option<RoomHandle> {
        let find = |selector| self.lobby.directory.handle(&selector);
        let by_id = room.parse().ok().map(|id| RoomSelector::Id(RoomId(id)));
        let by_code = || room.parse().ok().map(RoomSelector::Code);
        // A code may be all digits.
        by_id.and_then(find).or_else(|| by_code().and_then(find))
    }
}

/// What bots have to be told to play the game of a client that names none.
pub(crate) fn bot_options(games: &Hosted) -> String {
    let game = games.default_game();
    bots::options(game.kind.name(), game.seats.max)
}
