//! Frame sections, and messages of several sections.

use serde_json::{Value, json};
use syncline_shared::id::StreamSlot;
use syncline_shared::input::InputStatus;
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::{SectionKind, sections, write_section};
use syncline_shared::tick::Tick;

use crate::file::{Golden, bytes, hex, plain, unhex, vector};

pub(crate) const FRAMES: Golden = Golden {
    name: "frame",
    about: "Bodies of frame sections. The bytes of chunks and joins are arbitrary here.",
    vectors: frames,
};

pub(crate) const MESSAGES: Golden = Golden {
    name: "message",
    about: "Whole messages, split into sections: the number of the kind, and the body. The bodies \
            are vectors of the other files, or arbitrary.",
    vectors: messages,
};

const COMMON: StreamSlot = StreamSlot::COMMON;
const OWN: StreamSlot = StreamSlot::OWN;

fn frame(tick: u32) -> FrameSection<'static> {
    FrameSection {
        tick: Tick(tick),
        span: 1,
        own: OwnPart::default(),
        streams: Vec::new(),
    }
}

fn with_own(statuses: &[(InputStatus, usize)], margin_ms: Option<i32>) -> FrameSection<'static> {
    let runs = statuses.iter().map(|&(status, count)| vec![status; count]);
    let statuses = runs.collect::<Vec<_>>().concat();
    FrameSection {
        own: OwnPart {
            statuses,
            margin_ms,
            ..OwnPart::default()
        },
        ..frame(1000)
    }
}

