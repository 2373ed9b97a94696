//! What the server counts, as a registry that is a value: two servers in one process don't mix.
//!
//! The cores only return plain numbers; here they become Prometheus metrics.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use syncline_server_core::counters::{RoomCounters, Verdict};

/// Why something ended or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

/// A number that a room counts: its name, what it means, and where it is.
pub(crate) type RoomCounter = (&'static str, &'static str, fn(&RoomCounters) -> u64);

/// The room counters that become metrics one to one. Input verdicts are apart, by label.
pub(crate) const ROOM_COUNTERS: &[RoomCounter] = &[
    ("ticks", "Ticks run", |c| c.ticks),
    (
        "overruns",
        "Times that a room was so late that it dropped time",
        |c| c.overruns,
    ),
    (
        "slowed_ticks",
        "Ticks that were made longer because their room was overloaded",
        |c| c.slowed_ticks,
    ),
    ("snapshots", "Snapshots encoded", |c| c.snapshots),
    (
        "snapshot_halvings",
        "Times that a room's rate of snapshots was halved because it was overloaded",
        |c| c.snapshot_halvings,
    ),
    ("matches", "Matches started", |c| c.matches),
    ("checkpoints", "Checkpoints taken", |c| c.checkpoints),
    ("room_messages", "Messages that rooms handed out", |c| {
        c.messages
    }),
    (
        "room_message_bytes",
        "Bytes of messages that rooms handed out",
        |c| c.message_bytes,
    ),
    (
        "chunks",
        "Chunks of streams encoded, without empty ones",
        |c| c.chunks,
    ),
    (
        "chunk_bytes",
        "Bytes of chunks, once however many follow",
        |c| c.chunk_bytes,
    ),
    ("joins", "Joins of streams written for members", |c| c.joins),
    (
        "resyncs",
        "Streams that members asked anew because they decoded them wrongly",
        |c| c.resyncs,
    ),
    (
        "resyncs_ignored",
        "Requests for a stream anew whose answer was on its way, or that nobody follows",
        |c| c.resyncs_ignored,
    ),
    (
        "states_kept",
        "States of common streams that were kept for spectators who are behind",
        |c| c.states_kept,
    ),
    (
        "spectator_delays_cut",
        "Snapshots that spectators were told of too early, for want of room",
        |c| c.delays_cut,
    ),
    (
        "silent_ticks",
        "Snapshot ticks with nothing to say to a member",
        |c| c.silent_ticks,
    ),
    (
        "credit_waits",
        "Snapshot ticks at which a member had no credit",
        |c| c.credit_waits,
    ),
    (
        "waiting_dropped",
        "Times that what waited for a member was dropped",
        |c| c.waiting_dropped,
    ),
    ("events_lost", "Events lost with what was dropped", |c| {
        c.events_lost
    }),
    (
        "inputs_of_other_incarnation",
        "Input batches of another incarnation",
        |c| c.inputs_of_other_incarnation,
    ),
    ("commands_applied", "Commands applied", |c| {
        c.commands_applied
    }),
    ("commands_refused", "Commands refused", |c| {
        c.commands_refused
    }),
    ("chat_lines", "Lines of chat said", |c| c.chat_lines),
    ("kicks", "Players who were kicked", |c| c.kicks),
    (
        "requests_refused",
        "What members asked of their room and did not get",
        |c| c.requests_refused,
    ),
    ("chat_refused", "Lines of chat refused", |c| c.chat_refused),
    (
        "chat_missed",
        "Times that a member waited so long that lines of chat were lost to it",
        |c| c.chat_missed,
    ),
    ("announcements", "Announcements made in rooms", |c| {
        c.announcements
    }),
    (
        "resumes",
        "Sessions taken up again on another connection",
        |c| c.resumes,
    ),
    (
        "rows_refused",
        "Rows left out of streams for want of slots",
        |c| c.rows_refused,
    ),
    (
        "events_refused",
        "Events left out of chunks because there were too many",
        |c| c.events_refused,
    ),
];

