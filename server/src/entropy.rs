//! The system's randomness: session ids, room codes, seeds. Knows nothing of what it is for.

/// Sixty-four random bits.
///
/// # Panics
///
/// If the system's generator, which gave the key of the tokens when the server started, no longer
/// works. Nothing that a peer sends can bring that about.
pub(crate) fn draw() -> u64 {
    getrandom::u64().expect("the system's generator worked when the server started")
}
