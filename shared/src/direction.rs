//! Directions in whole numbers: angles of a vector, and vectors along an angle.
//!
//! Tables and integers only, so that every machine and every language gets the same numbers. The
//! streams predict with it; a game that moves its shots by [`along()`] is predicted to the bit. Knows
//! nothing of rows.

use glam::IVec2;

/// The length of the vectors of [`unit()`].
pub const UNIT: i32 = 1 << 14;

/// The bits of the finest angle that [`unit()`] tells apart.
const UNIT_BITS: u8 = 10;

/// `UNIT * sin` of the first quarter turn, in 256 parts, to the nearest.
#[rustfmt::skip]
const QUARTER: [i16; 257] = [
    0, 101, 201, 302, 402, 503, 603, 704, 804, 904, 1005, 1105, 1205, 1306, 1406, 1506, 1606,
    1706, 1806, 1906, 2006, 2105, 2205, 2305, 2404, 2503, 2603, 2702, 2801, 2900, 2999, 3098,
    3196, 3295, 3393, 3492, 3590, 3688, 3786, 3883, 3981, 4078, 4176, 4273, 4370, 4467, 4563,
    4660, 4756, 4852, 4948, 5044, 5139, 5235, 5330, 5425, 5520, 5614, 5708, 5803, 5897, 5990,
    6084, 6177, 6270, 6363, 6455, 6547, 6639, 6731, 6823, 6914, 7005, 7096, 7186, 7276, 7366,
    7456, 7545, 7635, 7723, 7812, 7900, 7988, 8076, 8163, 8250, 8337, 8423, 8509, 8595, 8680,
    8765, 8850, 8935, 9019, 9102, 9186, 9269, 9352, 9434, 9516, 9598, 9679, 9760, 9841, 9921,
    10001, 10080, 10159, 10238, 10316, 10394, 10471, 10549, 10625, 10702, 10778, 10853, 10928,
    11003, 11077, 11151, 11224, 11297, 11370, 11442, 11514, 11585, 11656, 11727, 11797, 11866,
    11935, 12004, 12072, 12140, 12207, 12274, 12340, 12406, 12472, 12537, 12601, 12665, 12729,
    12792, 12854, 12916, 12978, 13039, 13100, 13160, 13219, 13279, 13337, 13395, 13453, 13510,
    13567, 13623, 13678, 13733, 13788, 13842, 13896, 13949, 14001, 14053, 14104, 14155, 14206,
    14256, 14305, 14354, 14402, 14449, 14497, 14543, 14589, 14635, 14680, 14724, 14768, 14811,
    14854, 14896, 14937, 14978, 15019, 15059, 15098, 15137, 15175, 15213, 15250, 15286, 15322,
    15357, 15392, 15426, 15460, 15493, 15525, 15557, 15588, 15619, 15649, 15679, 15707, 15736,
    15763, 15791, 15817, 15843, 15868, 15893, 15917, 15941, 15964, 15986, 16008, 16029, 16049,
    16069, 16088, 16107, 16125, 16143, 16160, 16176, 16192, 16207, 16221, 16235, 16248, 16261,
    16273, 16284, 16295, 16305, 16315, 16324, 16332, 16340, 16347, 16353, 16359, 16364, 16369,
    16373, 16376, 16379, 16381, 16383, 16384, 16384,
];

/// `atan(n / 64)` in 2^16ths of a turn, to the nearest.
#[rustfmt::skip]
const ARC: [i32; 65] = [
    0, 163, 326, 489, 651, 813, 975, 1136, 1297, 1457, 1617, 1775, 1933, 2090, 2246, 2401, 2555,
    2708, 2860, 3010, 3159, 3307, 3453, 3599, 3742, 3884, 4025, 4164, 4302, 4438, 4572, 4705,
    4836, 4966, 5094, 5220, 5344, 5467, 5589, 5708, 5826, 5943, 6058, 6171, 6282, 6392, 6500,
    6607, 6712, 6815, 6917, 7018, 7117, 7214, 7310, 7405, 7498, 7589, 7679, 7768, 7856, 7942,
    8026, 8110, 8192,
];

