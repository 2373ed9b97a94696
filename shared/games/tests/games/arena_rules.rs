//! The rules of arena, as players meet them.

use glam::IVec2;
use proptest::prelude::*;
use syncline_games::Arena;
use syncline_games::arena::aim::{aim_along, direction_along};
use syncline_games::arena::map::Map;
use syncline_games::arena::rows::{Pickup, PickupKind, Projectile, Ship};
use syncline_games::arena::tuning::{Tuning, TuningSource};
use syncline_games::arena::{ArenaCommand, ArenaConfig, ArenaEvent, ArenaInput};
use syncline_shared::command::{CommandRefusal, Origin};
use syncline_shared::game::{Game, JoinRefusal, LeaveReason, Profile};
use syncline_shared::id::{PlayerId, TeamId};
use syncline_shared::journal::Act;
use syncline_shared::rng::Rng;
use syncline_shared::snapshot::Event;

use crate::driver::{Audiences, Driver, joins};

const A: PlayerId = PlayerId(0);
const B: PlayerId = PlayerId(1);
const C: PlayerId = PlayerId(2);

/// A room of 200 by 200 units, the players in its middle.
const OPEN: &str = r#"
    name = "open"
    width = 200
    height = 200
    walls = []
    spawns = [{ x = 100, y = 100 }]
    pickups = []
"#;

/// A match and what its clients see.
struct Play {
    driver: Driver<Arena>,
    audiences: Audiences,
    players: Vec<PlayerId>,
}

impl Play {
    /// `players` on `map` with values changed by `tune`, just spawned.
    fn new(map: &str, players: u16, tune: impl FnOnce(&mut TuningSource)) -> Self {
        Self::between(0, map, players, tune)
    }

    /// The same in teams, the first player in the first, the next in the next, and so on.
    fn between(teams: u8, map: &str, players: u16, tune: impl FnOnce(&mut TuningSource)) -> Self {
        let mut tuning = TuningSource::default();
        tune(&mut tuning);
        let config = ArenaConfig {
            map: Map::parse(map).expect("the test's map is sound"),
            tuning: Tuning::try_from(tuning).expect("the test's tuning is in range"),
            teams,
        };
        let mut play = Self {
            driver: Driver::new(config, 9, 0),
            audiences: Audiences::new::<Arena>(),
            players: (0..players).map(PlayerId).collect(),
        };
        let mut acts = joins(players);
        for act in acts.iter_mut().filter(|_| teams > 0) {
            if let Act::Join(player, profile) = act {
                profile.team = Some(team_of(*player, teams));
            }
        }
        play.tick(acts);
        play
    }

    fn tick(&mut self, acts: Vec<Act>) {
        self.driver.apply_acts(acts);
        self.audiences.follow(self.driver.snapshot(), &self.players);
    }

    /// Ticks until `done`, at most 1000 times.
    fn tick_until(&mut self, mut done: impl FnMut(&Self) -> bool) {
        for _ in 0..1000 {
            self.tick(Vec::new());
            if done(self) {
                return;
            }
        }
        panic!("it never happened");
    }

    fn ship(&self, player: PlayerId) -> Ship {
        let mut ships = self
            .audiences
            .common()
            .entities::<Ship>(&self.audiences.schema);
        ships
            .find(|(_, ship)| ship.owner == player)
            .expect("the player has a ship")
            .1
    }

    fn events(&self, player: PlayerId) -> Vec<ArenaEvent> {
        self.audiences
            .events(player)
            .filter_map(Event::read)
            .collect()
    }

    fn shots(&self) -> Vec<Projectile> {
        let shots = self.audiences.common().entities(&self.audiences.schema);
        shots.map(|(_, shot)| shot).collect()
    }

