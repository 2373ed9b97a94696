//! Rows of words: how a game's plain structs become them, declared once by [`replicated!`].
//!
//! - `value`: which Rust types a field may have
//! - `none`: for games without commands or events
//!
//! [`replicated!`]: macro@crate::replicated

mod none;
#[cfg(test)]
mod tests;
mod value;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::{ClassId, EntityId};
use crate::schema::{
    Birth, Class, CommandClass, CommandFieldKind, Field, FieldKind, Link, LinkKind,
};

pub use none::{NoCommand, NoEvent};
pub(crate) use value::reference_word;
pub use value::{FieldValue, Reference, Shape};

/// A type that travels as words: a row of an entity, an input, an event.
///
/// Implement it with [`replicated!`](macro@crate::replicated). A struct has one class, an enum (for
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

/// A class as [`replicated!`](macro@crate::replicated) declares it.
#[derive(Debug)]
pub struct ClassSpec {
    /// Its name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [FieldSpec],
}

/// A field as [`replicated!`](macro@crate::replicated) declares it.
#[derive(Debug)]
pub struct FieldSpec {
    /// Its name.
    pub name: &'static str,
    /// How it is quantised.
    pub kind: KindSpec,
    /// How many numbers it holds.
    pub lanes: u8,
    /// What its values follow from: the name of the field that each hint is about, and the hint.
    pub hints: &'static [(&'static str, Hint)],
}

/// What a field's values follow from, before names are resolved.
#[derive(Clone, Copy, Debug)]
pub enum Hint {
    /// The next value, from a field of the same row.
    Link(LinkKind),
    /// The row is born of the entity that the field refers to.
    Parent,
    /// The first value is the parent's.
    Copies,
    /// The first value points along the parent's angle.
    Along,
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
    pub(crate) fn resolve(&self, classes: &[&Self]) -> Class {
        let class_index = |name: &str| classes.iter().position(|class| class.name == name);
        let parent_class = self
            .fields
            .iter()
            .find(|field| {
                field
                    .hints
                    .iter()
                    .any(|(_, hint)| matches!(hint, Hint::Parent))
            })
            .and_then(|field| class_index(field.kind.target?));
        let parent_fields = parent_class.map_or(&[][..], |index| classes[index].fields);
        let index_of = |name: &str, fields: &[FieldSpec]| {
            let index = fields.iter().position(|field| field.name == name);
            index.and_then(|index| u8::try_from(index).ok())
        };
        let link = |&(source, hint): &(&str, Hint)| match hint {
            Hint::Link(kind) => Some(Link {
                source: index_of(source, self.fields).unwrap_or(u8::MAX),
                kind,
            }),
            Hint::Parent | Hint::Copies | Hint::Along => None,
        };
        let birth = |&(source, hint): &(&str, Hint)| {
            let parents = index_of(source, parent_fields).unwrap_or(u8::MAX);
            match hint {
                Hint::Parent => Some(Birth::Parent),
                Hint::Copies => Some(Birth::Copies(parents)),
                Hint::Along => Some(Birth::Along(parents)),
                Hint::Link(_) => None,
            }
        };
        let field = |spec: &FieldSpec| Field {
            name: spec.name.to_owned(),
            kind: spec.kind.kind,
            lanes: spec.lanes,
            target: spec
                .kind
                .target
                .and_then(class_index)
                .and_then(|index| u8::try_from(index).ok())
                .map(ClassId),
            link: spec.hints.iter().find_map(link),
            birth: spec.hints.iter().find_map(birth),
        };
        Class {
            name: self.name.to_owned(),
            fields: self.fields.iter().map(field).collect(),
        }
    }
}

/// The kinds by the names that [`replicated!`](macro@crate::replicated) knows them by.
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

/// The hints by the names that [`replicated!`](macro@crate::replicated) knows them by.
pub mod hint {
    use super::Hint;
    use crate::schema::LinkKind;

    /// [`LinkKind::Follows`].
    pub const fn follows(num: u32, den: u32) -> Hint {
        Hint::Link(LinkKind::Follows { num, den })
    }

    /// [`LinkKind::Exact`].
    pub const fn exact(num: u32, den: u32) -> Hint {
        Hint::Link(LinkKind::Exact { num, den })
    }

    /// [`LinkKind::Heading`].
    pub const fn heading() -> Hint {
        Hint::Link(LinkKind::Heading)
    }

    /// [`crate::schema::Birth::Parent`].
    pub const fn parent() -> Hint {
        Hint::Parent
    }

    /// [`crate::schema::Birth::Copies`].
    pub const fn copies() -> Hint {
        Hint::Copies
    }

    /// [`crate::schema::Birth::Along`].
    pub const fn along() -> Hint {
        Hint::Along
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
