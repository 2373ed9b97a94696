//! What happens in a room, as server-sent events: `GET /api/rooms/{room}/events`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::http::problem::Problem;
use crate::http::room::{busy, unknown};
use crate::http::site::Site;
use crate::http::watch::{News, Watch};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Tells what happens in a public room by its id, in any by its code.
pub(super) async fn events(
    State(site): State<Arc<Site>>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = site.room_handle(&room).ok_or_else(unknown)?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let heard = last.and_then(|id| id.parse().ok()).unwrap_or(0);
    let watch = Watch::new(&site, room, heard, false).ok_or_else(busy)?;
    let events = stream::unfold((watch, site), |(mut watch, site)| async move {
        let news = tokio::select! {
            // Whoever reads comes back by itself if the room does not respond.
            news = watch.next() => news.ok()?,
            () = site.lobby.shutdown.thrown() => return None,
        };
        Some((Ok::<_, Infallible>(event_of(news)), (watch, site)))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

fn event_of(news: News) -> Event {
    let event = Event::default().event(news.name).data(news.data);
    match news.heard {
        Some(heard) => event.id(heard.to_string()),
        None => event,
    }
}
