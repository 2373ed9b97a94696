//! What a swarm saw, as numbers with stable names.

use std::collections::BTreeMap;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde::Serialize;
use syncline_shared::close::CloseReason;

use crate::bandwidth::Bandwidth;
use crate::config::SwarmConfig;
use crate::rate_meter::{RateResult, ratio};
pub use crate::record::{Chat, Seen};
use crate::record::{Counts, Traffic};
use crate::tally::{Percentiles, Tally};
use crate::timeline::Second;

/// Microseconds in a millisecond.
const MICROS_PER_MS: f64 = 1000.0;

/// The ends with which a server says that what it got from a bot, or what a bot made of what it
/// sent, was wrong: no network does that.
const BLAMES: [CloseReason; 5] = [
    CloseReason::Malformed,
    CloseReason::UnknownSection,
    CloseReason::OutOfOrder,
    CloseReason::MessageTooLarge,
    CloseReason::Desynchronised,
];

/// The result of a run. The names of its fields are those of its JSON, and stay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Bots that were started.
    pub bots: u32,
    /// Bots that got into a room.
    pub connected: u32,
    /// Sessions that ended without being asked to, and did not get their seat back.
    pub disconnects: u64,
    /// Sessions that lost their connection and got their seat back within the grace period.
    pub resumed: u64,
    /// Chunks and joins that could not be decoded, or after which a hash or another bot had something
    /// else, and connections that ended because the server's messages could not be read.
    pub hash_mismatches: u64,
    /// Streams that bots asked anew because of that.
    pub resyncs: u64,
    /// What was said, over all bots.
    pub chat: Chat,
    /// Differences from the server though it applied what was assumed and nothing interfered.
    pub prediction_errors: u64,
    /// What the first of them was.
    pub first_prediction_error: Option<String>,
    /// Differences from the server with a cause, by cause.
    pub corrections: BTreeMap<String, u64>,
    /// How much of the snapshots that were due came, over all bots; 0 if none were due to bots that
    /// were there for long.
    pub rate_held_percent: f64,
    /// The same, of the bot for which it was least.
    pub rate_worst_percent: f64,
    /// Bots for which the rate was not held: less than 99 % came, or something more than a second
    /// late, or nothing was due for as long as the bot was in a room.
    pub rate_not_held: u32,
    /// Those of them to which nothing was due in more than five seconds in a room: no match ran.
    pub rate_unmeasured: u32,
    /// Frames that came more than a second late.
    pub frames_late: u64,
    /// Mean payload of frames per snapshot tick that they cover.
    pub bytes_per_snapshot: f64,
    /// Payload of all messages that a bot got, per second.
    pub bytes_per_client_per_second: f64,
    /// All bytes that a bot's sockets read, per second: heads, frames and TLS included.
    pub wire_down_per_client_per_second: f64,
    /// All that they wrote, likewise.
    pub wire_up_per_client_per_second: f64,
    /// Messages that a bot got, per second.
    pub messages_per_client_per_second: f64,
    /// Messages that a bot sent, per second.
    pub messages_sent_per_client_per_second: f64,
    /// Input frames in them.
    pub input_frames_per_client_per_second: f64,
    /// From stamping an input to the first frame that tells it was applied; heartbeats apart.
    pub input_to_visible_ms: Percentiles,
    /// How far ahead of the server's clock inputs are stamped, in ticks.
    pub input_lead: Percentiles,
    /// What became of inputs, tick by tick.
    pub verdicts: Verdicts,
    /// Why connections ended, by reason.
    pub closes: BTreeMap<String, u64>,
    /// Attempts to connect that came to nothing.
    pub failed_connects: u64,
    /// What the first end that no bot asked for said.
    pub first_close: Option<String>,
    /// From a lost connection to the seat on another one.
    pub outage_ms: Percentiles,
    /// Of each room, the newest tick that any bot had seen when it last lost its connection.
    pub lost_at: BTreeMap<u32, Seen>,
    /// How many decoders the common streams took.
    pub decoders: u32,
    /// How often a bot was frozen on purpose.
    pub stalls: u64,
    /// From the end of a stall to the first frame of the present.
    pub stall_recovery_ms: Percentiles,
    /// What the streams of the first room cost by class and field, if the server tells.
    pub bandwidth: Option<Bandwidth>,
    /// The run second by second.
    #[serde(skip)]
    pub seconds: Vec<Second>,
}

/// What became of inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// The frame was there in time.
    pub applied: u64,
    /// None was there: the last input again.
    pub repeated: u64,
    /// A late frame was merged in.
    pub merged: u64,
    /// What was there was too late.
    pub dropped: u64,
}

