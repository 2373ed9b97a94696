//! What a schema is, what it refuses, and that both ends of the wire hold the same one.

use glam::{IVec2, Quat};
use proptest::prelude::*;

use super::arbitrary::{class, data, field, field_kind, range, schema_data};
use super::*;
use crate::replicated::{FieldValue, NoEvent, Reference, RowReader, RowWriter};
use crate::tick::TickRate;

crate::replicated! {
    /// A row of every kind.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Ship {
        position: IVec2 => fixed(0.0, 100.0, 0.5) exact(velocity, 1, 2),
        velocity: IVec2 => fixed(-8.0, 8.0, 0.25),
        aim: f32 => angle(8) heading(velocity),
        attitude: Quat => quaternion(9),
        shield: bool => flag,
        hull: u8 => bits(7),
        score: u32 => counter,
        prey: Reference => entity("Ship"),
    }
}

crate::replicated! {
    /// A row of few words.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Rock {
        near: Reference => entity("Ship"),
    }
}

mod elsewhere {
    crate::replicated! {
        /// Another type of the same name.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct Rock {
            weight: u8 => bits(3),
        }
    }
}

crate::replicated! {
    /// What happens.
    #[derive(Clone, Debug, PartialEq)]
    enum Happened {
        Bump { who: Reference => entity("Ship"), force: u8 => bits(4) },
        Dawn {},
    }
}

fn builder() -> SchemaBuilder {
    SchemaBuilder::new("test", TickRate::hz(30))
        .class::<Rock>()
        .class::<Ship>()
        .events::<Happened>()
}

#[test]
fn words_lie_where_the_fields_say() {
    let schema = builder().build();
    let layout = &schema.classes()[1];
    assert_eq!(
        layout.word_max(),
        [
            200,
            200,
            64,
            64,
            255,
            3,
            511,
            511,
            511,
            1,
            127,
            u32::MAX,
            2 << 16
        ]
    );
    assert_eq!(
        layout.word_bits(),
        [8, 8, 7, 7, 8, 2, 9, 9, 9, 1, 7, 32, 18]
    );
    assert_eq!(layout.field_words()[..4], [0..2, 2..4, 4..5, 5..9]);
    assert_eq!(layout.references(), [(12, ClassId(1))]);
    assert_eq!(layout.words(), 13);
    assert_eq!(schema.classes()[0].references(), [(0, ClassId(1))]);
    assert_eq!(schema.events()[0].word_bits(), [18, 4]);
    assert_eq!(schema.events()[1].words(), 0);
    assert_eq!(schema.input().words(), 0);
}

#[test]
fn links_and_targets_are_resolved_by_name() {
    let schema = builder().build();
    let ship = &schema.data().classes[1];
    assert_eq!(
        ship.fields[0].link,
        Some(Link {
            source: 1,
            kind: LinkKind::Exact { num: 1, den: 2 }
        })
    );
    assert_eq!(ship.fields[2].link.map(|link| link.source), Some(1));
    assert_eq!(ship.fields[7].target, Some(ClassId(1)));
    assert_eq!(schema.data().events[0].fields[0].target, Some(ClassId(1)));
}

#[test]
fn classes_are_the_same_by_type_and_by_name() {
    let built = builder().build();
    let received = Schema::decode(built.encoded()).unwrap();
    assert_eq!(built, received);
    for schema in [&built, &received] {
        assert_eq!(schema.class_of::<Rock>(), Some(ClassId(0)));
        assert_eq!(schema.class_of::<Ship>(), Some(ClassId(1)));
    }
    assert_eq!(built.class_of::<elsewhere::Rock>(), None);
}

/// Two types of one name could not be told apart by a client, which knows names only.
#[test]
#[should_panic(expected = "Rock: two of the same name")]
fn two_classes_of_one_name_are_refused() {
    builder().class::<elsewhere::Rock>().build();
}

#[test]
#[should_panic(expected = "a row's type is a struct")]
fn an_enum_is_no_row() {
    let _ = builder().class::<NoEvent>();
}

#[test]
#[should_panic(expected = "an input's type is a struct")]
fn an_enum_is_no_input() {
    let _ = builder().input::<Happened>();
}

/// Exercises whatever reads a field's kind with the numbers that a hostile schema may hold.
fn use_kind(kind: FieldKind, layout: &Layout) -> Result<(), TestCaseError> {
    for value in [i32::MIN, -1, 0, 1, i32::MAX] {
        let (mut words, mut references) = (Vec::new(), Vec::new());
        value.write(kind, &mut RowWriter::new(&mut words, &mut references));
        prop_assert!(words[0] <= layout.word_max()[0]);
        i32::read(kind, &mut RowReader::new(&words));
        f32::read(kind, &mut RowReader::new(layout.word_max()));
        u8::read(kind, &mut RowReader::new(layout.word_max()));
        Quat::read(kind, &mut RowReader::new(layout.word_max()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_schemas_are_sound_and_survive_the_wire(data in schema_data()) {
        let schema = Schema::from_data(data).unwrap();
        let received = Schema::decode(schema.encoded()).unwrap();
        prop_assert_eq!(received.fingerprint(), schema.fingerprint());
        prop_assert_eq!(received.encoded(), schema.encoded());
        prop_assert_eq!(received.classes(), schema.classes());
        prop_assert_eq!(received.input(), schema.input());
        prop_assert_eq!(received.events(), schema.events());
        prop_assert_eq!(received, schema);
    }

    #[test]
    fn a_change_of_anything_changes_the_fingerprint(data in schema_data(), other in schema_data()) {
        let (one, two) = (
            Schema::from_data(data.clone()).unwrap(),
            Schema::from_data(other.clone()).unwrap(),
        );
        prop_assert_eq!(data == other, one.fingerprint() == two.fingerprint());
    }

    #[test]
    fn mangled_schemas_never_panic(
        data in schema_data(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Schema::from_data(data).unwrap().encoded().to_vec();
        for (place, flip) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
        }
        if let Ok(schema) = Schema::decode(&bytes) {
            prop_assert!(Schema::from_data(schema.data().clone()).is_ok());
        }
        let end = end.index(bytes.len());
        prop_assert!(Schema::decode(&bytes[..end]).is_err());
    }

    #[test]
    fn garbage_never_panics(bytes: Vec<u8>) {
        let _ = Schema::decode(&bytes);
    }

    /// Ranges of any finite numbers, as a hostile server's schema may hold them.
    #[test]
    fn whatever_range_is_accepted_can_be_used(min: f64, max: f64, step: f64, near in 0u32..64) {
        let around = min + min.abs() * f64::from(near) * f64::EPSILON;
        for max in [max, around] {
            for step in [step.abs(), (max - min).abs() / 1e9, min.abs() * f64::EPSILON] {
                let kind = range(min, max, step);
                if let Ok(schema) = Schema::from_data(data(vec![class("A", vec![field("f", kind)])])) {
                    use_kind(kind, &schema.classes()[0])?;
                }
            }
        }
    }

    #[test]
    fn every_kind_can_be_used(kind in field_kind()) {
        let mut one = field("f", kind);
        one.target = (kind == FieldKind::Entity).then_some(ClassId(0));
        let schema = Schema::from_data(data(vec![class("A", vec![one])])).unwrap();
        use_kind(kind, &schema.classes()[0])?;
    }
}
