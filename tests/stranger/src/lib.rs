//! Snails race: whoever holds the button crawls, and the first over the line wins.

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Outcome, Profile, SnapshotWriter, Step,
};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::replicated::{NoCommand, NoEvent};
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

const FINISH: u32 = 2000;

syncline_shared::replicated! {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct Snail {
        pub owner: PlayerId => bits(10),
        pub distance: u32 => bits(12),
    }
}

syncline_shared::replicated! {
    #[derive(Clone, Debug, Default)]
    pub struct Button {
        pub crawl: bool => flag,
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct SnailRace {
    snails: SlotMap<EntityId, Snail>,
}

impl Game for SnailRace {
    const NAME: &'static str = "snails";
    const TICK_RATE: TickRate = TickRate::hz(20);
    type Config = ();
    type Input = Button;
    type Command = NoCommand;
    type Event = NoEvent;

    fn schema() -> Schema {
        Self::describe().class::<Snail>().build()
    }
    fn new((): (), _seed: u64) -> Self {
        Self::default()
    }
    fn join(&mut self, owner: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        self.snails.insert(Snail { owner, distance: 0 });
        Ok(())
    }
    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        self.snails.retain(|_, snail| snail.owner != player);
    }
    fn tick(&mut self, step: &mut Step<'_, Self>) {
        for snail in self.snails.values_mut() {
            let crawls = step.input(snail.owner).is_some_and(|button| button.crawl);
            snail.distance += if crawls { 1 + step.rng().below(3) } else { 0 };
        }
    }
    fn replicate(&self, world: &mut SnapshotWriter) {
        self.snails.iter().for_each(|(id, snail)| world.put(id, Audience::Everyone, snail));
    }
    fn outcome(&self) -> Option<Outcome> {
        let winner = self.snails.values().find(|snail| snail.distance >= FINISH)?;
        Some(Outcome { winners: vec![winner.owner], scores: Vec::new() })
    }
}
