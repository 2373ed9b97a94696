//! What clients of cubes see and send.
//!
//! Knows no rules. Lengths are in units: one of the many cubes measures 0.4, a player's 1.5.

use glam::{Quat, Vec3};
use serde::{Deserialize, Serialize};
use syncline_shared::id::PlayerId;
use syncline_shared::replicated;
use syncline_shared::replicated::{FieldValue, RowReader, RowWriter};
use syncline_shared::schema::FieldKind;

use super::physics::Mode;

/// How far from the middle a position can be along any axis: what 15 bits can say.
pub const POSITION_MAX: f64 = 16_383.0 * POSITION_STEP;

/// How fine a position is.
pub const POSITION_STEP: f64 = 1.0 / 512.0;

replicated! {
    /// One of the many cubes.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Cube {
        /// How it is turned.
        pub attitude: Quat => quaternion(9),
        /// Its middle. The floor is where z is 0.
        pub position: Vec3 => fixed(-POSITION_MAX, POSITION_MAX, POSITION_STEP),
        /// Whose it is.
        pub owner: Owner => bits(12),
    }
}

replicated! {
    /// The cube that a player drives.
    #[derive(Clone, Debug, PartialEq)]
    pub struct PlayerCube {
        /// How it is turned.
        pub attitude: Quat => quaternion(9),
        /// Its middle.
        pub position: Vec3 => fixed(-POSITION_MAX, POSITION_MAX, POSITION_STEP),
        /// How it acts on others.
        pub mode: Mode => bits(2),
        /// How many cubes the player has.
        pub score: u16 => bits(11),
        /// Who drives it.
        pub player: PlayerId => bits(12),
    }
}

replicated! {
    /// What holds for the whole match.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Floor {
        /// How many cubes a side the grid had at first.
        pub side: u8 => bits(6),
        /// How far the floor reaches from its middle along x and y, in whole units.
        pub reach: u8 => bits(5),
        /// The tick at which the match ends.
        pub ends_at: u32 => counter,
    }
}

replicated! {
    /// What a player does, each tick.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct CubesInput {
        /// Which way to drive along x.
        pub x: i8 => fixed(-1.0, 1.0, 1.0),
        /// Which way to drive along y.
        pub y: i8 => fixed(-1.0, 1.0, 1.0),
        /// Hover and blow others away.
        pub push: bool => flag,
        /// Draw others near, unless it pushes.
        pub pull: bool => flag,
    }
}

replicated! {
    /// What happened. Everybody hears of it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum CubesEvent {
        /// A player's cube left the floor, and is back where it began.
        Fell {
            /// Whose.
            player: PlayerId => bits(12),
        },
        /// The match is decided.
        RoundOver {
            /// The most cubes that anybody has.
            best: u16 => bits(11),
        },
    }
}

/// Whose a cube is, if anybody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner(pub Option<PlayerId>);

/// Nobody is 0, players follow.
impl FieldValue for Owner {
    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        let number = self.0.map_or(0, |player| u32::from(player.0) + 1);
        number.write(kind, row);
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        let number = u16::read(kind, row);
        Self(number.checked_sub(1).map(PlayerId))
    }
}

impl FieldValue for Mode {
    fn write(&self, _: FieldKind, row: &mut RowWriter<'_>) {
        row.word(match self {
            Self::Roll => 0,
            Self::Push => 1,
            Self::Pull => 2,
        });
    }

    fn read(_: FieldKind, row: &mut RowReader<'_>) -> Self {
        match row.word() {
            1 => Self::Push,
            2 => Self::Pull,
            _ => Self::Roll,
        }
    }
}
