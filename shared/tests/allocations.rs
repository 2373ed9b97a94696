//! In steady state, entities that move and turn cost no allocation: not to write their rows, not to
//! encode them, not to decode them. A heap that isn't touched can't grow or stall a tick.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking")]
// A global allocator can't be written without it. This one hands everything on to the system's, and
// only counts: how often, in threads that ask for it.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use glam::Vec2;
use slotmap::SlotMap;
use syncline_shared::game::Audience;
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::replicated;
use syncline_shared::schema::{Schema, SchemaBuilder};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::stream::{Applied, StreamDecoder, StreamEncoder};
use syncline_shared::tick::TickRate;

replicated! {
    /// What flies.
    #[derive(Clone, Debug)]
    pub struct Ship {
        pub position: Vec2 => fixed(-1000.0, 1000.0, 0.01) follows(velocity, 1, 30),
        pub velocity: Vec2 => fixed(-100.0, 100.0, 0.01),
        pub aim: f32 => angle(10),
        pub owner: PlayerId => bits(10),
        pub score: u16 => counter,
    }
}

replicated! {
    /// What a ship's player alone sees.
    #[derive(Clone, Debug)]
    pub struct Tank {
        pub fuel: u16 => bits(16),
    }
}

/// Counts.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // Not while the thread ends, when there is nobody left to ask.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those that are wanted.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` allocates.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

const SHIPS: u16 = 64;
const PILOT: PlayerId = PlayerId(3);

/// Ships that steer at times of their own, and the numbers of one pilot.
struct World {
    ships: SlotMap<EntityId, Ship>,
    tick: u16,
}

impl World {
    fn new() -> Self {
        let mut ships = SlotMap::with_key();
        for number in 0..SHIPS {
            ships.insert(Ship {
                position: Vec2::new(f32::from(number) - 32.0, 0.0),
                velocity: Vec2::new(1.0, 0.0),
                aim: 0.0,
                owner: PlayerId(number),
                score: 0,
            });
        }
        Self { ships, tick: 0 }
    }

    fn step(&mut self) {
        self.tick += 1;
        for ship in self.ships.values_mut() {
            let phase = (self.tick + 7 * ship.owner.0) % 40;
            // To and fro, so that nobody leaves.
            let thrust = if phase < 20 { 0.3 } else { -0.3 };
            if phase.is_multiple_of(3) {
                ship.velocity += Vec2::new(thrust, thrust * 0.5);
            }
            ship.position += ship.velocity / 30.0;
            ship.aim += if phase < 10 { 0.07 } else { -0.02 };
            ship.score += u16::from(phase == 0);
        }
    }

    fn put(&self, writer: &mut SnapshotWriter) {
        for (id, ship) in &self.ships {
            writer.put(id, Audience::Everyone, ship);
            if ship.owner == PILOT {
                let fuel = 60_000 - self.tick * 3;
                writer.put(id, Audience::Player(PILOT), &Tank { fuel });
            }
        }
    }
}

fn schema() -> Arc<Schema> {
    let builder = SchemaBuilder::new("flight", TickRate::hz(30));
    Arc::new(builder.class::<Ship>().class::<Tank>().build())
}

/// A stream's two ends with the buffers between them.
struct Ends {
    encoder: StreamEncoder,
    decoder: StreamDecoder,
    chunk: Vec<u8>,
}

impl Ends {
    fn new(encoder: StreamEncoder, schema: &Arc<Schema>) -> Self {
        let mut join = Vec::new();
        encoder.join(&mut join);
        let decoder = StreamDecoder::join(Arc::clone(schema), &join).unwrap();
        Self {
            encoder,
            decoder,
            chunk: Vec::new(),
        }
    }
}

/// What a tick's work allocated.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    put: u64,
    encode: u64,
    encode_own: u64,
    decode: u64,
    decode_own: u64,
    clear: u64,
}

#[test]
fn ships_that_fly_and_turn_cost_no_allocation() {
    const WARM_UP: u16 = 400;
    let schema = schema();
    let mut world = World::new();
    let mut writer = SnapshotWriter::new(Arc::clone(&schema));
    let mut common = Ends::new(StreamEncoder::new(Arc::clone(&schema)), &schema);
    let mut own = Ends::new(StreamEncoder::private(Arc::clone(&schema)), &schema);
    let mut events = Vec::new();
    let (mut bytes, mut verified) = (0, 0);
    for tick in 0..2 * WARM_UP {
        world.step();
        let mut tally = Tally {
            put: allocations(|| world.put(&mut writer)),
            ..Tally::default()
        };
        common.chunk.clear();
        own.chunk.clear();
        tally.encode = allocations(|| {
            let contents = writer.everyone();
            common.encoder.encode(1, contents, None, &mut common.chunk);
        });
        tally.encode_own = allocations(|| {
            let contents = writer.player(PILOT);
            own.encoder
                .encode(1, contents, Some(&common.encoder), &mut own.chunk);
        });
        tally.decode = allocations(|| {
            let applied = common.decoder.apply(1, &common.chunk, &mut events).unwrap();
            assert_ne!(applied, Applied::Mismatch);
            verified += u32::from(applied == Applied::Verified);
        });
        tally.decode_own = allocations(|| {
            let applied = own.decoder.apply(1, &own.chunk, &mut events).unwrap();
            assert_ne!(applied, Applied::Mismatch);
        });
        tally.clear = allocations(|| writer.clear());
        assert_eq!(common.decoder.frame(), common.encoder.frame());
        assert_eq!(own.decoder.frame(), own.encoder.frame());
        if tick >= WARM_UP {
            assert_eq!(tally, Tally::default(), "in tick {tick}");
            bytes += common.chunk.len();
        }
    }
    // It was no silence that cost nothing.
    assert!(bytes > 20 * usize::from(WARM_UP), "{bytes} bytes");
    assert!(verified > 10);
}

#[test]
fn what_allocates_is_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(allocations(|| ()), 0);
}
