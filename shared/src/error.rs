//! What can be wrong with bytes.

/// Why bytes from the other end could not be read.
///
/// `Copy`, without text or allocation: an attacker can cause it at will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes stop before the value does.
    #[error("unexpected end")]
    UnexpectedEnd,
    /// Bytes are left over after the value.
    #[error("bytes left over")]
    LeftOver,
    /// A number does not fit its type or its documented range.
    #[error("number out of range")]
    OutOfRange,
    /// Something is longer than its limit.
    #[error("too long")]
    TooLong,
    /// The section's kind is not known.
    #[error("unknown section {0}")]
    UnknownSection(u8),
    /// An entry refers to a stream that is not followed.
    #[error("unknown stream")]
    UnknownStream,
    /// A chunk or part does not follow what was received before.
    #[error("out of order")]
    OutOfOrder,
    /// An event names a class that the schema lacks.
    #[error("unknown class")]
    UnknownClass,
    /// The value is not one that its type can hold.
    #[error("invalid value")]
    Invalid,
}
