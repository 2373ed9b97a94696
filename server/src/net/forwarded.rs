//! Whose connection a proxy carries: what `Forwarded` and `X-Forwarded-For` say, as far as they can
//! be believed.
//!
//! A header is believed because of who wrote it. Each proxy adds to its right end whom it was asked
//! by, so the chain is followed from there, for as long as those who speak are trusted: the first
//! address that is not is the client's, and what stands left of it is what that client says.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// What a trusted proxy passed on can't have been written by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unbelievable {
    /// The two headers tell of different clients, so one of them is not the proxy's.
    #[error("Forwarded and X-Forwarded-For tell of different clients")]
    Contradiction,
    /// A line ends within quotes, so what the proxy has added to it can't be told from the rest.
    #[error("Forwarded ends within quotes")]
    OpenQuote,
}

/// The lines of the two headers, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told<'a> {
    /// `Forwarded`, as in RFC 7239.
    pub(crate) forwarded: Vec<&'a str>,
    /// `X-Forwarded-For`: addresses and commas.
    pub(crate) x_forwarded_for: Vec<&'a str>,
}

/// The client behind `peer`; the peer itself if that is not trusted, or tells of nobody.
///
/// # Errors
///
/// [`Unbelievable`].
pub(crate) fn client(
    peer: IpAddr,
    trusted: &[IpNet],
    told: &Told<'_>,
) -> Result<IpAddr, Unbelievable> {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Ok(peer);
    }
    let follow = |chain: &mut dyn Iterator<Item = Option<IpAddr>>| {
        let mut client = peer;
        for hop in chain {
            // Whoever can't be named hides behind the last who can.
            let Some(address) = hop else { break };
            client = address;
            if !is_trusted(&address) {
                break;
            }
        }
        client
    };
    let elements = told.forwarded.iter().rev().map(|line| {
        let elements = outside_quotes(line, ',').ok_or(Unbelievable::OpenQuote)?;
        Ok(elements.into_iter().rev())
    });
    let elements: Vec<_> = elements.collect::<Result<_, _>>()?;
    let standard = follow(&mut elements.into_iter().flatten().map(node));
    let customary = follow(
        &mut told
            .x_forwarded_for
            .iter()
            .rev()
            .flat_map(|line| line.rsplit(',').map(|entry| address(entry.trim()))),
    );
    match (told.forwarded.is_empty(), told.x_forwarded_for.is_empty()) {
        (false, false) if standard != customary => Err(Unbelievable::Contradiction),
        (false, _) => Ok(standard),
        (true, _) => Ok(customary),
    }
}

/// What limits of an address count: IPv4 addresses each, but IPv6 ones by /64, since that is what
/// one customer has. Nothing for a loopback address, behind which anybody may be.
pub(crate) fn counted(address: IpAddr) -> Option<IpAddr> {
    const HOST_BITS: u32 = 64;
    let counted = match address.to_canonical() {
        IpAddr::V6(address) => {
            if address.is_loopback() {
                return None;
            }
            Ipv6Addr::from_bits(address.to_bits() >> HOST_BITS << HOST_BITS).into()
        }
        address @ IpAddr::V4(_) => address,
    };
    (!counted.is_loopback()).then_some(counted)
}

/// Whom one element of `Forwarded` was sent `for`.
fn node(element: &str) -> Option<IpAddr> {
    outside_quotes(element, ';')?.into_iter().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| address(value))
    })?
}

/// An address, with or without a port; IPv6 ones may be in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = bare.parse().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

