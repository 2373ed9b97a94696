//! The schema: what a game's rows, inputs, events and commands look like, as data.
//!
//! It is sent at join, so that a client in any language decodes every game. A [`Schema`] is valid
//! by construction: [`SchemaBuilder`] makes one from a game's types, [`Schema::decode`] from bytes.
//! Knows nothing of streams or messages.

use core::any::TypeId;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::DecodeError;
use crate::hash::hash_bytes;
use crate::id::ClassId;
use crate::limits::{CLASSES_MAX, INPUT_WORDS_MAX, ROW_WORDS_MAX, SCHEMA_BYTES_MAX};
use crate::quantize::fixed_word_max;
use crate::replicated::{ClassSpec, Commands, Replicated};
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
    fn word_max(self, index: usize) -> u32 {
        match self {
            Self::Bool => 1,
            Self::Quaternion(_) if index == 0 => 3,
            Self::Bits(bits) | Self::Angle(bits) | Self::Quaternion(bits) => {
                u32::MAX >> (32 - u32::from(bits))
            }
            Self::Fixed { min, max, step } => fixed_word_max(min, max, step),
            Self::Counter => u32::MAX,
            Self::Entity => REFERENCE_WORD_MAX,
        }
    }

    fn check(self) -> Result<(), SchemaProblem> {
        let sound = match self {
            Self::Bool | Self::Counter | Self::Entity => true,
            Self::Bits(bits) => (1..=32).contains(&bits),
            Self::Angle(bits) | Self::Quaternion(bits) => (2..=16).contains(&bits),
            Self::Fixed { min, max, step } => {
                min.is_finite()
                    && max.is_finite()
                    && step.is_finite()
                    && step > 0.0
                    && min < max
                    && (max - min) / step < f64::from(u32::MAX)
            }
        };
        if sound {
            Ok(())
        } else {
            Err(SchemaProblem::FieldRange)
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

/// Where a class's fields lie among its words, and how wide each word is.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Layout {
    word_max: Vec<u32>,
    word_bits: Vec<u32>,
    field_words: Vec<Range<usize>>,
    references: Vec<(usize, ClassId)>,
}

impl Layout {
    fn of(class: &Class) -> Self {
        let mut layout = Self::default();
        for field in &class.fields {
            let start = layout.word_max.len();
            for _ in 0..field.lanes {
                if let Some(target) = field.target {
                    layout.references.push((layout.word_max.len(), target));
                }
                let lane = (0..field.kind.words()).map(|index| field.kind.word_max(index));
                layout.word_max.extend(lane);
            }
            layout.field_words.push(start..layout.word_max.len());
        }
        layout.word_bits = layout
            .word_max
            .iter()
            .map(|max| 32 - max.leading_zeros())
            .collect();
        layout
    }

    /// Words in a row.
    pub fn words(&self) -> usize {
        self.word_max.len()
    }

    /// The highest value of each word.
    pub fn word_max(&self) -> &[u32] {
        &self.word_max
    }

    /// The bits that each word takes when written raw.
    pub fn word_bits(&self) -> &[u32] {
        &self.word_bits
    }

    /// The words of each field.
    pub fn field_words(&self) -> &[Range<usize>] {
        &self.field_words
    }

    /// The words that refer to entities, and the class they refer to.
    pub fn references(&self) -> &[(usize, ClassId)] {
        &self.references
    }
}

/// A sound schema, with what is derived from it.
#[derive(Clone, Debug)]
pub struct Schema {
    data: SchemaData,
    classes: Vec<Layout>,
    input: Layout,
    events: Vec<Layout>,
    encoded: Vec<u8>,
    fingerprint: u64,
    /// The Rust types of `data.classes`; empty if the schema came from bytes.
    types: Vec<TypeId>,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Schema {
    /// Makes a schema from data.
    ///
    /// # Errors
    ///
    /// What is unsound, and where.
    pub fn from_data(data: SchemaData) -> Result<Self, SchemaError> {
        check(&data)?;
        let encoded = codec::encode(&data);
        if encoded.len() > SCHEMA_BYTES_MAX {
            return Err(SchemaProblem::TooLarge.at("the schema"));
        }
        Ok(Self {
            classes: data.classes.iter().map(Layout::of).collect(),
            input: Layout::of(&data.input),
            events: data.events.iter().map(Layout::of).collect(),
            fingerprint: hash_bytes(&encoded),
            encoded,
            types: Vec::new(),
            data,
        })
    }

    /// Reads what [`Schema::encoded`] returned.
    ///
    /// # Errors
    ///
    /// Any [`DecodeError`] of the codec; [`DecodeError::TooLong`] beyond [`SCHEMA_BYTES_MAX`];
    /// [`DecodeError::Invalid`] if the schema is unsound.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > SCHEMA_BYTES_MAX {
            return Err(DecodeError::TooLong);
        }
        Self::from_data(codec::decode(bytes)?).map_err(|_| DecodeError::Invalid)
    }

    /// The schema as bytes, as it travels in a Welcome.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// A hash of [`Schema::encoded`]: two ends with the same one agree on every byte.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The data that this schema was made from.
    pub fn data(&self) -> &SchemaData {
        &self.data
    }

    /// The layouts of all entity classes, in order.
    pub fn classes(&self) -> &[Layout] {
        &self.classes
    }

    /// The layout of the input.
    pub fn input(&self) -> &Layout {
        &self.input
    }

    /// The layouts of all event classes, in order.
    pub fn events(&self) -> &[Layout] {
        &self.events
    }

    /// The class that holds rows of type `T`: by type in the program that built the schema, by
    /// name in one that received it.
    pub fn class_of<T: Replicated>(&self) -> Option<ClassId> {
        let index = if self.types.is_empty() {
            let name = T::CLASSES.first()?.name;
            self.data
                .classes
                .iter()
                .position(|class| class.name == name)
        } else {
            self.types
                .iter()
                .position(|known| *known == TypeId::of::<T>())
        };
        index
            .and_then(|index| u8::try_from(index).ok())
            .map(ClassId)
    }
}