fn repeated(mut frame: FrameSection<'static>) -> FrameSection<'static> {
    frame.own.repeated = true;
    frame
}

fn with_streams(streams: &[(StreamSlot, StreamEntry<'static>)]) -> FrameSection<'static> {
    FrameSection {
        streams: streams.to_vec(),
        ..frame(70_000)
    }
}

/// A name, and a frame.
type Example = (&'static str, FrameSection<'static>);

fn examples() -> Vec<Example> {
    [own_parts(), entries()].concat()
}

fn own_parts() -> Vec<Example> {
    use InputStatus::{Applied, Dropped, Merged, Repeated};

    vec![
        ("nothing", frame(0)),
        ("a_long_silence_ends", frame(u32::MAX)),
        (
            "two_ticks_a_snapshot",
            FrameSection {
                span: 2,
                ..frame(300)
            },
        ),
        (
            "the_longest_span",
            FrameSection {
                span: 128,
                ..frame(300)
            },
        ),
        ("a_repeated_input", with_own(&[(Repeated, 1)], None)),
        ("a_held_input", repeated(frame(1000))),
        (
            "a_held_input_changes",
            repeated(with_own(&[(Applied, 1), (Repeated, 2)], None)),
        ),
        (
            "all_statuses",
            with_own(
                &[(Applied, 3), (Repeated, 2), (Merged, 1), (Dropped, 1)],
                None,
            ),
        ),
        (
            "a_long_run",
            with_own(&[(Applied, 100), (Dropped, 28)], None),
        ),
        ("late_inputs", with_own(&[], Some(-12))),
        ("early_inputs", with_own(&[], Some(95))),
        ("late_and_dropped", with_own(&[(Dropped, 1)], Some(-300))),
    ]
}

fn entries() -> Vec<Example> {
    use StreamEntry::{Chunk, Gone, Join, JoinPart};

    let part = JoinPart {
        index: 1,
        count: 3,
        bytes: &[9; 5],
    };
    vec![
        ("a_chunk", with_streams(&[(COMMON, Chunk(&[1, 2, 3]))])),
        (
            "two_chunks",
            with_streams(&[(COMMON, Chunk(&[1, 2, 3])), (OWN, Chunk(&[4]))]),
        ),
        (
            "an_own_chunk_alone",
            with_streams(&[(OWN, Chunk(&[255; 200]))]),
        ),
        (
            "joins",
            with_streams(&[(COMMON, Join(&[0, 0])), (OWN, Join(&[]))]),
        ),
        ("a_part_of_a_join", with_streams(&[(COMMON, part)])),
        ("a_stream_is_gone", with_streams(&[(OWN, Gone)])),
        (
            "everything",
            FrameSection {
                span: 3,
                own: OwnPart {
                    statuses: vec![InputStatus::Merged],
                    repeated: true,
                    margin_ms: Some(0),
                },
                ..with_streams(&[
                    (COMMON, Chunk(&[7])),
                    (OWN, part),
                    (StreamSlot(63), Join(&[8, 8])),
                    (StreamSlot(255), Gone),
                ])
            },
        ),
    ]
}

fn encoded(frame: &FrameSection<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    bytes
}

fn frames() -> Vec<Value> {
    let vector = |(name, frame): &(&str, FrameSection<'_>)| {
        vector(name, &encoded(frame), &frame_value(frame))
    };
    examples().iter().map(vector).collect()
}

fn frame_value(frame: &FrameSection<'_>) -> Value {
    let streams: Vec<Value> = frame
        .streams
        .iter()
        .map(|&(slot, entry)| match entry {
            StreamEntry::Chunk(bytes) => json!({ "stream": slot.0, "chunk": hex(bytes) }),
            StreamEntry::Join(bytes) => json!({ "stream": slot.0, "join": hex(bytes) }),
            StreamEntry::JoinPart {
                index,
                count,
                bytes,
            } => json!({
                "stream": slot.0, "part": hex(bytes), "index": index, "count": count,
            }),
            StreamEntry::Gone => json!({ "stream": slot.0, "gone": true }),
        })
        .collect();
    json!({
        "tick": frame.tick.0,
        "span": frame.span,
        "statuses": plain(&frame.own.statuses),
        "repeated": frame.own.repeated,
        "margin_ms": frame.own.margin_ms,
        "streams": streams,
    })
}

#[test]
fn frames_are_decoded() {
    for vector in FRAMES.load() {
        let bytes = bytes(&vector);
        let frame = FrameSection::decode(&bytes).unwrap();
        assert_eq!(frame_value(&frame), vector["value"]);
    }
}

fn messages() -> Vec<Value> {
    use SectionKind::{Command, Control, Frame, Input};

    let frame = |name: &str| {
        let all = examples();
        let (_, frame) = all.iter().find(|(known, _)| *known == name).unwrap();
        encoded(frame)
    };
    let of = |golden: Golden, name: &str| {
        let all = (golden.vectors)();
        bytes(all.iter().find(|vector| vector["name"] == name).unwrap())
    };
    let messages = [
        ("nothing", vec![]),
        (
            "hello",
            vec![(Control, of(crate::control::CLIENT, "hello"))],
        ),
        (
            "inputs_with_a_ping",
            vec![
                (Control, of(crate::control::CLIENT, "ping")),
                (Input, of(crate::play::INPUTS, "one_frame")),
            ],
        ),
        (
            "a_command_with_inputs",
            vec![
                (Input, of(crate::play::INPUTS, "three_frames")),
                (Command, of(crate::play::COMMANDS, "buy")),
            ],
        ),
        (
            "frames_that_had_to_wait",
            vec![(Frame, frame("a_chunk")), (Frame, frame("two_chunks"))],
        ),
        ("a_long_body", vec![(Frame, frame("an_own_chunk_alone"))]),
        (
            "a_room_update_with_a_frame",
            vec![
                (Control, of(crate::control::SERVER, "room_running")),
                (Frame, frame("nothing")),
            ],
        ),
    ];
    messages
        .iter()
        .map(|(name, parts)| {
            let mut message = Vec::new();
            for (kind, body) in parts {
                write_section(*kind, body, &mut message);
            }
            let value = parts
                .iter()
                .map(|(kind, body)| json!({ "kind": kind.code(), "body": hex(body) }));
            vector(name, &message, &value.collect())
        })
        .collect()
}

#[test]
fn messages_are_split() {
    for vector in MESSAGES.load() {
        let message = bytes(&vector);
        let parts: Vec<_> = sections(&message).map(Result::unwrap).collect();
        let expected = vector["value"].as_array().unwrap();
        assert_eq!(parts.len(), expected.len());
        for ((kind, body), expected) in parts.into_iter().zip(expected) {
            assert_eq!(expected["kind"], kind.code());
            assert_eq!(unhex(expected["body"].as_str().unwrap()), body);
        }
    }
}
