//! Plain structs become words and come back: exactly, or within half a step.

use core::f32::consts::{PI, TAU};

use glam::{IVec2, Quat, Vec2, Vec3};
use proptest::prelude::*;
use slotmap::KeyData;

use super::{
    Commands, EntityId, FieldKind, FieldValue, NoCommand, NoEvent, Reference, Replicated,
    RowReader, RowWriter, reference_word,
};
use crate::id::{PlayerId, Slot};
use crate::schema::arbitrary::fixed;
use crate::schema::{Schema, SchemaBuilder};
use crate::tick::TickRate;

crate::replicated! {
    /// Every type with every kind that suits it.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Everything {
        flag: bool => flag,
        switch: bool => bits(2),
        byte: u8 => bits(8),
        short: u16 => bits(16),
        word: u32 => bits(32),
        count: u32 => counter,
        tiny: i8 => fixed(-128.0, 127.0, 1.0),
        small: i16 => fixed(-1000.0, 1000.0, 0.5),
        whole: i32 => fixed(-1000.0, 1000.0, 1.0),
        turn: u8 => angle(8),
        place: IVec2 => fixed(0.0, 50.0, 0.25),
        owner: PlayerId => bits(16),
        length: f32 => fixed(0.0, 10.0, 0.01),
        heading: f32 => angle(10),
        hundreds: f32 => bits(7),
        flat: Vec2 => fixed(-1.0, 1.0, 0.001),
        solid: Vec3 => fixed(-20.0, 20.0, 0.125),
        attitude: Quat => quaternion(11),
    }
}

crate::replicated! {
    /// Fields and variants called like what the macro's own code may use.
    #[derive(Clone, Debug, PartialEq)]
    enum Class {
        Rows { row: u8 => bits(3), class: u8 => bits(3) },
        Kind { kind: bool => flag },
        Option {},
    }
}

crate::replicated! {
    /// No fields at all.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Marker {}
}

crate::replicated! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Pointer {
        at: Reference => entity("Marker"),
    }
}

crate::commands! {
    /// Commands of all types.
    enum Order {
        Nothing {},
        All { a: bool, b: u8, c: u16, d: u32, e: i32, f: f32, g: String, h: Vec<u8> },
    }
}

fn words_of<T: Replicated>(value: &T) -> Vec<u32> {
    let mut words = Vec::new();
    value.write(&mut RowWriter::new(&mut words, &mut Vec::new()));
    words
}

fn read<T: Replicated>(class: usize, words: &[u32]) -> Option<T> {
    T::read(class, &mut RowReader::new(words))
}

fn value_of<T: FieldValue>(value: &T, kind: FieldKind) -> (Vec<u32>, T) {
    let mut words = Vec::new();
    value.write(kind, &mut RowWriter::new(&mut words, &mut Vec::new()));
    let read = T::read(kind, &mut RowReader::new(&words));
    (words, read)
}

fn schema() -> Schema {
    SchemaBuilder::new("test", TickRate::hz(30))
        .class::<Everything>()
        .class::<Marker>()
        .class::<Pointer>()
        .events::<Class>()
        .commands::<Order>()
        .build()
}

fn any_everything() -> impl Strategy<Value = Everything> {
    (
        any::<(bool, bool, u8, u16, u32, u32)>(),
        any::<(i8, i16, i32, u8, i32, i32, u16)>(),
        any::<(f32, f32, f32, f32, f32)>(),
        any::<(f32, f32, f32, f32)>(),
    )
        .prop_map(|(unsigned, signed, floats, four)| Everything {
            flag: unsigned.0,
            switch: unsigned.1,
            byte: unsigned.2,
            short: unsigned.3,
            word: unsigned.4,
            count: unsigned.5,
            tiny: signed.0,
            small: signed.1,
            whole: signed.2,
            turn: signed.3,
            place: IVec2::new(signed.4, signed.5),
            owner: PlayerId(signed.6),
            length: floats.0,
            heading: floats.1,
            hundreds: floats.2,
            flat: Vec2::new(floats.3, floats.4),
            solid: Vec3::new(four.0, four.1, four.2),
            attitude: Quat::from_xyzw(four.0, four.1, four.2, four.3),
        })
}

