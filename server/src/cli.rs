//! The command line: flags, environment variables and a file, made into a [`Config`].
//!
//! The three have the same names, and a flag wins over a variable, a variable over the file, the
//! file over the default. What depends on the games is checked later, when the server binds.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;

use crate::api_token::ApiToken;
use crate::config::{Config, JournalConfig, JournalSync};
use crate::error::{Error, variable};
use crate::replay::ReplayOptions;
use crate::scaffold::NewOptions;

/// Hosts rooms of deterministic games over WebSocket.
#[derive(Parser)]
#[command(name = "syncline", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Each setting can also be given in the file, under the flag's name without \
    dashes, and a game's own settings under [games.NAME]. A flag wins over a variable, a variable \
    over the file.\n\n\
    Exit codes: 0 it was asked to end, 1 it could not run, 2 a setting is wrong."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Hosts rooms; what happens without a command too.
    Serve(Box<Options>),
    /// Runs recorded matches again, to check or to watch them, or says what was recorded.
    Replay(ReplayOptions),
    /// Writes a crate to begin with: a game, its server, a test and a page.
    New(NewOptions),
}

#[derive(Args, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Options {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE", env = "SYNCLINE_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:7777]
    #[arg(long, value_name = "ADDRESS:PORT", env = "SYNCLINE_BIND")]
    bind: Option<Bind>,
    /// The game of clients that name none [default: arena]
    #[arg(long, value_name = "NAME", env = "SYNCLINE_GAME")]
    game: Option<String>,
    /// Snapshots per second, a divisor of the game's tick rate [default: every tick]
    #[arg(long, value_name = "HZ", env = "SYNCLINE_SNAPSHOT_RATE")]
    snapshot_rate: Option<u16>,
    /// Of how many snapshots one is sampled for what each field costs, 0 for none [default: 16]
    #[arg(long, value_name = "N", env = "SYNCLINE_BANDWIDTH_SAMPLING")]
    bandwidth_sampling: Option<u32>,
    /// Whether ticks with nothing to say to a member are left out [default: true]
    #[arg(long, value_name = "BOOL", env = "SYNCLINE_SILENCE")]
    silence: Option<bool>,
    /// The most players of a room [default: 1024]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_PLAYERS")]
    max_players: Option<u16>,
    /// The most rooms at once [default: 256]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_ROOMS")]
    max_rooms: Option<u32>,
    /// The most rooms at once that were made from one address, or one /64 of IPv6 [default: 32]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_ROOMS_PER_ADDRESS")]
    max_rooms_per_address: Option<u32>,
    /// Wrong codes and passwords of rooms from an address in a minute, 0 for any number [default: 10]
    #[arg(long, value_name = "N", env = "SYNCLINE_JOIN_TRIES")]
    join_tries: Option<u32>,
    /// The most open connections [default: 10000]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_CONNECTIONS")]
    max_connections: Option<u32>,
    /// The most open connections from one address, or one /64 of IPv6 [default: 64]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_CONNECTIONS_PER_ADDRESS")]
    max_connections_per_address: Option<u32>,
    /// The most connections that have not said what they want [default: 1024]
    #[arg(long, value_name = "N", env = "SYNCLINE_MAX_HALF_OPEN")]
    max_half_open: Option<u32>,
    /// A proxy, or a network of them, that may tell whom it carries [default: none]
    #[arg(
        long,
        value_name = "CIDR",
        env = "SYNCLINE_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<Network>,
    /// An origin whose web pages may connect, or * [default: the same host, and loopback]
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "SYNCLINE_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    allow_origin: Vec<String>,
    /// Messages that a client may send in a second, 0 for any number [default: 300]
    #[arg(long, value_name = "N", env = "SYNCLINE_MESSAGE_RATE")]
    message_rate: Option<u32>,
    /// Bytes that a connection may send in a second, 0 for any number [default: 262144]
    #[arg(long, value_name = "BYTES", env = "SYNCLINE_BYTE_RATE")]
    byte_rate: Option<u32>,
    /// The server's certificate in PEM; makes it speak TLS. Read again on SIGHUP
    #[arg(long, value_name = "FILE", env = "SYNCLINE_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM
    #[arg(long, value_name = "FILE", env = "SYNCLINE_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// What requests must show that write by the API, as `Authorization: Bearer TOKEN`; at least 16
    /// characters [default: none; only this machine may write]
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SYNCLINE_API_TOKEN",
        hide_env_values = true
    )]
    api_token: Option<ApiToken>,
    /// Lets anybody speak in rooms by STOMP, not only who shows the token as its passcode
    #[arg(long, env = "SYNCLINE_STOMP_GUESTS")]
    stomp_guests: bool,
    /// Threads that run rooms [default: all cores but one]
    #[arg(long, value_name = "N", env = "SYNCLINE_THREADS")]
    threads: Option<u16>,
    /// Threads that read sockets [default: half of the cores]
    #[arg(long, value_name = "N", env = "SYNCLINE_NET_THREADS")]
    net_threads: Option<u16>,
    /// How long they rest between two looks, 0s for not at all [default: 1ms]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_READ_INTERVAL")]
    read_interval: Option<Span>,
    /// A TOML file with a map for the game
    #[arg(long, value_name = "FILE", env = "SYNCLINE_MAP")]
    map: Option<PathBuf>,
    /// Bots that play with whoever would be alone and asks for company, 0 for none [default: 6 if
    /// only this machine can connect, else 0]
    #[arg(long, value_name = "N", env = "SYNCLINE_DEMO_BOTS")]
    demo_bots: Option<u16>,
    /// How long a client may take to send a request [default: 5s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_HEAD_TIMEOUT")]
    head_timeout: Option<Span>,
    /// How long a client may take to say hello [default: 5s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_HELLO_TIMEOUT")]
    hello_timeout: Option<Span>,
    /// How long a client may say nothing at all [default: 45s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_IDLE_TIMEOUT")]
    idle_timeout: Option<Span>,
    /// How long a connection that the server ends may take to hear it [default: 1s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_CLOSE_TIMEOUT")]
    close_timeout: Option<Span>,
    /// How long a session without a WebSocket may have no request for what it is told [default: 10s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_TUNNEL_TIMEOUT")]
    tunnel_timeout: Option<Span>,
    /// How many bytes the head of a request may have [default: 16384]
    #[arg(long, value_name = "N", env = "SYNCLINE_HEAD_BYTES")]
    head_bytes: Option<u32>,
    /// How long a lost player's seat is kept [default: 15s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_GRACE_PERIOD")]
    grace_period: Option<Span>,
    /// How long a room without anybody stays open [default: 30s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_EMPTY_TIMEOUT")]
    empty_timeout: Option<Span>,
    /// How long after it happened those who watch are told of it, at most 2m [default: 0s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_SPECTATOR_DELAY")]
    spectator_delay: Option<Span>,
    /// How long a result is shown before the next match begins by itself [default: 10s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_REMATCH_DELAY")]
    rematch_delay: Option<Span>,
    /// How long the countdown to a match is where all players have to be ready [default: 5s]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_LOBBY_COUNTDOWN")]
    lobby_countdown: Option<Span>,
    /// How long a client may use its resume token [default: 1day]
    #[arg(long, value_name = "TIME", env = "SYNCLINE_SESSION_LIFETIME")]
    session_lifetime: Option<Span>,
    /// The file of the key of resume tokens, made if it is not there [default: session.key in the
    /// folder of --data-dir]
    #[arg(long, value_name = "FILE", env = "SYNCLINE_SESSION_KEY")]
    session_key: Option<PathBuf>,
    /// The folder for journals of matches [default: data]
    #[arg(long, value_name = "DIR", env = "SYNCLINE_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Records no match
    #[arg(long, env = "SYNCLINE_NO_JOURNAL")]
    no_journal: bool,
    /// When journals are brought to the disk, to outlive a loss of power [default: second]
    #[arg(long, value_name = "WHEN", env = "SYNCLINE_JOURNAL_SYNC")]
    journal_sync: Option<JournalSync>,
    /// For how many days journals are kept [default: 30]
    #[arg(long, value_name = "DAYS", env = "SYNCLINE_JOURNAL_KEEP_DAYS")]
    journal_keep_days: Option<u32>,
    /// How much they may take before the oldest finished go [default: 10737418240]
    #[arg(long, value_name = "BYTES", env = "SYNCLINE_JOURNAL_MAX_BYTES")]
    journal_max_bytes: Option<u64>,
    /// What to log: error, warn, info, debug or trace, also by module [default: info]
    #[arg(long, value_name = "FILTER", env = "SYNCLINE_LOG")]
    log: Option<String>,
    /// How to log [default: text]
    #[arg(long, value_name = "FORMAT", env = "SYNCLINE_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    #[arg(skip)]
    games: BTreeMap<String, toml::Table>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// An address to listen on, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Bind(SocketAddr);

