//! Demo bots: players of the server's own, who keep people company in rooms whose creators ask for it.
//!
//! They are clients like any other, with sockets and frames; they just don't come over the network.
//! No room is kept open by them, and only arena, which they know how to play, has them.
//!
//! - [`invitation`]: which rooms want them
//! - `room`: how many are in a room
//! - `bot`: one of them

mod bot;
pub(crate) mod invitation;
mod room;

use std::sync::Arc;

use syncline_games::Arena;
use syncline_shared::game::Game;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::company::invitation::Invited;
use crate::net::connection::Lobby;
use crate::net::guard::Guard;
use crate::net::inside::Inside;

/// The most rooms that have company at one time; further ones wait until one of these is over.
pub(crate) const ROOMS_MAX: usize = 16;

/// Keeps company in rooms.
pub(crate) struct Company {
    /// How many bots a single person plays with.
    bots: u16,
    invited: Invited,
    inside: Inside,
    /// Closes when the last connection of a bot is gone.
    closed: mpsc::Receiver<()>,
}

impl Company {
    /// Follows the invitations with up to `bots` for a room, whose connections `guard` counts and
    /// `lobby` serves.
    pub(crate) fn new(
        bots: u16,
        invited: Invited,
        lobby: Arc<Lobby>,
        guard: Guard,
        byte_rate: u32,
    ) -> Self {
        let (open, closed) = mpsc::channel(1);
        Self {
            bots,
            invited,
            inside: Inside {
                lobby,
                guard,
                byte_rate,
                open,
            },
            closed,
        }
    }

    /// Keeps company until the shutdown, then waits until the bots' connections have ended.
    pub(crate) async fn run(self) {
        let Self {
            bots,
            mut invited,
            inside,
            mut closed,
        } = self;
        let shutdown = inside.lobby.shutdown.clone();
        let inside = Arc::new(inside);
        let mut rooms = JoinSet::new();
        let keeping = async {
            loop {
                tokio::select! {
                    board = invited.next(), if rooms.len() < ROOMS_MAX => {
                        if board.game.kind.name() == Arena::NAME {
                            rooms.spawn(room::attend(board, bots, inside.clone()));
                        }
                    }
                    Some(_) = rooms.join_next() => {}
                }
            }
        };
        tokio::select! {
            () = keeping => {}
            () = shutdown.thrown() => {}
        }
        // With their tasks the bots drop their ends; the others say goodbye as to everybody.
        rooms.shutdown().await;
        drop(inside);
        let _ = closed.recv().await;
    }
}