/// All metrics of one server.
pub(crate) struct Metrics {
    registry: Registry,
    rooms: Gauge,
    members: Gauge,
    /// Open connections, HTTP included.
    pub(crate) connections: Gauge,
    /// Bots of the server's own that are in rooms.
    pub(crate) demo_bots: Gauge,
    /// Readers of rooms' events.
    pub(crate) event_streams: Gauge,
    /// Connections that speak STOMP.
    pub(crate) stomp_connections: Gauge,
    /// Messages to subscribers by STOMP.
    pub(crate) stomp_messages: Counter,
    /// Clients that were sent away by a frame of STOMP.
    pub(crate) stomp_errors: Counter,
    /// Sessions without a WebSocket.
    pub(crate) tunnels: Gauge,
    /// Messages from clients.
    pub(crate) received_messages: Counter,
    /// Their bytes.
    pub(crate) received_bytes: Counter,
    /// Messages written to clients.
    pub(crate) sent_messages: Counter,
    /// Their bytes.
    pub(crate) sent_bytes: Counter,
    /// Input batches that found their member's places in the inbox taken.
    pub(crate) inputs_dropped: Counter,
    /// Rooms that ended by a panic.
    pub(crate) panics: Counter,
    /// Connections without a whole request or a hello yet.
    pub(crate) half_open: Gauge,
    /// Connections that sent more messages than they may.
    pub(crate) message_rate_exceeded: Counter,
    /// Connections that sent more bytes than they may.
    pub(crate) byte_rate_exceeded: Counter,
    refused_connections: Family<ReasonLabel, Counter>,
    /// Of who may not come in.
    pub(crate) doors: DoorMetrics,
    /// Times that a room went to another thread.
    pub(crate) room_moves: Counter,
    degraded: Gauge,
    waiting: Gauge,
    closes: Family<ReasonLabel, Counter>,
    refusals: Family<ReasonLabel, Counter>,
    room: Vec<Counter>,
    verdicts: [Counter; Verdict::ALL.len()],
    tick_duration: Histogram,
    tick_lateness: Histogram,
    encoding: Histogram,
    /// Of journals.
    pub(crate) journals: JournalMetrics,
}

/// What is counted of who may not come in, or may not come in again.
pub(crate) struct DoorMetrics {
    /// Tries of codes and passwords that were not looked at, since too many were wrong.
    pub(crate) tries_refused: Counter,
    /// Joins that can't be repeated any more, because there were too many.
    pub(crate) joins_forgotten: Counter,
    wrong_tries: Family<ReasonLabel, Counter>,
    refused_rooms: Family<ReasonLabel, Counter>,
}

/// What is counted and measured of journals.
pub(crate) struct JournalMetrics {
    /// Records written to journals.
    pub(crate) records: Counter,
    /// Their bytes.
    pub(crate) bytes: Counter,
    /// Records that wait to be written.
    pub(crate) waiting: Gauge,
    /// Matches that were recorded no further.
    pub(crate) lost: Counter,
    /// Journals that were deleted because there were too many.
    pub(crate) deleted: Counter,
    /// Matches of a server before this that go on.
    pub(crate) recovered: Counter,
    /// Unfinished journals that can't be gone on with.
    pub(crate) set_aside: Counter,
    /// How long a write to a journal took.
    pub(crate) write: Histogram,
    /// How long it took to bring what was written to the disk.
    pub(crate) sync: Histogram,
}

/// What is known only at the moment that somebody asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Present {
    /// Open rooms.
    pub(crate) rooms: usize,
    /// Those of them that are overloaded.
    pub(crate) degraded: usize,
    /// Connected members.
    pub(crate) members: usize,
    /// Frames that wait for their credit.
    pub(crate) waiting_frames: usize,
}

