//! The schema: what a game's rows, inputs, events and commands look like, as data.
//!
//! It is sent at join, so that a client in any language decodes every game. A [`Schema`] is valid
//! by construction: [`SchemaBuilder`] makes one from a game's types, [`Schema::decode`] from bytes.
//! Knows nothing of streams or messages.
//!
//! - `class`: what it is made of
//! - `layout`: where the words of a class lie
//! - `plan`, `site`: how its rows are predicted, and where the odds of that lie
//! - `check`: what makes it sound
//! - `builder`: how it is put together from a game's types

#[cfg(test)]
pub(crate) mod arbitrary;
mod builder;
mod check;
mod class;
mod layout;
pub(crate) mod plan;
pub(crate) mod site;
#[cfg(test)]
mod tests;

use core::any::TypeId;

use crate::codec;
use crate::error::DecodeError;
use crate::hash::hash_bytes;
use crate::id::ClassId;
use crate::limits::SCHEMA_BYTES_MAX;
use crate::replicated::Replicated;

pub use builder::SchemaBuilder;
pub use check::{SchemaError, SchemaProblem};
pub use class::{
    Birth, Class, CommandClass, CommandField, CommandFieldKind, Field, FieldKind, Link, LinkKind,
    SchemaData,
};
pub use layout::Layout;
pub use plan::Cause;
use plan::Plan;

/// A sound schema, with what is derived from it.
#[derive(Clone, Debug)]
pub struct Schema {
    data: SchemaData,
    classes: Vec<Layout>,
    input: Layout,
    events: Vec<Layout>,
    plan: Plan,
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
        check::check(&data)?;
        let encoded = codec::encode(&data);
        if encoded.len() > SCHEMA_BYTES_MAX {
            return Err(SchemaProblem::TooLarge.at("the schema"));
        }
        let classes: Vec<Layout> = data.classes.iter().map(Layout::of).collect();
        let events: Vec<Layout> = data.events.iter().map(Layout::of).collect();
        Ok(Self {
            plan: Plan::of(&data, &classes, &events),
            classes,
            input: Layout::of(&data.input),
            events,
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

    /// How the streams predict its rows.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What costs bits in its streams, in the order in which the streams count it.
    pub fn causes(&self) -> &[Cause] {
        &self.plan.causes
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
