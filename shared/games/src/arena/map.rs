//! A map: where walls stand, ships appear and pick-ups lie, in whole units, as a TOML file says it.
//!
//! A [`Map`] is sound by construction, whether it was read from a file, from a room's options or
//! from a journal. Knows nothing of the simulation.

use serde::{Deserialize, Serialize};

use super::rows::{PickupKind, Wall};
use super::units::{MAP_UNITS_MAX, SHIP_RADIUS};

/// The least units that a map may measure.
pub const MAP_UNITS_MIN: u16 = 64;

/// The thinnest a wall may be, in units: a shot is stopped by what it meets each two units.
pub const WALL_UNITS_MIN: u16 = 4;

/// The most walls of a map. They are part of what each newcomer receives.
pub const WALLS_MAX: usize = 512;

/// The most spawn points of a map, and the most pick-ups.
pub const PLACES_MAX: usize = 256;

/// The most characters of a map's name.
pub const MAP_NAME_CHARS_MAX: usize = 32;

/// The maps that come with the game, by name.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "crossroads",
        include_str!("../../../../assets/maps/crossroads.toml"),
    ),
    (
        "courtyard",
        include_str!("../../../../assets/maps/courtyard.toml"),
    ),
];

/// A sound map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MapSource", into = "MapSource")]
pub struct Map(MapSource);

/// A map as a file says it; unsound ones can be said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSource {
    /// What it is called.
    pub name: String,
    /// How far it reaches along x.
    pub width: u16,
    /// How far it reaches along y.
    pub height: u16,
    /// What stops ships and shots, beside the edge.
    pub walls: Vec<Wall>,
    /// Where ships appear.
    pub spawns: Vec<Place>,
    /// What can be picked up.
    pub pickups: Vec<PickupSource>,
}

/// A point of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Units from the left.
    pub x: u16,
    /// Units from the top.
    pub y: u16,
}

/// A place where something can be picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PickupSource {
    /// Units from the left.
    pub x: u16,
    /// Units from the top.
    pub y: u16,
    /// What it does.
    pub kind: PickupKind,
}

/// What is wrong with a map, and what is allowed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MapError {
    /// The text is no map.
    #[error("not a map: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Too much or too little of something.
    #[error("{what}: {found}; allowed is {low} to {high}")]
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// How much it is.
        found: usize,
        /// The least that is allowed.
        low: usize,
        /// The most that is allowed.
        high: usize,
    },
    /// A wall is too thin or reaches beyond the map.
    #[error(
        "wall {number} is {wall:?}; allowed are walls at least {WALL_UNITS_MIN} wide and high, \
         and within the map"
    )]
    Wall {
        /// Which, counted from 1.
        number: usize,
        /// How it is.
        wall: Wall,
    },
    /// A ship would not fit at a place.
    #[error(
        "{what} {number} is at ({}, {}); allowed are places at least {SHIP_RADIUS} from every \
         wall and from the map's edge", place.x, place.y
    )]
    Blocked {
        /// A spawn point or a pick-up.
        what: &'static str,
        /// Which, counted from 1.
        number: usize,
        /// Where it is.
        place: Place,
    },
}

impl Map {
    /// Reads a map file.
    ///
    /// # Errors
    ///
    /// What is wrong, where, and what is allowed.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        toml::from_str::<MapSource>(text)?.try_into()
    }

    /// A map that comes with the game.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.into_iter().find(|&(known, _)| known == name)?;
        Some(Self::parse(text).expect("built-in maps are sound"))
    }

    /// The names of the maps that come with the game.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.into_iter().map(|(name, _)| name)
    }

    /// What the map says.
    pub fn source(&self) -> &MapSource {
        &self.0
    }
}

/// `crossroads`.
impl Default for Map {
    fn default() -> Self {
        Self::built_in("crossroads").expect("crossroads is a built-in map")
    }
}

impl From<Map> for MapSource {
    fn from(map: Map) -> Self {
        map.0
    }
}

impl TryFrom<MapSource> for Map {
    type Error = MapError;

    fn try_from(source: MapSource) -> Result<Self, MapError> {
        let sides = usize::from(MAP_UNITS_MIN)..=usize::from(MAP_UNITS_MAX);
        let name_chars = source.name.chars().count();
        within("characters of the name", name_chars, 1..=MAP_NAME_CHARS_MAX)?;
        within("width", source.width.into(), sides.clone())?;
        within("height", source.height.into(), sides)?;
        within("number of walls", source.walls.len(), 0..=WALLS_MAX)?;
        within("number of spawns", source.spawns.len(), 1..=PLACES_MAX)?;
        within("number of pickups", source.pickups.len(), 0..=PLACES_MAX)?;
        for (number, wall) in (1..).zip(&source.walls) {
            source.check_wall(number, wall)?;
        }
        for (number, &place) in (1..).zip(&source.spawns) {
            source.check_place("spawn", number, place)?;
        }
        for (number, &PickupSource { x, y, .. }) in (1..).zip(&source.pickups) {
            source.check_place("pickup", number, Place { x, y })?;
        }
        Ok(Self(source))
    }
}

