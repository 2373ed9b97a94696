//! The room as delayed spectators know it: the phase, the clock and the roster of back then.
//!
//! Is told of changes as clients are, and knows nothing of why they come late.

use std::collections::BTreeMap;

use syncline_shared::id::PlayerId;
use syncline_shared::message::control::{PhaseInfo, RoomUpdate, RosterEntry};
use syncline_shared::tick::{Tick, Timestamp};

/// A match's clock: what time it had when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MatchClock {
    /// A moment of the room.
    pub(crate) at: Timestamp,
    /// The match's time then, in microseconds.
    pub(crate) time: u64,
}

/// A room at a moment that is past.
#[derive(Debug)]
pub(crate) struct View {
    phase: PhaseInfo,
    /// When the phase began or was last told.
    since: Timestamp,
    /// That of the running match.
    clock: Option<MatchClock>,
    /// The last snapshot's tick.
    tick: Tick,
    roster: BTreeMap<PlayerId, RosterEntry>,
}

impl View {
    /// A room without anybody in it.
    pub(crate) fn new(phase: PhaseInfo) -> Self {
        Self {
            phase,
            since: Timestamp::ZERO,
            clock: None,
            tick: Tick::ZERO,
            roster: BTreeMap::new(),
        }
    }

    /// The room came into a phase at `at`; while a match runs it has a `clock`.
    pub(crate) fn enter(&mut self, at: Timestamp, phase: &PhaseInfo, clock: Option<MatchClock>) {
        self.clock = clock;
        self.note_phase(at, phase);
    }

    /// The match's clock was moved.
    pub(crate) fn set_clock(&mut self, clock: MatchClock) {
        self.clock = Some(clock);
    }

    /// A snapshot of this tick was told.
    pub(crate) fn reach(&mut self, tick: Tick) {
        self.tick = tick;
    }

    /// Everybody was told this at `at`.
    pub(crate) fn hear(&mut self, at: Timestamp, update: &RoomUpdate) {
        if let Some(phase) = &update.phase {
            self.note_phase(at, phase);
        }
        if update.whole {
            self.roster.clear();
        }
        for entry in &update.roster {
            self.roster.insert(entry.player, entry.clone());
        }
        for player in &update.left {
            self.roster.remove(player);
        }
    }

    fn note_phase(&mut self, at: Timestamp, phase: &PhaseInfo) {
        if let PhaseInfo::Running { tick, .. } = phase {
            self.tick = *tick;
        }
        self.since = at;
        self.phase = phase.clone();
    }

    /// The timeline of the match that is running.
    pub(crate) fn running(&self) -> Option<u32> {
        match self.phase {
            PhaseInfo::Running { incarnation, .. } => Some(incarnation),
            _ => None,
        }
    }

    /// The tick of the last snapshot of the match that is running, or ran last.
    pub(crate) fn tick(&self) -> Tick {
        self.tick
    }

    /// What time the running match had at `at`; 0 without one.
    pub(crate) fn match_micros(&self, at: Timestamp) -> u64 {
        let clock = self.running().and(self.clock);
        clock.map_or(0, |clock| clock.time + at.since(clock.at))
    }

    /// The room's state at `at`, whole.
    pub(crate) fn whole(&self, at: Timestamp) -> RoomUpdate {
        let mut phase = self.phase.clone();
        if let PhaseInfo::Running { tick, .. } = &mut phase {
            *tick = self.tick;
        }
        if let PhaseInfo::Ended { rematch_ms: ms, .. }
        | PhaseInfo::Held { longest_ms: ms, .. }
        | PhaseInfo::Lobby {
            starts_ms: Some(ms),
            ..
        } = &mut phase
        {
            let left = u64::from(*ms) * 1000;
            let left = left.saturating_sub(at.since(self.since)) / 1000;
            *ms = u32::try_from(left).unwrap_or(u32::MAX);
        }
        RoomUpdate {
            phase: Some(phase),
            whole: true,
            roster: self.roster.values().cloned().collect(),
            left: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::game::Outcome;

    use super::*;

    fn entry(player: u16) -> RosterEntry {
        RosterEntry {
            player: PlayerId(player),
            name: format!("Player {player}"),
            connected: true,
            ..RosterEntry::default()
        }
    }

    fn update(phase: Option<PhaseInfo>, roster: &[u16], left: &[u16]) -> RoomUpdate {
        RoomUpdate {
            phase,
            whole: false,
            roster: roster.iter().map(|&player| entry(player)).collect(),
            left: left.iter().map(|&player| PlayerId(player)).collect(),
        }
    }

    #[test]
    fn the_room_is_as_its_changes_made_it() {
        let mut view = View::new(PhaseInfo::waiting(2));
        view.hear(Timestamp(5), &update(None, &[3, 0, 1], &[]));
        view.hear(Timestamp(6), &update(None, &[], &[0]));
        let (incarnation, tick) = (4, Tick::ZERO);
        let running = PhaseInfo::Running { incarnation, tick };
        let clock = |at| MatchClock {
            at: Timestamp(at),
            time: 30,
        };
        view.enter(Timestamp(1000), &running, Some(clock(900)));
        view.reach(Tick(7));
        let whole = view.whole(Timestamp(2000));
        assert_eq!(whole.roster, [entry(1), entry(3)]);
        let tick = Tick(7);
        assert_eq!(whole.phase, Some(PhaseInfo::Running { incarnation, tick }));
        assert_eq!(view.running(), Some(4));
        assert_eq!(view.match_micros(Timestamp(2000)), 1130);
        view.set_clock(clock(950));
        assert_eq!(view.match_micros(Timestamp(2000)), 1080);
    }

    #[test]
    fn the_next_match_comes_nearer() {
        let ended = |rematch_ms| PhaseInfo::Ended {
            incarnation: 1,
            tick: Tick(9),
            outcome: Outcome::default(),
            rematch_ms,
        };
        let mut view = View::new(PhaseInfo::waiting(0));
        view.enter(Timestamp::from_millis(50), &ended(10_000), None);
        for (at, left) in [(50, 10_000), (51, 9_999), (10_050, 0), (20_000, 0)] {
            let whole = view.whole(Timestamp::from_millis(at));
            assert_eq!(whole.phase, Some(ended(left)));
        }
        assert_eq!(view.match_micros(Timestamp::from_millis(60)), 0);
        let countdown = |ms| PhaseInfo::Lobby {
            missing: 0,
            unready: Some(1),
            starts_ms: Some(ms),
        };
        view.enter(Timestamp::from_millis(100), &countdown(3_000), None);
        let whole = view.whole(Timestamp::from_millis(1_100));
        assert_eq!(whole.phase, Some(countdown(2_000)));
    }
}
