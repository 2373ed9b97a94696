//! Lives of things that move, by a velocity or by themselves, turn and rotate.

use glam::IVec2;
use syncline_shared::direction::along;
use syncline_shared::schema::{FieldKind, LinkKind};

use crate::life::{Dice, Life, Tick, life, linked, row, word};
use crate::schemas::{class, field, fixed, schema};

/// Something that moves in 64ths of a step and bounces at 0 and at `end` steps.
struct Mover {
    place: [i32; 2],
    speed: [i32; 2],
}

impl Mover {
    fn step(&mut self, end: i32) {
        for (place, speed) in self.place.iter_mut().zip(&mut self.speed) {
            *place += *speed;
            if *place < 0 || *place > end * 64 {
                *place = (*place).clamp(0, end * 64);
                *speed = -*speed;
            }
        }
    }

    /// To the nearest step.
    fn at(&self) -> [i32; 2] {
        self.place.map(|place| (place + 32) >> 6)
    }
}

/// Three that move by speeds finer than those that are told, turn now and then, and stop.
pub(super) fn follows() -> Life {
    let fields = vec![
        linked(
            field("position", fixed(0.0, 100.0, 0.25), 2),
            1,
            LinkKind::Follows { num: 1, den: 2 },
        ),
        field("velocity", fixed(-8.0, 8.0, 0.125), 2),
    ];
    let mut dice = Dice(1);
    let mut movers: Vec<Mover> = (0..3)
        .map(|index| Mover {
            place: [index * 4000 + 900, 12_000 - index * 3000],
            speed: [index * 50 - 61, 97 - index * 97],
        })
        .collect();
    let ticks = (0..64).map(|tick| {
        let mut rows = Vec::new();
        for (entity, mover) in movers.iter_mut().enumerate() {
            if dice.below(14) == 0 {
                mover.speed = [dice.spread(300), dice.spread(300)];
            }
            if dice.below(25) == 0 {
                mover.speed = [0, 0];
            }
            mover.step(400);
            let [x, y] = mover.at();
            // A step of the velocity moves half a step of the position.
            let [vx, vy] = mover
                .speed
                .map(|speed| word(((speed + 16) >> 5).clamp(-64, 64), -64));
            if tick > 0 {
                rows.push(row(0, entity, vec![word(x, 0), word(y, 0), vx, vy]));
            }
        }
        rows
    });
    let ticks = ticks.collect();
    life(
        "follows",
        schema(vec![class("Mover", fields)], Vec::new()),
        ticks,
    )
}

/// Movement to the bit by 3/7 of the velocity, into both ends of the range, with a push now and then.
pub(super) fn exact() -> Life {
    let fields = vec![
        field("velocity", fixed(-20.0, 20.0, 1.0), 2),
        linked(
            field("position", fixed(-50.0, 150.0, 1.0), 2),
            0,
            LinkKind::Exact { num: 3, den: 7 },
        ),
    ];
    let mut dice = Dice(2);
    let mut movers: Vec<([i32; 2], [i32; 2], i32)> = vec![([10, 20], [5, -3], 0); 3];
    let ticks = (0..72).map(|_| {
        let mut rows = Vec::new();
        for (entity, (start, velocity, ticks)) in movers.iter_mut().enumerate() {
            let place = |start: i32, velocity: i32, ticks: i32| {
                (start + (ticks * velocity * 3 + 3).div_euclid(7)).clamp(-50, 150)
            };
            *ticks += 1;
            let mut now = [0, 1].map(|lane| place(start[lane], velocity[lane], *ticks));
            let turns = dice.below(16) == 0;
            if turns || dice.below(40) == 0 {
                now = now.map(|place| (place + dice.spread(3)).clamp(-50, 150));
                *start = now;
                *ticks = 0;
            }
            if turns {
                *velocity = [dice.spread(20), dice.spread(20)];
            }
            let words = [velocity[0] + 20, velocity[1] + 20, now[0] + 50, now[1] + 50];
            rows.push(row(0, entity, words.map(i32::cast_unsigned).to_vec()));
        }
        rows
    });
    let ticks = ticks.collect();
    life(
        "exact",
        schema(vec![class("Mover", fields)], Vec::new()),
        ticks,
    )
}

