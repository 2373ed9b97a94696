//! The match as it was at the end of a journal, from its last checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_shared::game::LeaveReason;
use syncline_shared::id::SessionId;
use syncline_shared::journal::{
    Checkpoint, Ending, FileHeader, JournalReader, Record, RosterChange, SeatedSession, Tail,
    TickRecord,
};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

use super::{Unplayable, start, unpack};
use crate::match_state::Match;
use crate::simulation::GameKind;

/// A match at the end of its journal.
pub struct Restored {
    /// The match, after the last recorded tick.
    pub game: Match,
    /// What its journal begins with.
    pub header: Arc<FileHeader>,
    /// The timeline that the match was in. Each time it was recovered began another one.
    pub incarnation: u32,
    /// Who was in the room at the last recorded tick.
    pub roster: BTreeMap<SessionId, SeatedSession>,
    /// Who came and went since.
    pub since: Vec<RosterChange>,
    /// Who was kicked after which tick, in order, and did not come again.
    pub kicked: Vec<(SessionId, Tick)>,
    /// How often the match was recovered since that tick, each time in vain.
    pub vain: u32,
    /// Where the match is not as it was recorded, if that was seen: its game is another now.
    pub differs: Option<Tick>,
    /// Why there is no more, if the journal says so: then there is nothing to go on with.
    pub ending: Option<Ending>,
    /// How the journal ends.
    pub tail: Tail,
    /// Bytes of it that are good.
    pub good_bytes: u64,
}

impl Restored {
    /// Whether anybody was there whose client was part of the server.
    pub fn had_transient(&self) -> bool {
        let came = self.since.iter().filter_map(|change| match change {
            RosterChange::Came(seated) => Some(seated),
            _ => None,
        });
        let mut all = self.roster.values().chain(came);
        all.any(|seated| seated.transient)
    }
}

/// What a journal says, read to its last good record.
struct Told {
    checkpoint: Option<Checkpoint>,
    /// Ticks and hashes behind it.
    records: Vec<Record>,
    /// The last that was run.
    tick: Tick,
    roster: BTreeMap<SessionId, SeatedSession>,
    since: Vec<RosterChange>,
    kicked: Vec<(SessionId, Tick)>,
    holds: u32,
    vain: u32,
    ending: Option<Ending>,
}

impl Told {
    fn read(reader: &mut JournalReader<'_>) -> Self {
        let roster = reader.header().roster.iter();
        let mut told = Self {
            checkpoint: None,
            records: Vec::new(),
            tick: Tick::ZERO,
            roster: roster.map(|it| (it.session, it.clone())).collect(),
            since: Vec::new(),
            kicked: Vec::new(),
            holds: 0,
            vain: 0,
            ending: None,
        };
        for record in reader.by_ref() {
            told.take(record);
        }
        told
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Tick(TickRecord { tick, .. }) => {
                self.tick = tick;
                for change in core::mem::take(&mut self.since) {
                    follow(&mut self.roster, change);
                }
                self.vain = 0;
                self.records.push(record);
            }
            Record::Hash(..) => self.records.push(record),
            Record::Checkpoint(taken) => {
                self.checkpoint = Some(taken);
                self.records.clear();
            }
            Record::Roster(change) => {
                self.note_kick(&change);
                self.since.push(change);
            }
            Record::Hold(_) => {
                self.holds = self.holds.saturating_add(1);
                self.vain = self.vain.saturating_add(1);
            }
            Record::End(end) => self.ending = Some(end),
        }
    }

    fn note_kick(&mut self, change: &RosterChange) {
        match change {
            RosterChange::Left(session, LeaveReason::Kicked) => {
                self.kicked.push((*session, self.tick));
            }
            RosterChange::Came(came) => {
                self.kicked.retain(|&(session, _)| session != came.session);
            }
            RosterChange::Left(_, LeaveReason::Left | LeaveReason::Lost | LeaveReason::Refused)
            | RosterChange::Attached(_)
            | RosterChange::Away(_)
            | RosterChange::Changed(..) => {}
        }
    }
}

/// The match of a journal at its last good record.
///
/// # Errors
///
/// [`Unplayable`].
pub fn restore(
    kind: &dyn GameKind,
    reader: &mut JournalReader<'_>,
) -> Result<Restored, Unplayable> {
    let header = Arc::clone(reader.header());
    let told = Told::read(reader);
    let mut game = start(kind, &header)?;
    if let Some(checkpoint) = told.checkpoint {
        let bytes = unpack(&checkpoint.packed, checkpoint.size);
        let restored = bytes.and_then(|bytes| game.restore(&bytes));
        restored.map_err(|error| Unplayable::Checkpoint {
            tick: checkpoint.tick,
            error,
        })?;
    }
    let mut world = SnapshotWriter::new(Arc::clone(kind.schema()));
    let mut differs = None;
    for record in &told.records {
        match record {
            Record::Tick(tick) => {
                world.clear();
                game.replay(tick, &mut world)?;
            }
            Record::Hash(tick, hash) if differs.is_none() && game.state_hash() != *hash => {
                differs = Some(*tick);
            }
            _ => {}
        }
    }
    Ok(Restored {
        game,
        incarnation: header.incarnation.wrapping_add(told.holds),
        header,
        roster: told.roster,
        since: told.since,
        kicked: told.kicked,
        vain: told.vain,
        differs,
        ending: told.ending,
        tail: reader.tail(),
        good_bytes: reader.good_bytes(),
    })
}

/// Does what a change says.
pub(super) fn follow(roster: &mut BTreeMap<SessionId, SeatedSession>, change: RosterChange) {
    match change {
        RosterChange::Came(seated) => drop(roster.insert(seated.session, seated)),
        RosterChange::Attached(session) => {
            if let Some(seated) = roster.get_mut(&session) {
                seated.attaches = seated.attaches.saturating_add(1);
                seated.connected = true;
            }
        }
        RosterChange::Away(session) => {
            if let Some(seated) = roster.get_mut(&session) {
                seated.connected = false;
            }
        }
        RosterChange::Changed(session, profile) => {
            if let Some(seated) = roster.get_mut(&session) {
                seated.profile = profile;
            }
        }
        RosterChange::Left(session, _) => drop(roster.remove(&session)),
    }
}
