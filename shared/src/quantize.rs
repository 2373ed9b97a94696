//! Floats as words: the pairs `quantize_*` and `restore_*`.
//!
//! Only `+ - * /`, `floor`, `sqrt` and the remainder, so that every machine and JavaScript agree bit
//! for bit. A value out of range is clamped, a NaN becomes the lowest word.

// Every cast below is of a value that was just clamped to the target's range.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use core::f64::consts::{SQRT_2, TAU};

use glam::Quat;

/// The highest word of a fixed-point field.
pub fn fixed_word_max(min: f64, max: f64, step: f64) -> u32 {
    to_word((max - min) / step, u32::MAX)
}

/// How many steps from 0 word 0 is: what an integer field counts from.
pub fn fixed_first_step(min: f64, step: f64) -> i64 {
    let steps = (min / step + 0.5).floor();
    // A schema's ranges lie within 2^53 steps of 0; a cast of more saturates.
    steps as i64
}

/// The word nearest to `value`.
pub fn quantize_fixed(value: f64, min: f64, step: f64, word_max: u32) -> u32 {
    to_word((value - min) / step, word_max)
}

/// The value that `word` stands for.
pub fn restore_fixed(word: u32, min: f64, step: f64) -> f64 {
    min + f64::from(word) * step
}

/// The word nearest to an angle in radians, where `2^bits` words make a turn.
pub fn quantize_angle(radians: f64, bits: u8) -> u32 {
    let turn = turn_of(bits);
    let word = to_word((radians / TAU * turn).rem_euclid(turn), u32::MAX);
    if f64::from(word) >= turn { 0 } else { word }
}

/// The angle in radians, from 0 up to a turn.
pub fn restore_angle(word: u32, bits: u8) -> f64 {
    f64::from(word) / turn_of(bits) * TAU
}

/// A rotation as its smallest three components: which one is the largest, then the others in
/// order, each in `bits` bits over `-1/sqrt(2)..=1/sqrt(2)`.
pub fn quantize_quaternion(rotation: Quat, bits: u8) -> [u32; 4] {
    let parts = rotation.to_array();
    let mut largest = 0;
    for (index, part) in parts.iter().enumerate() {
        if part.abs() > parts[largest].abs() {
            largest = index;
        }
    }
    let sign = if parts[largest] < 0.0 { -1.0 } else { 1.0 };
    let scale = component_scale(bits);
    let mut words = [0; 4];
    words[0] = largest as u32;
    let rest = parts
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != largest);
    for (word, (_, part)) in words[1..].iter_mut().zip(rest) {
        let centred = f64::from(*part) * sign * SQRT_2;
        *word = to_word((centred + 1.0) * 0.5 * scale, scale as u32);
    }
    words
}

/// The rotation that four words stand for, of unit length.
pub fn restore_quaternion(words: [u32; 4], bits: u8) -> Quat {
    let scale = component_scale(bits);
    let largest = (words[0] & 3) as usize;
    let mut parts = [0.0f64; 4];
    let mut squares = 0.0;
    let mut rest = words[1..].iter();
    for (index, part) in parts.iter_mut().enumerate() {
        if index != largest {
            let word = rest.next().copied().unwrap_or(0);
            *part = (2.0 * f64::from(word) - scale) / (scale * SQRT_2);
            squares += *part * *part;
        }
    }
    parts[largest] = (1.0 - squares).max(0.0).sqrt();
    let [x, y, z, w] = parts.map(|part| part as f32);
    Quat::from_xyzw(x, y, z, w).normalize()
}

fn to_word(value: f64, word_max: u32) -> u32 {
    let rounded = (value + 0.5).floor();
    if rounded >= f64::from(word_max) {
        word_max
    } else if rounded >= 0.0 {
        rounded as u32
    } else {
        0
    }
}

fn turn_of(bits: u8) -> f64 {
    f64::from(1u32 << bits.min(31))
}

fn component_scale(bits: u8) -> f64 {
    f64::from((1u32 << bits.min(31)) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fixed_is_within_half_a_step(value in -1000.0f64..1000.0, step in 0.001f64..1.0) {
            let word_max = fixed_word_max(-1000.0, 1000.0, step);
            let word = quantize_fixed(value, -1000.0, step, word_max);
            let error = (restore_fixed(word, -1000.0, step) - value).abs();
            // The range need not be a multiple of the step.
            prop_assert!(error <= step * 0.500_001 || word == word_max && error <= step);
            prop_assert_eq!(quantize_fixed(restore_fixed(word, -1000.0, step), -1000.0, step, word_max), word);
        }

        #[test]
        fn angles_wrap(radians in -100.0f64..100.0, bits in 2u8..=16) {
            let word = quantize_angle(radians, bits);
            prop_assert!(word < 1 << bits);
            let apart = (restore_angle(word, bits) - radians).rem_euclid(TAU);
            let error = apart.min(TAU - apart);
            prop_assert!(error <= TAU / f64::from(1u32 << bits) * 0.500_001);
        }

        #[test]
        fn rotations_survive(x in -1.0f32..1.0, y in -1.0f32..1.0, z in -1.0f32..1.0, w in 0.1f32..1.0) {
            let rotation = Quat::from_xyzw(x, y, z, w).normalize();
            let restored = restore_quaternion(quantize_quaternion(rotation, 9), 9);
            prop_assert!(rotation.dot(restored).abs() > 0.9999);
        }

        #[test]
        fn nothing_panics(value: f64, words: [u32; 4], bits: u8, min: f64, step: f64) {
            let _ = quantize_fixed(value, min, step, 1000);
            let _ = quantize_angle(value, bits);
            let _ = fixed_word_max(min, value, step);
            let _ = restore_quaternion(words, bits);
        }
    }

    #[test]
    fn out_of_range_is_clamped() {
        assert_eq!(quantize_fixed(1e9, 0.0, 1.0, 100), 100);
        assert_eq!(quantize_fixed(-1e9, 0.0, 1.0, 100), 0);
        assert_eq!(quantize_fixed(f64::NAN, 0.0, 1.0, 100), 0);
    }
}
