//! Problem documents: how everything under `/api`, and the tunnels, say what is wrong (RFC 9457).
//!
//! Whatever a route, a check of the library or the router itself answers in words goes through
//! [`in_documents`], which puts the words into a document. So no route can forget it.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The most bytes of words that become a detail; none of ours are longer.
const DETAIL_BYTES_MAX: usize = 4096;

/// What problem documents are sent as.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Something that can't be done.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    header: Option<(HeaderName, &'static str)>,
}

/// A problem as it travels.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// With `about:blank` the title says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// A problem of this status; `detail` is for people.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            header: None,
        }
    }

    /// The same, answered with a header.
    pub(super) fn with(self, name: HeaderName, value: &'static str) -> Self {
        Self {
            header: Some((name, value)),
            ..self
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self {
            status,
            detail,
            header,
        } = self;
        let document = Document {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &detail,
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        if let Some((name, value)) = header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Turns what is wrong with a request under `/api` or `/play/` into a problem document.
pub(super) async fn in_documents(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = path == "/api" || path.starts_with("/api/") || path.starts_with("/play/");
    let response = next.run(request).await;
    let status = response.status();
    if !is_api || !(status.is_client_error() || status.is_server_error()) || is_problem(&response) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let words = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    let words = String::from_utf8_lossy(&words);
    let detail = match (words.trim(), status) {
        ("", StatusCode::METHOD_NOT_ALLOWED) => "this resource has no such method",
        (words, _) => words,
    };
    let document = Problem::new(status, detail).into_response();
    // What else was said, such as which methods there are, stays.
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    Response::from_parts(head, document.into_body())
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE) == Some(&PROBLEM_JSON)
}
