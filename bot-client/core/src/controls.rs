//! Inputs made from a schema alone, for games whose input type is not known here.

use glam::Quat;
use syncline_shared::input::InputWords;
use syncline_shared::quantize::{fixed_word_max, quantize_fixed, quantize_quaternion};
use syncline_shared::rng::Rng;
use syncline_shared::schema::{FieldKind, Schema};

/// How often a random button is pressed: once in this many.
const BUTTON_PRESSED_ONE_IN: u32 = 4;

/// The input of somebody who touches nothing: buttons up, axes at their zero.
pub fn neutral(schema: &Schema) -> InputWords {
    make(schema, |kind, words| match kind {
        FieldKind::Fixed { min, max, step } => {
            words.push(quantize_fixed(
                0.0,
                min,
                step,
                fixed_word_max(min, max, step),
            ));
        }
        FieldKind::Quaternion(bits) => words.extend(quantize_quaternion(Quat::IDENTITY, bits)),
        FieldKind::Bool
        | FieldKind::Bits(_)
        | FieldKind::Angle(_)
        | FieldKind::Counter
        | FieldKind::Entity => words.push(0),
    })
}

/// Any input in range. A reference is none: there is nothing to know about what it may point to.
pub fn random(schema: &Schema, rng: &mut Rng) -> InputWords {
    make(schema, |kind, words| match kind {
        FieldKind::Bool => words.push(u32::from(rng.chance(1, BUTTON_PRESSED_ONE_IN))),
        FieldKind::Fixed { min, max, step } => {
            words.push(up_to(fixed_word_max(min, max, step), rng));
        }
        FieldKind::Bits(bits) | FieldKind::Angle(bits) => {
            words.push(up_to(u32::MAX >> 32u8.saturating_sub(bits).min(31), rng));
        }
        FieldKind::Quaternion(bits) => {
            let [x, y, z, w] = core::array::from_fn(|_| rng.unit() - 0.5);
            let rotation = Quat::from_xyzw(x, y, z, w + 0.01).normalize();
            words.extend(quantize_quaternion(rotation, bits));
        }
        FieldKind::Counter => words.push(rng.next_u32()),
        FieldKind::Entity => words.push(0),
    })
}

fn up_to(max: u32, rng: &mut Rng) -> u32 {
    if max == u32::MAX {
        rng.next_u32()
    } else {
        rng.below(max + 1)
    }
}

fn make(schema: &Schema, mut lane: impl FnMut(FieldKind, &mut Vec<u32>)) -> InputWords {
    let mut words = Vec::with_capacity(schema.input().words());
    for field in &schema.data().input.fields {
        for _ in 0..field.lanes {
            lane(field.kind, &mut words);
        }
    }
    InputWords::clamped(&words, schema.input())
}

#[cfg(test)]
mod tests {
    use glam::IVec2;
    use syncline_shared::input::{InputBatch, InputFrame, InputFrames};
    use syncline_shared::replicated;
    use syncline_shared::schema::SchemaBuilder;
    use syncline_shared::tick::{Tick, TickRate, ViewTick};

    use super::*;

    replicated! {
        /// One of each.
        #[derive(Clone, Debug, Default, PartialEq)]
        struct Everything {
            stick: IVec2 => fixed(-1.0, 1.0, 0.125),
            aim: u8 => angle(8),
            weapon: u8 => bits(3),
            fire: bool => flag,
            turn: Quat => quaternion(9),
            seen: u32 => counter,
        }
    }

    fn schema() -> Schema {
        SchemaBuilder::new("test", TickRate::hz(30))
            .input::<Everything>()
            .build()
    }

    #[test]
    fn nobody_touches_anything() {
        let pressed: Everything = neutral(&schema()).read();
        let turn = pressed.turn;
        assert!(turn.angle_between(Quat::IDENTITY) < 0.01, "{turn}");
        assert_eq!(
            Everything {
                turn: Quat::IDENTITY,
                ..pressed
            },
            Everything::default()
        );
    }

    #[test]
    fn random_inputs_are_in_range_and_survive_the_wire() {
        let (schema, mut rng) = (schema(), Rng::from_seed(5));
        let mut sticks = Vec::new();
        for _ in 0..200 {
            let words = random(&schema, &mut rng);
            let frame = InputFrame {
                tick: Tick(3),
                view: ViewTick(0),
                words,
            };
            let batch = InputBatch {
                frames: InputFrames::from([frame]),
                ..InputBatch::default()
            };
            let mut bytes = Vec::new();
            batch.encode(schema.input(), &mut bytes);
            assert_eq!(
                InputBatch::decode(schema.input(), &bytes),
                Ok(batch.clone())
            );
            sticks.push(batch.frames[0].words.read::<Everything>().stick.x);
        }
        assert!((-8..=8).all(|value| sticks.contains(&value)), "{sticks:?}");
    }
}
