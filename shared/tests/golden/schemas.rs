//! Schemas as bytes, with the words that follow from them.

use serde_json::{Value, json};
use syncline_shared::id::ClassId;
use syncline_shared::schema::{
    Class, CommandClass, CommandField, CommandFieldKind, Field, FieldKind, Layout, Link, LinkKind,
    Schema, SchemaData,
};
use syncline_shared::tick::TickRate;

use crate::file::{Golden, bytes, plain, vector};

pub(crate) const SCHEMAS: Golden = Golden {
    name: "schema",
    about: "Encoded schemas. `layout` is what follows from one: for each class the highest value \
            and the bits of each word, and which words refer to which class.",
    vectors: || {
        examples()
            .iter()
            .map(|(name, schema)| {
                let mut vector = vector(name, schema.encoded(), &plain(schema.data()));
                vector["fingerprint"] = json!(schema.fingerprint().to_string());
                vector["layout"] = layouts(schema);
                vector
            })
            .collect()
    },
};

fn layouts(schema: &Schema) -> Value {
    let layout = |layout: &Layout| {
        let references: Vec<Value> = layout
            .references()
            .iter()
            .map(|(word, class)| json!({ "word": word, "class": class.0 }))
            .collect();
        json!({
            "word_max": layout.word_max(),
            "word_bits": layout.word_bits(),
            "references": references,
        })
    };
    json!({
        "classes": schema.classes().iter().map(layout).collect::<Vec<_>>(),
        "input": layout(schema.input()),
        "events": schema.events().iter().map(layout).collect::<Vec<_>>(),
    })
}

#[test]
fn schemas_are_decoded() {
    for vector in SCHEMAS.load() {
        let schema = Schema::decode(&bytes(&vector)).unwrap();
        assert_eq!(plain(schema.data()), vector["value"]);
        assert_eq!(schema.fingerprint().to_string(), vector["fingerprint"]);
        assert_eq!(layouts(&schema), vector["layout"]);
    }
}

pub(crate) fn field(name: &str, kind: FieldKind, lanes: u8) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        lanes,
        target: None,
        link: None,
        birth: None,
    }
}

pub(crate) fn class(name: &str, fields: Vec<Field>) -> Class {
    Class {
        name: name.to_owned(),
        fields,
    }
}

pub(crate) fn schema(classes: Vec<Class>, events: Vec<Class>) -> Schema {
    Schema::from_data(data(classes, events)).unwrap()
}

fn data(classes: Vec<Class>, events: Vec<Class>) -> SchemaData {
    SchemaData {
        game: "golden".to_owned(),
        tick_rate: TickRate::hz(30),
        classes,
        input: class("Input", Vec::new()),
        events,
        commands: Vec::new(),
    }
}

pub(crate) fn fixed(min: f64, max: f64, step: f64) -> FieldKind {
    FieldKind::Fixed { min, max, step }
}

/// A schema of one flag.
pub(crate) fn smallest() -> Schema {
    schema(
        vec![class("A", vec![field("on", FieldKind::Bool, 1)])],
        Vec::new(),
    )
}

/// A class with every kind of field and link.
pub(crate) fn ship() -> Class {
    let linked = |field: Field, source: u8, kind: LinkKind| Field {
        link: Some(Link { source, kind }),
        ..field
    };
    let refers = |field: Field, class: u8| Field {
        target: Some(ClassId(class)),
        ..field
    };
    class(
        "Ship",
        vec![
            linked(
                field("position", fixed(0.0, 1024.0, 0.0625), 2),
                1,
                LinkKind::Exact { num: 1, den: 4 },
            ),
            field("velocity", fixed(-8.0, 8.0, 0.25), 2),
            linked(
                field("drift", fixed(-0.5, 0.5, 0.1), 2),
                1,
                LinkKind::Follows {
                    num: 300,
                    den: 65_536,
                },
            ),
            linked(field("aim", FieldKind::Angle(8), 1), 1, LinkKind::Heading),
            field("attitude", FieldKind::Quaternion(9), 1),
            field("shield", FieldKind::Bool, 1),
            field("hull", FieldKind::Bits(7), 1),
            field("paint", FieldKind::Bits(32), 1),
            field("score", FieldKind::Counter, 1),
            refers(field("prey", FieldKind::Entity, 1), 0),
            refers(field("cargo", FieldKind::Entity, 2), 1),
        ],
    )
}

fn commands() -> Vec<CommandClass> {
    use CommandFieldKind as K;

    let command = |name: &str, kinds: &[K]| CommandClass {
        name: name.to_owned(),
        fields: (0..)
            .zip(kinds)
            .map(|(index, &kind)| CommandField {
                name: format!("f{index}"),
                kind,
            })
            .collect(),
    };
    vec![
        command("Nothing", &[]),
        command(
            "All",
            &[
                K::Bool,
                K::U8,
                K::U16,
                K::U32,
                K::I32,
                K::F32,
                K::Text,
                K::Bytes,
            ],
        ),
    ]
}

fn examples() -> Vec<(&'static str, Schema)> {
    let events = vec![
        class("Dawn", Vec::new()),
        class(
            "Hit",
            vec![Field {
                target: Some(ClassId(0)),
                ..field("who", FieldKind::Entity, 1)
            }],
        ),
    ];
    let whole = SchemaData {
        input: class(
            "Pressed",
            vec![
                field("fire", FieldKind::Bool, 1),
                field("stick", fixed(-1.0, 1.0, 0.1), 2),
            ],
        ),
        commands: commands(),
        ..data(vec![ship(), class("Crate", Vec::new())], events)
    };
    vec![
        ("empty", schema(Vec::new(), Vec::new())),
        ("smallest", smallest()),
        ("whole", Schema::from_data(whole).unwrap()),
    ]
}