/// Angles along a velocity, at a distance from one, and on their own.
pub(super) fn heading() -> Life {
    let fields = vec![
        field("velocity", fixed(-100.0, 100.0, 1.0), 2),
        linked(field("nose", FieldKind::Angle(8), 1), 0, LinkKind::Heading),
        linked(field("gun", FieldKind::Angle(12), 1), 0, LinkKind::Heading),
        field("radar", FieldKind::Angle(6), 1),
    ];
    let mut dice = Dice(3);
    let mut apart = [0, 700];
    let mut angles = [100u32, 900];
    let ticks = (0..48).map(|tick| {
        let mut rows = Vec::new();
        for entity in 0..2 {
            if dice.below(5) == 0 {
                angles[entity] = angles[entity].wrapping_add(dice.below(300)) & 1023;
            }
            if dice.below(9) == 0 {
                apart[entity] = dice.below(4096);
            }
            let stands = dice.below(12) == 0;
            let velocity = along(angles[entity], 10, if stands { 0 } else { 80 });
            rows.push(row(
                0,
                entity,
                vec![
                    word(velocity.x, -100),
                    word(velocity.y, -100),
                    angles[entity] >> 2,
                    (angles[entity] * 4 + apart[entity]) & 4095,
                    (tick * 7 + dice.below(3)) & 63,
                ],
            ));
        }
        rows
    });
    let ticks = ticks.collect();
    life(
        "heading",
        schema(vec![class("Ship", fields)], Vec::new()),
        ticks,
    )
}

/// Lanes that go on by themselves, such as jump to and fro, and a velocity that grows.
pub(super) fn unlinked() -> Life {
    let fields = vec![
        field("glides", fixed(0.0, 1000.0, 0.5), 3),
        field("jumps", fixed(-10.0, 10.0, 0.01), 1),
        field("speed", fixed(-100.0, 100.0, 0.5), 2),
        linked(
            field("place", fixed(0.0, 4000.0, 1.0), 2),
            2,
            LinkKind::Follows { num: 1, den: 2 },
        ),
    ];
    let mut dice = Dice(4);
    let mut mover = Mover {
        place: [4000, 90_000],
        speed: [155, -77],
    };
    let mut jump = 1000;
    let mut place = [1000, 2000];
    let mut speed = [0i32, 0];
    let ticks = (0..72).map(|tick| {
        if dice.below(20) == 0 {
            mover.speed = [dice.spread(400), dice.spread(400)];
        }
        mover.step(2000);
        let [x, y] = mover.at();
        if dice.below(6) == 0 {
            jump = dice.below(2001);
        }
        let grows = [1, -2].map(|by| if tick % 24 < 12 { by } else { 0 });
        for lane in 0..2 {
            speed[lane] = (speed[lane] + grows[lane]).clamp(-100, 100);
            place[lane] = (place[lane] + speed[lane] / 2).clamp(0, 4000);
        }
        let glides = [word(x, 0), word(y, 0), 300 + tick / 3];
        let rest = [
            jump,
            word(speed[0], -200),
            word(speed[1], -200),
            word(place[0], 0),
            word(place[1], 0),
        ];
        vec![row(0, 0, glides.into_iter().chain(rest).collect())]
    });
    let ticks = ticks.collect();
    life(
        "unlinked",
        schema(vec![class("Body", fields)], Vec::new()),
        ticks,
    )
}

/// Velocities of one length in all directions, one of another, and such as stop.
pub(super) fn circles() -> Life {
    let fields = vec![
        field("velocity", fixed(-200.0, 200.0, 1.0), 2),
        linked(
            field("place", fixed(0.0, 60_000.0, 1.0), 2),
            0,
            LinkKind::Exact { num: 1, den: 1 },
        ),
    ];
    let mut dice = Dice(5);
    let mut ships = [(0u32, IVec2::new(30_000, 30_000)); 4];
    let ticks = (0..56).map(|_| {
        let mut rows = Vec::new();
        for (entity, (angle, place)) in ships.iter_mut().enumerate() {
            if dice.below(4) == 0 {
                *angle = dice.below(1024);
            }
            let length = match (entity, dice.below(20)) {
                (_, 0) => 0,
                (3, _) => 60,
                _ => 150,
            };
            let velocity = along(*angle, 10, length);
            *place += velocity;
            let words = [velocity.x + 200, velocity.y + 200, place.x, place.y];
            rows.push(row(0, entity, words.map(i32::cast_unsigned).to_vec()));
        }
        rows
    });
    let ticks = ticks.collect();
    life(
        "circles",
        schema(vec![class("Ship", fields)], Vec::new()),
        ticks,
    )
}