impl FromStr for Bind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:7777 or [::]:0".to_owned())
    }
}

impl TryFrom<String> for Bind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// One network, or one address, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse()
            .or_else(|_| address())
            .map(|net: IpNet| Self(net.trunc()))
            .map_err(|_| "expected a network or an address, such as 10.0.0.0/8 or ::1".to_owned())
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// A length of time, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Span(Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| format!("{error}; expected a time such as 500ms, 20s or 5min"))
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// To host rooms.
    Serve(Box<Invocation>),
    /// To look at journals.
    Replay(ReplayOptions),
    /// To write a crate for a new game.
    New(NewOptions),
}

/// How rooms are to be hosted.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The server's settings.
    pub(crate) config: Config,
    /// What to log.
    pub(crate) log: String,
    /// How to log.
    pub(crate) log_format: LogFormat,
    /// Where each setting came from.
    origins: Origins,
}

impl Invocation {
    /// Where the setting called `name` got its value, in words.
    pub(crate) fn origin(&self, name: &str) -> Option<&str> {
        self.origins.0.get(name).map(String::as_str)
    }
}

/// Where settings came from, by name.
#[derive(Debug, Default)]
struct Origins(BTreeMap<String, String>);

/// Why a command line can't be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// It is not one, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// A file that it names is no good.
    #[error(transparent)]
    Setting(#[from] Error),
}

