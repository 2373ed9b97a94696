//! my-game: whoever walks into a coin has it, and ten coins win.
//!
//! The world is plain data, and what happens in it follows from the inputs and the seed alone.

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{Audience, Game, JoinRefusal, LeaveReason, Outcome, Profile, ranking};
use syncline_shared::game::{SnapshotWriter, Step};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::replicated::{NoCommand, NoEvent};
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

const FIELD: i32 = 400;
const SPEED: i32 = 4;
const REACH: i32 = 14;
const COINS: usize = 8;
const COINS_TO_WIN: u8 = 10;

// What travels: a range and a step for each number.
syncline_shared::replicated! {
    /// A player's figure.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Walker {
        /// Whose it is.
        pub owner: PlayerId => bits(12),
        /// Where it is.
        pub x: i32 => fixed(0.0, 400.0, 1.0),
        /// Where it is.
        pub y: i32 => fixed(0.0, 400.0, 1.0),
        /// How many coins it has.
        pub coins: u8 => bits(8),
    }
}
syncline_shared::replicated! {
    /// Something to walk to.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Coin {
        /// Where it is.
        pub x: i32 => fixed(0.0, 400.0, 1.0),
        /// Where it is.
        pub y: i32 => fixed(0.0, 400.0, 1.0),
    }
}
syncline_shared::replicated! {
    /// What a player sends: where to walk.
    #[derive(Clone, Debug, Default)]
    pub struct Keys {
        /// To the left is -1.
        pub x: i8 => fixed(-1.0, 1.0, 1.0),
        /// Up is -1.
        pub y: i8 => fixed(-1.0, 1.0, 1.0),
    }
}

/// All that there is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct World {
    walkers: SlotMap<EntityId, Walker>,
    coins: SlotMap<EntityId, Coin>,
}

impl Game for World {
    const NAME: &'static str = "my-game";
    const TICK_RATE: TickRate = TickRate::hz(30);
    type Config = ();
    type Input = Keys;
    type Command = NoCommand;
    type Event = NoEvent;

    fn schema() -> Schema {
        Self::describe().class::<Walker>().class::<Coin>().build()
    }

    fn new((): (), seed: u64) -> Self {
        let (mut world, mut rng) = (Self::default(), Rng::from_seed(seed));
        for _ in 0..COINS {
            world.coins.insert(drop_coin(&mut rng));
        }
        world
    }

    fn join(&mut self, owner: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        let (x, y, coins) = (FIELD / 2, FIELD / 2, 0);
        self.walkers.insert(Walker { owner, x, y, coins });
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        self.walkers.retain(|_, walker| walker.owner != player);
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        for walker in self.walkers.values_mut() {
            let (x, y) = step.input(walker.owner).map_or((0, 0), |keys| (keys.x, keys.y));
            walker.x = (walker.x + i32::from(x) * SPEED).clamp(0, FIELD);
            walker.y = (walker.y + i32::from(y) * SPEED).clamp(0, FIELD);
            for coin in self.coins.values_mut() {
                if (coin.x - walker.x).abs() <= REACH && (coin.y - walker.y).abs() <= REACH {
                    walker.coins = walker.coins.saturating_add(1);
                    *coin = drop_coin(step.rng());
                }
            }
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        for (id, walker) in &self.walkers {
            world.put(id, Audience::Everyone, walker);
        }
        for (id, coin) in &self.coins {
            world.put(id, Audience::Everyone, coin);
        }
    }

    fn scores(&self) -> Vec<(PlayerId, i32)> {
        let coins = |walker: &Walker| (walker.owner, i32::from(walker.coins));
        ranking(self.walkers.values().map(coins))
    }

    fn outcome(&self) -> Option<Outcome> {
        let scores = self.scores();
        let &(winner, most) = scores.first()?;
        let winners = vec![winner];
        (most >= i32::from(COINS_TO_WIN)).then_some(Outcome { winners, scores })
    }
}

/// A coin somewhere.
fn drop_coin(rng: &mut Rng) -> Coin {
    let (x, y) = (rng.range(0, FIELD), rng.range(0, FIELD));
    Coin { x, y }
}
