//! A journal of cubes gives one match, though it is made of floats.

use syncline_games::Cubes;
use syncline_games::cubes::challenge::Challenge;
use syncline_games::cubes::config::CubesSource;
use syncline_games::cubes::{CubesConfig, CubesInput};
use syncline_shared::codec;
use syncline_shared::game::{LeaveReason, Profile};
use syncline_shared::hash::hash_bytes;
use syncline_shared::id::PlayerId;
use syncline_shared::journal::{Act, TickRecord};
use syncline_shared::replicated::{Replicated, RowWriter};
use syncline_shared::rng::Rng;
use syncline_shared::tick::Tick;

use crate::determinism::{check_replays, end_hash};
use crate::driver::{Driver, applied};

/// A match of up to `players` who come and go and press anything.
pub(crate) fn cubes_journal(seed: u64, players: u16, ticks: u32) -> Vec<TickRecord> {
    let mut rng = Rng::from_seed(seed);
    let mut seated = vec![false; usize::from(players)];
    let record = |tick| {
        let mut record = TickRecord {
            tick: Tick(tick),
            ..TickRecord::default()
        };
        for (player, seated) in (0..).map(PlayerId).zip(&mut seated) {
            if !*seated {
                if rng.chance(1, 10) {
                    record.acts.push(Act::Join(player, Profile::default()));
                    *seated = true;
                }
            } else if rng.chance(1, 400) {
                record.acts.push(Act::Leave(player, LeaveReason::Left));
                *seated = false;
            } else if rng.chance(1, 20) {
                let mut way = || i8::try_from(rng.range(-1, 1)).expect("-1 to 1");
                let (x, y) = (way(), way());
                let input = CubesInput {
                    x,
                    y,
                    push: rng.chance(1, 4),
                    pull: rng.chance(1, 3),
                };
                record.inputs.push(applied(player, Tick(tick), &input));
            }
        }
        record
    };
    (1..=ticks).map(record).collect()
}

/// A grid of `side` by `side`.
pub(crate) fn grid_of(side: u8) -> CubesConfig {
    let source = CubesSource {
        side,
        ..CubesSource::default()
    };
    CubesConfig::try_from(source).expect("the test's config is in range")
}

#[test]
fn cubes_replay_to_the_same_bytes_from_every_checkpoint() {
    for seed in 0..2 {
        check_replays::<Cubes>(&grid_of(8), seed, &cubes_journal(seed, 5, 360), 60);
    }
}

#[test]
fn a_short_match_replays_to_the_same_bytes_from_every_tick() {
    check_replays::<Cubes>(&grid_of(5), 7, &cubes_journal(7, 4, 120), 1);
}

/// More than a match needs, which always goes on from the copy: nothing is lost in one.
#[test]
fn a_checkpoint_changes_nothing() {
    let journal = cubes_journal(3, 6, 400);
    let mut with = Driver::<Cubes>::new(grid_of(8), 1, 1);
    let mut without = Driver::<Cubes>::new(grid_of(8), 1, 0);
    for record in &journal {
        with.apply(record);
        without.apply(record);
        assert_eq!(with.snapshot(), without.snapshot(), "tick {}", record.tick);
    }
    assert_eq!(with.checkpoint(), without.checkpoint());
}

/// Debug and release builds, and all machines, must find this number. A change of the rules or of
/// the physics engine changes it; nothing else may.
#[test]
fn a_fixed_match_of_cubes_ends_in_the_same_bytes_everywhere() {
    let cubes = end_hash::<Cubes>(grid_of(10), 1, &cubes_journal(1, 8, 600));
    assert_eq!(cubes, 8_182_320_245_039_598_841);
}

/// What a trace's first frames are, hashed.
fn trace_hash(seed: u64, frames: usize) -> u64 {
    let mut challenge = Challenge::new(seed);
    let mut words = Vec::new();
    for _ in 0..frames {
        for row in challenge.step() {
            row.write(&mut RowWriter::new(&mut words, &mut Vec::new()));
        }
    }
    hash_bytes(&codec::encode(&words))
}

/// As above, for the trace that the codec is measured on.
#[test]
fn a_trace_is_the_same_everywhere() {
    assert_eq!(trace_hash(3, 240), 2_418_831_732_103_006_153);
    assert_ne!(trace_hash(3, 120), trace_hash(4, 120));
}