impl Verdicts {
    fn of(bots: &[Counts]) -> Self {
        let verdict = |code: usize| bots.iter().map(|bot| bot.verdicts[code]).sum();
        Self {
            applied: verdict(0),
            repeated: verdict(1),
            merged: verdict(2),
            dropped: verdict(3),
        }
    }
}

/// All that was sent and came.
fn traffic_of(bots: &[Counts]) -> Traffic {
    bots.iter().fold(Traffic::default(), |all, bot| Traffic {
        messages_sent: all.messages_sent + bot.traffic.messages_sent,
        input_frames: all.input_frames + bot.traffic.input_frames,
        messages: all.messages + bot.traffic.messages,
        bytes: all.bytes + bot.traffic.bytes,
        frame_bytes: all.frame_bytes + bot.traffic.frame_bytes,
        snapshots: all.snapshots + bot.traffic.snapshots,
    })
}

impl Report {
    pub(crate) fn new(config: &SwarmConfig, bots: &[Counts], tally: &Tally, decoders: u32) -> Self {
        let sum = |of: fn(&Counts) -> u64| bots.iter().map(of).sum::<u64>();
        let count = |is: fn(&&Counts) -> bool| {
            u32::try_from(bots.iter().filter(is).count()).unwrap_or(u32::MAX)
        };
        let rate = bots
            .iter()
            .fold(RateResult::default(), |all, bot| RateResult {
                due: all.due + bot.rate.due,
                covered: all.covered + bot.rate.covered,
                late: all.late + bot.rate.late,
                micros: all.micros + bot.rate.micros,
            });
        let traffic = traffic_of(bots);
        let per_second = |count: u64| rounded(ratio(count * 1_000_000, rate.micros.max(1)));
        let connected = count(|bot| bot.connected);
        let worst = bots.iter().map(Counts::rate_percent).fold(100.0, f64::min);
        let rate_unmeasured = count(|bot| bot.unmeasured);
        let is_measured = rate.due > 0 || rate_unmeasured == 0;
        Self {
            bots: config.bots,
            connected,
            disconnects: sum(|bot| bot.disconnects),
            resumed: sum(|bot| bot.resumed),
            hash_mismatches: sum(|bot| bot.hash_mismatches),
            resyncs: sum(|bot| bot.resyncs),
            chat: Chat {
                said: sum(|bot| bot.chat.said),
                refused: sum(|bot| bot.chat.refused),
                heard: sum(|bot| bot.chat.heard),
            },
            prediction_errors: sum(|bot| bot.prediction_errors),
            first_prediction_error: bots
                .iter()
                .find_map(|bot| bot.first_prediction_error.clone()),
            corrections: by_name(bots.iter().map(|bot| &bot.corrections)),
            rate_held_percent: if connected > 0 && is_measured {
                rounded(rate.percent())
            } else {
                0.0
            },
            rate_worst_percent: rounded(worst),
            rate_not_held: count(|bot| bot.unmeasured || !bot.rate.is_held()),
            rate_unmeasured,
            frames_late: rate.late,
            bytes_per_snapshot: rounded(ratio(traffic.frame_bytes, traffic.snapshots.max(1))),
            bytes_per_client_per_second: per_second(traffic.bytes),
            wire_down_per_client_per_second: per_second(tally.wire.down()),
            wire_up_per_client_per_second: per_second(tally.wire.up()),
            messages_per_client_per_second: per_second(traffic.messages),
            messages_sent_per_client_per_second: per_second(traffic.messages_sent),
            input_frames_per_client_per_second: per_second(traffic.input_frames),
            input_to_visible_ms: tally.input_to_visible.percentiles(MICROS_PER_MS),
            input_lead: tally.input_lead.percentiles(100.0),
            verdicts: Verdicts::of(bots),
            closes: by_name(bots.iter().map(|bot| &bot.closes)),
            failed_connects: sum(|bot| bot.failed_connects),
            first_close: bots.iter().find_map(|bot| bot.first_close.clone()),
            outage_ms: tally.outage.percentiles(MICROS_PER_MS),
            lost_at: lost_at(bots),
            decoders,
            stalls: sum(|bot| bot.stalls),
            stall_recovery_ms: tally.stall_recovery.percentiles(MICROS_PER_MS),
            bandwidth: None,
            seconds: Vec::new(),
        }
    }

