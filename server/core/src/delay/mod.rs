//! What a room's spectators are told, held back: a line of all that happens to them, in order.
//!
//! Holds chunks by reference and the common stream's state once a second, from which joins come, so
//! that nothing is encoded a second time. Never sees a stream of a player's own. Doesn't know members.
//!
//! ```text
//!   room ──► line: what is not old enough ──► view, and each delayed spectator
//!                                        └──► tail: the newest state that is, and each snapshot since
//! ```

mod view;

use std::collections::VecDeque;
use std::sync::Arc;

use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::message::control::{PhaseInfo, RoomUpdate};
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::chat::{ChatLog, Said};
use crate::replication::{SharedBytes, Source};
use crate::waiting::SnapshotTick;

use view::View;

pub(crate) use view::MatchClock;

/// What the line and the tail of a room may take, in bytes. With more the delay becomes shorter.
pub(crate) const BYTES_MAX: usize = 4 * 1024 * 1024;

/// How often a state is kept, in microseconds of ticks.
const KEEP_MICROS: u64 = 1_000_000;

/// By how many entries the line grows.
const GROWTH: usize = 1024;

/// What an allocation takes beside its bytes.
const ALLOCATION_BYTES: usize = 32;

/// Something that happens to those who watch.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The room comes into this phase, and its match has this clock, if one runs.
    Phase(Box<PhaseInfo>, Option<MatchClock>),
    /// The clock of the match was moved.
    Clock(MatchClock),
    /// A snapshot, and what was told with it.
    Snapshot(Moment, Option<Box<Told>>),
    /// Something else was told.
    Told(Box<Told>),
}

/// What was told beside frames.
#[derive(Debug)]
pub(crate) struct Told {
    /// A change of the room's state.
    change: Option<Change>,
    /// What was said to everybody.
    said: Vec<Said>,
}

/// A change of the room's state, and the section that tells it.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) update: RoomUpdate,
    pub(crate) section: Vec<u8>,
}

/// One snapshot of the common stream.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) snapshot: SnapshotTick,
    /// What changed, unless all went as predicted.
    pub(crate) chunk: Option<SharedBytes>,
    /// The state after it, of those that are kept.
    pub(crate) state: Option<SharedBytes>,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    what: Happening,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Delay {
    /// How long everything is to be held back, in microseconds.
    micros: u64,
    /// How long it is: less, once the line was full.
    lag: u64,
    line: VecDeque<Entry>,
    tail: VecDeque<Moment>,
    /// What both of them take.
    bytes: usize,
    /// When the newest entry happened.
    newest: Timestamp,
    /// The last tick of the match whose state was kept.
    kept: Option<Tick>,
    /// The clock of the match, as the line knows it.
    clock: Option<MatchClock>,
    /// Whether the newest entry is a snapshot with which something may still be told.
    open: bool,
    pub(crate) view: View,
    /// What was said, and told to nobody yet.
    said: Vec<Said>,
    /// What those who watch have heard.
    pub(crate) heard: ChatLog,
    /// When the room tells next between matches, as spectators see it.
    pub(crate) next_flush: Timestamp,
}

impl Delay {
    /// An empty line that holds back for `micros` microseconds, in a room that begins like this.
    pub(crate) fn new(micros: u64, phase: PhaseInfo) -> Self {
        Self {
            micros,
            lag: micros,
            line: VecDeque::new(),
            tail: VecDeque::new(),
            bytes: 0,
            newest: Timestamp::ZERO,
            kept: None,
            clock: None,
            open: false,
            view: View::new(phase),
            said: Vec::new(),
            heard: ChatLog::new(0),
            next_flush: Timestamp::ZERO,
        }
    }

    /// How long everything is held back, in microseconds: less than was asked for, for the rest of a
    /// match in which the line was full.
    pub(crate) fn lag(&self) -> u64 {
        self.lag
    }

