//! What one room has measured and counted, for those who look into it.
//!
//! `/metrics` has all rooms together: a label for each of thousands of rooms, which come and go,
//! would be more than those who gather metrics can bear.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use syncline_server_core::counters::{RoomCounters, Verdict};

use crate::http::site::Site;
use crate::metrics::ROOM_COUNTERS;
use crate::runtime::board::RoomBoard;
use crate::runtime::figures::Spread;

/// One room's figures since it opened, as of the last second or so.
#[derive(Debug, Serialize)]
pub(super) struct RoomFigures {
    room: u32,
    game: &'static str,
    members: u16,
    /// How far those who watch are behind.
    spectator_delay_ms: u32,
    /// About how many bytes are held back for them.
    held_back_bytes: usize,
    degraded: &'static str,
    ticks_per_second: f64,
    /// Ticks from one snapshot to the next.
    snapshot_interval: u32,
    tick: Durations,
    lateness: Durations,
    snapshot_encode: Durations,
    waiting_frames: usize,
    waiting_bytes: usize,
    inputs: BTreeMap<&'static str, u64>,
    /// Connections that the room closed, by reason.
    closes: BTreeMap<&'static str, u64>,
    /// Everything else that it counts.
    counters: BTreeMap<&'static str, u64>,
}

/// How long something took, in microseconds. The percentiles are at most twice too much.
#[derive(Debug, Serialize)]
struct Durations {
    count: u64,
    sum_micros: u64,
    p50_micros: u64,
    p99_micros: u64,
    /// How many took up to 16, 32, 64 ... microseconds and longer than that before it; the last one,
    /// longer than all.
    buckets: Vec<u64>,
}

/// Answers for a public room by its id, for any by its code.
pub(super) async fn figures(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
) -> Result<Json<RoomFigures>, (StatusCode, &'static str)> {
    site.room(&room).map(|board| Json(of(&board)))
}

fn of(board: &RoomBoard) -> RoomFigures {
    let (glance, figures) = (board.glance(), board.figures());
    let counters: &RoomCounters = &figures.counters;
    let verdicts = Verdict::ALL.map(Verdict::name);
    RoomFigures {
        room: board.id.0,
        game: board.game.kind.name(),
        members: glance.connected,
        spectator_delay_ms: glance.spectator_delay_ms,
        held_back_bytes: figures.held_back_bytes,
        degraded: glance.degraded,
        ticks_per_second: f64::from(glance.pace) / 1000.0,
        snapshot_interval: glance.snapshot_interval,
        tick: (&figures.ticks).into(),
        lateness: (&figures.lateness).into(),
        snapshot_encode: (&figures.encoding).into(),
        waiting_frames: figures.waiting_frames,
        waiting_bytes: figures.waiting_bytes,
        inputs: verdicts.into_iter().zip(counters.inputs).collect(),
        closes: figures.closes.clone(),
        counters: ROOM_COUNTERS
            .iter()
            .map(|(name, _, read)| (*name, read(counters)))
            .collect(),
    }
}

impl From<&Spread> for Durations {
    fn from(spread: &Spread) -> Self {
        Self {
            count: spread.count,
            sum_micros: spread.sum,
            p50_micros: spread.percentile(500).unwrap_or(0),
            p99_micros: spread.percentile(990).unwrap_or(0),
            buckets: spread.buckets.to_vec(),
        }
    }
}
