//! Directions as 256 whole vectors, so that every machine fires the same way.

use glam::IVec2;
use syncline_shared::direction;

pub use syncline_shared::direction::UNIT;

/// The bits of an aim.
const BITS: u8 = 8;

/// The vector that `aim` points along, [`UNIT`] long: 0 is along x, 64 along y.
pub fn unit(aim: u8) -> IVec2 {
    direction::unit(aim.into(), BITS)
}

/// The vector along `aim` that is `length` long, to the nearest whole numbers; halves go up. Shots
/// that fly by it are what their streams expect.
pub fn along(aim: u8, length: i32) -> IVec2 {
    direction::along(aim.into(), BITS, length)
}

/// The aim nearest to a vector's direction; 0 for none.
pub fn aim_along(vector: IVec2) -> u8 {
    let likeness = |aim: u8| {
        let unit = unit(aim);
        i64::from(unit.x) * i64::from(vector.x) + i64::from(unit.y) * i64::from(vector.y)
    };
    let worse_first = |aim: &u8| (likeness(*aim), u8::MAX - aim);
    (0..=u8::MAX).max_by_key(worse_first).unwrap_or(0)
}

/// The one of an input's directions that is nearest to a vector's: 1 to 8, or 0 for none.
pub fn direction_along(vector: IVec2) -> u8 {
    if vector == IVec2::ZERO {
        0
    } else {
        1 + aim_along(vector).wrapping_add(16) / 32
    }
}

#[cfg(test)]
mod tests {
    use core::f64::consts::TAU;

    use super::*;

    #[test]
    fn the_table_is_the_circle() {
        for aim in 0..=u8::MAX {
            let (sin, cos) = (f64::from(aim) / 256.0 * TAU).sin_cos();
            let unit = unit(aim);
            assert!(
                (f64::from(unit.x) - cos * f64::from(UNIT)).abs() <= 0.5,
                "{aim}"
            );
            assert!(
                (f64::from(unit.y) - sin * f64::from(UNIT)).abs() <= 0.5,
                "{aim}"
            );
        }
    }

    #[test]
    fn an_aim_is_found_again_from_its_vector() {
        for aim in 0..=u8::MAX {
            assert_eq!(aim_along(unit(aim)), aim);
            assert_eq!(aim_along(along(aim, 2000)), aim);
        }
        assert_eq!(aim_along(IVec2::ZERO), 0);
    }

    #[test]
    fn directions_are_eighths_of_a_turn() {
        let ring = [
            (1, 0),
            (1, 1),
            (0, 1),
            (-1, 1),
            (-1, 0),
            (-1, -1),
            (0, -1),
            (1, -1),
        ];
        for ((x, y), direction) in ring.into_iter().zip(1..) {
            assert_eq!(direction_along(IVec2::new(x, y)), direction);
            assert_eq!(
                direction_along(IVec2::new(100 * x + y, 100 * y - x)),
                direction
            );
        }
        assert_eq!(direction_along(IVec2::ZERO), 0);
    }
}
