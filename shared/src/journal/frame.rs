//! How records stand in a file: a length, the record, a checksum of both.
//!
//! The checksum depends on where the record stands and in which file, so that none can be lost,
//! doubled or moved unseen. Knows nothing of what records say.

use crate::bits::{ByteReader, write_varint};
use crate::hash::hash_bytes_seeded;
use crate::limits::CHECKPOINT_BYTES_MAX;

/// The most bytes of one record: a checkpoint that did not get smaller, and what stands before it.
pub(super) const RECORD_BYTES_MAX: usize = CHECKPOINT_BYTES_MAX + 1024;

/// Bytes of a checksum.
const CHECK_BYTES: usize = 4;

/// How far behind bytes that are no record a good one is looked for, to tell damage from a torn end.
const SEARCH_BYTES: usize = 64 * 1024;
/// The longest record that is looked for there.
const SEARCH_RECORD_BYTES: usize = 4096;

/// A record in its place, or what is there instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed<'a> {
    /// A good one.
    Record {
        /// The record.
        body: &'a [u8],
        /// Where the next one begins.
        end: usize,
        /// Its checksum.
        check: u32,
    },
    /// The bytes end here.
    End,
    /// Bytes that are none. If the next number is known, a record of that length would end there.
    Broken(Option<usize>),
}

/// What the checksums of a file's records begin with, from that of its header.
pub(super) fn salt(header_check: u32) -> u64 {
    u64::from(header_check) << 32
}

fn check(salt: u64, at: u64, bytes: &[u8]) -> u32 {
    let hash = hash_bytes_seeded(bytes, salt.wrapping_add(at));
    u32::try_from(hash & 0xffff_ffff).expect("32 bits")
}

/// Appends a record whose body `write` appends, for the place `at` of its file; its checksum.
pub(super) fn write_framed(
    salt: u64,
    at: u64,
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>),
) -> u32 {
    scratch.clear();
    write(scratch);
    debug_assert!(!scratch.is_empty() && scratch.len() <= RECORD_BYTES_MAX);
    let begin = out.len();
    write_varint(out, u32::try_from(scratch.len()).expect("bounded above"));
    out.extend_from_slice(scratch);
    let check = check(salt, at, &out[begin..]);
    out.extend_from_slice(&check.to_le_bytes());
    check
}

/// What stands at `at` of a file's `bytes`.
pub(super) fn read_framed(salt: u64, bytes: &[u8], at: usize) -> Framed<'_> {
    let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
        return Framed::End;
    };
    let mut reader = ByteReader::new(rest);
    let length = match reader.varint_as::<usize>() {
        Ok(length) if (1..=RECORD_BYTES_MAX).contains(&length) => length,
        Ok(_) | Err(_) => return Framed::Broken(None),
    };
    let before = rest.len() - reader.rest().len();
    let end = at + before + length + CHECK_BYTES;
    let Ok(body) = reader.take(length) else {
        return Framed::Broken(None);
    };
    let Ok(&[a, b, c, d]) = reader.take(CHECK_BYTES) else {
        return Framed::Broken(None);
    };
    let expected = u32::from_le_bytes([a, b, c, d]);
    if check(salt, at as u64, &rest[..before + length]) == expected {
        Framed::Record {
            body,
            end,
            check: expected,
        }
    } else {
        Framed::Broken(Some(end))
    }
}

/// Whether a good record stands behind the broken bytes at `at`: then something in the middle was
/// damaged, and the end was not just torn off. `end` is where the broken record says that it ends.
pub(super) fn is_followed(salt: u64, bytes: &[u8], at: usize, end: Option<usize>) -> bool {
    let is_good = |at: usize| matches!(read_framed(salt, bytes, at), Framed::Record { .. });
    if end.is_some_and(is_good) {
        return true;
    }
    let until = bytes.len().min(at + SEARCH_BYTES);
    (at + 1..until).any(|at| {
        // A long record is as good, but to hash one at every byte would take too long.
        let mut reader = ByteReader::new(&bytes[at..]);
        reader
            .varint_as::<usize>()
            .is_ok_and(|length| length <= SEARCH_RECORD_BYTES)
            && is_good(at)
    })
}
