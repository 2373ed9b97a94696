//! Running the own player ahead of the server, and comparing with it when it answers.
//!
//! From the last state that the server told, a [`Prediction`] steps the game's own rules over the
//! inputs that were sent. When the next frame comes, the state predicted for its tick is compared
//! with the server's, which is then the new start: the inputs after it are replayed on it.
//!
//! A difference has a cause, or it is a defect: if the server applied exactly the inputs that were
//! assumed, and no event touched the player, both ends ran the same rules over the same numbers.

use syncline_shared::id::PlayerId;
use syncline_shared::input::{InputStatus, InputWords};
use syncline_shared::predict::Predict;
use syncline_shared::replicated;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::tick::Tick;

use crate::input_history::InputHistory;
use crate::sight::Sight;

/// The cause of a correction when an input came late or not at all.
pub const LATE_INPUT: &str = "late_input";

/// How a prediction fared against the server's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing was predicted, or what happened in between is not known.
    Unpredicted,
    /// The states are the same.
    Agreed,
    /// They differ, for this cause.
    Corrected(&'static str),
    /// They differ without a cause: a defect. The text shows both.
    Error(String),
}

/// The own player ahead of the server.
#[derive(Debug)]
pub struct Prediction<P: Predict> {
    scenery: Option<P::Scenery>,
    /// The server's last word.
    base: Option<(Tick, P::State)>,
    /// The input that the server repeats when none comes, as far as it is known.
    repeated: Option<InputWords>,
}

impl<P: Predict> Default for Prediction<P> {
    fn default() -> Self {
        Self {
            scenery: None,
            base: None,
            repeated: None,
        }
    }
}

impl<P: Predict> Prediction<P> {
    /// Takes in a frame: the state at `tick` is compared with the predicted one and replaces it.
    ///
    /// `statuses` are of the ticks since the frame before, oldest first; `None` if some are not
    /// known. `events` are those since then.
    pub fn frame<'e>(
        &mut self,
        tick: Tick,
        sight: Sight<'_>,
        statuses: Option<&[InputStatus]>,
        inputs: &InputHistory,
        mut events: impl Iterator<Item = &'e Event>,
    ) -> Comparison {
        let Sight {
            schema,
            common,
            own,
            player,
        } = sight;
        // Over a gap the streams were joined anew, perhaps because what was known of them was wrong.
        if self.scenery.is_none() || statuses.is_none() {
            self.scenery = P::scenery(schema, common);
        }
        let actual = P::state(schema, common, own, player);
        let base = self.base.take();
        self.base = actual.clone().map(|state| (tick, state));
        let Some(statuses) = statuses else {
            self.repeated = None;
            return Comparison::Unpredicted;
        };
        let known = u32::try_from(statuses.len()).unwrap_or(u32::MAX);
        let first = tick.minus(known.saturating_sub(1));
        let base = base.filter(|&(at, _)| at.next() == first);
        let mut predicted = base.map(|(_, state)| state);
        let mut as_assumed = true;
        for (after, &status) in (0u32..).zip(statuses) {
            let tick = first.plus(after);
            let (input, assumed) = self.assume(status, tick, inputs);
            as_assumed &= assumed;
            if let (Some(state), Some(scenery)) = (&mut predicted, &self.scenery) {
                P::step(scenery, state, &input.read());
            }
        }
        let Some(predicted) = predicted.filter(|_| self.scenery.is_some()) else {
            return Comparison::Unpredicted;
        };
        if actual.as_ref() == Some(&predicted) {
            Comparison::Agreed
        } else if let Some(cause) = events.find_map(|event| P::touches(event, player)) {
            Comparison::Corrected(cause)
        } else if as_assumed {
            Comparison::Error(format!(
                "at tick {tick} predicted {predicted:?}, not {actual:?}"
            ))
        } else {
            Comparison::Corrected(LATE_INPUT)
        }
    }

    /// What this end took the input of a tick to be, and whether the server applied just that.
    fn assume(
        &mut self,
        status: InputStatus,
        tick: Tick,
        inputs: &InputHistory,
    ) -> (InputWords, bool) {
        let stamped = inputs.get(tick).map(|stamped| &stamped.words);
        let meant = |repeated: Option<InputWords>| {
            let held = inputs.held_at(tick).map(|stamped| stamped.words.clone());
            held.or(repeated).unwrap_or_default()
        };
        match (status, stamped) {
            (InputStatus::Applied, Some(words)) => {
                self.repeated = Some(words.clone());
                (words.clone(), true)
            }
            // Applied, but the input is forgotten here, or merged with others: nothing can be said.
            (InputStatus::Applied, None) | (InputStatus::Merged, _) => {
                let repeated = self.repeated.take();
                (meant(repeated), false)
            }
            (InputStatus::Repeated | InputStatus::Dropped, Some(words)) => {
                (words.clone(), self.repeated.as_ref() == Some(words))
            }
            (InputStatus::Repeated | InputStatus::Dropped, None) => match &self.repeated {
                Some(repeated) => (repeated.clone(), true),
                None => (meant(None), false),
            },
        }
    }

    /// The state at the tick `newest`, up to which this end has said what it presses: the server's
    /// last word with the inputs since replayed on it. `None` while there is nothing to predict.
    pub fn present(&self, inputs: &InputHistory, newest: Option<Tick>) -> Option<(Tick, P::State)> {
        let (mut tick, mut state) = self.base.clone()?;
        let scenery = self.scenery.as_ref()?;
        let held = inputs.held_at(tick).map(|stamped| &stamped.words);
        let mut held = held.or(self.repeated.as_ref()).cloned().unwrap_or_default();
        while newest.is_some_and(|newest| tick < newest) {
            tick = tick.next();
            if let Some(stamped) = inputs.get(tick) {
                held.clone_from(&stamped.words);
            }
            P::step(scenery, &mut state, &held.read());
        }
        Some((tick, state))
    }

    /// What the player's rules read of the world, once it is known.
    pub fn scenery(&self) -> Option<&P::Scenery> {
        self.scenery.as_ref()
    }
}

