//! `abuse`: malformed messages and storms of connections, beside somebody who plays.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use syncline_shared::message::control::ClientControl;
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::rng::Rng;

use crate::load::Load;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::report::{Row, publish};
use crate::server::Server;
use crate::span::Span;
use crate::stage::{Candidate, join, player};
use crate::websocket::{self, Opcode};

/// Those who play undisturbed.
const BYSTANDERS: usize = 10;

/// Malformed messages that are under way at once, each on a connection of its own: the first ends it.
const BATCH: u32 = 50;

/// Connections of a storm.
const STORM: u32 = 10;

/// How long a batch may take to be closed.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// Measures every server once.
///
/// # Errors
///
/// If a server can't be started, panics, loses a bystander, or keeps connections.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for candidate in Candidate::all(options)? {
        let mut row = Row::new(&candidate.name);
        // A line for every connection would measure the disk.
        problems.extend(measure(
            &candidate.with("--log warn", ""),
            options,
            &mut row,
        )?);
        rows.push(row);
    }
    let title = format!(
        "abuse: {} malformed, {} storms",
        options.malformed, options.storms
    );
    publish(&title, &rows, options.figures.as_deref())?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(problems.join(", ")))
}

fn measure(candidate: &Candidate, options: &Options, row: &mut Row) -> io::Result<Vec<String>> {
    let server = candidate.start()?;
    let mut load = Load::new(options.slots)?;
    let players = (0..BYSTANDERS as u64).map(|seed| player(1, seed));
    join(&mut load, server.address, players)?;
    load.run_for(Duration::from_secs(options.warmup))?;
    let mut rng = Rng::from_seed(options.seed);
    let before = server.usage()?;

    let span = Span::begin(&server, &mut load, true)?;
    let mut sent = 0;
    while sent < options.malformed {
        malform(&mut load, server.address, &mut rng, BATCH)?;
        sent += BATCH;
    }
    let malformed = span.end(&server, &mut load)?;
    let per_message = malformed.used.cpu.as_secs_f64() * 1e6 / f64::from(sent.max(1));
    row.add("us of CPU a malformed message", per_message);
    row.add("malformed: s", malformed.took.as_secs_f64());
    add_bystanders(row, "malformed", &malformed);

    let span = Span::begin(&server, &mut load, true)?;
    for _ in 0..options.storms {
        storm(&mut load, server.address, &mut rng)?;
    }
    let storms = span.end(&server, &mut load)?;
    row.add("storms: s", storms.took.as_secs_f64());
    add_bystanders(row, "storms", &storms);

    // Whoever never said hello may be there for a few seconds.
    load.run_for(Duration::from_secs(10))?;
    check(&server, &load, before.descriptors, before.rss_kib, row)
}

fn add_bystanders(row: &mut Row, name: &str, found: &crate::span::Found) {
    let due = found.counts.len() as f64 * found.took.as_secs_f64() * f64::from(crate::span::RATE);
    let ticks: u64 = found.counts.iter().map(|counts| counts.ticks).sum();
    row.add(
        &format!("{name}: bystanders' ticks of those due"),
        ticks as f64 / due,
    );
    let pause = found.longest_pause_ms();
    row.add(&format!("{name}: bystanders' longest pause, ms"), pause);
}

/// What is wrong after all of it, in words.
fn check(
    server: &Server,
    load: &Load,
    descriptors: u64,
    rss_kib: u64,
    row: &mut Row,
) -> io::Result<Vec<String>> {
    let usage = server.usage()?;
    let metrics = Metrics::parse(&server.get("/metrics")?);
    let grown = usage.rss_kib.saturating_sub(rss_kib);
    row.add("KiB of RSS more in the end", grown as f64);
    let kept = usage.descriptors.saturating_sub(descriptors);
    row.add("descriptors more in the end", kept as f64);
    let panics = metrics.get("syncline_room_panics_total");
    row.add("panics", panics);
    row.add("bystanders", load.open() as f64);
    let lines = server.warnings();
    row.add("lines of the log that warn", lines.len() as f64);
    let panicked = lines.iter().filter(|line| line.contains("panic")).count();
    let mut problems = Vec::new();
    for (is_so, problem) in [
        (panics > 0.0 || panicked > 0, "something panicked"),
        (load.open() < BYSTANDERS, "a bystander was closed"),
        (kept > 0, "descriptors were kept"),
    ] {
        if is_so {
            problems.push(problem.to_owned());
        }
    }
    Ok(problems)
}

