//! One client that speaks STOMP, from CONNECT to its end.
//!
//! Feeds its bytes to a session and does what that says. While something it says waits for its turn,
//! nothing more of it is read: its own socket feels that.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::SessionId;
use syncline_shared::message::chat::{ChatRefusal, ChatTo};
use tokio::time::{Instant, sleep, sleep_until};

use super::following::Followings;
use super::frame::Frame;
use super::heart_beat::HeartBeats;
use super::parser::Parser;
use super::refusal::Refusal;
use super::session::{Act, Door, Entry, Session, Topic, unsaid};
use crate::chat_filter::ChatMessage;
use crate::directory::Secret;
use crate::entropy;
use crate::http::access::Allowed;
use crate::http::guesses;
use crate::http::site::Site;
use crate::http::watch::Watch;
use crate::net::ending::End;
use crate::net::guard::{Peer, PeerName};
use crate::net::text::TextSocket;
use crate::runtime::inbox::{RoomHandle, Unvisited};

/// How often something is tried again that its speaker may not say yet. Nobody else speaks in its
/// name, so that once is enough, but for a room that does not respond.
const TRIES: usize = 4;

/// How long a room that does not respond is left alone.
const PAUSE: Duration = Duration::from_millis(250);

/// How often a client should give a sign of life in the time after which one is idle that gives none.
const BEATS: u32 = 4;

/// A little more often than was promised: what is on its way for some time still comes in time.
const HASTE: f64 = 0.8;

/// How many times of what it promised a client may be silent: it may be on its way for some time.
const PATIENCE: u32 = 2;

/// Why a conversation is over.
enum Over {
    /// The client did something that has to be told to it.
    Refused(Refusal),
    /// Anything else.
    Ended(End),
}

impl From<Refusal> for Over {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<End> for Over {
    fn from(end: End) -> Self {
        Self::Ended(end)
    }
}

/// Something that is being said.
type Saying = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// A conversation.
struct Talk {
    site: Arc<Site>,
    socket: TextSocket,
    parser: Parser,
    session: Session,
    /// What is left to be done of what the session said.
    acts: VecDeque<Act>,
    followings: Followings,
    saying: Option<Saying>,
    /// Who this is to rooms.
    speaker: SessionId,
    name: String,
    /// Where it is, if limits of an address count there.
    address: Option<IpAddr>,
    greeted: bool,
    beats: HeartBeats,
    /// When something came last, and when a sign of life was given last.
    heard: Instant,
    given: Instant,
    /// Since when the socket takes nothing.
    blocked: Option<Instant>,
}

/// Serves one client until it ends.
pub(crate) async fn serve(site: Arc<Site>, socket: TextSocket, peer: &Peer, name: PeerName) {
    let metrics = site.lobby.metrics.clone();
    metrics.stomp_connections.inc();
    let speaker = SessionId(entropy::draw());
    let now = Instant::now();
    let wanted = (site.lobby.idle_timeout / BEATS).as_millis();
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let mut talk = Talk {
        session: Session::new(speaker.to_string(), wanted, door(site.clone())),
        site,
        socket,
        parser: Parser::default(),
        acts: VecDeque::new(),
        followings: Followings::new(),
        saying: None,
        speaker,
        name: String::new(),
        address: peer.counted(name),
        greeted: false,
        beats: HeartBeats::default(),
        heard: now,
        given: now,
        blocked: None,
    };
    let end = match talk.run(peer).await {
        Over::Ended(end) => end,
        Over::Refused(refusal) => {
            metrics.stomp_errors.inc();
            // Whom this does not reach is gone.
            let _ = talk.socket.say(refusal.frame().encode());
            refusal.close().into()
        }
    };
    let Talk {
        socket, followings, ..
    } = talk;
    // The places of its subscriptions are free at once.
    drop(followings);
    socket.end(end, name).await;
    metrics.stomp_connections.dec();
}

/// Who may do what: to speak one has to be who writes by the API, unless guests may as well.
fn door(site: Arc<Site>) -> Door {
    Box::new(
        move |passcode| match site.access.of_token(passcode.map(str::as_bytes)) {
            Allowed::Yes => Entry::Speaks,
            Allowed::No if site.stomp_guests => Entry::Speaks,
            Allowed::No => Entry::Listens,
            Allowed::WrongToken => Entry::Refused,
        },
    )
}

impl Talk {
    /// Goes on until it is over, and says why it is.
    async fn run(&mut self, peer: &Peer) -> Over {
        let ended = self.socket.ended();
        let shaking_hands = sleep(self.site.lobby.hello_timeout);
        tokio::pin!(ended, shaking_hands);
        loop {
            if let Err(over) = self.work() {
                return over;
            }
            if self.greeted {
                peer.settle();
            }
            let stepped = tokio::select! {
                end = &mut ended => return end.into(),
                () = &mut shaking_hands, if !self.greeted => {
                    return End::from(CloseReason::HelloTimeout).into();
                }
                () = peer.evicted(), if !self.greeted => {
                    return End::from(CloseReason::Busy).into();
                }
                stepped = self.step() => stepped,
            };
            if let Err(over) = stepped {
                return over;
            }
        }
    }

