//! Streams that went astray come back, and those of nobody else go astray.

use std::collections::{BTreeMap, BTreeSet};

use syncline_client_core::client::Client;
use syncline_client_core::event::ClientEvent;
use syncline_client_core::playing::Playing;
use syncline_shared::id::StreamSlot;
use syncline_shared::limits::JOIN_PART_BYTES_MAX;
use syncline_shared::predict::Predict;
use syncline_shared::tick::Timestamp;

use crate::checkers::Complaint;
use crate::corruption::Excuses;
use crate::network::Path;
use crate::world::{Observed, Observer, interval_max};

/// How much later than its answer can be there a stream may come back, in microseconds: the steps of
/// virtual time at both ends.
const GRAIN_MICROS: u64 = 8_000;

/// The largest join of a simulated stream, in parts, each of which takes a snapshot tick.
const PARTS_MAX: u64 = (32 * 1024_u64).div_ceil(JOIN_PART_BYTES_MAX as u64);

/// How long a stream may be astray if the client or the server stalled, in microseconds: the longest
/// stall, and some.
const STRUCK_MICROS_MAX: u64 = 6_000_000;

/// A client whose stream went astray has it again after two round trips.
#[derive(Debug, Default)]
pub struct Healing {
    excuses: Excuses,
    paths: BTreeMap<usize, Path>,
    /// Since when a stream is astray.
    astray: BTreeMap<(usize, StreamSlot), Timestamp>,
    /// Clients whose path does not behave as it does otherwise.
    struck: BTreeSet<usize>,
    /// Streams that came back.
    pub healed: u64,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl Healing {
    /// Chunks that were changed.
    pub fn flips(&self) -> u64 {
        self.excuses.count
    }

    /// How long a stream may be astray after the server was asked for it.
    fn micros_max<P: Predict>(&self, client: usize, playing: &Playing<P>) -> u64 {
        if self.struck.contains(&client) {
            return STRUCK_MICROS_MAX;
        }
        let path = self.paths.get(&client).copied().unwrap_or_default();
        let interval = u64::from(interval_max(playing));
        let snapshot = interval * playing.rate().period_micros();
        4 * (path.latency + path.jitter) + (1 + PARTS_MAX) * snapshot + GRAIN_MICROS
    }

    fn look<P: Predict>(&mut self, now: Timestamp, index: usize, client: &Client<P>) {
        for stream in [StreamSlot::COMMON, StreamSlot::OWN] {
            let Some(&since) = self.astray.get(&(index, stream)) else {
                continue;
            };
            let playing = client.playing().filter(|playing| playing.is_running());
            let Some(playing) = playing else {
                // There is nothing to be told of.
                self.astray.remove(&(index, stream));
                continue;
            };
            if !playing.is_astray(stream) {
                self.astray.remove(&(index, stream));
                self.healed += 1;
            } else if now.since(since) > self.micros_max(index, playing) {
                self.astray.remove(&(index, stream));
                let took = now.since(since) / 1000;
                let complaint = format!("{stream:?} of client {index} is astray for {took} ms");
                self.complaints.push((now, complaint));
            }
        }
    }
}

impl<P: Predict> Observer<P> for Healing {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Flipped(flip, path) => {
                self.excuses.add(*flip);
                self.paths.insert(flip.client, *path);
            }
            Observed::Struck(client) => {
                self.struck.insert(*client);
            }
            Observed::Client(index, _, ClientEvent::Closed(_)) => {
                for stream in [StreamSlot::COMMON, StreamSlot::OWN] {
                    self.astray.remove(&(*index, stream));
                }
            }
            Observed::Client(index, _, ClientEvent::Astray(astray)) => {
                if !self.excuses.any(*index) {
                    let complaint = format!("client {index} went astray by itself: {astray:?}");
                    self.complaints.push((now, complaint));
                }
                self.astray.insert((*index, astray.stream), now);
            }
            Observed::Client(index, client, ClientEvent::Frame(_)) => {
                self.look(now, *index, client);
            }
            Observed::Settled(_, peers) => {
                for (index, peer) in peers.iter().enumerate() {
                    self.look(now, index, &peer.client);
                }
            }
            _ => {}
        }
    }
}
