//! What the fields of a room cost, for those who pay for the bytes.

// A window's counts are far below 2^52.
#![allow(clippy::cast_precision_loss)]

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

use syncline_server_core::bandwidth::StreamCosts;
use syncline_shared::schema::Cause;
use syncline_shared::stream::COSTS_PER_BIT;

use crate::http::site::Site;
use crate::runtime::board::RoomBoard;

/// What a room's streams cost lately.
#[derive(Debug, Serialize)]
pub(super) struct Bandwidth {
    room: u32,
    game: &'static str,
    /// How far back it reaches; 0 before the first sample, or if none are taken.
    window_seconds: f64,
    snapshots_sampled: u32,
    /// What a player's streams take of a snapshot: the common one, and one of its own on average.
    bytes_per_snapshot: f64,
    streams: Streams,
}

/// The kinds of streams.
#[derive(Debug, Serialize)]
struct Streams {
    common: Stream,
    own: Stream,
}

/// What one stream of a kind costs, on average.
#[derive(Debug, Serialize)]
struct Stream {
    /// How many of them there were.
    streams: f64,
    bytes_per_snapshot: f64,
    /// The dearest first; what cost nothing is left out.
    costs: Vec<Cost>,
}

/// What was spent on one cause.
#[derive(Debug, Serialize)]
struct Cost {
    class: String,
    part: String,
    bits_per_snapshot: f64,
    /// Of all that is spent on streams of this kind.
    share: f64,
}

/// Answers for a public room by its id, for any by its code.
pub(super) async fn bandwidth(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
) -> Result<Json<Bandwidth>, (StatusCode, &'static str)> {
    site.room(&room).map(|board| Json(of(&board)))
}

fn of(board: &RoomBoard) -> Bandwidth {
    let window = board.bandwidth();
    let kind = &board.game.kind;
    let causes = kind.schema().causes();
    let common = stream(causes, &window.common, window.snapshots);
    let own = stream(causes, &window.own, window.snapshots);
    Bandwidth {
        room: board.id.0,
        game: kind.name(),
        window_seconds: rounded(f64::from(window.ticks) / f64::from(kind.tick_rate().as_hz())),
        snapshots_sampled: window.snapshots,
        bytes_per_snapshot: rounded(common.bytes_per_snapshot + own.bytes_per_snapshot),
        streams: Streams { common, own },
    }
}

fn stream(causes: &[Cause], spent: &StreamCosts, snapshots: u32) -> Stream {
    let chunks = spent.chunks.max(1) as f64;
    let all = spent.costs.iter().sum::<u64>().max(1) as f64;
    let mut dearest: Vec<(&Cause, u64)> = causes.iter().zip(spent.costs.iter().copied()).collect();
    dearest.retain(|&(_, cost)| cost > 0);
    // Of equals the first in the schema.
    dearest.sort_by_key(|&(_, cost)| core::cmp::Reverse(cost));
    let cost = |(cause, cost): (&Cause, u64)| Cost {
        class: cause.class.clone(),
        part: cause.part.clone(),
        bits_per_snapshot: rounded(cost as f64 / COSTS_PER_BIT as f64 / chunks),
        share: rounded(cost as f64 / all),
    };
    Stream {
        streams: rounded(spent.chunks as f64 / f64::from(snapshots.max(1))),
        bytes_per_snapshot: rounded(spent.bytes as f64 / chunks),
        costs: dearest.into_iter().map(cost).collect(),
    }
}

/// To four places.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
