//! What happens in a random world, tick by tick.

use std::sync::Arc;

use proptest::prelude::*;

use crate::schema::Schema;
use crate::schema::arbitrary::schema_data;

/// Something that happens to a world before a tick. Numbers pick among what is there.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Spawn {
        class: u8,
        seed: u32,
        seen_by: SeenBy,
    },
    Despawn {
        pick: u16,
    },
    /// Gone and another of its class come within one tick: the slot changes hands.
    Replace {
        pick: u16,
        seed: u32,
    },
    Change {
        pick: u16,
        word: u8,
        value: u32,
    },
    /// All words and references anew.
    Rewrite {
        pick: u16,
        seed: u32,
    },
    /// Out of sight or back, while the game keeps the entity.
    Hide {
        pick: u16,
    },
    Show {
        pick: u16,
        seen_by: SeenBy,
    },
    /// The game writes the row twice this tick, the second time with other words.
    Duplicate {
        pick: u16,
        seed: u32,
    },
    /// All of the world out of sight, or back.
    Curtain,
    Event {
        class: u8,
        seed: u32,
        private: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SeenBy {
    All,
    Player,
    /// A row in either stream: the public part and a private one.
    Both,
}

/// One snapshot tick: what happens, and ticks since the previous one.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) ops: Vec<Op>,
    pub(super) span: u32,
}

pub(super) fn plans(count_max: usize) -> impl Strategy<Value = Vec<Plan>> {
    let plan =
        (prop::collection::vec(op(), 0..10), 1u32..=4).prop_map(|(ops, span)| Plan { ops, span });
    prop::collection::vec(plan, 1..=count_max)
}

fn op() -> impl Strategy<Value = Op> {
    let seen_by = || prop::sample::select(vec![SeenBy::All, SeenBy::Player, SeenBy::Both]);
    let (pick, seed) = (any::<u16>, any::<u32>);
    prop_oneof![
        5 => (any::<u8>(), seed(), seen_by())
            .prop_map(|(class, seed, seen_by)| Op::Spawn { class, seed, seen_by }),
        2 => pick().prop_map(|pick| Op::Despawn { pick }),
        1 => (pick(), seed()).prop_map(|(pick, seed)| Op::Replace { pick, seed }),
        4 => (pick(), any::<u8>(), seed())
            .prop_map(|(pick, word, value)| Op::Change { pick, word, value }),
        2 => (pick(), seed()).prop_map(|(pick, seed)| Op::Rewrite { pick, seed }),
        1 => pick().prop_map(|pick| Op::Hide { pick }),
        1 => (pick(), seen_by()).prop_map(|(pick, seen_by)| Op::Show { pick, seen_by }),
        1 => (pick(), seed()).prop_map(|(pick, seed)| Op::Duplicate { pick, seed }),
        1 => Just(Op::Curtain),
        2 => (any::<u8>(), seed(), any::<bool>())
            .prop_map(|(class, seed, private)| Op::Event { class, seed, private }),
    ]
}

/// A schema and a life.
pub(super) fn lives() -> impl Strategy<Value = (Arc<Schema>, Vec<Plan>)> {
    (schema_data(), plans(16))
        .prop_map(|(data, plans)| (Arc::new(Schema::from_data(data).unwrap()), plans))
}

/// Plans of silence.
pub(super) fn silence(ticks: usize) -> Vec<Plan> {
    let quiet = Plan {
        ops: Vec::new(),
        span: 1,
    };
    vec![quiet; ticks]
}
