//! Players who are not people: what they press, and when they change their mind.
//!
//! A [`Pilot`] sees what a person would, the rows of its own player's streams, and presses what a
//! person could, one input of the game's. In a game that it doesn't know it presses anything.

use std::collections::BTreeSet;

use syncline_shared::id::PlayerId;
use syncline_shared::input::InputWords;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Timestamp;

use crate::arena_pilot;
use crate::controls;
#[cfg(feature = "cubes")]
use crate::cubes_pilot;
use crate::sight::Sight;

/// The shortest time between two changes of a wanderer's mind, in milliseconds.
const WANDER_MS_MIN: u32 = 500;

/// How much longer than the shortest it may be, in milliseconds.
const WANDER_MS_SPREAD: u32 = 1000;

/// How often a chaser looks around, in milliseconds: about as quick as a person.
const CHASE_MS: u64 = 200;

/// How often a casual player looks around while it chases, in milliseconds, and how much later it
/// may be.
const CASUAL_MS_MIN: u32 = 250;
const CASUAL_MS_SPREAD: u32 = 200;

/// For how long a casual player chases or strolls, in milliseconds, and how much longer it may be.
const MOOD_MS_MIN: u32 = 1500;
const MOOD_MS_SPREAD: u32 = 3000;

/// How a bot plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Presses something else every 0.5 to 1.5 s.
    #[default]
    Wander,
    /// Plays to win, in games that it knows: goes after the nearest enemy and shoots, or gathers the
    /// nearest cubes. Else wanders.
    Chase,
    /// Plays for fun, in games that it knows: now and then goes after the nearest enemy, with a hand
    /// that is a little off, and looks around in between. Else wanders.
    Casual,
    /// Presses something else every tick: the most that there is to predict, to correct and to record.
    Storm,
    /// Touches nothing.
    Idle,
}

/// One bot's mind.
#[derive(Clone, Debug)]
pub struct Pilot {
    behaviour: Behaviour,
    rng: Rng,
    /// Who is in its player's team.
    mates: BTreeSet<PlayerId>,
    /// A casual player's.
    mood: Mood,
    /// When it decides next; `None` if it never will again.
    decides: Option<Timestamp>,
}

/// What a casual player is up to.
#[derive(Clone, Copy, Debug)]
struct Mood {
    strolls: bool,
    /// When it changes its mind about that.
    until: Timestamp,
}

impl Pilot {
    /// A mind that decides as soon as it sees something. `seed` names its whims.
    pub fn new(behaviour: Behaviour, seed: u64) -> Self {
        Self {
            behaviour,
            rng: Rng::from_seed(seed),
            mates: BTreeSet::new(),
            mood: Mood {
                strolls: false,
                until: Timestamp::ZERO,
            },
            decides: Some(Timestamp::ZERO),
        }
    }

    /// From now on these are its player's team, and no enemies.
    pub fn side_with(&mut self, mates: impl IntoIterator<Item = PlayerId>) {
        self.mates = mates.into_iter().collect();
    }

