//! What never changes during a match, as steps read it: rules, kinds of ships, walls.
//!
//! The server makes one from its config, a client from the rows that it received, both by
//! [`Scenery::new`]. Knows nothing of players.

use glam::IVec2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::grid::Grid;
use super::rows::{Rules, ShipKind, Wall};
use super::units::steps;

/// Rules, kinds and walls, and where to look for a wall.
#[derive(Clone, Debug)]
pub struct Scenery {
    parts: Parts,
    /// The walls in steps, in the same order.
    blocks: Vec<Block>,
    /// Which walls are near enough to a place to stop a ship there.
    grid: Grid,
}

/// What a scenery is made of, and all that is stored of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Parts {
    rules: Rules,
    kinds: Vec<ShipKind>,
    walls: Vec<Wall>,
}

/// A rectangle in steps.
#[derive(Clone, Copy, Debug)]
struct Block {
    low: IVec2,
    high: IVec2,
}

impl Block {
    /// Whether something that reaches `radius` around `place` cuts into the rectangle.
    fn cuts(self, place: IVec2, radius: i32) -> bool {
        place.cmpgt(self.low - radius).all() && place.cmplt(self.high + radius).all()
    }
}

impl Scenery {
    /// The scenery of a match.
    pub fn new(rules: Rules, kinds: Vec<ShipKind>, walls: Vec<Wall>) -> Self {
        Self::from_parts(Parts {
            rules,
            kinds,
            walls,
        })
    }

    fn from_parts(parts: Parts) -> Self {
        let block = |wall: &Wall| {
            let low = IVec2::new(steps(wall.x), steps(wall.y));
            let size = IVec2::new(steps(wall.width), steps(wall.height));
            Block {
                low,
                high: low + size,
            }
        };
        let blocks: Vec<Block> = parts.walls.iter().map(block).collect();
        let radius = i32::from(parts.rules.ship_radius);
        let reach = blocks
            .iter()
            .map(|block| (block.low - radius, block.high + radius));
        let grid = Grid::new(size(&parts.rules), reach);
        Self {
            parts,
            blocks,
            grid,
        }
    }

    /// What holds for the whole match.
    pub fn rules(&self) -> &Rules {
        &self.parts.rules
    }

    /// All kinds of ships.
    pub fn kinds(&self) -> &[ShipKind] {
        &self.parts.kinds
    }

    /// The kind with that number.
    pub fn kind(&self, number: u8) -> Option<&ShipKind> {
        self.parts.kinds.iter().find(|kind| kind.number == number)
    }

    /// All walls.
    pub fn walls(&self) -> &[Wall] {
        &self.parts.walls
    }

    /// How far the map reaches, in steps.
    pub fn size(&self) -> IVec2 {
        size(&self.parts.rules)
    }

    /// Whether a ship can't be at `place`: a wall or the map's edge is in its way.
    pub fn stops_ship(&self, place: IVec2) -> bool {
        self.stops(place, i32::from(self.parts.rules.ship_radius))
    }

    /// Whether a shot can't be at `place`.
    pub fn stops_shot(&self, place: IVec2) -> bool {
        self.stops(place, 0)
    }

    fn stops(&self, place: IVec2, radius: i32) -> bool {
        let inside =
            place.cmpge(IVec2::splat(radius)).all() && place.cmple(self.size() - radius).all();
        !inside
            || self
                .grid
                .at(place)
                .any(|wall| self.blocks[wall].cuts(place, radius))
    }
}

fn size(rules: &Rules) -> IVec2 {
    IVec2::new(steps(rules.width), steps(rules.height))
}

/// The parts alone: what is derived from them is derived again.
impl Serialize for Scenery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.parts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scenery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::deserialize(deserializer).map(Self::from_parts)
    }
}
