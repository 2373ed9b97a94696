//! Where the words of a class lie, derived from its fields.

use core::ops::Range;

use super::Class;
use crate::id::ClassId;

/// Where a class's fields lie among its words, and how wide each word is.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Layout {
    word_max: Vec<u32>,
    word_bits: Vec<u32>,
    field_words: Vec<Range<usize>>,
    references: Vec<(usize, ClassId)>,
}

impl Layout {
    pub(super) fn of(class: &Class) -> Self {
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
