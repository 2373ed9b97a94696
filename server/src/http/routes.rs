//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use syncline_shared::message::SUBPROTOCOL;

use crate::http::caller::{self, unavailable};
use crate::http::site::Site;
use crate::http::{
    announce, bandwidth, body, cross_origin, events, figures, guesses, health, moderation, openapi,
    problem, replay, room, rooms, tunnels,
};
use crate::metrics::Present;
use crate::net::connection;
use crate::net::guard::Peer;
use crate::net::link::Ends;
use crate::net::text::TextSocket;
use crate::net::upgrade;
use crate::stomp;

/// The format of `/metrics`.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A path of the API, and what answers there.
type ApiRoute = (&'static str, fn() -> MethodRouter<Arc<Site>>);

/// All that `openapi.json` describes.
const API: &[ApiRoute] = &[
    ("/api/rooms", || get(rooms::rooms)),
    ("/api/rooms/{room}", || get(room::room)),
    ("/api/rooms/{room}/events", || get(events::events)),
    ("/api/rooms/{room}/announce", || {
        writes(post(announce::to_room))
    }),
    ("/api/rooms/{room}/kick", || writes(post(moderation::kick))),
    ("/api/rooms/{room}/mute", || writes(post(moderation::mute))),
    ("/api/rooms/{room}/bandwidth", || get(bandwidth::bandwidth)),
    ("/api/rooms/{room}/metrics", || get(figures::figures)),
    ("/api/announce", || writes(post(announce::to_all))),
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
    let pages = from_fn_with_state(site.clone(), cross_origin::from_pages);
    let api = API.iter().fold(Router::new(), api).layer(pages);
    router
        .merge(api)
        .merge(tunnels::routes(&site))
        .fallback(page)
        .layer(from_fn_with_state(site.clone(), guesses::limited))
        .layer(from_fn(problem::in_documents))
        .with_state(site)
}

/// A route that takes a small body, and nothing that is larger.
fn writes(route: MethodRouter<Arc<Site>>) -> MethodRouter<Arc<Site>> {
    route.layer(DefaultBodyLimit::max(body::BODY_BYTES_MAX))
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
    let metrics = &site.lobby.metrics;
    let client = match caller::client(&site, &peer, request.headers()) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
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
                    let ends = Ends::of_stream(socket);
                    connection::serve(lobby, ends, early, &peer, name, false).await;
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
