//! All bots together: started one after the other, ended at the same time.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use syncline_client_core::prediction::NoPrediction;
use syncline_games::arena::{Arena, ArenaPrediction};
use syncline_shared::game::Game as _;
use syncline_shared::tick::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep_until};

use crate::address::Address;
use crate::bandwidth;
use crate::bot::Bot;
use crate::config::SwarmConfig;
use crate::context::Context;
use crate::decoding::SwarmDecoding;
use crate::error::Error;
use crate::progress::Progress;
use crate::record::Counts;
use crate::report::Report;
use crate::tally::Tally;
use crate::timeline::Timeline;

const SECOND: Duration = Duration::from_secs(1);

/// Runs a swarm to its end.
///
/// # Errors
///
/// [`Error::Address`], [`Error::NoAuthority`], [`Error::Authority`] and [`Error::Unreachable`] if it
/// can't start. What happens to bots later is in
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
    let address = Address::parse(&config.url, config.ca.as_deref())?;
    let probed = address.probe().await;
    probed.map_err(|source| Error::Unreachable {
        url: config.url.clone(),
        source,
    })?;
    let end = u64::try_from(config.total().as_micros()).unwrap_or(u64::MAX);
    let swarm = Arc::new(Context {
        decoding: SwarmDecoding::new(config.decode()),
        tally: Tally {
            wire: address.wire(),
            ..Tally::default()
        },
        address,
        timeline: Timeline::default(),
        schema: OnceLock::new(),
        progress,
        end: Timestamp(end),
        origin: Instant::now(),
        config,
    });
    let mut bots = JoinSet::new();
    for number in 0..swarm.config.bots {
        bots.spawn(play(Arc::clone(&swarm), number));
    }
    let watched = tokio::spawn(watch(Arc::clone(&swarm)));
    let mut counts = Vec::new();
    while let Some(bot) = bots.join_next().await {
        counts.push(bot.unwrap_or_else(|_| panicked()));
    }
    watched.abort();
    let decoders = swarm.decoding.decoders();
    let report = Report::new(&swarm.config, &counts, &swarm.tally, decoders);
    let bandwidth = bandwidth::fetch(&swarm.address, &swarm.config.room).await;
    Ok(Report {
        bandwidth,
        seconds: swarm.timeline.seconds(),
        ..report
    })
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

/// Ends each second of the timeline, as long as bots play.
async fn watch(context: Arc<Context>) {
    let mut ends = interval_at(context.origin + SECOND, SECOND);
    while context.now() < context.end {
        ends.tick().await;
        context
            .timeline
            .end_second(context.origin.elapsed().as_secs_f64());
    }
}

/// Waits for a bot's turn, and plays it.
async fn play(context: Arc<Context>, number: u32) -> Counts {
    sleep_until(context.origin + context.config.start_of(number)).await;
    if context.config.game == Arena::NAME {
        Bot::<ArenaPrediction>::new(context, number).play().await
    } else {
        Bot::<NoPrediction>::new(context, number).play().await
    }
}
