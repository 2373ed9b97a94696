//! Bytes that no decoder takes, and why.

use std::sync::Arc;

use serde_json::json;
use syncline_shared::command::CommandMessage;
use syncline_shared::error::DecodeError;
use syncline_shared::input::InputBatch;
use syncline_shared::message::control::{ClientControl, ServerControl};
use syncline_shared::message::frame::FrameSection;
use syncline_shared::message::sections;
use syncline_shared::schema::Schema;
use syncline_shared::stream::{StreamDecoder, StreamEncoder};

use crate::file::{Golden, bytes, hex};

pub(crate) const REFUSED: Golden = Golden {
    name: "refused",
    about: "Bytes that must be refused by the decoder that is named, and with what error here; a \
            client need not tell the errors apart. Inputs, joins and chunks are of the schema \
            `smallest` of schema.json; chunks follow its empty stream.",
    vectors: || {
        let all = [messages(), play(), frames(), rows()].concat();
        all.into_iter().map(|(name, decoder, bytes)| {
            let error = refusal(decoder, &bytes).expect(name);
            json!({ "name": name, "decoder": decoder, "bytes": hex(&bytes), "error": format!("{error:?}") })
        }).collect()
    },
};

/// Why `decoder` refuses `bytes`, if it does.
fn refusal(decoder: &str, bytes: &[u8]) -> Option<DecodeError> {
    let schema = Arc::new(crate::schemas::smallest());
    match decoder {
        "message" => sections(bytes).collect::<Result<Vec<_>, _>>().err(),
        "client_control" => ClientControl::decode(bytes).err(),
        "server_control" => ServerControl::decode(bytes).err(),
        "input" => InputBatch::decode(schema.input(), bytes).err(),
        "command" => CommandMessage::decode(bytes).err(),
        "frame" => FrameSection::decode(bytes).err(),
        "schema" => Schema::decode(bytes).err(),
        "join" => StreamDecoder::join(schema, bytes).err(),
        "chunk" => {
            let mut join = Vec::new();
            StreamEncoder::new(Arc::clone(&schema)).join(&mut join);
            let mut follower = StreamDecoder::join(schema, &join).expect("it is empty");
            follower.apply(1, bytes, &mut Vec::new()).err()
        }
        other => panic!("{other}"),
    }
}

/// The shortest chunk that tells of an event where there are none.
fn unknown_event() -> Vec<u8> {
    let bytes = (1..=u8::MAX).map(|byte| vec![byte]);
    let unknown = |chunk: &Vec<u8>| refusal("chunk", chunk) == Some(DecodeError::UnknownClass);
    bytes.into_iter().find(unknown).expect("there is one")
}

#[test]
fn they_are_refused() {
    for vector in REFUSED.load() {
        let error = refusal(vector["decoder"].as_str().unwrap(), &bytes(&vector)).unwrap();
        assert_eq!(json!(format!("{error:?}")), vector["error"]);
    }
}

/// A name, a decoder, and bytes.
type Refused = (&'static str, &'static str, Vec<u8>);

fn messages() -> Vec<Refused> {
    vec![
        ("message_without_length", "message", vec![1]),
        ("message_cut_in_a_body", "message", vec![1, 3, 2, 2]),
        ("message_of_no_kind", "message", vec![2, 0]),
        ("message_of_unknown_kind", "message", vec![9, 0]),
        (
            "message_of_too_many_sections",
            "message",
            [3, 0].repeat(161),
        ),
        (
            "message_with_a_length_beyond_32_bits",
            "message",
            vec![1, 255, 255, 255, 255, 16],
        ),
        ("client_control_empty", "client_control", vec![]),
        ("client_control_unknown", "client_control", vec![7]),
        ("client_control_longer", "client_control", vec![2, 0]),
        ("resync_cut", "client_control", vec![4, 1, 0]),
        ("chat_cut", "client_control", vec![5, 0, 3, 65, 66]),
        ("room_request_unknown", "client_control", vec![6, 9]),
        ("chat_to_nobody", "client_control", vec![5, 3, 0]),
        (
            "client_control_with_a_bad_flag",
            "client_control",
            vec![0, 1, 2],
        ),
        ("hello_with_a_bad_code", "client_control", {
            let mut bytes = vec![0, 1, 0, 0, 2, 6];
            bytes.extend(b"ABCDE0");
            bytes.extend([0; 6]);
            bytes
        }),
        (
            "hello_with_a_name_that_is_no_text",
            "client_control",
            vec![0, 1, 0, 0, 0, 0, 0, 1, 255, 0, 0, 0, 0],
        ),
        ("server_control_unknown", "server_control", vec![7]),
        ("pong_cut", "server_control", vec![3, 7]),
        (
            "chat_of_nobody",
            "server_control",
            vec![4, 1, 1, 0, 3, 0, 0],
        ),
    ]
}

fn play() -> Vec<Refused> {
    vec![
        ("input_of_33_frames", "input", vec![0, 0, 33, 0]),
        ("input_that_holds_no_frame", "input", vec![0, 0, 0x40]),
        ("input_cut_in_its_lags", "input", vec![0, 0, 2, 5, 0]),
        (
            "input_beyond_the_last_tick",
            "input",
            vec![0, 0, 2, 255, 255, 255, 255, 15, 0, 0],
        ),
        ("input_longer", "input", vec![0, 0, 0, 0]),
        ("command_empty", "command", vec![]),
        ("command_too_long", "command", vec![0; 259]),
    ]
}

fn frames() -> Vec<Refused> {
    vec![
        ("frame_without_a_span", "frame", vec![5, 0, 0]),
        ("frame_with_a_span_of_129", "frame", vec![5, 129, 1, 0]),
        ("frame_with_unknown_flags", "frame", vec![5, 1, 8]),
        (
            "frame_of_129_statuses",
            "frame",
            vec![5, 1, 1, 3, 63, 63, 0],
        ),
        ("frame_with_a_stream_twice", "frame", vec![5, 1, 0, 3, 3]),
        (
            "frame_with_streams_out_of_order",
            "frame",
            vec![5, 1, 0, 7, 3],
        ),
        ("frame_with_stream_256", "frame", vec![5, 1, 0, 131, 8]),
        ("frame_with_part_1_of_1", "frame", vec![5, 1, 0, 2, 1, 1, 0]),
        (
            "frame_with_1025_parts",
            "frame",
            vec![5, 1, 0, 2, 0, 129, 8, 0],
        ),
        ("frame_cut_in_a_chunk", "frame", vec![5, 1, 0, 0, 2, 7]),
    ]
}

fn rows() -> Vec<Refused> {
    let smallest = crate::schemas::smallest();
    let schema = smallest.encoded();
    vec![
        ("schema_cut", "schema", schema[..schema.len() - 1].to_vec()),
        ("schema_longer", "schema", [schema, &[0]].concat()),
        (
            "schema_at_129_hz",
            "schema",
            vec![0, 129, 0, 1, b'I', 0, 0, 0],
        ),
        ("join_longer", "join", vec![0; 64]),
        ("join_of_garbage", "join", vec![255; 64]),
        ("chunk_longer", "chunk", vec![0; 64]),
        ("chunk_of_garbage", "chunk", (1..=64).collect()),
        // No row, no birth, an event of a class that the schema lacks.
        ("chunk_with_an_unknown_event", "chunk", unknown_event()),
    ]
}