    /// When [`Pilot::decide`] wants to be asked next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.decides
    }

    /// What to press from now on, if it is time for something else.
    pub fn decide(&mut self, now: Timestamp, sight: Sight<'_>) -> Option<InputWords> {
        if self.decides.is_none_or(|at| now < at) {
            return None;
        }
        match self.behaviour {
            Behaviour::Idle => {
                self.decides = None;
                Some(controls::neutral(sight.schema))
            }
            Behaviour::Wander => Some(self.wander(now, sight)),
            Behaviour::Chase => {
                let Some(words) = self.chase(sight) else {
                    return Some(self.wander(now, sight));
                };
                self.decides = Some(now.plus_micros(CHASE_MS * 1000));
                Some(words)
            }
            Behaviour::Casual => Some(self.play_for_fun(now, sight)),
            Behaviour::Storm => {
                // Twice a tick, since a pilot doesn't know when ticks begin.
                let period = sight.schema.data().tick_rate.period_micros();
                self.decides = Some(now.plus_micros(period / 2));
                Some(controls::random(sight.schema, &mut self.rng))
            }
        }
    }

    fn chase(&mut self, sight: Sight<'_>) -> Option<InputWords> {
        let arena = arena_pilot::chase(sight, &self.mates, &mut self.rng);
        let words = arena.map(|input| InputWords::of(&input));
        #[cfg(feature = "cubes")]
        let words = words.or_else(|| Some(InputWords::of(&cubes_pilot::gather(sight)?)));
        words
    }

    fn play_for_fun(&mut self, now: Timestamp, sight: Sight<'_>) -> InputWords {
        if self.mood.until <= now {
            self.mood = Mood {
                strolls: self.rng.chance(1, 3),
                until: now.plus_micros(self.pause(MOOD_MS_MIN, MOOD_MS_SPREAD)),
            };
        }
        let chases = !self.mood.strolls;
        match arena_pilot::casual(sight, &self.mates, &mut self.rng).filter(|_| chases) {
            Some(input) => {
                let pause = self.pause(CASUAL_MS_MIN, CASUAL_MS_SPREAD);
                self.decides = Some(now.plus_micros(pause));
                InputWords::of(&input)
            }
            None => self.wander(now, sight),
        }
    }

    /// A time from `least` to `spread` milliseconds longer, in microseconds.
    fn pause(&mut self, least: u32, spread: u32) -> u64 {
        u64::from(least + self.rng.below(spread + 1)) * 1000
    }

    fn wander(&mut self, now: Timestamp, sight: Sight<'_>) -> InputWords {
        let pause = self.pause(WANDER_MS_MIN, WANDER_MS_SPREAD);
        self.decides = Some(now.plus_micros(pause));
        controls::random(sight.schema, &mut self.rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted_server::{World, marker_schema};

    fn decisions(behaviour: Behaviour, seed: u64) -> Vec<(u64, InputWords)> {
        let world = World::new(marker_schema());
        let sight = Sight {
            schema: &world.schema,
            common: world.frame(),
            own: world.frame(),
            player: PlayerId(0),
        };
        let mut pilot = Pilot::new(behaviour, seed);
        (0..10_000)
            .filter_map(|ms| Some((ms, pilot.decide(Timestamp::from_millis(ms), sight)?)))
            .collect()
    }

    #[test]
    fn a_wanderer_changes_its_mind_every_second_or_so() {
        let decided = decisions(Behaviour::Wander, 3);
        assert!((8..=20).contains(&decided.len()), "{decided:?}");
        for pair in decided.windows(2) {
            assert!((500..=1500).contains(&(pair[1].0 - pair[0].0)));
        }
        assert!(decided.iter().any(|(_, words)| *words != decided[0].1));
    }

    #[test]
    fn the_same_seed_wanders_the_same_way() {
        assert_eq!(
            decisions(Behaviour::Wander, 3),
            decisions(Behaviour::Wander, 3)
        );
        assert_ne!(
            decisions(Behaviour::Wander, 3),
            decisions(Behaviour::Wander, 4)
        );
    }

    #[test]
    fn a_casual_player_wanders_in_a_game_that_it_does_not_know() {
        let decided = decisions(Behaviour::Casual, 3);
        assert!((8..=20).contains(&decided.len()), "{decided:?}");
        assert_eq!(decided, decisions(Behaviour::Casual, 3));
    }

    #[test]
    fn a_storm_never_presses_the_same_for_a_whole_tick() {
        let decided = decisions(Behaviour::Storm, 3);
        let period = marker_schema().data().tick_rate.period_micros() / 1000;
        for pair in decided.windows(2) {
            assert!(pair[1].0 - pair[0].0 <= period);
        }
        let changes = decided.windows(2).filter(|pair| pair[0].1 != pair[1].1);
        assert!(changes.count() > decided.len() / 2);
    }

    #[test]
    fn an_idler_decides_once() {
        let decided = decisions(Behaviour::Idle, 3);
        assert_eq!(decided, [(0, controls::neutral(&marker_schema()))]);
    }

    #[test]
    fn a_chaser_wanders_in_a_game_that_it_does_not_know() {
        assert_eq!(
            decisions(Behaviour::Chase, 3),
            decisions(Behaviour::Wander, 3)
        );
    }
}
