//! Runs scenarios under all checkers.

use std::fmt;
use std::sync::Arc;

use syncline_client_core::prediction::NoPrediction;
use syncline_games::{Arena, ArenaPrediction, Pong};
use syncline_server_core::{GameKind, game_kind};
use syncline_shared::predict::Predict;

use crate::checkers::{
    Complaint, Digest, Endings, Journals, Predictions, Presence, Recoveries, Worlds,
};
use crate::crowd::Crowd;
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
    /// What did not hold, and when.
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:#?}", self.scenario.seed, self.scenario)?;
        for (at, complaint) in self.complaints.iter().take(10) {
            writeln!(f, "{:>6} ms: {complaint}", at.as_millis())?;
        }
        write!(f, "again with: cargo sim {}", self.scenario.seed)
    }
}

/// Runs a scenario.
///
/// # Errors
///
/// What did not hold.
pub fn run(scenario: &Scenario) -> Result<Summary, Box<Failure>> {
    run_tapped(scenario, Box::new(|_, _| ()))
}

/// Runs a scenario in which `tap` changes what the server sends.
///
/// # Errors
///
/// What did not hold.
pub fn run_tapped(scenario: &Scenario, tap: Tap) -> Result<Summary, Box<Failure>> {
    match scenario.game {
        Played::Arena => run_with::<ArenaPrediction>(scenario, &game_kind::<Arena>(), tap),
        Played::Pong => run_with::<NoPrediction>(scenario, &game_kind::<Pong>(), tap),
        Played::Crowd => run_with::<NoPrediction>(scenario, &game_kind::<Crowd>(), tap),
    }
}

fn run_with<P: Predict>(
    scenario: &Scenario,
    kind: &Arc<dyn GameKind>,
    tap: Tap,
) -> Result<Summary, Box<Failure>> {
    let mut worlds = Worlds::default();
    let mut predictions = Predictions::default();
    let mut endings = Endings::default();
    let mut presence = Presence::default();
    let mut recoveries = Recoveries::default();
    let mut digest = Digest::default();
    let mut journals = Journals::new(Arc::clone(kind));
    let mut world = World::<P>::new(scenario, kind);
    world.tap(tap);
    world.run(&mut [
        &mut worlds,
        &mut predictions,
        &mut endings,
        &mut presence,
        &mut recoveries,
        &mut journals,
        &mut digest,
    ]);
    let complaints = [
        worlds.complaints,
        predictions.complaints,
        endings.complaints,
        presence.complaints,
        recoveries.complaints,
        journals.complaints,
    ]
    .concat();
    if !complaints.is_empty() {
        return Err(Box::new(Failure {
            scenario: scenario.clone(),
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
        replayed: journals.replayed,
        digest: digest.value(),
    })
}