fn check(data: &SchemaData) -> Result<(), SchemaError> {
    for (count, what) in [
        (data.classes.len(), "classes"),
        (data.events.len(), "event classes"),
        (data.commands.len(), "command classes"),
    ] {
        if count > CLASSES_MAX {
            return Err(SchemaProblem::TooMany.at(what));
        }
    }
    for class in data.classes.iter().chain(&data.events) {
        check_class(class, data.classes.len(), ROW_WORDS_MAX)?;
    }
    check_class(&data.input, 0, INPUT_WORDS_MAX)
}

fn check_class(class: &Class, classes: usize, words_max: usize) -> Result<(), SchemaError> {
    let mut words = 0;
    for field in &class.fields {
        let at = |problem: SchemaProblem| problem.at(&format!("{}.{}", class.name, field.name));
        field.kind.check().map_err(at)?;
        words += field.kind.words() * usize::from(field.lanes);
        if field.lanes == 0 || words > words_max {
            return Err(at(SchemaProblem::TooMany));
        }
        let refers = field.target.map(|target| usize::from(target.0));
        if (field.kind == FieldKind::Entity) != refers.is_some()
            || refers.is_some_and(|target| target >= classes)
        {
            return Err(at(SchemaProblem::Target));
        }
        if let Some(link) = field.link {
            check_link(class, field, link).map_err(at)?;
        }
    }
    Ok(())
}

