//! The files that a browser needs: part of the program, and how each of them travels.
//!
//! A file is compressed and hashed once, when it is first asked for. Every file has a strong tag of
//! each form that it travels in and may be kept, but not used unasked: modules name each other by
//! fixed names, so that any time in which a browser need not ask would let it mix two versions of
//! the program. The answer to "is it still that" is a few bytes. Of encodings there is gzip: what
//! brotli would save on some eighty kilobytes isn't worth another library.
//!
//! Names are looked up in a table, byte by byte: no path leads to anything else. Knows nothing of
//! routes.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::Embed;
use sha2::{Digest, Sha256};

/// A page may use what comes from this server and nothing else. `'self'` has the WebSocket in it,
/// for every browser since 2022. Nothing inline, nothing evaluated, nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; media-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What no page of ours asks a browser for.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
    gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// What goes with every file.
const PRECAUTIONS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // An address may hold a room's code.
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (CACHE_CONTROL, "no-cache"),
];

/// What browsers need of `assets/web`: no declarations, no prose, no packages' manifests.
#[derive(Embed)]
#[folder = "../assets/web"]
#[include = "*.html"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.json"]
#[include = "*.webmanifest"]
#[include = "*.svg"]
#[include = "*.png"]
#[include = "*.ico"]
#[exclude = "sdk/*.json"]
struct Web;

/// Files by their names below `assets/web`.
pub(super) struct Assets(BTreeMap<String, Asset>);

/// One file.
pub(super) struct Asset {
    kind: Kind,
    plain: Bytes,
    forms: OnceLock<Forms>,
}

/// How a kind of file travels.
#[derive(Clone, Copy)]
struct Kind {
    content_type: &'static str,
    /// Whether compressing it is worth a try.
    is_loose: bool,
}

/// What a file travels as.
struct Forms {
    plain: Form,
    /// If that is shorter.
    gzip: Option<Form>,
}

struct Form {
    bytes: Bytes,
    tag: String,
    encoding: Option<&'static str>,
}

impl Assets {
    /// The files that are part of the program.
    pub(super) fn embedded() -> Self {
        let files = Web::iter().filter_map(|name| {
            let plain = match Web::get(&name)?.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => bytes.into(),
            };
            let asset = Asset::new(&name, plain)?;
            Some((name.into_owned(), asset))
        });
        Self(files.collect())
    }

    /// Adds a text file. One whose kind is unknown is left out.
    pub(super) fn add(&mut self, name: &str, text: &'static str) {
        let asset = Asset::new(name, Bytes::from_static(text.as_bytes()));
        self.0.extend(asset.map(|asset| (name.to_owned(), asset)));
    }

    /// The file called so.
    pub(super) fn find(&self, name: &str) -> Option<&Asset> {
        self.0.get(name)
    }

    /// Puts `text` in the place of the first `mark` in a text file, if there is one.
    pub(super) fn fill_in(&mut self, name: &str, mark: &str, text: &str) {
        if let Some(asset) = self.0.get_mut(name)
            && let Ok(whole) = std::str::from_utf8(&asset.plain)
        {
            asset.plain = whole.replacen(mark, text, 1).into();
            asset.forms = OnceLock::new();
        }
    }

    /// Takes out all files whose names begin so.
    pub(super) fn remove_folder(&mut self, name: &str) {
        self.0.retain(|file, _| !file.starts_with(name));
    }
}

impl Asset {
    /// A file of this name; none if its kind is unknown.
    fn new(name: &str, plain: Bytes) -> Option<Self> {
        Some(Self {
            kind: kind(name)?,
            plain,
            forms: OnceLock::new(),
        })
    }

    /// Answers a request for it.
    pub(super) fn answer(&self, method: &Method, headers: &HeaderMap) -> Response<Body> {
        let mut answer = Response::new(Body::empty());
        let head = answer.headers_mut();
        for (name, value) in PRECAUTIONS {
            head.insert(name, HeaderValue::from_static(value));
        }
        if method != Method::GET && method != Method::HEAD {
            head.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            return answer;
        }
        let forms = self.forms.get_or_init(|| Forms::of(&self.plain, self.kind));
        let form = match &forms.gzip {
            Some(gzip) if accepts_gzip(headers) => gzip,
            Some(_) | None => &forms.plain,
        };
        if self.kind.is_loose {
            head.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        let tag = HeaderValue::from_str(&form.tag).expect("a tag is quoted hexadecimal");
        head.insert(ETAG, tag);
        if has(headers, &form.tag) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        head.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(self.kind.content_type),
        );
        head.insert(CONTENT_LENGTH, form.bytes.len().into());
        if let Some(encoding) = form.encoding {
            head.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if method == Method::GET {
            *answer.body_mut() = form.bytes.clone().into();
        }
        answer
    }
}

impl Forms {
    fn of(plain: &Bytes, kind: Kind) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(plain)[..16]);
        let gzip = gzip(plain).filter(|bytes| kind.is_loose && bytes.len() < plain.len());
        Self {
            plain: Form {
                bytes: plain.clone(),
                tag: format!("\"{hash}\""),
                encoding: None,
            },
            gzip: gzip.map(|bytes| Form {
                bytes,
                tag: format!("\"{hash}-gzip\""),
                encoding: Some("gzip"),
            }),
        }
    }
}

/// `plain`, compressed as well as gzip can.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// By the end of a file's name.
fn kind(name: &str) -> Option<Kind> {
    let (content_type, is_loose) = match name.rsplit_once('.')?.1 {
        "html" => ("text/html; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "js" => ("text/javascript; charset=utf-8", true),
        "json" => ("application/json; charset=utf-8", true),
        "webmanifest" => ("application/manifest+json; charset=utf-8", true),
        "svg" => ("image/svg+xml; charset=utf-8", true),
        "png" => ("image/png", false),
        "ico" => ("image/x-icon", false),
        _ => return None,
    };
    Some(Kind {
        content_type,
        is_loose,
    })
}

/// Whether what asks takes gzip: it says so, and not that it doesn't.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepts = |offer: &str| {
        let mut parts = offer.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip") || coding == "*");
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|q| q > 0.0))
    };
    listed(headers, &ACCEPT_ENCODING).any(accepts)
}

/// Whether what asks has the file with this tag.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    listed(headers, &IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The entries of a header that is a list. No tag of ours has a comma.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}
