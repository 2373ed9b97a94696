//! Schemas for tests: random sound ones, and the pieces of others.

use proptest::prelude::*;

use super::{
    Birth, Class, CommandClass, CommandField, CommandFieldKind, Field, FieldKind, Link, LinkKind,
    SchemaData,
};
use crate::id::ClassId;
use crate::limits::{INPUT_WORDS_MAX, ROW_WORDS_MAX};
use crate::tick::TickRate;

/// A range with its step.
pub(crate) fn range(min: f64, max: f64, step: f64) -> FieldKind {
    FieldKind::Fixed { min, max, step }
}

/// A field of one lane.
pub(crate) fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        lanes: 1,
        target: None,
        link: None,
        birth: None,
    }
}

/// A class of these fields.
pub(crate) fn class(name: &str, fields: Vec<Field>) -> Class {
    Class {
        name: name.to_owned(),
        fields,
    }
}

/// A schema of these classes.
pub(crate) fn data(classes: Vec<Class>) -> SchemaData {
    SchemaData {
        game: "test".to_owned(),
        tick_rate: TickRate::hz(30),
        classes,
        input: class("Input", Vec::new()),
        events: Vec::new(),
        commands: Vec::new(),
    }
}

/// Schemas of one to five classes, with every kind of field, link and reference.
pub(crate) fn schema_data() -> impl Strategy<Value = SchemaData> {
    (
        1u16..=TickRate::HZ_MAX,
        prop::collection::vec(drafts(5), 1..=5),
        drafts(4),
        prop::collection::vec(drafts(4), 0..=4),
        prop::collection::vec(command_fields(), 0..=3),
        any::<bool>(),
    )
        .prop_map(|(hz, classes, input, events, commands, born)| SchemaData {
            game: "random".to_owned(),
            tick_rate: TickRate::hz(hz),
            classes: families(
                numbered("Class", &classes, classes.len(), ROW_WORDS_MAX),
                born,
            ),
            input: sound_class("Input", &input, 0, INPUT_WORDS_MAX),
            events: numbered("Event", &events, classes.len(), ROW_WORDS_MAX),
            commands: commands
                .into_iter()
                .enumerate()
                .map(|(index, fields)| CommandClass {
                    name: format!("Command{index}"),
                    fields,
                })
                .collect(),
        })
}

/// Every kind of field.
pub(crate) fn field_kind() -> impl Strategy<Value = FieldKind> {
    prop_oneof![
        Just(FieldKind::Bool),
        (1u8..=32).prop_map(FieldKind::Bits),
        fixed(),
        (2u8..=16).prop_map(FieldKind::Angle),
        (2u8..=16).prop_map(FieldKind::Quaternion),
        Just(FieldKind::Counter),
        Just(FieldKind::Entity),
    ]
}

/// Ranges of up to 2^31 steps around 0, in steps that binary fractions hold and in others.
pub(crate) fn fixed() -> impl Strategy<Value = FieldKind> {
    let step = prop::sample::select(vec![0.001, 0.01, 0.0625, 0.1, 0.5, 1.0, 3.0, 1e6]);
    (step, -100_000i32..100_000, 0u32..31, any::<u32>()).prop_map(|(step, low, bits, steps)| {
        let min = f64::from(low) * step;
        let steps = 1 + steps % (1 << bits);
        range(min, min + f64::from(steps) * step, step)
    })
}

/// A field before its references to others are known to fit.
#[derive(Clone, Debug)]
struct Draft {
    kind: FieldKind,
    lanes: u8,
    target: u8,
    link: Option<(u8, LinkKind)>,
}

fn drafts(count_max: usize) -> impl Strategy<Value = Vec<Draft>> {
    let scale = || (1u32..=1 << 16, 1u32..=1 << 16);
    let link_kind = prop_oneof![
        scale().prop_map(|(num, den)| LinkKind::Follows { num, den }),
        scale().prop_map(|(num, den)| LinkKind::Exact { num, den }),
        Just(LinkKind::Heading),
    ];
    let link = prop::option::of((any::<u8>(), link_kind));
    let draft =
        (field_kind(), 1u8..=3, any::<u8>(), link).prop_map(|(kind, lanes, target, link)| Draft {
            kind,
            lanes,
            target,
            link,
        });
    prop::collection::vec(draft, 0..=count_max)
}

