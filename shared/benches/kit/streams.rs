//! Our streams as a format, and what their chunks cost as messages.

use std::sync::Arc;

use syncline_shared::id::{ClassId, EntityId, Slot, StreamSlot};
use syncline_shared::limits::SILENCE_MICROS_MAX;
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::replicated::{FieldValue, Reference, RowReader};
use syncline_shared::schema::FieldKind;
use syncline_shared::snapshot::{Contents, Event, Frame, Rows, SnapshotWriter};
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};
use syncline_shared::tick::Tick;

use super::format::Format;
use super::trace::Trace;

/// How many ticks before the end of a trace somebody joins, to be compared until then.
const LATE_JOINER_TICKS: usize = 60;

/// Ticks from one snapshot to the next.
const SPAN: u32 = 1;

/// The common stream, followed from the start.
pub(crate) struct Streams<'a> {
    trace: &'a Trace,
    encoder: StreamEncoder,
    decoder: StreamDecoder,
    late_joiner: Option<StreamDecoder>,
    batch: Vec<(usize, SnapshotWriter)>,
    events: Vec<Event>,
    last: Applied,
}

impl<'a> Streams<'a> {
    /// Both ends, before the first tick.
    pub(crate) fn new(trace: &'a Trace) -> Self {
        let encoder = StreamEncoder::new(Arc::clone(&trace.schema));
        Self {
            trace,
            decoder: follow(&encoder, trace),
            encoder,
            late_joiner: None,
            batch: Vec::new(),
            events: Vec::new(),
            last: Applied::Updated,
        }
    }

    /// The world after the last chunk.
    pub(crate) fn frame(&self) -> &Frame {
        self.encoder.frame()
    }

    /// The bytes of a join after the last chunk.
    pub(crate) fn join_bytes(&self) -> usize {
        let mut join = Vec::new();
        self.encoder.join(&mut join);
        join.len()
    }

    /// Compares the rows of a frame with what the game wrote.
    fn check_rows(&self, contents: &Contents, frame: &Frame) {
        let mut written = 0;
        for row in contents.rows() {
            let layout = &self.trace.schema.classes()[usize::from(row.class.0)];
            let slot = self.slot_of(row.class, row.entity);
            let rows = frame.rows(row.class).expect("a class of the schema");
            let got = rows.get(slot).expect("a row that was written is there");
            let sent = contents.row_words(*row, layout.words());
            let mut references = layout.references().iter().peekable();
            for (index, (&got, &sent)) in got.iter().zip(sent).enumerate() {
                match references.next_if(|&&(place, _)| place == index) {
                    None => assert_eq!(got, sent, "word {index} of {row:?}"),
                    Some(&(_, target)) => {
                        let read = Reference::read(FieldKind::Entity, &mut RowReader::new(&[got]));
                        let expected = match contents.reference(sent) {
                            None => Reference::None,
                            Some(entity) => Reference::Common(self.slot_of(target, entity)),
                        };
                        assert_eq!(read, expected, "word {index} of {row:?}");
                    }
                }
            }
            written += 1;
        }
        let live: usize = frame.classes().iter().map(Rows::len).sum();
        assert_eq!(live, written, "as many rows as were written");
    }

    fn slot_of(&self, class: ClassId, entity: EntityId) -> Slot {
        let slot = self.encoder.slot_of(class, entity);
        slot.expect("an entity that was written has a slot")
    }
}

fn follow(encoder: &StreamEncoder, trace: &Trace) -> StreamDecoder {
    let mut join = Vec::new();
    encoder.join(&mut join);
    StreamDecoder::join(Arc::clone(&trace.schema), &join).expect("a join is sound")
}

impl Format for Streams<'_> {
    fn prepare(&mut self, place: usize, tick: usize) {
        self.batch.truncate(place);
        self.batch.push((tick, self.trace.ticks[tick].clone()));
    }

    fn encode(&mut self, place: usize, out: &mut Vec<u8>) {
        let (_, written) = &self.batch[place];
        let stats = self.encoder.encode(SPAN, written.everyone(), None, out);
        assert_eq!(stats.rows_refused, 0, "the rows of a case fit its stream");
    }

    fn decode(&mut self, bytes: &[u8]) {
        self.events.clear();
        self.last = self
            .decoder
            .apply(SPAN, bytes, &mut self.events)
            .expect("a chunk is sound");
    }

    fn check(&mut self, tick: usize, bytes: &[u8]) {
        assert_ne!(self.last, Applied::Mismatch, "the hash of tick {tick}");
        self.check_rows(self.trace.ticks[tick].everyone(), self.decoder.frame());
        if let Some(joiner) = &mut self.late_joiner {
            let applied = joiner.apply(SPAN, bytes, &mut self.events);
            assert_ne!(applied.expect("a chunk is sound"), Applied::Mismatch);
            assert_eq!(joiner.frame(), self.decoder.frame(), "a late joiner");
        } else if tick + LATE_JOINER_TICKS >= self.trace.ticks.len() {
            self.late_joiner = Some(follow(&self.encoder, self.trace));
        }
    }
}

/// The bytes of the messages that carry chunks of these sizes to one member, tick by tick, with
/// their WebSocket headers: nothing where all went as predicted, until the silence grows too long.
pub(crate) fn message_bytes(hz: u16, chunks: &[usize]) -> Vec<usize> {
    let silence_max = SILENCE_MICROS_MAX * u64::from(hz) / 1_000_000;
    let mut silence = 0;
    let ticks = (1u32 << 14..).map(Tick);
    let sizes = ticks.zip(chunks).map(|(tick, &chunk)| {
        silence += 1;
        if chunk == 0 && silence < silence_max {
            return 0;
        }
        silence = 0;
        message_size(tick, chunk)
    });
    sizes.collect()
}

fn message_size(tick: Tick, chunk: usize) -> usize {
    let chunk = vec![0; chunk];
    let streams = if chunk.is_empty() {
        Vec::new()
    } else {
        vec![(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))]
    };
    let section = FrameSection {
        tick,
        span: SPAN,
        own: OwnPart::default(),
        streams,
    };
    let (mut body, mut message) = (Vec::new(), Vec::new());
    section.encode(&mut body);
    write_section(SectionKind::Frame, &body, &mut message);
    message.len() + websocket_header(message.len())
}

/// What a server puts before a message of so many bytes.
fn websocket_header(length: usize) -> usize {
    match length {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}
