//! Small streams: for each kind of field the chunks of a short life, and the join after each; then
//! the longer [`lives`](crate::lives), with joins now and then.

use std::sync::Arc;

use serde_json::{Value, json};
use slotmap::SlotMap;
use syncline_shared::id::{ClassId, EntityId, PlayerId};
use syncline_shared::schema::{Field, FieldKind, Schema};
use syncline_shared::snapshot::{Audience, Event, Frame, SnapshotWriter};
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};

use crate::file::{Golden, hex, unhex};
use crate::life::{self, Life, Tick};
use crate::lives::lives;
use crate::schemas::{class, field, fixed, schema, ship};

pub(crate) const STREAMS: Golden = Golden {
    name: "stream",
    about: "Streams, tick by tick. `join` is the state after a tick, for one that follows from the \
            next; of long lives not every tick has one. `chunk` spans `span` ticks and leads from \
            the state of the tick before to `classes`, the live rows of each class by slot, and \
            tells of `events`; `verified` says whether it holds a hash. `hash` is that of the rows \
            after the tick.",
    vectors: streams,
};

/// The ticks of a short life: what is written at each. Numbers name entities and words.
type Acts = Vec<&'static [Act]>;

/// A longer life has a join each so many ticks.
const JOIN_TICKS: usize = 6;

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

fn examples() -> Vec<(&'static str, Schema, Acts)> {
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

/// A short life, written out. Its rows refer to the entity after them, then to themselves.
fn written(name: &'static str, schema: Schema, ticks: &[&[Act]]) -> Life {
    let act = |act: &Act| match *act {
        Happens(first) => life::Act::Event {
            class: 0,
            words: words(first, schema.events()[0].words()),
            references: vec![Some(1)],
        },
        Row(class, entity, first) | Private(class, entity, first) => life::Act::Row {
            class,
            entity,
            is_private: matches!(act, Private(..)),
            words: words(first, schema.classes()[usize::from(class)].words()),
            references: vec![Some((entity + 1) % 4), Some(entity)],
        },
    };
    let ticks = ticks.iter().map(|acts| Tick {
        span: 1,
        acts: acts.iter().map(act).collect(),
    });
    Life {
        name,
        ticks: ticks.collect(),
        schema,
    }
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
            entities: (0..life::ENTITIES).map(|_| map.insert(())).collect(),
            writer: SnapshotWriter::new(Arc::clone(&schema)),
            common: StreamEncoder::new(Arc::clone(&schema)),
            own: StreamEncoder::private(Arc::clone(&schema)),
            schema,
        }
    }

    fn write(&mut self, act: &life::Act) {
        let named = |references: &[Option<usize>]| -> Vec<Option<EntityId>> {
            let entity = |&entity: &Option<usize>| Some(self.entities[entity?]);
            references.iter().map(entity).collect()
        };
        match act {
            life::Act::Event {
                class,
                words,
                references,
            } => {
                let references = named(references);
                let everyone = Audience::Everyone;
                self.writer
                    .event_words(*class, everyone, words, &references);
            }
            life::Act::Row {
                class,
                entity,
                is_private,
                words,
                references,
            } => {
                let references = named(references);
                let audience = if *is_private {
                    Audience::Player(PLAYER)
                } else {
                    Audience::Everyone
                };
                let entity = self.entities[*entity];
                self.writer
                    .put_words(ClassId(*class), entity, audience, words, &references);
            }
        }
    }

    /// The chunks of a tick, of the common stream and of the private one.
    fn tick(&mut self, tick: &Tick) -> [Vec<u8>; 2] {
        self.writer.clear();
        for act in &tick.acts {
            self.write(act);
        }
        let mut chunks = [Vec::new(), Vec::new()];
        let (everyone, own) = (self.writer.everyone(), self.writer.player(PLAYER));
        self.common
            .encode(tick.span, everyone, None, &mut chunks[0]);
        self.own
            .encode(tick.span, own, Some(&self.common), &mut chunks[1]);
        chunks
    }
}

fn streams() -> Vec<Value> {
    let short = examples()
        .into_iter()
        .map(|(name, schema, ticks)| recorded(written(name, schema, &ticks), 1));
    let long = lives().into_iter().map(|life| recorded(life, JOIN_TICKS));
    short.chain(long).collect()
}

