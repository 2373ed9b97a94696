//! A world so large that its join is sent in many parts: for simulations only.

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Profile, SnapshotWriter, Step,
};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::replicated;
use syncline_shared::replicated::{NoCommand, NoEvent};
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

/// Walkers that everybody sees; a few of them step in each tick.
const WALKERS: u32 = 3000;
/// Secrets that each player alone sees: a join of everything takes two parts.
pub(crate) const SECRETS: u32 = 4000;
/// So many that a join of these alone takes two.
pub(crate) const MANY_SECRETS: u32 = 6000;

replicated! {
    /// Somebody in the crowd.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Walker {
        at: u32 => counter,
    }
}

replicated! {
    /// Something that one player knows.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Secret {
        what: u32 => bits(24),
    }
}

replicated! {
    /// Whom to push.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Push {
        whom: u16 => bits(12),
    }
}

/// The crowd, with so many secrets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Crowd<const COUNT: u32> {
    walkers: SlotMap<EntityId, Walker>,
    secrets: SlotMap<EntityId, Secret>,
    players: Vec<PlayerId>,
}

impl<const COUNT: u32> Game for Crowd<COUNT> {
    const NAME: &'static str = "crowd";
    const TICK_RATE: TickRate = TickRate::hz(30);
    type Config = ();
    type Input = Push;
    type Command = NoCommand;
    type Event = NoEvent;

    fn schema() -> Schema {
        Self::describe().class::<Walker>().class::<Secret>().build()
    }

    fn new((): (), _seed: u64) -> Self {
        let (mut walkers, mut secrets) = (SlotMap::with_key(), SlotMap::with_key());
        for at in 0..WALKERS {
            walkers.insert(Walker { at });
        }
        for what in 0..COUNT {
            secrets.insert(Secret { what });
        }
        Self {
            walkers,
            secrets,
            players: Vec::new(),
        }
    }

    fn join(&mut self, player: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        self.players.push(player);
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        self.players.retain(|&known| known != player);
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        for input in step.inputs() {
            // Somebody always moves, so that every tick has something to say.
            let whom = usize::try_from(u32::from(input.input.whom) % WALKERS).unwrap_or(0);
            if let Some(walker) = self.walkers.values_mut().nth(whom) {
                walker.at = walker.at.wrapping_add(1);
            }
            let what = step.rng().below(COUNT);
            if let Some(secret) = self
                .secrets
                .values_mut()
                .nth(usize::try_from(what).unwrap_or(0))
            {
                secret.what = (secret.what + 1) % (1 << 24);
            }
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        for (id, walker) in &self.walkers {
            world.put(id, Audience::Everyone, walker);
        }
        for &player in &self.players {
            for (id, secret) in &self.secrets {
                world.put(id, Audience::Player(player), secret);
            }
        }
    }
}
