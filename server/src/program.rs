//! The program around a server: the command line, logs, signals, and what it tells people.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{self, CliError, Invocation, LogFormat, Request};
use crate::config::Config;
use crate::error::Error;
use crate::games::Games;
use crate::replay::Replayed;
use crate::server::Server;
use crate::showing::Showing;
use crate::{descriptors, logging, replay, scaffold, shutdown};

/// What is logged where a recorded match is shown: people want to watch.
const SHOWING_LOG: &str = "warn";

/// Hosts `games` as the command line of this process says, until it is asked to end: the whole
/// `main` of a server of one's own.
///
/// ```no_run
/// use std::process::ExitCode;
/// use syncline_games::Pong;
/// use syncline_server::Games;
///
/// fn main() -> ExitCode {
///     syncline_server::main(Games::new().with::<Pong>())
/// }
/// ```
pub fn main(games: Games) -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(Request::Serve(invocation)) => invocation,
        Ok(Request::Replay(options)) => {
            return match replay::run(&options, &games) {
                Replayed::Done(code) => code,
                Replayed::Show(showing, bind) => match show(showing, bind, &games) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => report(&error, None),
                },
            };
        }
        Ok(Request::New(options)) => {
            return match scaffold::create(&options, &mut std::io::stdout().lock()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(problem) => {
                    let _ = writeln!(std::io::stderr().lock(), "error: {problem}");
                    ExitCode::from(2)
                }
            };
        }
        Err(CliError::Usage(usage)) => {
            let _ = usage.print();
            return ExitCode::from(if usage.use_stderr() { 2 } else { 0 });
        }
        Err(CliError::Setting(error)) => return report(&error, None),
    };
    match host(&invocation, games) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, Some(&invocation)),
    }
}

fn host(invocation: &Invocation, games: Games) -> Result<(), Error> {
    logging::start(&invocation.log, invocation.log_format)?;
    let mut config = invocation.config.clone();
    if let Some(descriptors) = descriptors::raise() {
        let asked = invocation.origin("max-connections").is_some();
        descriptors::fit(&mut config, asked, descriptors)?;
    }
    let names = games.names().collect::<Vec<_>>().join(", ");
    let runtime = runtime(&config)?;
    let ended = runtime.block_on(async {
        let signal = shutdown::signal();
        let server = Server::bind(&config, games)?;
        let certificates = config.tls_cert.as_deref();
        announce(&names, &server, certificates);
        server.run(signal).await
    });
    // A room that never returns must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Shows a recorded match to whoever connects, until the process is asked to end.
fn show(showing: Showing, bind: SocketAddr, games: &Games) -> Result<(), Error> {
    logging::start(SHOWING_LOG, LogFormat::default())?;
    let config = Config {
        bind,
        game: Some(showing.recording.header().start.game.clone()),
        demo_bots: Some(0),
        ..Config::default()
    };
    let file = in_address(&showing.file);
    let runtime = runtime(&config)?;
    let ended = runtime.block_on(async {
        let signal = shutdown::signal();
        let server = Server::bind_showing(&config, games.clone(), showing)?;
        let (address, entry) = (server.local_addr(), server.entry());
        let reachable = reachable(address);
        let _ = writeln!(
            std::io::stdout().lock(),
            "Syncline shows it on {address}\n  \
             open  http://{reachable}{entry}?replay={file}\n  \
             move  curl http://{reachable}/api/replay -d '{{\"paused\": true}}'"
        );
        server.run(signal).await
    });
    runtime.shutdown_background();
    ended
}

/// A file's name as it may stand in an address, where it is only there to be seen.
fn in_address(file: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let letters = file.chars().map(|c| if plain(c) { c } else { '_' });
    letters.collect()
}

/// The threads that read sockets. They rest between two looks, so that inputs which come meanwhile
/// are taken up together: a wake-up for each costs more than reading it.
fn runtime(config: &Config) -> Result<tokio::runtime::Runtime, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = config.net_threads.map_or(cores / 2, usize::from).max(1);
    let rest = config.read_interval;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .thread_name("syncline-net")
        .on_thread_park(move || {
            if !rest.is_zero() {
                std::thread::sleep(rest);
            }
        })
        .build()
        .map_err(Error::Thread)
}

/// Says how to reach the server, on standard output; a program that reads it need not.
fn announce(games: &str, server: &Server, certificates: Option<&Path>) {
    let (address, entry, bot_options) = (server.local_addr(), server.entry(), server.bot_options());
    let reachable = reachable(address);
    let (http, websocket, believed) = match certificates {
        None => ("http", "ws", String::new()),
        Some(path) => ("https", "wss", format!(" --ca {}", path.display())),
    };
    let _ = writeln!(
        std::io::stdout().lock(),
        "Syncline hosts {games} on {address}\n  \
         open  {http}://{reachable}{entry}\n  \
         bots  cargo run --release -p syncline-bot-client -- --url {websocket}://{reachable}/play{believed} \
         --bots 200 --duration 30s{bot_options}"
    );
}

/// How this machine reaches what listens on `address`.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Says on standard error what happened, where, and what to do next.
fn report(error: &Error, invocation: Option<&Invocation>) -> ExitCode {
    let mut text = format!("error: {error}\n");
    if let Error::Setting { name, .. } = error
        && let Some(origin) = invocation.and_then(|invocation| invocation.origin(name))
    {
        text = format!("{text}  from: {origin}\n");
    }
    let _ = writeln!(std::io::stderr().lock(), "{text}  next: {}", error.advice());
    ExitCode::from(error.exit_code())
}
