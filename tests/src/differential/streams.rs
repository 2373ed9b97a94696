//! Streams, from their joins over their chunks: those that come whole, and those that were damaged on
//! their way, which both sides refuse or take for the same.

use std::sync::Arc;

use serde_json::{Value, json};
use syncline_shared::rng::Rng;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{Applied, StreamDecoder};

use super::life::{Moment, record};
use super::peer::{Peer, accepted, answered, damage, hex, same};
use super::schemas::index;

/// One chunk in so many is damaged on its way.
const DAMAGED: u32 = 25;

/// Lets a peer follow both streams of a life. Gives how many chunks it read.
pub(super) fn check(
    schema: &Arc<Schema>,
    rng: &mut Rng,
    peer: &mut dyn Peer,
) -> Result<usize, String> {
    let moments = record(schema, rng);
    for stream in 0..2 {
        follow(schema, &moments, stream, rng, peer)?;
    }
    Ok(2 * (moments.len() - 1))
}

fn follow(
    schema: &Arc<Schema>,
    moments: &[Moment],
    stream: usize,
    rng: &mut Rng,
    peer: &mut dyn Peer,
) -> Result<(), String> {
    let first = index(rng, moments.len());
    let mut ours = join(schema, &moments[first], stream, peer)?;
    for (number, moment) in moments.iter().enumerate().skip(first + 1) {
        let at = format!("stream {stream}, chunk {number} of those after {first}");
        if rng.chance(1, DAMAGED) {
            damaged(&mut ours, moment, stream, rng, peer)
                .map_err(|what| format!("{at}: {what}"))?;
            damaged_join(schema, moment, stream, rng, peer)?;
            ours = join(schema, moment, stream, peer)?;
            continue;
        }
        let mut events = Vec::new();
        let chunk = &moment.chunks[stream];
        let applied = ours.apply(moment.span, chunk, &mut events);
        let applied = applied.map_err(|error| format!("{at}: {error}"))?;
        let mut question = json!({ "chunk": hex(chunk), "span": moment.span });
        if rng.chance(1, 10) {
            question["fresh"] = hex(&moment.joins[stream]).into();
        }
        let theirs = answered(peer, &question)?;
        let ours = state(
            &moment.frames[stream],
            &events,
            applied == Applied::Verified,
        );
        same(&at, &ours, &theirs)?;
    }
    Ok(())
}

/// Both sides begin from a join.
fn join(
    schema: &Arc<Schema>,
    moment: &Moment,
    stream: usize,
    peer: &mut dyn Peer,
) -> Result<StreamDecoder, String> {
    let bytes = &moment.joins[stream];
    let ours = StreamDecoder::join(Arc::clone(schema), bytes).map_err(|error| error.to_string())?;
    let theirs = answered(peer, &json!({ "join": hex(bytes) }))?;
    same(
        "a join",
        &state(&moment.frames[stream], &[], false),
        &theirs,
    )?;
    Ok(ours)
}

/// Both sides read a chunk of which some bits are others, or a part is missing.
fn damaged(
    ours: &mut StreamDecoder,
    moment: &Moment,
    stream: usize,
    rng: &mut Rng,
    peer: &mut dyn Peer,
) -> Result<(), String> {
    let mut chunk = moment.chunks[stream].clone();
    damage(&mut chunk, rng);
    let mut events = Vec::new();
    let applied = ours.apply(moment.span, &chunk, &mut events);
    let question = json!({ "chunk": hex(&chunk), "span": moment.span });
    let theirs = peer.ask(&question)?;
    let readable = accepted(&theirs)?;
    match applied {
        Ok(applied) if applied != Applied::Mismatch && readable => {
            let ours = state(ours.frame(), &events, applied == Applied::Verified);
            same("damaged", &ours, &theirs)
        }
        Err(_) | Ok(Applied::Mismatch) if !readable => Ok(()),
        applied => Err(format!("{question}: {applied:?}, but {theirs}")),
    }
}

/// Both sides read a join that was damaged.
fn damaged_join(
    schema: &Arc<Schema>,
    moment: &Moment,
    stream: usize,
    rng: &mut Rng,
    peer: &mut dyn Peer,
) -> Result<(), String> {
    let mut bytes = moment.joins[stream].clone();
    damage(&mut bytes, rng);
    let question = json!({ "join": hex(&bytes) });
    let theirs = peer.ask(&question)?;
    match (
        StreamDecoder::join(Arc::clone(schema), &bytes),
        accepted(&theirs)?,
    ) {
        (Ok(ours), true) => same("a damaged join", &state(ours.frame(), &[], false), &theirs),
        (Err(_), false) => Ok(()),
        (ours, _) => Err(format!("{question}: {:?}, but {theirs}", ours.err())),
    }
}

/// What a peer must answer.
fn state(frame: &Frame, events: &[Event], verified: bool) -> Value {
    let rows: Vec<Vec<Value>> = frame
        .classes()
        .iter()
        .map(|rows| {
            let row = |(slot, words): (syncline_shared::id::Slot, &[u32])| {
                json!({ "slot": slot.0, "words": words })
            };
            rows.iter().map(row).collect()
        })
        .collect();
    let event = |event: &Event| json!({ "class": event.class, "words": event.words });
    let events: Vec<Value> = events.iter().map(event).collect();
    json!({ "hash": frame.hash().value(), "verified": verified, "events": events, "rows": rows })
}
