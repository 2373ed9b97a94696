//! The body of a request that asks for something, as JSON.

use axum::Json;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// The most bytes of a request: text of four bytes a character, each written as an escape.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024;

/// What a body says.
pub(super) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    // A page of another origin can't send this type without being asked first.
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let kind = kind.and_then(|kind| kind.split(|byte| *byte == b';').next());
    if !kind.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"application/json")) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(
            status,
            "expected `Content-Type: application/json`",
        ));
    }
    let read = Json::<T>::from_bytes(body);
    read.map(|Json(value)| value)
        .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))
}
