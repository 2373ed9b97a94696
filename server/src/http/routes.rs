//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::header::{CONTENT_TYPE, FORWARDED, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::message::SUBPROTOCOL;

use crate::http::site::Site;
use crate::http::{
    announce, bandwidth, events, figures, guesses, health, openapi, problem, replay, room, rooms,
};
use crate::metrics::Present;
use crate::net::connection;
use crate::net::forwarded::{self, Told, Unbelievable};
use crate::net::guard::{Peer, Refusal};
use crate::net::text::TextSocket;
use crate::net::upgrade;
use crate::stomp;

/// The format of `/metrics`.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What most proxies write; `Forwarded` is its standard.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// After how many seconds whoever was refused may try again, as a close for a full server says.
const RETRY_SECONDS: u8 = match CloseReason::ServerFull.then() {
    Then::Retry(seconds) => seconds,
    Then::Never | Then::Resume | Then::Rejoin => 0,
};

/// A path of the API, and what answers there.
type ApiRoute = (&'static str, fn() -> MethodRouter<Arc<Site>>);

/// All that `openapi.json` describes.
const API: &[ApiRoute] = &[
    ("/api/rooms", || get(rooms::rooms)),
    ("/api/rooms/{room}", || get(room::room)),
    ("/api/rooms/{room}/events", || get(events::events)),
    ("/api/rooms/{room}/announce", || {
        announces(post(announce::to_room))
    }),
    ("/api/rooms/{room}/bandwidth", || get(bandwidth::bandwidth)),
    ("/api/rooms/{room}/metrics", || get(figures::figures)),
    ("/api/announce", || announces(post(announce::to_all))),
    ("/api/replay", || get(replay::shown).post(replay::control)),
    ("/api/openapi.json", || get(openapi::openapi)),
];

/// All routes.
pub(crate) fn router(site: Arc<Site>) -> Router {
    let router = Router::new()
        .route("/play", any(play))
        .route("/stomp", any(stomp))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics));
    let api = |router: Router<Arc<Site>>, (path, route): &ApiRoute| router.route(path, route());
    API.iter()
        .fold(router, api)
        .fallback(page)
        .layer(from_fn_with_state(site.clone(), guesses::limited))
        .layer(from_fn(problem::under_api))
        .with_state(site)
}

/// A route that takes an announcement, and nothing that is larger.
fn announces(route: MethodRouter<Arc<Site>>) -> MethodRouter<Arc<Site>> {
    route.layer(DefaultBodyLimit::max(announce::BODY_BYTES_MAX))
}

/// A file for browsers, or nothing.
async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    site.pages.answer(method, uri, headers)
}

/// What is spoken on a WebSocket.
#[derive(Clone, Copy)]
enum Spoken {
    /// Our own protocol.
    Syncline,
    /// STOMP.
    Stomp,
}

/// Where games are played.
async fn play(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    open(site, peer, request, Spoken::Syncline)
}

/// Where rooms are topics.
async fn stomp(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    open(site, peer, request, Spoken::Stomp)
}

/// Turns the request into a WebSocket, or says what is wrong with it.
fn open(site: Arc<Site>, peer: Peer, mut request: Request, spoken: Spoken) -> Response {
    if let Some(refusal) = peer.refusal() {
        return unavailable(refusal);
    }
    let metrics = &site.lobby.metrics;
    let client = match forwarded::client(peer.ip(), peer.trusted(), &told(request.headers())) {
        Ok(client) => client,
        Err(problem) => {
            metrics.count_refusal("forwarded");
            tracing::warn!(peer = %peer.name(peer.ip()), %problem, "a trusted proxy is set up wrongly");
            return unbelievable(problem);
        }
    };
    let name = peer.name(client);
    let subprotocol = match spoken {
        Spoken::Syncline => SUBPROTOCOL,
        Spoken::Stomp => stomp::SUBPROTOCOL,
    };
    let acceptable = match upgrade::check(&request, &site.origins, subprotocol) {
        Ok(acceptable) => acceptable,
        Err(refusal) => {
            metrics.count_refusal(refusal.slug());
            tracing::debug!(peer = %name, %refusal, "handshake refused");
            return refusal.into_response();
        }
    };
    if let Err(refusal) = peer.carry(client) {
        return unavailable(refusal);
    }
    peer.unsettle();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let socket = tokio::select! {
            socket = upgrade::socket(upgrade) => socket,
            () = peer.evicted() => None,
        };
        if let Some((socket, early)) = socket {
            let lobby = site.lobby.clone();
            match spoken {
                Spoken::Syncline => {
                    connection::serve(lobby, socket, early, &peer, name, false).await;
                }
                Spoken::Stomp => {
                    let socket = TextSocket::new(lobby, socket, &early);
                    drop(early);
                    stomp::connection::serve(site, socket, &peer, name).await;
                }
            }
        }
        // Until here the connection counts as open.
        drop(peer);
    });
    acceptable.into_response()
}

/// What proxies say of a request.
pub(super) fn told(headers: &HeaderMap) -> Told<'_> {
    let lines = |name: HeaderName| {
        let values = headers.get_all(name).into_iter();
        // What is no text can't be an address.
        values
            .map(|value| value.to_str().unwrap_or_default())
            .collect()
    };
    Told {
        forwarded: lines(FORWARDED),
        x_forwarded_for: lines(X_FORWARDED_FOR),
    }
}

fn unavailable(refusal: Refusal) -> Response {
    let later = [(RETRY_AFTER, RETRY_SECONDS.to_string())];
    let words = format!("{refusal}\n");
    (StatusCode::SERVICE_UNAVAILABLE, later, words).into_response()
}

fn unbelievable(problem: Unbelievable) -> Response {
    (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response()
}

async fn metrics(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let rooms = site.lobby.directory.rooms();
    let mut present = Present {
        rooms: rooms.len(),
        ..Present::default()
    };
    for room in &rooms {
        let glance = room.glance();
        present.members += usize::from(glance.connected);
        present.degraded += usize::from(glance.degraded != "none");
        present.waiting_frames += room.figures().waiting_frames;
    }
    (
        [(CONTENT_TYPE, OPENMETRICS)],
        site.lobby.metrics.text(present),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let document: serde_json::Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let described = document["paths"].as_object().unwrap().keys();
        let described: BTreeSet<&str> = described.map(String::as_str).collect();
        let routes: BTreeSet<&str> = API.iter().map(|(path, _)| *path).collect();
        assert_eq!(described, routes);
    }
}