impl MapSource {
    fn check_wall(&self, number: usize, wall: &Wall) -> Result<(), MapError> {
        let thick = wall.width >= WALL_UNITS_MIN && wall.height >= WALL_UNITS_MIN;
        let ends = |start: u16, length: u16| u32::from(start) + u32::from(length);
        let inside = ends(wall.x, wall.width) <= self.width.into()
            && ends(wall.y, wall.height) <= self.height.into();
        if thick && inside {
            Ok(())
        } else {
            let wall = wall.clone();
            Err(MapError::Wall { number, wall })
        }
    }

    fn check_place(&self, what: &'static str, number: usize, place: Place) -> Result<(), MapError> {
        // Whether a ship's span around `at` lies apart from `length` units from `start` on.
        let apart = |at: u16, start: u16, length: u16| {
            at + SHIP_RADIUS <= start || at >= start + length + SHIP_RADIUS
        };
        let inside = |at: u16, side: u16| at >= SHIP_RADIUS && at <= side - SHIP_RADIUS;
        let clear = inside(place.x, self.width)
            && inside(place.y, self.height)
            && self.walls.iter().all(|wall| {
                apart(place.x, wall.x, wall.width) || apart(place.y, wall.y, wall.height)
            });
        if clear {
            Ok(())
        } else {
            Err(MapError::Blocked {
                what,
                number,
                place,
            })
        }
    }
}

fn within(
    what: &'static str,
    found: usize,
    allowed: core::ops::RangeInclusive<usize>,
) -> Result<(), MapError> {
    if allowed.contains(&found) {
        Ok(())
    } else {
        let (low, high) = allowed.into_inner();
        Err(MapError::OutOfRange {
            what,
            found,
            low,
            high,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        name = "small"
        width = 100
        height = 80
        walls = [{ x = 40, y = 30, width = 20, height = 20 }]
        spawns = [{ x = 10, y = 10 }]
        pickups = [{ x = 90, y = 70, kind = "rapid" }]
    "#;

    /// What `Map::parse` says to the small map with `from` replaced by `to`.
    fn complaint(from: &str, to: &str) -> String {
        assert!(SMALL.contains(from));
        Map::parse(&SMALL.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_small_map_is_read() {
        let map = Map::parse(SMALL).unwrap();
        assert_eq!(map.source().walls.len(), 1);
        assert_eq!(map.source().pickups[0].kind, PickupKind::Rapid);
    }

    #[test]
    fn built_in_maps_are_sound_and_named_as_they_say() {
        for name in Map::built_in_names() {
            assert_eq!(Map::built_in(name).unwrap().source().name, name);
        }
        assert_eq!(Map::built_in("nowhere"), None);
        assert_eq!(Map::default().source().name, "crossroads");
    }

    #[test]
    fn unsound_maps_are_refused_with_what_is_allowed() {
        for (from, to, expected) in [
            (
                "width = 100",
                "width = 3000",
                "width: 3000; allowed is 64 to 2047",
            ),
            (
                "height = 80",
                "height = 20",
                "height: 20; allowed is 64 to 2047",
            ),
            (
                "\"small\"",
                "\"\"",
                "characters of the name: 0; allowed is 1 to 32",
            ),
            (
                "[{ x = 10, y = 10 }]",
                "[]",
                "number of spawns: 0; allowed is 1 to 256",
            ),
            (
                "width = 20",
                "width = 3",
                "wall 1 is Wall { x: 40, y: 30, width: 3, height: 20 }",
            ),
            ("width = 20", "width = 65535", "wall 1 is"),
            (
                "x = 10",
                "x = 4",
                "spawn 1 is at (4, 10); allowed are places at least 5 from",
            ),
            ("x = 10, y = 10", "x = 36, y = 40", "spawn 1 is at (36, 40)"),
            ("x = 90", "x = 60000", "pickup 1 is at (60000, 70)"),
        ] {
            let complaint = complaint(from, to);
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn text_that_is_no_map_is_refused_with_the_place() {
        let complaint = complaint("\"rapid\"", "\"slow\"");
        assert!(
            complaint.contains("line 7") && complaint.contains("`repair`"),
            "{complaint}"
        );
        assert!(
            Map::parse("")
                .unwrap_err()
                .to_string()
                .contains("missing field `name`")
        );
    }

    #[test]
    fn a_map_survives_the_codec() {
        let map = Map::parse(SMALL).unwrap();
        let bytes = syncline_shared::codec::encode(&map);
        assert_eq!(syncline_shared::codec::decode(&bytes), Ok(map));
    }
}
