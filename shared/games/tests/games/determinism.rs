//! A journal gives one match, whoever runs it and wherever it is picked up.

use syncline_games::arena::map::Map;
use syncline_games::arena::{ArenaCommand, ArenaConfig, ArenaInput};
use syncline_games::pong::{PongConfig, PongInput};
use syncline_games::{Arena, Pong};
use syncline_shared::codec;
use syncline_shared::command::Origin;
use syncline_shared::game::{Game, LeaveReason, Profile};
use syncline_shared::hash::hash_bytes;
use syncline_shared::id::{PlayerId, TeamId};
use syncline_shared::journal::{Act, TickRecord};
use syncline_shared::rng::Rng;
use syncline_shared::tick::Tick;

use crate::driver::{Driver, applied};

/// A busy match of up to `players` who come and go, change their minds and shoot around.
pub(crate) fn arena_journal(seed: u64, players: u16, ticks: u32) -> Vec<TickRecord> {
    let mut rng = Rng::from_seed(seed);
    let mut seated = vec![false; usize::from(players)];
    let record = |tick| {
        let mut record = TickRecord {
            tick: Tick(tick),
            ..TickRecord::default()
        };
        for (player, seated) in (0..).map(PlayerId).zip(&mut seated) {
            if !*seated {
                if rng.chance(1, 20) {
                    record.acts.push(Act::Join(player, Profile::default()));
                    *seated = true;
                }
                continue;
            }
            if rng.chance(1, 1500) {
                record.acts.push(Act::Leave(player, LeaveReason::Left));
                *seated = false;
                continue;
            }
            if rng.chance(1, 60) {
                let choose = ArenaCommand::ChooseShip {
                    ship: small(&mut rng, 5),
                };
                record
                    .acts
                    .push(Act::Command(Origin::Player(player), codec::encode(&choose)));
            }
            if rng.chance(1, 8) {
                let input = ArenaInput {
                    direction: small(&mut rng, 9),
                    boost: rng.chance(1, 4),
                    fire: rng.chance(3, 4),
                    aim: small(&mut rng, 256),
                };
                record.inputs.push(applied(player, Tick(tick), &input));
            }
        }
        record
    };
    (1..=ticks).map(record).collect()
}

fn pong_journal(seed: u64, ticks: u32) -> Vec<TickRecord> {
    let mut rng = Rng::from_seed(seed);
    let record = |tick| {
        let mut record = TickRecord {
            tick: Tick(tick),
            ..TickRecord::default()
        };
        for player in [0, 1].map(PlayerId) {
            if tick == 1 {
                record.acts.push(Act::Join(player, Profile::default()));
            } else if rng.chance(1, 30) {
                let push = i8::try_from(rng.range(-1, 1)).expect("-1 to 1");
                record
                    .inputs
                    .push(applied(player, Tick(tick), &PongInput { push }));
            }
        }
        record
    };
    (1..=ticks).map(record).collect()
}

fn small(rng: &mut Rng, bound: u32) -> u8 {
    u8::try_from(rng.below(bound)).expect("the bound is at most 256")
}

fn courtyard() -> ArenaConfig {
    let map = Map::built_in("courtyard").expect("a built-in map");
    ArenaConfig {
        map,
        ..ArenaConfig::default()
    }
}

/// Runs a journal twice, with the checkpoint rule, comparing all state at each tick; then picks it
/// up at every checkpoint and compares the end.
pub(crate) fn check_replays<G: Game>(
    config: &G::Config,
    seed: u64,
    journal: &[TickRecord],
    interval: u32,
) {
    let mut first = Driver::<G>::new(config.clone(), seed, interval);
    let mut second = Driver::<G>::new(config.clone(), seed, interval);
    let mut checkpoints = Vec::new();
    for (place, record) in journal.iter().enumerate() {
        first.apply(record);
        second.apply(record);
        let bytes = first.checkpoint();
        assert_eq!(
            bytes,
            second.checkpoint(),
            "seed {seed}, tick {}",
            record.tick
        );
        if record.tick.is_multiple_of(interval) {
            checkpoints.push((place + 1, bytes));
        }
    }
    assert!(!checkpoints.is_empty());
    for (next, bytes) in checkpoints {
        let mut restored = Driver::<G>::restore(&bytes, interval);
        assert_eq!(restored.checkpoint(), bytes, "a checkpoint is all there is");
        for record in &journal[next..] {
            restored.apply(record);
        }
        assert_eq!(
            restored.checkpoint(),
            first.checkpoint(),
            "seed {seed}, from {next}"
        );
    }
}

#[test]
fn arena_replays_to_the_same_bytes_from_every_checkpoint() {
    for seed in 0..6 {
        check_replays::<Arena>(&courtyard(), seed, &arena_journal(seed, 16, 600), 50);
    }
    check_replays::<Arena>(&ArenaConfig::default(), 7, &arena_journal(7, 60, 400), 90);
    let mut in_teams = arena_journal(8, 16, 600);
    for act in in_teams.iter_mut().flat_map(|record| &mut record.acts) {
        if let Act::Join(player, profile) = act {
            profile.team = Some(TeamId(u8::from(player.0 % 2 == 1)));
        }
    }
    let config = ArenaConfig {
        teams: 2,
        ..courtyard()
    };
    check_replays::<Arena>(&config, 8, &in_teams, 50);
}

#[test]
fn pong_replays_to_the_same_bytes_from_every_checkpoint() {
    for seed in 0..6 {
        check_replays::<Pong>(&PongConfig::default(), seed, &pong_journal(seed, 1200), 100);
    }
}

/// What a journal ends in, hashed.
pub(crate) fn end_hash<G: Game>(config: G::Config, seed: u64, journal: &[TickRecord]) -> u64 {
    let mut driver = Driver::<G>::new(config, seed, 60);
    for record in journal {
        driver.apply(record);
    }
    hash_bytes(&codec::encode(&driver.game))
}

/// Debug and release builds, and all machines, must find these numbers. A change of the rules, of a
/// map or of the tuning changes them; nothing else may.
#[test]
fn a_fixed_match_ends_in_the_same_bytes_everywhere() {
    let arena = end_hash::<Arena>(courtyard(), 1, &arena_journal(1, 16, 600));
    let pong = end_hash::<Pong>(PongConfig::default(), 1, &pong_journal(1, 600));
    assert_eq!(
        (arena, pong),
        (8_162_586_033_941_169_455, 13_296_459_759_160_160_006)
    );
}

#[test]
fn seeds_make_different_matches() {
    let journal = arena_journal(1, 16, 100);
    assert_ne!(
        end_hash::<Arena>(courtyard(), 1, &journal),
        end_hash::<Arena>(courtyard(), 2, &journal)
    );
}
