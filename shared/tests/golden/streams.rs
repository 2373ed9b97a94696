//! Small streams: for each kind of field the chunks of a short life, and the join after each.

use std::sync::Arc;

use serde_json::{Value, json};
use slotmap::SlotMap;
use syncline_shared::id::{ClassId, EntityId, PlayerId};
use syncline_shared::schema::{Field, FieldKind, Schema};
use syncline_shared::snapshot::{Audience, Event, Frame, SnapshotWriter};
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};

use crate::file::{Golden, hex, unhex};
use crate::schemas::{class, field, fixed, schema, ship};

pub(crate) const STREAMS: Golden = Golden {
    name: "stream",
    about: "Streams, tick by tick. `join` is the state after a tick, for one that follows from the \
            next. `chunk` leads from the state of the tick before to `classes`, the live rows of \
            each class by slot, and tells of `events`; `verified` says whether it holds a hash. \
            `hash` is that of the rows after the tick.",
    vectors: streams,
};

/// Ticks of a life: what is written at each. Numbers name entities and words.
type Life = Vec<&'static [Act]>;

#[derive(Clone, Copy)]
enum Act {
    /// A row: class, entity, the first word of its words.
    Row(u8, usize, u32),
    /// A private row.
    Private(u8, usize, u32),
    /// An event of the first class.
    Event(u32),
}

use Act::{Event as Happens, Private, Row};

/// Two appear; one changes; silence; one goes and another comes, in its slot; all go.
const LIFE: [&[Act]; 6] = [
    &[],
    &[Row(0, 0, 0), Row(0, 1, 1)],
    &[Row(0, 0, 0), Row(0, 1, 0)],
    &[Row(0, 0, 0), Row(0, 1, 0)],
    &[Row(0, 1, 0), Row(0, 2, 9), Happens(4), Happens(0)],
    &[],
];

const TWO_CLASSES: [&[Act]; 4] = [
    &[Row(0, 0, 1), Row(1, 0, 2)],
    &[Row(0, 0, 1), Row(1, 0, 3), Row(1, 1, 4)],
    &[Row(1, 1, 4)],
    &[Row(0, 0, 7), Row(1, 1, 5), Row(1, 2, 6)],
];

/// The private rows come before their targets have slots, and keep their own when these go.
const PRIVATE: [&[Act]; 3] = [
    &[Row(0, 0, 1), Private(0, 1, 2), Private(0, 2, 3)],
    &[
        Row(0, 0, 1),
        Row(0, 3, 1),
        Private(0, 1, 2),
        Private(0, 2, 3),
    ],
    &[Private(0, 1, 2), Private(0, 2, 3)],
];

const PLAYER: PlayerId = PlayerId(0);

fn examples() -> Vec<(&'static str, Schema, Life)> {
    let one = |kind: FieldKind, lanes: u8| {
        let fields = || vec![field("value", kind, lanes)];
        schema(vec![class("Row", fields())], vec![class("Event", fields())])
    };
    let plain = || vec![class("Event", Vec::new())];
    let entity = Field {
        target: Some(ClassId(0)),
        ..field("other", FieldKind::Entity, 1)
    };
    let refers = || vec![entity.clone(), field("tag", FieldKind::Bits(4), 1)];
    vec![
        ("flag", one(FieldKind::Bool, 1), LIFE.to_vec()),
        ("hashed", one(FieldKind::Bits(5), 1), LIFE.repeat(6)),
        ("bits_5", one(FieldKind::Bits(5), 1), LIFE.to_vec()),
        ("bits_32", one(FieldKind::Bits(32), 1), LIFE.to_vec()),
        ("fixed", one(fixed(-10.0, 10.0, 0.25), 1), LIFE.to_vec()),
        (
            "fixed_vector",
            one(fixed(0.0, 1000.0, 1.0), 3),
            LIFE.to_vec(),
        ),
        ("angle", one(FieldKind::Angle(9), 1), LIFE.to_vec()),
        (
            "quaternion",
            one(FieldKind::Quaternion(9), 1),
            LIFE.to_vec(),
        ),
        ("counter", one(FieldKind::Counter, 1), LIFE.to_vec()),
        (
            "entity",
            schema(vec![class("Row", refers())], vec![class("Event", refers())]),
            LIFE.to_vec(),
        ),
        (
            "no_fields",
            schema(vec![class("Row", Vec::new())], plain()),
            LIFE.to_vec(),
        ),
        (
            "every_kind",
            schema(vec![ship(), class("Crate", Vec::new())], plain()),
            LIFE.to_vec(),
        ),
        (
            "two_classes",
            schema(
                vec![
                    class(
                        "A",
                        vec![
                            field("a", FieldKind::Bits(3), 1),
                            field("b", FieldKind::Bits(8), 1),
                        ],
                    ),
                    class("B", vec![field("c", FieldKind::Bits(6), 2)]),
                ],
                plain(),
            ),
            TWO_CLASSES.to_vec(),
        ),
        (
            "private",
            schema(vec![class("Row", refers())], Vec::new()),
            PRIVATE.to_vec(),
        ),
    ]
}

