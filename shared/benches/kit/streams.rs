//! Our streams as formats: the common one, and all players' own ones beside it.

use std::sync::Arc;

use syncline_shared::id::{ClassId, EntityId, PlayerId, Slot};
use syncline_shared::replicated::{FieldValue, Reference, RowReader};
use syncline_shared::schema::{FieldKind, Layout, Schema};
use syncline_shared::snapshot::{Contents, Event, Frame, Rows, SnapshotWriter};
use syncline_shared::stream::{Applied, BitCosts, COSTS_PER_BIT, StreamDecoder, StreamEncoder};

use super::format::Format;
use super::trace::{START_TICKS, Trace, ratio};

/// How many ticks before the end of a trace somebody joins, to be compared until then.
const LATE_JOINER_TICKS: usize = 60;

/// Ticks from one snapshot to the next.
pub(crate) const SPAN: u32 = 1;

/// Both ends of one stream.
struct Ends {
    schema: Arc<Schema>,
    encoder: StreamEncoder,
    decoder: StreamDecoder,
    events: Vec<Event>,
    applied: Applied,
}

impl Ends {
    /// Both ends before the first tick.
    fn new(schema: &Arc<Schema>, encoder: StreamEncoder) -> Self {
        Self {
            schema: Arc::clone(schema),
            decoder: joined(&encoder, schema),
            encoder,
            events: Vec::new(),
            applied: Applied::Updated,
        }
    }

    fn encode(&mut self, contents: &Contents, common: Option<&StreamEncoder>, out: &mut Vec<u8>) {
        let stats = self.encoder.encode(SPAN, contents, common, out);
        let refused = stats.rows_refused + stats.events_refused;
        assert_eq!(refused, 0, "what a case writes fits its streams");
    }

    fn decode(&mut self, chunk: &[u8]) {
        self.events.clear();
        self.applied = self
            .decoder
            .apply(SPAN, chunk, &mut self.events)
            .expect("a chunk is sound");
    }

    /// Compares what was decoded with what the game wrote.
    fn check(&self, contents: &Contents, common: Option<&StreamEncoder>) {
        assert_ne!(self.applied, Applied::Mismatch, "a hash");
        let frame = self.decoder.frame();
        for row in contents.rows() {
            let layout = &self.schema.classes()[usize::from(row.class.0)];
            let slot = self.encoder.slot_of(row.class, row.entity);
            let rows = frame.rows(row.class).zip(slot);
            let got = rows.and_then(|(rows, slot)| rows.get(slot));
            let sent = contents.row_words(*row, layout.words());
            self.check_words(got, sent, layout, contents, common);
        }
        let live: usize = frame.classes().iter().map(Rows::len).sum();
        assert_eq!(live, contents.rows().len(), "as many rows as were written");
        assert_eq!(self.events.len(), contents.events().len(), "all events");
        for (event, header) in self.events.iter().zip(contents.events()) {
            assert_eq!(event.class, header.class, "the class of an event");
            let layout = &self.schema.events()[usize::from(event.class)];
            let sent = contents.event_words(*header, layout.words());
            self.check_words(Some(&event.words), sent, layout, contents, common);
        }
    }

    fn check_words(
        &self,
        got: Option<&[u32]>,
        sent: &[u32],
        layout: &Layout,
        contents: &Contents,
        common: Option<&StreamEncoder>,
    ) {
        let got = got.expect("what was written is there");
        let mut expected = sent.to_vec();
        let mut got = got.to_vec();
        for &(word, class) in layout.references() {
            let read = Reference::read(FieldKind::Entity, &mut RowReader::new(&[got[word]]));
            let entity = contents.reference(sent[word]);
            let reference = entity.map_or(Reference::None, |entity| {
                self.reference_to(class, entity, common)
            });
            assert_eq!(read, reference, "reference {word}");
            (got[word], expected[word]) = (0, 0);
        }
        assert_eq!(got, expected, "the words of a row or an event");
    }

    fn reference_to(
        &self,
        class: ClassId,
        entity: EntityId,
        common: Option<&StreamEncoder>,
    ) -> Reference {
        let everyone = common.unwrap_or(&self.encoder);
        let own = || self.encoder.slot_of(class, entity).map(Reference::Own);
        let slot: Option<Slot> = everyone.slot_of(class, entity);
        slot.map(Reference::Common).or_else(own).unwrap_or_default()
    }
}

fn joined(encoder: &StreamEncoder, schema: &Arc<Schema>) -> StreamDecoder {
    let mut join = Vec::new();
    encoder.join(&mut join);
    StreamDecoder::join(Arc::clone(schema), &join).expect("a join is sound")
}

/// The common stream, followed from the start.
pub(crate) struct Common<'a> {
    trace: &'a Trace,
    ends: Ends,
    late_joiner: Option<StreamDecoder>,
    batch: Vec<SnapshotWriter>,
}

impl<'a> Common<'a> {
    /// Both ends.
    pub(crate) fn new(trace: &'a Trace) -> Self {
        Self {
            trace,
            ends: Ends::new(&trace.schema, StreamEncoder::new(Arc::clone(&trace.schema))),
            late_joiner: None,
            batch: Vec::new(),
        }
    }