replicated! {
    /// The input of games whose rules a client doesn't know.
    #[derive(Clone, Debug, Default)]
    pub struct UnknownInput {}
}

/// For games whose rules a client doesn't know: nothing is predicted.
#[derive(Debug)]
pub enum NoPrediction {}

impl Predict for NoPrediction {
    type Input = UnknownInput;
    type State = ();
    type Scenery = ();

    fn scenery(_: &Schema, _: &Frame) -> Option<()> {
        None
    }

    fn state(_: &Schema, _: &Frame, _: &Frame, _: PlayerId) -> Option<()> {
        None
    }

    fn step((): &(), (): &mut (), _: &UnknownInput) {}

    fn touches(_: &Event, _: PlayerId) -> Option<&'static str> {
        None
    }
}

#[cfg(test)]
mod tests {
    use syncline_shared::tick::Timestamp;

    use super::*;
    use crate::input_history::Stamped;
    use crate::scripted_server::marker_schema;
    use crate::scripted_server::{Marker, MarkerInput, MarkerPrediction, Teleported, World};

    const ME: PlayerId = PlayerId(0);

    /// A server's marker at x = 100 after tick 10, and a client that predicts it.
    struct Case {
        world: World,
        prediction: Prediction<MarkerPrediction>,
        inputs: InputHistory,
        tick: Tick,
    }

    impl Case {
        fn new() -> Self {
            let mut case = Self {
                world: World::new(marker_schema()),
                prediction: Prediction::default(),
                inputs: InputHistory::default(),
                tick: Tick(10),
            };
            case.world.place(0, 100, 0);
            assert_eq!(case.frame(None, &[]), Comparison::Unpredicted);
            case
        }

        fn stamp(&mut self, tick: u32, speed: u8) {
            let words = InputWords::of(&MarkerInput { speed });
            self.inputs.push(Stamped {
                tick: Tick(tick),
                at: Timestamp::ZERO,
                words,
                heartbeat: false,
            });
        }

        fn present(&self) -> Option<(Tick, Marker)> {
            self.prediction.present(&self.inputs, self.inputs.newest())
        }

        fn frame(&mut self, statuses: Option<&[InputStatus]>, events: &[Event]) -> Comparison {
            self.world.chunk(1);
            self.tick = self
                .tick
                .plus(u32::try_from(statuses.map_or(0, <[_]>::len)).unwrap());
            let frame = self.world.frame();
            let sight = Sight {
                schema: &self.world.schema,
                common: frame,
                own: frame,
                player: ME,
            };
            self.prediction
                .frame(self.tick, sight, statuses, &self.inputs, events.iter())
        }
    }

    #[test]
    fn the_same_inputs_agree_and_the_rest_is_replayed() {
        let mut case = Case::new();
        for (tick, speed) in [(11, 3), (12, 4), (13, 5), (14, 6)] {
            case.stamp(tick, speed);
        }
        assert_eq!(case.present().unwrap().1.x, 118);
        case.world.place(0, 107, 0);
        assert_eq!(
            case.frame(Some(&[InputStatus::Applied; 2]), &[]),
            Comparison::Agreed
        );
        assert_eq!(case.present().unwrap().1.x, 118);
    }

