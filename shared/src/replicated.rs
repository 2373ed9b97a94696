//! Rows of words: how a game's plain structs become them, declared once by [`replicated!`].
//!
//! [`replicated!`]: crate::replicated

use glam::{IVec2, Quat, Vec2, Vec3};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::{ClassId, EntityId, PlayerId, Slot};
use crate::quantize::{
    fixed_word_max, quantize_angle, quantize_fixed, quantize_quaternion, restore_angle,
    restore_fixed, restore_quaternion,
};
use crate::schema::{Class, CommandClass, CommandFieldKind, Field, FieldKind, Link, LinkKind};

/// A type that travels as words: a row of an entity, an input, an event.
///
/// Implement it with [`replicated!`](crate::replicated). A struct has one class, an enum (for
/// events) one for each variant.
pub trait Replicated: Sized + 'static {
    /// The classes, in order.
    const CLASSES: &'static [ClassSpec];

    /// Which of the classes this value belongs to.
    fn class(&self) -> usize;

    /// Appends the words of all fields.
    fn write(&self, row: &mut RowWriter<'_>);

    /// Reads the words of class `class`; `None` if there is no such class.
    fn read(class: usize, row: &mut RowReader<'_>) -> Option<Self>;
}

/// A class as [`replicated!`](crate::replicated) declares it.
#[derive(Debug)]
pub struct ClassSpec {
    /// Its name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
}

/// A field as [`replicated!`](crate::replicated) declares it.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// How it is quantised.
    pub kind: KindSpec,
    /// How many numbers it holds.
    pub lanes: u8,
    /// The name of the field it follows, and how.
    pub link: Option<(&'static str, LinkKind)>,
}

/// A kind, and the class that an entity field refers to.
#[derive(Clone, Copy, Debug)]
pub struct KindSpec {
    /// The kind.
    pub kind: FieldKind,
    /// The name of the class referred to.
    pub target: Option<&'static str>,
}

impl ClassSpec {
    /// The class as data, its names resolved; what can't be resolved is left for the schema's
    /// check to complain about.
    pub(crate) fn resolve(&self, class_names: &[&str]) -> Class {
        let field_names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        let index_of = |name: &str, names: &[&str]| {
            let index = names.iter().position(|&known| known == name);
            index.and_then(|index| u8::try_from(index).ok())
        };
        let field = |spec: &FieldSpec| Field {
            name: spec.name.to_owned(),
            kind: spec.kind.kind,
            lanes: spec.lanes,
            target: spec
                .kind
                .target
                .and_then(|name| index_of(name, class_names))
                .map(ClassId),
            link: spec.link.map(|(source, kind)| Link {
                source: index_of(source, &field_names).unwrap_or(u8::MAX),
                kind,
            }),
        };
        Class {
            name: self.name.to_owned(),
            fields: self.fields.iter().map(field).collect(),
        }
    }
}

/// The kinds by the names that [`replicated!`](crate::replicated) knows them by.
pub mod kind {
    use super::KindSpec;
    use crate::schema::FieldKind;

    const fn plain(kind: FieldKind) -> KindSpec {
        KindSpec { kind, target: None }
    }

    /// [`FieldKind::Bool`].
    pub const fn flag() -> KindSpec {
        plain(FieldKind::Bool)
    }

    /// [`FieldKind::Bits`].
    pub const fn bits(count: u8) -> KindSpec {
        plain(FieldKind::Bits(count))
    }

    /// [`FieldKind::Fixed`].
    pub const fn fixed(min: f64, max: f64, step: f64) -> KindSpec {
        plain(FieldKind::Fixed { min, max, step })
    }

    /// [`FieldKind::Angle`].
    pub const fn angle(bits: u8) -> KindSpec {
        plain(FieldKind::Angle(bits))
    }

    /// [`FieldKind::Quaternion`].
    pub const fn quaternion(bits: u8) -> KindSpec {
        plain(FieldKind::Quaternion(bits))
    }

    /// [`FieldKind::Counter`].
    pub const fn counter() -> KindSpec {
        plain(FieldKind::Counter)
    }

    /// [`FieldKind::Entity`], of the class named `target`.
    pub const fn entity(target: &'static str) -> KindSpec {
        KindSpec {
            kind: FieldKind::Entity,
            target: Some(target),
        }
    }
}

/// The links by the names that [`replicated!`](crate::replicated) knows them by.
pub mod link {
    use crate::schema::LinkKind;

    /// [`LinkKind::Follows`].
    pub const fn follows(num: u32, den: u32) -> LinkKind {
        LinkKind::Follows { num, den }
    }

    /// [`LinkKind::Exact`].
    pub const fn exact(num: u32, den: u32) -> LinkKind {
        LinkKind::Exact { num, den }
    }

    /// [`LinkKind::Heading`].
    pub const fn heading() -> LinkKind {
        LinkKind::Heading
    }
}

/// Collects the words of a row. Entities are collected beside them: the stream that carries the row
/// knows their slots, the game doesn't.
#[derive(Debug)]
pub struct RowWriter<'a> {
    words: &'a mut Vec<u32>,
    references: &'a mut Vec<EntityId>,
}

