//! What makes a schema sound: the rules that [`super::Schema::from_data`] checks.

use std::collections::BTreeSet;

use super::{Birth, Class, Field, FieldKind, Link, LinkKind, SchemaData};
use crate::limits::{CLASSES_MAX, INPUT_WORDS_MAX, ROW_WORDS_MAX};
use crate::quantize::{fixed_first_step, fixed_word_max};

/// How many steps from 0 a range may reach: past 2^53 an `f64` can't tell neighbours apart, and
/// `min + word * step` would give several words one value.
const EXACT_STEPS: f64 = 9_007_199_254_740_992.0;

/// How many steps from 0 a field that others follow may reach, so that what it adds to them in a
/// chunk is exact in JavaScript too.
const SOURCE_STEPS_MAX: i64 = 1 << 24;

pub(super) fn check(data: &SchemaData) -> Result<(), SchemaError> {
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
    check_class(&data.input, 0, INPUT_WORDS_MAX)?;
    for (index, class) in data.classes.iter().enumerate() {
        check_births(class, &data.classes[..index])?;
    }
    for class in data.events.iter().chain([&data.input]) {
        check_births(class, &[])?;
    }
    check_names(data.classes.iter().map(|class| &class.name))?;
    check_names(data.events.iter().map(|class| &class.name))?;
    check_names(data.commands.iter().map(|class| &class.name))
}

/// A client that got its schema from bytes finds classes by name.
fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), SchemaError> {
    let mut known = BTreeSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(SchemaProblem::Duplicate.at(name));
        }
    }
    Ok(())
}

fn check_class(class: &Class, classes: usize, words_max: usize) -> Result<(), SchemaError> {
    let mut words = 0;
    let mut names = BTreeSet::new();
    for field in &class.fields {
        let at = |problem: SchemaProblem| problem.at(&format!("{}.{}", class.name, field.name));
        if !names.insert(&field.name) {
            return Err(at(SchemaProblem::Duplicate));
        }
        check_kind(field.kind).map_err(at)?;
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
        if follows_itself(class, field) {
            return Err(at(SchemaProblem::Link));
        }
    }
    Ok(())
}

/// Whether a field's links lead back to it, or to another circle.
fn follows_itself(class: &Class, field: &Field) -> bool {
    let next = |field: &&Field| class.fields.get(usize::from(field.link?.source));
    core::iter::successors(Some(field), next)
        .nth(class.fields.len())
        .is_some()
}

/// A parent is of a class that comes earlier, so that its row is known first.
fn check_births(class: &Class, earlier: &[Class]) -> Result<(), SchemaError> {
    let mut parents = class
        .fields
        .iter()
        .filter(|field| field.birth == Some(Birth::Parent));
    let parent = parents
        .next()
        .and_then(|field| earlier.get(usize::from(field.target?.0)));
    for field in &class.fields {
        let parents = |index: u8| parent?.fields.get(usize::from(index));
        let sound = match field.birth {
            None => true,
            Some(Birth::Parent) => {
                parent.is_some() && field.kind == FieldKind::Entity && field.lanes == 1
            }
            Some(Birth::Copies(index)) => parents(index)
                .is_some_and(|other| other.kind == field.kind && other.lanes == field.lanes),
            Some(Birth::Along(index)) => {
                parents(index).is_some_and(|other| {
                    matches!(other.kind, FieldKind::Angle(_)) && other.lanes == 1
                }) && field.lanes == 2
                    && reaches_at_most(field.kind, SOURCE_STEPS_MAX)
            }
        };
        if !sound {
            return Err(SchemaProblem::Birth.at(&format!("{}.{}", class.name, field.name)));
        }
    }
    if parents.next().is_some() {
        return Err(SchemaProblem::Birth.at(&class.name));
    }
    Ok(())
}

/// Whether a field is fixed and all its values lie within so many steps of 0.
fn reaches_at_most(kind: FieldKind, steps: i64) -> bool {
    let FieldKind::Fixed { min, max, step } = kind else {
        return false;
    };
    let first = fixed_first_step(min, step);
    let last = first.saturating_add(i64::from(fixed_word_max(min, max, step)));
    first >= -steps && last <= steps
}

fn check_kind(kind: FieldKind) -> Result<(), SchemaProblem> {
    let sound = match kind {
        FieldKind::Bool | FieldKind::Counter | FieldKind::Entity => true,
        FieldKind::Bits(bits) => (1..=32).contains(&bits),
        FieldKind::Angle(bits) | FieldKind::Quaternion(bits) => (2..=16).contains(&bits),
        FieldKind::Fixed { min, max, step } => {
            min.is_finite()
                && max.is_finite()
                && step.is_finite()
                && step > 0.0
                && min < max
                && (max - min) / step < f64::from(u32::MAX)
                && fixed_word_max(min, max, step) > 0
                && min.abs().max(max.abs()) / step <= EXACT_STEPS
        }
    };
    if sound {
        Ok(())
    } else {
        Err(SchemaProblem::FieldRange)
    }
}

fn check_link(class: &Class, field: &Field, link: Link) -> Result<(), SchemaProblem> {
    let source = class
        .fields
        .get(usize::from(link.source))
        .ok_or(SchemaProblem::Link)?;
    let fixed = |field: &Field| matches!(field.kind, FieldKind::Fixed { .. });
    let reaches = reaches_at_most(source.kind, SOURCE_STEPS_MAX);
    let sound = match link.kind {
        LinkKind::Follows { num, den } | LinkKind::Exact { num, den } => {
            fixed(field)
                && reaches
                && field.lanes == source.lanes
                && (1..=1 << 16).contains(&num)
                && (1..=1 << 16).contains(&den)
        }
        LinkKind::Heading => {
            matches!(field.kind, FieldKind::Angle(_))
                && field.lanes == 1
                && reaches
                && source.lanes == 2
        }
    };
    if sound {
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
    /// A row's parent is of no earlier class, or lacks a suitable field.
    #[error("the first value does not follow from a parent of an earlier class")]
    Birth,
    /// Two classes, or two fields of one class, have the same name.
    #[error("two of the same name")]
    Duplicate,
    /// The encoded schema is too large.
    #[error("larger than a schema may be")]
    TooLarge,
}

impl SchemaProblem {
    pub(super) fn at(self, at: &str) -> SchemaError {
        SchemaError {
            at: at.to_owned(),
            problem: self,
        }
    }
}

#[cfg(test)]
mod tests;
