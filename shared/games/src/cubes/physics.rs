//! Rigid bodies on a floor, and the forces that players have: all that knows the physics engine.
//!
//! The numbers make cubes that feel like those of the networked physics demonstrations of 2015.
//! Knows no player, row or rule.

use glam::{Quat, Vec2, Vec3};
use rapier3d::dynamics::{RigidBody, RigidBodyBuilder, RigidBodyHandle};
use rapier3d::geometry::ColliderBuilder;
use rapier3d::pipeline::PhysicsWorld;
use serde::{Deserialize, Serialize};
use slotmap::{Key, KeyData};
use syncline_shared::id::EntityId;
use syncline_shared::tick::TickRate;

/// Steps per second.
pub const TICK_RATE: TickRate = TickRate::hz(60);

/// Half the side of one of the many cubes.
pub(super) const SMALL_HALF: f32 = 0.2;

/// Half the side of a player's cube.
pub(super) const BIG_HALF: f32 = 0.75;

/// Seconds in a step.
const STEP: f32 = 1.0 / 60.0;

const GRAVITY: f32 = 20.0;
const FRICTION: f32 = 0.9;
const DAMPING: f32 = 0.3;

/// How thick half of the floor is: more than anything falls in a step.
const FLOOR_HALF: f32 = 1.0;

/// What drives a player's cube along an axis.
const DRIVE: f32 = 120.0;

/// How much more there is of it against the way that the cube moves.
const BRAKE: f32 = 2.0;

/// What lifts a hovering cube, up to its height.
const LIFT: f32 = 200.0;
const HOVER_HEIGHT: f32 = 1.6;

/// What pushes and pulls other cubes at a distance of 1, per mass; it falls with the square.
const REACH_STRENGTH: f32 = 200.0;

/// How a player's cube acts on those around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// By its weight alone.
    #[default]
    Roll,
    /// It hovers and blows them away.
    Push,
    /// It draws them to itself.
    Pull,
}

/// One body of a [`Physics`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body(RigidBodyHandle);

/// The bodies, and all that decides how they go on: contacts, islands, impulses to start from.
#[derive(Serialize, Deserialize)]
pub(super) struct Physics {
    world: PhysicsWorld,
}

impl Physics {
    /// A floor that reaches `reach` from the middle along x and y; its top is where z is 0.
    pub(super) fn new(reach: f32) -> Self {
        let mut world = PhysicsWorld::new();
        world.gravity = Vec3::new(0.0, 0.0, -GRAVITY);
        world.integration_parameters.dt = STEP;
        world.insert(
            RigidBodyBuilder::fixed().translation(Vec3::new(0.0, 0.0, -FLOOR_HALF)),
            ColliderBuilder::cuboid(reach, reach, FLOOR_HALF).friction(FRICTION),
        );
        Self { world }
    }

    /// Puts a cube at `place`, known as `entity` to whoever it touches.
    pub(super) fn add_cube(&mut self, place: Vec3, half: f32, entity: EntityId) -> Body {
        let body = RigidBodyBuilder::dynamic()
            .translation(place)
            .linear_damping(DAMPING)
            .angular_damping(DAMPING)
            .user_data(entity.data().as_ffi().into());
        let shape = ColliderBuilder::cuboid(half, half, half)
            .friction(FRICTION)
            .restitution(0.0)
            .density(1.0);
        Body(self.world.insert(body, shape).0)
    }

    /// Takes a body away.
    pub(super) fn remove(&mut self, body: Body) {
        self.world.remove_body(body.0);
    }

    /// Where a body's middle is.
    pub(super) fn position(&self, body: Body) -> Vec3 {
        self.body(body).translation()
    }

    /// How a body is turned.
    pub(super) fn attitude(&self, body: Body) -> Quat {
        *self.body(body).rotation()
    }

    /// How fast a body moves.
    pub(super) fn velocity(&self, body: Body) -> Vec3 {
        self.body(body).linvel()
    }

    /// Whether a body has come to rest.
    pub(super) fn is_asleep(&self, body: Body) -> bool {
        self.body(body).is_sleeping()
    }

