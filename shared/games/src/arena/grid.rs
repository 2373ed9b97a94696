//! A coarse grid over the map: which of many things may be near a place.
//!
//! Knows things by their place in a list. What it returns is a superset; who asks looks closely.

use core::ops::RangeInclusive;

use glam::IVec2;

/// Steps along a side of a cell, as a power of two: 32 units, a few times what a ship measures.
const CELL_BITS: u32 = 9;

/// The things in each cell, all in one list.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    columns: i32,
    rows: i32,
    /// For each cell, row by row, where its things begin; one more at the end.
    starts: Vec<usize>,
    things: Vec<u16>,
}

impl Grid {
    /// A grid over a map of `size` steps. Thing `n` lies in every cell that its box of `boxes`
    /// touches, from one corner to the other.
    pub(super) fn new(size: IVec2, boxes: impl Iterator<Item = (IVec2, IVec2)> + Clone) -> Self {
        let mut grid = Self {
            columns: (size.x >> CELL_BITS) + 1,
            rows: (size.y >> CELL_BITS) + 1,
            starts: Vec::new(),
            things: Vec::new(),
        };
        let cells = grid.cell(grid.columns - 1, grid.rows - 1) + 1;
        let mut ends = vec![0; cells + 1];
        for (low, high) in boxes.clone() {
            grid.visit(low, high, |cell| ends[cell] += 1);
        }
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        let mut things = vec![0; total];
        for (thing, (low, high)) in (0..=u16::MAX).zip(boxes) {
            grid.visit(low, high, |cell| {
                ends[cell] -= 1;
                things[ends[cell]] = thing;
            });
        }
        grid.starts = ends;
        grid.things = things;
        grid
    }

    /// The things in the cell of `place`.
    pub(super) fn at(&self, place: IVec2) -> impl Iterator<Item = usize> {
        self.near(place, place)
    }

    /// The things in all cells that a box touches; some of them more than once.
    pub(super) fn near(&self, low: IVec2, high: IVec2) -> impl Iterator<Item = usize> {
        let columns = self.columns(low.x, high.x);
        self.rows(low.y, high.y).flat_map(move |row| {
            // The cells of a row lie side by side, and so do their things.
            let first = self.starts[self.cell(*columns.start(), row)];
            let last = self.starts[self.cell(*columns.end(), row) + 1];
            self.things[first..last]
                .iter()
                .map(|&thing| usize::from(thing))
        })
    }

    fn visit(&self, low: IVec2, high: IVec2, mut each: impl FnMut(usize)) {
        for row in self.rows(low.y, high.y) {
            for column in self.columns(low.x, high.x) {
                each(self.cell(column, row));
            }
        }
    }

    fn columns(&self, low: i32, high: i32) -> RangeInclusive<i32> {
        covered(low, high, self.columns)
    }

    fn rows(&self, low: i32, high: i32) -> RangeInclusive<i32> {
        covered(low, high, self.rows)
    }

    fn cell(&self, column: i32, row: i32) -> usize {
        usize::try_from(row * self.columns + column).expect("cells are within the grid")
    }
}

/// The cells of `count` that a span touches; what lies outside belongs to the cells at the edge.
fn covered(low: i32, high: i32, count: i32) -> RangeInclusive<i32> {
    let cell = |place: i32| (place >> CELL_BITS).clamp(0, count - 1);
    cell(low)..=cell(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> impl Strategy<Value = IVec2> {
        (-600i32..9000, -600i32..9000).prop_map(|(x, y)| IVec2::new(x, y))
    }

    proptest! {
        /// Whatever overlaps the box asked for is found, compared with looking at everything.
        #[test]
        fn nothing_near_is_missed(
            corners in proptest::collection::vec((place(), place()), 0..40),
            asked in (place(), place()),
        ) {
            let sort = |(a, b): (IVec2, IVec2)| (a.min(b), a.max(b));
            let boxes: Vec<_> = corners.into_iter().map(sort).collect();
            let (low, high) = sort(asked);
            let grid = Grid::new(IVec2::new(8000, 6000), boxes.iter().copied());
            let found: Vec<usize> = grid.near(low, high).collect();
            for (thing, &(from, to)) in boxes.iter().enumerate() {
                let overlaps = from.cmple(high).all() && to.cmpge(low).all();
                prop_assert!(!overlaps || found.contains(&thing), "{thing} is missing");
            }
        }
    }

    #[test]
    fn a_point_sees_its_own_cell_alone() {
        let points = [IVec2::new(10, 10), IVec2::new(600, 10), IVec2::new(10, 600)];
        let grid = Grid::new(
            IVec2::splat(2000),
            points.iter().map(|&point| (point, point)),
        );
        assert_eq!(grid.at(IVec2::new(500, 500)).collect::<Vec<_>>(), [0]);
        assert_eq!(grid.at(IVec2::new(1900, 1900)).count(), 0);
        assert_eq!(grid.near(IVec2::ZERO, IVec2::splat(700)).count(), 3);
    }
}
