//! A trace like that of the networked physics data compression challenge of 2015, made to measure.
//!
//! 901 cubes at 60 Hz, one of which drives through the others, now and then pushing or pulling
//! them. The same seed gives the same rows for ever. Knows no game: nobody plays, nothing is won.

use glam::{Quat, Vec2, Vec3};
use slotmap::SlotMap;
use syncline_shared::id::EntityId;
use syncline_shared::replicated;
use syncline_shared::schema::{Schema, SchemaBuilder};
use syncline_shared::snapshot::{Audience, SnapshotWriter};

use super::physics::{BIG_HALF, Body, Mode, Physics, SMALL_HALF, TICK_RATE};
use super::rows::{POSITION_MAX, POSITION_STEP};
use super::world::grid;

/// How many cubes there are, the driven one first.
pub const CUBES: usize = 901;

/// How many frames the challenge has.
pub const FRAMES: usize = 3606;

/// How many small cubes a side the grid has.
const SIDE: u8 = 30;

/// How far the floor reaches: nothing falls off it.
const FLOOR_REACH: f32 = 100.0;

/// The height from which the driven cube drops into the middle.
const START_HEIGHT: f32 = 10.0;

/// The highest that a row can say.
const HEIGHT_MAX: f32 = 8191.0 / 512.0;

/// How far from the middle the driven cube goes, along x and y.
const TARGET_MAX: f64 = 13.0;

/// How near its target, along x and y, it no longer drives.
const TARGET_NEAR: f64 = 1.0;

/// How many stretches in a hundred it pushes; in most others it pulls.
const PUSHES: f64 = 0.15;

/// How many stretches in a hundred it stands still.
const IDLES: f64 = 0.05;

/// How near to the driven cube a small one that moves has to do with it.
const INTERACTION_DISTANCE: f32 = 1.2;

/// For how many frames at rest a cube still has to do with the player.
const INTERACTION_FRAMES: u8 = 100;

replicated! {
    /// One cube of one frame, as the challenge has it.
    #[derive(Clone, Debug, PartialEq)]
    pub struct ChallengeCube {
        /// How it is turned.
        pub attitude: Quat => quaternion(9),
        /// Its middle; z is from 0 to 16.
        pub position: Vec3 => fixed(-POSITION_MAX, POSITION_MAX, POSITION_STEP),
        /// Whether it has lately had to do with the driven cube.
        pub interacting: bool => flag,
    }
}

/// A trace, frame by frame.
///
/// ```
/// use syncline_games::cubes::challenge::{CUBES, Challenge};
///
/// let mut challenge = Challenge::new(3);
/// assert_eq!(challenge.step().len(), CUBES);
/// ```
pub struct Challenge {
    physics: Physics,
    driver: Driver,
    cubes: SlotMap<EntityId, Cube>,
    rows: Vec<ChallengeCube>,
    frame: u16,
}

struct Cube {
    body: Body,
    /// For how many frames of rest it still has to do with the driven cube.
    interacts: u8,
}

impl Challenge {
    /// The trace that `seed` names, before its first frame.
    pub fn new(seed: u64) -> Self {
        let mut physics = Physics::new(FLOOR_REACH);
        let mut cubes = SlotMap::with_capacity_and_key(CUBES);
        let mut add = |place, half| {
            cubes.insert_with_key(|entity| Cube {
                body: physics.add_cube(place, half, entity),
                interacts: 0,
            });
        };
        add(Vec3::new(0.0, 0.0, START_HEIGHT), BIG_HALF);
        for place in grid(SIDE) {
            add(place, SMALL_HALF);
        }
        Self {
            physics,
            driver: Driver::new(seed),
            cubes,
            rows: Vec::with_capacity(CUBES),
            frame: 0,
        }
    }

    /// What a frame consists of, for streams.
    pub fn schema() -> Schema {
        let schema = SchemaBuilder::new("challenge", TICK_RATE);
        schema.class::<ChallengeCube>().build()
    }

    /// Makes the next frame: all cubes, the driven one first.
    pub fn step(&mut self) -> &[ChallengeCube] {
        let driven = self.driven();
        let place = self.physics.position(driven);
        let (way, mode) = self.driver.steer(place);
        self.physics.drive(driven, way, mode, f32::from(self.frame));
        self.frame = self.frame.saturating_add(1);
        for cube in self.cubes.values_mut().skip(1) {
            if self.physics.reach(place, mode, cube.body) {
                cube.interacts = INTERACTION_FRAMES;
            }
        }
        self.physics.step();
        self.interact();
        self.rows.clear();
        let rows = self.cubes.values().map(|cube| {
            let place = self.physics.position(cube.body);
            ChallengeCube {
                attitude: self.physics.attitude(cube.body),
                position: place.with_z(place.z.clamp(0.0, HEIGHT_MAX)),
                interacting: cube.body == driven || cube.interacts > 0,
            }
        });
        self.rows.extend(rows);
        &self.rows
    }

    /// Writes the frame that [`Challenge::step`] made last.
    pub fn replicate(&self, world: &mut SnapshotWriter) {
        for (entity, row) in self.cubes.keys().zip(&self.rows) {
            world.put(entity, Audience::Everyone, row);
        }
    }

    fn driven(&self) -> Body {
        let first = self.cubes.values().next();
        first.expect("the driven cube is there").body
    }

    /// Finds out which cubes have to do with the driven one.
    fn interact(&mut self) {
        let driven = self.physics.position(self.driven());
        for cube in self.cubes.values_mut().skip(1) {
            let apart = self.physics.position(cube.body) - driven;
            let near = apart.length_squared() < INTERACTION_DISTANCE * INTERACTION_DISTANCE;
            if self.physics.is_asleep(cube.body) {
                cube.interacts = cube.interacts.saturating_sub(1);
            } else if near {
                cube.interacts = INTERACTION_FRAMES;
            }
        }
    }
}

/// Who drives: for a stretch of some frames towards one place, in one mode.
struct Driver {
    random: Random,
    frames_left: i32,
    target: [f64; 2],
    mode: Mode,
    idle: bool,
}

impl Driver {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            frames_left: 60,
            target: [0.0; 2],
            mode: Mode::Roll,
            idle: true,
        }
    }

    /// What to do for a frame with the driven cube at `place`.
    fn steer(&mut self, place: Vec3) -> (Vec2, Mode) {
        self.frames_left -= 1;
        if self.frames_left <= 0 {
            self.choose();
        }
        let towards = |target: f64, place: f32| {
            let apart = target - f64::from(place);
            if self.idle || apart.abs() <= TARGET_NEAR {
                0.0
            } else if apart < 0.0 {
                -1.0
            } else {
                1.0
            }
        };
        let [x, y] = self.target;
        (
            Vec2::new(towards(x, place.x), towards(y, place.y)),
            self.mode,
        )
    }

    fn choose(&mut self) {
        #[expect(clippy::cast_possible_truncation, reason = "below 120")]
        let frames = (self.random.unit() * 100.0) as i32;
        self.frames_left = 20 + frames;
        self.target = core::array::from_fn(|_| 2.0 * TARGET_MAX * self.random.unit() - TARGET_MAX);
        self.mode = if self.random.unit() < PUSHES {
            Mode::Push
        } else {
            Mode::Pull
        };
        self.idle = self.random.unit() < IDLES;
    }
}

/// A xorshift generator. Not the matches' one, so that a trace stays the same whatever that becomes.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ seed.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// From 0 up to 1.
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).expect("the high half of a u64 fits"))
            / 4_294_967_296.0
    }
}
