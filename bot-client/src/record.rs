//! What one bot saw and what became of it.

use std::collections::BTreeMap;

use serde::Serialize;
use syncline_client_core::event::{Closed, Ending, FrameReport, Joined};
use syncline_client_core::prediction::Comparison;
use syncline_shared::close::Then;
use syncline_shared::id::RoomId;
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::rate_meter::{RateMeter, RateResult, WARM_UP_MICROS};
use crate::tally::Tally;

/// By how many ticks a frame may be older than usual and still be the present.
const PRESENT_TICKS: u64 = 1;

/// For how long a bot may be in rooms without anything being due to it, in microseconds: beyond, no
/// match ran for it.
const IDLE_MICROS_MAX: u64 = WARM_UP_MICROS + 3_000_000;

/// What is counted for one bot.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) connected: bool,
    pub(crate) disconnects: u64,
    pub(crate) resumed: u64,
    pub(crate) hash_mismatches: u64,
    pub(crate) resyncs: u64,
    pub(crate) chat: Chat,
    pub(crate) prediction_errors: u64,
    /// What the first of them was.
    pub(crate) first_prediction_error: Option<String>,
    pub(crate) corrections: BTreeMap<&'static str, u64>,
    /// By the code of the input status.
    pub(crate) verdicts: [u64; 4],
    pub(crate) closes: BTreeMap<&'static str, u64>,
    pub(crate) failed_connects: u64,
    /// What the first end that was not asked for said.
    pub(crate) first_close: Option<String>,
    pub(crate) stalls: u64,
    pub(crate) rate: RateResult,
    /// Whether nothing was ever due though the bot was there for long.
    pub(crate) unmeasured: bool,
    /// While the rate was measured.
    pub(crate) traffic: Traffic,
    /// What the bot had seen when its connection was lost the last time.
    pub(crate) lost_at: Option<(RoomId, Seen)>,
}

/// What was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chat {
    /// Lines that were sent.
    pub said: u64,
    /// Of these, refused ones.
    pub refused: u64,
    /// Lines that were heard, one's own among them.
    pub heard: u64,
}

/// How far a match had come in somebody's eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seen {
    /// Its timeline.
    pub incarnation: u32,
    /// The newest tick.
    pub tick: Tick,
}

impl Counts {
    /// How much of what was due came, in percent; none if something should have been due.
    pub(crate) fn rate_percent(&self) -> f64 {
        if self.unmeasured {
            0.0
        } else {
            self.rate.percent()
        }
    }
}

/// What came and went while the rate was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) messages_sent: u64,
    pub(crate) input_frames: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) frame_bytes: u64,
    pub(crate) snapshots: u64,
}

/// The records of one bot in the making.
#[derive(Debug, Default)]
pub(crate) struct Record {
    counts: Counts,
    meter: RateMeter,
    session: Session,
    /// Whether there is a connection, whatever has become of the session.
    open: bool,
    /// Since when the bot is in a room and awake.
    present: Option<Timestamp>,
    /// For how long it was before, in microseconds.
    present_micros: u64,
    /// How old frames usually are when they come, in microseconds.
    usual_age: Option<u64>,
    /// Since when the bot has been catching up after a stall.
    thawed: Option<Timestamp>,
    /// The room that the bot is in, or was last, and what it has seen there.
    room: Option<RoomId>,
    seen: Seen,
    /// Since when the bot has no connection, though it wants one.
    lost: Option<Timestamp>,
    input_ages: Vec<u64>,
    input_leads: Vec<u64>,
    recoveries: Vec<u64>,
    outages: Vec<u64>,
}

/// Where the bot's session is, to tell a disconnect from a resume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Session {
    /// There is none.
    #[default]
    None,
    /// It is connected.
    Attached,
    /// Its connection is lost, and it may get its seat back.
    Lost,
}

impl Record {
    /// A message came.
    pub(crate) fn message(&mut self, bytes: usize) {
        if self.meter.is_open() {
            self.counts.traffic.messages += 1;
            self.counts.traffic.bytes += bytes as u64;
        }
    }

    /// A message goes out, with so many input frames.
    pub(crate) fn sent(&mut self, input_frames: u64) {
        if self.meter.is_open() {
            self.counts.traffic.messages_sent += 1;
            self.counts.traffic.input_frames += input_frames;
        }
    }

    /// A connection is open.
    pub(crate) fn opened(&mut self) {
        self.open = true;
    }

    /// The bot is in a room.
    pub(crate) fn welcome(&mut self, now: Timestamp, joined: &Joined) {
        self.counts.connected = true;
        self.present = Some(now);
        self.room = Some(joined.room);
        let lost = self.lost.take();
        if joined.resumed {
            self.counts.resumed += 1;
            self.outages.extend(lost.map(|lost| now.since(lost)));
        } else if self.session != Session::None {
            self.counts.disconnects += 1;
        }
        self.session = Session::Attached;
    }

    /// A match runs, in this timeline.
    pub(crate) fn match_began(
        &mut self,
        now: Timestamp,
        incarnation: u32,
        rate: TickRate,
        interval: u8,
    ) {
        self.seen = Seen {
            incarnation,
            tick: Tick::ZERO,
        };
        self.meter.joined(now, rate, interval);
        self.thawed = None;
    }

    /// No match runs any more.
    pub(crate) fn match_ended(&mut self, now: Timestamp) {
        self.meter.ended(now);
    }

