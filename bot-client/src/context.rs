//! What all bots of a swarm have in common: settings, time, and where they put what they saw.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use syncline_shared::schema::Schema;
use syncline_shared::tick::Timestamp;
use tokio::time::Instant;

use crate::address::Address;
use crate::config::SwarmConfig;
use crate::decoding::SwarmDecoding;
use crate::progress::Progress;
use crate::tally::Tally;
use crate::timeline::Timeline;

/// One swarm.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: SwarmConfig,
    pub(crate) address: Address,
    pub(crate) decoding: SwarmDecoding,
    pub(crate) tally: Tally,
    pub(crate) timeline: Timeline,
    /// The game's schema, once a bot was told: thousands of copies would be most of what bots weigh.
    pub(crate) schema: OnceLock<Arc<Schema>>,
    pub(crate) progress: Arc<Progress>,
    /// When all bots leave.
    pub(crate) end: Timestamp,
    pub(crate) origin: Instant,
}

impl Context {
    /// The time since the swarm began.
    pub(crate) fn now(&self) -> Timestamp {
        let micros = self.origin.elapsed().as_micros();
        Timestamp(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// A time as the runtime's timers want it.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.origin + Duration::from_micros(at.0)
    }
}
