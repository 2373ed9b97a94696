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

/// Whether clients should be sent here: every running match moves, and the server is not ending. Then
/// what is wrong with journals, which is no reason not to.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> (StatusCode, String) {
    if site.lobby.shutdown.is_thrown() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting down\n".to_owned(),
        );
    }
    let stalls = site.watchdog.stalls();
    let mut text = String::new();
    for stall in &stalls {
        let _ = writeln!(text, "{stall}");
    }
    let status = if stalls.is_empty() {
        text.push_str("ready\n");
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    // Play goes on without journals; but whoever counts on them should know.
    for problem in site.journals.problems() {
        let _ = writeln!(text, "journals: {problem}");
    }
    (status, text)
}
