//! The grid that arena computes on: steps of a sixteenth of a unit, ticks of a thirtieth of a second.
//!
//! Files speak of units, seconds and milliseconds, the simulation of steps and ticks, both whole
//! numbers. Knows nothing of ships or maps.

use syncline_shared::tick::TickRate;

/// Steps per second.
pub const TICK_RATE: TickRate = TickRate::hz(30);

/// How fine a position is.
pub const STEPS_PER_UNIT: i32 = 16;

/// How far a ship reaches from its middle, in units. Maps keep their places clear by this much.
pub const SHIP_RADIUS: u16 = 5;

/// The most units that a map may measure: what a position's 15 bits can hold.
pub const MAP_UNITS_MAX: u16 = 2047;

/// A length on the map in steps.
pub fn steps(units: u16) -> i32 {
    i32::from(units) * STEPS_PER_UNIT
}

/// A speed as steps per tick, to the nearest.
pub fn steps_per_tick(units_per_second: u16) -> i32 {
    let hz = i32::from(TICK_RATE.as_hz());
    (steps(units_per_second) + hz / 2) / hz
}

/// A time as ticks, rounded up, so that a short one is not none.
pub fn ticks(ms: u32) -> u32 {
    TICK_RATE.ticks_covering(u64::from(ms) * 1000)
}
