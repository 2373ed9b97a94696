//! Control messages and checkpoints as bytes: the only file that names bincode.
//!
//! Standard configuration (little endian, variable-length integers), always with a limit, left-over
//! bytes refused. Inputs and snapshots have encodings of their own.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::DecodeError;
use crate::limits::CHECKPOINT_BYTES_MAX;

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<CHECKPOINT_BYTES_MAX>,
> = bincode::config::standard().with_limit::<CHECKPOINT_BYTES_MAX>();

/// Appends the encoding of `value` to `out`.
///
/// # Panics
///
/// If the type can't be encoded (a sequence of unknown length, an untagged enum) or is larger than
/// [`CHECKPOINT_BYTES_MAX`]: defects of the type's author, found by its first test.
pub fn encode_into<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // bincode's limit is for reading alone.
    let written = bincode::serde::encode_into_std_write(value, out, CONFIG)
        .expect("plain data always encodes");
    assert!(
        written <= CHECKPOINT_BYTES_MAX,
        "a checkpoint fits its limit"
    );
}

/// The encoding of `value`. Panics as [`encode_into`] does.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(value, &mut out);
    out
}

/// Reads a value that fills `bytes` exactly.
///
/// # Errors
///
/// [`DecodeError::UnexpectedEnd`], [`DecodeError::LeftOver`], [`DecodeError::TooLong`] for a length
/// beyond the limit, [`DecodeError::Invalid`] for anything that is no value of the type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, read) = bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|error| {
        use bincode::error::DecodeError as E;
        match error {
            E::UnexpectedEnd { .. } => DecodeError::UnexpectedEnd,
            E::LimitExceeded => DecodeError::TooLong,
            _ => DecodeError::Invalid,
        }
    })?;
    if read == bytes.len() {
        Ok(value)
    } else {
        Err(DecodeError::LeftOver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_over_and_missing_bytes_are_refused() {
        let bytes = encode(&(7u32, "seven"));
        assert_eq!(decode::<(u32, String)>(&bytes), Ok((7, "seven".to_owned())));
        assert_eq!(
            decode::<(u32, String)>(&bytes[..bytes.len() - 1]),
            Err(DecodeError::UnexpectedEnd)
        );
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(decode::<(u32, String)>(&longer), Err(DecodeError::LeftOver));
    }

    /// What could be written but never read again would end a match at its next checkpoint anyhow.
    #[test]
    #[should_panic(expected = "a checkpoint fits its limit")]
    fn more_than_can_be_read_is_not_written() {
        encode(&vec![0u8; CHECKPOINT_BYTES_MAX + 1]);
    }

    /// A length prefix of four billion must not allocate.
    #[test]
    fn a_lying_length_is_refused() {
        let lie = [253, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(decode::<Vec<u8>>(&lie).is_err());
        assert!(decode::<Vec<u64>>(&lie).is_err());
        assert!(decode::<String>(&lie).is_err());
    }
}
