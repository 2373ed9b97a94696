//! Random schemas: every kind of field, link and birth. Most are sound; of those that are not both
//! sides must say so.

use syncline_shared::id::ClassId;
use syncline_shared::rng::Rng;
use syncline_shared::schema::{
    Birth, Class, CommandClass, CommandField, CommandFieldKind, Field, FieldKind, Link, LinkKind,
    SchemaData,
};
use syncline_shared::tick::TickRate;

/// Any schema. Its commands are always those that are sent.
pub fn any(rng: &mut Rng) -> SchemaData {
    let count = 1 + index(rng, 4);
    let mut classes: Vec<Class> = Vec::new();
    for number in 0..count {
        let fields = 1 + rng.below(6);
        let mut made = class(rng, &format!("Class{number}"), fields, count);
        if number > 0 && rng.chance(1, 2) {
            let parent = index(rng, number);
            give_birth(rng, &classes[parent], parent, &mut made);
        }
        classes.push(made);
    }
    let fields = rng.below(5);
    let input = class(rng, "Input", fields, 0);
    let events = (0..rng.below(4))
        .map(|number| class(rng, &format!("Event{number}"), number, count))
        .collect();
    let highest = u32::from(TickRate::HZ_MAX);
    SchemaData {
        game: "random".to_owned(),
        tick_rate: TickRate::hz(u16::try_from(1 + rng.below(highest)).unwrap_or(1)),
        classes,
        input,
        events,
        commands: commands(),
    }
}

/// A number below `bound` to pick with.
pub(super) fn index(rng: &mut Rng, bound: usize) -> usize {
    let bound = u32::try_from(bound).unwrap_or(u32::MAX);
    usize::try_from(rng.below(bound)).unwrap_or(0)
}

fn byte(rng: &mut Rng, low: i32, high: i32) -> u8 {
    u8::try_from(rng.range(low, high)).unwrap_or(0)
}

fn class(rng: &mut Rng, name: &str, count: u32, targets: usize) -> Class {
    let mut fields: Vec<Field> = Vec::new();
    for number in 0..count {
        let field = match rng.below(4) {
            0 if number > 0 => linked(rng, &fields),
            _ => field(rng, targets),
        };
        fields.push(Field {
            name: format!("field{number}"),
            ..field
        });
    }
    Class {
        name: name.to_owned(),
        fields,
    }
}

fn field(rng: &mut Rng, targets: usize) -> Field {
    let kind = kind(rng);
    let wanted = kind == FieldKind::Entity;
    // Now and then one that names a class without reason, or one that there is not.
    let target = (wanted != rng.chance(1, 300)).then(|| {
        let above = usize::from(rng.chance(1, 100));
        ClassId(u8::try_from(index(rng, targets + above)).unwrap_or(0))
    });
    plain(
        kind,
        if rng.chance(1, 3) { byte(rng, 1, 3) } else { 1 },
        target,
    )
}

fn plain(kind: FieldKind, lanes: u8, target: Option<ClassId>) -> Field {
    Field {
        name: String::new(),
        kind,
        lanes,
        target,
        link: None,
        birth: None,
    }
}

fn kind(rng: &mut Rng) -> FieldKind {
    match rng.below(12) {
        0 => FieldKind::Bool,
        1 => FieldKind::Bits(byte(rng, 1, 32)),
        2 | 3 => FieldKind::Angle(byte(rng, 2, 16)),
        4 => FieldKind::Quaternion(byte(rng, 2, 16)),
        5 => FieldKind::Counter,
        6 => FieldKind::Entity,
        _ => fixed(rng),
    }
}

/// A range around 0 or far from it, of up to 2^31 steps.
fn fixed(rng: &mut Rng) -> FieldKind {
    let steps = [0.001, 0.01, 0.0625, 0.1, 0.5, 1.0, 3.0];
    let step = steps[index(rng, steps.len())];
    let bits = byte(rng, 1, 31);
    let span = f64::from(1 + rng.below(1 << bits));
    let min = match rng.below(3) {
        0 => 0.0,
        1 => -(span / 2.0).floor() * step,
        _ => f64::from(rng.range(-100_000, 100_000)) * step,
    };
    FieldKind::Fixed {
        min,
        max: min + span * step,
        step,
    }
}

