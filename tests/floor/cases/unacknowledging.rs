//! `unacknowledging`: how long peers are kept that acknowledge nothing.
//!
//! Three kinds of it: one that plays and never says what it received; one that reads and says
//! nothing; one that greets and reads nothing, and whose system soon takes no more bytes for it.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::client::Manner;
use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::stage::{Candidate, join, player};
use crate::websocket::{self, Opcode};

/// Peers of each kind.
const PEERS: u64 = 5;

/// Those who play as they should: so many that a welcome and a join don't fit where nobody reads.
const PLAYERS: usize = 100;

/// How long it is waited until the peers are gone.
const GONE_MAX: Duration = Duration::from_mins(1);

/// How much a system takes for somebody who reads nothing: the least that it grants.
const NARROW_BYTES: usize = 1;

/// For those who take nothing: it is not for their silence that they are to go.
const PATIENT: &str = "--idle-timeout 90s";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NeverTells,
    SaysNothing,
    TakesNothing,
}

impl Kind {
    const ALL: [Self; 3] = [Self::NeverTells, Self::SaysNothing, Self::TakesNothing];

    fn name(self) -> &'static str {
        match self {
            Self::NeverTells => "never tells what it received",
            Self::SaysNothing => "reads and says nothing",
            Self::TakesNothing => "takes nothing (and may be silent)",
        }
    }
}

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started, or loses somebody who plays as they should.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut rows = Vec::new();
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        for kind in Kind::ALL {
            measure(&candidate, kind, options, &mut row)?;
        }
        rows.push(row);
    }
    publish("unacknowledging", &rows, options.figures.as_deref())
}

fn measure(candidate: &Candidate, kind: Kind, options: &Options, row: &mut Row) -> io::Result<()> {
    let server = match kind {
        Kind::TakesNothing => candidate.clone().with(PATIENT, "").start()?,
        Kind::NeverTells | Kind::SaysNothing => candidate.start()?,
    };
    let mut load = Load::new(options.slots)?;
    let players = (0..PLAYERS as u64).map(|seed| player(1, seed));
    join(&mut load, server.address, players)?;
    let before = server.usage()?;
    // Kept open here: it is for the server to end them.
    let _deaf = begin(kind, server.address, &mut load)?;
    let (began, mut held) = (Instant::now(), server.usage()?);
    while began.elapsed() < GONE_MAX && held.descriptors > before.descriptors {
        load.run_for(Duration::from_millis(250))?;
        held = server.usage()?;
    }
    let (name, left) = (
        kind.name(),
        held.descriptors.saturating_sub(before.descriptors),
    );
    row.add(
        &format!("{name}: s until gone"),
        began.elapsed().as_secs_f64(),
    );
    row.add(&format!("{name}: of {PEERS} left then"), left as f64);
    if (0..PLAYERS).any(|number| !load.is_open(number)) {
        return Err(io::Error::other("some who play as they should were closed"));
    }
    Ok(())
}

/// Connects the peers, and returns when they have begun to be what they are.
fn begin(kind: Kind, server: SocketAddr, load: &mut Load) -> io::Result<Vec<TcpStream>> {
    let seeds = 1000..1000 + PEERS;
    let mut deaf = Vec::new();
    match kind {
        Kind::NeverTells => {
            let manners = seeds.map(|seed| Manner {
                acknowledges: false,
                ..player(1, seed)
            });
            join(load, server, manners)?;
        }
        Kind::SaysNothing => {
            join(load, server, seeds.map(|seed| player(1, seed)))?;
            for number in PLAYERS..load.open() {
                load.mute(number);
            }
        }
        Kind::TakesNothing => {
            for seed in seeds {
                deaf.push(connect_deaf(server, player(1, seed))?);
            }
            load.run_for(Duration::from_secs(1))?;
        }
    }
    Ok(deaf)
}

/// Somebody who says hello in one breath and never reads.
fn connect_deaf(server: SocketAddr, manner: Manner) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.set_recv_buffer_size(NARROW_BYTES)?;
    socket.connect(&server.into())?;
    let mut socket = TcpStream::from(socket);
    let mut bytes = websocket::request(server);
    websocket::write_masked(Opcode::Binary, &Load::hello(manner), 1, &mut bytes);
    socket.write_all(&bytes)?;
    Ok(socket)
}