    /// Lets `player` fly towards `place` until `done`, and stop then.
    fn approach(&mut self, player: PlayerId, place: IVec2, done: impl Fn(&Self) -> bool) {
        for _ in 0..500 {
            let direction = direction_along(place - self.ship(player).position);
            self.driver.press(
                player,
                &ArenaInput {
                    direction,
                    ..ArenaInput::default()
                },
            );
            self.tick(Vec::new());
            if done(self) {
                self.driver.press(player, &ArenaInput::default());
                return;
            }
        }
        panic!("it never happened");
    }

    /// Lets `player` fly to `place` and stop there.
    fn fly(&mut self, player: PlayerId, place: IVec2) {
        self.approach(player, place, |play| {
            (place - play.ship(player).position).abs().max_element() < 40
        });
        self.tick(Vec::new());
    }

    /// Lets `player` fire at where `other` is now.
    fn fire_at(&mut self, player: PlayerId, other: PlayerId) {
        let aim = aim_along(self.ship(other).position - self.ship(player).position);
        self.driver.press(
            player,
            &ArenaInput {
                fire: true,
                aim,
                ..ArenaInput::default()
            },
        );
    }

    fn choose(&mut self, player: PlayerId, ship: u8) -> Result<(), CommandRefusal> {
        let command = ArenaCommand::ChooseShip { ship };
        self.driver.game.command(Origin::Player(player), command)
    }
}

/// The team of a player of [`Play::between`].
fn team_of(player: PlayerId, teams: u8) -> TeamId {
    let team = player.0 % u16::from(teams);
    TeamId(u8::try_from(team).expect("there are few teams"))
}

#[test]
fn a_ship_under_fire_is_destroyed_and_respawns() {
    let mut play = Play::new(OPEN, 2, |_| ());
    play.fly(A, IVec2::new(800, 800));
    play.fire_at(A, B);
    play.tick_until(|play| play.ship(B).hp < 100);
    assert_eq!(play.ship(B).hp, 80);
    let hit = ArenaEvent::Hit {
        victim: B,
        by: A,
        damage: 20,
    };
    assert_eq!(
        (play.events(A), play.events(B)),
        (vec![hit.clone()], vec![hit])
    );
    play.tick_until(|play| !play.ship(B).alive);
    let (wreck, died) = (play.ship(B), play.driver.tick());
    assert!(
        play.events(B)
            .contains(&ArenaEvent::Destroyed { victim: B, by: A })
    );
    assert_eq!(
        (wreck.hp, wreck.velocity, play.ship(A).score),
        (0, IVec2::ZERO, 1)
    );
    play.driver.press(A, &ArenaInput::default());
    play.tick_until(|play| play.ship(B).alive);
    assert_eq!(play.driver.tick().since(died), 60);
    assert_eq!(play.events(B), [ArenaEvent::Respawned { player: B }]);
    assert_eq!((play.ship(B).hp, play.events(A)), (100, vec![]));
}

#[test]
fn walls_and_age_end_shots_and_own_ships_do_not() {
    let mut play = Play::new(OPEN, 1, |tuning| tuning.shot_ms = 200);
    play.fly(A, IVec2::new(1600, 1600));
    play.driver.press(
        A,
        &ArenaInput {
            fire: true,
            aim: 64,
            ..ArenaInput::default()
        },
    );
    play.tick(Vec::new());
    assert_eq!(play.shots()[0].position, play.ship(A).position);
    assert_eq!(play.shots()[0].velocity, IVec2::new(0, 128));
    play.driver.press(A, &ArenaInput::default());
    for age in 1..6 {
        play.tick(Vec::new());
        let expected = play.ship(A).position + IVec2::new(0, 128 * age);
        assert_eq!(play.shots()[0].position, expected);
    }
    play.tick(Vec::new());
    assert!(play.shots().is_empty());
    // Near the upper edge a shot gets no farther than that.
    play.fly(A, IVec2::new(1600, 200));
    play.driver.press(
        A,
        &ArenaInput {
            fire: true,
            aim: 192,
            ..ArenaInput::default()
        },
    );
    play.tick(Vec::new());
    play.tick(Vec::new());
    play.tick(Vec::new());
    assert!(play.shots().is_empty());
    assert_eq!(play.ship(A).hp, 100);
}

