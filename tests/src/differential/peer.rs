//! Another implementation, and what goes to it and comes back.
//!
//! Knows no question in particular.

use std::fmt::Write as _;

use serde_json::Value;
use syncline_shared::rng::Rng;

use super::schemas;

/// Another implementation.
pub trait Peer {
    /// Asks for one thing.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    fn ask(&mut self, question: &Value) -> Result<Value, String>;
}

/// Some bits become others, or a part is missing.
pub(super) fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..=rng.below(3) {
        match rng.below(4) {
            0 => bytes.push(u8::try_from(rng.below(256)).unwrap_or(0)),
            1 => bytes.truncate(bytes.len().saturating_sub(1)),
            _ if bytes.is_empty() => {}
            _ => {
                let at = schemas::index(rng, bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
        }
    }
}

/// Whether a peer could read what it was given. One that fails otherwise has a defect.
pub(super) fn accepted(answer: &Value) -> Result<bool, String> {
    match answer.get("error") {
        None => Ok(true),
        Some(_) if answer["refused"] == true => Ok(false),
        Some(error) => Err(format!("the peer failed: {error}")),
    }
}

/// The answer, of a peer that must have one.
pub(super) fn answered(peer: &mut dyn Peer, question: &Value) -> Result<Value, String> {
    let answer = peer.ask(question)?;
    if answer.get("error").is_some() {
        return Err(format!("{question} was answered by {answer}"));
    }
    Ok(answer)
}

/// Compares what both sides make of the same.
pub(super) fn same(what: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what}: {ours}, but the peer says {theirs}"))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

/// The bytes of an answer.
pub(super) fn bytes(answer: &Value) -> Result<Vec<u8>, String> {
    let text = answer["bytes"].as_str().ok_or("no bytes in the answer")?;
    let byte = |at: usize| {
        text.get(at..at + 2)
            .map(|pair| u8::from_str_radix(pair, 16))
    };
    let bytes: Option<Result<Vec<u8>, _>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes
        .and_then(Result::ok)
        .ok_or_else(|| format!("{text} is no hexadecimal"))
}
