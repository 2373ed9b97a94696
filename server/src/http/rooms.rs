//! The list of public rooms: `GET /api/rooms`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use syncline_shared::labels::Labels;
use syncline_shared::query;

use crate::http::problem::Problem;
use crate::http::site::Site;
use crate::runtime::board::RoomBoard;

/// Which rooms to list.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Only those of this game.
    game: Option<String>,
    /// Only those that are like that.
    #[serde(default)]
    query: String,
}

/// A public room in `/api/rooms`.
#[derive(Serialize)]
pub(super) struct ListedRoom {
    id: u32,
    /// Not of one with a password: who has the code may look into it.
    code: Option<String>,
    game: &'static str,
    /// Whether it has a password.
    locked: bool,
    labels: Labels,
    phase: &'static str,
    tick: u32,
    players: u16,
    players_max: u16,
    spectators: u16,
    /// How far they are behind.
    spectator_delay_ms: u32,
    /// What it gives up because it is overloaded: "none", "snapshots" or "time".
    degraded: &'static str,
    /// Ticks a second of late; 0 while no match is running.
    ticks_per_second: f64,
    /// Snapshots a second, likewise.
    snapshots_per_second: f64,
}

impl From<&RoomBoard> for ListedRoom {
    fn from(board: &RoomBoard) -> Self {
        let glance = board.glance();
        let pace = f64::from(glance.pace) / 1000.0;
        Self {
            id: board.id.0,
            code: board.lock.is_none().then(|| board.code.to_string()),
            game: board.game.kind.name(),
            locked: board.lock.is_some(),
            labels: board.labels.clone(),
            phase: glance.phase,
            tick: glance.tick,
            players: glance.players,
            players_max: board.players_max(),
            spectators: glance.spectators,
            spectator_delay_ms: glance.spectator_delay_ms,
            degraded: glance.degraded,
            ticks_per_second: pace,
            snapshots_per_second: pace / f64::from(glance.snapshot_interval.max(1)),
        }
    }
}

/// Tells which public rooms there are, of one game and like a query if that is asked for.
pub(super) async fn rooms(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<ListedRoom>>, Problem> {
    let query: query::Query = wanted.query.parse().map_err(|error: query::QueryError| {
        Problem::new(StatusCode::BAD_REQUEST, error.to_string())
    })?;
    let game = wanted.game.as_deref();
    let suits = |room: &&Arc<RoomBoard>| {
        let facts = room.facts();
        !room.private && game.is_none_or(|game| facts.game == game) && query.matches(&facts)
    };
    let rooms = site.lobby.directory.rooms();
    let listed = rooms.iter().filter(suits).map(|room| (&**room).into());
    Ok(Json(listed.collect()))
}
