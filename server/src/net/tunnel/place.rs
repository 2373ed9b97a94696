//! Places in a tunnel's streams: how many bytes went before.

/// A place in a stream that is not there: never written, or acknowledged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {asked} is not between {first} and {end}")]
pub(crate) struct OutOfPlace {
    /// What was asked for.
    pub(crate) asked: u64,
    /// The first place that could be.
    pub(crate) first: u64,
    /// The last one.
    pub(crate) end: u64,
}
