//! Resume tokens: what proves that a client held a session.
//!
//! A token says which session of which room, and until when, and is signed with a key. The key is in
//! a file, so that the next server takes the tokens of this one; without a file it is drawn when the
//! server starts. Whether the session still has its seat is the room's to know.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::{RoomId, SessionId};
use syncline_shared::limits::TOKEN_BYTES_MAX;

use crate::error::Error;
use crate::private_file;

const SESSION_BYTES: usize = size_of::<u64>();
const ROOM_BYTES: usize = size_of::<u32>();
const TIME_BYTES: usize = size_of::<u64>();
const MAC_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const TOKEN_BYTES: usize = SESSION_BYTES + ROOM_BYTES + TIME_BYTES + MAC_BYTES;
const _: () = assert!(TOKEN_BYTES <= TOKEN_BYTES_MAX);

/// Makes and checks tokens.
#[derive(Clone)]
pub(crate) struct TokenKey {
    /// Keyed, and fed nothing yet.
    mac: Hmac<Sha256>,
    /// How long a token is good for.
    lifetime: Duration,
}

/// What a token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The session.
    pub(crate) session: SessionId,
    /// Its room.
    pub(crate) room: RoomId,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// It was not made with this key.
    Forged,
    /// It was, but its time is over.
    Expired,
}

impl From<TokenRefusal> for Close {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Forged => Self::new(
                CloseReason::InvalidToken,
                "the resume token was not made by this server",
            ),
            TokenRefusal::Expired => Self::new(
                CloseReason::SessionExpired,
                "the resume token's time is over",
            ),
        }
    }
}

impl TokenKey {
    /// A new key, unlike any other, for this process alone.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`].
    pub(crate) fn draw(lifetime: Duration) -> Result<Self, Error> {
        Ok(Self::new(draw()?, lifetime))
    }

    /// The key in the file at `path`: 64 hexadecimal digits. If there is none, a new one is put there,
    /// for its owner alone.
    ///
    /// # Errors
    ///
    /// [`Error::ReadFile`], [`Error::WriteFile`], [`Error::ParseFile`] or [`Error::Entropy`].
    pub(crate) fn kept(path: &Path, lifetime: Duration) -> Result<Self, Error> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let key = from_hex(text.trim()).ok_or_else(|| Error::ParseFile {
                    path: path.to_owned(),
                    problem: "a session key is 64 hexadecimal digits, as `openssl rand -hex 32` \
                              prints"
                        .to_owned(),
                })?;
                Ok(Self::new(key, lifetime))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = draw()?;
                write(path, &key).map_err(|source| Error::WriteFile {
                    path: path.to_owned(),
                    source,
                })?;
                Ok(Self::new(key, lifetime))
            }
            Err(source) => Err(Error::ReadFile {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn new(key: [u8; KEY_BYTES], lifetime: Duration) -> Self {
        let mac = Hmac::new_from_slice(&key).expect("HMAC takes keys of any length");
        Self { mac, lifetime }
    }

    /// A token for a session that is attached at `now`, in seconds of the calendar.
    ///
    /// Layout: session, room, end of its time, all little endian, then the MAC of these.
    pub(crate) fn issue(&self, claim: Claim, now: u64) -> Vec<u8> {
        let end = now.saturating_add(self.lifetime.as_secs());
        let mut token = Vec::with_capacity(TOKEN_BYTES);
        token.extend_from_slice(&claim.session.0.to_le_bytes());
        token.extend_from_slice(&claim.room.0.to_le_bytes());
        token.extend_from_slice(&end.to_le_bytes());
        let mac = self.mac.clone().chain_update(&token).finalize();
        token.extend_from_slice(&mac.into_bytes());
        token
    }

    /// What `token` proves at `now`. The comparison takes the same time wherever a forged one errs.
    ///
    /// # Errors
    ///
    /// Why it proves nothing.
    pub(crate) fn verify(&self, token: &[u8], now: u64) -> Result<Claim, TokenRefusal> {
        let (claim, mac) = token
            .split_last_chunk::<MAC_BYTES>()
            .ok_or(TokenRefusal::Forged)?;
        self.mac
            .clone()
            .chain_update(claim)
            .verify_slice(mac)
            .map_err(|_| TokenRefusal::Forged)?;
        let parsed = || {
            let (session, rest) = claim.split_first_chunk::<SESSION_BYTES>()?;
            let (room, rest) = rest.split_first_chunk::<ROOM_BYTES>()?;
            let end = u64::from_le_bytes(rest.try_into().ok()?);
            let session = SessionId(u64::from_le_bytes(*session));
            Some((
                Claim {
                    session,
                    room: RoomId(u32::from_le_bytes(*room)),
                },
                end,
            ))
        };
        let (claim, end) = parsed().ok_or(TokenRefusal::Forged)?;
        if now < end {
            Ok(claim)
        } else {
            Err(TokenRefusal::Expired)
        }
    }
}

fn draw() -> Result<[u8; KEY_BYTES], Error> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(Error::Entropy)?;
    Ok(key)
}

