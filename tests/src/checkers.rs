//! What has to hold in every simulated match, whatever goes wrong in it.
//!
//! Each checker watches alone and collects complaints; none causes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_client_core::client::Client;
use syncline_client_core::event::{ClientEvent, Ending, FrameReport};
use syncline_client_core::playing::Playing;
use syncline_client_core::prediction::Comparison;
use syncline_server_core::replay::{Replay, pack, restore};
use syncline_server_core::{GameKind, Room, RoomOutput};
use syncline_shared::close::{CloseReason, Then};
use syncline_shared::hash::WordHash;
use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::journal::{JournalReader, JournalWriter, Record};
use syncline_shared::limits::{ACK_MICROS_MAX, SILENCE_MICROS_MAX};
use syncline_shared::message::control::PhaseInfo;
use syncline_shared::predict::Predict;
use syncline_shared::snapshot::Frame;
use syncline_shared::tick::{Tick, Timestamp};

use crate::corruption::{Excuse, Excuses};
use crate::network::Path;
use crate::world::{Observed, Observer, Peer, interval_max};

/// Ticks that a client may be behind when all is calm, beyond its way from the server and the longest
/// silence: two snapshots three ticks apart.
const BEHIND_TICKS_MAX: u32 = 6;

/// How finely virtual time is cut, twice over: once for each end.
const GRAIN_MICROS: u64 = 4_000;

/// A complaint: when, and about what.
pub type Complaint = (Timestamp, String);

/// After each tick every client's decoded world equals the server's view, bit for bit.
#[derive(Debug, Default)]
pub struct Worlds {
    /// What the server showed, by timeline and tick.
    shown: BTreeMap<(u32, Tick), Shown>,
    /// The last tick of a timeline, whose frame the room has let go of by the time it is asked.
    last: BTreeMap<u32, Tick>,
    excuses: Excuses,
    /// Frames that were compared.
    pub compared: u64,
    /// Times that a client's stream was wrong and bits flipped lately explain it.
    pub excused: u64,
    /// Those for which the hash that should have told must have agreed by chance.
    pub late: u64,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

#[derive(Debug)]
struct Shown {
    common: Frame,
    own: BTreeMap<PlayerId, Frame>,
}

impl Worlds {
    fn remember(&mut self, room: &Room) {
        let Some((tick, common)) = room.common_frame() else {
            let last = self.last.entry(room.incarnation()).or_default();
            *last = room.status().tick.max(*last);
            return;
        };
        let key = (room.incarnation(), tick);
        if self.shown.contains_key(&key) {
            return;
        }
        let players = (0..64).map(PlayerId);
        let own = players.filter_map(|player| Some((player, room.own_frame(player)?.clone())));
        let shown = Shown {
            common: common.clone(),
            own: own.collect(),
        };
        self.shown.insert(key, shown);
        // Nobody is shown what is this old: what waits is dropped long before.
        while self.shown.len() > 1000 {
            self.shown.pop_first();
        }
    }

    fn compare<P: Predict>(
        &mut self,
        now: Timestamp,
        index: usize,
        playing: &Playing<P>,
        report: &FrameReport,
    ) {
        let Some(incarnation) = incarnation(playing).filter(|_| report.whole) else {
            return;
        };
        if self.last.get(&incarnation) == Some(&report.tick) {
            return;
        }
        let key = (incarnation, report.tick);
        let later = self
            .shown
            .range(key..)
            .next()
            .is_some_and(|(&(other, _), _)| other == incarnation);
        if later && !self.shown.contains_key(&key) {
            // One of several ticks that a late server ran at once.
            return;
        }
        let Some(shown) = self.shown.get(&key) else {
            let complaint = format!("a client shows tick {}, which never was", report.tick);
            return self.complaints.push((now, complaint));
        };
        let is_astray = [StreamSlot::COMMON, StreamSlot::OWN].map(|slot| playing.is_astray(slot));
        if playing.snapshots().newest() != Some(report.tick) || is_astray.contains(&true) {
            // The same message brought later ticks, and the client shows the last of them.
            return;
        }
        self.compared += 1;
        let own = playing
            .joined()
            .player
            .and_then(|player| shown.own.get(&player));
        let common = *playing.frame(StreamSlot::COMMON) == shown.common;
        let own = own.is_none_or(|own| own == playing.frame(StreamSlot::OWN));
        for (stream, is_right) in [(StreamSlot::COMMON, common), (StreamSlot::OWN, own)] {
            if is_right {
                continue;
            }
            let interval = interval_max(playing);
            let stream = Some(stream);
            match self
                .excuses
                .of(index, Some(incarnation), stream, report.tick, interval)
            {
                Excuse::Fresh => self.excused += 1,
                Excuse::Late => self.late += 1,
                Excuse::None => {
                    let complaint = format!("client {index}'s world differs at {}", report.tick);
                    self.complaints.push((now, complaint));
                }
            }
        }
    }
}

/// The timeline that a client is in, if a match is shown to it.
fn incarnation<P: Predict>(playing: &Playing<P>) -> Option<u32> {
    match *playing.phase() {
        PhaseInfo::Running { incarnation, .. } | PhaseInfo::Ended { incarnation, .. } => {
            Some(incarnation)
        }
        PhaseInfo::Lobby { .. } | PhaseInfo::Held { .. } => None,
    }
}

/// Whether bits flipped lately explain that something is wrong with a frame.
fn is_excused<P: Predict>(
    excuses: &Excuses,
    index: usize,
    client: &Client<P>,
    report: &FrameReport,
) -> bool {
    let Some(playing) = client.playing() else {
        return false;
    };
    // The same message may have ended the match that the frame is of.
    let (incarnation, interval) = (incarnation(playing), interval_max(playing));
    excuses.of(index, incarnation, None, report.tick, interval) > Excuse::None
}

impl<P: Predict> Observer<P> for Worlds {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Room(room) => self.remember(room),
            Observed::Flipped(flip, _) => self.excuses.add(*flip),
            Observed::Client(index, client, ClientEvent::Frame(report)) => {
                if report.mismatches > 0 && !is_excused(&self.excuses, *index, client, report) {
                    let last = self.excuses.last(*index);
                    let tick = report.tick;
                    let complaint = format!("client {index}: a hash differs at {tick}, {last:?}");
                    self.complaints.push((now, complaint));
                }
                if let Some(playing) = client.playing() {
                    self.compare(now, *index, playing, report);
                }
            }
            _ => {}
        }
    }
}

