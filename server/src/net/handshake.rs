//! From a connection's first message to a place in a room, in one straight line.
//!
//! Decides by the hello alone and by what the directory knows; whether there is a seat is for the
//! room to say.

use std::net::IpAddr;
use std::sync::Arc;

use syncline_server_core::Attach;
use syncline_shared::close::{Close, CloseReason};
use syncline_shared::codec;
use syncline_shared::error::DecodeError;
use syncline_shared::message::control::{ClientControl, Hello};
use syncline_shared::message::{PROTOCOL_VERSION, SectionKind};
use syncline_shared::properties::Properties;

use crate::clock::Clock;
use crate::directory::{Admission, Directory, Guest};
use crate::games::HostedGame;
use crate::session::{Claim, TokenKey};

/// Someone who may try a room's door.
pub(crate) struct Admitted {
    /// Which room.
    pub(crate) admission: Admission,
    /// What to tell it.
    pub(crate) attach: Box<Attach>,
}

/// The hello in a connection's first section.
///
/// # Errors
///
/// [`CloseReason::OutOfOrder`] if something else comes first, [`CloseReason::UnsupportedVersion`],
/// and [`CloseReason::Malformed`].
pub(crate) fn read_hello(
    section: Option<Result<(SectionKind, &[u8]), DecodeError>>,
) -> Result<Box<Hello>, Close> {
    let Some(section) = section else {
        return Err(Close::new(
            CloseReason::Malformed,
            "the first message is empty",
        ));
    };
    let (kind, body) = section.map_err(malformed)?;
    let hello = match kind {
        SectionKind::Control => body,
        SectionKind::Input | SectionKind::Command | SectionKind::Frame => {
            return Err(Close::new(CloseReason::OutOfOrder, "a hello comes first"));
        }
    };
    let version = version_of(hello);
    if let Some(version) = version.filter(|version| *version != PROTOCOL_VERSION) {
        let detail = format!("the client speaks version {version}, the server {PROTOCOL_VERSION}");
        return Err(Close::new(CloseReason::UnsupportedVersion, detail));
    }
    match ClientControl::decode(hello).map_err(malformed)? {
        ClientControl::Hello(hello) => Ok(hello),
        ClientControl::Ping { .. }
        | ClientControl::Rematch
        | ClientControl::Leave
        | ClientControl::Resync { .. }
        | ClientControl::Chat { .. }
        | ClientControl::Room(_) => Err(Close::new(CloseReason::OutOfOrder, "a hello comes first")),
    }
}

/// The protocol version of a hello of any version. Its other fields may be laid out otherwise, but
/// that it is the first kind of control message and begins with its version never changes.
fn version_of(hello: &[u8]) -> Option<u16> {
    let begins = |length| codec::decode::<(u32, u16)>(hello.get(..length)?).ok();
    // The version takes one byte, or three if it is large.
    let (kind, version) = [2, 4].into_iter().find_map(begins)?;
    (kind == 0).then_some(version)
}

/// What is wrong with a message that can't be read.
pub(crate) fn malformed(error: DecodeError) -> Close {
    match error {
        DecodeError::UnknownSection(code) => {
            Close::new(CloseReason::UnknownSection, format!("section kind {code}"))
        }
        error => Close::new(CloseReason::Malformed, error.to_string()),
    }
}

/// Sends whoever said `hello`, from `address` if that counts, to a room; `transient` if that is a part
/// of this server.
///
/// # Errors
///
/// [`CloseReason::UnknownGame`], [`CloseReason::SchemaMismatch`], [`CloseReason::InvalidToken`],
/// [`CloseReason::SessionExpired`], [`CloseReason::InvalidOptions`], and those of
/// [`Directory::admit`].
pub(crate) fn admit(
    hello: Hello,
    directory: &Directory,
    tokens: &TokenKey,
    address: Option<IpAddr>,
    transient: bool,
) -> Result<Admitted, Close> {
    let now = Clock::unix_seconds();
    let properties = Properties::new(hello.properties.iter().cloned())
        .map_err(|problem| Close::new(CloseReason::InvalidOptions, problem.to_string()))?;
    let admission = if let Some(token) = &hello.resume {
        let claim = tokens.verify(token, now)?;
        let admission = directory.readmit(claim.session, claim.room)?;
        check_schema(&hello, &admission.room.board.game)?;
        admission
    } else {
        let game = game_of(&hello, directory)?;
        check_schema(&hello, &game)?;
        directory.admit(&Guest {
            selector: &hello.room,
            game: &game,
            role: hello.role,
            company: hello.company,
            password: hello.password.as_deref(),
            address,
            join_key: hello.join_key,
            inside: transient,
        })?
    };
    let session = admission.session;
    let room = admission.room.board.id;
    let attach = Box::new(Attach {
        session,
        resume: admission.known,
        resume_token: tokens.issue(Claim { session, room }, now),
        name: hello.name,
        properties,
        role: hello.role,
        transient,
        knows_schema: hello.fingerprint.is_some(),
    });
    Ok(Admitted { admission, attach })
}