    /// The world after the last chunk.
    pub(crate) fn frame(&self) -> &Frame {
        self.ends.encoder.frame()
    }

    /// The bytes of a join after the last chunk.
    pub(crate) fn join_bytes(&self) -> usize {
        let mut join = Vec::new();
        self.ends.encoder.join(&mut join);
        join.len()
    }
}

impl Format for Common<'_> {
    fn prepare(&mut self, place: usize, tick: usize) {
        self.batch.truncate(place);
        self.batch.push(self.trace.ticks[tick].clone());
    }

    fn encode(&mut self, place: usize, out: &mut Vec<u8>) {
        let written = self.batch[place].everyone();
        self.ends.encode(written, None, out);
    }

    fn decode(&mut self, bytes: &[u8]) {
        self.ends.decode(bytes);
    }

    fn check(&mut self, tick: usize, bytes: &[u8]) {
        self.ends.check(self.trace.ticks[tick].everyone(), None);
        if let Some(joiner) = &mut self.late_joiner {
            let applied = joiner.apply(SPAN, bytes, &mut Vec::new());
            assert_ne!(applied.expect("a chunk is sound"), Applied::Mismatch);
            assert_eq!(joiner.frame(), self.ends.decoder.frame(), "a late joiner");
        } else if tick + LATE_JOINER_TICKS >= self.trace.ticks.len() {
            self.late_joiner = Some(joined(&self.ends.encoder, &self.trace.schema));
        }
    }
}

/// What the common stream spends a snapshot on, in bytes: class, field, bytes. The dearest first.
pub(crate) fn costs(trace: &Trace) -> Vec<(String, String, f64)> {
    let mut encoder = StreamEncoder::new(Arc::clone(&trace.schema));
    let (mut costs, mut start) = (BitCosts::default(), BitCosts::default());
    let mut chunk = Vec::new();
    for (tick, written) in trace.ticks.iter().enumerate() {
        chunk.clear();
        let into = if tick < START_TICKS {
            &mut start
        } else {
            &mut costs
        };
        encoder.encode_counting(SPAN, written.everyone(), None, &mut chunk, into);
    }
    let parts = |spent: &u64| usize::try_from(*spent).unwrap_or(usize::MAX);
    let unit = usize::try_from(costs.chunks() * COSTS_PER_BIT * 8).unwrap_or(usize::MAX);
    let causes = trace.schema.causes().iter().zip(costs.costs());
    let mut named: Vec<_> = causes
        .map(|(cause, spent)| {
            let bytes = ratio(parts(spent), unit);
            (cause.class.clone(), cause.part.clone(), bytes)
        })
        .filter(|(_, _, bytes)| *bytes >= 0.005)
        .collect();
    named.sort_by(|a, b| b.2.total_cmp(&a.2));
    named
}

/// The streams of all players, beside the common one.
pub(crate) struct Own<'a> {
    trace: &'a Trace,
    common: StreamEncoder,
    players: Vec<(PlayerId, Ends)>,
    /// The tick that is being carried.
    written: Option<SnapshotWriter>,
    /// The bytes of each player's last chunk.
    sizes: Vec<usize>,
}

impl<'a> Own<'a> {
    /// Both ends of every player's stream.
    pub(crate) fn new(trace: &'a Trace) -> Self {
        let private = || StreamEncoder::private(Arc::clone(&trace.schema));
        let ends = |&player: &PlayerId| (player, Ends::new(&trace.schema, private()));
        Self {
            trace,
            common: StreamEncoder::new(Arc::clone(&trace.schema)),
            players: trace.players.iter().map(ends).collect(),
            written: None,
            sizes: Vec::new(),
        }
    }

    /// The bytes of each player's last chunk.
    pub(crate) fn sizes(&self) -> &[usize] {
        &self.sizes
    }
}

impl Format for Own<'_> {
    /// References are to the common stream as it is in the same tick.
    fn batch_max(&self) -> usize {
        1
    }

    fn prepare(&mut self, _: usize, tick: usize) {
        let written = self.trace.ticks[tick].clone();
        self.common
            .encode(SPAN, written.everyone(), None, &mut Vec::new());
        self.written = Some(written);
    }

    fn encode(&mut self, _: usize, out: &mut Vec<u8>) {
        self.sizes.clear();
        let written = self.written.as_ref().expect("a tick was prepared");
        for (player, ends) in &mut self.players {
            let before = out.len();
            let contents = written.player(*player);
            ends.encode(contents, Some(&self.common), out);
            self.sizes.push(out.len() - before);
        }
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        for ((_, ends), &size) in self.players.iter_mut().zip(&self.sizes) {
            let (chunk, after) = rest.split_at(size);
            ends.decode(chunk);
            rest = after;
        }
    }

    fn check(&mut self, tick: usize, _: &[u8]) {
        for (player, ends) in &self.players {
            ends.check(self.trace.ticks[tick].player(*player), Some(&self.common));
        }
    }
}