const HALF_OPEN: &str = "Connections without a whole request or a hello yet";

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("syncline");
        let r = &mut registry;
        Self {
            rooms: gauge(r, "rooms", "Rooms that are open"),
            members: gauge(r, "members", "Connected members of rooms"),
            connections: gauge(r, "connections", "Open connections, HTTP included"),
            event_streams: gauge(r, "event_streams", "Readers of events of rooms"),
            tunnels: gauge(r, "tunnels", "Sessions over plain HTTP"),
            demo_bots: gauge(r, "demo_bots", "Bots of the server's own in rooms"),
            stomp_connections: gauge(r, "stomp_connections", "Connections that speak STOMP"),
            stomp_messages: counter(r, "stomp_messages", "Messages to subscribers by STOMP"),
            stomp_errors: counter(r, "stomp_errors", "Clients sent away by an ERROR of STOMP"),
            received_messages: counter(r, "received_messages", "Messages from clients"),
            received_bytes: counter(r, "received_bytes", "Bytes of messages from clients"),
            sent_messages: counter(r, "sent_messages", "Messages written to clients"),
            sent_bytes: counter(r, "sent_bytes", "Bytes of messages written to clients"),
            inputs_dropped: counter(
                r,
                "input_batches_dropped",
                "Input batches dropped because too many of their member's waited",
            ),
            panics: counter(r, "room_panics", "Rooms that ended by a panic"),
            half_open: gauge(r, "half_open_connections", HALF_OPEN),
            message_rate_exceeded: counter(
                r,
                "message_rate_exceeded",
                "Connections that sent more messages a second than they may",
            ),
            byte_rate_exceeded: counter(
                r,
                "byte_rate_exceeded",
                "Connections that sent more bytes a second than they may",
            ),
            refused_connections: reasons(
                r,
                "connections_refused",
                "Connections refused or ended before they were WebSockets, by reason",
            ),
            doors: doors(r),
            room_moves: counter(r, "room_moves", "Moves of rooms to other threads"),
            degraded: gauge(
                r,
                "rooms_degraded",
                "Rooms that give up snapshots or time because they are overloaded",
            ),
            waiting: gauge(
                r,
                "waiting_frames",
                "Frames that wait for the credit of members, as of the last second",
            ),
            closes: reasons(r, "closes", "Ended WebSocket connections by reason"),
            refusals: reasons(r, "handshakes_refused", "Refused handshakes by reason"),
            room: room_counters(r),
            verdicts: verdicts(r),
            // From 16 us to half a second: a tick of the lightest game to a hopeless one.
            tick_duration: seconds(r, "tick_duration", "Time that a tick took", 16e-6),
            // From 64 us to two seconds: a timer's precision to a stalled machine.
            tick_lateness: seconds(r, "tick_lateness", "How late a tick began", 64e-6),
            // From 4 us to an eighth of a second.
            encoding: seconds(
                r,
                "snapshot_encode_duration",
                "Time that encoding the streams of a snapshot took",
                4e-6,
            ),
            journals: journals(r),
            registry,
        }
    }

    /// Counts the end of a WebSocket connection.
    pub(crate) fn count_close(&self, reason: &'static str) {
        self.closes.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a connection that was refused, or ended for what it did before it was a WebSocket.
    pub(crate) fn count_refused_connection(&self, reason: &'static str) {
        let label = ReasonLabel { reason };
        self.refused_connections.get_or_create(&label).inc();
    }

    /// Counts a refused handshake.
    pub(crate) fn count_refusal(&self, reason: &'static str) {
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts what a room counted between `before` and `after`.
    pub(crate) fn count_room(&self, before: &RoomCounters, after: &RoomCounters) {
        for ((_, _, read), metric) in ROOM_COUNTERS.iter().zip(&self.room) {
            add(metric, read(after).saturating_sub(read(before)));
        }
        for ((metric, after), before) in self.verdicts.iter().zip(after.inputs).zip(before.inputs) {
            add(metric, after.saturating_sub(before));
        }
    }

    /// Notes that a tick began `late` microseconds after it was due, and took `took`.
    pub(crate) fn observe_tick(&self, late: u64, took: u64) {
        self.tick_lateness
            .observe(Duration::from_micros(late).as_secs_f64());
        self.tick_duration
            .observe(Duration::from_micros(took).as_secs_f64());
    }

    /// Notes how long the streams of a snapshot took to encode.
    pub(crate) fn observe_encoding(&self, took: u64) {
        self.encoding
            .observe(Duration::from_micros(took).as_secs_f64());
    }

    /// Everything in the text format, with what is known only at this moment.
    pub(crate) fn text(&self, present: Present) -> String {
        for (gauge, value) in [
            (&self.rooms, present.rooms),
            (&self.degraded, present.degraded),
            (&self.members, present.members),
            (&self.waiting, present.waiting_frames),
        ] {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("a string takes everything");
        text
    }
}

/// Most counters of a room stand still in most ticks; those touch nothing shared.
fn add(metric: &Counter, amount: u64) {
    if amount > 0 {
        metric.inc_by(amount);
    }
}

fn room_counters(registry: &mut Registry) -> Vec<Counter> {
    let counters = ROOM_COUNTERS.iter();
    counters
        .map(|(name, help, _)| counter(registry, name, help))
        .collect()
}

fn verdicts(registry: &mut Registry) -> [Counter; Verdict::ALL.len()] {
    let inputs = Family::<VerdictLabel, Counter>::default();
    let verdicts = Verdict::ALL.map(|verdict| {
        let verdict = verdict.name();
        inputs.get_or_create(&VerdictLabel { verdict }).clone()
    });
    registry.register("inputs", "Input frames by verdict", inputs);
    verdicts
}

fn journals(r: &mut Registry) -> JournalMetrics {
    JournalMetrics {
        records: counter(r, "journal_records", "Records written to journals"),
        bytes: counter(r, "journal_bytes", "Bytes written to journals"),
        waiting: gauge(
            r,
            "journal_waiting_records",
            "Records that wait to be written to journals",
        ),
        lost: counter(
            r,
            "journals_lost",
            "Matches that were recorded no further because of a disk or a full queue",
        ),
        deleted: counter(
            r,
            "journals_deleted",
            "Journals deleted because they were too old or too many",
        ),
        recovered: counter(
            r,
            "journals_recovered",
            "Matches of a server before this one that go on here",
        ),
        set_aside: counter(
            r,
            "journals_set_aside",
            "Unfinished journals that could not be gone on with",
        ),
        // From 2 us to 66 ms: into the system's memory, or not.
        write: seconds(
            r,
            "journal_write_duration",
            "Time that a write to a journal took",
            2e-6,
        ),
        // From 64 us to two seconds: a fast disk to a bad one.
        sync: seconds(
            r,
            "journal_sync_duration",
            "Time that it took to bring written journals to the disk",
            64e-6,
        ),
    }
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    let metric = Counter::default();
    registry.register(name, help, metric.clone());
    metric
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let metric = Gauge::default();
    registry.register(name, help, metric.clone());
    metric
}

impl DoorMetrics {
    /// Counts a try of a code or a password that was wrong.
    pub(crate) fn count_wrong_try(&self, reason: &'static str) {
        self.wrong_tries
            .get_or_create(&ReasonLabel { reason })
            .inc();
    }

    /// Counts a room that was not made.
    pub(crate) fn count_refused_room(&self, reason: &'static str) {
        self.refused_rooms
            .get_or_create(&ReasonLabel { reason })
            .inc();
    }
}

fn doors(r: &mut Registry) -> DoorMetrics {
    let doors = DoorMetrics {
        tries_refused: counter(
            r,
            "tries_refused",
            "Tries of codes and passwords of rooms from addresses that were wrong too often",
        ),
        joins_forgotten: counter(
            r,
            "joins_forgotten",
            "Joins that could not be repeated any more because too many came after them",
        ),
        wrong_tries: reasons(r, "wrong_tries", "Wrong codes and passwords of rooms"),
        refused_rooms: reasons(r, "rooms_refused", "Rooms that were not made, by reason"),
    };
    // There from the beginning, so that the first one is seen to be one.
    for reason in ["code", "password"] {
        drop(doors.wrong_tries.get_or_create(&ReasonLabel { reason }));
    }
    for reason in ["full", "address", "stuck"] {
        drop(doors.refused_rooms.get_or_create(&ReasonLabel { reason }));
    }
    doors
}

fn reasons(registry: &mut Registry, name: &str, help: &str) -> Family<ReasonLabel, Counter> {
    let metric = Family::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Sixteen buckets, each twice as wide as the one before.
fn seconds(registry: &mut Registry, name: &str, help: &str, first: f64) -> Histogram {
    let metric = Histogram::new(exponential_buckets(first, 2.0, 16));
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_room_counted_becomes_metrics_once() {
        let metrics = Metrics::new();
        let mut before = RoomCounters::default();
        let after = RoomCounters {
            ticks: 3,
            inputs: [5, 0, 1, 0, 0],
            ..before
        };
        metrics.count_room(&before, &after);
        before = after;
        metrics.count_room(&before, &RoomCounters { ticks: 4, ..after });
        metrics.count_close("malformed");
        metrics.observe_tick(1000, 300);
        metrics.observe_encoding(20);
        let text = metrics.text(Present {
            rooms: 2,
            members: 7,
            ..Present::default()
        });
        for line in [
            "syncline_ticks_total 4",
            "syncline_inputs_total{verdict=\"queued\"} 5",
            "syncline_inputs_total{verdict=\"late\"} 1",
            "syncline_closes_total{reason=\"malformed\"} 1",
            "syncline_tick_duration_seconds_count 1",
            "syncline_snapshot_encode_duration_seconds_count 1",
            "syncline_rooms 2",
            "syncline_members 7",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line} is missing in\n{text}"
            );
        }
    }
}