proptest! {
    /// Any values at all, infinities and NaN among them: what is written fits the schema, and what
    /// is read from it is written as the same words again.
    #[test]
    fn words_are_in_range_and_stand_for_themselves(value in any_everything()) {
        let schema = schema();
        let layout = &schema.classes()[0];
        let words = words_of(&value);
        prop_assert_eq!(words.len(), layout.words());
        for (word, max) in words.iter().zip(layout.word_max()) {
            prop_assert!(word <= max);
        }
        let restored: Everything = read(0, &words).unwrap();
        let again = words_of(&restored);
        // A rotation has two names, and rounding may choose the other: see `rotations_stay_close`.
        prop_assert_eq!(&again[..again.len() - 4], &words[..words.len() - 4]);
        prop_assert_eq!(restored.flag, value.flag);
        prop_assert_eq!(restored.switch, value.switch);
        prop_assert_eq!((restored.byte, restored.short), (value.byte, value.short));
        prop_assert_eq!((restored.word, restored.count), (value.word, value.count));
        prop_assert_eq!((restored.tiny, restored.turn), (value.tiny, value.turn));
        prop_assert_eq!(restored.owner, value.owner);
        prop_assert_eq!(restored.small, value.small.clamp(-2000, 2000));
        prop_assert_eq!(restored.whole, value.whole.clamp(-1000, 1000));
        prop_assert_eq!(restored.place, value.place.clamp(IVec2::ZERO, IVec2::splat(200)));
    }

    #[test]
    fn integers_on_a_coded_grid_are_exact(kind in fixed(), word: u32) {
        let count = u64::from(kind.word_max(0)) + 1;
        let word = u32::try_from(u64::from(word) % count).unwrap();
        let steps = i32::read(kind, &mut RowReader::new(&[word]));
        prop_assume!(steps != i32::MIN && steps != i32::MAX);
        prop_assert_eq!(value_of(&steps, kind), (vec![word], steps));
    }

    #[test]
    fn floats_are_within_half_a_step(value in -1200.0f32..1200.0, step in 0.01f64..4.0) {
        let kind = FieldKind::Fixed { min: -1000.0, max: 1000.0, step };
        let (words, restored) = value_of(&value, kind);
        let reach = -1000.0 + f64::from(kind.word_max(0)) * step;
        let nearest = f64::from(value).clamp(-1000.0, reach);
        prop_assert!(words[0] <= kind.word_max(0));
        prop_assert!((f64::from(restored) - nearest).abs() <= step * 0.5 + 1e-3, "{restored} {nearest}");
    }

    #[test]
    fn angles_are_within_half_a_step(turns in -3.0f32..3.0, bits in 2u8..=16) {
        let angle = turns * TAU;
        let (_, restored) = value_of(&angle, FieldKind::Angle(bits));
        let apart = f64::from((restored - angle).rem_euclid(TAU));
        let turn = f64::from(TAU);
        let step = turn / f64::from(1u32 << bits);
        prop_assert!(apart.min(turn - apart) <= step * 0.5 + 1e-5);
    }

    /// Counting an angle in steps wraps like the angle does.
    #[test]
    fn integer_angles_wrap(steps: i32, bits in 2u8..=16) {
        let (_, restored) = value_of(&steps, FieldKind::Angle(bits));
        prop_assert_eq!(restored, steps.rem_euclid(1 << bits));
    }

    #[test]
    fn rotations_stay_close(x in -1.0f32..1.0, y in -1.0f32..1.0, z in -1.0f32..1.0, bits in 5u8..=16) {
        let rotation = Quat::from_euler(glam::EulerRot::XYZ, x * PI, y * PI, z * PI);
        let (words, restored) = value_of(&rotation, FieldKind::Quaternion(bits));
        prop_assert_eq!(words.len(), 4);
        let angle = 2.0 * f64::from(rotation.dot(restored).abs().min(1.0).acos());
        // Each of three components is off by at most half of sqrt(2) / (2^bits - 1).
        prop_assert!(angle <= 4.0 / f64::from((1u32 << bits) - 1) + 2e-3, "{angle}");
        prop_assert!(restored.is_normalized());
    }

    #[test]
    fn any_words_can_be_read(words: Vec<u32>, class in 0usize..4) {
        let whole: Option<Everything> = read(class, &words);
        prop_assert_eq!(whole.is_some(), class == 0);
        let clash: Option<Class> = read(class, &words);
        prop_assert_eq!(clash.is_some(), class < 3);
        let _: Option<Pointer> = read(class, &words);
    }
}