#[test]
fn who_leaves_takes_ship_and_shots_along() {
    let mut play = Play::new(OPEN, 2, |_| ());
    play.fly(A, IVec2::new(300, 300));
    play.driver.press(
        A,
        &ArenaInput {
            fire: true,
            aim: 0,
            ..ArenaInput::default()
        },
    );
    play.tick(Vec::new());
    assert_eq!(play.shots().len(), 1);
    play.players = vec![B];
    play.tick(vec![Act::Leave(A, LeaveReason::Left)]);
    assert!(play.shots().is_empty());
    assert_eq!(
        play.audiences
            .common()
            .entities::<Ship>(&play.audiences.schema)
            .count(),
        1
    );
}

#[test]
fn another_ship_comes_at_once_after_a_respawn_and_later_with_the_next() {
    let mut play = Play::new(OPEN, 2, |_| ());
    assert_eq!(play.choose(B, 1), Ok(()));
    play.tick(Vec::new());
    assert_eq!(
        play.events(B),
        [ArenaEvent::ShipChanged { player: B, kind: 1 }]
    );
    assert_eq!((play.ship(B).kind, play.ship(B).hp), (1, 60));
    for _ in 0..100 {
        play.tick(Vec::new());
    }
    assert_eq!(play.choose(B, 2), Ok(()));
    play.fly(A, IVec2::new(800, 800));
    assert_eq!(play.ship(B).kind, 1);
    play.fire_at(A, B);
    play.tick_until(|play| !play.ship(B).alive);
    assert_eq!(play.ship(B).kind, 1);
    play.tick_until(|play| play.ship(B).alive);
    assert_eq!((play.ship(B).kind, play.ship(B).hp), (2, 180));
}

#[test]
fn choices_that_make_no_sense_are_refused() {
    let mut play = Play::new(OPEN, 1, |_| ());
    let rule = CommandRefusal::Rule("there is no ship 3; allowed is 0 to 2".to_owned());
    assert_eq!(play.choose(A, 3), Err(rule));
    assert_eq!(play.choose(B, 1), Err(CommandRefusal::NotAPlayer));
    let command = ArenaCommand::ChooseShip { ship: 1 };
    let refusal = play.driver.game.command(Origin::Operator, command);
    assert_eq!(refusal, Err(CommandRefusal::NotAPlayer));
}

#[test]
fn seats_that_cannot_be_told_apart_are_refused() {
    let mut play = Play::new(OPEN, 1, |_| ());
    let mut join = |player| play.driver.game.join(PlayerId(player), &Profile::default());
    assert_eq!(join(4096), Err(JoinRefusal::Full));
    assert!(matches!(join(0), Err(JoinRefusal::NotAllowed(_))));
    assert_eq!(join(4095), Ok(()));
}

fn with_pickup(kind: &str) -> String {
    let pickup = format!("pickups = [{{ x = 40, y = 40, kind = \"{kind}\" }}]");
    OPEN.replace("pickups = []", &pickup)
}

fn is_there(play: &Play) -> bool {
    let mut pickups = play
        .audiences
        .common()
        .entities::<Pickup>(&play.audiences.schema);
    pickups.next().expect("the map has one").1.there
}

#[test]
fn a_repair_waits_for_who_needs_it_and_reappears() {
    let (spot, corner) = (IVec2::new(640, 640), IVec2::new(2400, 640));
    let mut play = Play::new(&with_pickup("repair"), 2, |_| ());
    play.fly(B, spot);
    assert!(is_there(&play), "a whole ship has no use for it");
    play.fly(B, corner);
    play.fire_at(A, B);
    play.tick_until(|play| play.ship(B).hp == 40);
    play.driver.press(A, &ArenaInput::default());
    play.tick_until(|play| play.shots().is_empty());
    let hp = play.ship(B).hp;
    play.approach(B, spot, |play| !is_there(play));
    let taken = ArenaEvent::PickedUp {
        player: B,
        kind: PickupKind::Repair,
    };
    assert_eq!((play.events(B), play.events(A)), (vec![taken], vec![]));
    assert_eq!(play.ship(B).hp, hp + 50);
    let since = play.driver.tick();
    play.fly(B, corner);
    play.tick_until(is_there);
    assert_eq!(play.driver.tick().since(since), 300);
}

