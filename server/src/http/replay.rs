//! The recorded match that a server shows: what it is, where it stands, and how to move it.
//!
//! There is one for all who watch: whoever pauses or jumps does it for everybody.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use syncline_server_core::replay::{Happened, Mark};
use syncline_server_core::replay_room::{PlaybackControl, PlaybackStatus, Speed};
use syncline_shared::journal::{Ending, SeatedSession};
use syncline_shared::tick::Tick;

use crate::http::site::Site;
use crate::runtime::inbox::{HostedEvent, RoomHandle};
use crate::showing::Showing;

/// How many marks are told; a timeline has no place for more.
const MARKS_MAX: usize = 1000;

/// How many bytes a request may have: it is some forty.
const REQUEST_BYTES_MAX: usize = 1024;

/// How long a jump may take. It takes some milliseconds, unless the machine has other things to do.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is shown, and where it stands.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    file: String,
    game: String,
    /// The room that the match was played in.
    room: u32,
    code: String,
    /// Which match of that room it was.
    number: u32,
    started_unix_ms: u64,
    build: String,
    /// How the journal ends, in words.
    state: String,
    /// What is not as it was when it was recorded, in words.
    caveats: Vec<String>,
    /// Ticks a second.
    rate: u16,
    /// The last that can be shown.
    ticks: u32,
    tick: u32,
    speed: f64,
    paused: bool,
    /// The last snapshot of that tick: the timeline that viewers are in, and its tick. With the speed
    /// that gives the tick of the record for any that they draw.
    #[serde(rename = "shown")]
    viewers: ShownTick,
    /// The first tick at which the match was found not to be what was recorded.
    differs: Option<u32>,
    roster: Vec<ShownPlayer>,
    marks: Vec<ShownMark>,
    outcome: Option<ShownOutcome>,
}

#[derive(Debug, Serialize)]
struct ShownTick {
    incarnation: u32,
    tick: u32,
}

#[derive(Debug, Serialize)]
struct ShownPlayer {
    player: u16,
    name: String,
    connected: bool,
}

#[derive(Debug, Serialize)]
struct ShownMark {
    tick: u32,
    /// "joined", "away", "back", "left", "held", or how the journal ends.
    what: &'static str,
    player: Option<u16>,
    /// The player's name, or more of what happened.
    text: String,
}

#[derive(Debug, Serialize)]
struct ShownOutcome {
    winners: Vec<u16>,
    scores: Vec<(u16, i32)>,
}

/// What somebody wants who watches. What is left out stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    paused: Option<bool>,
    speed: Option<f64>,
    tick: Option<u32>,
}

/// Why it is not done: a status, and a line.
type Refusal = (StatusCode, String);

/// What is shown.
pub(super) async fn shown(State(site): State<Arc<Site>>) -> Result<Json<Shown>, Refusal> {
    let (showing, room) = room(&site)?;
    ask(showing, &room, PlaybackControl::default()).await
}

/// Moves what is shown, and says where it stands then.
pub(super) async fn control(
    State(site): State<Arc<Site>>,
    body: Bytes,
) -> Result<Json<Shown>, Refusal> {
    let (showing, room) = room(&site)?;
    let control = read(&body, showing.recording.last())?;
    ask(showing, &room, control).await
}

/// Tells the room, and says where what it shows stands then.
async fn ask(
    showing: &Showing,
    room: &RoomHandle,
    control: PlaybackControl,
) -> Result<Json<Shown>, Refusal> {
    let (answer, answered) = oneshot::channel();
    room.tell(HostedEvent::Playback(control, answer));
    match tokio::time::timeout(ANSWER_MAX, answered).await {
        Ok(Ok(status)) => Ok(Json(tell(showing, &status))),
        _ => Err((
            StatusCode::SERVICE_UNAVAILABLE,
            "the room does not answer\n".to_owned(),
        )),
    }
}

fn room(site: &Site) -> Result<(&Showing, RoomHandle), Refusal> {
    let room = site.lobby.directory.shown();
    let words = "no recorded match is shown here: syncline replay FILE --serve does\n";
    let showing = site.showing.as_ref().zip(room);
    showing.ok_or_else(|| (StatusCode::NOT_FOUND, words.to_owned()))
}

/// What a request asks for.
fn read(body: &[u8], last: Tick) -> Result<PlaybackControl, Refusal> {
    let bad = |words: String| (StatusCode::BAD_REQUEST, words);
    if body.len() > REQUEST_BYTES_MAX {
        let words = format!("a request has at most {REQUEST_BYTES_MAX} bytes\n");
        return Err((StatusCode::PAYLOAD_TOO_LARGE, words));
    }
    let wish = Json::<Wish>::from_bytes(body).map_err(|error| {
        bad(format!(
            "expected JSON with some of \"paused\": true or false, \"speed\": 0.25 to 16, \
             \"tick\": 0 to {last}: {}\n",
            error.body_text()
        ))
    })?;
    let Wish {
        paused,
        speed,
        tick,
    } = wish.0;
    if paused.is_none() && speed.is_none() && tick.is_none() {
        return Err(bad(
            "nothing is asked for: some of paused, speed, tick\n".to_owned()
        ));
    }
    let speed = speed.map(|speed| {
        speed_of(speed).ok_or_else(|| {
            bad(format!(
                "a speed of {speed} can't be: it is 0.25, 0.5, or a whole number from 1 to 16\n"
            ))
        })
    });
    if let Some(tick) = tick.filter(|&tick| tick > last.0) {
        return Err(bad(format!(
            "there is no tick {tick}: the record has ticks 0 to {last}\n"
        )));
    }
    Ok(PlaybackControl {
        paused,
        speed: speed.transpose()?,
        tick: tick.map(Tick),
    })
}