/// The parts of `text` between separators that are not in quotes; nothing if a quote stays open.
fn outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    for (at, letter) in text.char_indices() {
        if letter == separator && !quoted {
            parts.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = letter == '\\' && quoted && !escaped;
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusted() -> Vec<IpNet> {
        ["10.0.0.0/8", "fd00::/8"]
            .map(|net| net.parse().unwrap())
            .to_vec()
    }

    fn customary(peer: &str, lines: &[&str]) -> IpAddr {
        let told = Told {
            x_forwarded_for: lines.to_vec(),
            ..Told::default()
        };
        client(ip(peer), &trusted(), &told).unwrap()
    }

    fn standard(peer: &str, lines: &[&str]) -> IpAddr {
        let told = Told {
            forwarded: lines.to_vec(),
            ..Told::default()
        };
        client(ip(peer), &trusted(), &told).unwrap()
    }

    #[test]
    fn whoever_is_not_trusted_is_the_client() {
        assert_eq!(customary("192.0.2.1", &["203.0.113.7"]), ip("192.0.2.1"));
        assert_eq!(standard("192.0.2.1", &["for=203.0.113.7"]), ip("192.0.2.1"));
        assert_eq!(customary("::ffff:192.0.2.1", &[]), ip("192.0.2.1"));
    }

    #[test]
    fn the_rightmost_untrusted_address_wins() {
        for (lines, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            (&["6.6.6.6, 203.0.113.7, 10.2.3.4"], "203.0.113.7"),
            (
                &["6.6.6.6", "203.0.113.7", "10.2.3.4, fd00::5"],
                "203.0.113.7",
            ),
            (&["203.0.113.7:5123"], "203.0.113.7"),
            (&["[2001:db8::1]:5123"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&["10.2.3.4"], "10.2.3.4"),
            (&["6.6.6.6, unknown"], PROXY),
            (&["6.6.6.6, unknown, 10.2.3.4"], "10.2.3.4"),
            (&[""], PROXY),
            (&[], PROXY),
        ] {
            assert_eq!(customary(PROXY, lines), ip(expected), "{lines:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_as_the_standard_says() {
        for (lines, expected) in [
            (&["for=203.0.113.7"][..], "203.0.113.7"),
            (&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17"),
            (
                &["proto=https;by=203.0.113.43 ; FOR=192.0.2.60"],
                "192.0.2.60",
            ),
            (
                &["for=6.6.6.6, for=192.0.2.43;host=\"a,b;for=6.6.6.7\""],
                "192.0.2.43",
            ),
            (&["for=192.0.2.43;host=\"a\\\",for=6.6.6.6\""], "192.0.2.43"),
            (
                &["for=6.6.6.6", "for=192.0.2.43, for=10.1.1.1"],
                "192.0.2.43",
            ),
            (&["for=6.6.6.6, for=_hidden"], PROXY),
            (
                &["for=6.6.6.6, for=unknown, for=\"10.1.1.1:80\""],
                "10.1.1.1",
            ),
            (&["for=6.6.6.6, by=10.0.0.1"], PROXY),
        ] {
            assert_eq!(standard(PROXY, lines), ip(expected), "{lines:?}");
        }
    }

    #[test]
    fn two_headers_must_tell_the_same() {
        let told = |x_forwarded_for| Told {
            forwarded: vec!["for=192.0.2.43"],
            x_forwarded_for: vec![x_forwarded_for],
        };
        let found = |told| client(ip(PROXY), &trusted(), &told);
        assert_eq!(found(told("6.6.6.6, 192.0.2.43")), Ok(ip("192.0.2.43")));
        assert_eq!(found(told("192.0.2.44")), Err(Unbelievable::Contradiction));
        // Who is not trusted may contradict himself.
        assert_eq!(
            client(ip("192.0.2.1"), &trusted(), &told("192.0.2.44")),
            Ok(ip("192.0.2.1"))
        );
    }

    #[test]
    fn addresses_count_as_customers_have_them() {
        for (address, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("2001:db8:1:2:ffff::", Some("2001:db8:1:2::")),
            ("::2", Some("::")),
            ("127.0.0.9", None),
            ("::1", None),
            ("::ffff:127.0.0.1", None),
        ] {
            assert_eq!(counted(ip(address)), expected.map(ip), "{address}");
        }
    }

    proptest! {
        /// Whatever a client has written before the proxy adds its address, it is the client.
        #[test]
        fn nobody_forges_an_address(
            forged in "[ -~]{0,20}|(for=|[0-9.,;=\"\\\\ x]){0,20}",
            client: std::net::Ipv4Addr,
            port: u16,
        ) {
            prop_assume!(!trusted().iter().any(|net| net.contains(&IpAddr::V4(client))));
            let client = IpAddr::V4(client);
            prop_assert_eq!(customary(PROXY, &[&forged, &client.to_string()]), client);
            prop_assert_eq!(customary(PROXY, &[&format!("{forged}, {client}")]), client);
            for added in [format!("for={client}"), format!("for=\"{client}:{port}\";proto=http")] {
                for lines in [vec![forged.clone(), added.clone()], vec![format!("{forged}, {added}")]] {
                    let told = Told {
                        forwarded: lines.iter().map(String::as_str).collect(),
                        ..Told::default()
                    };
                    let found = super::client(ip(PROXY), &trusted(), &told);
                    prop_assert!(found == Ok(client) || found == Err(Unbelievable::OpenQuote));
                }
            }
        }

        #[test]
        fn any_text_is_read(forwarded: Vec<String>, x_forwarded_for: Vec<String>) {
            let told = Told {
                forwarded: forwarded.iter().map(String::as_str).collect(),
                x_forwarded_for: x_forwarded_for.iter().map(String::as_str).collect(),
            };
            let _ = client(ip(PROXY), &trusted(), &told);
        }
    }
}
