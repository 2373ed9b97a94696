//! Directions as 256 whole vectors, so that every machine fires the same way.

use glam::IVec2;

/// The length of [`unit()`]'s vectors.
pub const UNIT: i32 = 1 << 14;

/// `UNIT * sin` of the first quarter turn, in 64 parts.
const QUARTER: [i16; 65] = [
    0, 402, 804, 1205, 1606, 2006, 2404, 2801, 3196, 3590, 3981, 4370, 4756, 5139, 5520, 5897,
    6270, 6639, 7005, 7366, 7723, 8076, 8423, 8765, 9102, 9434, 9760, 10080, 10394, 10702, 11003,
    11297, 11585, 11866, 12140, 12406, 12665, 12916, 13160, 13395, 13623, 13842, 14053, 14256,
    14449, 14635, 14811, 14978, 15137, 15286, 15426, 15557, 15679, 15791, 15893, 15986, 16069,
    16143, 16207, 16261, 16305, 16340, 16364, 16379, 16384,
];

/// The vector that `aim` points along, [`UNIT`] long: 0 is along x, 64 along y.
pub fn unit(aim: u8) -> IVec2 {
    IVec2::new(sine(aim.wrapping_add(64)), sine(aim))
}

/// The vector along `aim` that is `length` long, to the nearest whole numbers; halves go up.
pub fn along(aim: u8, length: i32) -> IVec2 {
    (unit(aim) * length + IVec2::splat(UNIT / 2)) >> UNIT.ilog2()
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

fn sine(aim: u8) -> i32 {
    let part = usize::from(aim % 64);
    i32::from(match aim / 64 {
        0 => QUARTER[part],
        1 => QUARTER[64 - part],
        2 => -QUARTER[part],
        _ => -QUARTER[64 - part],
    })
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
