//! Clients that predict their own ship are right to the bit, unless they are told otherwise.

use std::collections::BTreeMap;

use glam::IVec2;
use syncline_games::arena::map::Map;
use syncline_games::arena::rows::{Cockpit, Projectile, Ship};
use syncline_games::arena::{ArenaConfig, ArenaInput, Flight};
use syncline_games::{Arena, ArenaPrediction};
use syncline_shared::id::{PlayerId, Slot};
use syncline_shared::journal::Act;
use syncline_shared::predict::Predict;
use syncline_shared::replicated::Replicated;

use crate::determinism::arena_journal;
use crate::driver::{Audiences, Driver, joins};

/// A match with its clients, and what they knew a tick ago.
struct Watched {
    driver: Driver<Arena>,
    audiences: Audiences,
    players: Vec<PlayerId>,
}

impl Watched {
    fn new(map: &str, seed: u64) -> Self {
        let map = Map::built_in(map).expect("a built-in map");
        let config = ArenaConfig {
            map,
            ..ArenaConfig::default()
        };
        Self {
            driver: Driver::new(config, seed, 100),
            audiences: Audiences::new::<Arena>(),
            players: Vec::new(),
        }
    }

    fn follow(&mut self, acts: &[Act]) {
        for act in acts {
            match act {
                Act::Join(player, _) => self.players.push(*player),
                Act::Leave(player, _) => self.players.retain(|known| known != player),
                Act::Command(..) => {}
            }
        }
        let Self {
            driver,
            audiences,
            players,
        } = self;
        audiences.follow(driver.snapshot(), players);
    }

    fn state(&self, player: PlayerId) -> Option<Flight> {
        let (schema, own) = (&self.audiences.schema, self.audiences.own(player));
        ArenaPrediction::state(schema, self.audiences.common(), own, player)
    }

    /// Each entity of a class by its slot and which life of the slot it is in.
    fn entities<T: Replicated>(&self) -> BTreeMap<(Slot, u32), T> {
        let (schema, common) = (&self.audiences.schema, self.audiences.common());
        let class = schema.class_of::<T>().expect("a class of arena");
        let rows = common.rows(class).expect("a class of arena");
        let life = |slot| rows.life(slot).expect("the entity is alive");
        common
            .entities::<T>(schema)
            .map(|(slot, entity)| ((slot, life(slot)), entity))
            .collect()
    }
}

/// Random inputs of 50 players who come and go, choose ships, shoot, die and pick things up. What
/// each client knows of its own ship is what it would have predicted, or it was told why not.
fn check_prediction(map: &str, seed: u64, ticks: u32) -> BTreeMap<&'static str, u32> {
    let mut watched = Watched::new(map, seed);
    let mut before: BTreeMap<PlayerId, Flight> = BTreeMap::new();
    let mut causes = BTreeMap::new();
    let mut scenery = None;
    for record in arena_journal(seed, 50, ticks) {
        watched.driver.apply(&record);
        watched.follow(&record.acts);
        let (schema, common) = (&watched.audiences.schema, watched.audiences.common());
        let scenery = scenery.get_or_insert_with(|| {
            ArenaPrediction::scenery(schema, common).expect("the scenery is there at once")
        });
        let mut after = BTreeMap::new();
        for &player in &watched.players {
            let mut events = watched.audiences.events(player);
            let state = watched.state(player);
            if let Some(cause) = events.find_map(|e| ArenaPrediction::touches(e, player)) {
                *causes.entry(cause).or_insert(0) += 1;
            } else {
                let mut expected = before.remove(&player);
                if let Some(expected) = &mut expected {
                    let input: ArenaInput = watched.driver.pressed(player);
                    ArenaPrediction::step(scenery, expected, &input);
                    *causes.entry("none").or_insert(0) += 1;
                }
                assert_eq!(state, expected, "player {player}, tick {}", record.tick);
            }
            after.extend(state.map(|state| (player, state)));
        }
        before = after;
    }
    causes
}

#[test]
fn clients_are_right_unless_they_were_told_why_not() {
    let mut causes = BTreeMap::new();
    for (map, seed) in [("courtyard", 11), ("courtyard", 12), ("crossroads", 13)] {
        for (cause, count) in check_prediction(map, seed, 3000) {
            *causes.entry(cause).or_insert(0) += count;
        }
    }
    // All causes came up, and almost every tick of every ship was predicted.
    let total: u32 = causes.values().sum();
    for cause in ["hit", "respawn", "pickup", "ship"] {
        assert!(causes[cause] > 20, "{causes:?}");
    }
    assert!(causes["none"] * 100 > total * 95, "{causes:?}");
}

/// What the schema's links promise holds for every ship and shot, and for every running timer.
#[test]
fn positions_change_by_the_coded_velocity() {
    let mut watched = Watched::new("courtyard", 5);
    let (mut ships, mut shots) = (BTreeMap::new(), BTreeMap::new());
    let mut moved = 0;
    for record in arena_journal(5, 30, 1500) {
        watched.driver.apply(&record);
        watched.follow(&record.acts);
        let ships_now = watched.entities::<Ship>();
        for (id, ship) in &ships_now {
            // A new ship appears anywhere; a wreck lies still where its last step had brought it.
            let flown = ships
                .get(id)
                .filter(|before: &&Ship| before.alive && ship.alive);
            if let Some(before) = flown {
                assert_eq!(ship.position, before.position + ship.velocity);
                moved += 1;
            }
            assert!(ship.alive || ship.velocity == IVec2::ZERO);
        }
        let shots_now = watched.entities::<Projectile>();
        for (id, shot) in &shots_now {
            if let Some(before) = shots.get(id) {
                let expected = Projectile {
                    position: shot.position - shot.velocity,
                    ..shot.clone()
                };
                assert_eq!(*before, expected, "tick {}", record.tick);
                moved += 1;
            }
        }
        (ships, shots) = (ships_now, shots_now);
    }
    assert!(moved > 40_000, "{moved}");
}

/// Timers fall by one and stay at 0, except in ticks of firing and of events.
#[test]
fn timers_run_as_their_link_says() {
    let mut watched = Watched::new("courtyard", 6);
    let fire = ArenaInput {
        fire: true,
        ..ArenaInput::default()
    };
    let acts = joins(2);
    watched.driver.apply_acts(acts.clone());
    watched.follow(&acts);
    watched.driver.press(PlayerId(0), &fire);
    let mut seen = Vec::new();
    for _ in 0..25 {
        watched.driver.apply_acts(Vec::new());
        watched.follow(&[]);
        let own = watched.audiences.own(PlayerId(0));
        let (_, cockpit) = own
            .entities::<Cockpit>(&watched.audiences.schema)
            .next()
            .unwrap();
        assert_eq!(cockpit.pace, -1);
        seen.push(cockpit.cooldown);
    }
    assert_eq!(seen[..12], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 10, 9]);
}

/// Players who press nothing cost nothing: after their ships have appeared, and a hash has told
/// that they did, chunks are empty.
#[test]
fn idle_players_are_silent() {
    let mut watched = Watched::new("crossroads", 3);
    let acts = joins(40);
    watched.driver.apply_acts(acts.clone());
    watched.follow(&acts);
    let mut told = Vec::new();
    for _ in 0..300 {
        watched.driver.apply_acts(Vec::new());
        watched.follow(&[]);
        if watched.audiences.bytes() != (0, 0) {
            told.push(watched.audiences.bytes());
        }
    }
    assert_eq!(told, [(2, 80)]);
    assert_eq!(watched.entities::<Ship>().len(), 40);
}
