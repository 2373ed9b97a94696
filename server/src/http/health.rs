//! Whether the server is alive, and whether it moves.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::site::Site;

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "alive\n"
}

/// Whether clients should be sent here: every running match moves, and the server is not ending.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> (StatusCode, String) {
    if site.lobby.shutdown.is_thrown() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting down\n".to_owned(),
        );
    }
    let stalls = site.watchdog.stalls();
    if stalls.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let text = stalls.iter().fold(String::new(), |mut text, stall| {
        let _ = writeln!(text, "{stall}");
        text
    });
    (StatusCode::SERVICE_UNAVAILABLE, text)
}
