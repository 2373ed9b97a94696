//! What players ask for is done once and answered, whatever is lost on the way.

use std::collections::BTreeMap;

use syncline_client_core::event::ClientEvent;
use syncline_server_core::RoomOutput;
use syncline_shared::command::{CommandOutcome, CommandRefusal};
use syncline_shared::journal::{Act, Record};
use syncline_shared::predict::Predict;
use syncline_shared::tick::Timestamp;

use crate::checkers::Complaint;
use crate::world::{Observed, Observer};

/// What became of a command, as far as its client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing yet.
    Waits,
    /// The game has seen it.
    Seen,
    /// It never came to the game.
    Unseen,
    /// Nobody knows.
    Lost,
}

/// One command.
#[derive(Debug)]
struct Asked {
    client: usize,
    sequence: u32,
    /// On which of the client's connections it was asked first.
    connection: u32,
    fate: Fate,
    /// How often the game saw it.
    seen: u32,
    /// Whether a server was lost that may have shown it to the game and recorded nothing of it.
    excused: bool,
}

/// Each command of a client is answered, and what is answered as seen by the game was seen once; what
/// is lost, with its session or its match, at most once.
#[derive(Debug, Default)]
pub struct Answers {
    /// By what they say, which is said but once in a match.
    asked: BTreeMap<Vec<u8>, Asked>,
    /// How many connections each client has had.
    connections: BTreeMap<usize, u32>,
    /// Commands that were answered.
    pub answered: u64,
    /// Those that were lost with their session or match.
    pub lost: u64,
    /// Those that were answered on a later connection than they were first asked on.
    pub repeated: u64,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl Answers {
    fn connection(&self, client: usize) -> u32 {
        self.connections.get(&client).copied().unwrap_or(0)
    }

    fn complain(&mut self, now: Timestamp, complaint: String) {
        self.complaints.push((now, complaint));
    }

    /// The client of this number is told the fate of one of its commands.
    fn decide(&mut self, now: Timestamp, client: usize, sequence: u32, fate: Fate) {
        let waits = |asked: &&mut Asked| {
            (asked.client, asked.sequence, asked.fate) == (client, sequence, Fate::Waits)
        };
        let connection = self.connection(client);
        match self.asked.values_mut().find(waits) {
            Some(asked) => {
                asked.fate = fate;
                match fate {
                    Fate::Waits => {}
                    Fate::Lost => self.lost += 1,
                    Fate::Seen | Fate::Unseen => {
                        self.answered += 1;
                        self.repeated += u64::from(asked.connection < connection);
                    }
                }
            }
            None => self.complain(now, format!("client {client} never asked {sequence}")),
        }
    }

    fn judge(&mut self, now: Timestamp, is_awaited: impl Fn(usize) -> bool) {
        let mut complaints = Vec::new();
        for asked in self.asked.values() {
            let is_right = match asked.fate {
                Fate::Waits => asked.seen <= 1 && !is_awaited(asked.client),
                Fate::Seen => asked.seen == 1 || (asked.seen == 0 && asked.excused),
                Fate::Unseen => asked.seen == 0,
                Fate::Lost => asked.seen <= 1,
            };
            if !is_right {
                complaints.push((now, format!("{asked:?}")));
            }
        }
        self.complaints.append(&mut complaints);
    }
}

/// What an answer says of the game.
fn fate_of(outcome: &CommandOutcome) -> Fate {
    match outcome {
        CommandOutcome::Applied(_) | CommandOutcome::Refused(CommandRefusal::Rule(_)) => Fate::Seen,
        CommandOutcome::Refused(
            CommandRefusal::Unknown
            | CommandRefusal::Malformed
            | CommandRefusal::TooMany
            | CommandRefusal::NotRunning
            | CommandRefusal::NotAPlayer,
        ) => Fate::Unseen,
    }
}

impl<P: Predict> Observer<P> for Answers {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Asked(client, sequence, payload) => {
                let asked = Asked {
                    client: *client,
                    sequence: *sequence,
                    connection: self.connection(*client),
                    fate: Fate::Waits,
                    seen: 0,
                    excused: false,
                };
                if self.asked.insert(payload.to_vec(), asked).is_some() {
                    self.complain(now, format!("{payload:?} was asked for twice"));
                }
            }
            Observed::Output(RoomOutput::Record(record)) => {
                let Record::Tick(tick) = &**record else {
                    return;
                };
                for act in &tick.acts {
                    if let Act::Command(_, payload) = act
                        && let Some(asked) = self.asked.get_mut(payload)
                    {
                        asked.seen += 1;
                    }
                }
            }
            Observed::Client(index, _, ClientEvent::Welcome(_)) => {
                *self.connections.entry(*index).or_default() += 1;
            }
            Observed::Client(index, _, ClientEvent::CommandReply { sequence, outcome }) => {
                self.decide(now, *index, *sequence, fate_of(outcome));
            }
            Observed::Client(index, _, ClientEvent::CommandLost { sequence }) => {
                self.decide(now, *index, *sequence, Fate::Lost);
            }
            Observed::Restarted(..) => {
                for asked in self.asked.values_mut() {
                    asked.excused |= asked.seen == 0;
                }
            }
            Observed::Settled(_, peers) => {
                let is_awaited = |client: usize| {
                    let peer = peers.get(client);
                    peer.is_some_and(|peer| peer.client.playing().is_some())
                };
                self.judge(now, is_awaited);
            }
            _ => {}
        }
    }
}
