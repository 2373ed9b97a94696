//! How rooms whose creators ask for company become known to those who keep it.
//!
//! Knows neither who asks nor who comes.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::runtime::board::RoomBoard;

/// Invitations that nobody has taken up yet; beyond it nobody is invited.
const WAITING_MAX: usize = 64;

/// Invites to rooms.
pub(crate) struct Invitations(mpsc::Sender<Arc<RoomBoard>>);

/// Is invited.
pub(crate) struct Invited(mpsc::Receiver<Arc<RoomBoard>>);

/// Both ends. Without the second one, nobody comes to any room.
pub(crate) fn invitations() -> (Invitations, Invited) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (Invitations(sender), Invited(receiver))
}

impl Invitations {
    /// Asks for company in a room that has just been opened.
    pub(crate) fn invite(&self, room: &Arc<RoomBoard>) {
        if self.0.try_send(room.clone()).is_err() {
            tracing::debug!(room = %room.id, "nobody keeps company");
        }
    }
}

impl Invited {
    /// The next room; never again if nobody invites any more.
    pub(crate) async fn next(&mut self) -> Arc<RoomBoard> {
        match self.0.recv().await {
            Some(room) => room,
            None => std::future::pending().await,
        }
    }
}
