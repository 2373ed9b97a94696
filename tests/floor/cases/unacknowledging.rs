//! `unacknowledging`: how long peers are kept that acknowledge nothing.
//!
//! Three kinds of it: one whose messages never say what it received; one whose system takes no more
//! bytes, as behind a path that is gone; one that reads and says nothing.

use std::io;
use std::time::{Duration, Instant};

use crate::client::Manner;
use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::stage::{Candidate, join, player};

/// Peers of each kind.
const PEERS: usize = 5;

/// Those who play as they should.
const PLAYERS: usize = 10;

/// How long it is waited until they are gone.
const GONE_MAX: Duration = Duration::from_secs(45);

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started, or loses somebody who plays as they should.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut rows = Vec::new();
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        measure(&candidate, options, &mut row)?;
        rows.push(row);
    }
    publish("unacknowledging", &rows, options.figures.as_deref())
}

fn measure(candidate: &Candidate, options: &Options, row: &mut Row) -> io::Result<()> {
    for kind in ["never tells", "takes nothing", "says nothing"] {
        let server = candidate.start()?;
        let mut load = Load::new(options.slots)?;
        let players = (0..PLAYERS as u64).map(|seed| player(1, seed));
        join(&mut load, server.address, players)?;
        let before = server.usage()?;
        for seed in 100..100 + PEERS as u64 {
            let manner = player(1, seed);
            if kind == "takes nothing" {
                load.connect_narrow(server.address, manner)?;
            } else {
                let acknowledges = kind != "never tells";
                load.connect(
                    server.address,
                    Manner {
                        acknowledges,
                        ..manner
                    },
                )?;
            }
        }
        let is_waiting = |load: &Load| load.greeted() < PLAYERS + PEERS;
        load.run_while(Duration::from_secs(10), is_waiting)?;
        load.run_for(Duration::from_secs(1))?;
        match kind {
            "takes nothing" => {
                for number in PLAYERS..PLAYERS + PEERS {
                    load.freeze(number)?;
                }
            }
            "says nothing" => {
                for number in PLAYERS..PLAYERS + PEERS {
                    load.mute(number);
                }
            }
            _ => {}
        }
        let began = Instant::now();
        let mut held = server.usage()?;
        while began.elapsed() < GONE_MAX && held.descriptors > before.descriptors {
            load.run_for(Duration::from_millis(250))?;
            held = server.usage()?;
        }
        let left = held.descriptors.saturating_sub(before.descriptors);
        row.add(
            &format!("{kind}: s until gone"),
            began.elapsed().as_secs_f64(),
        );
        row.add(&format!("{kind}: of {PEERS} left then"), left as f64);
        let players = (0..PLAYERS).filter(|&number| load.is_open(number)).count();
        if players < PLAYERS {
            return Err(io::Error::other(
                "those who play as they should were closed",
            ));
        }
    }
    Ok(())
}
