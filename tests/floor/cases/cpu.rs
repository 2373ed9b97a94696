//! `cpu`: what a client of one room costs a tick, beside the bare loop.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use syncline_shared::id::RoomId;
use syncline_shared::message::control::RoomSelector;

use crate::accounting::Usage;
use crate::client::{Counts, Manner};
use crate::load::Load;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::report::{Row, publish, say};
use crate::stage::{Candidate, join};

/// Ticks and snapshots a second, of arena.
const RATE: u32 = 30;

/// The column that servers are compared by.
const CPU: &str = "us of CPU a client and tick";

/// The bytes that the bare loop sends too.
const BYTES: &str = "bytes a message";

/// Measures every number of clients, the servers in turn.
///
/// # Errors
///
/// If a server can't be started, reached or asked.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    for &clients in &options.clients {
        let candidates = Candidate::all(options)?;
        let mut rows: Vec<Row> = candidates
            .iter()
            .map(|candidate| Row::new(&candidate.name))
            .collect();
        let mut bare = Row::new("bare loop");
        for run in 1..=options.runs {
            for (candidate, row) in candidates.iter().zip(&mut rows) {
                measure(candidate, clients, options, true, row)?;
                progress(clients, run, options, row);
            }
            if !options.no_bare {
                let bytes = rows[0].values(BYTES).last().copied().unwrap_or(0.0);
                let candidate = Candidate::bare(whole(bytes), RATE)?;
                measure(&candidate, clients, options, false, &mut bare)?;
                progress(clients, run, options, &bare);
            }
        }
        if !options.no_bare {
            for row in &mut rows {
                let pairs: Vec<f64> = row
                    .values(CPU)
                    .iter()
                    .zip(bare.values(CPU))
                    .map(|(a, b)| a / b)
                    .collect();
                for ratio in pairs {
                    row.add("times the bare loop", ratio);
                }
            }
            rows.push(bare);
        }
        let how = options.inputs;
        let title = format!("cpu, arena, {clients} clients, inputs {how:?}");
        publish(&title, &rows, options.figures.as_deref())?;
    }
    Ok(())
}

fn progress(clients: usize, run: u32, options: &Options, row: &Row) {
    let cpu = row.values(CPU).last().copied().unwrap_or(0.0);
    say(&format!(
        "{clients} clients, run {run} of {}: {}: {cpu:.2} {CPU}",
        options.runs,
        row.name()
    ));
}

/// One run against a server of its own.
fn measure(
    candidate: &Candidate,
    clients: usize,
    options: &Options,
    is_ours: bool,
    row: &mut Row,
) -> io::Result<()> {
    let server = candidate.start()?;
    let mut load = Load::new(options.slots)?;
    let empty = server.usage()?;
    let probes = if is_ours {
        options.probes.min(clients)
    } else {
        0
    };
    join(
        &mut load,
        server.address,
        manners(clients - probes, options, is_ours),
    )?;
    let span = Duration::from_secs(options.warmup + options.seconds + 1);
    let bots = (probes > 0).then(|| Bots::start(&candidate.program, server.address, probes, span));
    let bots = bots.transpose()?;
    load.run_for(Duration::from_secs(options.warmup))?;

    let metrics = is_ours.then(|| server.get("/metrics")).transpose()?;
    load.take_counts();
    let missed = load.slots_missed();
    let (began, before, own) = (
        Instant::now(),
        server.usage()?,
        Usage::of(std::process::id())?,
    );
    load.run_for(Duration::from_secs(options.seconds))?;
    let (used, took) = (server.usage()?.since(before), began.elapsed());
    let own = Usage::of(std::process::id())?.since(own);
    let counts = load.take_counts();

    let ticks = clients as f64 * took.as_secs_f64() * f64::from(RATE);
    row.add(CPU, used.cpu.as_secs_f64() * 1e6 / ticks);
    row.add("share of it in the kernel", used.system_share());
    row.add(
        "waits a tick",
        used.waits as f64 / (took.as_secs_f64() * f64::from(RATE)),
    );
    row.add(
        "preemptions a second",
        used.preemptions as f64 / took.as_secs_f64(),
    );
    let rss = used.rss_kib.saturating_sub(empty.rss_kib);
    row.add("KiB of RSS a client", rss as f64 / clients as f64);
    add_counts(row, &counts, took);
    row.add(
        "clients closed",
        load.closes().values().sum::<usize>() as f64,
    );
    row.add(
        "turns that clients missed",
        (load.slots_missed() - missed) as f64,
    );
    row.add(
        "us of CPU of the clients' side",
        own.cpu.as_secs_f64() * 1e6 / ticks,
    );
    if let Some(before) = metrics {
        let grown = Metrics::parse(&server.get("/metrics")?).since(&Metrics::parse(&before));
        add_metrics(row, &grown);
    }
    if let Some(bots) = bots {
        bots.finish(&mut load, row)?;
    }
    Ok(())
}

