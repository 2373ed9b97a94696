//! What a schema is made of, as data: kinds, links, fields, classes.

use serde::{Deserialize, Serialize};

use crate::id::ClassId;
use crate::quantize::fixed_word_max;
use crate::tick::TickRate;

/// How one field is quantised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum FieldKind {
    /// A flag. In an input it is a button: a late press is merged, never lost.
    Bool,
    /// An unsigned number of 1 to 32 bits.
    Bits(u8),
    /// A number from `min` to `max` in multiples of `step`.
    Fixed {
        /// The lowest value, word 0.
        min: f64,
        /// The highest value.
        max: f64,
        /// The difference between neighbouring words.
        step: f64,
    },
    /// An angle, a turn cut into `2^n` steps, 2 to 16 bits.
    Angle(u8),
    /// A rotation as its smallest three components of 2 to 16 bits; four words.
    Quaternion(u8),
    /// A 32-bit number that mostly grows by little: a score, a tick.
    Counter,
    /// Another entity, of the class that the field names: see [`crate::replicated::Reference`].
    Entity,
}

/// Highest word of an entity reference: none, or a slot of 16 bits in one of two streams.
pub(crate) const REFERENCE_WORD_MAX: u32 = 2 << 16;

impl FieldKind {
    /// How many words one lane takes.
    pub const fn words(self) -> usize {
        if matches!(self, Self::Quaternion(_)) {
            4
        } else {
            1
        }
    }

    /// The highest value of word `index` of a lane.
    pub(crate) fn word_max(self, index: usize) -> u32 {
        match self {
            Self::Bool => 1,
            Self::Quaternion(_) if index == 0 => 3,
            Self::Bits(bits) | Self::Angle(bits) | Self::Quaternion(bits) => {
                let unused = 32u32.saturating_sub(u32::from(bits));
                u32::MAX.checked_shr(unused).unwrap_or(0)
            }
            Self::Fixed { min, max, step } => fixed_word_max(min, max, step),
            Self::Counter => u32::MAX,
            Self::Entity => REFERENCE_WORD_MAX,
        }
    }
}

/// How a field's next value follows from another field of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkKind {
    /// A position that changes by a velocity, about: the rest is learned. `num / den` steps of the
    /// position per tick for one step of the velocity.
    Follows {
        /// Numerator of the scale.
        num: u32,
        /// Denominator of the scale.
        den: u32,
    },
    /// A position that the simulation moves by the coded velocity itself: `n` ticks after the last
    /// change of velocity `v` at value `x0` it is `x0 + floor((n * v * num + den / 2) / den)`.
    Exact {
        /// Numerator of the scale.
        num: u32,
        /// Denominator of the scale.
        den: u32,
    },
    /// An angle that points along a velocity of two lanes.
    Heading,
}

/// A link from a field to the one it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The index of the field that is followed.
    pub source: u8,
    /// In which way.
    pub kind: LinkKind,
}

/// How the first value of a row follows from its parent, the row that made it: a ship that fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Birth {
    /// The field refers to the parent: a row of an earlier class, in the same stream.
    Parent,
    /// It starts as the parent's field of this index is.
    Copies(u8),
    /// A velocity of two lanes that points along the parent's angle of this index. How fast is
    /// learned.
    Along(u8),
}

/// One named value of a row: `lanes` numbers of the same kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name, as the game's author wrote it.
    pub name: String,
    /// How each lane is quantised.
    pub kind: FieldKind,
    /// How many numbers: 2 for a vector of the plane.
    pub lanes: u8,
    /// The class that an [`FieldKind::Entity`] field refers to.
    pub target: Option<ClassId>,
    /// What its next value follows from.
    pub link: Option<Link>,
    /// What its first value follows from.
    pub birth: Option<Birth>,
}

/// A kind of row: an entity class, an event class, or the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// The name, as the game's author wrote it.
    pub name: String,
    /// Its fields, in the order of their words.
    pub fields: Vec<Field>,
}

/// How a field of a command is written, in the order of bincode's standard configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandFieldKind {
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    U8,
    /// A bincode varint that fits 16 bits.
    U16,
    /// A bincode varint that fits 32 bits.
    U32,
    /// A zigzag bincode varint that fits 32 bits.
    I32,
    /// Four bytes, little endian.
    F32,
    /// A bincode varint length, then UTF-8.
    Text,
    /// A bincode varint length, then bytes.
    Bytes,
}

/// One field of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandField {
    /// The name, as the game's author wrote it.
    pub name: String,
    /// How it is written.
    pub kind: CommandFieldKind,
}

/// One act that a player may ask for: a variant of the game's command type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandClass {
    /// The name, as the game's author wrote it.
    pub name: String,
    /// Its fields, in the order in which they are written.
    pub fields: Vec<CommandField>,
}

/// What is sent: a schema before it is known to be sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SchemaData {
    /// The game's name.
    pub game: String,
    /// Steps per second.
    pub tick_rate: TickRate,
    /// The classes of rows. A [`ClassId`] is an index into this.
    pub classes: Vec<Class>,
    /// What a player sends each tick.
    pub input: Class,
    /// The classes of events.
    pub events: Vec<Class>,
    /// The classes of commands.
    pub commands: Vec<CommandClass>,
}
