//! What happens in a room, as server-sent events: `GET /api/rooms/{room}/events`.
//!
//! Nothing is queued for anybody. A stream looks at its room whenever that has news and the reader
//! has room for it: the state as it is then, and what was said since, as far as the room keeps it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use syncline_shared::message::chat::{ChatFrom, ChatLine};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::http::problem::Problem;
use crate::http::room::{Told, busy, unknown};
use crate::http::site::Site;
use crate::runtime::inbox::{RoomHandle, Unvisited};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Something that was said.
#[derive(Debug, Serialize)]
struct Line<'a> {
    id: u64,
    age_ms: u32,
    /// "server", "player" or "spectator".
    kind: &'static str,
    /// The seat of who said it.
    player: Option<u16>,
    name: &'a str,
    text: &'a str,
}

/// Where a reader is.
struct Reader {
    site: Arc<Site>,
    room: RoomHandle,
    changes: watch::Receiver<u64>,
    /// The last line that it was told.
    heard: u64,
    /// The tag of the state that it was told.
    known: String,
    events: VecDeque<Event>,
    /// Whether the room is over.
    ended: bool,
    _place: Place,
}

/// One of the places for readers.
struct Place {
    _permit: OwnedSemaphorePermit,
    streams: Gauge,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.streams.dec();
    }
}

/// Tells what happens in a public room by its id, in any by its code.
pub(super) async fn events(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = site.room_handle(&room).ok_or_else(unknown)?;
    let permit = site.readers.clone().try_acquire_owned();
    let streams = site.lobby.metrics.event_streams.clone();
    let permit = permit.map_err(|_| busy())?;
    streams.inc();
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let reader = Reader {
        site: site.clone(),
        changes: room.board.changes(),
        room,
        heard: last.and_then(|id| id.parse().ok()).unwrap_or(0),
        known: String::new(),
        events: VecDeque::new(),
        ended: false,
        _place: Place {
            _permit: permit,
            streams,
        },
    };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

impl Reader {
    /// The next event, once there is one; nothing once the server ends, or after the room did.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match self.look().await {
                Ok(()) => {}
                Err(Unvisited::Over) => {
                    self.ended = true;
                    return Some(Event::default().event("closed").data("{}"));
                }
                // Whoever reads comes back by itself.
                Err(Unvisited::Busy) => return None,
            }
            if !self.events.is_empty() {
                continue;
            }
            tokio::select! {
                // What it was that changed is seen by looking; that the room is gone as well.
                _ = self.changes.changed() => {}
                () = self.site.lobby.shutdown.thrown() => return None,
            }
        }
    }

    /// Takes in what is new.
    async fn look(&mut self) -> Result<(), Unvisited> {
        let heard = self.heard;
        let seen = self.room.visit(move |now, room| {
            let (lines, last) = room.said_since(now, heard);
            (room.overview(), lines, last)
        });
        let (overview, lines, last) = seen.await?;
        let told = Told::of(overview);
        if told.tag != self.known {
            let state = String::from_utf8_lossy(&told.body);
            let event = Event::default().event("room").data(state);
            self.events.push_back(event.id(heard.to_string()));
            self.known = told.tag;
        }
        self.events.extend(lines.iter().map(event_of));
        self.heard = last;
        Ok(())
    }
}

fn event_of(line: &ChatLine) -> Event {
    let (name, kind, player, from) = match &line.from {
        ChatFrom::Server => ("announcement", "server", None, ""),
        ChatFrom::Player { player, name } => ("chat", "player", Some(player.0), name.as_str()),
        ChatFrom::Spectator { name } => ("chat", "spectator", None, name.as_str()),
    };
    let told = Line {
        id: line.id,
        age_ms: line.age_ms,
        kind,
        player,
        name: from,
        text: &line.text,
    };
    let data = serde_json::to_string(&told).unwrap_or_default();
    let id = line.id.to_string();
    Event::default().event(name).id(id).data(data)
}
