//! Worlds in which little happens: what an entity costs that nobody touches.

use std::sync::Arc;

use slotmap::SlotMap;
use syncline_shared::id::EntityId;
use syncline_shared::snapshot::SnapshotWriter;

use crate::fleet::{self, HZ, Motion, Pilot, Ship};
use crate::kit::{Case, Trace, plain};
use crate::rng::Xorshift;

const TICKS: usize = 900;
const SHIPS: usize = 1000;

pub(crate) fn cases() -> Vec<Case> {
    [("still-1000", 0), ("sparse-1000-50", 50)]
        .map(|(name, moving)| {
            Case::new(name, TICKS, move |seed, ticks| record(moving, seed, ticks))
        })
        .to_vec()
}

/// Ships of which `moving` fly, spread among the others.
fn record(moving: usize, seed: u64, ticks: usize) -> Trace {
    let mut rng = Xorshift::new(seed);
    let mut entities: SlotMap<EntityId, ()> = SlotMap::with_key();
    let mut pilots: Vec<Pilot> = (0..SHIPS)
        .map(|index| {
            let moves = index * moving % SHIPS < moving;
            Pilot::new(!moves, &mut rng, &mut entities)
        })
        .collect();
    let schema = Arc::new(fleet::ships().build());
    let mut trace = Trace::new(Arc::clone(&schema), HZ, plain::<Vec<Ship>>);
    for _ in 0..ticks {
        let mut writer = SnapshotWriter::new(Arc::clone(&schema));
        for pilot in &mut pilots {
            pilot.fly(Motion::Free, false, &mut rng);
            pilot.write(&mut writer);
        }
        trace.push(writer);
    }
    trace
}
