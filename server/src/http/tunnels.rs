//! A session over plain HTTP, where no WebSocket comes through: `/play/open` and `/play/{tunnel}`.
//!
//! Only brings bytes to a tunnel and from it. What they are is for the connection to say, which is
//! served like any other. Section 1.1 of PROTOCOL.md.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Extension, Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use syncline_shared::message::SUBPROTOCOL;
use tokio::time::timeout;

use crate::http::caller::{self, unavailable};
use crate::http::cross_origin::from_pages;
use crate::http::problem::Problem;
use crate::http::site::Site;
use crate::net::connection;
use crate::net::guard::{Peer, PeerName};
use crate::net::link::Ends;
use crate::net::meter::Meter;
use crate::net::tunnel::{NotTaken, Opened, OutOfPlace, Reader, Tunnel};

/// The most bytes of one request.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How long a request may be held back: proxies give up after a minute, some after half of one.
const WAIT_MAX: Duration = Duration::from_secs(25);

/// What a streamed answer begins with, and is no part of the stream: with it a client knows that
/// nothing on the way collects answers before it passes them on.
const FIRST: Bytes = Bytes::from_static(b"\n");

/// Keeps proxies of one kind from collecting an answer.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The routes.
pub(super) fn routes(site: &Arc<Site>) -> Router<Arc<Site>> {
    Router::new()
        .route("/play/open", post(open))
        .route("/play/{tunnel}/down", get(down))
        .route("/play/{tunnel}/up", post(up))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(site.clone(), from_pages))
}

#[derive(Deserialize)]
struct Opening {
    /// What the client speaks, as in a WebSocket's handshake.
    protocol: String,
}

/// A tunnel, as its client is told of it.
#[derive(Serialize)]
struct Told<'a> {
    tunnel: &'a str,
}

/// Opens a tunnel, and takes the first bytes if there are any.
async fn open(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(asked): Query<Opening>,
    body: Bytes,
) -> Result<Response, Response> {
    let client = caller::client(&site, &peer, &headers).map_err(|refusal| *refusal)?;
    if asked.protocol != SUBPROTOCOL {
        site.lobby.metrics.count_refusal("subprotocol");
        let words = format!("the protocol must be {SUBPROTOCOL}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, words).into_response());
    }
    let place = peer.tunnel(client).map_err(unavailable)?;
    let opened = site.tunnels.open();
    let taken = opened.tunnel.inward.take(0, &body).await;
    taken.map_err(|error| not_taken(error).into_response())?;
    let told = Json(Told {
        tunnel: &opened.name,
    });
    let answer = (StatusCode::CREATED, uncached(), told).into_response();
    tokio::spawn(serve(site, opened, place, peer.name(client)));
    Ok(answer)
}

/// Serves a tunnel until it ends.
async fn serve(site: Arc<Site>, opened: Opened, place: Peer, name: PeerName) {
    let lobby = site.lobby.clone();
    let tunnels = lobby.metrics.tunnels.clone();
    tunnels.inc();
    let exceeded = &lobby.metrics.byte_rate_exceeded;
    let meter = Meter::new(site.tunnels.byte_rate(), lobby.clock, exceeded);
    let ends = Ends::of_tunnel(&opened.tunnel, meter);
    tokio::select! {
        () = connection::serve(lobby, ends, Bytes::new(), &place, name, false) => {}
        () = opened.tunnel.watch(site.tunnels.unread_max()) => {}
    }
    tunnels.dec();
}

#[derive(Deserialize)]
struct Reading {
    /// The place of the first byte that is wanted; the client has all before it.
    from: u64,
    /// For how many milliseconds the answer may be held back. Without it the answer does not end.
    wait: Option<u64>,
}

/// What a server says, from a place on.
async fn down(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    Query(Reading { from, wait }): Query<Reading>,
) -> Result<Response, Problem> {
    let tunnel = found(&site, &peer, &name)?;
    let reader = tunnel.outward.attach(from);
    let mut reader = reader.map_err(|error| out_of_place(&error))?;
    let Some(wait) = wait else {
        return Ok((streamed(), endless(reader)).into_response());
    };
    let wait = Duration::from_millis(wait).min(WAIT_MAX);
    match timeout(wait, reader.read()).await {
        Ok(Some(bytes)) => Ok((streamed(), Body::from(bytes)).into_response()),
        Ok(None) => Err(over()),
        // Nothing as yet.
        Err(_) => Ok((streamed(), Body::empty()).into_response()),
    }
}

/// All that a reader reads.
fn endless(reader: Reader) -> Body {
    let rest = stream::unfold(reader, |mut reader| async move {
        let bytes = reader.read().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    });
    Body::from_stream(stream::once(async { Ok(FIRST) }).chain(rest))
}

#[derive(Deserialize)]
struct Writing {
    /// The place of the first byte of the body.
    at: u64,
    /// The client has all that the server said before this place.
    got: Option<u64>,
}

/// What a client says, from a place on.
async fn up(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    Path(name): Path<String>,
    Query(Writing { at, got }): Query<Writing>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let tunnel = found(&site, &peer, &name)?;
    if let Some(got) = got {
        let acknowledged = tunnel.outward.acknowledge(got);
        acknowledged.map_err(|error| out_of_place(&error))?;
    }
    tunnel.inward.take(at, &body).await.map_err(not_taken)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The tunnel of this name. Whoever knows one is no stranger who has yet to say what it wants.
fn found(site: &Site, peer: &Peer, name: &str) -> Result<Arc<Tunnel>, Problem> {
    let tunnel = site.tunnels.find(name).ok_or_else(|| {
        let words = "there is no such tunnel, or not any more: open another";
        Problem::new(StatusCode::NOT_FOUND, words)
    })?;
    peer.settle();
    peer.carry_tunnel();
    Ok(tunnel)
}

fn over() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "the tunnel is over, or another request reads",
    )
}

fn out_of_place(error: &OutOfPlace) -> Problem {
    Problem::new(StatusCode::CONFLICT, error.to_string())
}

fn not_taken(error: NotTaken) -> Problem {
    match error {
        NotTaken::OutOfPlace(error) => out_of_place(&error),
        NotTaken::Over => over(),
    }
}

fn uncached() -> [(HeaderName, &'static str); 1] {
    [(CACHE_CONTROL, "no-store, no-transform")]
}

/// Asks everything on the way to pass an answer on as it comes.
fn streamed() -> [(HeaderName, &'static str); 4] {
    let [uncached] = uncached();
    [
        uncached,
        (CONTENT_TYPE, "application/octet-stream"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_ACCEL_BUFFERING, "no"),
    ]
}
