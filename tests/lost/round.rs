//! One loss: bots play, the server is lost, another one takes its place, and everybody plays on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use syncline_shared::rng::Rng;
use syncline_shared::tick::Tick;

use crate::journals::{self, Reached};
use crate::options::{Options, Way};
use crate::process::{Process, free_port, metric_until, opened};
use crate::proxy;

/// How long bots play, in seconds. The server is lost in the first half of that.
const PLAY_SECONDS: u64 = 14;

/// When the server is lost at the earliest, once everybody is there, and how much later at the most.
const LOST_AFTER: Duration = Duration::from_secs(2);
const LOST_WITHIN_MS: u32 = 2000;

/// How many ticks of a room may be lost with it, and how long everybody may take to be back once the
/// port is open.
const TICKS_LOST_MAX: u32 = 2;
const RESUMED_MAX: Duration = Duration::from_secs(2);

/// How long a server may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(2);

/// How long bots may take to be done.
const BOTS_MAX: Duration = Duration::from_mins(1);

/// What the bots' report is called.
const REPORT: &str = "bots.json";

/// What came of it.
pub(crate) struct Outcome {
    /// Of the room that lost most.
    pub(crate) ticks_lost: u32,
    /// How long nobody listened.
    pub(crate) down_ms: f64,
    /// From the first moment that somebody listened to the last bot that was back.
    pub(crate) open_to_resumed_ms: f64,
    /// From the loss to the last bot that was back.
    pub(crate) outage_ms: f64,
    /// What did not hold.
    pub(crate) failures: Vec<String>,
}