    /// Why the run failed; empty if it did not. Corrections never fail one.
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        let first = self.first_close.as_ref();
        let first = first.map_or_else(String::new, |first| format!(", the first close: {first}"));
        if self.connected < self.bots {
            failures.push(format!(
                "{} of {} bots connected{first}",
                self.connected, self.bots
            ));
        }
        if self.disconnects > 0 {
            failures.push(format!("{} disconnects{first}", self.disconnects));
        }
        if self.hash_mismatches > 0 {
            failures.push(format!("{} hash mismatches", self.hash_mismatches));
        }
        if self.prediction_errors > 0 {
            let first = self
                .first_prediction_error
                .as_deref()
                .unwrap_or("not known");
            let count = self.prediction_errors;
            failures.push(format!("{count} prediction errors, the first: {first}"));
        }
        let blames: BTreeMap<_, _> = BLAMES
            .iter()
            .filter_map(|reason| self.closes.get_key_value(reason.slug()))
            .map(|(slug, &count)| (slug.clone(), count))
            .collect();
        if !blames.is_empty() {
            failures.push(format!("the server blamed bots: {}", listed(&blames)));
        }
        if self.rate_unmeasured > 0 {
            failures.push(format!(
                "no match ran for {} of {} bots, so there was no rate to hold",
                self.rate_unmeasured, self.bots
            ));
        }
        if self.rate_not_held > self.rate_unmeasured {
            failures.push(format!(
                "the rate was not held for {} of {} bots: {} % came for the worst, {} frames came \
                 more than a second late",
                self.rate_not_held - self.rate_unmeasured,
                self.bots,
                self.rate_worst_percent,
                self.frames_late
            ));
        }
        failures
    }

    fn on_the_wire(&self) -> String {
        let (down, up) = (
            self.wire_down_per_client_per_second,
            self.wire_up_per_client_per_second,
        );
        format!("{down} down, {up} up")
    }

    /// The report for people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED);
        for (name, value) in self.rows() {
            table.add_row([name, value]);
        }
        table.to_string()
    }

    /// The lines of the report for people: name and value.
    pub fn rows(&self) -> Vec<(String, String)> {
        let percentiles =
            |p: &Percentiles| format!("p50 {}  p90 {}  p99 {}  max {}", p.p50, p.p90, p.p99, p.max);
        let Verdicts {
            applied,
            repeated,
            merged,
            dropped,
        } = self.verdicts;
        let mut rows = Vec::new();
        let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
        row("connected", format!("{} of {}", self.connected, self.bots));
        row("disconnects", self.disconnects.to_string());
        row("resumed", self.resumed.to_string());
        row("hash mismatches", self.hash_mismatches.to_string());
        row("streams asked anew", self.resyncs.to_string());
        if self.chat != Chat::default() {
            let Chat {
                said,
                refused,
                heard,
            } = self.chat;
            row(
                "lines of chat",
                format!("{said} said, {refused} refused, {heard} heard"),
            );
        }
        row("prediction errors", self.prediction_errors.to_string());
        row("corrections", listed(&self.corrections));
        row("rate held", format!("{} %", self.rate_held_percent));
        row("bytes per snapshot", self.bytes_per_snapshot.to_string());
        row(
            "bytes per client and second",
            self.bytes_per_client_per_second.to_string(),
        );
        row("with all around it", self.on_the_wire());
        row(
            "messages per client and second",
            self.messages_per_client_per_second.to_string(),
        );
        row(
            "sent per client and second",
            format!(
                "{} messages, {} input frames",
                self.messages_sent_per_client_per_second, self.input_frames_per_client_per_second
            ),
        );
        row(
            "input to visible, ms",
            percentiles(&self.input_to_visible_ms),
        );
        row("input lead, ticks", percentiles(&self.input_lead));
        row(
            "inputs",
            format!("applied {applied}, repeated {repeated}, merged {merged}, dropped {dropped}"),
        );
        row("closes", listed(&self.closes));
        row("failed connects", self.failed_connects.to_string());
        if self.resumed > 0 {
            row("lost to resumed, ms", percentiles(&self.outage_ms));
        }
        row("decoders", self.decoders.to_string());
        if self.stalls > 0 {
            row("stalls", self.stalls.to_string());
            row("stall to present, ms", percentiles(&self.stall_recovery_ms));
        }
        let sampled = |bandwidth: &&Bandwidth| bandwidth.snapshots_sampled > 0;
        if let Some(bandwidth) = self.bandwidth.as_ref().filter(sampled) {
            row("dearest in a snapshot, bits", bandwidth.dearest());
        }
        rows
    }
}

/// To two places.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Of each room, what any bot had seen of it at the most.
fn lost_at(bots: &[Counts]) -> BTreeMap<u32, Seen> {
    let mut rooms: BTreeMap<u32, Seen> = BTreeMap::new();
    for (room, seen) in bots.iter().filter_map(|bot| bot.lost_at) {
        let most = rooms.entry(room.0).or_default();
        *most = seen.max(*most);
    }
    rooms
}

fn by_name<'a>(
    counts: impl Iterator<Item = &'a BTreeMap<&'static str, u64>>,
) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (&name, count) in counts.flatten() {
        *all.entry(name.to_owned()).or_default() += count;
    }
    all
}

