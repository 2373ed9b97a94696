//! What an operator sets, as plain values.
//!
//! Knows nothing of flags, variables or files: `cli` makes one of these from them, and a
//! program of its own may fill one in directly.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;
use serde::Deserialize;

use crate::api_token::ApiToken;
use crate::chat_filter::ChatFilter;

/// How many demo bots there are for a person of this machine.
const DEMO_BOTS: u16 = 6;

/// The settings of a server. What depends on the games is checked when the server binds.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// The game of a hello that names none; without one the first that was registered.
    pub game: Option<String>,
    /// Snapshots per second; must divide the default game's tick rate. Without one every tick is a
    /// snapshot. Another game follows it if it divides its rate too, else it shows every tick.
    pub snapshot_rate: Option<u16>,
    /// Of how many snapshots one is sampled for `/api/rooms/{id}/bandwidth`; 0 samples none, and
    /// costs nothing.
    pub bandwidth_sampling: u32,
    /// Whether ticks with nothing to say to a member are left out; without it every member gets a
    /// message each snapshot tick, to compare.
    pub silence: bool,
    /// The most players of a room, 1 to [`syncline_shared::limits::ROOM_MEMBERS_MAX`], and as
    /// many as the default game needs.
    pub max_players: u16,
    /// The most rooms at once. A hello that needs one more is closed as `server_full`.
    pub max_rooms: u32,
    /// The most of them that were made from one address, as the connections of one are counted.
    pub max_rooms_per_address: u32,
    /// How often in a minute an address may be wrong about the code or the password of a room; 0 for
    /// any number. Whoever was wrong more often is refused until some tries are back.
    pub join_tries: u32,
    /// The most open connections, HTTP included. Beyond it whoever comes is told that the server is
    /// full.
    pub max_connections: u32,
    /// The most of them from one address, or from one /64 of IPv6. Loopback addresses don't count,
    /// and those of trusted proxies count as the clients that they carry.
    pub max_connections_per_address: u32,
    /// The most of them that have sent no whole request yet, or no hello. Beyond it the oldest of
    /// those is closed.
    pub max_half_open: u32,
    /// Proxies whose `Forwarded` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of web pages that may connect, such as `https://game.example`; `*` for all. With none
    /// those of the same host and of loopback may. Whatever sends no Origin is no web page and may.
    pub allow_origins: Vec<String>,
    /// How many WebSocket messages a second a client may send, pings included; 0 for any number.
    /// What it did not use in the last four seconds it may send at once.
    pub message_rate: u32,
    /// How many bytes a second a connection may send; 0 for any number. Saved as above.
    pub byte_rate: u32,
    /// The server's certificate in PEM, then those that lead to its authority; together with
    /// [`tls_key`](Self::tls_key) it makes the server speak TLS, and nothing else.
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    pub tls_key: Option<PathBuf>,
    /// Threads that run rooms; without a number all cores but one, which is left to the sockets.
    pub threads: Option<u16>,
    /// Threads that read sockets; without a number half of the cores. Like the next setting it is for
    /// [`main`](crate::main), which starts them: a program that runs a [`Server`](crate::Server) on
    /// a runtime of its own decides there.
    pub net_threads: Option<u16>,
    /// How long these threads rest between two looks at their sockets, at most 10 ms; zero reads
    /// whatever comes at once, at a wake-up for each input.
    pub read_interval: Duration,
    /// The map of the default game, put into its config as `map`.
    pub map: Option<toml::Table>,
    /// Each game's config by its name; what is left out is the game's default.
    pub games: BTreeMap<String, toml::Table>,
    /// How many bots of the server's own a person plays with who would be alone, in a room of arena
    /// whose creator asks for company; at most 64. Without a number 6 if only this machine can
    /// connect, else none.
    pub demo_bots: Option<u16>,
    /// How long a connection may take to send its request, greeting under TLS included, and then to
    /// send each further one.
    pub head_timeout: Duration,
    /// How long an opened WebSocket may take to send its hello.
    pub hello_timeout: Duration,
    /// How long a client may say nothing at all; half way it is asked with a ping.
    pub idle_timeout: Duration,
    /// How long a connection that we end may take to hear it: half of this to take what is still to
    /// be written, and all of it to end its side.
    pub close_timeout: Duration,
    /// How long a session without a WebSocket may have no request that waits for what it is told.
    pub tunnel_timeout: Duration,
    /// How many bytes the head of a request may have, at least 8 KiB.
    pub head_bytes: u32,
    /// How long a lost player's seat is kept.
    pub grace_period: Duration,
    /// How long a room without anybody stays open.
    pub empty_timeout: Duration,
    /// How long after it happened those who watch are told of everything, at most two minutes; zero
    /// tells them at once. A room holds at most 4 MiB back, and if that is too little, less time.
    pub spectator_delay: Duration,
    /// How long a result is shown before the next match begins by itself.
    pub rematch_delay: Duration,
    /// How long the countdown to a match is in rooms whose matches begin when all players are ready, if
    /// whoever makes the room does not say.
    pub lobby_countdown: Duration,
    /// How long a resume token is good for; each attach brings a new one. At least a
    /// second.
    pub session_lifetime: Duration,
    /// The file of the key that resume tokens are signed with, 64 hexadecimal digits; made if it is not
    /// there. Servers that take each other's clients share one. Without a path it is `session.key` in
    /// the folder of the journals, and without that a new key for each process.
    pub session_key: Option<PathBuf>,
    /// How long a tick may be overdue before `/readyz` fails.
    pub stall_timeout: Duration,
    /// What a request has to show that writes by the API. Without one every request from this machine may,
    /// and if the server listens for others too, or has a trusted proxy, none.
    pub api_token: Option<ApiToken>,
    /// Whether anybody may speak in rooms by STOMP, and not only who may write by the API. All may
    /// listen.
    pub stomp_guests: bool,
    /// Looks at what people say before others hear it. For programs: no flag sets it.
    pub chat_filter: Option<ChatFilter>,
    /// Where and how matches are recorded; without it they are not. A command line asks for it unless
    /// it says otherwise.
    pub journal: Option<JournalConfig>,
}

