//! What a room tells the journal of its match.
//!
//! A journal begins when somebody is there to play its match, in the lobby or while a result is shown,
//! and ends with the match. So there always is one that says who has which seat. Nothing of it changes what happens: a room that does not record sends the same bytes.

use syncline_shared::close::CloseReason;
use syncline_shared::game::LeaveReason;
use syncline_shared::hash::hash_bytes;
use syncline_shared::id::SessionId;
use syncline_shared::journal::{
    Ending, FileHeader, Record, RosterChange, SeatedSession, TickRecord,
};

use super::Room;
use crate::event::RoomOutput;
use crate::sessions::Presence;

impl Room {
    /// The journal of the next match begins, if none has.
    pub(super) fn begin_journal(&mut self) {
        if !self.config.record || self.recording {
            return;
        }
        self.recording = true;
        let roster = self.sessions.ids().filter_map(|id| self.seated(id));
        let header = FileHeader {
            build: String::new(),
            started_unix_ms: 0,
            room: self.config.header(),
            incarnation: self.incarnation.wrapping_add(1),
            schema: self.game.schema().encoded().to_vec(),
            start: self.next_header(),
            roster: roster.collect(),
        };
        self.next_match = Some(header.start.clone());
        self.outputs
            .push_back(RoomOutput::JournalBegan(Box::new(header)));
    }

    /// The match is over, and its journal; that of the next begins if somebody is there.
    pub(super) fn end_journal(&mut self, ending: Ending) {
        self.record(|_| Record::End(ending));
        (self.recording, self.next_match) = (false, None);
        if !self.sessions.is_empty() {
            self.begin_journal();
        }
    }

    /// Something that happened; without a journal nothing is recorded.
    pub(super) fn record(&mut self, record: impl FnOnce(&Self) -> Record) {
        if self.recording {
            let record = record(self);
            self.outputs.push_back(RoomOutput::Record(Box::new(record)));
        }
    }

    /// A tick was run; once a second its hash, and the checkpoint if it took one.
    pub(super) fn record_tick(&mut self, tick: TickRecord) {
        if !self.recording {
            return;
        }
        let Some(running) = self.phase.running_mut() else {
            return;
        };
        let (at, hz) = (tick.tick, u32::from(self.game.tick_rate().as_hz()));
        let mut put = |record| self.outputs.push_back(RoomOutput::Record(Box::new(record)));
        put(Record::Tick(tick));
        let checkpoint = running.game.take_checkpoint();
        if at.is_multiple_of(hz) {
            // The hash of a match is that of its checkpoint.
            let taken = checkpoint.as_deref().map(hash_bytes);
            let hash = taken.unwrap_or_else(|| running.game.state_hash());
            put(Record::Hash(at, hash));
        }
        if let Some(checkpoint) = checkpoint {
            self.outputs
                .push_back(RoomOutput::Checkpoint(at, checkpoint));
        }
    }

    /// The tick in which the game panicked, if it did in one. The room is of no other use then.
    pub fn interrupted_tick(&mut self) -> Option<TickRecord> {
        self.phase.running_mut()?.game.interrupted()
    }

    /// A session began.
    pub(super) fn record_newcomer(&mut self, session: SessionId) {
        if !self.recording {
            // It is in the roster that the journal begins with.
            return self.begin_journal();
        }
        if let Some(seated) = self.seated(session) {
            self.record(|_| Record::Roster(RosterChange::Came(seated)));
        }
    }

    /// A session has another connection, or none.
    pub(super) fn record_presence(&mut self, session: SessionId) {
        let connected = self.seated(session).is_some_and(|seated| seated.connected);
        self.record(|_| {
            Record::Roster(if connected {
                RosterChange::Attached(session)
            } else {
                RosterChange::Away(session)
            })
        });
    }

    /// Something that others know of a session changed.
    pub(super) fn record_profile(&mut self, session: SessionId) {
        if let Some(seated) = self.seated(session) {
            self.record(|_| Record::Roster(RosterChange::Changed(session, seated.profile)));
        }
    }

    /// A session ended.
    pub(super) fn record_leaver(&mut self, session: SessionId, reason: LeaveReason) {
        self.record(|_| Record::Roster(RosterChange::Left(session, reason)));
    }

    /// The room ends, for this reason if it was told to. A match that a restart ends goes on after it.
    pub(super) fn record_close(&mut self, reason: Option<CloseReason>) {
        if reason != Some(CloseReason::Restarting) {
            self.record(|_| Record::End(Ending::Closed));
        }
        self.recording = false;
    }

    fn seated(&self, id: SessionId) -> Option<SeatedSession> {
        let session = self.sessions.get(id)?;
        Some(SeatedSession {
            session: id,
            player: session.player,
            profile: session.profile.clone(),
            came: session.came,
            attaches: session.attaches,
            connected: matches!(session.presence, Presence::Connected(_)),
            transient: session.transient,
        })
    }
}
