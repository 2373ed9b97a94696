//! What is known of a moving value, and what follows: the interval filter, and exact movement.
//!
//! Whole numbers only, none beyond 2^53, so that 64-bit floats get the same ones. A *place* is an
//! interval in fractions of a step; a value that rounds to x lies within half a step of it. All
//! speeds are per chunk.
//!
//! The filter keeps the interval in which the true value must lie, that of its speed, and the
//! interval at the start of the straight run: each value seen narrows all of them. It has no tuning
//! constants.

// Every cast below is of a value that was just clamped to the target's range.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// What runs several times for each row is inlined by hand: measured, it halves the time of a chunk.
#![allow(clippy::inline_always)]

use crate::schema::plan::{FRACTION_BITS, Follows, Motion};

/// A run is not narrowed further after this many chunks: the speed is known well enough.
const RUN_MAX: i32 = 255;

/// In `run`: the value jumped and is taken to hold; the next one tells whether that was right.
const WATCHED: i32 = -1;

/// Speeds are clamped to this, so that sums fit 32 bits.
const SPEED_MAX: i64 = 1 << 30;

/// What jumps have been like, from "they stop at once" to "they go on".
pub(super) const MOMENTUM_MAX: i8 = 8;

/// What is known of one lane.
///
/// Of exact movement `place[0]` is the remainder, out of the link's denominator, and `speed` the
/// whole steps and the remainder that each chunk adds.
///
/// Found by a shift, and never in two cache lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct Filter {
    pub(super) place: [i32; 2],
    pub(super) speed: [i32; 2],
    pub(super) start: [i32; 2],
    pub(super) run: i32,
}

/// What a lane is expected to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expected {
    pub(super) word: u32,
    /// How much of the place rounds to other values, 0 to 255.
    pub(super) doubt: u8,
    /// Sixteenths of a step above the lower border of the value.
    pub(super) fraction: u8,
}

impl Expected {
    fn surely(word: u32) -> Self {
        Self {
            word,
            doubt: 0,
            fraction: 8,
        }
    }
}

/// The quotient rounded down; `by` is above 0. Short divisions take half the time of long ones.
#[inline(always)]
fn divide(number: i64, by: i64) -> i64 {
    match (i32::try_from(number), i32::try_from(by)) {
        (Ok(number), Ok(by)) => (number / by + ((number % by) >> 31)).into(),
        _ => divide_wide(number, by),
    }
}

#[cold]
fn divide_wide(number: i64, by: i64) -> i64 {
    number.div_euclid(by)
}

/// How much of a place of this width is outside, 0 to 255; a point is on the brink.
#[inline(always)]
fn doubt(outside: i64, width: i64) -> u8 {
    let parts = if width == 0 {
        255
    } else if (outside | width) >> 23 == 0 {
        i64::from(((outside as u32) << 8) / width as u32)
    } else {
        divide(outside << 8, width)
    };
    parts.min(255) as u8
}

/// Whether a lane moves on.
pub(super) type Moves = bool;

fn clamp_speed(speed: i64) -> i32 {
    speed.clamp(-SPEED_MAX, SPEED_MAX) as i32
}

#[inline(always)]
fn clamp_word(value: i64, max: u32) -> u32 {
    value.clamp(0, i64::from(max)) as u32
}

/// The velocity of a link, in its steps.
fn velocity(follows: &Follows, row: &[u32]) -> i64 {
    i64::from(row[follows.word]) + i64::from(follows.first_step)
}

/// The speeds that a coded velocity may stand for, in fractions of a step.
fn linked_speed(motion: &Motion, follows: &Follows, velocity: i64, span: u32) -> [i32; 2] {
    let scale = (i64::from(follows.num) * i64::from(span)) << motion.fraction_bits;
    let den = 2 * i64::from(follows.den);
    let low = ((2 * velocity - 1) * scale).div_euclid(den);
    let high = -(-(2 * velocity + 1) * scale).div_euclid(den);
    [clamp_speed(low), clamp_speed(high)]
}

impl Filter {
    /// Where the value at the row's word may be, and nothing more.
    fn settle(&mut self, word: u32, motion: &Motion) {
        let middle = i64::from(word) << motion.fraction_bits;
        let half = 1 << motion.fraction_bits >> 1;
        self.place = [(middle - half) as i32, (middle + half) as i32];
        self.start = self.place;
        self.run = 0;
    }

    /// The lane begins anew at `row`, following its link.
    pub(super) fn begin(&mut self, motion: &Motion, row: &[u32], span: u32) -> Moves {
        let Some(follows) = &motion.follows else {
            return false;
        };
        self.settle(row[motion.word], motion);
        self.follow(motion, follows, row, span)
    }

