//! `idle`: what a connection costs that is only there.

use std::io;
use std::time::Duration;

use crate::client::{Inputs, Manner};
use crate::load::Load;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::span::Span;
use crate::stage::{Candidate, join, player};

const CONNECTIONS: u32 = 5000;

/// Nobody plays in these rooms, so that no match begins.
const MEMBERS: u32 = 50;

/// How long everything may settle, and is then watched.
const SETTLES: Duration = Duration::from_secs(10);

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started or reached, or does not hold all connections.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let mut rows = Vec::new();
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        let server = candidate.start()?;
        let mut load = Load::new(options.slots)?;
        let empty = server.usage()?;
        let watchers = (0..CONNECTIONS).map(|number| Manner {
            inputs: Inputs::Never,
            ..player(1 + number / MEMBERS, u64::from(number))
        });
        join(&mut load, server.address, watchers)?;
        load.run_for(SETTLES)?;
        let span = Span::begin(&server, &mut load, true)?;
        load.run_for(SETTLES)?;
        let found = span.end(&server, &mut load)?;
        let connections = f64::from(CONNECTIONS);
        row.add("connections", load.open() as f64);
        let rss = found.used.rss_kib.saturating_sub(empty.rss_kib);
        row.add("KiB of RSS each", rss as f64 / connections);
        let micros = found.used.cpu.as_secs_f64() * 1e6 / found.took.as_secs_f64();
        row.add("us of CPU each a second", micros / connections);
        row.add("descriptors", found.used.descriptors as f64);
        let lost = load.closes();
        rows.push(row);
        if !lost.is_empty() {
            publish("idle", &rows, None)?;
            return Err(io::Error::other(format!("connections ended: {lost:?}")));
        }
    }
    let title = format!("idle: {CONNECTIONS} watch in rooms of {MEMBERS}");
    publish(&title, &rows, options.figures.as_deref())
}