/// Sends so many malformed messages, and waits until the server has ended all of their connections.
fn malform(load: &mut Load, server: SocketAddr, rng: &mut Rng, count: u32) -> io::Result<()> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut socket = TcpStream::connect(server)?;
        let mut bytes = websocket::request(server);
        if rng.chance(1, 2) {
            let seed = rng.next_u64();
            write_hello(seed, &mut bytes);
        }
        write_nonsense(rng, &mut bytes);
        // The server may have ended it by now.
        let _ = socket.write_all(&bytes);
        // A frame that never comes whole would be waited for.
        let _ = socket.shutdown(Shutdown::Write);
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    let end = Instant::now() + CLOSE_MAX;
    while !sockets.is_empty() && Instant::now() < end {
        load.run_for(Duration::from_millis(1))?;
        sockets.retain_mut(is_open);
    }
    Ok(())
}

fn write_hello(seed: u64, bytes: &mut Vec<u8>) {
    let hello = Load::hello(player(1, seed));
    websocket::write_masked(Opcode::Binary, &hello, 1, bytes);
}

/// Something that no client may send.
fn write_nonsense(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let length = rng.below(200) as usize;
    let random: Vec<u8> = (0..length)
        .map(|_| rng.next_u32().to_le_bytes()[0])
        .collect();
    match rng.below(6) {
        // A message of random bytes.
        0 => websocket::write_masked(Opcode::Binary, &random, rng.next_u32(), bytes),
        // Sections of a known kind with random bodies.
        1 => {
            let mut message = Vec::new();
            write_section(SectionKind::Control, &random, &mut message);
            websocket::write_masked(Opcode::Binary, &message, rng.next_u32(), bytes);
        }
        2 => {
            let mut message = vec![0xff];
            write_section(SectionKind::Input, &random, &mut message);
            websocket::write_masked(Opcode::Binary, &message, rng.next_u32(), bytes);
        }
        // A frame that is not masked.
        3 => websocket::write_plain(Opcode::Binary, &random, bytes),
        // More than a message may be.
        4 => websocket::write_masked(Opcode::Binary, &vec![0; 5000], 3, bytes),
        // No WebSocket at all; four bytes of it are an impossible frame.
        _ => {
            bytes.extend_from_slice(&[0xff, 0xff, 0xff, 0xff]);
            bytes.extend_from_slice(&random);
        }
    }
}

/// Ten connections that end in the middle of something, in every way that there is.
fn storm(load: &mut Load, server: SocketAddr, rng: &mut Rng) -> io::Result<()> {
    let mut sockets = Vec::new();
    for _ in 0..STORM {
        let mut socket = TcpStream::connect(server)?;
        let mut bytes = websocket::request(server);
        match rng.below(5) {
            0 => bytes.clear(),
            1 => bytes.truncate(rng.below(100) as usize),
            2 => {}
            3 => write_hello(rng.next_u64(), &mut bytes),
            _ => {
                write_hello(rng.next_u64(), &mut bytes);
                let mut message = Vec::new();
                let body = ClientControl::Leave.encode();
                write_section(SectionKind::Control, &body, &mut message);
                websocket::write_masked(Opcode::Binary, &message, 7, &mut bytes);
            }
        }
        // The server may have ended it by now.
        let _ = socket.write_all(&bytes);
        if rng.chance(1, 3) {
            let _ = socket.shutdown(Shutdown::Write);
        }
        sockets.push(socket);
    }
    load.run_for(Duration::from_millis(u64::from(rng.below(10))))?;
    // What was not read of them makes some of these ends resets.
    drop(sockets);
    Ok(())
}

/// Whether the other side has not ended yet.
fn is_open(socket: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    match socket.read(&mut buffer) {
        Ok(length) => length > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}
