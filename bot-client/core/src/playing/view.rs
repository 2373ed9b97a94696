//! What a client may be asked about the room that it is in.

use std::sync::Arc;

use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::message::control::{PhaseInfo, RosterEntry};
use syncline_shared::predict::Predict;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;
use syncline_shared::tick::{Tick, TickRate, Timestamp, ViewTick};

use super::Playing;
use crate::clock_sync::ClockSync;
use crate::event::Joined;
use crate::input_history::InputHistory;
use crate::prediction::Prediction;
use crate::sight::Sight;
use crate::snapshot_buffer::SnapshotBuffer;

impl<P: Predict> Playing<P> {
    /// Since when the client is in the room.
    pub fn since(&self) -> Timestamp {
        self.traffic.since()
    }

    /// The client's place.
    pub fn joined(&self) -> &Joined {
        &self.joined
    }

    /// Where the room is in its life.
    pub fn phase(&self) -> &PhaseInfo {
        self.room.phase()
    }

    /// Whether a match is running.
    pub fn is_running(&self) -> bool {
        self.room.is_running()
    }

    /// Who has a seat.
    pub fn roster(&self) -> impl Iterator<Item = &RosterEntry> {
        self.room.roster()
    }

    /// The other players of the own player's team; nobody where there are no teams.
    pub fn mates(&self) -> impl Iterator<Item = PlayerId> {
        let own = self.joined.player;
        let team = own.and_then(|own| self.room.entry(own)?.team);
        let of_team = move |team| {
            let mates = self.roster().filter(move |entry| entry.team == Some(team));
            mates.map(|entry| entry.player)
        };
        let team = team.into_iter().flat_map(of_team);
        team.filter(move |&player| Some(player) != own)
    }

    /// Whether the room waits for this player to be ready.
    pub fn is_awaited(&self) -> bool {
        let waits =
            matches!(self.phase(), PhaseInfo::Lobby { unready: Some(count), .. } if *count > 0);
        let own = self.joined.player;
        waits
            && self
                .roster()
                .any(|entry| Some(entry.player) == own && !entry.ready)
    }

    /// What rows, inputs and events mean.
    pub fn schema(&self) -> &Arc<Schema> {
        self.streams.schema()
    }

    /// Steps per second.
    pub fn rate(&self) -> TickRate {
        self.rate
    }

    /// What the client's player sees; `None` for who watches.
    pub fn sight(&self) -> Option<Sight<'_>> {
        self.joined.player.map(|player| self.streams.sight(player))
    }

    /// The world of a stream as it was told last.
    pub fn frame(&self, stream: StreamSlot) -> &Frame {
        self.streams.frame(stream)
    }

    /// Whether a stream has gone astray, and shows its last world until it is joined anew.
    pub fn is_astray(&self, stream: StreamSlot) -> bool {
        self.streams.is_astray(stream)
    }

    /// The frames of late, for drawing others.
    pub fn snapshots(&self) -> &SnapshotBuffer {
        &self.snapshots
    }

    /// The moment to draw others at.
    pub fn view(&mut self, now: Timestamp) -> Option<ViewTick> {
        self.interpolation.view(now)
    }

    /// The own player ahead of the server.
    pub fn prediction(&self) -> &Prediction<P> {
        &self.prediction
    }

    /// The own player at the last input that was sent: what to draw of oneself.
    pub fn present(&self) -> Option<(Tick, P::State)> {
        self.prediction
            .present(self.inputs.history(), self.inputs.last())
    }

    /// The inputs whose fate is not told yet.
    pub fn inputs(&self) -> &InputHistory {
        self.inputs.history()
    }

    /// The server's clock.
    pub fn clock(&self) -> &ClockSync {
        &self.clock
    }

    /// How many input frames were sent over this connection.
    pub fn input_frames_sent(&self) -> u64 {
        self.frames_sent
    }

    /// How far ahead of the match's time inputs are stamped, in microseconds.
    pub fn input_lead(&self) -> u64 {
        self.inputs.lead().as_micros()
    }
}