#[test]
fn variants_are_numbered_in_order() {
    let schema = schema();
    let names: Vec<&str> = schema
        .data()
        .events
        .iter()
        .map(|class| &class.name[..])
        .collect();
    assert_eq!(names, ["Rows", "Kind", "Option"]);
    for (class, event) in [
        Class::Rows { row: 5, class: 2 },
        Class::Kind { kind: true },
        Class::Option {},
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(event.class(), class);
        let words = words_of(&event);
        assert_eq!(words.len(), schema.events()[class].words());
        assert_eq!(read(class, &words), Some(event));
    }
    assert_eq!(read::<Class>(3, &[]), None);
}

#[test]
fn a_type_without_events_has_no_class() {
    assert!(NoEvent::CLASSES.is_empty());
    assert!(read::<NoEvent>(0, &[]).is_none());
    assert!(NoCommand::classes().is_empty());
}

#[test]
fn missing_words_read_as_zero() {
    let empty: Everything = read(0, &[]).unwrap();
    assert_eq!(empty.byte, 0);
    assert_eq!(empty.whole, -1000);
    assert_eq!(read(0, &[1, 2, 3]), Some(Marker {}));
}

/// The game writes entities, the stream makes slots of them, a client reads slots.
#[test]
fn references_are_written_as_places_and_read_as_slots() {
    let entity = |number| EntityId::from(KeyData::from_ffi(number));
    let (mut words, mut references) = (Vec::new(), Vec::new());
    let mut row = RowWriter::new(&mut words, &mut references);
    for at in [
        Reference::Entity(entity(1 << 32 | 7)),
        Reference::None,
        Reference::from(entity(1 << 32 | 9)),
        Reference::Own(Slot(3)),
    ] {
        Pointer { at }.write(&mut row);
    }
    assert_eq!(words, [1, 0, 2, 0]);
    assert_eq!(references, [entity(1 << 32 | 7), entity(1 << 32 | 9)]);

    let at = |word| read::<Pointer>(0, &[word]).unwrap().at;
    assert_eq!(at(0), Reference::None);
    for slot in [0, 1, 65_534, 65_535].map(Slot) {
        assert_eq!(at(reference_word(slot, true)), Reference::Common(slot));
        assert_eq!(at(reference_word(slot, false)), Reference::Own(slot));
        assert!(reference_word(slot, false) <= FieldKind::Entity.word_max(0));
    }
    assert_eq!(at(u32::MAX), Reference::Own(Slot(u16::MAX)));
}

#[test]
fn commands_are_described_as_they_are_encoded() {
    use crate::schema::CommandFieldKind as K;

    let classes = Order::classes();
    assert_eq!(classes[0].name, "Nothing");
    let kinds: Vec<K> = classes[1].fields.iter().map(|field| field.kind).collect();
    assert_eq!(
        kinds,
        [
            K::Bool,
            K::U8,
            K::U16,
            K::U32,
            K::I32,
            K::F32,
            K::Text,
            K::Bytes
        ]
    );
    let order = Order::All {
        a: true,
        b: 200,
        c: 250,
        d: 70_000,
        e: -2,
        f: 1.5,
        g: "hi".to_owned(),
        h: vec![255, 0],
    };
    let bytes = crate::codec::encode(&order);
    let f = 1.5f32.to_le_bytes();
    let expected = [
        &[1, 1, 200, 250, 252, 0x70, 0x11, 1, 0, 3][..],
        &f,
        &[2, b'h', b'i', 2, 255, 0],
    ]
    .concat();
    assert_eq!(bytes, expected);
    assert_eq!(crate::codec::decode(&bytes), Ok(order));
    assert_eq!(crate::codec::encode(&Order::Nothing {}), [0]);
}
