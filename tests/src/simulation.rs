//! Runs scenarios under all checkers.

use std::fmt;
use std::sync::Arc;

use syncline_client_core::prediction::NoPrediction;
use syncline_games::{Arena, ArenaPrediction, Pong};
use syncline_server_core::{GameKind, game_kind};
use syncline_shared::predict::Predict;

use crate::answers::Answers;
use crate::checkers::{
    Complaint, Digest, Endings, Journals, Predictions, Presence, Recoveries, Worlds,
};
use crate::corruption::Corruption;
use crate::crowd::{Crowd, MANY_SECRETS, SECRETS};
use crate::healing::Healing;
use crate::scenario::{Played, Scenario};
use crate::world::{Tap, World};

/// What a simulated match amounted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Frames of clients that were compared with the server's.
    pub frames: u64,
    /// Predictions that were right.
    pub predictions: u64,
    /// Corrections by cause.
    pub corrections: Vec<(&'static str, u64)>,
    /// Ends of connections by name.
    pub endings: Vec<(&'static str, u64)>,
    /// Clients that were at the present in the end.
    pub current: u64,
    /// Clients that saw the present in time after a stall.
    pub recovered: u64,
    /// Times that a member had no credit.
    pub credit_waits: u64,
    /// Chunks of which bits were flipped.
    pub flips: u64,
    /// Streams that went astray and came back.
    pub healed: u64,
    /// Frames that a client showed wrongly within the time that it takes to find out.
    pub wrong: u64,
    /// Those that it showed for longer.
    pub wrong_late: u64,
    /// Commands that were answered.
    pub answered: u64,
    /// Those that were answered on a later connection than they were first asked on.
    pub repeated: u64,
    /// Those that were lost with their session or match.
    pub lost: u64,
    /// Ticks that the journal reproduced.
    pub replayed: usize,
    /// A digest of every byte that the server sent.
    pub digest: u32,
}

/// A simulated match in which something did not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The match.
    pub scenario: Scenario,
    /// Whether bits were flipped.
    pub flips: bool,
    /// What did not hold, and when.
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:#?}", self.scenario.seed, self.scenario)?;
        for (at, complaint) in self.complaints.iter().take(10) {
            writeln!(f, "{:>6} ms: {complaint}", at.as_millis())?;
        }
        let flips = if self.flips { "--flips " } else { "" };
        write!(f, "again with: cargo sim {flips}{}", self.scenario.seed)
    }
}

/// Runs a scenario.
///
/// # Errors
///
/// What did not hold.
pub fn run(scenario: &Scenario) -> Result<Summary, Box<Failure>> {
    run_all(scenario, Box::new(|_, _| ()), None)
}

/// Runs a scenario in which bits of chunks are flipped on their way to clients.
///
/// # Errors
///
/// What did not hold.
pub fn run_corrupted(scenario: &Scenario, corruption: Corruption) -> Result<Summary, Box<Failure>> {
    run_all(scenario, Box::new(|_, _| ()), Some(corruption))
}

/// Runs the match of a seed with flipped bits: every second one without any other fault, so that how
/// long healing may take is known to the tick.
///
/// # Errors
///
/// What did not hold.
pub fn run_with_flips(seed: u64) -> Result<Summary, Box<Failure>> {
    let mut scenario = Scenario::from_seed(seed);
    if seed.is_multiple_of(2) {
        scenario = scenario.without_faults();
    }
    // Often enough that some go astray again and again, and not so often that they never get in.
    let (one_in, pause) = match seed % 3 {
        0 => (16, 1_000_000),
        1 => (64, 500_000),
        _ => (256, 0),
    };
    let corruption = Corruption::new(seed, one_in, scenario.duration).with_pauses(pause);
    run_corrupted(&scenario, corruption)
}

/// Runs a scenario in which `tap` changes what the server sends.
///
/// # Errors
///
/// What did not hold.
pub fn run_tapped(scenario: &Scenario, tap: Tap) -> Result<Summary, Box<Failure>> {
    run_all(scenario, tap, None)
}

fn run_all(
    scenario: &Scenario,
    tap: Tap,
    corruption: Option<Corruption>,
) -> Result<Summary, Box<Failure>> {
    match scenario.game {
        Played::Arena => {
            run_with::<ArenaPrediction>(scenario, &game_kind::<Arena>(), tap, corruption)
        }
        Played::Pong => run_with::<NoPrediction>(scenario, &game_kind::<Pong>(), tap, corruption),
        Played::Crowd => {
            let kind = game_kind::<Crowd<SECRETS>>();
            run_with::<NoPrediction>(scenario, &kind, tap, corruption)
        }
        Played::LargeCrowd => {
            let kind = game_kind::<Crowd<MANY_SECRETS>>();
            run_with::<NoPrediction>(scenario, &kind, tap, corruption)
        }
    }
}

fn run_with<P: Predict>(
    scenario: &Scenario,
    kind: &Arc<dyn GameKind>,
    tap: Tap,
    corruption: Option<Corruption>,
) -> Result<Summary, Box<Failure>> {
    let mut worlds = Worlds::default();
    let mut predictions = Predictions::default();
    let mut endings = Endings::default();
    let mut presence = Presence::default();
    let mut recoveries = Recoveries::default();
    let mut healing = Healing::default();
    let mut answers = Answers::default();
    let mut digest = Digest::default();
    let mut journals = Journals::new(Arc::clone(kind));
    let mut world = World::<P>::new(scenario, kind);
    world.tap(tap);
    if let Some(corruption) = corruption {
        world.corrupt(corruption);
    }
    world.run(&mut [
        &mut worlds,
        &mut predictions,
        &mut endings,
        &mut presence,
        &mut recoveries,
        &mut healing,
        &mut answers,
        &mut journals,
        &mut digest,
    ]);
    let complaints = [
        worlds.complaints,
        predictions.complaints,
        endings.complaints,
        presence.complaints,
        recoveries.complaints,
        healing.complaints.clone(),
        answers.complaints,
        journals.complaints,
    ]
    .concat();
    if !complaints.is_empty() {
        return Err(Box::new(Failure {
            scenario: scenario.clone(),
            flips: healing.flips() > 0,
            complaints,
        }));
    }
    Ok(Summary {
        frames: worlds.compared,
        predictions: predictions.agreed,
        corrections: predictions.corrections.into_iter().collect(),
        endings: endings.endings.into_iter().collect(),
        current: presence.current,
        recovered: recoveries.recovered,
        credit_waits: presence.credit_waits,
        flips: healing.flips(),
        healed: healing.healed,
        wrong: worlds.excused,
        wrong_late: worlds.late,
        answered: answers.answered,
        repeated: answers.repeated,
        lost: answers.lost,
        replayed: journals.replayed,
        digest: digest.value(),
    })
}