/// Puts a key into a file, all of it or nothing.
fn write(path: &Path, key: &[u8; KEY_BYTES]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = private_file::writing()
        .create(true)
        .truncate(true)
        .open(&new)?;
    let digits = key.iter().map(|byte| format!("{byte:02x}"));
    writeln!(file, "{}", digits.collect::<String>())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    let digits = text.as_bytes();
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLAIM: Claim = Claim {
        session: SessionId(0x0123_4567_89ab_cdef),
        room: RoomId(42),
    };

    fn key(byte: u8) -> TokenKey {
        TokenKey::new([byte; 32], Duration::from_mins(1))
    }

    #[test]
    fn a_token_proves_its_claim_until_its_time_is_over() {
        let token = key(1).issue(CLAIM, 1000);
        assert_eq!(key(1).verify(&token, 1000), Ok(CLAIM));
        assert_eq!(key(1).verify(&token, 1059), Ok(CLAIM));
        assert_eq!(key(1).verify(&token, 1060), Err(TokenRefusal::Expired));
    }

    #[test]
    fn a_token_of_another_key_is_forged() {
        let token = key(1).issue(CLAIM, 1000);
        assert_eq!(key(2).verify(&token, 1000), Err(TokenRefusal::Forged));
    }

    proptest! {
        #[test]
        fn a_token_with_any_bit_changed_is_forged(bit in 0..TOKEN_BYTES * 8) {
            let mut token = key(1).issue(CLAIM, 1000);
            token[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key(1).verify(&token, 1000), Err(TokenRefusal::Forged));
        }

        #[test]
        fn garbage_is_forged(token: Vec<u8>) {
            prop_assert_eq!(key(1).verify(&token, 1000), Err(TokenRefusal::Forged));
        }
    }

    /// What this server signs the next one believes.
    #[test]
    fn a_key_that_is_kept_is_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.key");
        let minute = Duration::from_mins(1);
        let token = TokenKey::kept(&path, minute).unwrap().issue(CLAIM, 1000);
        let again = TokenKey::kept(&path, minute).unwrap();
        assert_eq!(again.verify(&token, 1000), Ok(CLAIM));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "0123").unwrap();
        let refused = TokenKey::kept(&path, minute).err();
        assert!(matches!(refused, Some(Error::ParseFile { .. })));
        fs::write(&path, "Ab".repeat(KEY_BYTES)).unwrap();
        let given = TokenKey::kept(&path, minute).unwrap().issue(CLAIM, 1000);
        assert_eq!(key(0xab).verify(&given, 1000), Ok(CLAIM));
    }

    /// A MAC over fewer bytes, made with the right key, is not a token.
    #[test]
    fn a_signed_fragment_is_forged() {
        let key = key(1);
        let mac = key.mac.clone().chain_update(b"abc").finalize().into_bytes();
        let token = [&b"abc"[..], &mac[..]].concat();
        assert_eq!(key.verify(&token, 1000), Err(TokenRefusal::Forged));
    }
}
