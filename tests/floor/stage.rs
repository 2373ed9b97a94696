//! What every case begins with: which servers there are, and how clients get there.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use syncline_shared::id::RoomId;
use syncline_shared::message::control::RoomSelector;

use crate::client::{Inputs, Manner};
use crate::load::Load;
use crate::options::Options;
use crate::server::Server;

/// How many clients connect in a hundredth of a second, if a case has no reason for another pace.
const JOINS_PER_CENTISECOND: usize = 4;

/// How long clients may wait for their welcome.
const GREETING_MAX: Duration = Duration::from_secs(30);

/// A server that is to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// What it is called in tables.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
    arguments: Vec<String>,
}

impl Candidate {
    /// Those that the options name, or the one beside this program.
    ///
    /// # Errors
    ///
    /// If one of them is not there.
    pub(crate) fn all(options: &Options) -> io::Result<Vec<Self>> {
        let settings = options.settings.split_whitespace().map(str::to_owned);
        let arguments: Vec<String> = ["serve", "--bind", "127.0.0.1:0"]
            .into_iter()
            .map(str::to_owned)
            .chain(settings)
            .collect();
        let mut named: Vec<(String, PathBuf)> = options
            .servers
            .iter()
            .map(|server| match server.split_once('=') {
                Some((name, program)) => (name.to_owned(), program.into()),
                None => (server.clone(), server.into()),
            })
            .collect();
        if named.is_empty() {
            let beside = std::env::current_exe()?.with_file_name("syncline");
            named.push(("syncline".to_owned(), beside));
        }
        if let Some((_, program)) = named.iter().find(|(_, program)| !program.is_file()) {
            return Err(io::Error::other(format!(
                "there is no {}: build it with cargo build --release --bins -p syncline-server \
                 -p syncline-bot-client",
                program.display()
            )));
        }
        let candidates = named.into_iter().map(|(name, program)| Self {
            name,
            program,
            arguments: arguments.clone(),
        });
        Ok(candidates.collect())
    }

    /// The same with more settings, under a longer name.
    pub(crate) fn with(mut self, settings: &str, suffix: &str) -> Self {
        self.name += suffix;
        let settings = settings.split_whitespace().map(str::to_owned);
        self.arguments.extend(settings);
        self
    }

    /// The bare loop, which sends `bytes` to every client, `rate` times a second.
    ///
    /// # Errors
    ///
    /// If this program is nowhere.
    pub(crate) fn bare(bytes: usize, rate: u32) -> io::Result<Self> {
        Ok(Self {
            name: "bare loop".to_owned(),
            program: std::env::current_exe()?,
            arguments: vec!["bare".to_owned(), bytes.to_string(), rate.to_string()],
        })
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// If it does not listen.
    pub(crate) fn start(&self) -> io::Result<Server> {
        Server::start(&self.program, &self.arguments)
    }
}

/// Somebody who plays as most do, in a room of this number.
pub(crate) fn player(room: u32, seed: u64) -> Manner {
    Manner {
        room: Some(RoomSelector::Id(RoomId(room))),
        inputs: Inputs::EveryTick,
        acknowledges: true,
        seed,
    }
}

/// Connects clients at an even pace, and waits until all are welcome.
///
/// # Errors
///
/// If not all are in time.
pub(crate) fn join(
    load: &mut Load,
    server: SocketAddr,
    manners: impl IntoIterator<Item = Manner>,
) -> io::Result<()> {
    join_paced(load, server, manners, JOINS_PER_CENTISECOND)
}

/// The same with so many clients in a hundredth of a second.
///
/// # Errors
///
/// If not all are in time.
pub(crate) fn join_paced(
    load: &mut Load,
    server: SocketAddr,
    manners: impl IntoIterator<Item = Manner>,
    pace: usize,
) -> io::Result<()> {
    let mut manners = manners.into_iter().peekable();
    let (before, began, mut joined) = (load.greeted(), Instant::now(), 0);
    while manners.peek().is_some() {
        // By the clock, so that a slow server does not make it easier for itself.
        let turns = usize::try_from(began.elapsed().as_millis() / 10).unwrap_or(usize::MAX);
        let due = pace.saturating_mul(turns + 1).saturating_sub(joined);
        for manner in manners.by_ref().take(due) {
            load.connect(server, manner)?;
            joined += 1;
        }
        load.run_for(Duration::from_millis(5))?;
    }
    load.run_while(GREETING_MAX, |load| load.greeted() < before + joined)?;
    let missing = before + joined - load.greeted();
    if missing > 0 {
        let closes = load.closes();
        let problem =
            format!("{missing} of {joined} clients were not welcomed; closed: {closes:?}");
        return Err(io::Error::other(problem));
    }
    Ok(())
}
