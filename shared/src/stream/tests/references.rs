//! Which slot an entity's name becomes, and how rows read as a game's types.

use std::sync::Arc;

use slotmap::SlotMap;

use crate::id::{EntityId, PlayerId, Slot};
use crate::replicated::Reference;
use crate::schema::{Schema, SchemaBuilder};
use crate::snapshot::{Audience, Event, SnapshotWriter};
use crate::stream::{StreamDecoder, StreamEncoder};
use crate::tick::TickRate;

crate::replicated! {
    /// What everybody sees.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Ship {
        hull: u8 => bits(7),
        prey: Reference => entity("Ship"),
    }
}

crate::replicated! {
    /// What one player sees.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Plan {
        first: Reference => entity("Ship"),
        then: Reference => entity("Plan"),
    }
}

crate::replicated! {
    #[derive(Clone, Debug, PartialEq)]
    enum Happened {
        Hit { who: Reference => entity("Ship"), hard: u8 => bits(3) },
    }
}

const PLAYER: PlayerId = PlayerId(7);
const OWN: Audience = Audience::Player(PLAYER);

/// A server with two streams and one client that follows both.
struct Pair {
    schema: Arc<Schema>,
    writer: SnapshotWriter,
    encoders: [StreamEncoder; 2],
    decoders: [StreamDecoder; 2],
    events: [Vec<Event>; 2],
}

impl Pair {
    fn new() -> Self {
        let schema = SchemaBuilder::new("test", TickRate::hz(30))
            .class::<Ship>()
            .class::<Plan>()
            .events::<Happened>()
            .build();
        let schema = Arc::new(schema);
        // The client knows the schema from the wire, not by type.
        let received = Arc::new(Schema::decode(schema.encoded()).unwrap());
        let encoder = StreamEncoder::new(Arc::clone(&schema));
        let mut join = Vec::new();
        encoder.join(&mut join);
        let decoder = StreamDecoder::join(received, &join).unwrap();
        Self {
            writer: SnapshotWriter::new(Arc::clone(&schema)),
            schema,
            encoders: [encoder.clone(), encoder],
            decoders: [decoder.clone(), decoder],
            events: [Vec::new(), Vec::new()],
        }
    }

    /// One tick in which the game writes what `write` does.
    fn tick(&mut self, write: impl FnOnce(&mut SnapshotWriter)) {
        self.writer.clear();
        write(&mut self.writer);
        let [common, own] = &mut self.encoders;
        let mut chunks = [Vec::new(), Vec::new()];
        common.encode(1, self.writer.everyone(), None, &mut chunks[0]);
        own.encode(1, self.writer.player(PLAYER), Some(common), &mut chunks[1]);
        for ((decoder, chunk), events) in
            self.decoders.iter_mut().zip(&chunks).zip(&mut self.events)
        {
            events.clear();
            decoder.apply(1, chunk, events).unwrap();
        }
    }

    fn ship(&self, slot: u16) -> Option<Ship> {
        let decoder = &self.decoders[0];
        decoder.frame().entity(decoder.schema(), Slot(slot))
    }

    fn plan(&self, slot: u16) -> Option<Plan> {
        let decoder = &self.decoders[1];
        decoder.frame().entity(decoder.schema(), Slot(slot))
    }
}

fn ids<const N: usize>() -> [EntityId; N] {
    let mut map: SlotMap<EntityId, ()> = SlotMap::with_key();
    core::array::from_fn(|_| map.insert(()))
}

fn ship(hull: u8, prey: impl Into<Option<EntityId>>) -> Ship {
    Ship {
        hull,
        prey: prey.into().map_or(Reference::None, Reference::Entity),
    }
}

fn common(slot: u16) -> Reference {
    Reference::Common(Slot(slot))
}

/// Entities that name each other before either has a slot.
#[test]
fn newcomers_may_name_each_other() {
    let [a, b] = ids();
    let mut pair = Pair::new();
    pair.tick(|world| {
        world.put(a, Audience::Everyone, &ship(1, b));
        world.put(b, Audience::Everyone, &ship(2, a));
    });
    assert_eq!(pair.ship(0).unwrap().prey, common(1));
    assert_eq!(pair.ship(1).unwrap().prey, common(0));
    let ships = pair.decoders[0].frame().entities::<Ship>(&pair.schema);
    assert_eq!(
        ships
            .map(|(slot, ship)| (slot.0, ship.hull))
            .collect::<Vec<_>>(),
        [(0, 1), (1, 2)]
    );
}

