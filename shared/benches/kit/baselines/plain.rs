//! Every snapshot whole, as plain structs with floats, in bincode.

use serde::Serialize;
use serde::de::DeserializeOwned;
use syncline_shared::codec;
use syncline_shared::replicated::Replicated;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::Frame;

use crate::kit::format::Format;

/// The state of a world as plain structs.
pub(crate) trait Plain: Serialize + DeserializeOwned + PartialEq + 'static {
    /// The structs of a frame's rows, with floats as exact as the rows.
    fn of(schema: &Schema, frame: &Frame) -> Self;
}

/// Where entities neither come nor go, their places tell them apart.
impl<T: Replicated + Serialize + DeserializeOwned + PartialEq> Plain for Vec<T> {
    fn of(schema: &Schema, frame: &Frame) -> Self {
        frame.entities(schema).map(|(_, entity)| entity).collect()
    }
}

/// The structs of one class, each with a number that tells it apart.
pub(crate) fn numbered<T: Replicated>(schema: &Schema, frame: &Frame) -> Vec<(u16, T)> {
    let entities = frame.entities(schema);
    entities.map(|(slot, entity)| (slot.0, entity)).collect()
}

/// Both ends of worlds of type `T`.
pub(crate) fn plain<'a, T: Plain>(schema: &'a Schema, frames: &'a [Frame]) -> Box<dyn Format + 'a> {
    Box::new(Whole::<T> {
        schema,
        frames,
        batch: Vec::new(),
        decoded: None,
    })
}

struct Whole<'a, T> {
    schema: &'a Schema,
    frames: &'a [Frame],
    batch: Vec<T>,
    decoded: Option<T>,
}

impl<T: Plain> Format for Whole<'_, T> {
    fn prepare(&mut self, place: usize, tick: usize) {
        self.batch.truncate(place);
        self.batch.push(T::of(self.schema, &self.frames[tick]));
    }

    fn encode(&mut self, place: usize, out: &mut Vec<u8>) {
        codec::encode_into(&self.batch[place], out);
    }

    fn decode(&mut self, bytes: &[u8]) {
        self.decoded = codec::decode(bytes).ok();
    }

    fn check(&mut self, tick: usize, _: &[u8]) {
        let original = T::of(self.schema, &self.frames[tick]);
        assert!(
            self.decoded == Some(original),
            "tick {tick} as plain structs"
        );
    }
}