/// No prediction is wrong without a cause.
#[derive(Debug, Default)]
pub struct Predictions {
    excuses: Excuses,
    /// Predictions that were right.
    pub agreed: u64,
    /// Corrections by cause.
    pub corrections: BTreeMap<&'static str, u64>,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl<P: Predict> Observer<P> for Predictions {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        if let Observed::Flipped(flip, _) = observed {
            self.excuses.add(*flip);
        }
        let Observed::Client(index, client, ClientEvent::Frame(report)) = observed else {
            return;
        };
        match &report.prediction {
            Comparison::Unpredicted => {}
            Comparison::Agreed => self.agreed += 1,
            Comparison::Corrected(cause) => *self.corrections.entry(cause).or_default() += 1,
            // Who sees a wrong world predicts from it.
            Comparison::Error(_) if is_excused(&self.excuses, *index, client, report) => {}
            Comparison::Error(difference) => {
                let complaint = format!("client {index} at {}: {difference}", report.tick);
                self.complaints.push((now, complaint));
            }
        }
    }
}

/// Connections end for no other reasons than those that a scenario can cause.
#[derive(Debug, Default)]
pub struct Endings {
    excuses: Excuses,
    /// Endings by name.
    pub endings: BTreeMap<&'static str, u64>,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl<P: Predict> Observer<P> for Endings {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        if let Observed::Flipped(flip, _) = observed {
            self.excuses.add(*flip);
        }
        let Observed::Client(index, _, ClientEvent::Closed(closed)) = observed else {
            return;
        };
        *self.endings.entry(closed.ending.slug()).or_default() += 1;
        let explained = matches!(
            closed.ending,
            Ending::Lost
                | Ending::Silent
                | Ending::Reason(
                    CloseReason::RoomFull
                        | CloseReason::AlreadyStarted
                        | CloseReason::SessionExpired
                        | CloseReason::Left
                )
        ) || (closed.ending == Ending::Reason(CloseReason::Desynchronised)
            && self.excuses.any(*index));
        if !explained {
            self.complaints
                .push((now, format!("client {index} ended: {closed:?}")));
        }
    }
}

