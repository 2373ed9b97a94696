//! How a bot plays cubes: what to press, given what its player sees.

use glam::Vec3;
use syncline_games::cubes::CubesInput;
use syncline_games::cubes::rows::{Cube, Floor, Owner, PlayerCube};

use crate::sight::Sight;

/// How near along an axis a target is reached, in units: a player's cube is 1.5 wide.
const REACHED: f32 = 0.4;

/// How near a target a bot begins to pull, in units.
const PULLED: f32 = 3.0;

/// How far from the floor's edge a bot stays, in units.
const EDGE: f32 = 1.5;

/// Goes for the nearest cube that isn't its own, and pulls it in. `None` if this is not cubes, or
/// there is no match yet.
pub(crate) fn gather(sight: Sight<'_>) -> Option<CubesInput> {
    let (_, floor) = sight.common.entities::<Floor>(sight.schema).next()?;
    let mut players = sight.common.entities::<PlayerCube>(sight.schema);
    let (_, own) = players.find(|(_, cube)| cube.player == sight.player)?;
    let safe = f32::from(floor.reach) - EDGE;
    let is_safe = |place: Vec3| place.x.abs().max(place.y.abs()) < safe;
    let distance = |cube: &Cube| cube.position.distance_squared(own.position);
    let cubes = sight.common.entities::<Cube>(sight.schema);
    let nearest = cubes
        .map(|(_, cube)| cube)
        .filter(|cube| cube.owner != Owner(Some(sight.player)) && is_safe(cube.position))
        .min_by(|one, other| distance(one).total_cmp(&distance(other)));
    // With nothing left to get, the middle is far from all edges.
    let target = nearest.map_or(Vec3::ZERO, |cube| cube.position);
    let way = target - own.position;
    Some(CubesInput {
        x: towards(way.x),
        y: towards(way.y),
        push: false,
        pull: way.length() < PULLED,
    })
}

fn towards(way: f32) -> i8 {
    i8::from(way > REACHED) - i8::from(way < -REACHED)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use syncline_games::Cubes;
    use syncline_games::cubes::CubesConfig;
    use syncline_shared::game::{Game, PlayerInput, Profile, Step};
    use syncline_shared::id::PlayerId;
    use syncline_shared::input::InputStatus;
    use syncline_shared::rng::Rng;
    use syncline_shared::schema::Schema;
    use syncline_shared::snapshot::SnapshotWriter;
    use syncline_shared::stream::StreamEncoder;
    use syncline_shared::tick::{Tick, ViewTick};

    use super::*;

    const A: PlayerId = PlayerId(0);

    /// A match of one, and its stream.
    struct Match {
        game: Cubes,
        schema: Arc<Schema>,
        world: SnapshotWriter,
        common: StreamEncoder,
        rng: Rng,
        tick: Tick,
    }

    impl Match {
        fn new() -> Self {
            let schema = Arc::new(Cubes::schema());
            let mut game = Cubes::new(CubesConfig::default(), 1);
            game.join(A, &Profile::default()).unwrap();
            Self {
                game,
                world: SnapshotWriter::new(Arc::clone(&schema)),
                common: StreamEncoder::new(Arc::clone(&schema)),
                schema,
                rng: Rng::from_seed(1),
                tick: Tick::ZERO,
            }
        }

        fn step(&mut self, input: CubesInput) {
            self.tick = self.tick.next();
            let inputs = [PlayerInput {
                player: A,
                input,
                status: InputStatus::Applied,
                view: ViewTick::at(self.tick),
            }];
            self.world.clear();
            let mut step = Step::new(self.tick, &inputs, &mut self.rng, &mut self.world);
            self.game.tick(&mut step);
            self.game.replicate(&mut self.world);
            self.common
                .encode(1, self.world.everyone(), None, &mut Vec::new());
        }

        fn sight(&self) -> Sight<'_> {
            Sight {
                schema: &self.schema,
                common: self.common.frame(),
                own: self.common.frame(),
                player: A,
            }
        }

        fn score(&self) -> u16 {
            let sight = self.sight();
            let mut players = sight.common.entities::<PlayerCube>(sight.schema);
            players.next().map_or(0, |(_, own)| own.score)
        }
    }

    #[test]
    fn who_gathers_gets_cubes_and_stays_on_the_floor() {
        let mut cubes = Match::new();
        let mut input = CubesInput::default();
        let mut lowest = 0.0f32;
        for tick in 0..1200 {
            if tick % 12 == 1 {
                input = gather(cubes.sight()).unwrap();
            }
            cubes.step(input.clone());
            let sight = cubes.sight();
            let own = sight.common.entities::<PlayerCube>(sight.schema).next();
            lowest = lowest.min(own.unwrap().1.position.z);
        }
        assert!(cubes.score() > 40, "{} cubes in 20 s", cubes.score());
        assert!(lowest >= 0.0, "fell to {lowest}");
    }

    #[test]
    fn another_game_is_not_played() {
        let world = crate::scripted_server::World::new(crate::scripted_server::marker_schema());
        let sight = Sight {
            schema: &world.schema,
            common: world.frame(),
            own: world.frame(),
            player: A,
        };
        assert!(gather(sight).is_none());
    }
}