/// A life as a vector, with a join each `join_ticks` ticks.
fn recorded(life: Life, join_ticks: usize) -> Value {
    let acts = || life.ticks.iter().flat_map(|tick| &tick.acts);
    let is_private = |act: &life::Act| {
        matches!(
            act,
            life::Act::Row {
                is_private: true,
                ..
            }
        )
    };
    let private = acts().any(is_private);
    let mut server = Server::new(life.schema);
    let mut follower: Option<StreamDecoder> = None;
    let mut ticks = Vec::new();
    for (number, tick) in life.ticks.iter().enumerate() {
        let [common, own] = server.tick(tick);
        let (chunk, encoder) = if private {
            (own, &server.own)
        } else {
            (common, &server.common)
        };
        let mut join = Vec::new();
        encoder.join(&mut join);
        let mut value = json!({ "chunk": hex(&chunk), "span": tick.span });
        if number.is_multiple_of(join_ticks) {
            value["join"] = json!(hex(&join));
        }
        describe(&mut value, encoder.frame());
        // The first tick has no state before it to lead from: its join is the beginning.
        let mut events = Vec::new();
        let applied = follower
            .as_mut()
            .map(|follower| follower.apply(tick.span, &chunk, &mut events).unwrap());
        value["verified"] = json!(applied == Some(Applied::Verified));
        value["events"] = events_value(&events);
        follower
            .get_or_insert_with(|| StreamDecoder::join(Arc::clone(&server.schema), &join).unwrap());
        ticks.push(value);
    }
    json!({ "name": life.name, "schema": hex(server.schema.encoded()), "ticks": ticks })
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

/// From the first join and from each further one, to the end.
#[test]
fn streams_are_followed() {
    for vector in STREAMS.load() {
        let name = &vector["name"];
        let schema = Arc::new(Schema::decode(&unhex(vector["schema"].as_str().unwrap())).unwrap());
        let mut followers: Vec<StreamDecoder> = Vec::new();
        for (number, tick) in vector["ticks"].as_array().unwrap().iter().enumerate() {
            let chunk = unhex(tick["chunk"].as_str().unwrap());
            let span = u32::try_from(tick["span"].as_u64().unwrap()).unwrap();
            for follower in &mut followers {
                let mut events = Vec::new();
                let applied = follower.apply(span, &chunk, &mut events).unwrap();
                assert_eq!(json!(applied == Applied::Verified), tick["verified"]);
                assert_eq!(events_value(&events), tick["events"]);
            }
            if let Some(join) = tick["join"].as_str() {
                let joined = StreamDecoder::join(Arc::clone(&schema), &unhex(join));
                followers.push(joined.unwrap());
            }
            for follower in &followers {
                let mut described = tick.clone();
                describe(&mut described, follower.frame());
                assert_eq!(&described, tick, "{name}, {number}");
            }
        }
    }
}

/// A join that was mangled may be refused or mean anything, but what follows does no harm.
#[test]
fn mangled_joins_do_no_harm() {
    for vector in STREAMS.load() {
        let schema = Arc::new(Schema::decode(&unhex(vector["schema"].as_str().unwrap())).unwrap());
        let ticks = vector["ticks"].as_array().unwrap();
        for join in ticks.iter().filter_map(|tick| tick["join"].as_str()) {
            let join = unhex(join);
            for at in 0..join.len().min(100) {
                let mut mangled = join.clone();
                mangled[at] ^= 0x55;
                let Ok(mut follower) = StreamDecoder::join(Arc::clone(&schema), &mangled) else {
                    continue;
                };
                for tick in ticks.iter().take(6) {
                    let chunk = unhex(tick["chunk"].as_str().unwrap());
                    let _ = follower.apply(1, &chunk, &mut Vec::new());
                }
            }
        }
    }
}

/// A velocity that grows as predicted, while the place that it moves is as predicted too: who joins
/// then must expect what everybody else does.
#[test]
fn joins_know_the_speed_that_exact_lanes_really_have() {
    use syncline_shared::schema::{Link, LinkKind};
    let fields = vec![
        field("velocity", fixed(-100.0, 100.0, 1.0), 1),
        Field {
            link: Some(Link {
                source: 0,
                kind: LinkKind::Exact { num: 1, den: 40 },
            }),
            ..field("place", fixed(0.0, 1000.0, 1.0), 1)
        },
    ];
    let mut server = Server::new(schema(vec![class("Row", fields)], Vec::new()));
    let mut followers: Vec<StreamDecoder> = Vec::new();
    let mut moved = 0;
    for tick in 0..90u32 {
        let velocity = 101 + tick;
        // The game adds 40ths of a step.
        moved += velocity - 100;
        let place = 100 + (moved + 20) / 40;
        let acts = vec![life::Act::Row {
            class: 0,
            entity: 0,
            is_private: false,
            words: vec![velocity, place],
            references: Vec::new(),
        }];
        let [chunk, _] = server.tick(&Tick { span: 1, acts });
        for (joined, follower) in followers.iter_mut().enumerate() {
            let applied = follower.apply(1, &chunk, &mut Vec::new());
            assert!(
                applied.is_ok(),
                "joined at {joined}, at {tick}: {applied:?}"
            );
            let same = follower.frame() == server.common.frame();
            assert!(same, "joined at {joined}, differs at {tick}");
        }
        let mut join = Vec::new();
        server.common.join(&mut join);
        followers.push(StreamDecoder::join(Arc::clone(&server.schema), &join).unwrap());
    }
}
