//! Which Rust types a field may have, and how each becomes words.

use glam::{IVec2, Quat, Vec2, Vec3};

use super::{RowReader, RowWriter};
use serde::{Deserialize, Serialize};

use crate::id::{EntityId, PlayerId, Slot};
use crate::quantize::{
    fixed_first_step, fixed_word_max, quantize_angle, quantize_fixed, quantize_quaternion,
    restore_angle, restore_fixed, restore_quaternion,
};
use crate::schema::FieldKind;

/// What a value is made of, which decides the kinds that its field may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Numbers, one for each lane.
    Numbers,
    /// A rotation.
    Rotation,
    /// An entity.
    Reference,
}

impl Shape {
    /// Whether a field of `kind` can hold such a value.
    pub const fn suits(self, kind: FieldKind) -> bool {
        match kind {
            FieldKind::Quaternion(_) => matches!(self, Self::Rotation),
            FieldKind::Entity => matches!(self, Self::Reference),
            FieldKind::Bool
            | FieldKind::Bits(_)
            | FieldKind::Fixed { .. }
            | FieldKind::Angle(_)
            | FieldKind::Counter => matches!(self, Self::Numbers),
        }
    }
}

/// A Rust type that a field of a row may have.
///
/// A float is in the field's units. An integer is the number of steps: for [`FieldKind::Fixed`] it
/// counts from 0, not from the minimum, so that games can simulate on the coded grid.
pub trait FieldValue: Sized {
    /// How many numbers it holds.
    const LANES: u8 = 1;

    /// What it is made of.
    const SHAPE: Shape = Shape::Numbers;

    /// Appends its words.
    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>);

    /// Reads its words.
    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self;
}

impl FieldValue for bool {
    fn write(&self, _: FieldKind, row: &mut RowWriter<'_>) {
        row.word(u32::from(*self));
    }

    fn read(_: FieldKind, row: &mut RowReader<'_>) -> Self {
        row.word() != 0
    }
}

/// The word of an integer: steps counted from the field's minimum.
fn word_of_steps(steps: i64, kind: FieldKind) -> u32 {
    if let FieldKind::Angle(bits) = kind {
        let turn = 1i64.checked_shl(u32::from(bits)).unwrap_or(i64::MAX);
        return u32::try_from(steps.rem_euclid(turn)).unwrap_or(0);
    }
    let above = steps.saturating_sub(first_step(kind));
    let high = kind.word_max(0);
    u32::try_from(above.clamp(0, i64::from(high))).unwrap_or(high)
}

fn steps_of_word(word: u32, kind: FieldKind) -> i64 {
    first_step(kind).saturating_add(i64::from(word))
}

/// The integer that word 0 stands for.
fn first_step(kind: FieldKind) -> i64 {
    match kind {
        FieldKind::Fixed { min, step, .. } => fixed_first_step(min, step),
        FieldKind::Bool
        | FieldKind::Bits(_)
        | FieldKind::Angle(_)
        | FieldKind::Quaternion(_)
        | FieldKind::Counter
        | FieldKind::Entity => 0,
    }
}

fn steps_of(value: f64, step: f64) -> i64 {
    let steps = (value / step + 0.5).floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a schema's ranges lie within 2^53 steps of 0; a cast of more saturates"
    )]
    let whole = steps as i64;
    whole
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl FieldValue for $type {
            fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
                row.word(word_of_steps(i64::from(*self), kind));
            }

            fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
                let steps = steps_of_word(row.word(), kind);
                Self::try_from(steps).unwrap_or(if steps < 0 { Self::MIN } else { Self::MAX })
            }
        }
    )*};
}

integers!(u8 u16 u32 i8 i16 i32);

impl FieldValue for PlayerId {
    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        self.0.write(kind, row);
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        Self(u16::read(kind, row))
    }
}

impl FieldValue for IVec2 {
    const LANES: u8 = 2;

    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        self.x.write(kind, row);
        self.y.write(kind, row);
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        let x = i32::read(kind, row);
        Self::new(x, i32::read(kind, row))
    }
}

impl FieldValue for f32 {
    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        row.word(match kind {
            FieldKind::Fixed { min, max, step } => {
                quantize_fixed(f64::from(*self), min, step, fixed_word_max(min, max, step))
            }
            FieldKind::Angle(bits) => quantize_angle(f64::from(*self), bits),
            _ => word_of_steps(steps_of(f64::from(*self), 1.0), kind),
        });
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        let word = row.word();
        let value = match kind {
            FieldKind::Fixed { min, step, .. } => restore_fixed(word, min, step),
            FieldKind::Angle(bits) => restore_angle(word, bits),
            _ => f64::from(word),
        };
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        let rounded = value as Self;
        rounded
    }
}

impl FieldValue for Vec2 {
    const LANES: u8 = 2;

    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        self.x.write(kind, row);
        self.y.write(kind, row);
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        let x = f32::read(kind, row);
        Self::new(x, f32::read(kind, row))
    }
}

impl FieldValue for Vec3 {
    const LANES: u8 = 3;

    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        for part in self.to_array() {
            part.write(kind, row);
        }
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        Self::from_array(core::array::from_fn(|_| f32::read(kind, row)))
    }
}

impl FieldValue for Quat {
    const SHAPE: Shape = Shape::Rotation;

    fn write(&self, kind: FieldKind, row: &mut RowWriter<'_>) {
        let FieldKind::Quaternion(bits) = kind else {
            return row.word(0);
        };
        for word in quantize_quaternion(*self, bits) {
            row.word(word);
        }
    }

    fn read(kind: FieldKind, row: &mut RowReader<'_>) -> Self {
        let FieldKind::Quaternion(bits) = kind else {
            return Self::IDENTITY;
        };
        restore_quaternion(core::array::from_fn(|_| row.word()), bits)
    }
}

/// A field that refers to another entity: by its id in the game, by its place on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reference {
    /// No entity, or one that its reader may not know.
    #[default]
    None,
    /// As the game writes it.
    Entity(EntityId),
    /// As a client reads it: a slot of the room's common stream.
    Common(Slot),
    /// As a client reads it: a slot of the stream that the row itself is in, a private one.
    Own(Slot),
}

impl From<EntityId> for Reference {
    fn from(entity: EntityId) -> Self {
        Self::Entity(entity)
    }
}

/// The word of a reference to `slot`: 0 is none, then the common stream's slots, then the own ones.
pub(crate) fn reference_word(slot: Slot, common: bool) -> u32 {
    1 + u32::from(slot.0) + if common { 0 } else { 1 << 16 }
}

impl FieldValue for Reference {
    const SHAPE: Shape = Shape::Reference;

    fn write(&self, _: FieldKind, row: &mut RowWriter<'_>) {
        row.reference(match *self {
            Self::Entity(entity) => Some(entity),
            Self::None | Self::Common(_) | Self::Own(_) => None,
        });
    }

    fn read(_: FieldKind, row: &mut RowReader<'_>) -> Self {
        match row.word().checked_sub(1) {
            None => Self::None,
            Some(place) => match u16::try_from(place) {
                Ok(slot) => Self::Common(Slot(slot)),
                Err(_) => Self::Own(Slot(u16::try_from(place - (1 << 16)).unwrap_or(u16::MAX))),
            },
        }
    }
}