/// All that a command line may say, for whoever describes it: pages, completions.
///
/// Each argument's help ends in its default, and names its variable.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Reads a command line, the program's name first, and the variables and files that it implies.
///
/// # Errors
///
/// [`CliError::Usage`], also for `--help`, and [`Error::ReadFile`] or [`Error::ParseFile`] for the
/// files that it names.
pub(crate) fn parse<I: IntoIterator<Item: Into<OsString> + Clone>>(
    arguments: I,
) -> Result<Request, CliError> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let matches = Cli::command()
        .try_get_matches_from(&arguments)
        .map_err(|error| with_origin(error, &arguments))?;
    let Cli { command, options } = Cli::from_arg_matches(&matches)?;
    let (options, matches) = match command {
        Some(Command::Serve(options)) => (*options, matches.subcommand_matches("serve")),
        Some(Command::Replay(options)) => return Ok(Request::Replay(options)),
        Some(Command::New(options)) => return Ok(Request::New(options)),
        None => (options, Some(&matches)),
    };
    let mut origins = Origins::default();
    if let Some(matches) = matches {
        origins.note_matches(matches);
    }
    let file = match &options.config {
        Some(path) => {
            let text = read(path)?;
            origins.note_file(path, &text);
            toml::from_str(&text).map_err(|error| unreadable(path, &error))?
        }
        None => Options::default(),
    };
    let options = options.or(file);
    let map = options.map.as_deref().map(read_table).transpose()?;
    let log = options.log.clone().unwrap_or_else(|| "info".to_owned());
    let log_format = options.log_format.unwrap_or_default();
    Ok(Request::Serve(Box::new(Invocation {
        config: options.into_config(map),
        log,
        log_format,
        origins,
    })))
}

