//! What web pages may ask for over HTTP: those that may open a socket everything, others nothing.
//!
//! A browser tells the origin of a page that is not of this server, and of whatever writes. Who is no
//! page tells none, and is not restrained here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::problem::Problem;
use crate::http::site::Site;
use crate::net::upgrade;

/// What a page may send along.
const HEADERS: &str = "authorization, content-type, idempotency-key, if-none-match, last-event-id";

/// Lets through what comes from no web page, or from one that may connect, and tells its browser so.
pub(super) async fn from_pages(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = match upgrade::check_page(request.headers(), &site.origins) {
        Ok(origin) => origin.and_then(|origin| HeaderValue::from_str(origin).ok()),
        Err(refusal) => {
            site.lobby.metrics.count_refusal(refusal.slug());
            return Problem::new(refusal.status(), refusal.to_string()).into_response();
        }
    };
    let asks = request
        .headers()
        .contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks && request.method() == Method::OPTIONS {
        let told = [
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, "7200"),
        ];
        (StatusCode::NO_CONTENT, told).into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("etag"),
        );
        headers.insert(VARY, HeaderValue::from_static("origin"));
    }
    response
}
