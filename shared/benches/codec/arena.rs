//! The arena: players who fly about, are hit now and then and score, without shots. The world that
//! other codecs can be held against most easily, since nothing in it ever appears or vanishes.

use std::sync::Arc;

use slotmap::SlotMap;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::SnapshotWriter;

use crate::fleet::{self, AWAY_TICKS, HZ, IDLE_EVERY, Motion, Pilot, Ship};
use crate::kit::{Case, Trace, plain};
use crate::rng::Xorshift;

/// A minute.
const TICKS: usize = 1800;

/// One variant of the arena.
#[derive(Clone, Copy)]
struct Arena {
    players: usize,
    motion: Motion,
    /// Whether the schema says what positions and headings follow.
    hints: bool,
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for players in [200, 1000, 12] {
        for motion in [Motion::Free, Motion::Grid] {
            for hints in [true, false] {
                cases.push(case(Arena {
                    players,
                    motion,
                    hints,
                }));
            }
        }
    }
    cases
}

fn case(arena: Arena) -> Case {
    let motion = match arena.motion {
        Motion::Free => "free",
        Motion::Grid => "grid",
    };
    let hints = if arena.hints { "" } else { "/no-hints" };
    let name = format!("arena-{}/{motion}{hints}", arena.players);
    Case {
        has_baselines: arena.hints,
        ..Case::new(name, TICKS, move |seed, ticks| arena.record(seed, ticks))
    }
}

impl Arena {
    fn schema(self) -> Arc<Schema> {
        let mut data = fleet::ships().build().data().clone();
        fleet::say_how_positions_move(&mut data, self.motion);
        if !self.hints {
            for field in data.classes.iter_mut().flat_map(|class| &mut class.fields) {
                field.link = None;
            }
        }
        Arc::new(Schema::from_data(data).expect("the schema is sound"))
    }

    fn record(self, seed: u64, ticks: usize) -> Trace {
        let mut rng = Xorshift::new(seed);
        let mut entities = SlotMap::with_key();
        let mut pilots: Vec<Pilot> = (0..self.players)
            .map(|index| Pilot::new(index.is_multiple_of(IDLE_EVERY), &mut rng, &mut entities))
            .collect();
        let schema = self.schema();
        let mut trace = Trace::new(Arc::clone(&schema), HZ, plain::<Vec<Ship>>);
        for _ in 0..ticks {
            for pilot in &mut pilots {
                pilot.fly(self.motion, false, &mut rng);
            }
            hit_and_score(&mut pilots, &mut rng);
            let mut writer = SnapshotWriter::new(Arc::clone(&schema));
            for pilot in &pilots {
                pilot.write(&mut writer);
            }
            trace.push(writer);
        }
        trace
    }
}

/// About four hits and three scores a second, in the whole arena.
fn hit_and_score(pilots: &mut [Pilot], rng: &mut Xorshift) {
    if rng.chance(4.0 / 30.0) {
        let hit = rng.pick(pilots.len());
        if pilots[hit].away == 0 {
            pilots[hit].hp -= 5 + rng.below(20);
            if pilots[hit].hp <= 0 {
                pilots[hit].hp = 0;
                pilots[hit].away = AWAY_TICKS;
            }
        }
    }
    if rng.chance(3.0 / 30.0) {
        let scorer = rng.pick(pilots.len());
        pilots[scorer].score += 10 * (1 + rng.below(10));
    }
}