impl<'a> RowWriter<'a> {
    /// A writer that appends to `words` and `references`.
    pub fn new(words: &'a mut Vec<u32>, references: &'a mut Vec<EntityId>) -> Self {
        Self { words, references }
    }

    /// Appends one word.
    pub fn word(&mut self, word: u32) {
        self.words.push(word);
    }

    /// Appends a reference: 0, or one more than its place among the references.
    fn reference(&mut self, entity: Option<EntityId>) {
        let word = entity.map_or(0, |entity| {
            self.references.push(entity);
            u32::try_from(self.references.len()).unwrap_or(0)
        });
        self.words.push(word);
    }
}

/// Hands out the words of a row. Words that are missing read as 0.
#[derive(Clone, Debug)]
pub struct RowReader<'a> {
    words: core::slice::Iter<'a, u32>,
}

impl<'a> RowReader<'a> {
    /// A reader of `words`.
    pub fn new(words: &'a [u32]) -> Self {
        Self {
            words: words.iter(),
        }
    }

    /// The next word.
    pub fn word(&mut self) -> u32 {
        self.words.next().copied().unwrap_or(0)
    }
}

/// A Rust type that a field of a row may have.
///
/// A float is in the field's units. An integer is the number of steps: for [`FieldKind::Fixed`] it
/// counts from 0, not from the minimum, so that games can simulate on the coded grid.
pub trait FieldValue: Sized {
    /// How many numbers it holds.
    const LANES: u8 = 1;

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
    let (low, high) = match kind {
        FieldKind::Fixed { min, max, step } => (
            steps_of(min, step),
            i64::from(fixed_word_max(min, max, step)),
        ),
        FieldKind::Bool => (0, 1),
        FieldKind::Bits(bits) => (0, (1i64 << bits) - 1),
        FieldKind::Angle(bits) => {
            return u32::try_from(steps.rem_euclid(1 << bits)).unwrap_or(0);
        }
        FieldKind::Counter | FieldKind::Quaternion(_) | FieldKind::Entity => {
            (0, i64::from(u32::MAX))
        }
    };
    u32::try_from((steps - low).clamp(0, high)).unwrap_or(u32::MAX)
}

fn steps_of_word(word: u32, kind: FieldKind) -> i64 {
    match kind {
        FieldKind::Fixed { min, step, .. } => steps_of(min, step) + i64::from(word),
        _ => i64::from(word),
    }
}

fn steps_of(value: f64, step: f64) -> i64 {
    let steps = (value / step + 0.5).floor();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a schema's ranges span below 2^32 steps"
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// A game's commands: an enum made by [`commands!`](crate::commands), described for clients in
/// other languages.
pub trait Commands: Serialize + DeserializeOwned + Send + 'static {
    /// The classes, one for each variant, in order.
    fn classes() -> Vec<CommandClass>;
}

/// A Rust type that a field of a command may have.
pub trait CommandValue {
    /// How it is written.
    const KIND: CommandFieldKind;
}

macro_rules! command_values {
    ($($type:ty => $kind:ident),* $(,)?) => {$(
        impl CommandValue for $type {
            const KIND: CommandFieldKind = CommandFieldKind::$kind;
        }
    )*};
}

command_values! {
    bool => Bool, u8 => U8, u16 => U16, u32 => U32, i32 => I32, f32 => F32, String => Text,
    Vec<u8> => Bytes,
}

crate::commands! {
    /// For games without commands.
    pub enum NoCommand {}
}

crate::replicated! {
    /// For games without events.
    pub enum NoEvent {}
}
