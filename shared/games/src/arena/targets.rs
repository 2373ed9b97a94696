//! Where the ships of a tick are, for everything that looks for one near a place.
//!
//! Made once a tick, after ships have moved. A ship that is destroyed later in the tick is still in
//! it; who asks knows better.

use glam::IVec2;
use syncline_shared::id::{EntityId, PlayerId, TeamId};

use super::grid::Grid;

/// A ship that flies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    /// Its entity.
    pub(super) ship: EntityId,
    /// Whose it is.
    pub(super) player: PlayerId,
    /// The player's team, if there are teams.
    pub(super) team: Option<TeamId>,
    /// Its middle.
    pub(super) position: IVec2,
}

/// All ships that fly.
#[derive(Debug)]
pub(super) struct Targets {
    list: Vec<Target>,
    grid: Grid,
}

impl Targets {
    /// The ships of `list` on a map of `size` steps.
    pub(super) fn new(size: IVec2, list: Vec<Target>) -> Self {
        let grid = Grid::new(
            size,
            list.iter().map(|target| (target.position, target.position)),
        );
        Self { list, grid }
    }

    /// The ships whose middle is within `distance` of `place`, nearest first; of equally near ones
    /// the earlier in the list first.
    pub(super) fn around(&self, place: IVec2, distance: i32) -> impl Iterator<Item = &Target> {
        let mut found: Vec<(i32, usize)> = self
            .grid
            .near(place - distance, place + distance)
            .map(|target| (self.list[target].position.distance_squared(place), target))
            .filter(|&(squared, _)| squared <= distance * distance)
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, target)| &self.list[target])
    }

    /// The ship that something which flies from `from` to `to` meets first, of those that `counts`
    /// says count and that reach `radius` around their middle.
    pub(super) fn first_hit(
        &self,
        from: IVec2,
        to: IVec2,
        radius: i32,
        counts: impl Fn(&Target) -> bool,
    ) -> Option<&Target> {
        self.grid
            .near(from.min(to) - radius, from.max(to) + radius)
            .filter(|&target| counts(&self.list[target]))
            .filter_map(|target| {
                Some((
                    nearing(from, to, self.list[target].position, radius)?,
                    target,
                ))
            })
            .min()
            .map(|(_, target)| &self.list[target])
    }
}

/// How far along the way from `from` to `to` it is nearest to `middle`, in parts of the way's
/// squared length; `None` if it stays farther away than `radius`.
fn nearing(from: IVec2, to: IVec2, middle: IVec2, radius: i32) -> Option<i64> {
    // Coordinates are below 2^15, ways below 2^9, so the largest square below is below 2^54.
    let dot =
        |a: IVec2, b: IVec2| i64::from(a.x) * i64::from(b.x) + i64::from(a.y) * i64::from(b.y);
    let (way, offset) = (to - from, middle - from);
    let length = dot(way, way).max(1);
    let along = dot(offset, way).clamp(0, length);
    let apart = |offset: i32, way: i32| {
        let part = i64::from(offset) * length - i64::from(way) * along;
        part * part
    };
    let reach = i64::from(radius) * length;
    (apart(offset.x, way.x) + apart(offset.y, way.y) <= reach * reach).then_some(along)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slotmap::SlotMap;

    use super::*;

    fn targets(places: &[IVec2]) -> Targets {
        let mut ids: SlotMap<EntityId, ()> = SlotMap::with_key();
        let target = |(&position, number)| Target {
            ship: ids.insert(()),
            player: PlayerId(number),
            team: None,
            position,
        };
        Targets::new(
            IVec2::splat(4000),
            places.iter().zip(0..).map(target).collect(),
        )
    }

    #[test]
    fn the_first_ship_in_the_way_is_hit() {
        let targets = targets(&[
            IVec2::new(300, 60),
            IVec2::new(200, -70),
            IVec2::new(100, 81),
        ]);
        let hit = |counts: fn(&Target) -> bool| {
            let found = targets.first_hit(IVec2::ZERO, IVec2::new(400, 0), 80, counts);
            found.map(|target| target.player.0)
        };
        assert_eq!(hit(|_| true), Some(1));
        assert_eq!(hit(|target| target.player.0 != 1), Some(0));
        assert_eq!(hit(|target| target.player.0 == 2), None);
    }

    #[test]
    fn a_shot_that_is_stopped_at_once_hits_what_it_is_in() {
        let targets = targets(&[IVec2::new(50, 0)]);
        assert!(
            targets
                .first_hit(IVec2::ZERO, IVec2::ZERO, 80, |_| true)
                .is_some()
        );
        assert!(
            targets
                .first_hit(IVec2::ZERO, IVec2::ZERO, 40, |_| true)
                .is_none()
        );
    }

    #[test]
    fn ships_around_a_place_come_nearest_first() {
        let targets = targets(&[IVec2::new(30, 0), IVec2::new(0, 10), IVec2::new(0, 101)]);
        let around: Vec<u16> = targets
            .around(IVec2::ZERO, 100)
            .map(|target| target.player.0)
            .collect();
        assert_eq!(around, [1, 0]);
    }

    proptest! {
        /// Compared with walking the way in small steps, which can only be a little too far away.
        #[test]
        fn nearing_agrees_with_a_walk(
            from in (0i32..2000, 0i32..2000),
            way in (-255i32..=255, -255i32..=255),
            offset in (-400i32..=400, -400i32..=400),
        ) {
            let (from, way) = (IVec2::from(from), IVec2::from(way));
            let middle = from + IVec2::from(offset);
            let walked = (0..=256)
                .map(|part| (from * 256 + way * part - middle * 256).as_vec2().length() / 256.0)
                .fold(f32::INFINITY, f32::min);
            match nearing(from, from + way, middle, 80) {
                Some(_) => prop_assert!(walked <= 81.0),
                None => prop_assert!(walked >= 80.0),
            }
        }
    }
}
