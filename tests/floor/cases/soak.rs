//! `soak`: clients and rooms that come and go for a long time, and what of them stays behind.

use std::io;
use std::time::{Duration, Instant};

use syncline_shared::rng::Rng;

use crate::load::Load;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::server::Server;
use crate::stage::{Candidate, player};

/// Clients at any time.
const PLAYERS: usize = 200;

/// Rooms that they come to at any time; which ones they are moves on.
const ROOMS: u32 = 20;

/// Each step a client in so many goes and another comes.
const LEAVES_ONE_IN: u32 = 20;

/// Between two steps, and how many steps it takes until another room is open.
const STEP: Duration = Duration::from_secs(1);
const STEPS_PER_ROOM: u64 = 5;

/// Seats and rooms are let go of soon, so that many are.
const SETTINGS: &str = "--grace-period 2s --empty-timeout 3s";

/// How long everything may take to be let go of in the end.
const END_MAX: Duration = Duration::from_secs(30);

/// What must be in the end as it was in the beginning.
const GAUGES: [&str; 3] = ["syncline_rooms", "syncline_members", "syncline_connections"];

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started or asked, or keeps rooms, members, connections or descriptors.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let (mut rows, mut kept) = (Vec::new(), Vec::new());
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        kept.extend(measure(&candidate.with(SETTINGS, ""), options, &mut row)?);
        rows.push(row);
    }
    let title = format!("soak: {PLAYERS} come and go for {} s", options.soak);
    publish(&title, &rows, options.figures.as_deref())?;
    if kept.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!("kept: {}", kept.join(", "))))
}

/// What was kept, in words.
fn measure(candidate: &Candidate, options: &Options, row: &mut Row) -> io::Result<Vec<String>> {
    let server = candidate.start()?;
    let began = gauges(&server)?;
    let mut load = Load::new(options.slots)?;
    let mut rng = Rng::from_seed(options.seed);
    let mut players = Vec::new();
    let (start, mut rss, mut left) = (Instant::now(), Vec::new(), 0u64);
    let total = Duration::from_secs(options.soak);
    for step in 0u64.. {
        if start.elapsed() >= total {
            break;
        }
        let first = u32::try_from(1 + step / STEPS_PER_ROOM).unwrap_or(1);
        let (going, staying): (Vec<usize>, Vec<usize>) = players
            .iter()
            .partition(|_| step > 0 && rng.chance(1, LEAVES_ONE_IN));
        left += going.len() as u64;
        for number in going {
            if rng.chance(1, 2) {
                load.leave(number);
            } else {
                load.cut(number);
            }
        }
        players = staying;
        players.retain(|&number| load.is_open(number));
        for _ in players.len()..PLAYERS {
            let room = first + rng.below(ROOMS);
            players.push(load.connect(server.address, player(room, rng.next_u64()))?);
        }
        load.run_for(STEP)?;
        rss.push((
            start.elapsed().as_secs_f64(),
            server.usage()?.rss_kib as f64,
        ));
    }
    row.add("clients that left", left as f64);
    row.add(
        "KiB of RSS in the end",
        rss.last().map_or(0.0, |&(_, kib)| kib),
    );
    let tail = rss.split_off(rss.len() * 2 / 5);
    row.add("KiB/s by which RSS grew over the last 60 %", slope(&tail));
    load.clear();
    let end = Instant::now() + END_MAX;
    let ended = loop {
        let ended = gauges(&server)?;
        if ended == began || Instant::now() >= end {
            break ended;
        }
        load.run_for(Duration::from_millis(500))?;
    };
    let mut kept = Vec::new();
    for ((name, before), (_, after)) in began.into_iter().zip(ended) {
        row.add(
            &format!("{name} in the end, less those before"),
            after - before,
        );
        if after > before {
            kept.push(format!("{name}: {after} after {before}"));
        }
    }
    let metrics = Metrics::parse(&server.get("/metrics")?);
    row.add("panics", metrics.get("syncline_room_panics_total"));
    Ok(kept)
}

/// What a server holds now.
fn gauges(server: &Server) -> io::Result<Vec<(&'static str, f64)>> {
    let metrics = Metrics::parse(&server.get("/metrics")?);
    let mut found: Vec<_> = GAUGES.map(|name| (name, metrics.get(name))).into();
    found.push(("descriptors", server.usage()?.descriptors as f64));
    Ok(found)
}

/// The slope of the line that fits points best.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut rise, mut run) = (0.0, 0.0);
    for point in points {
        rise += (point.0 - x) * (point.1 - y);
        run += (point.0 - x).powi(2);
    }
    if run > 0.0 { rise / run } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let points: Vec<_> = (0..9)
            .map(|x| (f64::from(x), 3.0 - 2.0 * f64::from(x)))
            .collect();
        assert!((slope(&points) + 2.0).abs() < 1e-9);
        assert!(slope(&[]).abs() < 1e-9);
    }
}
