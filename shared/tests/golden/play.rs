//! What players send: input batches and commands.

use serde_json::{Value, json};
use syncline_shared::codec;
use syncline_shared::command::CommandMessage;
use syncline_shared::input::{InputBatch, InputFrame, InputWords};
use syncline_shared::schema::{Schema, SchemaBuilder};
use syncline_shared::tick::{Tick, TickRate, ViewTick};

use crate::file::{Golden, bytes, hex, plain, unhex, vector};

pub(crate) const INPUTS: Golden = Golden {
    name: "input",
    about: "Bodies of input sections. The words are those of the input class of `schema`, an \
            encoded schema; `view_lag` is in eighths of a tick.",
    vectors: inputs,
};

pub(crate) const COMMANDS: Golden = Golden {
    name: "command",
    about: "Bodies of command sections. `command` is what the payload, encoded for `schema`, says.",
    vectors: commands,
};

syncline_shared::replicated! {
    /// Two buttons, a stick and a choice.
    #[derive(Clone, Debug, Default)]
    struct Pressed {
        fire: bool => flag,
        jump: bool => flag,
        stick: glam::Vec2 => fixed(-1.0, 1.0, 0.125),
        aim: f32 => angle(8),
        weapon: u8 => bits(3),
    }
}

syncline_shared::replicated! {
    #[derive(Clone, Debug, Default)]
    struct Nothing {}
}

syncline_shared::commands! {
    /// A command of each kind of field.
    enum Order {
        EndTurn {},
        Buy { item: u16, count: u8, now: bool },
        Trade { gold: u32, reputation: i32, price: f32 },
        Say { text: String, seal: Vec<u8> },
    }
}

fn schema() -> Schema {
    SchemaBuilder::new("golden", TickRate::hz(30))
        .input::<Pressed>()
        .commands::<Order>()
        .build()
}

fn frame(schema: &Schema, tick: u32, lag: u64, words: &[u32]) -> InputFrame {
    InputFrame {
        tick: Tick(tick),
        view: ViewTick::before(Tick(tick), lag),
        words: InputWords::clamped(words, schema.input()),
    }
}

fn inputs() -> Vec<Value> {
    let (pressed, nothing) = (schema(), SchemaBuilder::new("golden", TickRate::hz(30)));
    let nothing = nothing.input::<Nothing>().build();
    let batch = |received: u32, frames: Vec<InputFrame>| InputBatch {
        incarnation: 1,
        received,
        frames: frames.into(),
        held: false,
    };
    let one = |tick: u32, lag: u64, words: &[u32]| frame(&pressed, tick, lag, words);
    let many = (1000..)
        .take(32)
        .map(|tick| one(tick, 20, &[tick & 1, 0, 8, 8, tick & 255, 7]));
    let pressed = &pressed;
    let batches = [
        ("acknowledgement", pressed, batch(300, vec![])),
        (
            "one_frame",
            pressed,
            batch(5, vec![one(100, 24, &[1, 0, 16, 8, 200, 5])]),
        ),
        (
            "three_frames",
            pressed,
            batch(
                6,
                vec![
                    one(101, 24, &[1; 6]),
                    one(102, 25, &[0; 6]),
                    one(103, 200, &[1, 1, 0, 16, 255, 7]),
                ],
            ),
        ),
        (
            "a_held_frame",
            pressed,
            InputBatch {
                held: true,
                ..batch(7, vec![one(104, 24, &[1, 0, 16, 8, 200, 5])])
            },
        ),
        ("a_full_batch", pressed, batch(1_000_000, many.collect())),
        (
            "the_first_tick",
            pressed,
            InputBatch {
                incarnation: 0,
                ..batch(0, vec![one(0, 0, &[0; 6])])
            },
        ),
        (
            "without_words",
            &nothing,
            batch(
                2,
                vec![frame(&nothing, 9, 1, &[]), frame(&nothing, 10, 1, &[])],
            ),
        ),
    ];
    batches
        .iter()
        .map(|(name, schema, batch)| {
            let mut bytes = Vec::new();
            batch.encode(schema.input(), &mut bytes);
            let mut vector = vector(name, &bytes, &batch_value(batch));
            vector["schema"] = json!(hex(schema.encoded()));
            vector
        })
        .collect()
}

fn batch_value(batch: &InputBatch) -> Value {
    let frames: Vec<Value> = batch
        .frames
        .iter()
        .map(|frame| {
            json!({
                "tick": frame.tick.0,
                "view_lag": frame.view.lag(frame.tick),
                "words": frame.words.as_slice(),
            })
        })
        .collect();
    json!({
        "incarnation": batch.incarnation,
        "received": batch.received,
        "frames": frames,
        "held": batch.held,
    })
}

#[test]
fn inputs_are_decoded() {
    for vector in INPUTS.load() {
        let schema = Schema::decode(&unhex(vector["schema"].as_str().unwrap())).unwrap();
        let batch = InputBatch::decode(schema.input(), &bytes(&vector)).unwrap();
        assert_eq!(batch_value(&batch), vector["value"]);
    }
}

fn commands() -> Vec<Value> {
    let orders = [
        ("end_turn", 0, Order::EndTurn {}),
        (
            "buy",
            1,
            Order::Buy {
                item: 250,
                count: 255,
                now: true,
            },
        ),
        (
            "buy_another",
            127,
            Order::Buy {
                item: 251,
                count: 0,
                now: false,
            },
        ),
        (
            "trade",
            128,
            Order::Trade {
                gold: 70_000,
                reputation: -126,
                price: 1.5,
            },
        ),
        (
            "trade_extremes",
            300,
            Order::Trade {
                gold: u32::MAX,
                reputation: i32::MIN,
                price: -0.25,
            },
        ),
        (
            "say",
            u32::MAX,
            Order::Say {
                text: "grüß".to_owned(),
                seal: vec![0, 255],
            },
        ),
    ];
    orders
        .iter()
        .map(|(name, sequence, order)| {
            let message = CommandMessage {
                incarnation: 1,
                sequence: *sequence,
                payload: codec::encode(order),
            };
            let mut bytes = Vec::new();
            message.encode(&mut bytes);
            let mut vector = vector(name, &bytes, &message_value(&message));
            vector["command"] = plain(order);
            vector["schema"] = json!(hex(schema().encoded()));
            vector
        })
        .collect()
}

fn message_value(message: &CommandMessage) -> Value {
    json!({
        "incarnation": message.incarnation,
        "sequence": message.sequence,
        "payload": hex(&message.payload),
    })
}

#[test]
fn commands_are_decoded() {
    for vector in COMMANDS.load() {
        let message = CommandMessage::decode(&bytes(&vector)).unwrap();
        assert_eq!(message_value(&message), vector["value"]);
        let order: Order = codec::decode(&message.payload).unwrap();
        assert_eq!(plain(&order), vector["command"]);
    }
}