/// Loses a server for the `number`th time.
pub(crate) fn run(options: &Options, number: u32, rng: &mut Rng) -> io::Result<Outcome> {
    let name = format!("syncline-lost-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    // What an earlier run left, if its process had the same number.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let mut outcome = in_folder(options, rng, &folder)?;
    if outcome.failures.is_empty() {
        fs::remove_dir_all(&folder)?;
    } else {
        let kept = format!("all of it is in {}", folder.display());
        outcome.failures.push(kept);
    }
    Ok(outcome)
}

fn in_folder(options: &Options, rng: &mut Rng, folder: &Path) -> io::Result<Outcome> {
    let address = free_port()?;
    let (data, lost) = (folder.join("data"), folder.join("lost"));
    let server = |log: &str| {
        let arguments = [
            "serve".to_owned(),
            format!("--bind={address}"),
            format!("--data-dir={}", data.display()),
            format!("--max-connections-per-address={}", options.bots + 8),
            format!("--max-rooms={}", options.rooms + 8),
        ];
        let program = beside(options.server.as_ref(), "syncline");
        Process::start(&program?, &arguments, &folder.join(log))
    };
    let first = server("first.log")?;
    opened(address)?;
    let way_in = if options.proxy {
        proxy::open(address)?
    } else {
        address
    };
    let bots = start_bots(options, way_in, folder)?;
    metric_until(address, "syncline_members ", options.bots.into())?;
    let later = rng.below(LOST_WITHIN_MS);
    std::thread::sleep(LOST_AFTER + Duration::from_millis(later.into()));

    let mut failures = Vec::new();
    let lost_at = Instant::now();
    match options.way {
        Way::Kill => first.kill()?,
        Way::Term => check_end(first, &mut failures)?,
    }
    journals::copy(&data, &lost)?;
    let second = server("second.log")?;
    let open_at = opened(address)?;
    let status = bots.wait(BOTS_MAX)?;
    if !status.success() && !options.proxy {
        failures.push(format!("the bots ended with {status}"));
    }
    let back = said_back(&second.said());
    check_end(second, &mut failures)?;
    let (_, differences) = journals::run_again(&data)?;
    failures.extend(differences);

    let (before, differences) = journals::run_again(&lost)?;
    failures.extend(differences);
    let report: Value = serde_json::from_slice(&fs::read(folder.join(REPORT))?)?;
    check_report(options, &report, &mut failures);
    let ticks_lost = check_rooms(&report, &before, &back, &mut failures);
    let outage_ms = report["outage_ms"]["max"].as_f64().unwrap_or(f64::MAX);
    let down = open_at.duration_since(lost_at).as_secs_f64() * 1000.0;
    let open_to_resumed_ms = outage_ms - down;
    if open_to_resumed_ms > RESUMED_MAX.as_secs_f64() * 1000.0 && !options.proxy {
        failures.push(format!(
            "the last bot was back after {open_to_resumed_ms:.0} ms"
        ));
    }
    Ok(Outcome {
        ticks_lost,
        down_ms: down,
        open_to_resumed_ms,
        outage_ms,
        failures,
    })
}

/// Starts the bots.
fn start_bots(options: &Options, way_in: SocketAddr, folder: &Path) -> io::Result<Process> {
    let arguments = [
        format!("--url=ws://{way_in}/play"),
        format!("--bots={}", options.bots),
        format!("--rooms={}", options.rooms),
        format!("--game={}", options.game),
        format!("--duration={PLAY_SECONDS}s"),
        format!("--json={}", folder.join(REPORT).display()),
    ];
    let program = beside(options.bot_client.as_ref(), "syncline-bots")?;
    Process::start(&program, &arguments, &folder.join("bots.log"))
}

/// Asks a server to end, which it has to do in time.
fn check_end(server: Process, failures: &mut Vec<String>) -> io::Result<()> {
    let (took, status) = server.terminate()?;
    if took > END_MAX || !status.success() {
        failures.push(format!("the server ended after {took:?} with {status}"));
    }
    Ok(())
}

/// The program that was named, or the one of this name beside this one.
fn beside(named: Option<&PathBuf>, name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Ok(named.cloned().unwrap_or_else(|| own.with_file_name(file)))
}

/// What the bots have to say in the end.
fn check_report(options: &Options, report: &Value, failures: &mut Vec<String>) {
    for (name, wanted) in [
        ("connected", u64::from(options.bots)),
        ("resumed", u64::from(options.bots)),
        ("disconnects", 0),
        ("hash_mismatches", 0),
        ("prediction_errors", 0),
        ("resyncs", 0),
    ] {
        let found = report[name].as_u64();
        if found != Some(wanted) {
            failures.push(format!("{name}: {found:?}, not {wanted}"));
        }
    }
}

/// Each room is back as its journal says, and that is not long before what its members saw. How many
/// ticks the room lost that lost most.
fn check_rooms(
    report: &Value,
    before: &BTreeMap<u32, Reached>,
    back: &BTreeMap<u32, Reached>,
    failures: &mut Vec<String>,
) -> u32 {
    let mut most = 0;
    let seen = report["lost_at"].as_object();
    for (room, seen) in seen.into_iter().flatten() {
        let room: u32 = room.parse().unwrap_or_default();
        let tick = seen["tick"]
            .as_u64()
            .and_then(|tick| u32::try_from(tick).ok());
        let (Some(tick), Some(&before), Some(&back)) = (tick, before.get(&room), back.get(&room))
        else {
            failures.push(format!("room {room} is not back"));
            continue;
        };
        if before != back {
            failures.push(format!(
                "room {room} is {back:?}, and its journal {before:?}"
            ));
        }
        let lost = Tick(tick).since(back.tick);
        most = most.max(lost);
        if lost > TICKS_LOST_MAX {
            failures.push(format!("room {room} lost {lost} ticks"));
        }
    }
    if seen.is_none_or(|seen| seen.len() != before.len()) {
        failures.push("some rooms had nobody in them".to_owned());
    }
    most
}

/// What the log of a server says about rooms that are back.
fn said_back(log: &str) -> BTreeMap<u32, Reached> {
    let rooms = log.lines().filter(|line| line.contains("a room is back"));
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}="))?;
        Some(rest.split(' ').next()?.trim_matches('"').to_owned())
    };
    let read = |line: &str| {
        let reached = Reached {
            tick: Tick(field(line, "tick")?.parse().ok()?),
            hash: u64::from_str_radix(&field(line, "hash")?, 16).ok()?,
        };
        Some((field(line, "room")?.parse().ok()?, reached))
    };
    rooms.filter_map(read).collect()
}
