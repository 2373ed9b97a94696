//! What happens in the streams of the vectors: short lives that come by everything a decoder does.
//!
//! Whole numbers, and floats that are only added, multiplied and divided, so that every machine
//! writes the same. Doesn't know how streams are coded.
//!
//! - `movement`: velocities, links, angles, rotations, spans
//! - `rows`: births, rest, events, private rows, and noise

mod movement;
mod rows;

use crate::life::Life;

pub(crate) fn lives() -> Vec<Life> {
    vec![
        movement::follows(),
        movement::exact(),
        movement::heading(),
        movement::unlinked(),
        movement::circles(),
        movement::rotations(),
        rows::births(),
        rows::rest(),
        movement::spans(),
        rows::events(),
        rows::own(),
        rows::storm(),
        rows::wide(),
    ]
}
