//! Lives of rows that are born of others, rest, or hold anything; and events.

use glam::IVec2;
use syncline_shared::direction::{along, direction};
use syncline_shared::schema::{Birth, Field, FieldKind, LinkKind, Schema};

use crate::life::{Act, Dice, ENTITIES, Life, born, life, linked, refers, row, word};
use crate::schemas::{class, field, fixed, schema, ship};

fn gun() -> (Vec<Field>, Vec<Field>) {
    let place = || field("place", fixed(0.0, 10_000.0, 1.0), 2);
    let turret = vec![
        place(),
        field("aim", FieldKind::Angle(9), 1),
        field("team", FieldKind::Bits(3), 1),
    ];
    let shot = vec![
        born(refers("owner", 0), Birth::Parent),
        born(
            linked(place(), 2, LinkKind::Exact { num: 1, den: 1 }),
            Birth::Copies(0),
        ),
        born(
            field("velocity", fixed(-300.0, 300.0, 1.0), 2),
            Birth::Along(1),
        ),
        linked(field("nose", FieldKind::Angle(7), 1), 2, LinkKind::Heading),
        born(field("team", FieldKind::Bits(3), 1), Birth::Copies(3 - 1)),
    ];
    (turret, shot)
}

/// Shots of turrets: some at once, some of nobody, some that miss what their turret says; they take
/// the slots of those before them. Turrets come and go. In a private stream all are of its own.
fn shots(seed: u32, is_private: bool) -> Vec<Vec<Act>> {
    let mut dice = Dice(seed);
    let mut aims = [40u32, 300, 511];
    let mut shots: Vec<(usize, Option<usize>, IVec2, IVec2, u32)> = Vec::new();
    let mut next = 3;
    let ticks = (0..60).map(|tick| {
        let mut rows = Vec::new();
        for (index, aim) in (0..).zip(&mut aims) {
            *aim = (*aim + dice.below(9)) & 511;
            let gone = index == 1 && (30..36).contains(&tick);
            let place = IVec2::new(5000 + index * 100, 4000);
            if !gone {
                let words = [place.x, place.y, aim.cast_signed(), index];
                rows.push(Act::Row {
                    class: 0,
                    entity: usize::try_from(index).unwrap(),
                    is_private,
                    words: words.map(i32::cast_unsigned).to_vec(),
                    references: Vec::new(),
                });
            }
            for _ in 0..[0, 0, 0, 0, 1, 1, 2, 3][dice.below(8) as usize] {
                let owner = (dice.below(6) > 0).then_some(index.unsigned_abs() as usize);
                let velocity = along(*aim, 9, 240) + IVec2::splat(dice.below(8).cast_signed() / 7);
                shots.push((next, owner, place, velocity, index.unsigned_abs()));
                next = if next + 1 == ENTITIES { 3 } else { next + 1 };
            }
        }
        shots.retain(|_| dice.below(7) > 0);
        for (entity, owner, place, velocity, team) in &mut shots {
            let nose = direction(*velocity, 7);
            let words = vec![
                0,
                word(place.x, 0),
                word(place.y, 0),
                word(velocity.x, -300),
                word(velocity.y, -300),
                nose,
                *team,
            ];
            rows.push(Act::Row {
                class: 1,
                entity: *entity,
                is_private,
                words,
                references: vec![*owner],
            });
            *place = (*place + *velocity).clamp(IVec2::ZERO, IVec2::splat(10_000));
        }
        rows
    });
    ticks.collect()
}

fn gun_schema() -> Schema {
    let (turret, shot) = gun();
    schema(
        vec![class("Turret", turret), class("Shot", shot)],
        Vec::new(),
    )
}

pub(super) fn births() -> Life {
    life("births", gun_schema(), shots(7, false))
}

/// As `births`, in a player's own stream.
pub(super) fn own() -> Life {
    life("own", gun_schema(), shots(11, true))
}

/// Rows that rest for longer than ages are counted, each of which stirs once.
pub(super) fn rest() -> Life {
    let fields = vec![
        field("on", FieldKind::Bool, 1),
        field("place", fixed(0.0, 100.0, 1.0), 2),
        field("kind", FieldKind::Bits(4), 1),
    ];
    let ticks = (0..84u32).map(|tick| {
        let row = |entity: u32| {
            let stirs = u32::from(tick >= 3 + 26 * entity);
            let words = vec![stirs, 10 * entity + stirs, 50, 3 + stirs];
            row(0, entity as usize, words)
        };
        (0..4).map(row).collect()
    });
    let ticks = ticks.collect();
    life(
        "rest",
        schema(vec![class("Thing", fields)], Vec::new()),
        ticks,
    )
}

