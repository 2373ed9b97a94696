//! Who asks to play, whatever way in: the client behind a connection, and answers to those who get none.

use std::net::IpAddr;

use axum::http::header::{FORWARDED, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use syncline_shared::close::{CloseReason, Then};

use crate::http::site::Site;
use crate::net::forwarded::{self, Told};
use crate::net::guard::{Peer, Refusal};

/// What most proxies write; `Forwarded` is its standard.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// After how many seconds whoever was refused may try again, as a close for a full server says.
const RETRY_SECONDS: u8 = match CloseReason::ServerFull.then() {
    Then::Retry(seconds) => seconds,
    Then::Never | Then::Resume | Then::Rejoin => 0,
};

/// The address of the client that asks on `peer`'s connection, if that has a place of its own.
///
/// # Errors
///
/// The answer, if there is no place, or the proxy's word can't be believed.
pub(super) fn client(
    site: &Site,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<IpAddr, Box<Response>> {
    if let Some(refusal) = peer.refusal() {
        return Err(Box::new(unavailable(refusal)));
    }
    forwarded::client(peer.ip(), peer.trusted(), &told(headers)).map_err(|problem| {
        site.lobby.metrics.count_refusal("forwarded");
        tracing::warn!(peer = %peer.name(peer.ip()), %problem, "a trusted proxy is set up wrongly");
        Box::new((StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response())
    })
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

/// The answer to who gets no place.
pub(super) fn unavailable(refusal: Refusal) -> Response {
    let later = [(RETRY_AFTER, RETRY_SECONDS.to_string())];
    let words = format!("{refusal}\n");
    (StatusCode::SERVICE_UNAVAILABLE, later, words).into_response()
}