    /// Whether the engine has given a body up, because its numbers were none.
    pub(super) fn is_broken(&self, body: Body) -> bool {
        let body = self.body(body);
        !body.is_enabled() || !body.translation().is_finite()
    }

    /// What a body touches that was added as an entity, in no order that means anything.
    pub(super) fn touched(&self, body: Body) -> impl Iterator<Item = EntityId> {
        let colliders = self.body(body).colliders().iter();
        let pairs = colliders.flat_map(|&own| {
            let pairs = self.world.contact_pairs_with(own);
            pairs.map(move |pair| (own, pair))
        });
        pairs
            .filter(|(_, pair)| pair.has_any_active_contact())
            .filter_map(|(own, pair)| {
                let other = if pair.collider1 == own {
                    pair.collider2
                } else {
                    pair.collider1
                };
                let body = self.world.colliders.get(other)?.parent()?;
                entity_of(self.world.bodies.get(body)?)
            })
    }

    /// Drives a player's cube along x and y, each from -1 to 1. `time` counts steps: no two cubes
    /// hover quite alike.
    pub(super) fn drive(&mut self, body: Body, way: Vec2, mode: Mode, time: f32) {
        let height = self.position(body).z;
        let velocity = self.velocity(body);
        let body = self.body_mut(body);
        let hovers = mode == Mode::Push;
        let brakes = !hovers && way.x * velocity.x + way.y * velocity.y < 0.0;
        let force = if brakes { DRIVE * BRAKE } else { DRIVE };
        let mut impulse = Vec3::new(way.x * force * STEP, way.y * force * STEP, 0.0);
        if hovers {
            let lift = if height < HOVER_HEIGHT { LIFT } else { 0.0 };
            impulse += Vec3::new(
                sine(time * 0.1 + 1.0) * 2.0,
                sine(time * 0.1 + 2.0) * 2.0,
                lift,
            ) * STEP;
            let torque = Vec3::new(
                sine(time * 0.05 + 10.0),
                sine(time * 0.09 + 5.0),
                sine(time * 0.055),
            );
            body.apply_torque_impulse(torque * 1.5 * STEP, true);
            let slowed = velocity * Vec3::new(0.96, 0.96, 0.999);
            body.set_linvel(slowed, true);
            body.set_angvel(body.angvel() * 0.95, true);
        }
        if impulse != Vec3::ZERO {
            body.apply_impulse(impulse, true);
        }
    }

    /// Pushes or pulls `other` by the cube of a player that is at `place`; whether it was near
    /// enough.
    pub(super) fn reach(&mut self, place: Vec3, mode: Mode, other: Body) -> bool {
        let (from, nearest, farthest, sign, strongest) = match mode {
            Mode::Roll => return false,
            // From below, so that what is pushed flies.
            Mode::Push => (Vec3::new(place.x, place.y, -0.1), 1e-4, 4.0, 1.0, 500.0),
            Mode::Pull => (place, 0.04, 2.3 * 2.3, -1.0, 2000.0),
        };
        let body = self.body_mut(other);
        let apart = body.translation() - from;
        let square = apart.length_squared();
        let near = square > nearest && square < farthest;
        if near {
            let strength = (REACH_STRENGTH / square).min(strongest) * sign;
            body.apply_impulse(apart / square.sqrt() * strength * body.mass() * STEP, true);
        }
        near
    }

    /// One step of time.
    pub(super) fn step(&mut self) {
        self.world.step();
    }

    fn body(&self, body: Body) -> &RigidBody {
        &self.world.bodies[body.0]
    }

    fn body_mut(&mut self, body: Body) -> &mut RigidBody {
        &mut self.world.bodies[body.0]
    }
}

/// What a body was added as. The floor is nothing's.
fn entity_of(body: &RigidBody) -> Option<EntityId> {
    let known = u64::try_from(body.user_data)
        .ok()
        .filter(|&data| data != 0)?;
    Some(KeyData::from_ffi(known).into())
}

/// The sine that is the same on every machine; that of the standard library is the system's.
fn sine(radians: f32) -> f32 {
    Vec2::from_angle(radians).y
}
