//! The rules of cubes, as players meet them.

use glam::Vec3;
use syncline_games::Cubes;
use syncline_games::cubes::challenge::{CUBES, Challenge};
use syncline_games::cubes::config::CubesSource;
use syncline_games::cubes::rows::{Cube, Owner, PlayerCube};
use syncline_games::cubes::{CubesConfig, CubesEvent, CubesInput, Mode};
use syncline_shared::game::{Game, JoinRefusal, LeaveReason, Profile};
use syncline_shared::id::PlayerId;
use syncline_shared::journal::Act;
use syncline_shared::snapshot::Event;

use crate::cubes_determinism::{cubes_journal, grid_of};
use crate::driver::{Audiences, Driver, joins};

const A: PlayerId = PlayerId(0);

/// A match and what its clients see.
struct Play {
    driver: Driver<Cubes>,
    audiences: Audiences,
    players: Vec<PlayerId>,
}

impl Play {
    fn new(config: CubesConfig, players: u16) -> Self {
        let mut play = Self {
            driver: Driver::new(config, 9, 0),
            audiences: Audiences::new::<Cubes>(),
            players: (0..players).map(PlayerId).collect(),
        };
        play.tick(joins(players));
        play
    }

    fn tick(&mut self, acts: Vec<Act>) {
        self.driver.apply_acts(acts);
        self.audiences.follow(self.driver.snapshot(), &self.players);
    }

    fn cubes(&self) -> Vec<Cube> {
        let common = self.audiences.common();
        let cubes = common.entities::<Cube>(&self.audiences.schema);
        cubes.map(|(_, cube)| cube).collect()
    }

    fn player_cubes(&self) -> Vec<PlayerCube> {
        let common = self.audiences.common();
        let cubes = common.entities::<PlayerCube>(&self.audiences.schema);
        cubes.map(|(_, cube)| cube).collect()
    }

    fn own(&self, player: PlayerId) -> PlayerCube {
        let mut cubes = self.player_cubes().into_iter();
        let own = cubes.find(|cube| cube.player == player);
        own.expect("the player has a cube")
    }

    fn owned_by(&self, owner: Option<PlayerId>) -> usize {
        let cubes = self.cubes();
        cubes
            .iter()
            .filter(|cube| cube.owner == Owner(owner))
            .count()
    }

    fn told(&self) -> Vec<CubesEvent> {
        self.audiences.events(A).filter_map(Event::read).collect()
    }

    /// Has `player` drive towards a place for a tick.
    fn drive(&mut self, player: PlayerId, to: Vec3, press: &CubesInput) {
        let way = to - self.own(player).position;
        let along = |way: f32| i8::from(way > 0.2) - i8::from(way < -0.2);
        let input = CubesInput {
            x: along(way.x),
            y: along(way.y),
            ..press.clone()
        };
        self.driver.press(player, &input);
        self.tick(Vec::new());
    }
}

#[test]
fn who_touches_a_cube_has_it_and_loses_it_by_leaving() {
    let mut play = Play::new(grid_of(6), 1);
    assert_eq!(play.owned_by(None), 36);
    for _ in 0..240 {
        play.drive(A, Vec3::ZERO, &CubesInput::default());
    }
    let had = play.owned_by(Some(A));
    assert!(had > 0, "nothing was touched");
    assert_eq!(
        (usize::from(play.own(A).score), play.owned_by(None)),
        (had, 36 - had)
    );
    play.players.clear();
    play.tick(vec![Act::Leave(A, LeaveReason::Left)]);
    assert_eq!((play.owned_by(None), play.player_cubes().len()), (36, 0));
}

#[test]
fn another_player_takes_a_cube_by_touching_it() {
    let mut play = Play::new(grid_of(2), 2);
    let (first, second) = (A, PlayerId(1));
    let mut had = [false; 2];
    for tick in 0..1200 {
        let driver = if tick < 600 { first } else { second };
        let other = if tick < 600 { second } else { first };
        play.driver.press(other, &CubesInput::default());
        let nearest = play
            .cubes()
            .into_iter()
            .filter(|cube| cube.owner != Owner(Some(driver)));
        let target = nearest
            .map(|cube| cube.position)
            .next()
            .unwrap_or(Vec3::ZERO);
        play.drive(driver, target, &CubesInput::default());
        had[usize::from(driver.0)] |= play.owned_by(Some(driver)) > 0;
    }
    assert_eq!(had, [true, true]);
    assert!(play.owned_by(Some(second)) > play.owned_by(Some(first)));
}

#[test]
fn who_pulls_gathers_and_who_pushes_scatters() {
    let spread = |press: &CubesInput| {
        let mut play = Play::new(grid_of(8), 1);
        for _ in 0..120 {
            play.drive(A, Vec3::ZERO, &CubesInput::default());
        }
        for _ in 0..60 {
            play.drive(A, Vec3::ZERO, press);
        }
        let own = play.own(A);
        let near = |cube: &&Cube| cube.position.distance(own.position) < 1.5;
        (own.mode, play.cubes().iter().filter(near).count())
    };
    let press = |push, pull| CubesInput {
        push,
        pull,
        ..CubesInput::default()
    };
    let (pulled, pushed) = (spread(&press(false, true)), spread(&press(true, true)));
    assert_eq!((pulled.0, pushed.0), (Mode::Pull, Mode::Push));
    assert!(
        pulled.1 > pushed.1 + 3,
        "{} and {} are near",
        pulled.1,
        pushed.1
    );
}

