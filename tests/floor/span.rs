//! A span of time in which a server is watched: what it used, what it said, what clients counted.

use std::io;
use std::time::{Duration, Instant};

use crate::accounting::Usage;
use crate::client::Counts;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::report::Row;
use crate::server::Server;

/// Ticks and snapshots a second, of arena.
pub(crate) const RATE: u32 = 30;

/// The column that servers are compared by.
pub(crate) const CPU: &str = "us of CPU a client and tick";

/// The payload of messages to clients.
pub(crate) const BYTES: &str = "bytes a message";

/// How much of the match the clients saw.
pub(crate) const SEEN: &str = "ticks seen of those due";

/// How many messages each client sent.
pub(crate) const SENT: &str = "messages sent a tick";

/// A span that has begun.
pub(crate) struct Span {
    /// Nothing of a server that has none.
    metrics: Option<Metrics>,
    slots_missed: u64,
    server: Usage,
    own: Usage,
    began: Instant,
}

/// What was found in a span.
pub(crate) struct Found {
    /// How long it was.
    pub(crate) took: Duration,
    /// What the server used.
    pub(crate) used: Usage,
    /// By how much its metrics grew.
    pub(crate) grown: Option<Metrics>,
    /// What each client counted.
    pub(crate) counts: Vec<Counts>,
    own: Usage,
    slots_missed: u64,
}

impl Span {
    /// Begins. A server with `has_metrics` is asked for them before it is watched.
    ///
    /// # Errors
    ///
    /// If the server has ended.
    pub(crate) fn begin(server: &Server, load: &mut Load, has_metrics: bool) -> io::Result<Self> {
        let metrics = has_metrics.then(|| server.get("/metrics")).transpose()?;
        load.take_counts();
        Ok(Self {
            metrics: metrics.map(|text| Metrics::parse(&text)),
            slots_missed: load.slots_missed(),
            server: server.usage()?,
            own: Usage::of(std::process::id())?,
            began: Instant::now(),
        })
    }

    /// Ends.
    ///
    /// # Errors
    ///
    /// If the server has ended.
    pub(crate) fn end(self, server: &Server, load: &mut Load) -> io::Result<Found> {
        let used = server.usage()?.since(self.server);
        let took = self.began.elapsed();
        let own = Usage::of(std::process::id())?.since(self.own);
        let counts = load.take_counts();
        let after = self.metrics.is_some().then(|| server.get("/metrics"));
        let after = after.transpose()?.map(|text| Metrics::parse(&text));
        Ok(Found {
            took,
            used,
            grown: after
                .zip(self.metrics)
                .map(|(after, before)| after.since(&before)),
            counts,
            own,
            slots_missed: load.slots_missed() - self.slots_missed,
        })
    }
}

impl Found {
    /// Adds all that is of interest about `clients` that played the whole time.
    pub(crate) fn add_to(&self, row: &mut Row, clients: usize) {
        let seconds = self.took.as_secs_f64();
        let ticks = seconds * f64::from(RATE);
        let turns = clients.max(1) as f64 * ticks;
        row.add(CPU, self.used.cpu.as_secs_f64() * 1e6 / turns);
        row.add("share of it in the kernel", self.used.system_share());
        row.add("waits a tick", self.used.waits as f64 / ticks);
        row.add(
            "preemptions a second",
            self.used.preemptions as f64 / seconds,
        );
        self.add_counts(row);
        row.add("turns that clients missed", self.slots_missed as f64);
        row.add(
            "us of CPU of the clients' side",
            self.own.cpu.as_secs_f64() * 1e6 / turns,
        );
        self.add_ticks(row);
        if let Some(grown) = &self.grown {
            let inputs: f64 = grown.with_prefix("syncline_inputs_total").values().sum();
            let queued = grown.get("syncline_inputs_total{verdict=\"queued\"}");
            row.add("share of inputs in time", queued / inputs.max(1.0));
        }
    }

    /// Adds what clients counted, for each of them.
    pub(crate) fn add_counts(&self, row: &mut Row) {
        let sum = |of: fn(&Counts) -> u64| self.counts.iter().map(of).sum::<u64>() as f64;
        let ticks = self.counts.len().max(1) as f64 * self.took.as_secs_f64() * f64::from(RATE);
        row.add(BYTES, sum(|c| c.bytes) / sum(|c| c.messages).max(1.0));
        row.add("messages a tick", sum(|c| c.messages) / ticks);
        row.add(SEEN, sum(|c| c.ticks) / ticks);
        row.add(SENT, sum(|c| c.sent) / ticks);
        row.add(
            "bytes a message sent",
            sum(|c| c.sent_bytes) / sum(|c| c.sent).max(1.0),
        );
        row.add(
            "ms, the longest pause of any client",
            self.longest_pause_ms(),
        );
    }

    /// Adds how punctual ticks were and how long they took, as far as the server tells.
    pub(crate) fn add_ticks(&self, row: &mut Row) {
        let Some(grown) = &self.grown else { return };
        for (name, histogram) in [
            ("tick late", "syncline_tick_lateness_seconds"),
            ("tick took", "syncline_tick_duration_seconds"),
        ] {
            for (label, share) in [("p50", 0.5), ("p99", 0.99)] {
                if let Some(found) = grown.quantile(histogram, share) {
                    row.add(&format!("ms, {name}, {label} at most"), found * 1000.0);
                }
            }
        }
        row.add("overruns", grown.get("syncline_overruns_total"));
    }

    /// The longest time that any client waited for a message.
    pub(crate) fn longest_pause_ms(&self) -> f64 {
        let pause = self.counts.iter().map(|c| c.pause_max).max().unwrap_or(0);
        pause as f64 / 1000.0
    }
}