/// How matches are recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// The folder of the journals. It is made if it is not there, for its owner alone; no other
    /// server may use it at the same time.
    pub dir: PathBuf,
    /// When what was written is brought to the disk.
    pub sync: JournalSync,
    /// For how many days a journal is kept after its last record, at least one.
    pub keep_days: u32,
    /// Bytes that all journals may take. Beyond them the oldest that are finished are deleted.
    pub max_bytes: u64,
}

/// When what was written to a journal is brought to the disk.
///
/// It is written within half a tick whatever this is, and outlives the death of the process.
/// This is about the death of the machine: a loss of power, a crash of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalSync {
    /// When the system likes: half a minute of play may be lost.
    Never,
    /// Once a second, as far as the disk keeps up: about that is lost.
    #[default]
    Second,
    /// After each write, as soon as the disk is done with the one before: only what it takes.
    Batch,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("data"),
            sync: JournalSync::default(),
            keep_days: 30,
            max_bytes: 10 * 1024 * 1024 * 1024,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 7777)),
            game: None,
            snapshot_rate: None,
            bandwidth_sampling: 16,
            silence: true,
            max_players: 1024,
            max_rooms: 256,
            max_rooms_per_address: 32,
            join_tries: 10,
            max_connections: 10_000,
            max_connections_per_address: 64,
            max_half_open: 1024,
            trusted_proxies: Vec::new(),
            allow_origins: Vec::new(),
            message_rate: 300,
            byte_rate: 256 * 1024,
            tls_cert: None,
            tls_key: None,
            threads: None,
            net_threads: None,
            read_interval: Duration::from_millis(1),
            map: None,
            games: BTreeMap::new(),
            demo_bots: None,
            head_timeout: Duration::from_secs(5),
            hello_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(45),
            close_timeout: Duration::from_secs(1),
            tunnel_timeout: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            grace_period: Duration::from_secs(15),
            empty_timeout: Duration::from_secs(30),
            spectator_delay: Duration::ZERO,
            rematch_delay: Duration::from_secs(10),
            lobby_countdown: Duration::from_secs(5),
            session_lifetime: Duration::from_hours(24),
            session_key: None,
            stall_timeout: Duration::from_secs(10),
            api_token: None,
            stomp_guests: false,
            chat_filter: None,
            journal: None,
        }
    }
}

impl Config {
    /// How many demo bots there are for a person, where the settings say none in particular too.
    pub(crate) fn demo_bots_here(&self) -> u16 {
        let usual = if self.bind.ip().is_loopback() {
            DEMO_BOTS
        } else {
            0
        };
        self.demo_bots.unwrap_or(usual)
    }
}
