//! A server that is lost in the midst of a match, and the one that comes after it.

use syncline_shared::predict::Predict;

use super::{Observed, Observer, World, tell};

impl<P: Predict> World<P> {
    /// The server is lost, with all connections, and another one takes its place.
    pub(super) fn restart(&mut self, down_micros: u64, observers: &mut [&mut dyn Observer<P>]) {
        let Some(room) = self.book.recover(self.now, &self.kind, &mut self.rng) else {
            // Nobody was there yet.
            return;
        };
        self.room = room;
        self.by_connection.clear();
        for peer in &mut self.peers {
            peer.stalled = false;
            peer.hang_up(self.now);
        }
        self.server_stalled_until = self.now.plus_micros(down_micros);
        let restarted = Observed::Restarted(&self.room, self.book.bytes());
        tell(observers, self.now, &restarted);
    }
}
