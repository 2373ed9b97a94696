//! What has to hold of every decoder, whatever bytes it is given: it comes back, with an error or
//! with something sound.
//!
//! The targets are plain functions of bytes, which panic if something does not hold. Who makes up
//! the bytes is not their affair: `tests/fuzz` for libFuzzer, `mutate` for a machine without it, and
//! the corpus in `tests/fuzz/corpus`, which is tested with everything else.

use std::sync::{Arc, LazyLock};

use syncline_games::Arena;
use syncline_shared::command::CommandMessage;
use syncline_shared::game::Game as _;
use syncline_shared::input::InputBatch;
use syncline_shared::limits::{
    ENTITIES_PER_CLASS_MAX, EVENTS_PER_CHUNK_MAX, INPUT_FRAMES_PER_BATCH_MAX,
    SECTIONS_PER_MESSAGE_MAX, STREAM_WORDS_MAX,
};
use syncline_shared::message::control::{ClientControl, ServerControl};
use syncline_shared::message::frame::FrameSection;
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::schema::{Layout, Schema};
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{StreamDecoder, StreamEncoder};

/// Chunks after the first few tell little more, and each may take as long as the first.
const CHUNKS_MAX: usize = 24;

/// Something to feed bytes to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, that of its corpus and of its program in `tests/fuzz`.
    pub name: &'static str,
    /// Whether its inputs begin with a schema, after its length in two bytes.
    pub has_schema: bool,
    /// Panics if something does not hold.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 4] = [
    Target {
        name: "chunk",
        has_schema: true,
        run: chunk,
    },
    Target {
        name: "join",
        has_schema: true,
        run: join,
    },
    Target {
        name: "message",
        has_schema: false,
        run: message,
    },
    Target {
        name: "schema",
        has_schema: false,
        run: schema,
    },
];

/// A stream, followed: a schema and a join, each after its length in two bytes, then chunks, each
/// after its span and its length in two bytes each. Goes on after an error too, as a careless
/// client might.
pub fn chunk(input: &[u8]) {
    let mut rest = input;
    let Some((schema, join)) = counted(&mut rest).zip(counted(&mut rest)) else {
        return;
    };
    let Ok(schema) = Schema::decode(schema).map(Arc::new) else {
        return;
    };
    let joined = StreamDecoder::join(Arc::clone(&schema), join);
    let mut follower = joined.unwrap_or_else(|_| at_the_beginning(&schema));
    assert_sound(&schema, follower.frame());
    for _ in 0..CHUNKS_MAX {
        let Some((span, chunk)) = number(&mut rest).zip(counted(&mut rest)) else {
            return;
        };
        let mut events = Vec::new();
        let _ = follower.apply(u32::from(span), chunk, &mut events);
        assert_sound(&schema, follower.frame());
        assert_events_sound(&schema, &events);
    }
}

/// A schema after its length in two bytes, then a join of a stream of it.
pub fn join(input: &[u8]) {
    let mut rest = input;
    let Some(Ok(schema)) = counted(&mut rest).map(Schema::decode) else {
        return;
    };
    let schema = Arc::new(schema);
    let Ok(mut follower) = StreamDecoder::join(Arc::clone(&schema), rest) else {
        return;
    };
    assert_sound(&schema, follower.frame());
    // A stream that is sound goes on.
    let mut events = Vec::new();
    let _ = follower.apply(1, &[], &mut events);
    assert_sound(&schema, follower.frame());
    assert_eq!(events, [], "silence tells of none");
}

/// A message, of either direction; what could be read can be written and read again.
pub fn message(input: &[u8]) {
    let mut count = 0;
    for section in sections(input) {
        count += 1;
        let Ok((kind, body)) = section else {
            break;
        };
        match kind {
            SectionKind::Control => control(body),
            SectionKind::Frame => frame(body),
            SectionKind::Input => inputs(body),
            SectionKind::Command => command(body),
        }
    }
    assert!(count <= SECTIONS_PER_MESSAGE_MAX + 1);
}