fn speed_of(speed: f64) -> Option<Speed> {
    // Quarters are exact.
    let is_it = |&quarters: &u32| (f64::from(quarters) / 4.0).total_cmp(&speed).is_eq();
    (1..=64).find(is_it).and_then(Speed::of_quarters)
}

fn tell(showing: &Showing, status: &PlaybackStatus) -> Shown {
    let recording = &showing.recording;
    let header = recording.header();
    let marks = recording.marks();
    Shown {
        file: showing.file.clone(),
        game: header.start.game.clone(),
        room: header.room.id.0,
        code: header.room.code.to_string(),
        number: header.incarnation,
        started_unix_ms: header.started_unix_ms,
        build: header.build.clone(),
        state: showing.state.clone(),
        caveats: showing.caveats.clone(),
        rate: recording.rate().as_hz(),
        ticks: status.last.0,
        tick: status.tick.0,
        speed: f64::from(status.speed.quarters()) / 4.0,
        paused: status.paused,
        viewers: ShownTick {
            incarnation: status.incarnation,
            tick: status.shown.0,
        },
        differs: status.differs.map(|tick| tick.0),
        roster: recording
            .players_at(status.tick)
            .into_iter()
            .filter_map(player)
            .collect(),
        marks: marks.into_iter().take(MARKS_MAX).map(mark).collect(),
        outcome: match recording.ending() {
            Some(Ending::Outcome(outcome)) => Some(ShownOutcome {
                winners: outcome.winners.iter().map(|player| player.0).collect(),
                scores: outcome
                    .scores
                    .iter()
                    .map(|&(player, score)| (player.0, score))
                    .collect(),
            }),
            _ => None,
        },
    }
}

fn player(one: SeatedSession) -> Option<ShownPlayer> {
    Some(ShownPlayer {
        player: one.player?.0,
        name: one.profile.name,
        connected: one.connected,
    })
}

fn mark(mark: Mark) -> ShownMark {
    let (what, player, text) = match mark.what {
        Happened::Joined(player, name) => ("joined", Some(player.0), name),
        Happened::Away(player, name) => ("away", Some(player.0), name),
        Happened::Back(player, name) => ("back", Some(player.0), name),
        Happened::Left(player, name, _) => ("left", Some(player.0), name),
        Happened::Held(ms) => (
            "held",
            None,
            format!(
                "the server was lost, and the match held for {:?}",
                Duration::from_millis(ms.into())
            ),
        ),
        Happened::Ended(ending) => {
            let text = match &ending {
                Ending::Panicked(why, _) | Ending::Lost(why) => why.clone(),
                Ending::Outcome(_) | Ending::Deserted | Ending::Closed => String::new(),
            };
            (ending.slug(), None, text)
        }
    };
    ShownMark {
        tick: mark.tick.0,
        what,
        player,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> Result<PlaybackControl, String> {
        read(body.as_bytes(), Tick(900)).map_err(|(status, words)| {
            assert_eq!(status, StatusCode::BAD_REQUEST);
            words
        })
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let all = asked(r#"{"paused": true, "speed": 0.25, "tick": 900}"#).unwrap();
        assert_eq!((all.paused, all.tick), (Some(true), Some(Tick(900))));
        assert_eq!(all.speed, Speed::of_quarters(1));
        let one = asked(r#"{"speed": 16}"#).unwrap();
        assert_eq!((one.paused, one.tick), (None, None));
        assert_eq!(one.speed, Speed::of_quarters(64));
    }

    #[test]
    fn nonsense_is_told_what_could_be() {
        for (body, words) in [
            ("", "expected JSON"),
            ("[]", "expected JSON"),
            ("{}", "nothing is asked for"),
            (r#"{"pause": true}"#, "pause"),
            (r#"{"speed": 0}"#, "0.25, 0.5, or a whole number"),
            (r#"{"speed": 1.5}"#, "0.25, 0.5, or a whole number"),
            (r#"{"speed": 17}"#, "0.25, 0.5, or a whole number"),
            (r#"{"speed": -1}"#, "0.25, 0.5, or a whole number"),
            (r#"{"tick": 901}"#, "ticks 0 to 900"),
            (r#"{"tick": -1}"#, "0 to 900"),
            (r#"{"tick": 4294967296}"#, "0 to 900"),
            (r#"{"paused": 1}"#, "expected JSON"),
        ] {
            let said = asked(body).unwrap_err();
            assert!(said.contains(words), "{body}: {said}");
        }
        let long = " ".repeat(REQUEST_BYTES_MAX + 1);
        let (status, _) = read(long.as_bytes(), Tick(1)).unwrap_err();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