fn numbered(name: &str, classes: &[Vec<Draft>], targets: usize, words_max: usize) -> Vec<Class> {
    let class = |(index, drafts): (usize, &Vec<Draft>)| {
        sound_class(&format!("{name}{index}"), drafts, targets, words_max)
    };
    classes.iter().enumerate().map(class).collect()
}

/// The classes, and if `born` one more whose rows are born of the first class's.
fn families(mut classes: Vec<Class>, born: bool) -> Vec<Class> {
    if born {
        let parents = &classes[0].fields;
        let refers = Field {
            target: Some(ClassId(0)),
            birth: Some(Birth::Parent),
            ..field("parent", FieldKind::Entity)
        };
        let copies = |(index, other): (u8, &Field)| Field {
            link: None,
            birth: Some(Birth::Copies(index)),
            ..other.clone()
        };
        let angle = parents
            .iter()
            .position(|other| matches!(other.kind, FieldKind::Angle(_)) && other.lanes == 1);
        let velocity = Field {
            lanes: 2,
            birth: angle.map(|index| Birth::Along(u8::try_from(index).unwrap())),
            ..field("velocity", range(-100.0, 100.0, 1.0))
        };
        let mut fields: Vec<Field> = (0..).zip(parents.iter().take(3)).map(copies).collect();
        fields.extend([refers, velocity]);
        fields.dedup_by(|a, b| a.name == b.name);
        classes.push(class("Born", fields));
    }
    classes
}

/// A sound class: without what does not fit its words, without entities if there are no `targets`.
fn sound_class(name: &str, drafts: &[Draft], targets: usize, words_max: usize) -> Class {
    let mut words = 0;
    let mut kept: Vec<&Draft> = drafts.iter().collect();
    kept.retain(|draft| {
        words += draft.kind.words() * usize::from(draft.lanes);
        words <= words_max && (targets > 0 || draft.kind != FieldKind::Entity)
    });
    let sound = |(index, draft): (usize, &&Draft)| Field {
        lanes: draft.lanes,
        target: (draft.kind == FieldKind::Entity)
            .then(|| ClassId(u8::try_from(usize::from(draft.target) % targets).unwrap())),
        link: draft
            .link
            .and_then(|(wanted, kind)| link(&kept, index, usize::from(wanted), kind)),
        ..field(&format!("field{index}"), draft.kind)
    };
    class(name, kept.iter().enumerate().map(sound).collect())
}

/// A link of the field at `index` to the first suitable one from `wanted` on, if any is.
fn link(fields: &[&Draft], index: usize, wanted: usize, kind: LinkKind) -> Option<Link> {
    let fixed = |draft: &Draft| matches!(draft.kind, FieldKind::Fixed { .. });
    let moderate = |kind: FieldKind| match kind {
        FieldKind::Fixed { min, max, step } => min.abs().max(max.abs()) / step < 16_000_000.0,
        _ => false,
    };
    let own = fields[index];
    let suits = |&source: &usize| {
        let other = fields[source];
        let fits = match kind {
            LinkKind::Follows { .. } | LinkKind::Exact { .. } => {
                fixed(own) && own.lanes == other.lanes
            }
            LinkKind::Heading => {
                matches!(own.kind, FieldKind::Angle(_)) && own.lanes == 1 && other.lanes == 2
            }
        };
        // One that follows nothing itself, so that there is no circle.
        fits && moderate(other.kind) && source != index && other.link.is_none()
    };
    let source = (0..fields.len())
        .map(|offset| (wanted + offset) % fields.len())
        .find(suits)?;
    Some(Link {
        source: u8::try_from(source).ok()?,
        kind,
    })
}

fn command_fields() -> impl Strategy<Value = Vec<CommandField>> {
    let kind = prop::sample::select(vec![
        CommandFieldKind::Bool,
        CommandFieldKind::U8,
        CommandFieldKind::U16,
        CommandFieldKind::U32,
        CommandFieldKind::I32,
        CommandFieldKind::F32,
        CommandFieldKind::Text,
        CommandFieldKind::Bytes,
    ]);
    prop::collection::vec(kind, 0..=3).prop_map(|kinds| {
        let field = |(index, kind)| CommandField {
            name: format!("field{index}"),
            kind,
        };
        kinds.into_iter().enumerate().map(field).collect()
    })
}
