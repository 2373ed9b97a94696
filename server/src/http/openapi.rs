//! The API's description, for people and programs: `GET /api/openapi.json`.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;

/// The description. `tests/end_to_end/api.rs` holds it against the server.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");

/// Tells it.
pub(super) async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
