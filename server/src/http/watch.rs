//! What happens in a room, for whoever watches it from outside: one thing after the other.
//!
//! Nothing is queued for anybody. A watch looks at its room whenever that has news and its reader
//! asks for the next thing: the state as it is then, and what was said since, as far as the room
//! keeps it. Knows nothing of how it is told.

use std::collections::VecDeque;

use prometheus_client::metrics::gauge::Gauge;
use serde::Serialize;
use syncline_shared::message::chat::{ChatFrom, ChatLine};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::http::room::Told;
use crate::http::site::Site;
use crate::runtime::inbox::{RoomHandle, Unvisited};

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

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// "room", "chat", "announcement" or "closed".
    pub(crate) name: &'static str,
    /// The last line that who was told this has heard; none of a room that is over.
    pub(crate) heard: Option<u64>,
    /// JSON.
    pub(crate) data: String,
}

/// Where a reader is.
pub(crate) struct Watch {
    room: RoomHandle,
    changes: watch::Receiver<u64>,
    /// Whether it is told what was said alone.
    lines_alone: bool,
    /// The last line that it was told.
    heard: u64,
    /// The tag of the state that it was told.
    known: String,
    news: VecDeque<News>,
    /// Whether it was told that the room is over.
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

impl Watch {
    /// A reader of `room` that has heard everything up to a line; nothing if there is no place for
    /// it. It may want what is said alone.
    pub(crate) fn new(
        site: &Site,
        room: RoomHandle,
        heard: u64,
        lines_alone: bool,
    ) -> Option<Self> {
        let permit = site.readers.clone().try_acquire_owned().ok()?;
        let streams = site.lobby.metrics.event_streams.clone();
        streams.inc();
        Some(Self {
            changes: room.board.changes(),
            room,
            lines_alone,
            heard,
            known: String::new(),
            news: VecDeque::new(),
            ended: false,
            _place: Place {
                _permit: permit,
                streams,
            },
        })
    }

    /// The next thing, once there is one.
    ///
    /// # Errors
    ///
    /// [`Unvisited::Busy`], after which it may be asked again, and [`Unvisited::Over`] once it was
    /// told that the room is over.
    pub(crate) async fn next(&mut self) -> Result<News, Unvisited> {
        loop {
            if let Some(news) = self.news.pop_front() {
                return Ok(news);
            }
            if self.ended {
                return Err(Unvisited::Over);
            }
            match self.look().await {
                Ok(()) => {}
                Err(Unvisited::Over) => {
                    self.ended = true;
                    return Ok(News {
                        name: "closed",
                        heard: None,
                        data: "{}".to_owned(),
                    });
                }
                Err(Unvisited::Busy) => return Err(Unvisited::Busy),
            }
            if self.news.is_empty() {
                // What it was that changed is seen by looking; that the room is gone as well.
                let _ = self.changes.changed().await;
            }
        }
    }

    /// Takes in what is new.
    async fn look(&mut self) -> Result<(), Unvisited> {
        let (heard, lines_alone) = (self.heard, self.lines_alone);
        let seen = self.room.visit(move |now, room| {
            let (lines, last) = room.said_since(now, heard);
            ((!lines_alone).then(|| room.overview()), lines, last)
        });
        let (overview, lines, last) = seen.await?;
        let told = overview.map(Told::of);
        if let Some(told) = told.filter(|told| told.tag != self.known) {
            self.news.push_back(News {
                name: "room",
                heard: Some(heard),
                data: String::from_utf8_lossy(&told.body).into_owned(),
            });
            self.known = told.tag;
        }
        self.news.extend(lines.iter().map(news_of));
        self.heard = last;
        Ok(())
    }
}

fn news_of(line: &ChatLine) -> News {
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
    News {
        name,
        heard: Some(line.id),
        data: serde_json::to_string(&told).unwrap_or_default(),
    }
}