/// The game that a hello names; if it names none that of the room that it wants, else the default.
fn game_of(hello: &Hello, directory: &Directory) -> Result<Arc<HostedGame>, Close> {
    let games = directory.games();
    match &hello.game {
        Some(name) => games.find(name).cloned().ok_or_else(|| {
            let names = games.names().collect::<Vec<_>>().join(", ");
            let asked: String = name.chars().take(32).collect();
            Close::new(
                CloseReason::UnknownGame,
                format!("no {asked:?} here, but {names}"),
            )
        }),
        None => Ok(directory
            .game_of(&hello.room)
            .unwrap_or_else(|| games.default_game().clone())),
    }
}

fn check_schema(hello: &Hello, game: &HostedGame) -> Result<(), Close> {
    let ours = game.kind.schema().fingerprint();
    match hello.fingerprint {
        Some(theirs) if theirs != ours => {
            let detail = format!("the client knows {theirs:016x}, the server {ours:016x}");
            Err(Close::new(CloseReason::SchemaMismatch, detail))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(protocol: u16) -> Vec<u8> {
        let hello = Hello {
            protocol,
            ..Hello::default()
        };
        ClientControl::Hello(Box::new(hello)).encode()
    }

    fn reason(kind: SectionKind, body: &[u8]) -> Option<CloseReason> {
        read_hello(Some(Ok((kind, body))))
            .err()
            .map(|close| close.reason)
    }

    #[test]
    fn a_hello_of_this_version_is_read() {
        assert_eq!(reason(SectionKind::Control, &hello(PROTOCOL_VERSION)), None);
    }

    /// Whatever follows the version: a later one may have other fields.
    #[test]
    fn another_version_is_told_both() {
        for version in [0, PROTOCOL_VERSION + 1, 250, 251, u16::MAX] {
            for rest in [&hello(version)[..], &hello(version)[..6], &[]] {
                let mut body = codec::encode(&(0u32, version));
                body.extend_from_slice(rest);
                let close = read_hello(Some(Ok((SectionKind::Control, &body)))).unwrap_err();
                assert_eq!(close.reason, CloseReason::UnsupportedVersion);
                let both = format!("version {version}, the server {PROTOCOL_VERSION}");
                assert!(close.detail.contains(&both), "{close}");
            }
        }
    }

    #[test]
    fn something_else_first_is_out_of_order() {
        let ping = ClientControl::Ping { nonce: 1 }.encode();
        assert_eq!(
            reason(SectionKind::Control, &ping),
            Some(CloseReason::OutOfOrder)
        );
        for kind in [SectionKind::Input, SectionKind::Command, SectionKind::Frame] {
            assert_eq!(reason(kind, &[]), Some(CloseReason::OutOfOrder));
        }
    }

    #[test]
    fn bytes_that_are_no_hello_are_malformed() {
        let whole = hello(PROTOCOL_VERSION);
        for length in 2..whole.len() {
            let cut = reason(SectionKind::Control, &whole[..length]);
            assert_eq!(cut, Some(CloseReason::Malformed), "{length} bytes");
        }
        let longer = [&whole[..], &[0]].concat();
        assert_eq!(
            reason(SectionKind::Control, &longer),
            Some(CloseReason::Malformed)
        );
        assert_eq!(
            reason(SectionKind::Control, &[]),
            Some(CloseReason::Malformed)
        );
        assert_eq!(read_hello(None).unwrap_err().reason, CloseReason::Malformed);
        let unknown = Some(Err(DecodeError::UnknownSection(9)));
        assert_eq!(
            read_hello(unknown).unwrap_err().reason,
            CloseReason::UnknownSection
        );
    }
}
