//! Rotations that go on turning: the next one is the reflection of the last but one in the last.
//!
//! A coded rotation is its smallest three parts; here it is four whole numbers, with fractional
//! bits, whose length is the square root of 2 times the highest word. Whole numbers below 2^53 only,
//! so that 64-bit floats get the same ones, and no trigonometry.

// Every cast below is of a value whose bound stands beside it.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

/// Fractional bits of twice the cosine between two rotations.
const COSINE_BITS: u32 = 18;

/// A rotation as four whole numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attitude([i32; 4]);

/// Two rotations in a row, the last of which differs from the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    last: Attitude,
    before: Attitude,
    /// The words of the one before.
    pub(super) words: [u32; 4],
}

impl Turn {
    /// The rotation whose words were `before` has the words `last` now.
    pub(super) fn new(last: &[u32], before: &[u32], bits: u8) -> Self {
        Self {
            last: Attitude::of(last, bits),
            before: Attitude::of(before, bits),
            words: [before[0], before[1], before[2], before[3]],
        }
    }

    /// The rotation that comes next if the turn goes on.
    pub(super) fn next(&self, bits: u8) -> Attitude {
        Attitude::next(&self.last, &self.before, bits)
    }
}

/// Which part is the largest, which comes next, and how near they are, 0 to 31.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) largest: u32,
    pub(super) second: u32,
    pub(super) nearness: u32,
}

/// Fractional bits of the parts, so that products of four stay below 2^53.
fn fraction_bits(bits: u8) -> u32 {
    15u32.saturating_sub(u32::from(bits)).min(6)
}

/// The highest word of a part.
fn scale(bits: u8) -> i64 {
    (1 << bits) - 1
}

fn dot(a: &Attitude, b: &Attitude) -> i64 {
    a.0.iter()
        .zip(&b.0)
        .map(|(&a, &b)| i64::from(a) * i64::from(b))
        .sum()
}

impl Attitude {
    /// The rotation of four words. If three of them are too large together, the fourth is 0.
    pub(super) fn of(words: &[u32], bits: u8) -> Self {
        let (fraction, scale) = (fraction_bits(bits), scale(bits));
        let part = |word: u32| (2 * i64::from(word) - scale) << fraction;
        let [a, b, c] = [part(words[1]), part(words[2]), part(words[3])];
        let rest = ((2 * scale * scale) << (2 * fraction)) - a * a - b * b - c * c;
        // At most 2^34.
        let largest = rest.max(0).isqrt();
        let parts = match words[0] & 3 {
            0 => [largest, a, b, c],
            1 => [a, largest, b, c],
            2 => [a, b, largest, c],
            _ => [a, b, c, largest],
        };
        Self(parts.map(|part| part as i32))
    }

    /// The rotation that follows `last` if it turns on as it did since `before`.
    fn next(last: &Self, before: &Self, bits: u8) -> Self {
        let scale = scale(bits);
        let one = (scale * scale) << (2 * fraction_bits(bits));
        let cosine = (dot(last, before) << COSINE_BITS).div_euclid(one);
        let half = 1 << (COSINE_BITS - 1);
        // The cosine is at most 3 * 2^18, a part at most 2^18: below 2^38.
        let reflected = |index: usize| {
            let along = (cosine * i64::from(last.0[index]) + half) >> COSINE_BITS;
            (along - i64::from(before.0[index])) as i32
        };
        let next = Self(core::array::from_fn(reflected));
        if dot(&next, last) < 0 {
            Self(next.0.map(|part| -part))
        } else {
            next
        }
    }

    /// Its parts in order of size.
    pub(super) fn order(&self, bits: u8) -> Order {
        let size = |index: usize| self.0[index].unsigned_abs();
        let mut largest = 0;
        for index in 1..4 {
            if size(index) > size(largest) {
                largest = index;
            }
        }
        let mut second = usize::from(largest == 0);
        for index in 0..4 {
            if index != largest && size(index) > size(second) {
                second = index;
            }
        }
        let gap = u64::from(size(largest) - size(second)) * 45;
        let one = (scale(bits) as u64) << fraction_bits(bits);
        Order {
            largest: largest as u32,
            second: second as u32,
            nearness: (gap / one).min(31) as u32,
        }
    }

    /// The three words without part `largest`, and for each the sixteenths of a step above its
    /// lower border.
    pub(super) fn words(&self, largest: u32, bits: u8) -> [(u32, u8); 3] {
        let fraction = fraction_bits(bits);
        let scale = scale(bits);
        let below = self.0[largest as usize & 3] < 0;
        let mut words = [(0, 0); 3];
        let others = (0..4).filter(|&index| index != largest as usize & 3);
        for (word, index) in words.iter_mut().zip(others) {
            let part = i64::from(self.0[index]);
            let part = if below { -part } else { part };
            let above = part + (scale << fraction) + (1 << fraction);
            let value = (above >> (fraction + 1)).clamp(0, scale) as u32;
            let sixteenths = (above << 4) >> (fraction + 1);
            *word = (value, (sixteenths & 15) as u8);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Any words, even such as no rotation has, stay within what the arithmetic can hold.
        #[test]
        fn nothing_overflows(a: [u32; 4], b: [u32; 4], bits in 2u8..=16) {
            let fit = |words: [u32; 4]| words.map(|word| word & ((1 << bits) - 1));
            let (a, b) = (Attitude::of(&fit(a), bits), Attitude::of(&fit(b), bits));
            let next = Attitude::next(&a, &b, bits);
            let order = next.order(bits);
            prop_assert!(order.largest != order.second && order.nearness < 32);
            for (word, fraction) in next.words(order.largest, bits) {
                prop_assert!(word < 1 << bits && fraction < 16);
            }
        }
    }

    /// A body that turns steadily is predicted to the step or nearly so.
    #[test]
    fn a_steady_turn_goes_on() {
        use crate::quantize::quantize_quaternion;
        use glam::{Quat, Vec3};
        let axis = Vec3::new(0.3, -0.5, 0.81).normalize();
        let at = |tick: f32| quantize_quaternion(Quat::from_axis_angle(axis, 0.02 * tick), 9);
        for tick in 2..300u16 {
            let tick = f32::from(tick);
            let [before, last, now] = [at(tick - 2.0), at(tick - 1.0), at(tick)];
            let expected = Attitude::next(&Attitude::of(&last, 9), &Attitude::of(&before, 9), 9);
            for ((word, _), actual) in expected.words(now[0], 9).into_iter().zip(&now[1..]) {
                assert!(word.abs_diff(*actual) <= 2, "{tick}: {word} {actual}");
            }
        }
    }
}
