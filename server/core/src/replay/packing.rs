//! Checkpoints as journals hold them: zstd frames. The one file that names zstd.

use syncline_shared::error::DecodeError;
use syncline_shared::journal::Checkpoint;
use syncline_shared::limits::CHECKPOINT_BYTES_MAX;
use syncline_shared::tick::Tick;

/// Packs for speed: the higher levels cost several times the time for a tenth of the bytes.
const LEVEL: i32 = 1;

/// The match after `tick`, packed.
///
/// # Panics
///
/// If it is larger than a checkpoint may be.
pub fn pack(tick: Tick, checkpoint: &[u8]) -> Checkpoint {
    assert!(
        checkpoint.len() <= CHECKPOINT_BYTES_MAX,
        "a checkpoint fits its limit"
    );
    Checkpoint {
        tick,
        size: u32::try_from(checkpoint.len()).expect("far below 4 GiB"),
        packed: zstd::bulk::compress(checkpoint, LEVEL).expect("compressing into memory works"),
    }
}

/// The `size` bytes that [`pack`] packed.
///
/// # Errors
///
/// [`DecodeError::TooLong`] beyond the limit of checkpoints, [`DecodeError::Invalid`] if these are
/// not such bytes.
pub fn unpack(packed: &[u8], size: u32) -> Result<Vec<u8>, DecodeError> {
    let size = size as usize;
    if size > CHECKPOINT_BYTES_MAX {
        return Err(DecodeError::TooLong);
    }
    let bytes = zstd::bulk::decompress(packed, size).map_err(|_| DecodeError::Invalid)?;
    if bytes.len() == size {
        Ok(bytes)
    } else {
        Err(DecodeError::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn checkpoints_round_trip(bytes: Vec<u8>) {
            let packed = pack(Tick(7), &bytes);
            prop_assert_eq!(unpack(&packed.packed, packed.size), Ok(bytes));
            prop_assert!(unpack(&packed.packed, packed.size + 1).is_err());
        }

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, size in 0u32..1_000_000) {
            let _ = unpack(&bytes, size);
        }
    }

    /// A lying size must not allocate.
    #[test]
    fn more_than_a_checkpoint_may_have_is_refused() {
        assert_eq!(unpack(&[], u32::MAX), Err(DecodeError::TooLong));
    }
}
