//! A game that does on command what no game should: for tests of what is around it.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use slotmap::SlotMap;
use syncline_shared::command::{CommandRefusal, Origin};
use syncline_shared::game::{
    Audience, Game, JoinRefusal, LeaveReason, Profile, SnapshotWriter, Step,
};
use syncline_shared::id::{EntityId, PlayerId};
use syncline_shared::replicated::NoEvent;
use syncline_shared::schema::Schema;
use syncline_shared::tick::TickRate;

syncline_shared::replicated! {
    /// Somebody who walks a step in each tick in which it is told to.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub(crate) struct Walker {
        owner: PlayerId => bits(12),
        steps: u32 => counter,
        ticks: u32 => counter,
    }
}

syncline_shared::replicated! {
    /// What a player sends.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Legs {
        pub(crate) walk: bool => flag,
    }
}

syncline_shared::commands! {
    /// What a player may ask for.
    pub(crate) enum LabCommand {
        /// The next tick panics.
        Break {},
        /// The next tick does not return until the gate is opened.
        Hang {},
        /// The next tick never returns.
        HangForever {},
        /// From now on each tick takes so many microseconds.
        Toil { micros: u32 },
        /// Refused with the answer: how many steps, in how many ticks.
        HowFar {},
    }
}

/// The laboratory.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Lab {
    walkers: SlotMap<EntityId, Walker>,
    mischief: Option<Mischief>,
    toil_micros: u32,
}

/// What the next tick does that it should not.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Mischief {
    Break,
    Hang,
    HangForever,
}

impl Game for Lab {
    const NAME: &'static str = "lab";
    const TICK_RATE: TickRate = TickRate::hz(60);
    type Config = ();
    type Input = Legs;
    type Command = LabCommand;
    type Event = NoEvent;

    fn schema() -> Schema {
        Self::describe().class::<Walker>().build()
    }

    /// For tests of what is said to a team.
    fn teams(_config: &()) -> u8 {
        2
    }

    fn new((): (), _seed: u64) -> Self {
        Self::default()
    }

    fn join(&mut self, owner: PlayerId, _: &Profile) -> Result<(), JoinRefusal> {
        self.walkers.insert(Walker {
            owner,
            steps: 0,
            ticks: 0,
        });
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, _: LeaveReason) {
        self.walkers.retain(|_, walker| walker.owner != player);
    }

    fn command(&mut self, from: Origin, command: LabCommand) -> Result<(), CommandRefusal> {
        match command {
            LabCommand::Break {} => self.mischief = Some(Mischief::Break),
            LabCommand::Hang {} => self.mischief = Some(Mischief::Hang),
            LabCommand::HangForever {} => self.mischief = Some(Mischief::HangForever),
            LabCommand::Toil { micros } => self.toil_micros = micros,
            LabCommand::HowFar {} => {
                let is_mine = |walker: &&Walker| Origin::Player(walker.owner) == from;
                let mine = self
                    .walkers
                    .values()
                    .find(is_mine)
                    .ok_or(CommandRefusal::NotAPlayer)?;
                return Err(CommandRefusal::Rule(format!(
                    "{} {}",
                    mine.steps, mine.ticks
                )));
            }
        }
        Ok(())
    }

    fn tick(&mut self, step: &mut Step<'_, Self>) {
        match self.mischief.take() {
            None => {}
            Some(Mischief::Break) => panic!("the laboratory was told to break"),
            Some(Mischief::Hang) => GATE.pass(),
            Some(Mischief::HangForever) => loop {
                std::thread::park();
            },
        }
        let end = Instant::now() + Duration::from_micros(self.toil_micros.into());
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        for walker in self.walkers.values_mut() {
            walker.ticks += 1;
            let walks = step.input(walker.owner).is_some_and(|legs| legs.walk);
            walker.steps += u32::from(walks);
        }
    }

    fn replicate(&self, world: &mut SnapshotWriter) {
        for (id, walker) in &self.walkers {
            world.put(id, Audience::Everyone, walker);
        }
    }
}

/// Where ticks that were told to hang wait. Only one test may use it.
pub(crate) static GATE: Gate = Gate {
    open: Mutex::new(false),
    opened: Condvar::new(),
};

/// Something that holds up whoever wants to pass, until it is opened.
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Lets everybody pass, now and later.
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }
}