/// Events of several classes whose words are those of the one before, or not.
pub(super) fn events() -> Life {
    let hit = vec![
        refers("who", 0),
        field("damage", FieldKind::Bits(7), 1),
        field("seed", FieldKind::Bits(32), 1),
    ];
    let said = vec![field("line", fixed(0.0, 70_000.0, 1.0), 2)];
    let mut dice = Dice(8);
    let ticks = (0..34).map(|_| {
        let mut acts = vec![row(0, 0, vec![1]), row(0, 1, vec![2])];
        for _ in 0..dice.below(4) {
            let seed = if dice.below(2) == 0 {
                4_000_000_000
            } else {
                dice.below(1 << 20)
            };
            acts.push(match dice.below(3) {
                0 => Act::Event {
                    class: 0,
                    words: Vec::new(),
                    references: Vec::new(),
                },
                1 => Act::Event {
                    class: 1,
                    words: vec![0, 20 + dice.below(2) * 200, seed],
                    references: vec![Some(dice.below(3) as usize)],
                },
                _ => Act::Event {
                    class: 2,
                    words: vec![dice.below(2) * 69_000, 5],
                    references: Vec::new(),
                },
            });
        }
        acts
    });
    let ticks = ticks.collect();
    let classes = vec![class("Row", vec![field("value", FieldKind::Bits(4), 1)])];
    let events = vec![
        class("Dawn", Vec::new()),
        class("Hit", hit),
        class("Said", said),
    ];
    life("events", schema(classes, events), ticks)
}

/// Every kind of field, and no reason in anything.
pub(super) fn storm() -> Life {
    let mut dice = Dice(9);
    let mut rows: Vec<Option<Vec<u32>>> = vec![None; 5];
    let ticks = (0..40).map(|_| {
        let mut acts = Vec::new();
        for (entity, row) in rows.iter_mut().enumerate() {
            match (dice.below(12), row.as_mut()) {
                (0, _) => *row = None,
                (1, None) => *row = Some((0..20).map(|_| dice.below(1 << 24)).collect()),
                (2..5, Some(words)) => {
                    let at = dice.below(20) as usize;
                    let bits = [4, 8, 16, 24][dice.below(4) as usize];
                    words[at] = dice.below(1 << bits);
                }
                (5..8, Some(words)) => {
                    let at = dice.below(20) as usize;
                    words[at] = words[at].wrapping_add_signed(dice.spread(2));
                }
                _ => {}
            }
            if let Some(words) = row {
                acts.push(Act::Row {
                    class: 0,
                    entity,
                    is_private: false,
                    words: words.clone(),
                    references: vec![Some(dice.below(5) as usize), None, Some(7)],
                });
            }
        }
        for entity in 6..6 + dice.below(4) as usize {
            acts.push(row(1, entity, Vec::new()));
        }
        acts
    });
    let ticks = ticks.collect();
    let classes = vec![ship(), class("Crate", Vec::new())];
    life("storm", schema(classes, Vec::new()), ticks)
}

/// Words at the limits of what is predicted: lanes beyond 32, words of 26 bits and more, angles and
/// rotations and flags of several lanes, a row of more words than joins tell apart.
pub(super) fn wide() -> Life {
    let fields = vec![
        field("flags", FieldKind::Bool, 3),
        field("angles", FieldKind::Angle(10), 2),
        field("rotations", FieldKind::Quaternion(6), 2),
        field("many", fixed(0.0, 4000.0, 1.0), 31),
        field("pair", fixed(0.0, 4000.0, 1.0), 2),
        field("last", fixed(0.0, 67_000_000.0, 1.0), 1),
        field("wider", fixed(0.0, 68_000_000.0, 1.0), 1),
        field("widest", fixed(0.0, 4_294_967_294.0, 1.0), 1),
        field("count", FieldKind::Counter, 1),
    ];
    let highest: [(usize, u32); 9] = [
        (3, 1),
        (2, 1023),
        (8, 63),
        (31, 4000),
        (2, 4000),
        (1, 67_000_000),
        (1, 68_000_000),
        (1, 4_294_967_294),
        (1, u32::MAX),
    ];
    let highest: Vec<u32> = highest
        .iter()
        .flat_map(|&(lanes, max)| core::iter::repeat_n(max, lanes))
        .collect();
    let mut dice = Dice(10);
    let mut words: Vec<u32> = highest.iter().map(|max| max / 2).collect();
    let ticks = (0..40).map(|tick| {
        for (at, (word, &max)) in words.iter_mut().zip(&highest).enumerate() {
            match dice.below(16) {
                0 => *word = dice.below(1 << 24) % max.saturating_add(1).max(1),
                1 => *word = max - *word,
                2 => *word = [0, max][dice.below(2) as usize],
                _ if (13..44).contains(&at) => *word = (*word + 3).min(max),
                3 => *word = word.saturating_add(dice.below(3)).min(max),
                _ => {}
            }
        }
        if tick % 3 == 0 {
            words[13..44].reverse();
        }
        vec![row(0, 0, words.clone()), row(0, 1, highest.clone())]
    });
    let ticks = ticks.collect();
    life(
        "wide",
        schema(vec![class("Wide", fields)], Vec::new()),
        ticks,
    )
}