#[test]
fn a_reference_to_what_is_gone_is_none() {
    let [a, b] = ids();
    let mut pair = Pair::new();
    pair.tick(|world| {
        world.put(a, Audience::Everyone, &ship(1, b));
        world.put(b, Audience::Everyone, &ship(2, None));
    });
    pair.tick(|world| world.put(a, Audience::Everyone, &ship(1, b)));
    assert_eq!(pair.ship(0), Some(ship(1, None)));
    assert_eq!(pair.ship(1), None);
}

/// A private row names public entities by the common stream's slots, its own by its own.
#[test]
fn private_rows_name_both_worlds() {
    let [hidden, seen, plan, next] = ids();
    let mut pair = Pair::new();
    let write = |world: &mut SnapshotWriter| {
        world.put(seen, Audience::Everyone, &ship(1, None));
        world.put(hidden, OWN, &ship(9, seen));
        let to = |first: EntityId, then: EntityId| Plan {
            first: first.into(),
            then: then.into(),
        };
        world.put(plan, OWN, &to(seen, next));
        world.put(next, OWN, &to(hidden, plan));
    };
    pair.tick(write);
    let own = |slot| Reference::Own(Slot(slot));
    assert_eq!(
        pair.plan(0),
        Some(Plan {
            first: common(0),
            then: own(1)
        })
    );
    assert_eq!(
        pair.plan(1),
        Some(Plan {
            first: own(0),
            then: own(0)
        })
    );
}

/// An entity that only one player sees has no name in the common stream: nobody else learns of it.
#[test]
fn the_common_stream_does_not_name_what_is_private() {
    let [seen, hidden] = ids();
    let mut pair = Pair::new();
    for _ in 0..2 {
        pair.tick(|world| {
            world.put(hidden, OWN, &ship(9, None));
            world.put(seen, Audience::Everyone, &ship(1, hidden));
            world.event(
                Audience::Everyone,
                &Happened::Hit {
                    who: hidden.into(),
                    hard: 3,
                },
            );
        });
        assert_eq!(pair.ship(0).unwrap().prey, Reference::None);
        let hit = Happened::Hit {
            who: Reference::None,
            hard: 3,
        };
        assert_eq!(pair.events[0][0].read(), Some(hit));
    }
}

#[test]
fn events_name_entities_too() {
    let [a, b] = ids();
    let mut pair = Pair::new();
    pair.tick(|world| {
        world.put(a, Audience::Everyone, &ship(1, None));
        world.put(b, Audience::Everyone, &ship(2, None));
        world.event(
            OWN,
            &Happened::Hit {
                who: b.into(),
                hard: 1,
            },
        );
        world.event(
            Audience::Everyone,
            &Happened::Hit {
                who: b.into(),
                hard: 2,
            },
        );
        world.event(
            Audience::Everyone,
            &Happened::Hit {
                who: a.into(),
                hard: 200,
            },
        );
    });
    let read = |stream: usize| -> Vec<Happened> {
        pair.events[stream].iter().filter_map(Event::read).collect()
    };
    let hit = |slot, hard| Happened::Hit {
        who: common(slot),
        hard,
    };
    assert_eq!(read(0), [hit(1, 2), hit(0, 7)]);
    assert_eq!(read(1), [hit(1, 1)]);
}

/// Of two rows of one entity the later counts, for newcomers and for those already there.
#[test]
fn the_later_of_two_rows_counts() {
    let [a] = ids();
    let mut pair = Pair::new();
    for hull in [10, 20] {
        pair.tick(|world| {
            world.put(a, Audience::Everyone, &ship(hull, None));
            world.put(a, Audience::Everyone, &ship(hull + 1, None));
        });
        assert_eq!(pair.ship(0), Some(ship(hull + 1, None)));
        assert_eq!(pair.decoders[0].frame().classes()[0].len(), 1);
    }
}

/// Bare words and a game's types make the same bytes.
#[test]
fn words_and_types_write_the_same() {
    let [a, b] = ids();
    let (mut typed, mut bare) = (Pair::new(), Pair::new());
    typed.tick(|world| {
        world.put(a, Audience::Everyone, &ship(5, b));
        world.put(b, Audience::Everyone, &ship(6, None));
        world.event(
            OWN,
            &Happened::Hit {
                who: b.into(),
                hard: 1,
            },
        );
    });
    let class = bare.schema.class_of::<Ship>().unwrap();
    bare.tick(|world| {
        world.put_words(
            class,
            a,
            Audience::Everyone,
            &[5, 99, 7, 7],
            &[Some(b), Some(a)],
        );
        world.put_words(class, b, Audience::Everyone, &[6], &[]);
        world.event_words(0, OWN, &[0, 1], &[Some(b)]);
    });
    for stream in 0..2 {
        assert_eq!(
            typed.decoders[stream].frame(),
            bare.decoders[stream].frame()
        );
    }
    assert_eq!(typed.events, bare.events);
}
