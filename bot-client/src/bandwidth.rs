//! What the server says that its streams cost, asked after a run.
//!
//! Nothing depends on the answer: an older server, or another's, has none.

use core::future::poll_fn;
use core::pin::Pin;
use core::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::address::{Address, Source};
use crate::config::Room;

/// How long the answer may take, and how long it may be: a schema has some hundred causes.
const ANSWER_TIME: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How many causes a table shows.
const SHOWN: usize = 10;

/// What the first room's streams cost of late, by class and field; the answer of
/// `/api/rooms/{room}/bandwidth`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bandwidth {
    /// How far back it reaches.
    pub window_seconds: f64,
    /// How many snapshots were sampled.
    pub snapshots_sampled: u32,
    /// What a player's streams take of a snapshot.
    pub bytes_per_snapshot: f64,
    /// By kind of stream.
    pub streams: Streams,
}

/// The kinds of streams.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    /// What everybody sees.
    pub common: Stream,
    /// What one player sees.
    pub own: Stream,
}

/// What one stream of a kind costs, on average.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// How many of them there were.
    pub streams: f64,
    /// What a chunk takes.
    pub bytes_per_snapshot: f64,
    /// The dearest first.
    pub costs: Vec<Cost>,
}

/// What was spent on one cause.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The class, or "events".
    pub class: String,
    /// The field, or what else of the class.
    pub part: String,
    /// Bits of a chunk.
    pub bits_per_snapshot: f64,
    /// Of all that is spent on streams of this kind.
    pub share: f64,
}

impl Bandwidth {
    /// The dearest causes for people, one a line.
    pub(crate) fn dearest(&self) -> String {
        let Streams { common, own } = &self.streams;
        let kinds = [("", common), ("own ", own)];
        let mut all: Vec<(&str, &Cost)> = kinds
            .iter()
            .flat_map(|(kind, stream)| stream.costs.iter().map(|cost| (*kind, cost)))
            .collect();
        all.sort_by(|(_, one), (_, other)| {
            other.bits_per_snapshot.total_cmp(&one.bits_per_snapshot)
        });
        let line = |(kind, cost): &(&str, &Cost)| {
            let (class, part, bits) = (&cost.class, &cost.part, cost.bits_per_snapshot);
            format!("{bits:.1} {kind}{class} {part}")
        };
        let lines: Vec<_> = all.iter().take(SHOWN).map(line).collect();
        lines.join("\n")
    }
}

/// What the server at `address` says of `room`, if it is one in particular and it says anything.
pub(crate) async fn fetch(address: &Address, room: &Room) -> Option<Bandwidth> {
    let room = match room {
        Room::Id(id) => id.to_string(),
        Room::Code(code) => code.to_string(),
        Room::Quick(_) | Room::Create(_) => return None,
    };
    timeout(ANSWER_TIME, ask(address, room)).await.ok()?
}

async fn ask(address: &Address, room: String) -> Option<Bandwidth> {
    let stream = TokioIo::new(address.connect(Source::ANY).await.ok()?);
    let (mut sender, connection) = http1::handshake(stream).await.ok()?;
    // Ends with the sender.
    tokio::spawn(connection);
    let request = Request::get(format!("/api/rooms/{room}/bandwidth"))
        .header(HOST, address.host())
        .body(String::new());
    let answer = sender.send_request(request.ok()?).await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let body = read(answer.into_body()).await?;
    serde_json::from_slice(&body).ok()
}

/// A whole body, unless it is too long.
async fn read(mut body: Incoming) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > ANSWER_BYTES_MAX {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(class: &str, bits_per_snapshot: f64) -> Cost {
        Cost {
            class: class.to_owned(),
            part: "rows".to_owned(),
            bits_per_snapshot,
            share: 0.5,
        }
    }

    #[test]
    fn the_dearest_of_all_streams_come_first() {
        let mut bandwidth = Bandwidth::default();
        bandwidth.streams.common.costs = vec![cost("Ship", 9.04), cost("Shot", 1.0)];
        bandwidth.streams.own.costs = vec![cost("Loadout", 2.0)];
        assert_eq!(
            bandwidth.dearest(),
            "9.0 Ship rows\n2.0 own Loadout rows\n1.0 Shot rows"
        );
        bandwidth.streams.own.costs = vec![cost("Loadout", 2.0); 20];
        assert_eq!(bandwidth.dearest().lines().count(), SHOWN);
    }
}