/// The same complaint about a value, but of the variable that it is from if no flag gave it.
fn with_origin(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = argument.split(' ').next().unwrap_or_default();
    let is_it = |given: &OsString| given.to_string_lossy().split('=').next() == Some(flag);
    let variable = variable(flag.trim_start_matches('-'));
    if !arguments.iter().any(is_it) && std::env::var_os(&variable).is_some() {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    error
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::ReadFile {
        path: path.to_owned(),
        source,
    })
}

fn read_table(path: &Path) -> Result<toml::Table, Error> {
    read(path)?
        .parse()
        .map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &toml::de::Error) -> Error {
    Error::ParseFile {
        path: path.to_owned(),
        problem: error.to_string().trim_end().to_owned(),
    }
}

impl Origins {
    fn note_matches(&mut self, matches: &ArgMatches) {
        for id in matches.ids() {
            let name = id.as_str().replace('_', "-");
            let origin = match matches.value_source(id.as_str()) {
                Some(ValueSource::CommandLine) => format!("the flag --{name}"),
                Some(ValueSource::EnvVariable) => format!("the variable {}", variable(&name)),
                _ => continue,
            };
            self.0.insert(name, origin);
        }
    }

    /// What `text` sets, unless it was set already.
    fn note_file(&mut self, path: &Path, text: &str) {
        let table: toml::Table = text.parse().unwrap_or_default();
        for name in table.keys() {
            let origin = || format!("the file {}", path.display());
            self.0.entry(name.clone()).or_insert_with(origin);
        }
    }
}

