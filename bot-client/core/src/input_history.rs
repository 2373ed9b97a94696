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

    /// The last tick that was stamped, if it is not forgotten.
    pub fn newest(&self) -> Option<Tick> {
        self.stamped.back().map(|stamped| stamped.tick)
    }

    /// Forgets everything up to and including `tick`.
    pub fn forget_until(&mut self, tick: Tick) {
        while self
            .stamped
            .front()
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
        history.forget_until(Tick(4));
        assert_eq!((history.len(), history.newest()), (1, Some(Tick(9))));
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
