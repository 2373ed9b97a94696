//! A schema put together from a game's types.

use core::any::TypeId;

use super::{CommandClass, Schema, SchemaData};
use crate::replicated::{ClassSpec, Commands, Replicated};
use crate::tick::TickRate;

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

    /// Adds the rows of type `T`.
    ///
    /// # Panics
    ///
    /// If `T` is no struct: a defect of the game, found by its first test.
    #[must_use]
    pub fn class<T: Replicated>(mut self) -> Self {
        let [class] = T::CLASSES else {
            panic!("a row's type is a struct");
        };
        self.classes.push(class);
        self.types.push(TypeId::of::<T>());
        self
    }

    /// Sets what players send each tick.
    ///
    /// # Panics
    ///
    /// If `T` is no struct: a defect of the game, found by its first test.
    #[must_use]
    pub fn input<T: Replicated>(mut self) -> Self {
        let [class] = T::CLASSES else {
            panic!("an input's type is a struct");
        };
        self.input = class;
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
        let resolve = |spec: &ClassSpec| spec.resolve(&self.classes);
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