    #[test]
    fn a_difference_after_the_assumed_inputs_is_an_error() {
        let mut case = Case::new();
        case.stamp(11, 3);
        case.world.place(0, 104, 0);
        let compared = case.frame(Some(&[InputStatus::Applied]), &[]);
        assert!(matches!(compared, Comparison::Error(_)), "{compared:?}");
        case.world.remove(0);
        let compared = case.frame(Some(&[InputStatus::Repeated]), &[]);
        assert!(matches!(compared, Comparison::Error(_)), "{compared:?}");
    }

    #[test]
    fn a_late_input_is_a_correction() {
        for status in [
            InputStatus::Repeated,
            InputStatus::Merged,
            InputStatus::Dropped,
        ] {
            let mut case = Case::new();
            case.stamp(11, 3);
            assert_eq!(
                case.frame(Some(&[status]), &[]),
                Comparison::Corrected(LATE_INPUT)
            );
        }
    }

    #[test]
    fn repetition_is_exact_only_while_the_repeated_input_is_known() {
        let mut case = Case::new();
        // Before the first input was applied, what is repeated is not known.
        case.world.place(0, 90, 0);
        let compared = case.frame(Some(&[InputStatus::Repeated]), &[]);
        assert_eq!(compared, Comparison::Corrected(LATE_INPUT));
        case.stamp(12, 2);
        case.world.place(0, 96, 0);
        let statuses = [
            InputStatus::Applied,
            InputStatus::Repeated,
            InputStatus::Repeated,
        ];
        assert_eq!(case.frame(Some(&statuses), &[]), Comparison::Agreed);
        let compared = case.frame(Some(&[InputStatus::Repeated]), &[]);
        assert!(matches!(compared, Comparison::Error(_)), "{compared:?}");
        case.stamp(16, 2);
        case.frame(Some(&[InputStatus::Merged]), &[]);
        case.world.place(0, 0, 0);
        let compared = case.frame(Some(&[InputStatus::Repeated]), &[]);
        assert_eq!(compared, Comparison::Corrected(LATE_INPUT));
    }

    #[test]
    fn an_event_that_touched_the_player_is_the_cause() {
        let mut case = Case::new();
        let events = [
            Teleported {
                player: PlayerId(7),
            }
            .event(),
            Teleported { player: ME }.event(),
        ];
        case.stamp(11, 0);
        case.world.place(0, 5, 5);
        let compared = case.frame(Some(&[InputStatus::Applied]), &events);
        assert_eq!(compared, Comparison::Corrected("teleported"));
        case.stamp(12, 0);
        case.world.place(0, 50, 5);
        let compared = case.frame(Some(&[InputStatus::Applied]), &events[..1]);
        assert!(matches!(compared, Comparison::Error(_)), "{compared:?}");
    }

    #[test]
    fn after_a_gap_nothing_is_concluded() {
        let mut case = Case::new();
        case.stamp(11, 3);
        case.world.place(0, 700, 0);
        assert_eq!(case.frame(None, &[]), Comparison::Unpredicted);
        // Fewer statuses than ticks: the start of the comparison is missing.
        case.tick = case.tick.plus(5);
        case.world.place(0, 800, 0);
        assert_eq!(
            case.frame(Some(&[InputStatus::Applied]), &[]),
            Comparison::Unpredicted
        );
    }

    #[test]
    fn after_a_gap_the_scenery_is_read_again() {
        let mut case = Case::new();
        case.world.place(1, 5, 5);
        case.stamp(11, 3);
        case.frame(Some(&[InputStatus::Applied]), &[]);
        assert_eq!(case.prediction.scenery(), Some(&1));
        case.frame(None, &[]);
        assert_eq!(case.prediction.scenery(), Some(&2));
    }

    #[test]
    fn the_dead_are_not_predicted() {
        let mut case = Case::new();
        case.world.remove(0);
        case.frame(None, &[]);
        assert!(case.present().is_none());
        case.world.place(0, 1, 1);
        let compared = case.frame(Some(&[InputStatus::Repeated]), &[]);
        assert_eq!(compared, Comparison::Unpredicted);
        let marker = Marker {
            player: ME,
            x: 1,
            y: 1,
        };
        assert_eq!(case.present().unwrap().1, marker);
    }
}