fn listed(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let entries: Vec<_> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    entries.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot() -> Counts {
        Counts {
            connected: true,
            corrections: BTreeMap::from([("hit", 2)]),
            verdicts: [900, 1, 2, 3],
            closes: BTreeMap::from([("left", 1)]),
            rate: RateResult {
                due: 300,
                covered: 300,
                late: 0,
                micros: 10_000_000,
            },
            traffic: Traffic {
                messages_sent: 70,
                input_frames: 20,
                messages: 310,
                bytes: 40_000,
                frame_bytes: 30_000,
                snapshots: 300,
            },
            ..Counts::default()
        }
    }

    fn report(bots: &[Counts]) -> Report {
        let config = SwarmConfig {
            bots: u32::try_from(bots.len()).unwrap(),
            ..SwarmConfig::new("ws://127.0.0.1:7777/play")
        };
        Report::new(&config, bots, &Tally::default(), 1)
    }

    #[test]
    fn a_good_run_has_no_failures() {
        let report = report(&[bot(), bot()]);
        assert_eq!(report.failures(), Vec::<String>::new());
        assert_eq!(report.corrections["hit"], 4);
        let numbers = [
            (report.bytes_per_snapshot, 100.0),
            (report.bytes_per_client_per_second, 4000.0),
            (report.messages_per_client_per_second, 31.0),
            (report.messages_sent_per_client_per_second, 7.0),
            (report.input_frames_per_client_per_second, 2.0),
            (report.rate_held_percent, 100.0),
        ];
        for (number, expected) in numbers {
            assert!((number - expected).abs() < 1e-9, "{report:?}");
        }
        assert!(report.table().contains("hit 4"));
    }

    #[test]
    fn each_defect_fails_a_run_with_its_reason() {
        type Spoil = fn(&mut Counts);
        let cases: [(Spoil, &str); 7] = [
            (|bot| bot.connected = false, "1 of 2 bots connected"),
            (
                |bot| {
                    bot.disconnects = 1;
                    bot.first_close = Some("lost (gone)".to_owned());
                },
                "1 disconnects, the first close: lost (gone)",
            ),
            (|bot| bot.hash_mismatches = 3, "3 hash mismatches"),
            (
                |bot| bot.prediction_errors = 1,
                "1 prediction errors, the first: not known",
            ),
            (
                |bot| bot.rate.covered = 290,
                "the rate was not held for 1 of 2 bots: 96.67 %",
            ),
            (
                |bot| bot.closes = BTreeMap::from([("malformed", 1), ("too_slow", 1)]),
                "the server blamed bots: malformed 1",
            ),
            (
                |bot| {
                    bot.rate = RateResult::default();
                    bot.unmeasured = true;
                },
                "no match ran for 1 of 2 bots",
            ),
        ];
        for (spoil, reason) in cases {
            let mut bad = bot();
            spoil(&mut bad);
            let failures = report(&[bot(), bad]).failures();
            assert_eq!(failures.len(), 1, "{failures:?}");
            assert!(failures[0].starts_with(reason), "{failures:?}");
        }
    }

    #[test]
    fn every_blame_of_the_server_fails_a_run() {
        for reason in BLAMES {
            let mut bad = bot();
            bad.resumed = 1;
            bad.closes = BTreeMap::from([(reason.slug(), 2)]);
            let failures = report(&[bad]).failures();
            let expected = format!("the server blamed bots: {reason} 2");
            assert_eq!(failures, [expected]);
        }
    }

    #[test]
    fn a_run_without_a_match_holds_no_rate() {
        let mut idle = bot();
        idle.rate = RateResult::default();
        idle.unmeasured = true;
        let report = report(&[idle]);
        assert!(report.rate_held_percent.abs() < 1e-9);
        assert_eq!((report.rate_not_held, report.rate_unmeasured), (1, 1));
        assert_eq!(report.failures().len(), 1, "{:?}", report.failures());
    }

    #[test]
    fn the_names_in_the_json_stay() {
        let json = serde_json::to_value(report(&[bot()])).unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        for name in [
            "connected",
            "disconnects",
            "resumed",
            "hash_mismatches",
            "resyncs",
            "chat",
            "prediction_errors",
            "corrections",
            "rate_held_percent",
            "rate_unmeasured",
            "failed_connects",
            "bytes_per_snapshot",
            "bytes_per_client_per_second",
            "wire_down_per_client_per_second",
            "wire_up_per_client_per_second",
            "messages_per_client_per_second",
            "messages_sent_per_client_per_second",
            "input_frames_per_client_per_second",
            "input_to_visible_ms",
            "input_lead",
            "verdicts",
            "closes",
            "decoders",
        ] {
            assert!(
                names.iter().any(|known| known == name),
                "{name} is not in {names:?}"
            );
        }
        for percentile in ["p50", "p90", "p99", "max"] {
            assert!(json["input_to_visible_ms"][percentile].is_number());
        }
    }
}
