//! How a bot plays arena: what to press, given what its player sees.

use std::collections::BTreeSet;

use glam::IVec2;
use syncline_games::arena::aim::{aim_along, direction_along};
use syncline_games::arena::rows::{ArenaInput, Rules, Ship};
use syncline_shared::id::PlayerId;
use syncline_shared::rng::Rng;

use crate::sight::Sight;

/// How near a chaser goes, in steps: nearer, it circles.
const CIRCLE_STEPS: i32 = 100 * 16;

/// How far a chaser boosts to, in steps: farther than a shot flies, there is nothing to lose by not
/// firing.
const BOOST_STEPS: i32 = 300 * 16;

/// How far off a casual player aims, twice, in 256 to a turn: 22 degrees at worst, 9 as a rule.
const AIM_OFF: i32 = 8;

/// Goes for the nearest enemy, who is none of `mates`: towards it from afar, around it when near, the
/// gun always ahead of it by the time that a shot takes. `None` if this is not arena, or there is no
/// match yet.
pub(crate) fn chase(
    sight: Sight<'_>,
    mates: &BTreeSet<PlayerId>,
    rng: &mut Rng,
) -> Option<ArenaInput> {
    let (_, rules) = sight.common.entities::<Rules>(sight.schema).next()?;
    let mut own = None;
    let mut others = Vec::new();
    for (_, ship) in sight.common.entities::<Ship>(sight.schema) {
        if ship.owner == sight.player {
            own = Some(ship);
        } else if ship.alive && !mates.contains(&ship.owner) {
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

/// As [`chase`], but with a hand that is a little off, and does not always pull the trigger.
pub(crate) fn casual(
    sight: Sight<'_>,
    mates: &BTreeSet<PlayerId>,
    rng: &mut Rng,
) -> Option<ArenaInput> {
    let input = chase(sight, mates, rng)?;
    if !input.fire {
        return Some(input);
    }
    // Mostly little, now and then much.
    let off = rng.range(-AIM_OFF, AIM_OFF) + rng.range(-AIM_OFF, AIM_OFF);
    Some(ArenaInput {
        aim: input
            .aim
            .wrapping_add_signed(i8::try_from(off).unwrap_or(0)),
        fire: rng.chance(2, 3),
        ..input
    })
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

    type Mind = fn(Sight<'_>, &BTreeSet<PlayerId>, &mut Rng) -> Option<ArenaInput>;

    const NOBODY: &BTreeSet<PlayerId> = &BTreeSet::new();

    /// How often two players on the real map destroyed each other in some minutes.
    fn scores(minutes: u32, minds: [Mind; 2]) -> [u32; 2] {
        let mut arena = Match::of(2);
        let mut whims = [Rng::from_seed(1), Rng::from_seed(2)];
        let mut inputs = [ArenaInput::default(), ArenaInput::default()];
        for tick in 0..30 * 60 * minutes {
            if tick % 6 == 1 {
                for (player, (mind, whims)) in (0..).zip(minds.iter().zip(&mut whims)) {
                    inputs[usize::from(player)] = mind(arena.sight(player), NOBODY, whims).unwrap();
                }
            }
            arena.step(&inputs);
        }
        let sight = arena.sight(0);
        let mut scores = [0; 2];
        for (_, ship) in sight.common.entities::<Ship>(sight.schema) {
            scores[usize::from(ship.owner.0)] = ship.score;
        }
        scores
    }

    #[test]
    fn chasers_find_and_destroy_each_other() {
        let scores = scores(1, [chase, chase]);
        assert!(scores[0] + scores[1] > 0, "a minute without a hit");
    }

    #[test]
    fn casual_players_are_opponents_that_can_be_beaten() {
        let [one, other] = scores(2, [casual, casual]);
        assert!(one + other > 0, "two minutes without a hit");
        let [chaser, casual] = scores(2, [chase, casual]);
        assert!(chaser > casual, "{chaser} to {casual}");
    }

    #[test]
    fn a_casual_hand_is_a_little_off() {
        let mut arena = Match::of(2);
        let mut inputs = [ArenaInput::default(), ArenaInput::default()];
        let (mut fired, mut held, mut off) = (0, 0, Vec::new());
        arena.step(&inputs);
        for _ in 0..30 * 60 {
            for (player, input) in (0..).zip(&mut inputs) {
                let sight = arena.sight(player);
                let straight = chase(sight, NOBODY, &mut Rng::from_seed(1)).unwrap();
                let mut whims = Rng::from_seed(u64::from(arena.tick.0));
                *input = casual(sight, NOBODY, &mut whims).unwrap();
                assert!(straight.fire || !input.fire);
                if straight.fire {
                    off.push(input.aim.wrapping_sub(straight.aim).cast_signed());
                    fired += u32::from(input.fire);
                    held += u32::from(!input.fire);
                }
            }
            arena.step(&inputs);
        }
        assert!(fired > held && held > 0, "{fired} and {held}");
        assert!(off.iter().all(|off| off.unsigned_abs() <= 16));
        assert!(off.iter().any(|off| *off > 8) && off.iter().any(|off| *off < -8));
    }

    #[test]
    fn who_is_alone_stays_where_it_is() {
        let mut arena = Match::of(1);
        arena.step(&[ArenaInput::default()]);
        let input = chase(arena.sight(0), NOBODY, &mut Rng::from_seed(1)).unwrap();
        assert_eq!((input.direction, input.fire), (0, false));
    }

    #[test]
    fn mates_are_no_enemies() {
        let mut arena = Match::of(3);
        for _ in 0..2 {
            arena.step(&[(); 3].map(|()| ArenaInput::default()));
        }
        let against = |mates: &[u16]| {
            let mates = mates.iter().copied().map(PlayerId).collect();
            chase(arena.sight(0), &mates, &mut Rng::from_seed(1)).unwrap()
        };
        let (one, other) = (against(&[2]), against(&[1]));
        assert_ne!(one, other, "two enemies at two places");
        assert!([one, other].contains(&against(&[])), "the nearer of both");
        let peace = against(&[1, 2]);
        assert_eq!((peace.direction, peace.fire), (0, false));
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
        assert!(chase(sight, NOBODY, &mut Rng::from_seed(1)).is_none());
    }
}