#[test]
fn a_rapid_gun_fires_twice_as_often_for_a_while() {
    let mut play = Play::new(&with_pickup("rapid"), 1, |_| ());
    let taken = ArenaEvent::PickedUp {
        player: A,
        kind: PickupKind::Rapid,
    };
    play.approach(A, IVec2::new(640, 640), |play| {
        play.events(A).contains(&taken)
    });
    assert!(!is_there(&play));
    let since = play.driver.tick();
    play.driver.press(
        A,
        &ArenaInput {
            fire: true,
            ..ArenaInput::default()
        },
    );
    let mut shots = 0;
    play.tick_until(|play| {
        shots += play
            .shots()
            .iter()
            .filter(|shot| shot.position == play.ship(A).position)
            .count();
        play.driver.tick().since(since) == 60
    });
    assert_eq!(shots, 12);
    play.fly(A, IVec2::new(2400, 640));
    play.tick_until(is_there);
    assert_eq!(play.driver.tick().since(since), 300);
}

#[test]
fn the_score_limit_ends_the_match_and_the_world_goes_on() {
    let mut play = Play::new(OPEN, 2, |tuning| tuning.score_limit = 1);
    play.fly(A, IVec2::new(800, 800));
    assert_eq!(play.driver.game.outcome(), None);
    play.fire_at(A, B);
    play.tick_until(|play| !play.ship(B).alive);
    assert!(play.events(B).contains(&ArenaEvent::RoundOver { best: 1 }));
    let outcome = play.driver.game.outcome();
    let expected = outcome.clone().expect("the match is decided");
    assert_eq!(
        (expected.winners, expected.scores),
        (vec![A], vec![(A, 1), (B, 0)])
    );
    play.tick_until(|play| play.ship(B).alive);
    assert_eq!(
        (play.driver.game.outcome(), play.ship(A).score),
        (outcome, 1)
    );
}

#[test]
fn a_shot_passes_through_ships_of_its_own_team() {
    let in_a_row = |teams| {
        let mut play = Play::between(teams, OPEN, 3, |_| ());
        play.fly(A, IVec2::new(600, 1600));
        play.fly(B, IVec2::new(2400, 1600));
        // In between, and with two teams in the first one's.
        play.fly(C, IVec2::new(1500, 1600));
        play.fire_at(A, B);
        play.tick_until(|play| play.ship(B).hp < 100 || play.ship(C).hp < 100);
        (play.ship(B).hp, play.ship(C).hp)
    };
    assert_eq!(in_a_row(2), (80, 100));
    assert_eq!(in_a_row(3), (100, 80));
    assert_eq!(in_a_row(0), (100, 80));
}

#[test]
fn a_team_reaches_the_score_limit_together_and_wins() {
    let mut play = Play::between(2, OPEN, 3, |tuning| tuning.score_limit = 2);
    play.fly(A, IVec2::new(800, 800));
    play.fly(C, IVec2::new(2400, 800));
    for (shooter, other) in [(A, C), (C, A)] {
        assert_eq!(play.driver.game.outcome(), None);
        play.tick_until(|play| play.ship(B).alive);
        play.fire_at(shooter, B);
        play.tick_until(|play| !play.ship(B).alive);
        play.driver.press(shooter, &ArenaInput::default());
        assert_eq!(play.ship(other).hp, 100);
    }
    assert!(play.events(B).contains(&ArenaEvent::RoundOver { best: 2 }));
    let outcome = play.driver.game.outcome().expect("the match is decided");
    assert_eq!(outcome.winners, [A, C]);
    assert_eq!(outcome.scores, [(A, 1), (C, 1), (B, 0)]);
}

