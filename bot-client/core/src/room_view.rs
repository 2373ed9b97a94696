//! A room as one of its members sees it: its stage, its timeline, who is there.

use std::collections::BTreeMap;

use syncline_shared::id::PlayerId;
use syncline_shared::limits::{NAME_CHARS_MAX, ROOM_MEMBERS_MAX};
use syncline_shared::message::control::{PhaseInfo, RosterEntry};

/// What members are told of a room.
#[derive(Clone, Debug)]
pub(crate) struct RoomView {
    phase: PhaseInfo,
    /// The timeline of the last match that ran; 0 before the first.
    incarnation: u32,
    /// At most [`ROOM_MEMBERS_MAX`]; entries beyond are left out.
    roster: BTreeMap<PlayerId, RosterEntry>,
}

/// What a told phase means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhaseChange {
    /// It was known.
    None,
    /// The room is at another stage of its life.
    Stage,
    /// A match began or was recovered: what belonged to the timeline before is void.
    Timeline,
}

impl RoomView {
    /// A room of which nothing is known.
    pub(crate) fn new() -> Self {
        Self {
            phase: PhaseInfo::waiting(0),
            incarnation: 0,
            roster: BTreeMap::new(),
        }
    }

    /// The room is at this stage.
    pub(crate) fn enter(&mut self, phase: &PhaseInfo) -> PhaseChange {
        let change = match *phase {
            PhaseInfo::Running { incarnation, .. }
                if self.is_running() && self.incarnation == incarnation =>
            {
                PhaseChange::None
            }
            PhaseInfo::Running { incarnation, .. } => {
                self.incarnation = incarnation;
                PhaseChange::Timeline
            }
            _ if self.phase == *phase => PhaseChange::None,
            PhaseInfo::Lobby { .. } | PhaseInfo::Ended { .. } | PhaseInfo::Held { .. } => {
                PhaseChange::Stage
            }
        };
        self.phase.clone_from(phase);
        change
    }

    /// Who came or changed and who left, or with `whole` everybody; whether that says anything.
    pub(crate) fn update_roster(
        &mut self,
        whole: bool,
        changed: Vec<RosterEntry>,
        left: &[PlayerId],
    ) -> bool {
        let says = whole || !changed.is_empty() || !left.is_empty();
        if whole {
            self.roster.clear();
        }
        for mut entry in changed {
            let known = self.roster.contains_key(&entry.player);
            if known || self.roster.len() < usize::from(ROOM_MEMBERS_MAX) {
                let end = entry.name.char_indices().nth(NAME_CHARS_MAX);
                entry
                    .name
                    .truncate(end.map_or(entry.name.len(), |(end, _)| end));
                self.roster.insert(entry.player, entry);
            }
        }
        for player in left {
            self.roster.remove(player);
        }
        says
    }

    pub(crate) fn phase(&self) -> &PhaseInfo {
        &self.phase
    }

    pub(crate) fn incarnation(&self) -> u32 {
        self.incarnation
    }

    pub(crate) fn roster(&self) -> impl Iterator<Item = &RosterEntry> {
        self.roster.values()
    }

    /// Who has a seat.
    pub(crate) fn entry(&self, player: PlayerId) -> Option<&RosterEntry> {
        self.roster.get(&player)
    }

    /// Whether a match is running.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.phase, PhaseInfo::Running { .. })
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::game::Outcome;
    use syncline_shared::tick::Tick;

    use super::*;

    fn running(incarnation: u32, tick: u32) -> PhaseInfo {
        let tick = Tick(tick);
        PhaseInfo::Running { incarnation, tick }
    }

    fn ended() -> PhaseInfo {
        let (tick, outcome) = (Tick(5), Outcome::default());
        PhaseInfo::Ended {
            incarnation: 1,
            tick,
            outcome,
            rematch_ms: 10,
        }
    }

    fn held() -> PhaseInfo {
        PhaseInfo::Held {
            tick: Tick(6),
            missing: 1,
            longest_ms: 5_000,
        }
    }

    #[test]
    fn only_another_match_is_another_timeline() {
        let mut room = RoomView::new();
        let steps = [
            (PhaseInfo::waiting(0), PhaseChange::None),
            (PhaseInfo::waiting(1), PhaseChange::Stage),
            (running(1, 0), PhaseChange::Timeline),
            (running(1, 9), PhaseChange::None),
            (running(2, 7), PhaseChange::Timeline),
            (ended(), PhaseChange::Stage),
            (ended(), PhaseChange::None),
            (running(2, 7), PhaseChange::Timeline),
            (held(), PhaseChange::Stage),
            (held(), PhaseChange::None),
            (running(3, 6), PhaseChange::Timeline),
        ];
        for (phase, expected) in steps {
            assert_eq!(room.enter(&phase), expected, "{phase:?}");
        }
    }

    #[test]
    fn a_roster_is_bounded_in_length_and_names() {
        let mut room = RoomView::new();
        let entry = |player| RosterEntry {
            player: PlayerId(player),
            name: "ä".repeat(1000),
            connected: true,
            ..RosterEntry::default()
        };
        assert!(room.update_roster(false, (0..u16::MAX).map(entry).collect(), &[]));
        assert_eq!(room.roster().count(), usize::from(ROOM_MEMBERS_MAX));
        assert!(
            room.roster()
                .all(|entry| entry.name.chars().count() == NAME_CHARS_MAX)
        );
        assert!(!room.update_roster(false, Vec::new(), &[]));
    }
}
