//! A vector that follows a velocity and goes on as predicted, while nothing else of its row moves.
//!
//! This is what most rows in motion do. So it is written out for each number of lanes, which comes
//! to the same as lane by lane, and takes half the time. Knows one row.

// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use super::memory::Lane;
use super::motion::{Filter, Moves};
use crate::schema::plan::{Motion, Vector};

/// What the words of a vector were.
pub(super) type Kept = [u32; 3];

/// Predicts the vector of a row, in its place; what it was is kept. How sure the roundings are, out
/// of 256.
#[inline(always)]
pub(super) fn predict<const N: usize>(
    vector: &Vector,
    filters: &[Filter],
    row: &mut [u32],
    kept: &mut Kept,
) -> u32 {
    let filters: &[Filter; N] = part(filters, vector.first);
    let words: &mut [u32; N] = part_mut(row, vector.word);
    kept[..N].copy_from_slice(words);
    let max = vector.max;
    if let Some(den) = vector.den {
        for lane in 0..N {
            words[lane] = filters[lane].expect_exactly(max, den, words[lane]);
        }
        return 256;
    }
    let mut sure = 256;
    for lane in 0..N {
        let expected = filters[lane].expect_place(max, vector.fraction_bits);
        words[lane] = expected.word;
        sure = (sure * (256 - u32::from(expected.doubt))) >> 8;
    }
    sure
}

/// The vector went as predicted, from what was kept to what is in `row`. Whether it changed, and
/// which of its lanes move on, as bits.
#[inline(always)]
pub(super) fn go_on<const N: usize>(
    vector: &Vector,
    motions: &[Motion],
    (filters, lanes): (&mut [Filter], &mut [Lane]),
    row: &[u32],
    (kept, span): (&Kept, u32),
) -> (bool, u32) {
    let filters: &mut [Filter; N] = part_mut(filters, vector.first);
    let lanes: &mut [Lane; N] = part_mut(lanes, vector.word);
    let words: &[u32; N] = part(row, vector.word);
    let mut changed = 0;
    for lane in 0..N {
        lanes[lane].calm();
        changed |= kept[lane] ^ words[lane];
    }
    if let Some(den) = vector.den {
        for lane in 0..N {
            filters[lane].step_exactly(vector.max, den, kept[lane]);
        }
        return (changed != 0, vector.moving);
    }
    let mut moving = vector.moving;
    for lane in 0..N {
        if !filters[lane].narrow(words[lane], vector.fraction_bits) {
            let index = vector.first + lane;
            let moves = begin(&mut filters[lane], &motions[index], kept[lane], row, span);
            moving = moving & !(1 << index) | u32::from(moves) << index;
        }
    }
    (changed != 0, moving)
}

/// A lane went from `before` to its word in `row` as predicted, but its run cannot go on.
#[cold]
fn begin(filter: &mut Filter, motion: &Motion, before: u32, row: &[u32], span: u32) -> Moves {
    filter.begin(motion, row, span) && row[motion.word] != before
}

#[inline(always)]
fn part<T, const N: usize>(all: &[T], first: usize) -> &[T; N] {
    let part = all[first..].first_chunk();
    part.expect("a row has all lanes of its class")
}

#[inline(always)]
fn part_mut<T, const N: usize>(all: &mut [T], first: usize) -> &mut [T; N] {
    let part = all[first..].first_chunk_mut();
    part.expect("a row has all lanes of its class")
}
