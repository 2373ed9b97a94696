//! What is unsound is refused, and the refusal says where.

use super::*;
use crate::error::DecodeError;
use crate::id::ClassId;
use crate::limits::SCHEMA_BYTES_MAX;
use crate::schema::arbitrary::{class, data, field, range};
use crate::schema::{CommandClass, Schema};

fn refusal(data: SchemaData) -> String {
    Schema::from_data(data).unwrap_err().to_string()
}

/// The complaint about a class `A` with one field `f`.
fn field_refusal(change: impl FnOnce(&mut Field)) -> String {
    let mut broken = field("f", FieldKind::Bool);
    change(&mut broken);
    refusal(data(vec![class("A", vec![broken])]))
}

#[test]
fn repeated_names_are_refused() {
    let twice = || vec![field("f", FieldKind::Bool), field("f", FieldKind::Counter)];
    let problem = "two of the same name";
    assert_eq!(
        refusal(data(vec![class("A", twice())])),
        format!("A.f: {problem}")
    );
    assert_eq!(
        refusal(data(vec![class("A", vec![]), class("A", vec![])])),
        format!("A: {problem}")
    );
    let mut events = data(Vec::new());
    events.events = vec![class("E", vec![]), class("E", vec![])];
    assert_eq!(refusal(events), format!("E: {problem}"));
    let mut commands = data(Vec::new());
    let command = CommandClass {
        name: "C".to_owned(),
        fields: Vec::new(),
    };
    commands.commands = vec![command.clone(), command];
    assert_eq!(refusal(commands), format!("C: {problem}"));
    let mut shared = data(vec![class("A", vec![])]);
    shared.events = vec![class("A", vec![])];
    assert!(
        Schema::from_data(shared).is_ok(),
        "rows and events are named apart"
    );
}

#[test]
fn unsound_kinds_are_refused_with_where() {
    let refused = "A.f: the range of the field is empty, too wide or not finite";
    for kind in [
        FieldKind::Bits(0),
        FieldKind::Bits(33),
        FieldKind::Bits(255),
        FieldKind::Angle(1),
        FieldKind::Angle(17),
        FieldKind::Quaternion(0),
        FieldKind::Quaternion(17),
        range(1.0, 1.0, 0.1),
        range(2.0, 1.0, 0.1),
        range(0.0, 1.0, 0.0),
        range(0.0, 1.0, -1.0),
        range(0.0, f64::INFINITY, 1.0),
        range(f64::NAN, 1.0, 1.0),
        range(0.0, 1.0, f64::NAN),
        // More than 2^32 steps, or so many that the quotient overflows.
        range(0.0, 4_294_967_295.0, 1.0),
        range(f64::MIN, f64::MAX, 1.0),
        range(0.0, 1.0, f64::MIN_POSITIVE),
        // Less than a step.
        range(0.0, 0.4, 1.0),
        // Steps that an `f64` can't tell apart so far from 0.
        range(1e18, 1e18 + 1024.0, 0.25),
        range(-1e300, -1e300 + 1e285, 1e276),
    ] {
        assert_eq!(
            field_refusal(|field| field.kind = kind),
            refused,
            "{kind:?}"
        );
    }
    for kind in [
        FieldKind::Bits(1),
        FieldKind::Bits(32),
        FieldKind::Angle(2),
        FieldKind::Quaternion(16),
        range(0.0, 4_294_967_294.0, 1.0),
        range(-1e9, 1e9, 1.0),
    ] {
        let sound = data(vec![class("A", vec![field("f", kind)])]);
        assert!(Schema::from_data(sound).is_ok(), "{kind:?}");
    }
}

#[test]
fn more_than_the_limits_is_refused_with_where() {
    let many = "too many of them, or none";
    assert_eq!(
        field_refusal(|field| field.lanes = 0),
        format!("A.f: {many}")
    );
    assert_eq!(
        field_refusal(|field| field.lanes = u8::try_from(ROW_WORDS_MAX + 1).unwrap()),
        format!("A.f: {many}")
    );
    let classes = (0..=CLASSES_MAX).map(|index| class(&format!("C{index}"), vec![]));
    assert_eq!(refusal(data(classes.collect())), format!("classes: {many}"));
    let mut wide = data(Vec::new());
    wide.input.fields = vec![field("keys", FieldKind::Bits(8))];
    wide.input.fields[0].lanes = u8::try_from(INPUT_WORDS_MAX + 1).unwrap();
    assert_eq!(refusal(wide), format!("Input.keys: {many}"));
    let long = data(vec![class(&"x".repeat(SCHEMA_BYTES_MAX), vec![])]);
    assert_eq!(refusal(long), "the schema: larger than a schema may be");
    let too_long = vec![0; SCHEMA_BYTES_MAX + 1];
    assert_eq!(Schema::decode(&too_long), Err(DecodeError::TooLong));
}

