//! All of a journal in memory, in the order in which somebody who watches looks for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use syncline_shared::game::LeaveReason;
use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::journal::{
    Checkpoint, Ending, FileHeader, JournalReader, Record, RosterChange, SeatedSession, Tail,
    TickRecord,
};
use syncline_shared::tick::{Tick, TickRate};

use super::restore::follow;

/// A journal that was read.
#[derive(Debug)]
pub struct Recording {
    header: Arc<FileHeader>,
    rate: TickRate,
    /// Tick 1 and so on.
    ticks: Vec<TickRecord>,
    hashes: BTreeMap<Tick, u64>,
    checkpoints: BTreeMap<Tick, Checkpoint>,
    /// Who came and went, and after which tick.
    roster: Vec<(Tick, RosterChange)>,
    /// After which ticks time stood still, and for how many milliseconds the match was held.
    holds: Vec<(Tick, u32)>,
    ending: Option<Ending>,
    tail: Tail,
}

/// Something to be found on a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// After which tick.
    pub tick: Tick,
    /// What it was.
    pub what: Happened,
}

/// What happened to a room while its match ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A player came.
    Joined(PlayerId, String),
    /// A player's connection was lost.
    Away(PlayerId, String),
    /// It was there again.
    Back(PlayerId, String),
    /// A player's seat became free.
    Left(PlayerId, String, LeaveReason),
    /// The server was down, and the match then held for so many milliseconds.
    Held(u32),
    /// There is no more, and the journal says why.
    Ended(Ending),
}

impl Recording {
    /// Reads all that is good of a journal.
    pub fn read(mut reader: JournalReader<'_>) -> Self {
        let mut read = Self {
            header: Arc::clone(reader.header()),
            rate: reader.schema().data().tick_rate,
            ticks: Vec::new(),
            hashes: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            roster: Vec::new(),
            holds: Vec::new(),
            ending: None,
            tail: Tail::Whole,
        };
        for record in reader.by_ref() {
            read.take(record);
        }
        read.tail = reader.tail();
        read
    }

    fn take(&mut self, record: Record) {
        let last = self.last();
        match record {
            Record::Tick(tick) => self.ticks.push(tick),
            Record::Hash(tick, hash) => drop(self.hashes.insert(tick, hash)),
            Record::Checkpoint(taken) => drop(self.checkpoints.insert(taken.tick, taken)),
            Record::Roster(change) => self.roster.push((last, change)),
            Record::Hold(hold) => self.holds.push((last, hold.waited_ms)),
            Record::End(ending) => self.ending = Some(ending),
        }
    }

    /// What the journal begins with.
    pub fn header(&self) -> &Arc<FileHeader> {
        &self.header
    }

    /// Ticks a second.
    pub fn rate(&self) -> TickRate {
        self.rate
    }

    /// The last tick that was recorded whole.
    pub fn last(&self) -> Tick {
        Tick(u32::try_from(self.ticks.len()).unwrap_or(u32::MAX))
    }

    /// Why there is no more, if the journal says so.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// How its bytes end.
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// What led to a tick.
    pub(super) fn tick(&self, tick: Tick) -> Option<&TickRecord> {
        let place = usize::try_from(tick.0).ok()?.checked_sub(1)?;
        self.ticks.get(place)
    }

    /// The hash of the match after a tick, if there is one.
    pub(super) fn hash(&self, tick: Tick) -> Option<u64> {
        self.hashes.get(&tick).copied()
    }

    pub(super) fn checkpoints(&self) -> &BTreeMap<Tick, Checkpoint> {
        &self.checkpoints
    }

    /// Who came and went, in order.
    pub(super) fn roster_changes(&self) -> &[(Tick, RosterChange)] {
        &self.roster
    }

    /// Who was in the room after `tick`, and how many changes led to that.
    pub(super) fn roster_at(&self, tick: Tick) -> (BTreeMap<SessionId, SeatedSession>, usize) {
        let mut roster = self.first_roster();
        let changes = self.roster.partition_point(|&(at, _)| at <= tick);
        for (_, change) in &self.roster[..changes] {
            follow(&mut roster, change.clone());
        }
        (roster, changes)
    }

    fn first_roster(&self) -> BTreeMap<SessionId, SeatedSession> {
        let first = self.header.roster.iter();
        first.map(|one| (one.session, one.clone())).collect()
    }

    /// The players who were in the room after `tick`, by seat.
    pub fn players_at(&self, tick: Tick) -> Vec<SeatedSession> {
        let (roster, _) = self.roster_at(tick);
        let mut players: Vec<_> = roster.into_values().collect();
        players.retain(|one| one.player.is_some());
        players.sort_by_key(|one| one.player);
        players
    }

    /// What there is to mark on a timeline, in order. Who only watched is left out.
    pub fn marks(&self) -> Vec<Mark> {
        let mut roster = self.first_roster();
        let mut marks: Vec<Mark> = Vec::new();
        for (tick, change) in &self.roster {
            let what = happened(&roster, change);
            marks.extend(what.map(|what| Mark { tick: *tick, what }));
            follow(&mut roster, change.clone());
        }
        let holds = self.holds.iter().map(|&(tick, waited)| Mark {
            tick,
            what: Happened::Held(waited),
        });
        marks.extend(holds);
        marks.sort_by_key(|mark| mark.tick);
        let end = self.ending.clone().map(Happened::Ended);
        let tick = self.last();
        marks.extend(end.map(|what| Mark { tick, what }));
        marks
    }
}

/// What a change means for a player.
fn happened(
    roster: &BTreeMap<SessionId, SeatedSession>,
    change: &RosterChange,
) -> Option<Happened> {
    let player = |session: &SessionId| {
        let seated = roster.get(session)?;
        Some((seated.player?, seated.profile.name.clone()))
    };
    Some(match change {
        RosterChange::Came(one) => Happened::Joined(one.player?, one.profile.name.clone()),
        RosterChange::Attached(session) => {
            let (player, name) = player(session)?;
            Happened::Back(player, name)
        }
        RosterChange::Away(session) => {
            let (player, name) = player(session)?;
            Happened::Away(player, name)
        }
        // It is told by nothing but the roster.
        RosterChange::Changed(..) => return None,
        RosterChange::Left(session, reason) => {
            let (player, name) = player(session)?;
            Happened::Left(player, name, *reason)
        }
    })
}
