//! What a swarm shall do.

use core::time::Duration;
use std::path::PathBuf;

use syncline_client_core::behaviour::Behaviour;
use syncline_client_core::input_pace::InputPace;
use syncline_shared::id::{RoomCode, RoomId};
use syncline_shared::message::control::{CreateOptions, Role, RoomSelector};

/// The most bots of which each decodes for itself unless it is asked for: beyond, the bots would
/// need more of the machine than the server that they are to measure.
const DECODE_ALL_BOTS_MAX: u32 = 200;

/// The settings of a swarm.
#[derive(Clone, Debug)]
pub struct SwarmConfig {
    /// Where the server listens: `ws://host:port/play`, or `wss://` under TLS.
    pub url: String,
    /// The certificates in PEM that a server under TLS is believed by.
    pub ca: Option<PathBuf>,
    /// How many bots.
    pub bots: u32,
    /// How long to play, once all bots were started.
    pub duration: Duration,
    /// How many bots to start each second.
    pub ramp_per_second: u32,
    /// The game; its rules are run ahead of the server if they are known here.
    pub game: String,
    /// Whether they play or watch.
    pub role: Role,
    /// How the bots play.
    pub behaviour: Behaviour,
    /// How often they say what they press.
    pub inputs: InputPace,
    /// Whether they talk.
    pub chat: bool,
    /// Names and values of what they say of themselves.
    pub properties: Vec<(String, String)>,
    /// Over how many rooms the bots are spread.
    pub rooms: u32,
    /// The first of these rooms.
    pub room: Room,
    /// The password of these rooms.
    pub password: Option<String>,
    /// What their sessions travel on.
    pub transport: Transport,
    /// What is added to the path.
    pub path: Path,
    /// Bots that freeze.
    pub stall: Option<Stall>,
    /// Names everything that is random.
    pub seed: u64,
    /// Who decodes; by default all of a small swarm and one for all of a large one.
    pub decode: Option<Decode>,
}

/// Where bots meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
    /// The room with this id, made if there is none.
    Id(RoomId),
    /// The room with this code.
    Code(RoomCode),
    /// The best open room that matches a query, or a new one; each bot for itself.
    Quick(String),
    /// A new room for each bot.
    Create(CreateOptions),
}

/// What a session travels on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    #[default]
    WebSocket,
    /// HTTP, with an answer that does not end.
    Stream,
    /// HTTP, with answers that are held back until there is something.
    Poll,
}

/// What is added to the path to the server. Messages stay in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Added to each round trip, half of it each way.
    pub latency: Duration,
    /// By how much a round trip may be longer or shorter than that, half of it each way.
    pub jitter: Duration,
}

/// How bots freeze: neither reading nor writing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stall {
    /// With which probability, for each bot and second.
    pub probability: f64,
    /// For how long.
    pub duration: Duration,
}

/// Who decodes the streams that all members of a room follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// Every bot for itself.
    All,
    /// One for all; the others compare their bytes with that one's.
    Shared,
}

impl SwarmConfig {
    /// A swarm with the default settings.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca: None,
            bots: 10,
            duration: Duration::from_secs(10),
            ramp_per_second: 100,
            game: "arena".to_owned(),
            role: Role::Player,
            behaviour: Behaviour::Wander,
            inputs: InputPace::EveryTick,
            chat: false,
            properties: Vec::new(),
            rooms: 1,
            room: Room::Id(RoomId(1)),
            password: None,
            transport: Transport::default(),
            path: Path::default(),
            stall: None,
            seed: 1,
            decode: None,
        }
    }

    /// Who decodes.
    pub fn decode(&self) -> Decode {
        let default = if self.bots <= DECODE_ALL_BOTS_MAX {
            Decode::All
        } else {
            Decode::Shared
        };
        self.decode.unwrap_or(default)
    }

    /// Whether a match has to run for the bots, or they only sit.
    pub(crate) fn plays(&self) -> bool {
        self.behaviour != Behaviour::Idle
    }

    /// The room of one bot: they take turns.
    pub(crate) fn room_of(&self, bot: u32) -> RoomSelector {
        match &self.room {
            Room::Code(code) => RoomSelector::Code(*code),
            Room::Quick(query) => RoomSelector::QuickPlay {
                query: query.clone(),
            },
            Room::Create(options) => RoomSelector::Create(options.clone()),
            Room::Id(first) => {
                let offset = bot % self.rooms.max(1);
                RoomSelector::Id(RoomId(first.0.saturating_add(offset)))
            }
        }
    }

    /// When a bot starts, counted from the swarm's start.
    pub(crate) fn start_of(&self, bot: u32) -> Duration {
        Duration::from_secs(u64::from(bot)) / self.ramp_per_second.max(1)
    }

    /// How long it all takes: when all bots leave, counted from the swarm's start.
    pub fn total(&self) -> Duration {
        self.start_of(self.bots) + self.duration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_take_turns_at_rooms() {
        let config = SwarmConfig {
            rooms: 3,
            room: Room::Id(RoomId(7)),
            ..SwarmConfig::new("")
        };
        let rooms: Vec<_> = (0..4).map(|bot| config.room_of(bot)).collect();
        let expected = [7, 8, 9, 7].map(|id| RoomSelector::Id(RoomId(id)));
        assert_eq!(rooms, expected);
    }

    #[test]
    fn a_large_swarm_shares_its_decoders() {
        let decode = |bots| {
            SwarmConfig {
                bots,
                ..SwarmConfig::new("")
            }
            .decode()
        };
        assert_eq!((decode(200), decode(201)), (Decode::All, Decode::Shared));
    }

    #[test]
    fn the_ramp_comes_before_the_duration() {
        let config = SwarmConfig {
            bots: 200,
            ..SwarmConfig::new("")
        };
        assert_eq!(config.start_of(50), Duration::from_millis(500));
        assert_eq!(config.total(), Duration::from_secs(12));
    }
}
