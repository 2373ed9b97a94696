//! What the server told about the own player since the last whole frame.

use std::sync::Arc;

use smallvec::SmallVec;
use syncline_shared::input::InputStatus;
use syncline_shared::message::frame::OwnPart;
use syncline_shared::snapshot::Event;
use syncline_shared::tick::Tick;

/// How many ticks' statuses are gathered. Frames that never become whole would gather for ever;
/// past this what came before is given up as unknown.
const GATHERED_MAX: usize = 512;

/// Statuses and events that wait for the comparison of the next whole frame.
#[derive(Debug, Default)]
pub(crate) struct SinceFrame {
    /// Up to which tick own parts have come.
    told: Option<Tick>,
    statuses: Vec<InputStatus>,
    /// Whether some statuses are missing.
    unknown: bool,
    events: SmallVec<[Arc<[Event]>; 4]>,
}

impl SinceFrame {
    /// Takes in the own part of a frame, `rejoined` if a stream was joined with it. Gives the
    /// statuses that are new, by tick.
    pub(crate) fn add_own(
        &mut self,
        tick: Tick,
        own: &OwnPart,
        rejoined: bool,
    ) -> impl Iterator<Item = (Tick, InputStatus)> {
        if self.statuses.len() > GATHERED_MAX {
            self.statuses.clear();
            self.unknown = true;
        }
        let told = self
            .told
            .replace(self.told.map_or(tick, |told| told.max(tick)));
        // Without a known start, or over a gap, only what is stated counts.
        let known = told.filter(|_| !rejoined).map(|told| tick.since(told));
        let known = known.and_then(|ticks| usize::try_from(ticks).ok());
        let known = known.filter(|&ticks| ticks <= GATHERED_MAX);
        self.unknown |= known.is_none();
        let new = known.unwrap_or(own.statuses.len());
        let stated = &own.statuses[own.statuses.len().saturating_sub(new)..];
        let start = self.statuses.len();
        // Ticks before the stated ones were all alike.
        let alike = if own.repeated {
            InputStatus::Repeated
        } else {
            InputStatus::Applied
        };
        self.statuses.resize(start + new - stated.len(), alike);
        self.statuses.extend_from_slice(stated);
        let first = tick.minus(u32::try_from(new).unwrap_or(u32::MAX).saturating_sub(1));
        let statuses = self.statuses[start..].iter();
        (0u32..)
            .zip(statuses)
            .map(move |(after, &status)| (first.plus(after), status))
    }

    /// Takes in what happened.
    pub(crate) fn add_events(&mut self, events: &Arc<[Event]>) {
        self.events.push(Arc::clone(events));
    }

    /// The statuses, unless some are missing.
    pub(crate) fn statuses(&self) -> Option<&[InputStatus]> {
        (!self.unknown).then_some(&self.statuses)
    }

    /// What happened.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().flat_map(|events| events.iter())
    }

    /// A frame was whole: the next one's gathering begins.
    pub(crate) fn begin(&mut self) {
        self.statuses.clear();
        self.unknown = false;
        self.events.clear();
    }
}

#[cfg(test)]
mod tests {
    use InputStatus::{Applied, Merged, Repeated};

    use super::*;

    fn add(
        since: &mut SinceFrame,
        tick: u32,
        statuses: &[InputStatus],
        rejoined: bool,
    ) -> Vec<(u32, InputStatus)> {
        let own = OwnPart {
            statuses: statuses.to_vec(),
            ..OwnPart::default()
        };
        let new = since.add_own(Tick(tick), &own, rejoined);
        new.map(|(tick, status)| (tick.0, status)).collect()
    }

    /// A start after tick 10.
    fn since_ten() -> SinceFrame {
        let mut since = SinceFrame::default();
        add(&mut since, 10, &[], false);
        since.begin();
        since
    }

    #[test]
    fn what_is_not_stated_was_applied() {
        let mut since = since_ten();
        assert_eq!(
            add(&mut since, 12, &[], false),
            [(11, Applied), (12, Applied)]
        );
        let stated = add(&mut since, 15, &[Merged, Repeated], false);
        assert_eq!(stated, [(13, Applied), (14, Merged), (15, Repeated)]);
        assert_eq!(since.statuses().unwrap().len(), 5);
    }

    #[test]
    fn a_frame_says_whether_the_others_repeated_the_last_input() {
        let mut since = since_ten();
        let own = OwnPart {
            repeated: true,
            ..OwnPart::default()
        };
        let new: Vec<_> = since.add_own(Tick(12), &own, false).collect();
        assert_eq!(new, [(Tick(11), Repeated), (Tick(12), Repeated)]);
        let own = OwnPart {
            statuses: vec![Applied],
            ..own
        };
        let new: Vec<_> = since.add_own(Tick(14), &own, false).collect();
        assert_eq!(new, [(Tick(13), Repeated), (Tick(14), Applied)]);
        assert_eq!(add(&mut since, 15, &[], false), [(15, Applied)]);
    }

    #[test]
    fn a_further_piece_of_a_frame_adds_nothing() {
        let mut since = since_ten();
        assert_eq!(add(&mut since, 11, &[Repeated], false), [(11, Repeated)]);
        assert_eq!(add(&mut since, 11, &[], false), []);
        assert_eq!(add(&mut since, 9, &[Repeated], false), []);
    }

    #[test]
    fn over_a_gap_only_what_is_stated_is_known() {
        let mut since = since_ten();
        assert_eq!(add(&mut since, 900, &[Repeated], true), [(900, Repeated)]);
        assert!(since.statuses().is_none());
        since.begin();
        assert_eq!(add(&mut since, 901, &[], false), [(901, Applied)]);
        assert!(since.statuses().is_some());
        assert_eq!(
            add(&mut since, u32::MAX, &[Merged], false),
            [(u32::MAX, Merged)]
        );
        assert!(since.statuses().is_none());
    }

    #[test]
    fn frames_that_never_become_whole_gather_no_more_than_the_bound() {
        let mut since = since_ten();
        for tick in 11..5000 {
            add(&mut since, tick, &[], false);
        }
        assert!(since.statuses.len() <= GATHERED_MAX + 1 && since.statuses().is_none());
    }
}
