//! From an HTTP request to a WebSocket, or to an answer that says what was wrong with it.
//!
//! Checks everything that the WebSocket standard asks of a handshake. Knows nothing of games.

use axum::http::header::{
    ALLOW, CONNECTION, HOST, HeaderName, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, Method, Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use data_encoding::BASE64;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::net::origin::AllowedOrigins;
use crate::net::stream::Stream;

const KEY_BYTES: usize = 16;

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpgradeRefusal {
    /// The method is not GET.
    #[error("a WebSocket handshake is a GET request")]
    Method,
    /// The request is not HTTP/1.1.
    #[error("a WebSocket handshake is an HTTP/1.1 request")]
    Http,
    /// There is no Host, or more than one.
    #[error("exactly one Host header is needed")]
    Host,
    /// It comes from a web page that may not connect.
    #[error("pages of this Origin may not connect here; --allow-origin lets them")]
    Origin,
    /// Nobody asked for a WebSocket.
    #[error("this is a WebSocket endpoint: Connection: Upgrade and Upgrade: websocket are needed")]
    Upgrade,
    /// Another version of WebSocket.
    #[error("exactly one Sec-WebSocket-Version header is needed, and it must be 13")]
    Version,
    /// The key is missing, doubled or no 16 bytes in base64.
    #[error("exactly one Sec-WebSocket-Key header of 16 bytes in base64 is needed")]
    Key,
    /// The client does not speak this protocol.
    #[error("the subprotocol {0} must be among those in Sec-WebSocket-Protocol")]
    Subprotocol(&'static str),
}

impl UpgradeRefusal {
    /// The name in counters.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Http => "http",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Upgrade => "upgrade",
            Self::Version => "version",
            Self::Key => "key",
            Self::Subprotocol(_) => "subprotocol",
        }
    }

    /// The status of the answer.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Http | Self::Host | Self::Upgrade | Self::Key | Self::Subprotocol(_) => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}

impl IntoResponse for UpgradeRefusal {
    fn into_response(self) -> Response {
        let extra: &[(HeaderName, &str)] = match self {
            Self::Method => &[(ALLOW, "GET")],
            Self::Version => &[(SEC_WEBSOCKET_VERSION, "13"), (UPGRADE, "websocket")],
            _ => &[],
        };
        let mut response = (self.status(), format!("{self}\n")).into_response();
        for (name, value) in extra {
            let value = value.parse().expect("a constant of plain letters");
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// A request that may become a WebSocket, once it has been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acceptable {
    accept: String,
    subprotocol: &'static str,
}

/// Checks a request to speak `subprotocol`.
///
/// # Errors
///
/// The first thing that is wrong with it.
pub(crate) fn check<B>(
    request: &Request<B>,
    origins: &AllowedOrigins,
    subprotocol: &'static str,
) -> Result<Acceptable, UpgradeRefusal> {
    let headers = request.headers();
    if request.method() != Method::GET {
        return Err(UpgradeRefusal::Method);
    }
    if request.version() != Version::HTTP_11 {
        return Err(UpgradeRefusal::Http);
    }
    check_page(headers, origins)?;
    if !lists(headers, &CONNECTION, |token| {
        token.eq_ignore_ascii_case("upgrade")
    }) || !lists(headers, &UPGRADE, |token| {
        token.eq_ignore_ascii_case("websocket")
    }) {
        return Err(UpgradeRefusal::Upgrade);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(UpgradeRefusal::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).ok_or(UpgradeRefusal::Key)?;
    if BASE64.decode(key.as_bytes()).map(|bytes| bytes.len()) != Ok(KEY_BYTES) {
        return Err(UpgradeRefusal::Key);
    }
    // Subprotocols are compared letter by letter.
    if !lists(headers, &SEC_WEBSOCKET_PROTOCOL, |token| {
        token == subprotocol
    }) {
        return Err(UpgradeRefusal::Subprotocol(subprotocol));
    }
    Ok(Acceptable {
        accept: derive_accept_key(key.as_bytes()),
        subprotocol,
    })
}

/// Checks which web page sends a request, whatever it asks for: its origin; none if it is no page.
///
/// # Errors
///
/// [`UpgradeRefusal::Host`] and [`UpgradeRefusal::Origin`].
pub(crate) fn check_page<'a>(
    headers: &'a HeaderMap,
    origins: &AllowedOrigins,
) -> Result<Option<&'a str>, UpgradeRefusal> {
    let host = only(headers, &HOST).ok_or(UpgradeRefusal::Host)?;
    if !headers.contains_key(ORIGIN) {
        return Ok(None);
    }
    let origin = only(headers, &ORIGIN).filter(|origin| origins.allows(origin, host));
    origin.map(Some).ok_or(UpgradeRefusal::Origin)
}

impl IntoResponse for Acceptable {
    fn into_response(self) -> Response {
        let headers = [
            (CONNECTION, "Upgrade".to_owned()),
            (UPGRADE, "websocket".to_owned()),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
            (SEC_WEBSOCKET_PROTOCOL, self.subprotocol.to_owned()),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

/// The stream of a request that was accepted, once the answer is written, and what has been read of
/// it already: a client may send its hello without waiting for the answer. Nothing if the client was
/// gone before that.
pub(crate) async fn socket(upgrade: OnUpgrade) -> Option<(Stream, Bytes)> {
    let upgraded = upgrade.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

/// The value of a header that must come exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim())
}

/// Whether a header that lists tokens, over all its lines, has one that `is_it`.
fn lists(headers: &HeaderMap, name: &HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    let lines = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|token| is_it(token.trim()))
}

#[cfg(test)]
mod tests {
    use syncline_shared::message::SUBPROTOCOL;

    use super::*;

    fn check(request: &Request<()>) -> Result<Acceptable, UpgradeRefusal> {
        super::check(request, &AllowedOrigins::Same, SUBPROTOCOL)
    }

    const GOOD: &[(&str, &str)] = &[
        ("host", "localhost:7777"),
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "chat, syncline.v1"),
    ];

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let request = Request::get("/play");
        headers
            .iter()
            .fold(request, |request, (name, value)| {
                request.header(*name, *value)
            })
            .body(())
            .unwrap()
    }

    /// The good request with the header `name` replaced by these lines.
    fn with(name: &str, lines: &[&str]) -> Request<()> {
        let mut headers: Vec<_> = GOOD.iter().copied().filter(|(n, _)| *n != name).collect();
        headers.extend(lines.iter().map(|line| (name, *line)));
        request(&headers)
    }

    /// The key and its answer are the standard's own example.
    #[test]
    fn a_good_request_is_answered_with_its_key() {
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        let subprotocol = SUBPROTOCOL;
        let acceptable = Acceptable {
            accept,
            subprotocol,
        };
        assert_eq!(check(&request(GOOD)), Ok(acceptable));
    }

    #[test]
    fn a_page_of_the_same_host_may_connect() {
        assert!(check(&with("origin", &["http://localhost:7777"])).is_ok());
    }

    #[test]
    fn the_subprotocol_may_be_in_any_line() {
        let two_lines = with("sec-websocket-protocol", &["a, b", "c,syncline.v1"]);
        assert!(check(&two_lines).is_ok());
    }

    #[test]
    fn everything_else_is_refused_for_what_is_wrong() {
        let cases: &[(&str, &[&str], UpgradeRefusal)] = &[
            ("host", &[], UpgradeRefusal::Host),
            ("host", &["a", "b"], UpgradeRefusal::Host),
            ("origin", &["https://evil.example"], UpgradeRefusal::Origin),
            ("origin", &["null"], UpgradeRefusal::Origin),
            (
                "origin",
                &["http://localhost:7777", "http://localhost:7777"],
                UpgradeRefusal::Origin,
            ),
            ("connection", &[], UpgradeRefusal::Upgrade),
            ("connection", &["keep-alive"], UpgradeRefusal::Upgrade),
            ("connection", &["not-upgrade"], UpgradeRefusal::Upgrade),
            ("upgrade", &["h2c"], UpgradeRefusal::Upgrade),
            ("sec-websocket-version", &[], UpgradeRefusal::Version),
            ("sec-websocket-version", &["8"], UpgradeRefusal::Version),
            (
                "sec-websocket-version",
                &["13", "13"],
                UpgradeRefusal::Version,
            ),
            ("sec-websocket-key", &[], UpgradeRefusal::Key),
            ("sec-websocket-key", &["c2hvcnQ="], UpgradeRefusal::Key),
            (
                "sec-websocket-key",
                &["not base64 at all, no!!"],
                UpgradeRefusal::Key,
            ),
            (
                "sec-websocket-key",
                &["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
                UpgradeRefusal::Key,
            ),
            (
                "sec-websocket-protocol",
                &[],
                UpgradeRefusal::Subprotocol(SUBPROTOCOL),
            ),
            (
                "sec-websocket-protocol",
                &["syncline.v2"],
                UpgradeRefusal::Subprotocol(SUBPROTOCOL),
            ),
            (
                "sec-websocket-protocol",
                &["Syncline.v1"],
                UpgradeRefusal::Subprotocol(SUBPROTOCOL),
            ),
        ];
        for (name, lines, refusal) in cases {
            assert_eq!(
                check(&with(name, lines)),
                Err(*refusal),
                "{name}: {lines:?}"
            );
        }
    }

    #[test]
    fn another_method_or_version_of_http_is_refused() {
        let mut post = request(GOOD);
        *post.method_mut() = Method::POST;
        assert_eq!(check(&post), Err(UpgradeRefusal::Method));
        let mut old = request(GOOD);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(check(&old), Err(UpgradeRefusal::Http));
    }

    #[test]
    fn an_old_version_is_told_the_right_one() {
        let response = UpgradeRefusal::Version.into_response();
        assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(response.headers()[SEC_WEBSOCKET_VERSION], "13");
    }
}