fn check_link(class: &Class, field: &Field, link: Link) -> Result<(), SchemaProblem> {
    let source = class
        .fields
        .get(usize::from(link.source))
        .ok_or(SchemaProblem::Link)?;
    let fixed = |field: &Field| matches!(field.kind, FieldKind::Fixed { .. });
    let sound = match link.kind {
        LinkKind::Follows { num, den } | LinkKind::Exact { num, den } => {
            fixed(field)
                && fixed(source)
                && field.lanes == source.lanes
                && (1..=1 << 16).contains(&num)
                && (1..=1 << 16).contains(&den)
        }
        LinkKind::Heading => {
            matches!(field.kind, FieldKind::Angle(_))
                && field.lanes == 1
                && fixed(source)
                && source.lanes == 2
        }
    };
    if sound && source.name != field.name {
        Ok(())
    } else {
        Err(SchemaProblem::Link)
    }
}

/// An unsound schema: a defect of the game that declares it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct SchemaError {
    at: String,
    problem: SchemaProblem,
}

/// What is unsound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaProblem {
    /// A field's bits or range make no sense.
    #[error("the range of the field is empty, too wide or not finite")]
    FieldRange,
    /// More of something than the limits allow, or a field of no lanes.
    #[error("too many of them, or none")]
    TooMany,
    /// An entity field names no class of the schema, or another field names one.
    #[error("entity fields, and they alone, name a class of the schema")]
    Target,
    /// A link names no suitable field.
    #[error("the link does not fit the field it follows")]
    Link,
    /// The encoded schema is too large.
    #[error("larger than a schema may be")]
    TooLarge,
}

impl SchemaProblem {
    fn at(self, at: &str) -> SchemaError {
        SchemaError {
            at: at.to_owned(),
            problem: self,
        }
    }
}

/// Puts a schema together from a game's types.
#[derive(Debug)]
pub struct SchemaBuilder {
    game: &'static str,
    tick_rate: TickRate,
    classes: Vec<&'static ClassSpec>,
    types: Vec<TypeId>,
    input: &'static ClassSpec,
    events: &'static [ClassSpec],
    commands: Vec<CommandClass>,
}

/// The class of games whose players send nothing.
static NOTHING: ClassSpec = ClassSpec {
    name: "Nothing",
    fields: &[],
};

impl SchemaBuilder {
    /// A schema without classes for the game called `game`.
    pub fn new(game: &'static str, tick_rate: TickRate) -> Self {
        Self {
            game,
            tick_rate,
            classes: Vec::new(),
            types: Vec::new(),
            input: &NOTHING,
            events: &[],
            commands: Vec::new(),
        }
    }

    /// Adds the rows of type `T`, a struct.
    #[must_use]
    pub fn class<T: Replicated>(mut self) -> Self {
        self.classes.extend(T::CLASSES.first());
        self.types.push(TypeId::of::<T>());
        self
    }

    /// Sets what players send each tick.
    #[must_use]
    pub fn input<T: Replicated>(mut self) -> Self {
        self.input = T::CLASSES.first().unwrap_or(&NOTHING);
        self
    }

    /// Sets what the game tells of.
    #[must_use]
    pub fn events<T: Replicated>(mut self) -> Self {
        self.events = T::CLASSES;
        self
    }

    /// Sets what players may ask for.
    #[must_use]
    pub fn commands<T: Commands>(mut self) -> Self {
        self.commands = T::classes();
        self
    }

    /// The schema.
    ///
    /// # Panics
    ///
    /// If it is unsound, with what and where: a defect of the game, found by its first test.
    pub fn build(self) -> Schema {
        let names: Vec<&str> = self.classes.iter().map(|spec| spec.name).collect();
        let resolve = |spec: &ClassSpec| spec.resolve(&names);
        let data = SchemaData {
            game: self.game.to_owned(),
            tick_rate: self.tick_rate,
            classes: self.classes.iter().map(|spec| resolve(spec)).collect(),
            input: resolve(self.input),
            events: self.events.iter().map(resolve).collect(),
            commands: self.commands,
        };
        let mut schema = match Schema::from_data(data) {
            Ok(schema) => schema,
            Err(error) => panic!("the schema of {} is unsound: {error}", self.game),
        };
        schema.types = self.types;
        schema
    }
}
