//! Passwords of rooms.
//!
//! Nobody keeps a password: a room has a salt of its own and what HMAC-SHA256 makes of the password
//! under it, and so has its journal. That is quick on purpose, since it is done where sockets are
//! read. It keeps the word from whoever reads a journal in passing, not from whoever tries all short
//! words; who tries them at the door is let in slowly.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use syncline_shared::journal::RoomLock;

/// The lock that `password` opens, under a salt that no other lock has.
pub(super) fn lock(password: &str, salt: [u8; RoomLock::SALT_BYTES]) -> RoomLock {
    let hash = hashed(password, &salt).finalize().into_bytes();
    RoomLock {
        salt,
        hash: hash.into(),
    }
}

/// Whether `password` opens `lock`. It takes the same time wherever a wrong one errs.
pub(super) fn opens(lock: &RoomLock, password: &str) -> bool {
    hashed(password, &lock.salt)
        .verify_slice(&lock.hash)
        .is_ok()
}

fn hashed(password: &str, salt: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes keys of any length");
    mac.chain_update(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_opens_to_its_password_alone() {
        let made = lock("s3cret", [7; 16]);
        assert!(opens(&made, "s3cret"));
        for wrong in ["", "s3cre", "s3cret ", "S3cret"] {
            assert!(!opens(&made, wrong), "{wrong:?}");
        }
        let other = lock("s3cret", [8; 16]);
        assert_ne!(other.hash, made.hash, "the salt is in it");
    }
}
