//! The match as it was at the end of a journal, from its last checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_shared::id::SessionId;
use syncline_shared::journal::{
    Checkpoint, Ending, FileHeader, JournalReader, Record, RosterChange, SeatedSession, Tail,
    TickRecord,
};
use syncline_shared::snapshot::SnapshotWriter;

use super::{Unplayable, start, unpack};
use crate::match_state::Match;
use crate::simulation::GameKind;

/// A match at the end of its journal.
pub struct Restored {
    /// The match, after the last recorded tick.
    pub game: Match,
    /// What its journal begins with.
    pub header: Arc<FileHeader>,
    /// Who was in the room then. What a session did after the last recorded tick is lost.
    pub roster: BTreeMap<SessionId, SeatedSession>,
    /// Why there is no more, if the journal says so: then there is nothing to go on with.
    pub ending: Option<Ending>,
    /// How the journal ends.
    pub tail: Tail,
    /// Bytes of it that are good.
    pub good_bytes: u64,
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
    let mut roster: BTreeMap<SessionId, SeatedSession> = header
        .roster
        .iter()
        .map(|seated| (seated.session, seated.clone()))
        .collect();
    let mut checkpoint: Option<Checkpoint> = None;
    let mut ticks: Vec<TickRecord> = Vec::new();
    let mut ending = None;
    for record in reader.by_ref() {
        match record {
            Record::Tick(tick) => ticks.push(tick),
            Record::Checkpoint(taken) => {
                checkpoint = Some(taken);
                ticks.clear();
            }
            Record::Roster(change) => follow(&mut roster, change),
            Record::End(end) => ending = Some(end),
            Record::Hash(..) | Record::Hold(_) => {}
        }
    }
    let mut game = start(kind, &header)?;
    if let Some(checkpoint) = checkpoint {
        let bytes = unpack(&checkpoint.packed, checkpoint.size);
        let restored = bytes.and_then(|bytes| game.restore(&bytes));
        restored.map_err(|error| Unplayable::Checkpoint {
            tick: checkpoint.tick,
            error,
        })?;
    }
    let mut world = SnapshotWriter::new(Arc::clone(kind.schema()));
    for tick in &ticks {
        world.clear();
        game.replay(tick, &mut world)?;
    }
    Ok(Restored {
        game,
        header,
        roster,
        ending,
        tail: reader.tail(),
        good_bytes: reader.good_bytes(),
    })
}

/// Does what a change says.
fn follow(roster: &mut BTreeMap<SessionId, SeatedSession>, change: RosterChange) {
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
        RosterChange::Left(session, _) => drop(roster.remove(&session)),
    }
}
