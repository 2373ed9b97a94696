//! Which web pages may open a connection, by the Origin that their browser tells.
//!
//! Restrains browsers alone: any other client can tell what it likes, or nothing. Knows nothing of
//! requests beyond these two headers.

use std::net::IpAddr;

/// The pages that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AllowedOrigins {
    /// Those of the host that is asked for, and of the visitor's own machine.
    Same,
    /// All.
    All,
    /// These, written as browsers write them.
    Listed(Vec<String>),
}

impl AllowedOrigins {
    /// What a list of settings says; an empty one stands for the default.
    ///
    /// # Errors
    ///
    /// The first that is no origin.
    pub(crate) fn parse(settings: &[String]) -> Result<Self, String> {
        if settings.iter().any(|setting| setting == "*") {
            return Ok(Self::All);
        }
        let listed = settings.iter().map(|setting| {
            let origin = setting.trim_end_matches('/').to_ascii_lowercase();
            match authority(&origin) {
                Some(_) => Ok(normal(&origin).to_owned()),
                None if origin == "null" => Ok(origin),
                None => Err(setting.clone()),
            }
        });
        let listed: Vec<String> = listed.collect::<Result<_, _>>()?;
        Ok(if listed.is_empty() {
            Self::Same
        } else {
            Self::Listed(listed)
        })
    }

    /// Whether a page of `origin` may connect to a server that was asked for as `host`.
    pub(crate) fn allows(&self, origin: &str, host: &str) -> bool {
        let origin = origin.trim().to_ascii_lowercase();
        match self {
            Self::All => true,
            Self::Listed(listed) => listed.iter().any(|allowed| allowed == normal(&origin)),
            Self::Same => authority(&origin).is_some_and(|page| {
                let host = host.to_ascii_lowercase();
                without_port(page, &origin) == without_port(&host, &origin) || is_loopback(page)
            }),
        }
    }
}

/// The host and port of a web origin; nothing if it is none.
fn authority(origin: &str) -> Option<&str> {
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))?;
    let is_part = |letter: char| letter.is_ascii_graphic() && !"/?#@\\".contains(letter);
    (!authority.is_empty() && authority.chars().all(is_part)).then_some(authority)
}

/// An origin without the port that goes without saying.
fn normal(origin: &str) -> &str {
    without_port(origin, origin)
}

/// `name` without the port that goes without saying under the scheme of `origin`.
fn without_port<'a>(name: &'a str, origin: &str) -> &'a str {
    let port = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    name.strip_suffix(port).unwrap_or(name)
}

/// Whether it names the machine that asks.
fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed(settings: &[&str]) -> AllowedOrigins {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        AllowedOrigins::parse(&settings).unwrap()
    }

    #[test]
    fn by_default_the_same_host_and_loopback_may() {
        let same = allowed(&[]);
        for (origin, host) in [
            ("https://game.example", "game.example"),
            ("https://Game.Example", "game.example:443"),
            ("http://game.example:80", "game.example"),
            ("http://game.example:7777", "game.example:7777"),
            ("http://localhost:3000", "game.example"),
            ("http://127.0.0.1", "game.example"),
            ("https://127.9.9.9:8443", "game.example"),
            ("http://[::1]:3000", "game.example"),
        ] {
            assert!(same.allows(origin, host), "{origin} at {host}");
        }
        for (origin, host) in [
            ("https://evil.example", "game.example"),
            ("https://game.example.evil.example", "game.example"),
            ("https://game.example:444", "game.example"),
            ("http://game.example:443", "game.example"),
            ("http://localhost.evil.example", "game.example"),
            ("http://127.0.0.1.evil.example", "game.example"),
            ("https://localhost@evil.example", "game.example"),
            ("null", "game.example"),
            ("", ""),
            ("https://", ""),
            ("ftp://game.example", "game.example"),
        ] {
            assert!(!same.allows(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn a_list_is_all_that_may() {
        let list = allowed(&["https://One.example/", "http://two.example:80", "null"]);
        for origin in [
            "https://one.example",
            "https://one.example:443",
            "http://two.example",
            "null",
        ] {
            assert!(list.allows(origin, "game.example"), "{origin}");
        }
        for origin in [
            "http://one.example",
            "http://localhost",
            "https://game.example",
        ] {
            assert!(!list.allows(origin, "game.example"), "{origin}");
        }
        assert!(allowed(&["*", "https://one.example"]).allows("null", ""));
    }

    #[test]
    fn what_is_no_origin_is_not_listed() {
        for wrong in [
            "game.example",
            "https://",
            "https://a/b",
            "ftp://a",
            "https://a b",
            "",
        ] {
            let parsed = AllowedOrigins::parse(&[wrong.to_owned()]);
            assert_eq!(parsed, Err(wrong.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn nothing_a_browser_or_liar_tells_panics(origin: String, host: String) {
            let _ = AllowedOrigins::Same.allows(&origin, &host);
            let _ = AllowedOrigins::parse(&[origin]);
        }
    }
}