/// Where the game has no teams a profile's team means nothing.
#[test]
fn a_team_that_is_none_of_the_match_does_not_count() {
    let mut play = Play::new(OPEN, 0, |_| ());
    let profile = Profile {
        team: Some(TeamId(0)),
        ..Profile::default()
    };
    play.players = vec![A, B];
    let joins = [A, B].map(|player| Act::Join(player, profile.clone()));
    play.tick(joins.to_vec());
    play.fly(A, IVec2::new(800, 800));
    play.fire_at(A, B);
    play.tick_until(|play| play.ship(B).hp < 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whoever flies and fires wherever in which team: nobody is hit by a mate, and whoever wins does
    /// so with the whole team.
    #[test]
    fn mates_never_hit_and_win_together(teams in 2u8..=4, players in 2u16..=9, seed: u64) {
        let mut play = Play::between(teams, OPEN, players, |tuning| tuning.round_seconds = 12);
        let mut rng = Rng::from_seed(seed);
        let mut best_told = None;
        for tick in 0..360u32 {
            for player in play.players.clone() {
                if rng.chance(1, 10) || tick == 0 {
                    let mut below = |bound| u8::try_from(rng.below(bound)).expect("a small bound");
                    let (direction, aim) = (below(9), below(256));
                    let input = ArenaInput { direction, aim, fire: true, boost: false };
                    play.driver.press(player, &input);
                }
            }
            play.tick(Vec::new());
            for player in play.players.clone() {
                for event in play.events(player) {
                    match event {
                        ArenaEvent::Hit { victim, by, .. }
                        | ArenaEvent::Destroyed { victim, by } => {
                            prop_assert_ne!(team_of(victim, teams), team_of(by, teams));
                        }
                        ArenaEvent::RoundOver { best } => best_told = Some(best),
                        _ => {}
                    }
                }
            }
        }
        let outcome = play.driver.game.outcome().expect("its time is over");
        let sum = |team: TeamId| -> i32 {
            let scores = outcome.scores.iter();
            let own = scores.filter(|(player, _)| team_of(*player, teams) == team);
            own.map(|(_, score)| score).sum()
        };
        let best = (0..teams).map(|team| sum(TeamId(team))).max().unwrap_or(0);
        prop_assert_eq!(best_told, u32::try_from(best).ok());
        for &player in &play.players {
            let is_best = best > 0 && sum(team_of(player, teams)) == best;
            prop_assert_eq!(outcome.winners.contains(&player), is_best);
        }
    }
}

#[test]
fn the_time_limit_ends_the_match() {
    let mut play = Play::new(OPEN, 2, |tuning| tuning.round_seconds = 2);
    play.tick_until(|play| play.driver.game.outcome().is_some());
    assert_eq!(play.driver.tick().0, 60);
    assert_eq!(play.events(A), [ArenaEvent::RoundOver { best: 0 }]);
    assert!(
        play.driver
            .game
            .outcome()
            .expect("it is decided")
            .winners
            .is_empty()
    );
}

#[test]
fn a_configuration_file_may_set_some_of_it() {
    let text = format!("teams = 2\n[tuning]\nscore_limit = 7\n[map]\n{OPEN}");
    let config: ArenaConfig = toml::from_str(&text).unwrap();
    assert_eq!((config.teams, Arena::teams(&config)), (2, 2));
    assert_eq!(config.map.source().name, "open");
    assert_eq!(config.tuning.source().score_limit, 7);
    assert_eq!(config.tuning.source().round_seconds, 300);
    assert_eq!(toml::from_str(""), Ok(ArenaConfig::default()));
    let unsound = text.replace("width = 200", "width = 2");
    let complaint = toml::from_str::<ArenaConfig>(&unsound)
        .unwrap_err()
        .to_string();
    assert!(
        complaint.contains("width: 2; allowed is 64 to 2047"),
        "{complaint}"
    );
}
