//! Who may write: those who know the token, and on a server that only this machine reaches everybody.

use axum::http::header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Config;
use crate::http::problem::Problem;
use crate::net::origin::AllowedOrigins;

/// What a client has to show.
pub(crate) enum Access {
    /// The token, which this makes of it.
    Token(Box<Hmac<Sha256>>, Vec<u8>),
    /// Nothing: everybody may who asks from this machine, web pages if they are of it or listed. A name
    /// that leads here may be anybody's.
    Anybody(AllowedOrigins),
    /// There is nothing that it could show.
    Nobody,
}

impl Access {
    /// As the settings say. `key` is of no other use, and need not be kept.
    pub(crate) fn of(config: &Config, origins: &AllowedOrigins, key: u64) -> Self {
        let local = config.bind.ip().is_loopback() && config.trusted_proxies.is_empty();
        match &config.api_token {
            Some(token) => {
                let mac = Hmac::<Sha256>::new_from_slice(&key.to_le_bytes());
                let mac = mac.expect("a key may have any length");
                let made = mac.clone().chain_update(token.text());
                Self::Token(Box::new(mac), made.finalize().into_bytes().to_vec())
            }
            None if local => Self::Anybody(origins.clone()),
            None => Self::Nobody,
        }
    }

    /// Whether a request with these headers may write.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Self::Anybody(origins) => {
                let page = headers
                    .get(ORIGIN)
                    .map(|page| page.to_str().unwrap_or_default());
                if page.is_none_or(|page| origins.allows(page, "localhost")) {
                    return Ok(());
                }
                let words = "without a token only pages of this machine write here, and those that \
                             --allow-origin names";
                Err(Problem::new(StatusCode::FORBIDDEN, words))
            }
            Self::Nobody => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "writing needs a token: start the server with --api-token or SYNCLINE_API_TOKEN, \
                 and send it as `Authorization: Bearer TOKEN`",
            )),
            Self::Token(mac, made) => {
                let shown = bearer(headers).unwrap_or_default();
                if is_right(mac, made, shown) {
                    Ok(())
                } else {
                    Err(unauthorized())
                }
            }
        }
    }

    /// Whether one may write who shows `token`, or nothing.
    pub(crate) fn of_token(&self, token: Option<&[u8]>) -> Allowed {
        match (self, token) {
            (Self::Anybody(_), _) => Allowed::Yes,
            (Self::Nobody, _) | (Self::Token(..), None) => Allowed::No,
            (Self::Token(mac, made), Some(shown)) if is_right(mac, made, shown) => Allowed::Yes,
            (Self::Token(..), Some(_)) => Allowed::WrongToken,
        }
    }
}

/// Whether somebody may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// They may.
    Yes,
    /// They may not, and showed nothing by which they could.
    No,
    /// They showed something else than the token.
    WrongToken,
}

/// What is made of both is compared, in a time that says nothing about either.
fn is_right(mac: &Hmac<Sha256>, made: &[u8], shown: &[u8]) -> bool {
    mac.clone().chain_update(shown).verify_slice(made).is_ok()
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

fn unauthorized() -> Problem {
    let words = "writing needs the token of the server: `Authorization: Bearer TOKEN`";
    Problem::new(StatusCode::UNAUTHORIZED, words).with(WWW_AUTHENTICATE, "Bearer")
}
