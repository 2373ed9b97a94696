//! The cubes of the networked physics data compression challenge: 901 of them at 60 Hz, one of which
//! a player drives through the others.
//!
//! Beside the ones that the game's physics make, there may be a recording, for comparison with what
//! others measured: the environment variable names a file with, for each frame, 901 records of eight
//! little-endian `i32`, which are the four words of a rotation in nine bits, the position in 512ths
//! of a unit, and whether the player has to do with the cube.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_games::cubes::challenge::{CUBES, Challenge, ChallengeCube, FRAMES};
use syncline_shared::id::{ClassId, EntityId, Slot};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Audience, Frame, Rows, SnapshotWriter};

use crate::kit::{Case, Plain, Trace, plain};

/// Which file holds a recording.
const FILE: &str = "SYNCLINE_CUBES_TRACE";

/// The seed that figures are given for.
const SEED: u64 = 3;

const CUBE: ClassId = ClassId(0);
const HZ: u16 = 60;

/// How far below zero the lowest position lies, in steps.
const BELOW_ZERO: i32 = 16_383;

pub(crate) fn cases() -> Vec<Case> {
    let made = Case {
        default_seed: SEED,
        ..Case::new("cubes-901", FRAMES, drive)
    };
    let recorded = std::env::var_os(FILE).map(|file| {
        Case::new("cubes-901/recorded", FRAMES, move |_, ticks| {
            let recording = std::fs::read(&file).expect("the recording can be read");
            replay(&recording, ticks)
        })
    });
    [made].into_iter().chain(recorded).collect()
}

fn drive(seed: u64, ticks: usize) -> Trace {
    let schema = Arc::new(Challenge::schema());
    let mut trace = Trace::new(Arc::clone(&schema), HZ, plain::<World>);
    let mut challenge = Challenge::new(seed);
    for _ in 0..ticks {
        let mut writer = SnapshotWriter::new(Arc::clone(&schema));
        challenge.step();
        challenge.replicate(&mut writer);
        trace.push(writer);
    }
    trace
}

fn replay(recording: &[u8], ticks: usize) -> Trace {
    let schema = Arc::new(Challenge::schema());
    let mut trace = Trace::new(Arc::clone(&schema), HZ, plain::<World>);
    let mut entities: SlotMap<EntityId, ()> = SlotMap::with_key();
    let cubes: Vec<EntityId> = (0..CUBES).map(|_| entities.insert(())).collect();
    for frame in recording.chunks_exact(CUBES * 32).take(ticks) {
        let mut writer = SnapshotWriter::new(Arc::clone(&schema));
        for (record, &cube) in frame.chunks_exact(32).zip(&cubes) {
            let words = words_of(record);
            writer.put_words(CUBE, cube, Audience::Everyone, &words, &[]);
        }
        trace.push(writer);
    }
    trace
}

/// The cubes as plain structs.
#[derive(PartialEq, Serialize, Deserialize)]
struct World(Vec<PlainCube>);

#[derive(PartialEq, Serialize, Deserialize)]
struct PlainCube {
    interacting: bool,
    position: [f32; 3],
    attitude: [f32; 4],
}

impl Plain for World {
    fn of(schema: &Schema, frame: &Frame) -> Self {
        let cubes = frame.entities::<ChallengeCube>(schema);
        let rows = frame.rows(CUBE).into_iter().flat_map(Rows::iter);
        let plain = |((_, cube), (_, words)): ((Slot, ChallengeCube), (Slot, &[u32]))| PlainCube {
            interacting: cube.interacting,
            position: cube.position.to_array(),
            attitude: parts(words),
        };
        Self(cubes.zip(rows).map(plain).collect())
    }
}

/// A rotation whose parts follow each from its own word, but for the largest: a compressor finds
/// equal ones more often than if all were scaled to unit length.
fn parts(words: &[u32]) -> [f32; 4] {
    let largest = usize::try_from(words[0]).unwrap_or(0);
    let mut rest = words[1..4].iter();
    let mut parts = [0.0f64; 4];
    for (_, part) in parts
        .iter_mut()
        .enumerate()
        .filter(|&(place, _)| place != largest)
    {
        let word = rest.next().copied().unwrap_or(0);
        *part = (2.0 * f64::from(word) / 511.0 - 1.0) * core::f64::consts::FRAC_1_SQRT_2;
    }
    let squares: f64 = parts.iter().map(|part| part * part).sum();
    parts[largest] = (1.0 - squares).max(0.0).sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "to the nearest f32")]
    parts.map(|part| part as f32)
}

fn words_of(record: &[u8]) -> [u32; 8] {
    let (numbers, _) = record.as_chunks::<4>();
    let mut words = [0; 8];
    for (index, (word, bytes)) in words.iter_mut().zip(numbers).enumerate() {
        let below_zero = if (4..7).contains(&index) {
            BELOW_ZERO
        } else {
            0
        };
        *word = (i32::from_le_bytes(*bytes) + below_zero).unsigned_abs();
    }
    words
}
