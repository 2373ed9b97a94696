//! A match in which much happens at random.

use super::{Ask, Rules, Stick, Table, nothing, room_with};

/// A match that records, with players who come, go and press at random. After each tick `look` sees
/// the table.
pub fn wild_match(seed: u64, mut look: impl FnMut(&Table)) -> Table {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.record = true;
        config.seed = seed;
        config.checkpoint_interval = 7;
    }));
    let mut rng = syncline_shared::rng::Rng::from_seed(seed);
    table.attach(1, 1, false);
    for n in 2..40 {
        if rng.chance(1, 4) {
            table.attach(n, n, false);
        }
        if rng.chance(1, 4) {
            let count = u32::try_from(table.watchers.len()).unwrap();
            let one = table.watchers[rng.below(count) as usize].connection.0;
            let by = rng.range(-150, 150);
            table.ask(one, 0, &Ask::Jump { by });
            if rng.chance(1, 2) && one != 1 {
                table.detach(one);
            }
        }
        let ticks = rng.below(9);
        for _ in 0..ticks {
            table.run(1, |_, _| {
                let stick = Stick {
                    step: i8::try_from(rng.range(-1, 1)).unwrap(),
                    grab: rng.chance(1, 3),
                };
                rng.chance(3, 4).then_some(stick)
            });
            look(&table);
        }
        table.check_frames();
    }
    table.run(1, nothing);
    look(&table);
    table
}