/// Snapshots that are further apart, and nearer again.
pub(super) fn spans() -> Life {
    const SPANS: [u32; 12] = [1, 1, 2, 2, 2, 5, 1, 1, 300, 1, 3, 3];
    let fields = vec![
        field("velocity", fixed(-20.0, 20.0, 0.25), 1),
        linked(
            field("about", fixed(0.0, 20_000.0, 1.0), 1),
            0,
            LinkKind::Follows { num: 1, den: 4 },
        ),
        linked(
            field("exact", fixed(0.0, 20_000.0, 1.0), 1),
            0,
            LinkKind::Exact { num: 2, den: 5 },
        ),
        field("free", fixed(0.0, 20_000.0, 1.0), 1),
    ];
    let mut velocity = 9;
    let mut since = (8000i32, 9000i32, 0i32);
    let mut now = 0i32;
    let ticks = SPANS
        .iter()
        .cycle()
        .take(60)
        .enumerate()
        .map(|(at, &span)| {
            let old = now;
            now += span.cast_signed();
            let place = |velocity: i32, since: (i32, i32, i32), now: i32| {
                let ticks = now - since.2;
                let about = since.0 + (ticks * velocity).div_euclid(4);
                let exact = since.1 + (ticks * velocity * 2 + 2).div_euclid(5);
                (about, exact)
            };
            let (about, exact) = place(velocity, since, now);
            let words = [
                velocity + 80,
                about.clamp(0, 20_000),
                exact.clamp(0, 20_000),
                4 * now,
            ];
            if at % 9 == 8 {
                since = (about, exact, now);
                velocity = if velocity > 0 { -7 } else { 11 };
            }
            let stands = at > 40 && old > 0;
            let free = if stands { words[3].min(7000) } else { words[3] };
            let words = [words[0], words[1], words[2], free];
            Tick {
                span,
                acts: vec![row(0, 0, words.map(i32::cast_unsigned).to_vec())],
            }
        });
    Life {
        name: "spans",
        ticks: ticks.collect(),
        schema: schema(vec![class("Body", fields)], Vec::new()),
    }
}

/// A rotation as [x, y, z, w].
type Spin = [f64; 4];

fn times(a: Spin, b: Spin) -> Spin {
    let [ax, ay, az, aw] = a;
    let [bx, by, bz, bw] = b;
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

fn unit(spin: Spin) -> Spin {
    let length = spin.iter().map(|part| part * part).sum::<f64>().sqrt();
    spin.map(|part| part / length)
}

/// The words of a rotation.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn spin_words(spin: Spin, bits: i32) -> Vec<u32> {
    let mut largest = 0;
    for part in 1..4 {
        if spin[part].abs() > spin[largest].abs() {
            largest = part;
        }
    }
    let scale = f64::from((1 << bits) - 1);
    let sign = spin[largest].signum();
    let others = (0..4).filter(|&part| part != largest).map(|part| {
        let part = spin[part] * sign;
        ((part * core::f64::consts::SQRT_2 + 1.0) * 0.5 * scale + 0.5).floor() as u32
    });
    [u32::try_from(largest).unwrap()]
        .into_iter()
        .chain(others)
        .collect()
}

/// Rotations that turn steadily, through changes of their largest part; hits; such as come to rest.
pub(super) fn rotations() -> Life {
    let fields = vec![
        field("fine", FieldKind::Quaternion(11), 1),
        field("widest", FieldKind::Quaternion(16), 1),
    ];
    // So coarse that it often is as predicted.
    let coarse = vec![field("coarse", FieldKind::Quaternion(5), 1)];
    let mut dice = Dice(6);
    let mut spins = [[0.0, 0.0, 0.0, 1.0]; 2];
    let mut turns = [
        unit([0.02, 0.05, -0.01, 1.0]),
        unit([-0.2, 0.03, 0.11, 1.0]),
    ];
    let ticks = (0..64).map(|tick| {
        let mut rows = Vec::new();
        for entity in 0..2 {
            if dice.below(16) == 0 {
                let mut part = || f64::from(dice.spread(100)) / 500.0;
                turns[entity] = unit([part(), part(), part(), 1.0]);
            }
            if tick % 32 > 24 {
                turns[entity] = [0.0, 0.0, 0.0, 1.0];
            }
            spins[entity] = unit(times(spins[entity], turns[entity]));
            let words = [11, 16].map(|bits| spin_words(spins[entity], bits));
            rows.push(row(0, entity, words.concat()));
            rows.push(row(1, 2 + entity, spin_words(spins[entity], 5)));
        }
        rows
    });
    let ticks = ticks.collect();
    life(
        "rotations",
        schema(
            vec![class("Body", fields), class("Top", coarse)],
            Vec::new(),
        ),
        ticks,
    )
}
