//! The inputs that were stamped and sent, until the server has told what became of them.

use std::collections::VecDeque;

use syncline_shared::input::InputWords;
use syncline_shared::tick::{Tick, Timestamp};

/// How many inputs are remembered: four seconds at the highest rate. A server that reports later
/// than that has lost us, and the oldest is forgotten.
const STAMPED_MAX: usize = 512;

/// One input as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The tick it was meant for.
    pub tick: Tick,
    /// When it was stamped.
    pub at: Timestamp,
    /// What was pressed.
    pub words: InputWords,
    /// Whether it only said again what was pressed before.
    pub heartbeat: bool,
}

/// Inputs by tick, ascending.
#[derive(Clone, Debug, Default)]
pub struct InputHistory {
    stamped: VecDeque<Stamped>,
}

impl InputHistory {
    /// Remembers an input. One that is not later than the last is ignored: no tick is stamped
    /// twice.
    pub fn push(&mut self, stamped: Stamped) {
        if self.newest().is_some_and(|newest| stamped.tick <= newest) {
            return;
        }
        if self.stamped.len() == STAMPED_MAX {
            self.stamped.pop_front();
        }
        self.stamped.push_back(stamped);
    }

    /// What was stamped for `tick`.
    pub fn get(&self, tick: Tick) -> Option<&Stamped> {
        let place = self
            .stamped
            .binary_search_by_key(&tick, |stamped| stamped.tick)
            .ok()?;
        self.stamped.get(place)
    }

    /// What was stamped for `tick` or, for want of it, for the last tick before: what is held at
    /// `tick` by who sends only what changes.
    pub fn held_at(&self, tick: Tick) -> Option<&Stamped> {
        let after = self.stamped.partition_point(|stamped| stamped.tick <= tick);
        self.stamped.get(after.checked_sub(1)?)
    }

    /// The last tick that was stamped, if it is not forgotten.
    pub fn newest(&self) -> Option<Tick> {
        self.stamped.back().map(|stamped| stamped.tick)
    }

    /// Forgets what came before the input that was stamped for `tick`, or is held there.
    pub fn forget_until(&mut self, tick: Tick) {
        while self
            .stamped
            .get(1)
            .is_some_and(|stamped| stamped.tick <= tick)
        {
            self.stamped.pop_front();
        }
    }

    /// Forgets everything after `tick`.
    pub fn forget_after(&mut self, tick: Tick) {
        while self.newest().is_some_and(|newest| newest > tick) {
            self.stamped.pop_back();
        }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.stamped.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.stamped.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(tick: u32) -> Stamped {
        let at = Timestamp::from_millis(u64::from(tick));
        Stamped {
            tick: Tick(tick),
            at,
            words: InputWords::default(),
            heartbeat: false,
        }
    }

    #[test]
    fn ticks_may_have_gaps_but_never_repeat() {
        let mut history = InputHistory::default();
        for tick in [3, 4, 4, 2, 9] {
            history.push(stamped(tick));
        }
        let known: Vec<u32> = (0..12)
            .filter(|&tick| history.get(Tick(tick)).is_some())
            .collect();
        assert_eq!(known, [3, 4, 9]);
        let held = |history: &InputHistory, tick| Some(history.held_at(Tick(tick))?.tick.0);
        let at = [2, 3, 8, 9, 100].map(|tick| held(&history, tick));
        assert_eq!(at, [None, Some(3), Some(4), Some(9), Some(9)]);
        // The server told of ticks up to 8: what was held there goes on being held.
        history.forget_until(Tick(8));
        assert_eq!((history.len(), history.newest()), (2, Some(Tick(9))));
        assert_eq!(held(&history, 8), Some(4));
    }

    #[test]
    fn the_oldest_is_forgotten_when_the_server_is_silent() {
        let mut history = InputHistory::default();
        for tick in 1..=2000 {
            history.push(stamped(tick));
        }
        assert_eq!(history.len(), STAMPED_MAX);
        assert!(history.get(Tick(2000)).is_some());
    }
}
