//! The maps that come with arena, as ships and shots find them.

use std::collections::BTreeSet;

use glam::IVec2;
use syncline_games::arena::map::Map;
use syncline_games::arena::units::steps;
use syncline_games::arena::{ArenaConfig, Scenery};
use syncline_games::{Arena, ArenaPrediction};
use syncline_shared::predict::Predict;

use crate::driver::{Audiences, Driver};

/// The scenery of a map, as a client finds it.
fn scenery(map: &Map) -> Scenery {
    let config = ArenaConfig {
        map: map.clone(),
        ..ArenaConfig::default()
    };
    let mut driver = Driver::<Arena>::new(config, 0, 0);
    let mut audiences = Audiences::new::<Arena>();
    audiences.follow(driver.snapshot(), &[]);
    ArenaPrediction::scenery(&audiences.schema, audiences.common()).expect("it is there at once")
}

/// All places a ship can reach from the first spawn point in steps of two units.
fn reachable(scenery: &Scenery, from: IVec2) -> BTreeSet<(i32, i32)> {
    let mut reached = BTreeSet::from([from.into()]);
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        for way in [IVec2::X, IVec2::NEG_X, IVec2::Y, IVec2::NEG_Y] {
            let next = place + way * 32;
            if !scenery.stops_ship(next) && reached.insert(next.into()) {
                open.push(next);
            }
        }
    }
    reached
}

#[test]
fn every_place_of_a_built_in_map_can_be_reached() {
    for name in Map::built_in_names() {
        let map = Map::built_in(name).unwrap();
        let scenery = scenery(&map);
        let spawns = map.source().spawns.iter().map(|place| (place.x, place.y));
        let pickups = map.source().pickups.iter().map(|place| (place.x, place.y));
        let at = |(x, y)| IVec2::new(steps(x), steps(y));
        let reached = reachable(&scenery, at(spawns.clone().next().unwrap()));
        for place in spawns.chain(pickups).map(at) {
            let near =
                |&(x, y): &(i32, i32)| (IVec2::new(x, y) - place).length_squared() <= 32 * 32;
            assert!(reached.iter().any(near), "{name}: {place}");
        }
    }
}

/// Compared with looking at every wall: what stops ships and shots is the walls and the edge.
#[test]
fn walls_stop_what_they_should() {
    let map = Map::default();
    let scenery = scenery(&map);
    assert_eq!(scenery.walls(), map.source().walls);
    for (x, y) in (0..=1000u16)
        .step_by(3)
        .flat_map(|x| (0..=1000).step_by(3).map(move |y| (x, y)))
    {
        let place = IVec2::new(steps(x), steps(y));
        let inside = |radius: u16| {
            let covers = |at: u16, start: u16, length: u16| {
                at + radius > start && at < start + length + radius
            };
            let edge = x < radius || y < radius || x > 1000 - radius || y > 1000 - radius;
            edge || map
                .source()
                .walls
                .iter()
                .any(|wall| covers(x, wall.x, wall.width) && covers(y, wall.y, wall.height))
        };
        assert_eq!(scenery.stops_ship(place), inside(5), "{place}");
        assert_eq!(scenery.stops_shot(place), inside(0), "{place}");
    }
}
