//! How often somebody may be wrong about the code of a room, by HTTP as at the door.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use syncline_shared::id::RoomCode;

use crate::directory::Secret;
use crate::http::caller::told;
use crate::http::site::Site;
use crate::net::forwarded;
use crate::net::guard::Peer;

/// Counts codes that lead nowhere, and looks at none from whoever named too many.
pub(super) async fn limited(
    State(site): State<Arc<Site>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    if !names_code(request.uri().path()) {
        return next.run(request).await;
    }
    let headers = told(request.headers());
    let client = forwarded::client(peer.ip(), peer.trusted(), &headers);
    let client = match client {
        Ok(client) => client,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem.to_string()).into_response(),
    };
    let address = peer.counted(peer.name(client));
    let directory = &site.lobby.directory;
    if let Err(tries) = directory.check_tries(address) {
        let later = [(RETRY_AFTER, tries.seconds.to_string())];
        let words = "too many codes from this address were wrong";
        return (StatusCode::TOO_MANY_REQUESTS, later, words).into_response();
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        directory.count_wrong(address, Secret::Code);
    }
    response
}

/// Whether a path may be that of a room by its code. Whatever is no plain id may be, since letters can
/// be written in more than one way there.
fn names_code(path: &str) -> bool {
    let room = path.strip_prefix("/api/rooms/");
    let room = room.and_then(|room| room.split('/').next());
    room.is_some_and(may_be_code)
}

/// Whether what names a room is more than a plain id.
pub(crate) fn may_be_code(room: &str) -> bool {
    room.len() == RoomCode::LENGTH || !room.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_ids() {
        for path in [
            "/api/rooms/7K2MXQ",
            "/api/rooms/7k2%2Dmxq/events",
            "/api/rooms/234567",
        ] {
            assert!(names_code(path), "{path}");
        }
        for path in [
            "/api/rooms/12",
            "/api/rooms",
            "/api/rooms/1/events",
            "/7K2MXQ",
        ] {
            assert!(!names_code(path), "{path}");
        }
    }
}
