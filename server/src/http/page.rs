//! The page that people open: the rooms, and how to play in them. Its files are part of the program.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::http::site::Site;

/// The page needs nothing from elsewhere, and no script but its own.
const POLICY: &str = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What stands in the page for the bots' options.
const BOT_OPTIONS: &str = "<!-- bot options -->";

/// The page and its parts.
pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(index))
        .route("/page.css", get(style))
        .route("/page.js", get(script))
}

async fn index(State(site): State<Arc<Site>>) -> impl IntoResponse {
    let page = include_str!("../../../assets/web/rooms/index.html");
    file(
        "text/html",
        page.replacen(BOT_OPTIONS, &site.bot_options(), 1),
    )
}

async fn style() -> impl IntoResponse {
    file(
        "text/css",
        include_str!("../../../assets/web/rooms/page.css"),
    )
}

async fn script() -> impl IntoResponse {
    file(
        "text/javascript",
        include_str!("../../../assets/web/rooms/page.js"),
    )
}

fn file<T: IntoResponse>(kind: &str, text: T) -> impl IntoResponse + use<T> {
    let headers = [
        (CONTENT_TYPE, format!("{kind}; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // The next version of the server has another page under the same name.
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, text)
}
