//! One demo bot: a client, a mind and a line to the server, in one task.
//!
//! It comes once, and goes when it is asked to or thrown out; coming back is not for it to decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus_client::metrics::gauge::Gauge;
use syncline_client_core::behaviour::{Behaviour, Pilot};
use syncline_client_core::client::{Client, ClientConfig};
use syncline_client_core::event::{ClientEvent, NetworkEvent, Output};
use syncline_client_core::follower::DecodeAlone;
use syncline_client_core::input_pace::InputPace;
use syncline_client_core::playing::Playing;
use syncline_client_core::sight::Sight;
use syncline_shared::message::control::{PhaseInfo, RoomSelector};
use tokio::sync::Notify;

use crate::entropy;
use crate::net::inside::{Incoming, Inside, Line};
use crate::runtime::board::RoomBoard;

/// What a bot and whoever sent it know of each other.
#[derive(Default)]
pub(super) struct Place {
    is_seated: AtomicBool,
    is_to_leave: AtomicBool,
    leave: Notify,
}

impl Place {
    /// Whether the bot is in the room and means to stay.
    pub(super) fn is_taken(&self) -> bool {
        self.is_seated.load(Ordering::Acquire) && !self.was_asked_to_leave()
    }

    /// Whether the bot knows that it has to go.
    pub(super) fn was_asked_to_leave(&self) -> bool {
        self.is_to_leave.load(Ordering::Acquire)
    }

    /// Asks the bot to go.
    pub(super) fn ask_to_leave(&self) {
        self.is_to_leave.store(true, Ordering::Release);
        self.leave.notify_one();
    }
}

/// A bot.
pub(super) struct Bot {
    client: Client,
    pilot: Pilot,
    inside: Arc<Inside>,
    line: Option<Line>,
    seated: Option<Seated>,
}

/// Is counted as long as it is there.
struct Seated(Gauge);

impl Seated {
    fn new(bots: &Gauge) -> Self {
        bots.inc();
        Self(bots.clone())
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Bot {
    /// A bot on its way to a room.
    pub(super) fn new(name: String, room: &RoomBoard, inside: Arc<Inside>) -> Self {
        let config = ClientConfig {
            name,
            schema: Some(room.game.kind.schema().clone()),
            room: RoomSelector::Code(room.code),
            seed: entropy::draw(),
            inputs: InputPace::OnChange,
            ..ClientConfig::default()
        };
        Self {
            client: Client::new(config, Box::new(DecodeAlone)),
            pilot: Pilot::new(Behaviour::Casual, entropy::draw()),
            inside,
            line: None,
            seated: None,
        }
    }

    /// Plays until it has to go.
    pub(super) async fn play(mut self, place: Arc<Place>) {
        let clock = self.inside.lobby.clock;
        loop {
            let now = clock.now();
            if let Some(sight) = sight(&self.client)
                && let Some(words) = self.pilot.decide(now, sight)
            {
                self.client.set_input(words);
            }
            self.client.advance(now);
            if !self.carry_out(&place).await {
                return;
            }
            let decides = sight(&self.client).and_then(|_| self.pilot.next_due());
            let dues = [self.client.next_due(), decides];
            let Some(due) = dues.into_iter().flatten().min() else {
                return;
            };
            tokio::select! {
                incoming = receive(&mut self.line) => match incoming {
                    Incoming::Message(message) => {
                        self.client.handle(clock.now(), NetworkEvent::Message(&message));
                    }
                    Incoming::Closed(code, text) => {
                        self.client.handle(clock.now(), NetworkEvent::Closed(code, &text));
                    }
                },
                () = place.leave.notified() => self.client.leave(clock.now()),
                () = tokio::time::sleep(clock.until(due)) => {}
            }
        }
    }

    /// Does what the client wants; whether there is more to come.
    async fn carry_out(&mut self, place: &Place) -> bool {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect => match self.inside.open().await {
                    Ok(line) => {
                        self.line = Some(line);
                        let now = self.inside.lobby.clock.now();
                        self.client.handle(now, NetworkEvent::Connected);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "a demo bot can't come in");
                        return false;
                    }
                },
                Output::Send(message) => {
                    if let Some(line) = &mut self.line
                        && !line.send(message).await
                    {
                        return false;
                    }
                }
                Output::Disconnect | Output::Event(ClientEvent::Closed(_)) => return false,
                Output::Event(ClientEvent::Welcome(_)) => {
                    self.seated = Some(Seated::new(&self.inside.lobby.metrics.demo_bots));
                    place.is_seated.store(true, Ordering::Release);
                }
                // So that it is for people to say when the next match begins.
                Output::Event(ClientEvent::PhaseChanged(PhaseInfo::Ended { .. })) => {
                    self.client.vote_rematch();
                }
                Output::Event(ClientEvent::PhaseChanged(PhaseInfo::Lobby { .. })) => {
                    self.client.be_ready();
                }
                Output::Event(ClientEvent::RosterChanged) => {
                    self.client.be_ready();
                    let mates = self.client.playing().map(Playing::mates);
                    self.pilot.side_with(mates.into_iter().flatten());
                }
                Output::Event(
                    ClientEvent::PhaseChanged(PhaseInfo::Running { .. } | PhaseInfo::Held { .. })
                    | ClientEvent::Frame(_)
                    | ClientEvent::GameEvents { .. }
                    | ClientEvent::CommandReply { .. }
                    | ClientEvent::CommandLost { .. }
                    | ClientEvent::Chat(_)
                    | ClientEvent::ChatRefused(_)
                    | ClientEvent::RoomRefused(_)
                    | ClientEvent::Astray(_),
                ) => {}
            }
        }
        true
    }
}

/// What the bot sees of a running match.
fn sight(client: &Client) -> Option<Sight<'_>> {
    let playing = client.playing()?;
    Playing::sight(playing).filter(|_| playing.is_running())
}

/// The next thing that comes; nothing ever before there is a line.
async fn receive(line: &mut Option<Line>) -> Incoming {
    match line {
        Some(line) => line.receive().await,
        None => std::future::pending().await,
    }
}
