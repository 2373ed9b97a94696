//! One room's state: `GET /api/rooms/{room}`, also as long polling.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use syncline_server_core::Overview;
use syncline_shared::game::Outcome;
use syncline_shared::id::PlayerId;
use syncline_shared::labels::Labels;
use syncline_shared::properties::Properties;
use tokio::time::{Instant, sleep_until};

use crate::http::problem::Problem;
use crate::http::site::Site;
use crate::runtime::inbox::{RoomHandle, Unvisited};

/// The longest that an answer is held back.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// After how many seconds to try again.
const LATER: &str = "2";

/// A room's state as it is told.
#[derive(Debug, Serialize)]
pub(super) struct RoomDocument {
    id: u32,
    code: String,
    game: &'static str,
    /// Whether it has a password.
    locked: bool,
    labels: Labels,
    /// "lobby", "held", "running" or "ended".
    phase: &'static str,
    /// Counts matches and recoveries of the room.
    incarnation: u32,
    private: bool,
    players: u16,
    players_max: u16,
    spectators: u16,
    connected: u16,
    /// How many players have to come, or to come back; 0 while a match runs.
    missing: u16,
    /// How many connected players are not ready, in a lobby where all have to be.
    unready: Option<u16>,
    /// Whether the countdown to a match runs.
    starting: bool,
    /// How many teams there are; 0 without.
    teams: u8,
    roster: Vec<Seat>,
    /// Of the match that runs or has ended, best first, as far as its game tells it.
    scores: Vec<Score>,
    /// After a match.
    result: Option<MatchResult>,
}

#[derive(Debug, Serialize)]
struct Seat {
    player: u16,
    name: String,
    connected: bool,
    ready: bool,
    host: bool,
    /// In a game that has teams.
    team: Option<u8>,
    properties: Properties,
}

#[derive(Debug, Serialize)]
struct MatchResult {
    winners: Vec<u16>,
    /// Best first.
    scores: Vec<Score>,
}

#[derive(Debug, Serialize)]
struct Score {
    player: u16,
    score: i32,
}

/// A state as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// JSON.
    pub(super) body: Bytes,
    /// Names it.
    pub(super) tag: String,
}

impl From<Overview> for RoomDocument {
    fn from(overview: Overview) -> Self {
        let Overview {
            status,
            locked,
            labels,
            incarnation,
            missing,
            unready,
            starting,
            teams,
            roster,
            scores,
            outcome,
        } = overview;
        let seats = roster.into_iter().map(|entry| Seat {
            player: entry.player.0,
            name: entry.name,
            connected: entry.connected,
            ready: entry.ready,
            host: entry.host,
            team: entry.team.map(|team| team.0),
            properties: entry.properties,
        });
        Self {
            id: status.id.0,
            code: status.code.to_string(),
            game: status.game,
            locked,
            labels,
            phase: status.phase,
            incarnation,
            private: status.private,
            players: status.players,
            players_max: status.players_max,
            spectators: status.spectators,
            connected: status.connected,
            missing,
            unready,
            starting,
            teams,
            roster: seats.collect(),
            scores: scores.into_iter().map(Score::from).collect(),
            result: outcome.map(MatchResult::from),
        }
    }
}

impl From<Outcome> for MatchResult {
    fn from(outcome: Outcome) -> Self {
        Self {
            winners: outcome.winners.into_iter().map(|player| player.0).collect(),
            scores: outcome.scores.into_iter().map(Score::from).collect(),
        }
    }
}

impl From<(PlayerId, i32)> for Score {
    fn from((player, score): (PlayerId, i32)) -> Self {
        let player = player.0;
        Self { player, score }
    }
}

impl Told {
    pub(super) fn of(overview: Overview) -> Self {
        let body = serde_json::to_vec(&RoomDocument::from(overview)).unwrap_or_default();
        let tag = HEXLOWER.encode(&Sha256::digest(&body)[..16]);
        Self {
            body: body.into(),
            tag: format!("\"{tag}\""),
        }
    }
}

/// Tells the state of a public room by its id, of any by its code. With `?wait=SECONDS` and the tag of
/// what is known it tells it once it is another.
pub(super) async fn room(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = site.room_handle(&room).ok_or_else(unknown)?;
    let wait = wait(&uri)?;
    let shown = headers.get_all(IF_NONE_MATCH);
    let is_known = |tag: &str| {
        let lists = shown.iter().filter_map(|list| list.to_str().ok());
        let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
        tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
    };
    let mut changes = room.board.changes();
    let _waiting = match wait {
        Duration::ZERO => None,
        _ => Some(
            site.waiters
                .clone()
                .try_acquire_owned()
                .map_err(|_| busy())?,
        ),
    };
    let until = Instant::now() + wait;
    loop {
        let told = look(&room).await?;
        if !is_known(&told.tag) {
            return Ok(answer(StatusCode::OK, told));
        }
        tokio::select! {
            ended = changes.changed() => ended.map_err(|_| unknown())?,
            () = sleep_until(until) => return Ok(answer(StatusCode::NOT_MODIFIED, told)),
            () = site.lobby.shutdown.thrown() => {
                return Ok(answer(StatusCode::NOT_MODIFIED, told));
            }
        }
    }
}

/// The state of a room now.
async fn look(room: &RoomHandle) -> Result<Told, Problem> {
    let overview = room.visit(|_, room| room.overview()).await;
    overview.map(Told::of).map_err(unvisited)
}

/// How long a request lets its answer be held back.
fn wait(uri: &Uri) -> Result<Duration, Problem> {
    let mut pairs = uri.query().unwrap_or_default().split('&');
    let Some(wait) = pairs.find_map(|pair| pair.strip_prefix("wait=")) else {
        return Ok(Duration::ZERO);
    };
    let seconds: Result<u64, _> = wait.parse();
    let wait = seconds.map(Duration::from_secs).map_err(|_| {
        let words = "`wait` is a whole number of seconds, of which at most 30 count";
        Problem::new(StatusCode::BAD_REQUEST, words)
    })?;
    Ok(wait.min(WAIT_MAX))
}

fn answer(status: StatusCode, told: Told) -> Response {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&told.tag) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if status == StatusCode::OK {
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        *response.body_mut() = told.body.into();
    }
    response
}

/// There is no such room.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such room")
}

/// Too many are waiting.
pub(super) fn busy() -> Problem {
    let words = "too many wait for news of rooms";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, words).with(RETRY_AFTER, LATER)
}

/// A room that can't be looked into.
pub(super) fn unvisited(unvisited: Unvisited) -> Problem {
    match unvisited {
        Unvisited::Over => unknown(),
        Unvisited::Busy => {
            let words = "the room does not respond";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, words).with(RETRY_AFTER, LATER)
        }
    }
}