/// A field that follows one of those before it, if one suits.
fn linked(rng: &mut Rng, before: &[Field]) -> Field {
    let source = index(rng, before.len());
    let lanes = before[source].lanes;
    let (num, den) = (ratio(rng), ratio(rng));
    let (kind, lanes, link) = match rng.below(3) {
        0 => (fixed(rng), lanes, LinkKind::Follows { num, den }),
        1 => (fixed(rng), lanes, LinkKind::Exact { num, den }),
        _ => (FieldKind::Angle(byte(rng, 2, 16)), 1, LinkKind::Heading),
    };
    let suits = matches!(before[source].kind, FieldKind::Fixed { .. })
        && (link != LinkKind::Heading || before[source].lanes == 2);
    let link = Link {
        source: u8::try_from(source).unwrap_or(0),
        kind: link,
    };
    Field {
        // Now and then one that does not suit.
        link: (suits || rng.chance(1, 40)).then_some(link),
        ..plain(kind, lanes, None)
    }
}

fn ratio(rng: &mut Rng) -> u32 {
    match rng.below(4) {
        0 => 1,
        1 => 1 << rng.below(17),
        _ => 1 + rng.below(100),
    }
}

/// Rows of `made` are born of those of `parent`.
fn give_birth(rng: &mut Rng, parent: &Class, place: usize, made: &mut Class) {
    let target = Some(ClassId(u8::try_from(place).unwrap_or(0)));
    let mut add = |name: &str, birth, field| {
        made.fields.push(Field {
            name: name.to_owned(),
            birth: Some(birth),
            ..field
        });
    };
    add("parent", Birth::Parent, plain(FieldKind::Entity, 1, target));
    for (number, other) in (0u8..).zip(&parent.fields) {
        if other.kind != FieldKind::Entity && rng.chance(1, 3) {
            let copied = plain(other.kind, other.lanes, None);
            add(&format!("copied{number}"), Birth::Copies(number), copied);
        }
    }
    let is_aim = |field: &Field| matches!(field.kind, FieldKind::Angle(_)) && field.lanes == 1;
    if let Some(aim) = parent.fields.iter().position(is_aim) {
        let step = 0.25;
        let speed = FieldKind::Fixed {
            min: -64.0,
            max: 64.0,
            step,
        };
        let along = Birth::Along(u8::try_from(aim).unwrap_or(0));
        add("velocity", along, plain(speed, 2, None));
        let place = FieldKind::Fixed {
            min: 0.0,
            max: 4000.0,
            step,
        };
        let source = u8::try_from(made.fields.len() - 1).unwrap_or(0);
        let kind = match rng.below(2) {
            0 => LinkKind::Follows { num: 1, den: 30 },
            _ => LinkKind::Exact { num: 1, den: 30 },
        };
        made.fields.push(Field {
            name: "place".to_owned(),
            link: Some(Link { source, kind }),
            ..plain(place, 2, None)
        });
    }
}

/// The classes of the commands that are sent.
fn commands() -> Vec<CommandClass> {
    use CommandFieldKind::{Bool, Bytes, F32, I32, Text, U8, U16, U32};
    let class = |name: &str, fields: &[(&str, CommandFieldKind)]| CommandClass {
        name: name.to_owned(),
        fields: fields
            .iter()
            .map(|&(name, kind)| CommandField {
                name: name.to_owned(),
                kind,
            })
            .collect(),
    };
    let numbers = [
        ("flag", Bool),
        ("small", U8),
        ("middle", U16),
        ("large", U32),
        ("signed", I32),
        ("real", F32),
    ];
    vec![
        class("Nothing", &[]),
        class("Numbers", &numbers),
        class("Words", &[("text", Text), ("bytes", Bytes)]),
    ]
}