    /// What is held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The moment that spectators see at `now`.
    pub(crate) fn seen(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_sub(self.lag))
    }

    /// The room is in another phase, with this clock if a match runs.
    pub(crate) fn note_phase(
        &mut self,
        at: Timestamp,
        phase: PhaseInfo,
        clock: Option<MatchClock>,
    ) {
        (self.kept, self.clock) = (None, clock);
        self.push(at, Happening::Phase(Box::new(phase), clock));
    }

    /// The running match has this clock, if that is news.
    pub(crate) fn note_clock(&mut self, at: Timestamp, clock: MatchClock) {
        if self.clock != Some(clock) {
            self.clock = Some(clock);
            self.push(at, Happening::Clock(clock));
        }
    }

    /// Whether the state after `tick` is to be kept: the match's first, and one a second.
    pub(crate) fn wants_state(&self, tick: Tick, rate: TickRate) -> bool {
        let old = |kept: Tick| tick.since(kept) >= rate.ticks_covering(KEEP_MICROS);
        self.kept.is_none_or(old)
    }

    /// A snapshot was encoded.
    pub(crate) fn note_snapshot(&mut self, at: Timestamp, moment: Moment) {
        if moment.state.is_some() {
            self.kept = Some(moment.snapshot.tick);
        }
        self.push(at, Happening::Snapshot(moment, None));
        self.open = true;
    }

    /// Something is said, and told with the next change of the room's state, if one comes. What is
    /// whispered is for players.
    pub(crate) fn note_said(&mut self, said: Said) {
        if said.is_public() {
            self.said.push(said);
        }
    }

    /// Whether something was said that nobody was told.
    pub(crate) fn has_said(&self) -> bool {
        !self.said.is_empty()
    }

    /// Everybody was sent what there was to send, with this change of the room's state.
    pub(crate) fn note_told(&mut self, at: Timestamp, change: Option<Change>) {
        let said = core::mem::take(&mut self.said);
        let told = change.is_some() || !said.is_empty();
        let told = told.then(|| Box::new(Told { change, said }));
        if !core::mem::take(&mut self.open) {
            if let Some(told) = told {
                self.push(at, Happening::Told(told));
            }
        } else if let Some(Entry { what, .. }) = self.line.back_mut()
            && let Happening::Snapshot(_, place) = what
        {
            self.bytes += told.as_deref().map_or(0, Told::bytes);
            *place = told;
        }
    }

    fn push(&mut self, at: Timestamp, what: Happening) {
        self.open = false;
        self.newest = self.newest.max(at);
        self.bytes += what.bytes();
        if self.line.len() == self.line.capacity() {
            self.line.reserve_exact(GROWTH);
        }
        let at = self.newest;
        self.line.push_back(Entry { at, what });
    }

    /// When the next thing is old enough.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let front = self.line.front()?;
        Some(front.at.plus_micros(self.held_back(&front.what)))
    }

    /// How long something is held back. What was cut short stays so until the next match.
    fn held_back(&self, what: &Happening) -> u64 {
        match what {
            Happening::Phase(phase, _) if matches!(**phase, PhaseInfo::Running { .. }) => {
                self.micros
            }
            _ => self.lag,
        }
    }

    /// The next thing that is old enough at `now`, or has to go for want of room, and whether that is
    /// why. The view and the tail are as of it.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Happening, bool)> {
        let full = self.bytes > BYTES_MAX;
        let Some(front) = self.line.front() else {
            if full {
                // Not even what is past has room: whoever comes joins when the next state does.
                self.forget_tail();
            }
            return None;
        };
        let held_back = self.held_back(&front.what);
        let early = now < front.at.plus_micros(held_back);
        if early && !full {
            return None;
        }
        self.lag = if early {
            now.since(front.at)
        } else {
            held_back
        };
        let Entry { at, what } = self.line.pop_front()?;
        self.bytes -= what.bytes();
        match &what {
            Happening::Phase(phase, clock) => {
                self.forget_tail();
                self.view.enter(at, phase, *clock);
            }
            Happening::Clock(clock) => self.view.set_clock(*clock),
            Happening::Snapshot(moment, told) => {
                self.view.reach(moment.snapshot.tick);
                self.remember(moment.clone());
                if let Some(told) = told {
                    self.hear(at, told);
                }
            }
            Happening::Told(told) => self.hear(at, told),
        }
        Some((what, early))
    }

    fn hear(&mut self, at: Timestamp, told: &Told) {
        if let Some(change) = &told.change {
            self.view.hear(at, &change.update);
        }
        told.said
            .iter()
            .for_each(|said| self.heard.push(said.clone()));
    }

    /// A snapshot is past: it leads from the newest state to the present of those who watch.
    fn remember(&mut self, moment: Moment) {
        if moment.state.is_some() {
            self.forget_tail();
        } else if self.tail.is_empty() {
            return;
        }
        self.bytes += moment.bytes();
        self.tail.push_back(moment);
    }

    fn forget_tail(&mut self) {
        let bytes: usize = self.tail.iter().map(Moment::bytes).sum();
        self.bytes -= bytes;
        self.tail.clear();
    }

    /// The newest state that is old enough, and every snapshot since, the last one that came out
    /// included; nothing if there is none.
    pub(crate) fn tail(&self) -> impl Iterator<Item = &Moment> {
        self.tail.iter()
    }
}

