//! The same bytes on both sides: what this implementation writes another one reads, and the other
//! way round, over random schemas and worlds.
//!
//! A seed names a schema, a life in it and what a client says; [`check`] lets a [`Peer`] read and
//! write the same and compares. How a peer is reached is not its affair: the program `differential`
//! talks to Node, whose side is `tests/sdk/differential.mjs`, which tells what a peer is asked.
//!
//! - [`schemas`]: schemas, most of them sound
//! - [`life`]: what happens in a world
//! - `streams`: joins and chunks, whole and damaged
//! - `sent`: frames, inputs, commands, control messages, rows

pub mod life;
pub mod schemas;
mod sent;
mod streams;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};
use syncline_shared::codec;
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;

/// Another implementation.
pub trait Peer {
    /// Asks for one thing.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    fn ask(&mut self, question: &Value) -> Result<Value, String>;
}

/// How many schemas one seed tries, of which the first sound one is lived in.
const SCHEMAS: usize = 8;

/// Compares both sides on what `seed` names. Gives how many chunks were compared.
///
/// # Errors
///
/// What differed, and where.
pub fn check(seed: u64, peer: &mut dyn Peer) -> Result<usize, String> {
    let mut rng = Rng::from_seed(seed);
    let mut chunks = 0;
    for _ in 0..SCHEMAS {
        let mut bytes = codec::encode(&schemas::any(&mut rng));
        let damaged = rng.chance(1, 10);
        if damaged {
            damage(&mut bytes, &mut rng);
        }
        let ours = Schema::decode(&bytes).map(Arc::new);
        let theirs = peer.ask(&json!({ "schema": hex(&bytes) }))?;
        match (ours, accepted(&theirs)?) {
            (Err(_), false) => {}
            // Still sound, but no command has the name that we know.
            (Ok(_), true) if damaged => {}
            (Ok(schema), true) => {
                sent::check(&schema, &mut rng, peer)?;
                chunks = streams::check(&schema, &mut rng, peer)?;
                break;
            }
            (ours, _) => return Err(format!("schema {}: {ours:?}, but {theirs}", hex(&bytes))),
        }
    }
    sent::check_messages(&mut rng, peer)?;
    Ok(chunks)
}

/// Some bits become others, or a part is missing.
fn damage(bytes: &mut Vec<u8>, rng: &mut Rng) {
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
fn accepted(answer: &Value) -> Result<bool, String> {
    match answer.get("error") {
        None => Ok(true),
        Some(_) if answer["refused"] == true => Ok(false),
        Some(error) => Err(format!("the peer failed: {error}")),
    }
}

/// The answer, of a peer that must have one.
fn answered(peer: &mut dyn Peer, question: &Value) -> Result<Value, String> {
    let answer = peer.ask(question)?;
    if answer.get("error").is_some() {
        return Err(format!("{question} was answered by {answer}"));
    }
    Ok(answer)
}

/// Compares what both sides make of the same.
fn same(what: &str, ours: &Value, theirs: &Value) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    Err(format!("{what}: {ours}, but the peer says {theirs}"))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes everything");
    }
    text
}

/// The bytes of an answer.
fn bytes(answer: &Value) -> Result<Vec<u8>, String> {
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