    /// Takes the speed of the link.
    fn follow(&mut self, motion: &Motion, follows: &Follows, row: &[u32], span: u32) -> Moves {
        let velocity = velocity(follows, row);
        if follows.exact {
            let den = i64::from(follows.den);
            let step = velocity * i64::from(follows.num) * i64::from(span);
            self.place[0] = (den / 2) as i32;
            self.speed = [
                clamp_speed(step.div_euclid(den)),
                step.rem_euclid(den) as i32,
            ];
            self.run = 0;
            return self.speed != [0, 0];
        }
        self.speed = linked_speed(motion, follows, velocity, span);
        velocity != 0
    }

    /// The velocity changed: a new run from what is known of the place, if the lane `moved`. The
    /// row's own word is still the one before.
    pub(super) fn relink(
        &mut self,
        motion: &Motion,
        row: &[u32],
        span: u32,
        moved: Moves,
    ) -> Moves {
        let Some(follows) = &motion.follows else {
            return moved;
        };
        if moved {
            self.start = self.place;
            self.run = 0;
        } else {
            self.settle(row[motion.word], motion);
        }
        self.follow(motion, follows, row, span)
    }

    /// What the moving lane at `word` is expected to be after the chunk.
    #[inline(always)]
    pub(super) fn expect(&self, motion: &Motion, word: u32) -> Expected {
        if let Some(Follows {
            exact: true, den, ..
        }) = motion.follows
        {
            let word = self.expect_exactly(motion.max, den.cast_signed(), word);
            return Expected::surely(word);
        }
        if self.run == WATCHED {
            return Expected::surely(word);
        }
        self.expect_place(motion.max, motion.fraction_bits)
    }

    /// What the moving lane at `word` is expected to be, whose remainder is out of `den`.
    #[inline(always)]
    pub(super) fn expect_exactly(&self, max: u32, den: i32, word: u32) -> u32 {
        let carry = i64::from(self.place[0] + self.speed[1] >= den);
        clamp_word(i64::from(word) + i64::from(self.speed[0]) + carry, max)
    }

    /// What the lane's place, in 2^-`bits` of a step, rounds to.
    #[inline(always)]
    pub(super) fn expect_place(&self, max: u32, bits: u32) -> Expected {
        // Shifts by what the compiler knows are cheaper, and this is what hardly any lane differs from.
        match bits {
            FRACTION_BITS => self.expect_at(max, FRACTION_BITS),
            bits => self.expect_coarse(max, bits),
        }
    }

    #[cold]
    fn expect_coarse(&self, max: u32, bits: u32) -> Expected {
        self.expect_at(max, bits)
    }

    #[inline(always)]
    fn expect_at(&self, max: u32, bits: u32) -> Expected {
        let (low, high) = self.moved();
        let (step, half) = (1i64 << bits, 1i64 << bits >> 1);
        let twice = low + high + step;
        let value = clamp_word(twice >> (bits + 1), max);
        let middle = i64::from(value) << bits;
        let outside = (middle - half - low).max(0) + (high - middle - half).max(0);
        let doubt = doubt(outside, high - low);
        Expected {
            word: value,
            doubt,
            fraction: ((twice >> (bits - 3)) & 15) as u8,
        }
    }

    /// The lane went from `before` to what was expected of it, which is in `row`.
    #[inline(always)]
    pub(super) fn go_on(
        &mut self,
        motion: &Motion,
        before: u32,
        row: &[u32],
        span: u32,
        momentum: &mut i8,
    ) -> Moves {
        match &motion.follows {
            Some(follows) if follows.exact => {
                self.step_exactly(motion.max, follows.den.cast_signed(), before);
                true
            }
            _ => self.observe(motion, before, row, span, momentum),
        }
    }

    /// The place after one more chunk.
    #[inline(always)]
    fn moved(&self) -> (i64, i64) {
        (
            i64::from(self.place[0]) + i64::from(self.speed[0]),
            i64::from(self.place[1]) + i64::from(self.speed[1]),
        )
    }

    /// The lane went from `before` to its word in `row`; `momentum` is what jumps of the lane's
    /// class have been like.
    #[inline(always)]
    pub(super) fn observe(
        &mut self,
        motion: &Motion,
        before: u32,
        row: &[u32],
        span: u32,
        momentum: &mut i8,
    ) -> Moves {
        let word = row[motion.word];
        match &motion.follows {
            Some(follows) if follows.exact => {
                if self.expect(motion, before).word == word {
                    self.step_exactly(motion.max, follows.den.cast_signed(), before);
                    return true;
                }
                self.begin(motion, row, span) && word != before
            }
            Some(_) => {
                if self.narrow(word, motion.fraction_bits) {
                    return true;
                }
                self.begin(motion, row, span) && word != before
            }
            None => {
                if self.run <= 0 {
                    self.learn(motion, before, word, momentum);
                }
                if self.run != WATCHED && self.narrow(word, motion.fraction_bits) {
                    return true;
                }
                self.jump(motion, before, word, *momentum)
            }
        }
    }