    /// Does what can be done at once with what has come.
    fn work(&mut self) -> Result<(), Over> {
        while self.saying.is_none() {
            if let Some(act) = self.acts.pop_front() {
                self.carry_out(act)?;
            } else if let Some(frame) = self.parser.next().map_err(Refusal::from)? {
                self.acts.extend(self.session.handle(frame)?);
            } else {
                break;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, act: Act) -> Result<(), Over> {
        match act {
            Act::Greet(name, beats) => {
                (self.name, self.beats, self.greeted) = (name, beats, true);
            }
            Act::Send(frame) => self.send(&frame)?,
            Act::Follow {
                number,
                room,
                topic,
                credited,
                heard,
            } => {
                let room = self.room(&room)?;
                let watch = Watch::new(&self.site, room, heard, topic == Topic::Chat);
                let busy = || {
                    let words = "too many wait for news of rooms";
                    Refusal::new(CloseReason::ServerFull, words)
                };
                let watch = watch.ok_or_else(busy)?;
                self.followings.follow(number, watch, credited);
            }
            Act::Allow { number, messages } => self.followings.allow(number, messages),
            Act::Unfollow(number) => self.followings.unfollow(number),
            Act::Say {
                room,
                text,
                receipt,
            } => {
                let said = self.room(&room).map(|room| self.say(room, &text));
                let said = said.map_err(|refusal| refusal.of(receipt.as_deref()))?;
                self.saying = Some(Box::pin(async move {
                    let said = said.await;
                    said.map_err(|refusal| refusal.of(receipt.as_deref()))
                }));
            }
            Act::End => return Err(End::from(CloseReason::Left).into()),
        }
        Ok(())
    }

    /// Waits for one thing to happen. Nothing is lost if it is not waited for.
    async fn step(&mut self) -> Result<(), Over> {
        let Self {
            socket,
            followings,
            saying,
            ..
        } = self;
        let is_blocked = socket.is_blocked();
        let blocked = is_blocked.then(|| *self.blocked.get_or_insert_with(Instant::now));
        self.blocked = blocked;
        let too_slow = blocked.map(|since| since + self.site.lobby.idle_timeout);
        let gives = self.beats.given.filter(|_| !is_blocked);
        let gives = gives.map(|every| self.given + every.mul_f64(HASTE));
        let dead = self.beats.expected.filter(|_| saying.is_none());
        let dead = dead.map(|every| self.heard + every * PATIENCE);
        let flushed = socket.flushed();
        tokio::select! {
            said = finished(saying) => {
                *saying = None;
                // What waited for its turn was not heard meanwhile.
                self.heard = Instant::now();
                said?;
            }
            bytes = socket.hear(), if saying.is_none() => {
                self.parser.push(&bytes?);
                self.heard = Instant::now();
            }
            (number, news) = followings.news(), if !is_blocked => {
                if let Some(message) = self.session.message(number, news.name, news.data) {
                    self.site.lobby.metrics.stomp_messages.inc();
                    self.send(&message)?;
                }
            }
            () = flushed, if is_blocked => {}
            () = at(too_slow) => return Err(End::from(CloseReason::TooSlow).into()),
            () = at(dead) => {
                let words = "no heart-beat came in twice the time that was agreed on";
                return Err(Refusal::new(CloseReason::Idle, words).into());
            }
            () = at(gives) => {
                socket.say(b"\n".to_vec())?;
                self.given = Instant::now();
            }
        }
        Ok(())
    }

    fn send(&mut self, frame: &Frame) -> Result<(), End> {
        self.given = Instant::now();
        self.socket.say(frame.encode())
    }

    /// A public room by its id, or any by its code.
    fn room(&self, name: &str) -> Result<RoomHandle, Refusal> {
        let directory = &self.site.lobby.directory;
        let guesses = guesses::may_be_code(name);
        if guesses && let Err(tries) = directory.check_tries(self.address) {
            let words = format!("try again in {} s", tries.seconds);
            return Err(Refusal::new(CloseReason::TooManyTries, words));
        }
        self.site.room_handle(name).ok_or_else(|| {
            if guesses {
                directory.count_wrong(self.address, Secret::Code);
            }
            Refusal::new(CloseReason::UnknownRoom, "there is no such room")
        })
    }

    /// Says something in a room as soon as it may be said.
    fn say(
        &self,
        room: RoomHandle,
        text: &str,
    ) -> impl Future<Output = Result<(), Refusal>> + Send + use<> {
        let (speaker, name) = (self.speaker, self.name.clone());
        let text = match &self.site.lobby.chat_filter {
            None => Some(text.to_owned()),
            Some(filter) => filter.apply(ChatMessage {
                room: room.board.id,
                session: speaker,
                to: ChatTo::Room,
                text,
            }),
        };
        async move {
            let mut outcome = Ok(());
            for _ in 0..TRIES {
                let (name, text) = (name.clone(), text.clone());
                let said = room.visit(move |now, room| {
                    room.chat_from_outside(now, speaker, &name, text.as_deref())
                });
                let (wait, refusal) = match said.await {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(ChatRefusal::TooFast { retry_ms })) => {
                        let wait = Duration::from_millis(retry_ms.into());
                        (wait, unsaid(ChatRefusal::TooFast { retry_ms }))
                    }
                    Ok(Err(refusal)) => return Err(unsaid(refusal)),
                    Err(Unvisited::Over) => {
                        let words = "there is no such room";
                        return Err(Refusal::new(CloseReason::UnknownRoom, words));
                    }
                    Err(Unvisited::Busy) => {
                        let words = "the room does not respond";
                        (PAUSE, Refusal::new(CloseReason::ServerFull, words))
                    }
                };
                outcome = Err(refusal);
                sleep(wait).await;
            }
            outcome
        }
    }
}

impl From<Close> for Over {
    fn from(close: Close) -> Self {
        Self::Ended(close.into())
    }
}

/// Comes when what is being said is said; never if nothing is.
async fn finished(saying: &mut Option<Saying>) -> Result<(), Refusal> {
    match saying {
        Some(saying) => saying.await,
        None => std::future::pending().await,
    }
}

/// Comes at that time, if there is one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
