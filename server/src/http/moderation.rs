//! Whom whoever runs the server sends away or silences: `POST /api/rooms/{room}/kick` and
//! `POST /api/rooms/{room}/mute`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use syncline_server_core::Room;
use syncline_shared::id::PlayerId;
use syncline_shared::tick::Timestamp;

use crate::http::body::parse;
use crate::http::problem::Problem;
use crate::http::room::{unknown, unvisited};
use crate::http::site::Site;

/// Whom to send away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kick {
    /// The seat.
    player: u16,
    /// Why, for that player to read.
    #[serde(default)]
    reason: String,
}

/// Whom to silence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mute {
    /// The seat.
    player: u16,
    /// Whether to, or to let it speak again.
    #[serde(default = "yes")]
    muted: bool,
}

fn yes() -> bool {
    true
}

/// Removes a player from a room, and keeps its session out for a while.
pub(super) async fn kick(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    site.access.check(&headers)?;
    let Kick { player, reason } = parse(&headers, &body)?;
    done(&site, &room, move |now, room| {
        room.kick(now, PlayerId(player), &reason).is_ok()
    })
    .await
}

/// Lets a player of a room speak, or not.
pub(super) async fn mute(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    site.access.check(&headers)?;
    let Mute { player, muted } = parse(&headers, &body)?;
    done(&site, &room, move |_, room| {
        room.mute(PlayerId(player), muted).is_ok()
    })
    .await
}

/// Does it in a room; it says whether anybody has the seat.
async fn done(
    site: &Site,
    room: &str,
    it: impl FnOnce(Timestamp, &mut Room) -> bool + Send + 'static,
) -> Result<StatusCode, Problem> {
    let room = site.room_handle(room).ok_or_else(unknown)?;
    if room.visit(it).await.map_err(unvisited)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let words = "`player` is a seat that nobody has";
    Err(Problem::new(StatusCode::NOT_FOUND, words))
}
