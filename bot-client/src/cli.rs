//! The command line of `syncline-bots`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use syncline_client_core::behaviour::Behaviour;
use syncline_client_core::input_pace::InputPace;
use syncline_shared::id::RoomId;
use syncline_shared::labels::Labels;
use syncline_shared::message::control::{CreateOptions, Role};
use syncline_shared::properties::Properties;
use syncline_shared::query::Query;

use crate::config::{Decode, Path, Room, Stall, SwarmConfig, Transport};

/// A name and a value.
type Pair = (String, String);

/// Bots that play on a Syncline server, and report how well it held up.
#[derive(Debug, Parser)]
#[command(name = "syncline-bots", version)]
pub struct Arguments {
    /// Where the server listens
    #[arg(long, default_value = "ws://127.0.0.1:7777/play")]
    url: String,
    /// The certificates in PEM by which a server at wss:// is believed: its own, or its authority's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How many bots
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,
    /// How long to play once all bots were started, such as 30s or 5m
    #[arg(long, default_value = "30s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// How many bots to start each second
    #[arg(long, default_value = "100/s", value_parser = parse_ramp)]
    ramp: u32,
    /// The game to play
    #[arg(long, default_value = "arena")]
    game: String,
    /// Whether they play or watch
    #[arg(long, value_enum, default_value_t = RoleName::Player)]
    role: RoleName,
    /// How the bots play; idle bots sit, and need no match
    #[arg(long, value_enum, default_value_t = BehaviourName::Wander)]
    behaviour: BehaviourName,
    /// How often they say what they press: each tick, or when it changes and each half second
    #[arg(long, value_enum, default_value_t = InputsName::EveryTick)]
    inputs: InputsName,
    /// Let the bots talk: each says something every few seconds
    #[arg(long)]
    chat: bool,
    /// Over how many rooms the bots are spread
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rooms: u32,
    /// The room, or the first of them: an id, or a room's code
    #[arg(long, default_value = "1", value_parser = parse_room)]
    room: Room,
    /// Find rooms by quick play instead: open ones that match, such as "mode=ctf players<8", or ""
    #[arg(long, value_parser = parse_query, conflicts_with_all = ["room", "rooms"])]
    query: Option<String>,
    /// Make a new room for each bot instead
    #[arg(long, conflicts_with_all = ["room", "rooms", "query"])]
    create: bool,
    /// Labels of these rooms, such as mode=ctf,region=eu
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = parse_label, requires = "create", conflicts_with_all = ["room", "rooms", "query"])]
    labels: Vec<Pair>,
    /// Rules of the game in these rooms, such as points=3
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = parse_pair, requires = "create", conflicts_with_all = ["room", "rooms", "query"])]
    rules: Vec<Pair>,
    /// What the bots say of themselves, such as colour=#ff8800,loadout=rail
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = parse_property)]
    properties: Vec<Pair>,
    /// Keep these rooms out of quick play and lists
    #[arg(long, requires = "create", conflicts_with_all = ["room", "rooms", "query"])]
    private: bool,
    /// The password of the room, or of those that are made
    #[arg(long, value_name = "TEXT", conflicts_with = "query")]
    password: Option<String>,
    /// What their sessions travel on: a WebSocket, or HTTP where none comes through
    #[arg(long, value_enum, default_value_t = TransportName::Websocket)]
    transport: TransportName,
    /// What to add to each round trip, half of it each way
    #[arg(long, default_value = "0ms", value_parser = humantime::parse_duration)]
    latency: Duration,
    /// By how much a round trip may be longer or shorter than that
    #[arg(long, default_value = "0ms", value_parser = humantime::parse_duration)]
    jitter: Duration,
    /// Freeze bots: 1%x2s has each bot, each second, neither read nor write for 2 s with
    /// probability 1 %
    #[arg(long)]
    stall: Option<Stall>,
    /// Names everything that is random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Who decodes: every bot, or one for all that compare; by default all up to 200 bots
    #[arg(long, value_enum)]
    decode: Option<DecodeName>,
    /// Write the report to this file as JSON
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// Write the report, with plots of the run, to this file as a page that needs nothing else
    #[arg(long)]
    pub html: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum BehaviourName {
    Wander,
    Chase,
    Casual,
    Storm,
    Idle,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleName {
    Player,
    Spectator,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum InputsName {
    EveryTick,
    OnChange,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TransportName {
    Websocket,
    Stream,
    Poll,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DecodeName {
    All,
    Shared,
}

impl From<&Arguments> for SwarmConfig {
    fn from(arguments: &Arguments) -> Self {
        Self {
            url: arguments.url.clone(),
            ca: arguments.ca.clone(),
            bots: arguments.bots,
            duration: arguments.duration,
            ramp_per_second: arguments.ramp,
            game: arguments.game.clone(),
            role: match arguments.role {
                RoleName::Player => Role::Player,
                RoleName::Spectator => Role::Spectator,
            },
            behaviour: match arguments.behaviour {
                BehaviourName::Wander => Behaviour::Wander,
                BehaviourName::Chase => Behaviour::Chase,
                BehaviourName::Casual => Behaviour::Casual,
                BehaviourName::Storm => Behaviour::Storm,
                BehaviourName::Idle => Behaviour::Idle,
            },
            inputs: match arguments.inputs {
                InputsName::EveryTick => InputPace::EveryTick,
                InputsName::OnChange => InputPace::OnChange,
            },
            chat: arguments.chat,
            properties: arguments.properties.clone(),
            rooms: arguments.rooms,
            room: arguments.room(),
            password: arguments.password.clone(),
            transport: match arguments.transport {
                TransportName::Websocket => Transport::WebSocket,
                TransportName::Stream => Transport::Stream,
                TransportName::Poll => Transport::Poll,
            },
            path: Path {
                latency: arguments.latency,
                jitter: arguments.jitter,
            },
            stall: arguments.stall,
            seed: arguments.seed,
            decode: arguments.decode.map(|decode| match decode {
                DecodeName::All => Decode::All,
                DecodeName::Shared => Decode::Shared,
            }),
        }
    }
}

impl Arguments {
    fn room(&self) -> Room {
        match &self.query {
            Some(query) => Room::Quick(query.clone()),
            None if self.create => Room::Create(CreateOptions {
                private: self.private,
                labels: self.labels.clone(),
                rules: self.rules.clone(),
                ..CreateOptions::default()
            }),
            None => self.room.clone(),
        }
    }
}

fn parse_query(text: &str) -> Result<String, String> {
    let parsed: Result<Query, _> = text.parse();
    parsed
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

fn parse_pair(text: &str) -> Result<Pair, String> {
    let pair = text.split_once('=');
    let (name, value) = pair.ok_or_else(|| "it is NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

fn parse_label(text: &str) -> Result<Pair, String> {
    let pair = parse_pair(text)?;
    let labels = Labels::new([pair.clone()]);
    labels.map(|_| pair).map_err(|error| error.to_string())
}

fn parse_property(text: &str) -> Result<Pair, String> {
    let pair = parse_pair(text)?;
    let properties = Properties::new([pair.clone()]);
    properties.map(|_| pair).map_err(|error| error.to_string())
}

fn parse_ramp(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    let parsed = number.parse().ok().filter(|&ramp| ramp > 0);
    parsed.ok_or_else(|| "a ramp is bots per second, such as 100/s".to_owned())
}

fn parse_room(text: &str) -> Result<Room, String> {
    // A code of digits alone is possible but rare; an id of six digits rarer still.
    if let Ok(id) = text.parse() {
        return Ok(Room::Id(RoomId(id)));
    }
    let code = text.parse().map(Room::Code);
    code.map_err(|error| format!("neither an id nor a code: {error}"))
}

impl FromStr for Stall {
    type Err = String;

    /// Reads `1%x2s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a stall is a probability and a duration, such as 1%x2s".to_owned();
        let (percent, duration) = text.split_once("%x").ok_or_else(wrong)?;
        let percent: f64 = percent.parse().map_err(|_| wrong())?;
        let duration = humantime::parse_duration(duration).map_err(|_| wrong())?;
        if (0.0..=100.0).contains(&percent) {
            Ok(Self {
                probability: percent / 100.0,
                duration,
            })
        } else {
            Err("a probability is from 0% to 100%".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(arguments: &str) -> Result<SwarmConfig, String> {
        let arguments = std::iter::once("syncline-bots").chain(arguments.split_whitespace());
        let parsed = Arguments::try_parse_from(arguments).map_err(|error| error.to_string())?;
        Ok(SwarmConfig::from(&parsed))
    }

    #[test]
    fn everything_can_be_set() {
        let config = config(
            "--url ws://127.0.0.1:7777/play --bots 200 --duration 30s --ramp 100/s --game arena \
             --behaviour chase --rooms 4 --room 9 --latency 80ms --jitter 20ms --stall 1%x2s \
             --seed 7 --decode shared --inputs on-change --role spectator --ca ca.pem --chat \
             --password sesame --transport poll",
        )
        .unwrap();
        assert_eq!(
            (config.bots, config.duration),
            (200, Duration::from_secs(30))
        );
        assert_eq!((config.rooms, config.room), (4, Room::Id(RoomId(9))));
        assert_eq!(config.path.latency, Duration::from_millis(80));
        assert_eq!(config.path.jitter, Duration::from_millis(20));
        let stall = config.stall.unwrap();
        assert!((stall.probability - 0.01).abs() < 1e-12);
        assert_eq!(stall.duration, Duration::from_secs(2));
        assert_eq!((config.seed, config.decode), (7, Some(Decode::Shared)));
        assert_eq!(config.behaviour, Behaviour::Chase);
        assert_eq!(config.ca, Some(PathBuf::from("ca.pem")));
        assert_eq!(config.inputs, InputPace::OnChange);
        assert_eq!(config.role, Role::Spectator);
        assert!(config.chat);
        assert_eq!(config.password.as_deref(), Some("sesame"));
        assert_eq!(config.transport, Transport::Poll);
    }

    #[test]
    fn the_defaults_play_arena() {
        let config = config("").unwrap();
        assert_eq!((config.bots, config.game.as_str()), (10, "arena"));
        assert_eq!((config.stall, config.decode), (None, None));
        assert_eq!(config.inputs, InputPace::EveryTick);
        assert_eq!(config.role, Role::Player);
        assert!(!config.chat);
    }

    #[test]
    fn a_room_is_an_id_or_a_code() {
        assert_eq!(config("--room 12").unwrap().room, Room::Id(RoomId(12)));
        let code = config("--room abc-234").unwrap().room;
        assert_eq!(code, Room::Code("ABC234".parse().unwrap()));
    }

    #[test]
    fn rooms_may_be_found_or_made() {
        let parse = |arguments: &[&str]| {
            let all = ["syncline-bots"].iter().chain(arguments);
            let parsed = Arguments::try_parse_from(all).map_err(|error| error.to_string())?;
            Ok::<_, String>(SwarmConfig::from(&parsed).room)
        };
        let query = "mode=ctf players<8";
        assert_eq!(
            parse(&["--query", query]).unwrap(),
            Room::Quick(query.to_owned())
        );
        let rules = ["--rules", "points=3"];
        let made = ["--create", "--private", "--labels", "mode=ctf,region=eu"];
        let made = parse(&[&made[..], &rules].concat()).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let options = CreateOptions {
            private: true,
            labels: vec![pair("mode", "ctf"), pair("region", "eu")],
            rules: vec![pair("points", "3")],
            ..CreateOptions::default()
        };
        assert_eq!(made, Room::Create(options));
        for wrong in [
            &["--query", "mode"][..],
            &["--query", "", "--room", "3"],
            &["--labels", "mode=ctf"],
            &["--room", "9", "--labels", "mode=ctf"],
            &["--room", "9", "--rules", "points=3"],
            &["--rooms", "2", "--private"],
            &["--create", "--labels", "mode"],
            &["--create", "--labels", "free=1"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_what_is_allowed() {
        for (arguments, hint) in [
            ("--ramp 0/s", "such as 100/s"),
            ("--stall 2s", "such as 1%x2s"),
            ("--stall 101%x2s", "from 0% to 100%"),
            ("--room !", "neither an id nor a code"),
            ("--bots 0", "1..=100000"),
            ("--behaviour dance", "wander, chase, casual, storm, idle"),
        ] {
            let error = config(arguments).unwrap_err();
            assert!(error.contains(hint), "{arguments}: {error}");
        }
    }
}