/// Once the faults are over, everybody is at the present.
#[derive(Debug, Default)]
pub struct Presence {
    /// Clients that were told to try again later.
    refused: BTreeSet<usize>,
    /// Clients that were looked at.
    pub current: u64,
    /// Times that a member had no credit.
    pub credit_waits: u64,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl<P: Predict> Observer<P> for Presence {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Client(index, _, ClientEvent::Closed(closed)) => {
                if matches!(closed.then, Then::Retry(_)) {
                    self.refused.insert(*index);
                }
            }
            Observed::Client(index, _, ClientEvent::Welcome(_)) => {
                self.refused.remove(index);
            }
            Observed::Settled(room, peers) => {
                self.credit_waits = room.counters().credit_waits;
                for (index, peer) in peers.iter().enumerate() {
                    if peer.is_here() && !self.refused.contains(&index) {
                        match behind(room, peer) {
                            Ok(()) => self.current += 1,
                            Err(why) => {
                                self.complaints.push((now, format!("client {index} {why}")));
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a client is further behind than its path explains.
fn behind<P: Predict>(room: &Room, peer: &Peer<P>) -> Result<(), String> {
    let Some(playing) = peer.client.playing() else {
        return Err("is not in the room".to_owned());
    };
    let Some((tick, _)) = room.common_frame() else {
        return Ok(());
    };
    let rate = playing.rate();
    let delay = if peer.watches {
        room.status().spectator_delay_micros
    } else {
        0
    };
    let late = peer.path.latency + peer.path.jitter + SILENCE_MICROS_MAX + delay;
    let behind_max = rate.ticks_covering(late) + BEHIND_TICKS_MAX;
    match playing.snapshots().newest() {
        // To those who are behind this match may not have begun.
        _ if delay > 0 && tick.0 <= behind_max => Ok(()),
        Some(newest) if tick.since(newest) <= behind_max => Ok(()),
        newest => Err(format!(
            "is at {newest:?}, the room at {tick}, {:?}",
            playing.phase()
        )),
    }
}

/// Whoever stalled sees the present within a round trip and two snapshot ticks.
#[derive(Debug, Default)]
pub struct Recoveries {
    tick: Tick,
    /// Ticks at which the room had nothing to say to somebody.
    silent: u64,
    /// Since when a client is back, on which path, and after how many silent ticks, until it sees
    /// the present.
    back: BTreeMap<usize, (Timestamp, Path, u64)>,
    /// Ticks in slowed time so far.
    slowed: u64,
    /// Whether those who watch have another present.
    delayed: bool,
    /// Clients whose chunks were changed.
    flipped: BTreeSet<usize>,
    /// Clients that recovered.
    pub recovered: u64,
    /// The longest that it took, in microseconds beyond the round trip.
    pub slowest_micros: u64,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl Recoveries {
    fn frame<P: Predict>(
        &mut self,
        now: Timestamp,
        client: usize,
        playing: &Playing<P>,
        report: &FrameReport,
    ) {
        let (rate, interval) = (playing.rate(), u32::from(interval_max(playing)));
        let Some(&(since, path, silent)) = self.back.get(&client) else {
            return;
        };
        let is_behind = self.delayed && playing.joined().player.is_none();
        if self.flipped.contains(&client) || is_behind {
            self.back.remove(&client);
            return;
        }
        // The present is what the server showed when this frame set out, or one snapshot before.
        let one_way = path.latency + path.jitter;
        if self.tick.since(report.tick) > rate.ticks_covering(one_way) + interval {
            return;
        }
        self.back.remove(&client);
        self.recovered += 1;
        let took = now.since(since).saturating_sub(2 * one_way);
        self.slowest_micros = self.slowest_micros.max(took);
        // Where the present is a silence, it is seen when that ends; and of so few messages the
        // client takes its time to acknowledge the first.
        let silence = if silent < self.silent {
            SILENCE_MICROS_MAX + ACK_MICROS_MAX
        } else {
            0
        };
        if took > rate.due(Tick(2 * interval)).0 + GRAIN_MICROS + silence {
            let complaint = format!("client {client} saw the present {took} us too late");
            self.complaints.push((now, complaint));
        }
    }
}

impl<P: Predict> Observer<P> for Recoveries {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Room(room) => {
                self.silent = room.counters().silent_ticks;
                self.delayed = room.status().spectator_delay_micros > 0;
                if room.counters().slowed_ticks > self.slowed {
                    // While time goes more slowly, the present takes longer.
                    self.slowed = room.counters().slowed_ticks;
                    self.back.clear();
                }
                match room.common_frame() {
                    Some((tick, _)) => self.tick = tick,
                    // Without a match there is no present.
                    None => self.back.clear(),
                }
            }
            // Who went astray sees the present with the next join.
            Observed::Flipped(flip, _) => drop(self.flipped.insert(flip.client)),
            Observed::Struck(client) => drop(self.back.remove(client)),
            Observed::Thawed(client, _) if self.flipped.contains(client) => {}
            Observed::Thawed(client, path) => {
                self.back.insert(*client, (now, *path, self.silent));
            }
            Observed::Client(client, _, ClientEvent::Closed(_)) => {
                self.back.remove(client);
            }
            Observed::Client(index, client, ClientEvent::Frame(report)) => {
                let Some(playing) = client.playing() else {
                    return;
                };
                if report.whole && playing.snapshots().newest() == Some(report.tick) {
                    self.frame(now, *index, playing, report);
                }
            }
            _ => {}
        }
    }
}

/// The match that a journal leads to.
struct Again {
    /// Its hash, by both ways.
    hashes: [u64; 2],
    ticks: usize,
    /// Whether somebody came or went after the last tick: the room has told the match, and the journal
    /// will with the next tick.
    acted: bool,
}

impl Again {
    /// Whether it is the match with this hash.
    fn is(&self, hash: u64) -> bool {
        self.hashes[0] == self.hashes[1] && (self.acted || self.hashes[0] == hash)
    }
}

/// The journal reproduces the match: read from its bytes and run from the start, and restored from
/// its last checkpoint.
pub struct Journals {
    kind: Arc<dyn GameKind>,
    writer: Option<JournalWriter>,
    journal: Vec<u8>,
    /// The last tick that was recorded.
    tick: Tick,
    /// Ticks that were replayed.
    pub replayed: usize,
    /// What was wrong.
    pub complaints: Vec<Complaint>,
}

impl Journals {
    /// A checker of matches of `kind`.
    pub fn new(kind: Arc<dyn GameKind>) -> Self {
        Self {
            kind,
            writer: None,
            journal: Vec::new(),
            tick: Tick::ZERO,
            replayed: 0,
            complaints: Vec::new(),
        }
    }

    fn write(&mut self, record: &Record) {
        if let Record::Tick(tick) = record {
            self.tick = tick.tick;
        }
        if let Some(writer) = &mut self.writer {
            writer.write(record, &mut self.journal);
        }
    }

    /// Runs the journal again, and holds it against the room.
    fn compare(&mut self, now: Timestamp, room: &Room) {
        let Some(hash) = room.state_hash() else {
            return;
        };
        match self.replay() {
            Ok(again) if again.is(hash) => self.replayed = again.ticks,
            Ok(_) => self.complaints.push((now, "the replay differs".to_owned())),
            Err(why) => self
                .complaints
                .push((now, format!("the replay stops: {why}"))),
        }
    }

    /// The match at the end of the journal.
    fn replay(&self) -> Result<Again, String> {
        let open = || JournalReader::open(&self.journal).map_err(|error| error.to_string());
        let header = open()?.header().clone();
        let replay = Replay::start(&*self.kind, &header);
        let mut replay = replay.map_err(|error| error.to_string())?;
        let mut ticks = 0;
        for record in open()? {
            ticks += usize::from(matches!(record, Record::Tick(_)));
            replay
                .apply(&record)
                .map_err(|differs| format!("{differs:?}"))?;
        }
        let restored = restore(&*self.kind, &mut open()?).map_err(|error| error.to_string())?;
        Ok(Again {
            hashes: [replay.game().state_hash(), restored.game.state_hash()],
            ticks,
            acted: !restored.since.is_empty(),
        })
    }
}

impl<P: Predict> Observer<P> for Journals {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        match observed {
            Observed::Output(RoomOutput::JournalBegan(header)) => {
                self.journal.clear();
                self.tick = Tick::ZERO;
                self.writer = JournalWriter::begin(header, &mut self.journal).ok();
            }
            Observed::Output(RoomOutput::Record(record)) => self.write(record),
            Observed::Output(RoomOutput::Checkpoint(tick, state)) => {
                self.write(&Record::Checkpoint(pack(*tick, state)));
            }
            Observed::Restarted(room, journal) => {
                self.journal = journal.to_vec();
                let Ok(mut reader) = JournalReader::open(journal) else {
                    return self.complaints.push((now, "no journal is left".to_owned()));
                };
                reader.by_ref().for_each(drop);
                self.writer = Some(reader.into_writer());
                let lost = self.tick.since(room.status().tick);
                if lost > 2 {
                    self.complaints
                        .push((now, format!("{lost} ticks are lost")));
                }
                self.tick = room.status().tick;
                self.compare(now, room);
            }
            Observed::Settled(room, _) => {
                let Some(writer) = &mut self.writer else {
                    return;
                };
                if self.tick != room.status().tick {
                    // The match has just begun: who joined is in no record yet.
                    return;
                }
                writer.flush(&mut self.journal);
                self.compare(now, room);
            }
            _ => {}
        }
    }
}

/// A digest of every byte that the server sent, to compare two runs.
#[derive(Debug, Default)]
pub struct Digest(WordHash);

impl Digest {
    /// The digest so far.
    pub fn value(&self) -> u32 {
        self.0.value()
    }
}

impl<P: Predict> Observer<P> for Digest {
    fn observe(&mut self, now: Timestamp, observed: &Observed<'_, P>) {
        let Observed::Output(RoomOutput::Send(connection, message)) = observed else {
            return;
        };
        for number in [now.0, connection.0] {
            self.0
                .add(u32::try_from(number & 0xffff_ffff).unwrap_or_default());
        }
        for &byte in message {
            self.0.add(u32::from(byte));
        }
    }
}