/// Words that follow from `first`, some of them too high for their fields: the stream lowers them.
fn words(first: u32, count: usize) -> Vec<u32> {
    let next = |word: &u32| Some(word.wrapping_mul(2_654_435_761) >> 7);
    std::iter::successors(Some(first), next)
        .take(count)
        .collect()
}

struct Server {
    schema: Arc<Schema>,
    entities: Vec<EntityId>,
    writer: SnapshotWriter,
    common: StreamEncoder,
    own: StreamEncoder,
}

impl Server {
    fn new(schema: Schema) -> Self {
        let schema = Arc::new(schema);
        let mut map: SlotMap<EntityId, ()> = SlotMap::with_key();
        Self {
            entities: (0..4).map(|_| map.insert(())).collect(),
            writer: SnapshotWriter::new(Arc::clone(&schema)),
            common: StreamEncoder::new(Arc::clone(&schema)),
            own: StreamEncoder::private(Arc::clone(&schema)),
            schema,
        }
    }

    /// References of a row: the entity after it, then itself.
    fn write(&mut self, act: Act) {
        let (class, entity, first, audience) = match act {
            Row(class, entity, first) => (class, entity, first, Audience::Everyone),
            Private(class, entity, first) => (class, entity, first, Audience::Player(PLAYER)),
            Happens(first) => {
                let layout = &self.schema.events()[0];
                let words = words(first, layout.words());
                let references = [Some(self.entities[1])];
                return self
                    .writer
                    .event_words(0, Audience::Everyone, &words, &references);
            }
        };
        let layout = &self.schema.classes()[usize::from(class)];
        let words = words(first, layout.words());
        let next = (entity + 1) % self.entities.len();
        let references = [Some(self.entities[next]), Some(self.entities[entity])];
        self.writer.put_words(
            ClassId(class),
            self.entities[entity],
            audience,
            &words,
            &references,
        );
    }

    /// The chunks of a tick, of the common stream and of the private one.
    fn tick(&mut self, acts: &[Act]) -> [Vec<u8>; 2] {
        self.writer.clear();
        for &act in acts {
            self.write(act);
        }
        let mut chunks = [Vec::new(), Vec::new()];
        let (everyone, own) = (self.writer.everyone(), self.writer.player(PLAYER));
        self.common.encode(1, everyone, None, &mut chunks[0]);
        self.own.encode(1, own, Some(&self.common), &mut chunks[1]);
        chunks
    }
}

fn streams() -> Vec<Value> {
    examples()
        .into_iter()
        .map(|(name, schema, life)| {
            let private = life.concat().iter().any(|act| matches!(act, Private(..)));
            let mut server = Server::new(schema);
            let mut follower: Option<StreamDecoder> = None;
            let mut ticks = Vec::new();
            for acts in life {
                let [common, own] = server.tick(acts);
                let (chunk, encoder) = if private {
                    (own, &server.own)
                } else {
                    (common, &server.common)
                };
                let mut join = Vec::new();
                encoder.join(&mut join);
                let mut tick = json!({ "chunk": hex(&chunk), "join": hex(&join) });
                describe(&mut tick, encoder.frame());
                // The first tick has no state before it to lead from: its join is the beginning.
                let mut events = Vec::new();
                let applied = follower
                    .as_mut()
                    .map(|follower| follower.apply(1, &chunk, &mut events).unwrap());
                tick["verified"] = json!(applied == Some(Applied::Verified));
                tick["events"] = events_value(&events);
                follower.get_or_insert_with(|| {
                    StreamDecoder::join(Arc::clone(&server.schema), &join).unwrap()
                });
                ticks.push(tick);
            }
            json!({ "name": name, "schema": hex(server.schema.encoded()), "ticks": ticks })
        })
        .collect()
}

fn describe(tick: &mut Value, frame: &Frame) {
    let classes = frame.classes().iter().map(|rows| {
        let row = |(slot, words): (syncline_shared::id::Slot, &[u32])| json!({ "slot": slot.0, "words": words });
        rows.iter().map(row).collect::<Vec<_>>()
    });
    tick["classes"] = json!(classes.collect::<Vec<_>>());
    tick["hash"] = json!(frame.hash().value());
}

fn events_value(events: &[Event]) -> Value {
    let event = |event: &Event| json!({ "class": event.class, "words": event.words });
    events.iter().map(event).collect()
}

#[test]
fn streams_are_followed() {
    for vector in STREAMS.load() {
        let schema = Arc::new(Schema::decode(&unhex(vector["schema"].as_str().unwrap())).unwrap());
        let join = |tick: &Value| {
            StreamDecoder::join(Arc::clone(&schema), &unhex(tick["join"].as_str().unwrap()))
                .unwrap()
        };
        let ticks = vector["ticks"].as_array().unwrap();
        let mut follower = join(&ticks[0]);
        for tick in &ticks[1..] {
            let mut events = Vec::new();
            let chunk = unhex(tick["chunk"].as_str().unwrap());
            let applied = follower.apply(1, &chunk, &mut events).unwrap();
            assert_eq!(json!(applied == Applied::Verified), tick["verified"]);
            assert_eq!(events_value(&events), tick["events"]);
            for frame in [follower.frame(), join(tick).frame()] {
                let mut described = tick.clone();
                describe(&mut described, frame);
                assert_eq!(&described, tick, "{}", vector["name"]);
            }
        }
    }
}