fn manners(count: usize, options: &Options, is_ours: bool) -> impl Iterator<Item = Manner> {
    let (inputs, first) = (options.inputs.into(), options.seed * 1_000_000);
    (first..).take(count).map(move |seed| Manner {
        room: is_ours.then_some(RoomSelector::Id(RoomId(1))),
        inputs,
        acknowledges: true,
        seed,
    })
}

/// What clients counted, for each of them.
fn add_counts(row: &mut Row, counts: &[Counts], took: Duration) {
    let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>() as f64;
    let clients = counts.len().max(1) as f64;
    let ticks = clients * took.as_secs_f64() * f64::from(RATE);
    row.add(BYTES, sum(|c| c.bytes) / sum(|c| c.messages).max(1.0));
    row.add("messages a tick", sum(|c| c.messages) / ticks);
    row.add("ticks seen of those due", sum(|c| c.ticks) / ticks);
    row.add("messages sent a tick", sum(|c| c.sent) / ticks);
    row.add(
        "bytes a message sent",
        sum(|c| c.sent_bytes) / sum(|c| c.sent).max(1.0),
    );
    let pause = counts.iter().map(|c| c.pause_max).max().unwrap_or(0);
    row.add("ms, the longest pause of any client", pause as f64 / 1000.0);
}

fn add_metrics(row: &mut Row, grown: &Metrics) {
    for (name, histogram) in [
        ("tick late", "syncline_tick_lateness_seconds"),
        ("tick took", "syncline_tick_duration_seconds"),
    ] {
        for (label, share) in [("p50", 0.5), ("p99", 0.99)] {
            let found = grown.quantile(histogram, share);
            row.add(
                &format!("ms, {name}, {label} at most"),
                found.map_or(f64::NAN, |s| s * 1e3),
            );
        }
    }
    let inputs = grown.with_prefix("syncline_inputs_total");
    let all: f64 = inputs.values().sum();
    let queued = grown.get("syncline_inputs_total{verdict=\"queued\"}");
    row.add("share of inputs in time", queued / all.max(1.0));
    row.add("overruns", grown.get("syncline_overruns_total"));
}

/// Real bots among the clients, which see what becomes of their inputs.
struct Bots {
    child: Child,
    report: std::path::PathBuf,
}

impl Bots {
    fn start(server: &Path, address: SocketAddr, count: usize, span: Duration) -> io::Result<Self> {
        let report =
            std::env::temp_dir().join(format!("syncline-floor-{}.json", std::process::id()));
        let child = Command::new(server.with_file_name("syncline-bots"))
            .args(["--url", &format!("ws://{address}/play")])
            .args(["--bots", &count.to_string()])
            .args(["--duration", &format!("{}s", span.as_secs())])
            .args(["--room", "1", "--decode", "all"])
            .arg("--json")
            .arg(&report)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, report })
    }

    /// Waits until they have ended, and adds what they saw.
    fn finish(mut self, load: &mut Load, row: &mut Row) -> io::Result<()> {
        let end = Instant::now() + Duration::from_secs(15);
        while Instant::now() < end && self.child.try_wait()?.is_none() {
            load.run_for(Duration::from_millis(50))?;
        }
        let text = std::fs::read_to_string(&self.report).unwrap_or_default();
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        for (label, name) in [("p50", "p50"), ("p99", "p99")] {
            if let Some(found) = report["input_to_visible_ms"][name].as_f64() {
                row.add(&format!("ms, input to visible, {label}"), found);
            }
        }
        Ok(())
    }
}

impl Drop for Bots {
    fn drop(&mut self) {
        // Errors mean that they have ended, or left nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.report);
    }
}

/// A whole number of bytes.
fn whole(bytes: f64) -> usize {
    format!("{bytes:.0}").parse().unwrap_or(0)
}