#[test]
fn who_leaves_the_floor_is_put_back_and_told_of() {
    let mut play = Play::new(grid_of(2), 1);
    let started = play.own(A).position;
    let mut fell = 0;
    for _ in 0..400 {
        play.drive(A, Vec3::new(30.0, 0.0, 0.0), &CubesInput::default());
        if play.told().contains(&CubesEvent::Fell { player: A }) {
            fell += 1;
            assert!(play.own(A).position.distance(started) < 0.1);
        }
    }
    assert!(fell > 0, "never fell");
}

/// Cubes that are swept off the floor come back to it, and to nobody.
#[test]
fn a_cube_that_falls_is_nobodys() {
    let mut play = Play::new(grid_of(2), 1);
    let mut before = play.cubes();
    let mut returned = 0;
    for tick in 0..3000 {
        let target = before[tick / 300 % 4].position;
        // Behind the cube as seen from the middle's far side: through it and on.
        play.drive(A, target * 3.0, &CubesInput::default());
        let now = play.cubes();
        for (before, now) in before.iter().zip(&now) {
            if before.position.distance(now.position) > 2.0 {
                returned += 1;
                assert_eq!(now.owner, Owner(None));
                assert!(now.position.z > 0.0);
            }
        }
        before = now;
    }
    assert!(returned > 0, "nothing fell");
}

#[test]
fn the_most_cubes_win_when_time_is_up() {
    let config = CubesConfig::try_from(CubesSource {
        side: 6,
        round_seconds: 4,
    })
    .unwrap();
    let mut play = Play::new(config, 2);
    let mut over = Vec::new();
    for tick in 2..=300 {
        play.drive(A, Vec3::ZERO, &CubesInput::default());
        let best = |event: CubesEvent| match event {
            CubesEvent::RoundOver { best } => Some((tick, best)),
            CubesEvent::Fell { .. } => None,
        };
        over.extend(play.told().into_iter().filter_map(best));
        assert_eq!(play.driver.game.outcome().is_some(), tick >= 240);
    }
    let outcome = play.driver.game.outcome().unwrap();
    let [(240, best)] = over[..] else {
        panic!("told {over:?}");
    };
    assert_eq!(outcome.winners, [A]);
    assert_eq!(outcome.scores, [(A, i32::from(best)), (PlayerId(1), 0)]);
}

#[test]
fn who_has_everything_has_won() {
    let mut play = Play::new(grid_of(2), 1);
    for _ in 0..3000 {
        let cubes = play.cubes();
        let free = cubes.iter().find(|cube| cube.owner != Owner(Some(A)));
        let Some(free) = free else { break };
        let pull = CubesInput {
            pull: true,
            ..CubesInput::default()
        };
        play.drive(A, free.position, &pull);
    }
    assert_eq!(play.driver.game.outcome().unwrap().scores, [(A, 4)]);
}

/// Whatever anybody presses: everything stays where a row can say it is, and every cube that has an
/// owner counts for it.
#[test]
fn nothing_leaves_the_world() {
    for seed in 0..3 {
        let mut driver = Driver::<Cubes>::new(grid_of(6), seed, 300);
        let mut audiences = Audiences::new::<Cubes>();
        for record in cubes_journal(seed, 8, 1200) {
            driver.apply(&record);
            audiences.follow(driver.snapshot(), &[]);
            let (common, schema) = (audiences.common(), &audiences.schema);
            let cubes: Vec<Cube> = common.entities(schema).map(|(_, cube)| cube).collect();
            let players: Vec<PlayerCube> = common.entities(schema).map(|(_, own)| own).collect();
            assert_eq!(cubes.len(), 36);
            let positions = cubes.iter().map(|cube| cube.position);
            for place in positions.chain(players.iter().map(|own| own.position)) {
                // What is no number would be at the lowest end of the range.
                let inside = place.abs().max_element() <= 31.998_05 && place.z >= -4.0;
                assert!(inside, "seed {seed}, tick {}: {place}", record.tick);
            }
            for own in &players {
                let owner = Owner(Some(own.player));
                let had = cubes.iter().filter(|cube| cube.owner == owner).count();
                assert_eq!(usize::from(own.score), had);
            }
            let scores: u16 = players.iter().map(|own| own.score).sum();
            let owned = cubes.iter().filter(|cube| cube.owner != Owner(None));
            assert_eq!(usize::from(scores), owned.count());
        }
    }
}

/// What lies still costs nothing: not a row changes once all has come to rest.
#[test]
fn a_floor_at_rest_is_silent() {
    let mut play = Play::new(grid_of(10), 4);
    let mut silent = 0;
    for _ in 0..600 {
        let before = (play.cubes(), play.player_cubes());
        play.tick(Vec::new());
        if before == (play.cubes(), play.player_cubes()) {
            silent += 1;
        }
    }
    assert!(silent > 300, "{silent} of 600 ticks were silent");
}

#[test]
fn a_seat_is_taken_once_and_numbers_end() {
    let mut game = Cubes::new(CubesConfig::default(), 1);
    let mut join = |player| game.join(PlayerId(player), &Profile::default());
    assert_eq!(join(4094), Ok(()));
    assert!(matches!(join(4094), Err(JoinRefusal::NotAllowed(_))));
    assert_eq!(join(4095), Err(JoinRefusal::Full));
}

/// The trace is of the kind that the codec is tuned on: one cube in ten or so moves at a time.
#[test]
fn a_trace_is_busy_but_not_everywhere() {
    let mut challenge = Challenge::new(3);
    let (mut before, mut changed) = (challenge.step().to_vec(), 0);
    for _ in 1..600 {
        let rows = challenge.step();
        assert_eq!(rows.len(), CUBES);
        changed += rows
            .iter()
            .zip(&before)
            .filter(|(now, then)| now != then)
            .count();
        before = rows.to_vec();
    }
    let changed = changed / 600;
    assert!(
        (20..=200).contains(&changed),
        "{changed} cubes change a frame"
    );
}
