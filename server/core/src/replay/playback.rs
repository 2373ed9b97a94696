//! A recorded match at any of its ticks: one further, or anywhere at once.
//!
//! A jump begins at the last checkpoint before it and runs what is left. Knows nothing of who
//! watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_shared::id::SessionId;
use syncline_shared::journal::{Checkpoint, SeatedSession};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

use super::restore::follow;
use super::{Recording, Unplayable, start, unpack};
use crate::match_state::Match;
use crate::simulation::GameKind;

/// A recorded match, at one of its ticks.
pub struct Playback {
    recording: Arc<Recording>,
    kind: Arc<dyn GameKind>,
    game: Match,
    roster: BTreeMap<SessionId, SeatedSession>,
    /// How many changes of the roster led there.
    changes: usize,
    /// Checkpoints that this game can't read: another build wrote them.
    unreadable: BTreeSet<Tick>,
    /// The last tick that can be shown.
    last: Tick,
    /// The first tick whose hash was found to be another than recorded.
    differs: Option<Tick>,
}

impl Playback {
    /// The match before its first tick.
    ///
    /// # Errors
    ///
    /// [`Unplayable`].
    pub fn start(recording: Arc<Recording>, kind: Arc<dyn GameKind>) -> Result<Self, Unplayable> {
        let game = start(&*kind, recording.header())?;
        let (roster, changes) = recording.roster_at(Tick::ZERO);
        let last = recording.last();
        Ok(Self {
            recording,
            kind,
            game,
            roster,
            changes,
            unreadable: BTreeSet::new(),
            last,
            differs: None,
        })
    }

    /// What is played.
    pub fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    /// The match as it is.
    pub fn game(&self) -> &Match {
        &self.game
    }

    /// The tick that the match is at.
    pub fn tick(&self) -> Tick {
        self.game.tick()
    }

    /// The last tick that can be shown. Less than what was recorded if the game refuses a player
    /// that it took.
    pub fn last(&self) -> Tick {
        self.last
    }

    /// The first tick at which the match was found not to be what was recorded.
    pub fn differs(&self) -> Option<Tick> {
        self.differs
    }

    /// Who is in the room.
    pub fn roster(&self) -> impl Iterator<Item = &SeatedSession> {
        self.roster.values()
    }

    /// Changes of the roster so far: another number is another roster.
    pub fn roster_changes(&self) -> usize {
        self.changes
    }

    /// Runs the next tick, with its events to `world`; whether there was one.
    pub fn step(&mut self, world: &mut SnapshotWriter) -> bool {
        let next = self.tick().next();
        let record = self.recording.tick(next).filter(|_| next <= self.last);
        let Some(record) = record else {
            return false;
        };
        if self.game.replay(record, world).is_err() {
            // As far as it went is as far as it can be shown.
            self.last = next.minus(1);
            self.begin_again();
            self.seek(self.last);
            return false;
        }
        if let Some(recorded) = self.recording.hash(next)
            && self.differs.is_none_or(|known| known > next)
            && self.game.state_hash() != recorded
        {
            self.differs = Some(next);
        }
        let changes = self.recording.roster_changes();
        while let Some((at, change)) = changes.get(self.changes)
            && *at <= next
        {
            follow(&mut self.roster, change.clone());
            self.changes += 1;
        }
        true
    }

    /// Goes to the match after `tick`, or to the last that can be shown.
    pub fn seek(&mut self, tick: Tick) {
        let tick = tick.min(self.last);
        self.go_back_to_checkpoint(tick);
        let mut world = SnapshotWriter::new(Arc::clone(self.kind.schema()));
        while self.tick() < tick {
            world.clear();
            if !self.step(&mut world) {
                break;
            }
        }
        (self.roster, self.changes) = self.recording.roster_at(self.tick());
    }

    /// Goes to the last checkpoint up to `tick`, unless the match is nearer already.
    fn go_back_to_checkpoint(&mut self, tick: Tick) {
        let recording = Arc::clone(&self.recording);
        let before = recording.checkpoints().range(..=tick).rev();
        for (&at, checkpoint) in before {
            if self.tick() >= at && self.tick() <= tick {
                return;
            }
            if self.unreadable.contains(&at) {
                continue;
            }
            match self.restored(checkpoint) {
                Some(game) => {
                    self.game = game;
                    return;
                }
                None => self.unreadable.insert(at),
            };
        }
        if self.tick() > tick {
            self.begin_again();
        }
    }

    fn begin_again(&mut self) {
        let header = self.recording.header();
        self.game = start(&*self.kind, header).expect("it started before");
    }

    fn restored(&self, checkpoint: &Checkpoint) -> Option<Match> {
        let bytes = unpack(&checkpoint.packed, checkpoint.size).ok()?;
        let mut game = start(&*self.kind, self.recording.header()).ok()?;
        game.restore(&bytes).ok()?;
        (game.tick() == checkpoint.tick).then_some(game)
    }
}
