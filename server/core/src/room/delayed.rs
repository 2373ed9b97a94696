//! What a room tells those who watch later: everything that it told others, as long ago as is set.
//!
//! What happens goes into the [`Delay`] when it happens, and to delayed members when it comes out.
//! Nothing of it changes what others are sent.

use syncline_shared::id::StreamSlot;
use syncline_shared::message::control::RoomUpdate;
use syncline_shared::tick::{Tick, Timestamp};

use super::{FLUSH_MICROS, Room};
use crate::delay::{Change, Delay, Happening, MatchClock, Moment};
use crate::event::ConnectionId;
use crate::member::who_are;
use crate::phase::{Phase, Running};
use crate::replication::Source;
use crate::waiting::SnapshotTick;

impl Room {
    /// About how many bytes are held for those who watch, at most 4 MiB after [`Room::advance`].
    pub fn held_back_bytes(&self) -> usize {
        self.delay.as_ref().map_or(0, |delay| delay.bytes())
    }

    /// The room is in another phase.
    pub(super) fn delay_phase(&mut self, now: Timestamp) {
        if self.delay.is_none() {
            return;
        }
        let phase = self.phase_info(now);
        let clock = self.phase.running().map(clock_of);
        if let Some(delay) = &mut self.delay {
            delay.note_phase(now, phase, clock);
        }
    }

    /// The match's clock may have been moved.
    pub(super) fn delay_clock(&mut self, now: Timestamp) {
        if let (Some(delay), Some(running)) = (&mut self.delay, self.phase.running()) {
            delay.note_clock(now, clock_of(running));
        }
    }

    /// The room is one again, from its journal: those who watch need not wait to be told so much.
    pub(super) fn delay_from_here(&mut self, now: Timestamp) {
        let whole = self.whole_state(now);
        if let Some(delay) = &mut self.delay {
            delay.view.hear(now, &whole);
        }
    }

    /// A snapshot was encoded. It counts as told when its tick was due, so that it comes out when
    /// another tick is.
    pub(super) fn delay_snapshot(&mut self, snapshot: SnapshotTick) {
        let (Some(delay), Phase::Running(running)) = (&mut self.delay, &mut self.phase) else {
            return;
        };
        let rate = self.game.tick_rate();
        let at = running.due(rate.due(snapshot.tick).0);
        let replication = &mut running.replication;
        let state = if delay.wants_state(snapshot.tick, rate) {
            self.counters.states_kept += 1;
            replication.join(StreamSlot::COMMON, None)
        } else {
            None
        };
        let chunk = replication.chunk(StreamSlot::COMMON, None).cloned();
        delay.note_snapshot(
            at,
            Moment {
                snapshot,
                chunk,
                state,
            },
        );
    }

    /// Everybody else was sent what there was to send, with this change of the room's state.
    pub(super) fn delay_told(&mut self, now: Timestamp, told: Option<(&RoomUpdate, &[u8])>) {
        if let Some(delay) = &mut self.delay {
            let change = told.map(|(update, section)| Change {
                update: update.clone(),
                section: section.to_vec(),
            });
            delay.note_told(now, change);
        }
    }

    /// When delayed members are to be told something, as far as it does not wait for a tick: while a
    /// match runs everything does, at no cost of a turn of its own.
    pub(super) fn delayed_due(&self) -> Option<Timestamp> {
        let delay = self.delay.as_ref().filter(|_| !self.phase.is_ticking())?;
        let waits = self.members.values().any(|member| {
            let waiting = member.wants_update() || member.misses_chat(&delay.heard);
            waiting && member.delayed && member.follower.credit.is_available()
        });
        let flush = waits.then_some(delay.next_flush);
        [delay.next_due(), flush].into_iter().flatten().min()
    }

    /// Tells delayed members what is old enough.
    pub(super) fn advance_delayed(&mut self, now: Timestamp) {
        // Taken out, since the members and the outputs are needed beside it.
        let Some(mut delay) = self.delay.take() else {
            return;
        };
        let present = self.present(now);
        while let Some((what, early)) = delay.take_due(present) {
            match what {
                Happening::Phase(..) => self.enter_delayed(&delay),
                Happening::Clock(_) => {}
                Happening::Snapshot(moment, told) => {
                    self.counters.delays_cut += u64::from(early);
                    self.snapshot_delayed(&delay, moment);
                    let section = told.as_ref().and_then(|told| told.section());
                    self.flush_delayed(&delay, now, section);
                }
                Happening::Told(told) => self.flush_delayed(&delay, now, told.section()),
            }
        }
        if now >= delay.next_flush && delay.view.running().is_none() {
            delay.next_flush = now.plus_micros(FLUSH_MICROS);
            self.flush_delayed(&delay, now, None);
        }
        self.delay = Some(delay);
    }