/// The vector that an angle of `bits` bits points along, [`UNIT`] long: 0 is along x, a quarter turn
/// along y. An angle of more than ten bits is cut to ten.
pub fn unit(angle: u32, bits: u8) -> IVec2 {
    let fine = if bits > UNIT_BITS {
        angle >> (bits - UNIT_BITS)
    } else {
        angle << (UNIT_BITS - bits)
    };
    IVec2::new(sine(fine.wrapping_add(256)), sine(fine))
}

/// The vector along an angle of `bits` bits that is `length` long, 0 to 65,535, each part to the
/// nearest whole number, halves up.
///
/// A class that says its velocity starts `along` an angle of its parent is coded in next to nothing
/// if the game computes it with this function.
pub fn along(angle: u32, bits: u8, length: i32) -> IVec2 {
    (unit(angle, bits) * length + IVec2::splat(UNIT / 2)) >> UNIT.ilog2()
}

/// The direction of a vector as an angle of `bits` bits, 2 to 16; 0 if it has none.
///
/// Its parts are at most 2^25. The arc tangent is interpolated between 64 places, which is right to
/// a 2^16th of a turn.
pub fn direction(vector: IVec2, bits: u8) -> u32 {
    let (across, up) = (vector.x.unsigned_abs(), vector.y.unsigned_abs());
    let (short, long) = (across.min(up), across.max(up));
    if long == 0 {
        return 0;
    }
    let slope = (u64::from(short) << 16) / u64::from(long);
    let slope = i32::try_from(slope).unwrap_or(1 << 16);
    let place = usize::try_from(slope >> 10).unwrap_or(0).min(63);
    let within = slope & 1023 | if slope == 1 << 16 { 1024 } else { 0 };
    let mut angle = ARC[place] + (((ARC[place + 1] - ARC[place]) * within + 512) >> 10);
    if up > across {
        angle = (1 << 14) - angle;
    }
    if vector.x < 0 {
        angle = (1 << 15) - angle;
    }
    if vector.y < 0 {
        angle = (1 << 16) - angle;
    }
    let half = (1 << 16 >> bits) >> 1;
    let rounded = ((angle + half) >> (16 - bits)) & ((1 << bits) - 1);
    rounded.unsigned_abs()
}

fn sine(fine: u32) -> i32 {
    let part = usize::try_from(fine & 255).unwrap_or(0);
    i32::from(match (fine >> 8) & 3 {
        0 => QUARTER[part],
        1 => QUARTER[256 - part],
        2 => -QUARTER[part],
        _ => -QUARTER[256 - part],
    })
}

#[cfg(test)]
mod tests {
    use core::f64::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_the_circle() {
        for angle in 0..1024 {
            let (sin, cos) = (f64::from(angle) / 1024.0 * TAU).sin_cos();
            let unit = unit(angle, 10);
            assert!((f64::from(unit.x) - cos * f64::from(UNIT)).abs() <= 0.500_001);
            assert!((f64::from(unit.y) - sin * f64::from(UNIT)).abs() <= 0.500_001);
            assert_eq!(super::unit(angle / 4, 8), super::unit(angle / 4 * 4, 10));
            assert_eq!(super::unit(angle * 64 + 63, 16), unit);
        }
    }

    #[test]
    fn an_angle_is_found_again_from_its_vector() {
        for angle in 0..1024 {
            assert_eq!(direction(unit(angle, 10), 10), angle);
            assert_eq!(direction(along(angle, 10, 2400), 10), angle);
        }
        assert_eq!(direction(IVec2::ZERO, 8), 0);
    }

    proptest! {
        #[test]
        fn directions_are_the_arc_tangent(
            x in -(1i32 << 25)..=1 << 25,
            y in -(1i32 << 25)..=1 << 25,
            bits in 2u8..=16,
        ) {
            let turn = f64::from(1u32 << bits);
            let exact = f64::from(y).atan2(f64::from(x)).rem_euclid(TAU) / TAU * turn;
            let apart = (f64::from(direction(IVec2::new(x, y), bits)) - exact).rem_euclid(turn);
            let error = apart.min(turn - apart);
            prop_assert!(error <= 0.5 + turn / 32_000.0, "{error}");
        }
    }
}
