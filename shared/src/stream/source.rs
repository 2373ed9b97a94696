//! What is coded: known to an encoder, found by a decoder.

use crate::snapshot::Event;

/// What the encoding end knows of the tick.
pub(super) trait Source {
    /// The rows of a class in slots that were taken before.
    fn rows(&mut self, class: usize) -> impl SourceRows;

    /// Whether newcomer `index` of a class is there and its parent's slot is this.
    fn is_next(&self, class: usize, index: usize, parent: Option<usize>) -> bool;

    /// The row of newcomer `index` of a class.
    fn newcomer(&mut self, class: usize, index: usize) -> &[u32];

    /// The class and the words of event `index`.
    fn event(&mut self, index: usize) -> Option<(u8, &[u32])>;

    /// An event that was coded.
    fn told(&mut self, class: u8, words: &[u32]);
}

/// The rows of one class, as far as the encoding end knows them.
pub(super) trait SourceRows {
    /// The row in a slot that was taken before; `None` if it is gone. Words may be too high yet.
    fn row(&mut self, slot: usize) -> Option<&[u32]>;
}

/// What a decoder knows: nothing. It keeps the events.
pub(super) struct Unknown<'a>(pub(super) &'a mut Vec<Event>);

impl Source for Unknown<'_> {
    fn rows(&mut self, _: usize) -> impl SourceRows {
        UnknownRows
    }

    fn is_next(&self, _: usize, _: usize, _: Option<usize>) -> bool {
        false
    }

    fn newcomer(&mut self, _: usize, _: usize) -> &[u32] {
        &[]
    }

    fn event(&mut self, _: usize) -> Option<(u8, &[u32])> {
        None
    }

    fn told(&mut self, class: u8, words: &[u32]) {
        self.0.push(Event {
            class,
            words: words.to_vec(),
        });
    }
}

/// What a decoder knows of rows.
struct UnknownRows;

impl SourceRows for UnknownRows {
    fn row(&mut self, _: usize) -> Option<&[u32]> {
        None
    }
}