impl Options {
    /// These, and where one is missing that of `file`.
    fn or(self, file: Self) -> Self {
        Self {
            config: self.config,
            bind: self.bind.or(file.bind),
            game: self.game.or(file.game),
            snapshot_rate: self.snapshot_rate.or(file.snapshot_rate),
            bandwidth_sampling: self.bandwidth_sampling.or(file.bandwidth_sampling),
            silence: self.silence.or(file.silence),
            max_players: self.max_players.or(file.max_players),
            max_rooms: self.max_rooms.or(file.max_rooms),
            max_rooms_per_address: self.max_rooms_per_address.or(file.max_rooms_per_address),
            join_tries: self.join_tries.or(file.join_tries),
            max_connections: self.max_connections.or(file.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(file.max_connections_per_address),
            max_half_open: self.max_half_open.or(file.max_half_open),
            trusted_proxy: given(self.trusted_proxy, file.trusted_proxy),
            allow_origin: given(self.allow_origin, file.allow_origin),
            message_rate: self.message_rate.or(file.message_rate),
            byte_rate: self.byte_rate.or(file.byte_rate),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            api_token: self.api_token.or(file.api_token),
            stomp_guests: self.stomp_guests || file.stomp_guests,
            threads: self.threads.or(file.threads),
            net_threads: self.net_threads.or(file.net_threads),
            read_interval: self.read_interval.or(file.read_interval),
            map: self.map.or(file.map),
            demo_bots: self.demo_bots.or(file.demo_bots),
            head_timeout: self.head_timeout.or(file.head_timeout),
            hello_timeout: self.hello_timeout.or(file.hello_timeout),
            idle_timeout: self.idle_timeout.or(file.idle_timeout),
            close_timeout: self.close_timeout.or(file.close_timeout),
            tunnel_timeout: self.tunnel_timeout.or(file.tunnel_timeout),
            head_bytes: self.head_bytes.or(file.head_bytes),
            grace_period: self.grace_period.or(file.grace_period),
            empty_timeout: self.empty_timeout.or(file.empty_timeout),
            spectator_delay: self.spectator_delay.or(file.spectator_delay),
            rematch_delay: self.rematch_delay.or(file.rematch_delay),
            lobby_countdown: self.lobby_countdown.or(file.lobby_countdown),
            session_lifetime: self.session_lifetime.or(file.session_lifetime),
            session_key: self.session_key.or(file.session_key),
            data_dir: self.data_dir.or(file.data_dir),
            no_journal: self.no_journal || file.no_journal,
            journal_sync: self.journal_sync.or(file.journal_sync),
            journal_keep_days: self.journal_keep_days.or(file.journal_keep_days),
            journal_max_bytes: self.journal_max_bytes.or(file.journal_max_bytes),
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
            games: file.games,
        }
    }

    fn journal(&self) -> Option<JournalConfig> {
        let default = JournalConfig::default();
        (!self.no_journal).then(|| JournalConfig {
            dir: self.data_dir.clone().unwrap_or(default.dir),
            sync: self.journal_sync.unwrap_or(default.sync),
            keep_days: self.journal_keep_days.unwrap_or(default.keep_days),
            max_bytes: self.journal_max_bytes.unwrap_or(default.max_bytes),
        })
    }

    fn into_config(self, map: Option<toml::Table>) -> Config {
        let default = Config::default();
        let span = |given: Option<Span>, default| given.map_or(default, |span| span.0);
        let journal = self.journal();
        Config {
            bind: self.bind.map_or(default.bind, |bind| bind.0),
            game: self.game,
            snapshot_rate: self.snapshot_rate,
            bandwidth_sampling: self
                .bandwidth_sampling
                .unwrap_or(default.bandwidth_sampling),
            silence: self.silence.unwrap_or(default.silence),
            max_players: self.max_players.unwrap_or(default.max_players),
            max_rooms: self.max_rooms.unwrap_or(default.max_rooms),
            max_rooms_per_address: self
                .max_rooms_per_address
                .unwrap_or(default.max_rooms_per_address),
            join_tries: self.join_tries.unwrap_or(default.join_tries),
            max_connections: self.max_connections.unwrap_or(default.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .unwrap_or(default.max_connections_per_address),
            max_half_open: self.max_half_open.unwrap_or(default.max_half_open),
            trusted_proxies: self.trusted_proxy.into_iter().map(|net| net.0).collect(),
            allow_origins: self.allow_origin,
            message_rate: self.message_rate.unwrap_or(default.message_rate),
            byte_rate: self.byte_rate.unwrap_or(default.byte_rate),
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            api_token: self.api_token,
            stomp_guests: self.stomp_guests,
            threads: self.threads,
            net_threads: self.net_threads,
            read_interval: span(self.read_interval, default.read_interval),
            map,
            demo_bots: self.demo_bots,
            games: self.games,
            head_timeout: span(self.head_timeout, default.head_timeout),
            hello_timeout: span(self.hello_timeout, default.hello_timeout),
            idle_timeout: span(self.idle_timeout, default.idle_timeout),
            close_timeout: span(self.close_timeout, default.close_timeout),
            tunnel_timeout: span(self.tunnel_timeout, default.tunnel_timeout),
            head_bytes: self.head_bytes.unwrap_or(default.head_bytes),
            grace_period: span(self.grace_period, default.grace_period),
            empty_timeout: span(self.empty_timeout, default.empty_timeout),
            spectator_delay: span(self.spectator_delay, default.spectator_delay),
            rematch_delay: span(self.rematch_delay, default.rematch_delay),
            lobby_countdown: span(self.lobby_countdown, default.lobby_countdown),
            session_lifetime: span(self.session_lifetime, default.session_lifetime),
            session_key: self.session_key,
            journal,
            ..default
        }
    }
}

/// A list, or where there is none the other.
fn given<T>(list: Vec<T>, other: Vec<T>) -> Vec<T> {
    if list.is_empty() { other } else { list }
}

#[cfg(test)]
mod tests;