impl Source for Moment {
    fn chunk(&self, stream: StreamSlot, _: Option<PlayerId>) -> Option<&SharedBytes> {
        self.chunk.as_ref().filter(|_| stream == StreamSlot::COMMON)
    }

    fn join(&mut self, stream: StreamSlot, _: Option<PlayerId>) -> Option<SharedBytes> {
        let state = self.state.as_ref();
        state
            .filter(|_| stream == StreamSlot::COMMON)
            .map(Arc::clone)
    }

    fn has_states(&self) -> bool {
        self.state.is_some()
    }
}

impl Moment {
    fn bytes(&self) -> usize {
        let held = [&self.chunk, &self.state].into_iter().flatten();
        let held: usize = held.map(|bytes| bytes.len() + ALLOCATION_BYTES).sum();
        held + size_of::<Entry>()
    }
}

impl Told {
    /// The section of what changed.
    pub(crate) fn section(&self) -> Option<&[u8]> {
        let change = self.change.as_ref();
        change.map(|change| &change.section[..])
    }

    /// The section, and about as much again, or twice, for what it says; and what was said.
    fn bytes(&self) -> usize {
        let section = self.section().map_or(0, <[u8]>::len);
        let said = self
            .said
            .iter()
            .map(|said| size_of::<Said>() + said.bytes());
        ALLOCATION_BYTES + size_of::<Self>() + 3 * section + said.sum::<usize>()
    }
}