    /// What time it is for those who are behind: that of the last tick while the next is overdue. A
    /// room that is late is as late for everybody.
    fn present(&self, now: Timestamp) -> Timestamp {
        let Some(running) = self.phase.running().filter(|_| self.phase.is_ticking()) else {
            return now;
        };
        let (rate, tick) = (self.game.tick_rate(), running.game.tick());
        let due = |tick| running.due(rate.due(tick).0);
        if due(tick.next()) > now {
            now
        } else {
            due(tick).min(now)
        }
    }

    /// A match begins, or is over, for those who watch.
    fn enter_delayed(&mut self, delay: &Delay) {
        let rate = self.game.tick_rate();
        let runs = delay.view.running().is_some();
        for (_, member) in who_are(true, &mut self.members) {
            if runs {
                member.start(rate, delay.view.tick(), &mut self.counters);
            } else {
                member.follower.stop();
            }
        }
    }

    /// A snapshot is old enough. Who comes anew joins from the newest state that is, and follows from
    /// there.
    fn snapshot_delayed(&mut self, delay: &Delay, mut moment: Moment) {
        for (_, member) in who_are(true, &mut self.members) {
            let follower = &mut member.follower;
            let begins = follower.can_begin();
            let counters = &mut self.counters;
            let mut follow =
                |moment: &mut Moment| follower.snapshot(moment.snapshot, None, moment, counters);
            let mut past = delay.tail().cloned().peekable();
            if begins && past.peek().is_some() {
                past.for_each(|mut moment| follow(&mut moment));
            } else {
                follow(&mut moment);
            }
        }
    }

    fn flush_delayed(&mut self, delay: &Delay, now: Timestamp, update: Option<&[u8]>) {
        let whole = self
            .is_whole_wanted(true)
            .then(|| delay.view.whole(delay.seen(now)));
        self.distribute(now, Some(delay), update, whole);
    }

    /// Whether this connection is one of a member who is told later.
    pub(super) fn is_delayed(&self, connection: ConnectionId) -> bool {
        let member = self.members.get(&connection);
        member.is_some_and(|member| member.delayed)
    }

    /// What a delayed member would be told of the room who comes now, if those who watch are told
    /// later; and the tick that the match is at, if one runs as they see it.
    pub(super) fn delayed_state(&self, now: Timestamp) -> Option<(RoomUpdate, Option<Tick>)> {
        let delay = self.delay.as_ref()?;
        let view = &delay.view;
        let tick = view.running().map(|_| view.tick());
        Some((view.whole(delay.seen(now)), tick))
    }

    /// The timeline of the match that `connection` sees running.
    pub(super) fn incarnation_seen(&self, connection: ConnectionId) -> Option<u32> {
        match &self.delay {
            Some(delay) if self.is_delayed(connection) => delay.view.running(),
            _ => self.is_running().then_some(self.incarnation),
        }
    }

    /// The time of the match that `connection` sees; 0 without one.
    pub(super) fn match_micros_seen(&self, now: Timestamp, connection: ConnectionId) -> u64 {
        match &self.delay {
            Some(delay) if self.is_delayed(connection) => delay.view.match_micros(delay.seen(now)),
            _ => {
                let running = self.phase.running();
                running.map_or(0, |running| running.time(now))
            }
        }
    }

    /// Whether the match that `connection` sees goes on, so that what it is told waits for a tick.
    pub(super) fn is_ticking_for(&self, connection: ConnectionId) -> bool {
        match &self.delay {
            Some(delay) if self.is_delayed(connection) => delay.view.running().is_some(),
            _ => self.phase.is_ticking(),
        }
    }
}

fn clock_of(running: &Running) -> MatchClock {
    MatchClock {
        at: running.origin,
        time: running.begun,
    }
}
