//! Which path leads where.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use serde::Serialize;

use crate::http::site::Site;
use crate::http::{bandwidth, health, page};
use crate::net::connection;
use crate::net::listener::Peer;
use crate::net::upgrade;
use crate::runtime::board::RoomBoard;

/// The format of `/metrics`.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All routes.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .merge(page::routes())
        .route("/play", any(play))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics))
        .route("/api/rooms", get(rooms))
        .route("/api/rooms/{room}/bandwidth", get(bandwidth::bandwidth))
        .fallback(nothing)
        .with_state(site)
}

async fn nothing() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is nothing here; / leads on\n")
}

/// Turns the request into a WebSocket, or says what is wrong with it.
async fn play(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
) -> Response {
    let acceptable = match upgrade::check(&request) {
        Ok(acceptable) => acceptable,
        Err(refusal) => {
            site.lobby.metrics.count_refusal(refusal.slug());
            tracing::debug!(peer = %peer.address, %refusal, "handshake refused");
            return refusal.into_response();
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let lobby = site.lobby.clone();
    tokio::spawn(async move {
        if let Some((socket, early)) = upgrade::socket(upgrade).await {
            connection::serve(lobby, socket, early, peer.address).await;
        }
        // Until here the connection counts as open.
        drop(peer);
    });
    acceptable.into_response()
}

async fn metrics(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let rooms = site.lobby.directory.rooms();
    let members = rooms
        .iter()
        .map(|room| usize::from(room.glance().connected))
        .sum();
    (
        [(CONTENT_TYPE, OPENMETRICS)],
        site.lobby.metrics.text(rooms.len(), members),
    )
}

/// A public room in `/api/rooms`.
#[derive(Serialize)]
struct ListedRoom {
    id: u32,
    code: String,
    game: &'static str,
    phase: &'static str,
    tick: u32,
    players: u16,
    players_max: u16,
    spectators: u16,
}

impl From<&RoomBoard> for ListedRoom {
    fn from(board: &RoomBoard) -> Self {
        let glance = board.glance();
        Self {
            id: board.id.0,
            code: board.code.to_string(),
            game: board.game.kind.name(),
            phase: glance.phase,
            tick: glance.tick,
            players: glance.players,
            players_max: board.players_max(),
            spectators: glance.spectators,
        }
    }
}

async fn rooms(State(site): State<Arc<Site>>) -> Json<Vec<ListedRoom>> {
    let rooms = site.lobby.directory.rooms();
    Json(
        rooms
            .iter()
            .filter(|room| !room.private)
            .map(|room| (&**room).into())
            .collect(),
    )
}
