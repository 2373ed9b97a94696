//! The same bytes on both sides: what this implementation writes another one reads, and the other
//! way round, over random schemas and worlds.
//!
//! A seed names a schema, a life in it and what a client says; [`check`] lets a [`Peer`] read and
//! write the same and compares. How a peer is reached is not its affair: the program `differential`
//! talks to Node, whose side is `tests/sdk/differential.mjs`, which tells what a peer is asked.
//!
//! - [`schemas`]: schemas, most of them sound
//! - [`life`]: what happens in a world
//! - `peer`: what a peer is asked, and its answers
//! - `streams`: joins and chunks, whole and damaged
//! - `sent`: frames, inputs, commands, control messages, rows

pub mod life;
mod peer;
pub mod schemas;
mod sent;
mod streams;

use std::sync::Arc;

use serde_json::json;
use syncline_shared::codec;
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;

pub use peer::Peer;
use peer::{accepted, damage, hex};

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