#[test]
fn references_need_a_class_and_nothing_else_does() {
    let refused = "A.f: entity fields, and they alone, name a class of the schema";
    assert_eq!(field_refusal(|f| f.kind = FieldKind::Entity), refused);
    assert_eq!(field_refusal(|f| f.target = Some(ClassId(0))), refused);
    let beyond = |f: &mut Field| {
        f.kind = FieldKind::Entity;
        f.target = Some(ClassId(1));
    };
    assert_eq!(field_refusal(beyond), refused);
    let mut input = data(vec![class("A", vec![])]);
    input.input.fields = vec![Field {
        target: Some(ClassId(0)),
        ..field("aim", FieldKind::Entity)
    }];
    assert!(refusal(input).starts_with("Input.aim: entity fields"));
}

/// A ship with an aim, and a shot whose fields are as told.
fn with_births(target: Option<u8>, births: [Option<Birth>; 3]) -> Result<Schema, SchemaError> {
    let place = range(0.0, 100.0, 1.0);
    let two = |name: &str, birth| Field {
        lanes: 2,
        birth,
        ..field(name, place)
    };
    let ship = class(
        "Ship",
        vec![field("aim", FieldKind::Angle(8)), two("at", None)],
    );
    let owner = Field {
        target: target.map(ClassId),
        birth: births[0],
        ..field("ship", FieldKind::Entity)
    };
    let shot = class(
        "Shot",
        vec![owner, two("at", births[1]), two("speed", births[2])],
    );
    Schema::from_data(data(vec![ship, shot]))
}

#[test]
fn births_need_a_parent_that_comes_earlier() {
    let copies = Some(Birth::Copies(1));
    let along = Some(Birth::Along(0));
    let parent = Some(Birth::Parent);
    assert!(with_births(Some(0), [parent, copies, along]).is_ok());
    for unsound in [
        with_births(Some(1), [parent, copies, along]),
        with_births(Some(0), [None, copies, None]),
        with_births(Some(0), [None, None, along]),
        with_births(Some(0), [parent, Some(Birth::Copies(0)), None]),
        with_births(Some(0), [parent, Some(Birth::Copies(2)), None]),
        with_births(Some(0), [parent, None, Some(Birth::Along(1))]),
        with_births(Some(0), [parent, parent, None]),
    ] {
        let said = unsound.unwrap_err().to_string();
        assert!(said.ends_with("a parent of an earlier class"), "{said}");
    }
}

#[test]
fn links_lead_to_no_circle() {
    let follows = |source| {
        Some(Link {
            source,
            kind: LinkKind::Follows { num: 1, den: 1 },
        })
    };
    let chained = |links: [Option<Link>; 3]| {
        let fields = ["a", "b", "c"].into_iter().zip(links);
        let fields = fields.map(|(name, link)| Field {
            link,
            ..field(name, range(0.0, 1.0, 0.5))
        });
        Schema::from_data(data(vec![class("A", fields.collect())]))
    };
    assert!(chained([follows(1), follows(2), None]).is_ok());
    assert!(chained([follows(1), follows(2), follows(0)]).is_err());
    assert!(chained([follows(1), follows(1), None]).is_err());
}

#[test]
fn links_need_a_suitable_source() {
    let refused = "A.f: the link does not fit the field it follows";
    let follows = LinkKind::Follows { num: 1, den: 1 };
    let range = range(0.0, 1.0, 0.5);
    let linked = |kind, lanes, source, link, source_kind, source_lanes| {
        let own = Field {
            lanes,
            link: Some(Link { source, kind: link }),
            ..field("f", kind)
        };
        let other = Field {
            lanes: source_lanes,
            ..field("g", source_kind)
        };
        Schema::from_data(data(vec![class("A", vec![own, other])]))
    };
    assert!(linked(range, 2, 1, follows, range, 2).is_ok());
    assert!(linked(FieldKind::Angle(8), 1, 1, LinkKind::Heading, range, 2).is_ok());
    for unsound in [
        linked(range, 1, 0, follows, range, 1),
        linked(range, 1, 2, follows, range, 1),
        linked(range, 2, 1, follows, range, 1),
        linked(range, 1, 1, follows, FieldKind::Counter, 1),
        linked(FieldKind::Counter, 1, 1, follows, range, 1),
        linked(range, 1, 1, LinkKind::Exact { num: 0, den: 1 }, range, 1),
        linked(range, 1, 1, LinkKind::Exact { num: 1, den: 0 }, range, 1),
        linked(
            range,
            1,
            1,
            LinkKind::Exact {
                num: 65_537,
                den: 1,
            },
            range,
            1,
        ),
        linked(FieldKind::Angle(8), 1, 1, LinkKind::Heading, range, 1),
        linked(range, 1, 1, LinkKind::Heading, range, 2),
    ] {
        assert_eq!(unsound.unwrap_err().to_string(), refused);
    }
}
