//! How a bot plays arena: what to press, given what its player sees.

use glam::IVec2;
use syncline_games::arena::aim::{aim_along, direction_along};
use syncline_games::arena::rows::{ArenaInput, Rules, Ship};
use syncline_shared::rng::Rng;

use crate::sight::Sight;

/// How near a chaser goes, in steps: nearer, it circles.
const CIRCLE_STEPS: i32 = 100 * 16;

/// How far a chaser boosts to, in steps: farther than a shot flies, there is nothing to lose by not
/// firing.
const BOOST_STEPS: i32 = 300 * 16;

/// Goes for the nearest enemy: towards it from afar, around it when near, the gun always ahead of
/// it by the time that a shot takes. `None` if this is not arena, or there is no match yet.
pub(crate) fn chase(sight: Sight<'_>, rng: &mut Rng) -> Option<ArenaInput> {
    let (_, rules) = sight.common.entities::<Rules>(sight.schema).next()?;
    let mut own = None;
    let mut others = Vec::new();
    for (_, ship) in sight.common.entities::<Ship>(sight.schema) {
        if ship.owner == sight.player {
            own = Some(ship);
        } else if ship.alive {
            others.push(ship);
        }
    }
    let own = own?;
    let nearest = others
        .iter()
        .min_by_key(|ship| own.position.distance_squared(ship.position));
    let Some(enemy) = nearest.filter(|_| own.alive) else {
        return Some(ArenaInput {
            aim: own.aim,
            ..ArenaInput::default()
        });
    };
    Some(against(&own, enemy, &rules, rng))
}

fn against(own: &Ship, enemy: &Ship, rules: &Rules, rng: &mut Rng) -> ArenaInput {
    let way = enemy.position - own.position;
    let distance = integer_length(way);
    let flight = distance / i32::from(rules.shot_speed).max(1);
    let range = i32::from(rules.shot_speed) * i32::from(rules.shot_ticks);
    let mut direction = direction_along(way);
    if distance < CIRCLE_STEPS {
        direction = turned(direction, 2);
    }
    // A wall is in the way: anywhere else, for a while, leads around it.
    if own.velocity == IVec2::ZERO && rng.chance(1, 2) {
        direction = turned(direction, u8::try_from(rng.below(8)).unwrap_or(0));
    }
    ArenaInput {
        direction,
        boost: distance > BOOST_STEPS.max(range),
        fire: distance <= range,
        aim: aim_along(way + enemy.velocity * flight),
    }
}

/// A direction turned by so many eighths.
fn turned(direction: u8, eighths: u8) -> u8 {
    if direction == 0 {
        0
    } else {
        1 + (direction - 1 + eighths) % 8
    }
}

/// The length of a vector of the map, rounded down.
fn integer_length(vector: IVec2) -> i32 {
    vector.length_squared().isqrt()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use syncline_games::Arena;
    use syncline_games::arena::ArenaConfig;
    use syncline_shared::game::{Game, PlayerInput, Profile, Step};
    use syncline_shared::id::PlayerId;
    use syncline_shared::input::InputStatus;
    use syncline_shared::schema::Schema;
    use syncline_shared::snapshot::{Contents, SnapshotWriter};
    use syncline_shared::stream::StreamEncoder;
    use syncline_shared::tick::{Tick, ViewTick};

    use super::*;

    /// A match of arena with its streams, as its players see it.
    struct Match {
        game: Arena,
        schema: Arc<Schema>,
        world: SnapshotWriter,
        common: StreamEncoder,
        own: StreamEncoder,
        rng: Rng,
        tick: Tick,
    }

    impl Match {
        fn of(players: u16) -> Self {
            let schema = Arc::new(Arena::schema());
            let mut game = Arena::new(ArenaConfig::default(), 1);
            for player in 0..players {
                game.join(PlayerId(player), &Profile::default()).unwrap();
            }
            Self {
                game,
                world: SnapshotWriter::new(Arc::clone(&schema)),
                common: StreamEncoder::new(Arc::clone(&schema)),
                own: StreamEncoder::private(Arc::clone(&schema)),
                schema,
                rng: Rng::from_seed(1),
                tick: Tick::ZERO,
            }
        }

        fn step(&mut self, inputs: &[ArenaInput]) {
            self.tick = self.tick.next();
            let inputs: Vec<_> = (0u16..)
                .zip(inputs)
                .map(|(player, input)| PlayerInput {
                    player: PlayerId(player),
                    input: input.clone(),
                    status: InputStatus::Applied,
                    view: ViewTick::at(self.tick),
                })
                .collect();
            self.world.clear();
            let mut step = Step::new(self.tick, &inputs, &mut self.rng, &mut self.world);
            self.game.tick(&mut step);
            self.game.replicate(&mut self.world);
            let everyone: &Contents = self.world.everyone();
            self.common.encode(1, everyone, None, &mut Vec::new());
            self.own
                .encode(1, &Contents::EMPTY, Some(&self.common), &mut Vec::new());
        }

        fn sight(&self, player: u16) -> Sight<'_> {
            Sight {
                schema: &self.schema,
                common: self.common.frame(),
                own: self.own.frame(),
                player: PlayerId(player),
            }
        }
    }

    /// Two chasers on the real map: they meet, shoot, and somebody scores.
    #[test]
    fn chasers_find_and_destroy_each_other() {
        let mut arena = Match::of(2);
        let mut minds = [Rng::from_seed(1), Rng::from_seed(2)];
        let mut inputs = [ArenaInput::default(), ArenaInput::default()];
        for tick in 0..30 * 60 {
            if tick % 6 == 1 {
                for (player, mind) in (0..).zip(&mut minds) {
                    inputs[usize::from(player)] = chase(arena.sight(player), mind).unwrap();
                }
            }
            arena.step(&inputs);
        }
        let sight = arena.sight(0);
        let scores: u32 = sight
            .common
            .entities::<Ship>(sight.schema)
            .map(|(_, ship)| ship.score)
            .sum();
        assert!(scores > 0, "a minute without a hit");
    }

    #[test]
    fn who_is_alone_stays_where_it_is() {
        let mut arena = Match::of(1);
        arena.step(&[ArenaInput::default()]);
        let input = chase(arena.sight(0), &mut Rng::from_seed(1)).unwrap();
        assert_eq!((input.direction, input.fire), (0, false));
    }

    #[test]
    fn another_game_is_not_played() {
        let schema = crate::scripted_server::marker_schema();
        let world = crate::scripted_server::World::new(Arc::clone(&schema));
        let frame = world.frame();
        let sight = Sight {
            schema: &schema,
            common: frame,
            own: frame,
            player: PlayerId(0),
        };
        assert!(chase(sight, &mut Rng::from_seed(1)).is_none());
    }
}