    /// A frame came. `lead` is in hundredths of a tick.
    pub(crate) fn frame(
        &mut self,
        now: Timestamp,
        report: &FrameReport,
        lead: u64,
        period: u64,
        tally: &Tally,
    ) {
        self.seen.tick = self.seen.tick.max(report.tick);
        let counts = &mut self.counts;
        counts.hash_mismatches += u64::from(report.mismatches);
        for (count, new) in counts.verdicts.iter_mut().zip(report.statuses) {
            *count += u64::from(new);
        }
        match &report.prediction {
            Comparison::Unpredicted | Comparison::Agreed => {}
            Comparison::Corrected(cause) => {
                *counts.corrections.entry(cause).or_default() += 1;
            }
            Comparison::Error(what) => {
                counts.prediction_errors += 1;
                counts
                    .first_prediction_error
                    .get_or_insert_with(|| what.clone());
            }
        }
        if self.meter.is_open() {
            counts.traffic.frame_bytes += report.bytes as u64;
            counts.traffic.snapshots += u64::from(report.snapshots);
        }
        self.meter
            .frame(now, report.snapshots, report.age.unwrap_or(0));
        if let Some(age) = report.age {
            self.recovered(now, age, period);
        }
        self.input_ages.extend_from_slice(&report.input_ages);
        self.input_leads.push(lead);
        tally.input_to_visible.add_if_many(&mut self.input_ages);
        tally.input_lead.add_if_many(&mut self.input_leads);
    }

    /// What the bot says and hears.
    pub(crate) fn chat(&mut self) -> &mut Chat {
        &mut self.counts.chat
    }

    /// A stream went astray, and the server was asked for it.
    pub(crate) fn resync(&mut self) {
        self.counts.resyncs += 1;
    }

    /// Notes the first frame of the present after a stall, and else what age is usual.
    fn recovered(&mut self, now: Timestamp, age: u64, period: u64) {
        let Some(usual) = self.usual_age else {
            self.usual_age = Some(age);
            return;
        };
        match self.thawed {
            Some(since) if age <= usual + PRESENT_TICKS * period => {
                self.recoveries.push(now.since(since));
                self.thawed = None;
            }
            Some(_) => {}
            None => self.usual_age = Some((usual * 15 + age) / 16),
        }
    }

    /// The bot freezes.
    pub(crate) fn frozen(&mut self, now: Timestamp) {
        self.counts.stalls += 1;
        self.thawed = None;
        self.meter.close(now);
        self.absent(now);
    }

    /// It goes on.
    pub(crate) fn thawed(&mut self, now: Timestamp) {
        self.meter.thawed(now);
        self.present = (self.session == Session::Attached).then_some(now);
        // Without knowing what is usual there is nothing to compare with.
        self.thawed = self.usual_age.map(|_| now);
    }

    /// The bot is no longer in a room and awake.
    fn absent(&mut self, now: Timestamp) {
        let since = self.present.take();
        self.present_micros += since.map_or(0, |since| now.since(since));
    }

    /// A connection ended, or the attempt at one; `asked` if the bot wanted it.
    pub(crate) fn closed(&mut self, now: Timestamp, closed: &Closed, asked: bool) {
        if core::mem::take(&mut self.open) {
            *self.counts.closes.entry(closed.ending.slug()).or_default() += 1;
        } else if !asked {
            self.counts.failed_connects += 1;
        }
        if let Ending::Unreadable(_) = closed.ending {
            self.counts.hash_mismatches += 1;
        }
        self.meter.ended(now);
        self.absent(now);
        if !asked {
            self.counts.first_close.get_or_insert_with(|| said(closed));
        }
        if self.session == Session::None {
            return;
        }
        if self.session == Session::Attached && !asked {
            self.lost = Some(now);
            self.counts.lost_at = self.room.map(|room| (room, self.seen));
        }
        self.session = match closed.then {
            _ if asked => Session::None,
            Then::Resume | Then::Retry(_) => Session::Lost,
            Then::Never | Then::Rejoin => {
                self.counts.disconnects += 1;
                Session::None
            }
        };
    }

    /// The bot is about to leave: what comes from now on doesn't count. `plays` says that there
    /// should have been a match.
    pub(crate) fn leaving(&mut self, now: Timestamp, plays: bool) {
        self.counts.rate = self.meter.finish(now);
        self.absent(now);
        let nothing_due = self.counts.rate.due == 0 && self.present_micros > IDLE_MICROS_MAX;
        self.counts.unmeasured = nothing_due && plays;
        if self.session == Session::Lost {
            self.counts.disconnects += 1;
            self.session = Session::None;
        }
    }

    /// What was counted.
    pub(crate) fn finish(mut self, tally: &Tally) -> Counts {
        tally.input_to_visible.add(&mut self.input_ages);
        tally.input_lead.add(&mut self.input_leads);
        tally.stall_recovery.add(&mut self.recoveries);
        tally.outage.add(&mut self.outages);
        self.counts
    }
}

/// What an end says, with its reason named once.
fn said(closed: &Closed) -> String {
    let (slug, detail) = (closed.ending.slug(), closed.detail.as_str());
    // A server's text begins with the reason already.
    if detail.starts_with(slug) {
        detail.to_owned()
    } else if detail.is_empty() {
        slug.to_owned()
    } else {
        format!("{slug} ({detail})")
    }
}

#[cfg(test)]
mod tests;
