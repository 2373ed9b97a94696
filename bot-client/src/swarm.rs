//! All bots together: started one after the other, ended at the same time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use syncline_client_core::prediction::NoPrediction;
use syncline_games::arena::{Arena, ArenaPrediction};
use syncline_shared::game::Game as _;
use syncline_shared::tick::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::bot::Bot;
use crate::config::SwarmConfig;
use crate::connection::Address;
use crate::decoding::SwarmDecoding;
use crate::error::Error;
use crate::record::Counts;
use crate::report::Report;
use crate::tally::Tally;

/// What all bots of a swarm have in common.
#[derive(Debug)]
pub(crate) struct Swarm {
    pub(crate) config: SwarmConfig,
    pub(crate) address: Address,
    pub(crate) decoding: SwarmDecoding,
    pub(crate) tally: Tally,
    pub(crate) progress: Arc<Progress>,
    /// When all bots leave.
    pub(crate) end: Timestamp,
    origin: Instant,
}

/// How a swarm is doing, for whoever watches it run.
#[derive(Debug, Default)]
pub struct Progress {
    connected: AtomicU32,
    closed: AtomicU32,
}

impl Progress {
    /// How many Welcomes came.
    pub fn connections(&self) -> u32 {
        self.connected.load(Ordering::Relaxed)
    }

    /// How many connections, or attempts at one, ended.
    pub fn closes(&self) -> u32 {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn connected(&self) {
        self.connected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Swarm {
    /// The time since the swarm began.
    pub(crate) fn now(&self) -> Timestamp {
        let micros = self.origin.elapsed().as_micros();
        Timestamp(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// A time as the runtime's timers want it.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.origin + Duration::from_micros(at.0)
    }

    /// Waits for a bot's turn, and plays it.
    async fn play(self: Arc<Self>, number: u32) -> Counts {
        sleep_until(self.origin + self.config.start_of(number)).await;
        if self.config.game == Arena::NAME {
            Bot::<ArenaPrediction>::new(self, number).play().await
        } else {
            Bot::<NoPrediction>::new(self, number).play().await
        }
    }
}

/// Runs a swarm to its end.
///
/// # Errors
///
/// [`Error::Address`] and [`Error::Unreachable`] if it can't start. What happens to bots later is in
/// the report.
pub async fn run(config: SwarmConfig) -> Result<Report, Error> {
    run_with(config, Arc::default()).await
}

/// The same, for somebody who watches.
///
/// # Errors
///
/// As [`run`].
pub async fn run_with(config: SwarmConfig, progress: Arc<Progress>) -> Result<Report, Error> {
    let address = Address::parse(&config.url)?;
    let probed = address.probe().await;
    probed.map_err(|source| Error::Unreachable {
        url: config.url.clone(),
        source,
    })?;
    let end = u64::try_from(config.total().as_micros()).unwrap_or(u64::MAX);
    let swarm = Arc::new(Swarm {
        decoding: SwarmDecoding::new(config.decode()),
        address,
        tally: Tally::default(),
        progress,
        end: Timestamp(end),
        origin: Instant::now(),
        config,
    });
    let mut bots = JoinSet::new();
    for number in 0..swarm.config.bots {
        bots.spawn(Arc::clone(&swarm).play(number));
    }
    let mut counts = Vec::new();
    while let Some(bot) = bots.join_next().await {
        counts.push(bot.unwrap_or_else(|_| panicked()));
    }
    let decoders = swarm.decoding.decoders();
    Ok(Report::new(&swarm.config, &counts, &swarm.tally, decoders))
}

/// What is left of a bot whose task panicked: a session that ended without being asked to.
fn panicked() -> Counts {
    let closes = BTreeMap::from([("panicked", 1)]);
    Counts {
        disconnects: 1,
        closes,
        ..Counts::default()
    }
}