/// A schema: what could be read is what it was made from, and streams of it begin.
pub fn schema(input: &[u8]) {
    let Ok(schema) = Schema::decode(input).map(Arc::new) else {
        return;
    };
    let again = Schema::decode(schema.encoded());
    assert_eq!(again.as_ref(), Ok(&*schema));
    for layout in schema.classes().iter().chain([schema.input()]) {
        assert_eq!(layout.word_max().len(), layout.words());
    }
    let mut follower = at_the_beginning(&schema);
    for chunk in input.chunks(7).take(CHUNKS_MAX) {
        let mut events = Vec::new();
        let _ = follower.apply(1, chunk, &mut events);
        assert_sound(&schema, follower.frame());
        assert_events_sound(&schema, &events);
    }
}

fn control(body: &[u8]) {
    if let Ok(control) = ClientControl::decode(body) {
        assert_eq!(ClientControl::decode(&control.encode()), Ok(control));
    }
    if let Ok(control) = ServerControl::decode(body) {
        assert_eq!(ServerControl::decode(&control.encode()), Ok(control));
    }
}

fn frame(body: &[u8]) {
    if let Ok(frame) = FrameSection::decode(body) {
        let mut written = Vec::new();
        frame.encode(&mut written);
        assert_eq!(FrameSection::decode(&written), Ok(frame));
    }
}

fn inputs(body: &[u8]) {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(Arena::schema);
    let layout = SCHEMA.input();
    if let Ok(batch) = InputBatch::decode(layout, body) {
        assert!(batch.frames.len() <= INPUT_FRAMES_PER_BATCH_MAX);
        for frame in &batch.frames {
            assert_words_sound(layout, frame.words.as_slice());
        }
        let mut written = Vec::new();
        batch.encode(layout, &mut written);
        assert_eq!(InputBatch::decode(layout, &written), Ok(batch));
    }
}

fn command(body: &[u8]) {
    if let Ok(command) = CommandMessage::decode(body) {
        let mut written = Vec::new();
        command.encode(&mut written);
        assert_eq!(CommandMessage::decode(&written), Ok(command));
    }
}

fn at_the_beginning(schema: &Arc<Schema>) -> StreamDecoder {
    let mut join = Vec::new();
    StreamEncoder::new(Arc::clone(schema)).join(&mut join);
    StreamDecoder::join(Arc::clone(schema), &join).expect("an encoder's join can be read")
}

fn assert_sound(schema: &Schema, frame: &Frame) {
    let mut held = 0;
    for (rows, layout) in frame.classes().iter().zip(schema.classes()) {
        assert!(rows.slots() <= ENTITIES_PER_CLASS_MAX);
        assert_eq!(rows.iter().count(), rows.len());
        held += rows.slots() * layout.words();
        for (_, words) in rows.iter() {
            assert_words_sound(layout, words);
        }
    }
    assert!(held <= STREAM_WORDS_MAX);
}

fn assert_events_sound(schema: &Schema, events: &[Event]) {
    assert!(events.len() <= EVENTS_PER_CHUNK_MAX);
    for event in events {
        assert_words_sound(&schema.events()[usize::from(event.class)], &event.words);
    }
}

fn assert_words_sound(layout: &Layout, words: &[u32]) {
    assert_eq!(words.len(), layout.words());
    assert!(
        words
            .iter()
            .zip(layout.word_max())
            .all(|(word, max)| word <= max)
    );
}

/// The next two bytes as a number.
fn number(rest: &mut &[u8]) -> Option<u16> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u16::from_le_bytes(*bytes))
}

/// As many bytes as the next two say, or all that are left.
fn counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(number(rest)?);
    let (bytes, behind) = rest.split_at(length.min(rest.len()));
    *rest = behind;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What the corpus of one target may take.
    const CORPUS_BYTES_MAX: usize = 75_000;

    #[test]
    fn everything_holds_of_the_corpus() {
        for target in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("fuzz/corpus")
                .join(target.name);
            let files = fs::read_dir(&folder).expect("each target has a corpus");
            let inputs: Vec<Vec<u8>> = files
                .map(|file| fs::read(file.unwrap().path()).unwrap())
                .collect();
            assert!(inputs.len() >= 3, "{} has a few inputs", target.name);
            assert!(inputs.iter().map(Vec::len).sum::<usize>() <= CORPUS_BYTES_MAX);
            for input in inputs {
                (target.run)(&input);
            }
        }
    }

    #[test]
    #[should_panic(expected = "word <= max")]
    fn a_word_out_of_range_is_found() {
        let schema = Arena::schema();
        let layout = schema.input();
        let words: Vec<u32> = layout.word_max().iter().map(|max| max + 1).collect();
        assert_words_sound(layout, &words);
    }
}