    /// The lane went on from `before` as predicted; its remainder is out of `den`.
    #[inline(always)]
    pub(super) fn step_exactly(&mut self, max: u32, den: i32, before: u32) {
        let place = self.place[0] + self.speed[1];
        let carry = i32::from(place >= den);
        let value = i64::from(before) + i64::from(self.speed[0]) + i64::from(carry);
        self.place[0] = if value == i64::from(clamp_word(value, max)) {
            place - den * carry
        } else {
            den / 2
        };
    }

    /// Takes the value in, of a place in 2^-`bits` of a step; whether it agrees with the run.
    #[inline(always)]
    pub(super) fn narrow(&mut self, word: u32, bits: u32) -> bool {
        match bits {
            FRACTION_BITS => self.narrow_at(word, FRACTION_BITS),
            bits => self.narrow_coarse(word, bits),
        }
    }

    #[cold]
    fn narrow_coarse(&mut self, word: u32, bits: u32) -> bool {
        self.narrow_at(word, bits)
    }

    #[inline(always)]
    fn narrow_at(&mut self, word: u32, bits: u32) -> bool {
        let (low, high) = self.moved();
        let (middle, half) = (i64::from(word) << bits, 1i64 << bits >> 1);
        let (low, high) = (low.max(middle - half), high.min(middle + half));
        if low > high {
            return false;
        }
        self.place = [low as i32, high as i32];
        if self.run == RUN_MAX {
            return true;
        }
        self.run += 1;
        let run = i64::from(self.run);
        let (least, most) = (
            low - i64::from(self.start[1]),
            high - i64::from(self.start[0]),
        );
        // Only where the speed narrows is there anything to divide.
        if least >= (i64::from(self.speed[0]) + 1) * run {
            self.speed[0] = clamp_speed(divide(least, run));
        }
        if most <= (i64::from(self.speed[1]) - 1) * run {
            self.speed[1] = clamp_speed(-divide(-most, run));
        }
        self.speed[0] <= self.speed[1]
    }

    /// Compares the jump before with this one.
    fn learn(&self, motion: &Motion, before: u32, word: u32, momentum: &mut i8) {
        let jump = if self.run == WATCHED {
            i64::from(self.speed[0])
        } else {
            (i64::from(self.speed[0]) + i64::from(self.speed[1])) >> (motion.fraction_bits + 1)
        };
        let change = i64::from(word) - i64::from(before);
        let (going_on, stopping) = ((change - jump).abs(), change.abs());
        if going_on < stopping {
            *momentum = (*momentum + 1).min(MOMENTUM_MAX);
        } else if going_on > stopping {
            *momentum = (*momentum - 1).max(-MOMENTUM_MAX);
        }
    }

    /// A lane that follows nothing changed otherwise than expected, or begins to move because
    /// another of its vector did.
    pub(super) fn jump(&mut self, motion: &Motion, before: u32, word: u32, momentum: i8) -> Moves {
        let change = i64::from(word) - i64::from(before);
        self.settle(word, motion);
        if momentum < 0 {
            self.run = WATCHED;
            self.speed = [clamp_speed(change); 2];
            return change != 0;
        }
        self.speed =
            [change - 1, change + 1].map(|speed| clamp_speed(speed << motion.fraction_bits));
        true
    }

    /// Chunks span `span` ticks from now on, not `before`.
    pub(super) fn rescale(&mut self, motion: &Motion, row: &[u32], before: u32, span: u32) {
        let exact = motion.follows.as_ref().filter(|follows| follows.exact);
        if let Some(follows) = exact {
            let remainder = self.place[0];
            self.follow(motion, follows, row, span);
            self.place[0] = remainder;
        } else if self.run != WATCHED {
            let (before, span) = (i64::from(before), i64::from(span));
            self.speed = [
                clamp_speed((i64::from(self.speed[0]) * span).div_euclid(before)),
                clamp_speed(-(-i64::from(self.speed[1]) * span).div_euclid(before)),
            ];
            self.start = self.place;
            self.run = 0;
        }
    }
}

/// Above which momentum a lane of the class begins.
pub(super) fn first_momentum(motion: &Motion) -> i8 {
    if motion.is_source { -2 } else { 0 }
}