impl Happening {
    fn bytes(&self) -> usize {
        match self {
            Self::Phase(phase, _) => {
                let result = match &**phase {
                    PhaseInfo::Ended { outcome, .. } => {
                        size_of_val(&*outcome.winners) + size_of_val(&*outcome.scores)
                    }
                    _ => 0,
                };
                result + size_of::<Entry>() + size_of::<PhaseInfo>() + ALLOCATION_BYTES
            }
            Self::Clock(_) => size_of::<Entry>(),
            Self::Snapshot(moment, told) => moment.bytes() + told.as_deref().map_or(0, Told::bytes),
            Self::Told(told) => size_of::<Entry>() + told.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: TickRate = TickRate::hz(30);
    const DELAY: u64 = 10_000_000;

    fn running() -> PhaseInfo {
        PhaseInfo::Running {
            incarnation: 1,
            tick: Tick::ZERO,
        }
    }

    fn clock(at: Timestamp) -> MatchClock {
        MatchClock { at, time: 0 }
    }

    fn delay() -> Delay {
        Delay::new(DELAY, PhaseInfo::waiting(1))
    }

    /// Notes the snapshot of a tick at a time of a match that began at `start`.
    fn snapshot(delay: &mut Delay, start: Timestamp, tick: u32, bytes: usize, state: usize) {
        let tick = Tick(tick);
        let wanted = delay.wants_state(tick, RATE);
        let snapshot = SnapshotTick {
            tick,
            span: 1,
            events: 0,
            loud: false,
        };
        let moment = Moment {
            snapshot,
            chunk: Some(vec![0; bytes].into()),
            state: wanted.then(|| vec![0; state].into()),
        };
        delay.note_snapshot(start.plus_micros(RATE.due(tick).0), moment);
        delay.note_told(start, None);
    }

    /// Takes everything out that has to go; how many snapshots went too early.
    fn take_all(delay: &mut Delay, now: Timestamp) -> usize {
        core::iter::from_fn(|| delay.take_due(now))
            .filter(|(_, early)| *early)
            .count()
    }

    #[test]
    fn what_happens_comes_out_in_order_and_no_sooner() {
        let mut delay = delay();
        delay.note_phase(Timestamp(5), running(), Some(clock(Timestamp(5))));
        snapshot(&mut delay, Timestamp(5), 1, 10, 10);
        assert_eq!(delay.next_due(), Some(Timestamp(DELAY + 5)));
        assert!(delay.take_due(Timestamp(DELAY + 4)).is_none());
        assert!(matches!(
            delay.take_due(Timestamp(DELAY + 5)),
            Some((Happening::Phase(..), false))
        ));
        assert_eq!(delay.view.running(), Some(1));
        assert!(delay.take_due(Timestamp(DELAY + 5)).is_none());
        let now = Timestamp(2 * DELAY);
        assert!(matches!(
            delay.take_due(now),
            Some((Happening::Snapshot(..), false))
        ));
        assert_eq!((delay.tail().count(), delay.lag()), (1, DELAY));
        delay.note_phase(now, PhaseInfo::waiting(1), None);
        assert_eq!(take_all(&mut delay, Timestamp(3 * DELAY)), 0);
        assert_eq!((delay.tail().count(), delay.bytes()), (0, 0));
    }

    #[test]
    fn a_state_is_kept_at_first_and_each_second() {
        let mut delay = delay();
        for start in [Timestamp(0), Timestamp(DELAY)] {
            delay.note_phase(start, running(), Some(clock(start)));
            for tick in 2..=92 {
                let wanted = delay.wants_state(Tick(tick), RATE);
                assert_eq!(wanted, tick % 30 == 2, "{tick}");
                snapshot(&mut delay, start, tick, 0, 0);
            }
        }
    }

    #[test]
    fn a_delay_that_was_cut_short_stays_so_until_the_next_match() {
        let mut delay = delay();
        delay.note_phase(Timestamp::ZERO, running(), Some(clock(Timestamp::ZERO)));
        let mut early = 0;
        for tick in 1..=600 {
            snapshot(&mut delay, Timestamp::ZERO, tick, 20_000, 100_000);
            early += take_all(&mut delay, RATE.due(Tick(tick)));
            assert!(delay.bytes() <= BYTES_MAX);
        }
        // What was early at first is in time after that.
        assert!((10..200).contains(&early), "{early}");
        let short = delay.lag();
        assert!((4_000_000..8_000_000).contains(&short), "{short}");
        for tick in 601..=1200 {
            snapshot(&mut delay, Timestamp::ZERO, tick, 100, 100);
            assert_eq!(take_all(&mut delay, RATE.due(Tick(tick))), 0);
            assert_eq!(delay.lag(), short);
        }
        let end = RATE.due(Tick(1200));
        let begin = end.plus_micros(1_000_000);
        delay.note_phase(end, PhaseInfo::waiting(0), None);
        delay.note_phase(begin, running(), Some(clock(begin)));
        take_all(&mut delay, end.plus_micros(short));
        assert_eq!(delay.view.running(), None);
        assert_eq!(delay.next_due(), Some(begin.plus_micros(DELAY)));
        take_all(&mut delay, begin.plus_micros(DELAY));
        assert_eq!((delay.view.running(), delay.lag()), (Some(1), DELAY));
    }

    #[test]
    fn a_state_without_room_is_told_and_forgotten() {
        let mut delay = delay();
        delay.note_phase(Timestamp::ZERO, running(), Some(clock(Timestamp::ZERO)));
        snapshot(&mut delay, Timestamp::ZERO, 1, 10, BYTES_MAX);
        let now = RATE.due(Tick(1));
        assert!(delay.take_due(now).is_some());
        assert!(delay.take_due(now).is_some());
        assert_eq!(delay.tail().count(), 1, "to join from, now");
        assert!(delay.take_due(now).is_none());
        assert_eq!((delay.tail().count(), delay.bytes()), (0, 0));
        assert_eq!(delay.lag(), 0);
    }
}
