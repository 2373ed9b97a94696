//! What whoever runs the server says to players: `POST /api/announce`, `POST /api/rooms/{room}/announce`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, Uri};
use futures_util::future::join_all;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use syncline_shared::id::PlayerId;
use syncline_shared::limits::CHAT_CHARS_MAX;
use syncline_shared::message::chat::{ChatRefusal, ChatTo, clean};

use crate::http::announced::Announced;
use crate::http::body::parse;
use crate::http::idempotency::{KEY_BYTES_MAX, Known, Turn};
use crate::http::problem::Problem;
use crate::http::site::Site;
use crate::runtime::inbox::{RoomHandle, Unvisited};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What to say to all rooms.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToAll {
    text: String,
}

/// What to say in one room.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToRoom {
    text: String,
    /// The seat of the one player who is to hear it.
    to: Option<u16>,
}

/// Says something in all rooms, private ones included.
pub(super) async fn to_all(
    State(site): State<Arc<Site>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Announced>, Problem> {
    site.access.check(&headers)?;
    let ToAll { text } = parse(&headers, &body)?;
    let rooms = site.lobby.directory.handles();
    once(&site, &uri, &headers, &body, rooms, text, ChatTo::Room).await
}

/// Says something in one room, to everybody or to one player.
pub(super) async fn to_room(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Announced>, Problem> {
    site.access.check(&headers)?;
    let ToRoom { text, to } = parse(&headers, &body)?;
    let to = to.map_or(ChatTo::Room, |player| ChatTo::Player(PlayerId(player)));
    let rooms = site.room_handle(&room).into_iter().collect();
    once(&site, &uri, &headers, &body, rooms, text, to).await
}

/// Announces, unless the same was asked for before.
async fn once(
    site: &Arc<Site>,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
    rooms: Vec<RoomHandle>,
    text: String,
    to: ChatTo,
) -> Result<Json<Announced>, Problem> {
    let turn = match headers.get(IDEMPOTENCY_KEY) {
        None => None,
        Some(key) => match turn(site, key.to_str().unwrap_or_default(), uri, body)? {
            Ok(turn) => Some(turn),
            Err(answer) => return Ok(Json(answer)),
        },
    };
    clean(&text).map_err(refused)?;
    if rooms.is_empty() && uri.path() != ALL {
        let words = "there is no such room";
        return Err(Problem::new(StatusCode::NOT_FOUND, words));
    }
    // Goes on if whoever asked is gone: what was begun ends, and is known to have.
    let announcing = tokio::spawn(async move {
        let reached = announce(rooms, text, to).await?;
        if let Some(turn) = turn {
            turn.end(reached);
        }
        Ok(reached)
    });
    match announcing.await {
        Ok(Ok(reached)) => Ok(Json(reached)),
        Ok(Err(refusal)) => Err(refused(refusal)),
        Err(_) => Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the room broke",
        )),
    }
}

/// The path that means all rooms.
const ALL: &str = "/api/announce";

/// What is known of a key: its turn, or the answer that was given.
fn turn(
    site: &Arc<Site>,
    key: &str,
    uri: &Uri,
    body: &Bytes,
) -> Result<Result<Turn<Announced>, Announced>, Problem> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let words = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} visible characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, words));
    }
    let request = Sha256::new().chain_update(uri.path()).chain_update([0]);
    let request = request.chain_update(body).finalize().into();
    match site.answered.begin(key, request) {
        Known::Nothing(turn) => Ok(Ok(turn)),
        Known::Answer(answer) => Ok(Err(answer)),
        Known::Pending => {
            let words = "the same request is being carried out";
            Err(Problem::new(StatusCode::CONFLICT, words).with(RETRY_AFTER, "1"))
        }
        Known::Other => {
            let words = "this Idempotency-Key came with another request before";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words))
        }
    }
}

async fn announce(
    rooms: Vec<RoomHandle>,
    text: String,
    to: ChatTo,
) -> Result<Announced, ChatRefusal> {
    let asked = rooms.into_iter().map(|room| {
        let text = text.clone();
        async move {
            let announced = room.visit(move |now, room| room.announce(now, &text, to));
            announced.await
        }
    });
    let mut all = Announced {
        reached: 0,
        rooms: 0,
        unanswered: 0,
    };
    for answer in join_all(asked).await {
        match answer {
            Ok(reached) => {
                all.reached += u64::from(reached?);
                all.rooms += 1;
            }
            // It is over: there is nobody in it.
            Err(Unvisited::Over) => {}
            Err(Unvisited::Busy) => all.unanswered += 1,
        }
    }
    Ok(all)
}

fn refused(refusal: ChatRefusal) -> Problem {
    let unsayable = StatusCode::UNPROCESSABLE_ENTITY;
    let (status, words) = match refusal {
        ChatRefusal::Empty => (unsayable, "`text` has nothing to say".to_owned()),
        ChatRefusal::TooLong => {
            let words = format!("`text` may have {CHAT_CHARS_MAX} characters");
            (unsayable, words)
        }
        ChatRefusal::NoSuchPlayer => {
            let words = "`to` is a seat that nobody has".to_owned();
            (StatusCode::NOT_FOUND, words)
        }
        // Nobody who runs the server is told these.
        ChatRefusal::TooFast { .. }
        | ChatRefusal::Muted
        | ChatRefusal::NotAPlayer
        | ChatRefusal::Filtered
        | ChatRefusal::NoTeam => (unsayable, "this can't be said".to_owned()),
    };
    Problem::new(status, words)
}
