//! What happened to a match, tick by tick: the record that reproduces it.
//!
//! A match is a deterministic function of its [`MatchHeader`] and the [`TickRecord`]s in order.
//! Everything that reaches a game is in one record, which is put out before the tick's frames are.

use serde::{Deserialize, Serialize};

use crate::command::Origin;
use crate::game::{LeaveReason, Profile};
use crate::id::PlayerId;
use crate::input::{InputStatus, InputWords};
use crate::tick::{Tick, ViewTick};

/// What a match starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatchHeader {
    /// The game's name.
    pub game: String,
    /// Identifies the schema that the game had.
    pub fingerprint: u64,
    /// The game's config, encoded by value.
    pub config: Vec<u8>,
    /// Seeds the game and its generator.
    pub seed: u64,
    /// Ticks from one checkpoint to the next. Taking one is part of the tick.
    pub checkpoint_interval: u32,
}

/// What was applied before and at one tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickRecord {
    /// The tick that the step led to.
    pub tick: Tick,
    /// Changes, in the order in which they were applied, before the step.
    pub acts: Vec<Act>,
    /// The inputs that differ from a plain repetition of the player's previous one, by player.
    pub inputs: Vec<AppliedInput>,
}

/// Something that was done to a match between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Act {
    /// A player took a seat.
    Join(PlayerId, Profile),
    /// A player gave up its seat.
    Leave(PlayerId, LeaveReason),
    /// A command, encoded. Refused ones are recorded too: refusing is the game's to repeat.
    Command(Origin, Vec<u8>),
}

/// One player's input as a tick applied it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedInput {
    /// Whose.
    pub player: PlayerId,
    /// What was pressed.
    pub words: InputWords,
    /// How it came about.
    pub status: InputStatus,
    /// What the player was looking at.
    pub view: ViewTick,
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::codec;
    use crate::schema::Schema;
    use crate::schema::arbitrary::schema_data;

    fn act() -> impl Strategy<Value = Act> {
        let player = || any::<u16>().prop_map(PlayerId);
        let reason = select(vec![
            LeaveReason::Left,
            LeaveReason::Lost,
            LeaveReason::Kicked,
        ]);
        let origin = prop_oneof![player().prop_map(Origin::Player), Just(Origin::Operator)];
        prop_oneof![
            (player(), any::<String>())
                .prop_map(|(player, name)| Act::Join(player, Profile { name })),
            (player(), reason).prop_map(|(player, reason)| Act::Leave(player, reason)),
            (origin, any::<Vec<u8>>()).prop_map(|(origin, bytes)| Act::Command(origin, bytes)),
        ]
    }

    fn record() -> impl Strategy<Value = TickRecord> {
        let input = (
            any::<u16>(),
            vec(any::<u32>(), 0..20),
            select(InputStatus::ALL.to_vec()),
            any::<u64>(),
        );
        (
            schema_data(),
            any::<u32>(),
            vec(act(), 0..5),
            vec(input, 0..5),
        )
            .prop_map(|(data, tick, acts, inputs)| {
                let schema = Schema::from_data(data).unwrap();
                let inputs = inputs
                    .into_iter()
                    .map(|(player, words, status, view)| AppliedInput {
                        player: PlayerId(player),
                        words: InputWords::clamped(&words, schema.input()),
                        status,
                        view: ViewTick(view),
                    });
                TickRecord {
                    tick: Tick(tick),
                    acts,
                    inputs: inputs.collect(),
                }
            })
    }

    proptest! {
        #[test]
        fn records_round_trip(record in record()) {
            prop_assert_eq!(codec::decode(&codec::encode(&record)), Ok(record));
        }

        #[test]
        fn a_record_that_is_cut_is_refused(record in record(), cut in any::<prop::sample::Index>()) {
            let bytes = codec::encode(&record);
            prop_assert!(codec::decode::<TickRecord>(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn headers_round_trip(
            game: String,
            numbers: (u64, u64, u32),
            config: Vec<u8>,
        ) {
            let header = MatchHeader {
                game,
                fingerprint: numbers.0,
                config,
                seed: numbers.1,
                checkpoint_interval: numbers.2,
            };
            prop_assert_eq!(codec::decode(&codec::encode(&header)), Ok(header));
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            let _ = codec::decode::<TickRecord>(&bytes);
            let _ = codec::decode::<MatchHeader>(&bytes);
        }
    }

    /// A tick in which nothing happened costs next to nothing.
    #[test]
    fn an_idle_tick_is_a_few_bytes() {
        let record = TickRecord {
            tick: Tick(100_000),
            ..TickRecord::default()
        };
        assert_eq!(codec::encode(&record).len(), 7);
    }
}
