//! The loop that ticks rooms on time: take the inbox, advance what is due, wait for the next.
//!
//! Knows when a room is due, not what it does. A panic in a room ends that room alone.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use syncline_shared::close::{Close, CloseReason};
use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::runtime::board::RoomBoard;
use crate::runtime::hosted_room::HostedRoom;
use crate::runtime::inbox::{HostedEvent, RoomSpec, ThreadEvent};
use crate::runtime::pulse::Pulse;

/// Events taken before rooms that are due get their turn, so that a flood can't hold up ticks.
const TURN_EVENTS_MAX: usize = 1024;

/// A thread's rooms, and when each is due.
pub(super) struct RoomThread {
    clock: Clock,
    inbox: Receiver<ThreadEvent>,
    metrics: Arc<Metrics>,
    pulse: Arc<Pulse>,
    rooms: BTreeMap<RoomId, HostedRoom>,
    /// When each room is due, and the same by time.
    dues: BTreeMap<RoomId, Timestamp>,
    agenda: BTreeSet<(Timestamp, RoomId)>,
    /// Rooms hosted so far.
    hosted: u32,
    /// Members of all rooms.
    members: usize,
}

impl RoomThread {
    pub(super) fn new(
        clock: Clock,
        inbox: Receiver<ThreadEvent>,
        metrics: Arc<Metrics>,
        pulse: Arc<Pulse>,
    ) -> Self {
        let (rooms, dues, agenda) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self {
            clock,
            inbox,
            metrics,
            pulse,
            rooms,
            dues,
            agenda,
            hosted: 0,
            members: 0,
        }
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            let mut next = self.wait();
            let mut turns = TURN_EVENTS_MAX;
            while let Some(event) = next {
                match event {
                    ThreadEvent::Stop => return,
                    ThreadEvent::Host(spec, board) => self.host(spec, &board),
                    ThreadEvent::Room(id, event) => self.deliver(id, event),
                }
                turns -= 1;
                next = if turns > 0 {
                    self.inbox.try_recv().ok()
                } else {
                    None
                };
            }
            self.advance_due();
        }
    }

    /// The next event, or nothing once a room is due.
    fn wait(&self) -> Option<ThreadEvent> {
        match self.agenda.first() {
            Some(&(due, _)) => self.inbox.recv_timeout(self.clock.until(due)).ok(),
            // The scheduler is gone without a word: nobody can reach this thread any more.
            None => Some(self.inbox.recv().unwrap_or(ThreadEvent::Stop)),
        }
    }

    fn advance_due(&mut self) {
        let now = self.clock.now();
        while let Some(&(due, id)) = self.agenda.first()
            && due <= now
        {
            let (clock, metrics) = (self.clock, self.metrics.clone());
            self.visit(id, |room| room.advance(clock, &metrics));
        }
    }

    fn host(&mut self, spec: RoomSpec, board: &Arc<RoomBoard>) {
        let (id, now) = (board.id, self.clock.now());
        self.hosted = self.hosted.wrapping_add(1);
        self.pulse.enter(id, now);
        let opened = catch_unwind(AssertUnwindSafe(|| {
            HostedRoom::open(spec, board.clone(), now, self.hosted)
        }));
        self.pulse.leave();
        match opened {
            Ok(Ok(room)) => {
                tracing::info!(room = %id, code = %board.code, game = board.game.kind.name(), "opened");
                self.rooms.insert(id, room);
                self.schedule(id);
            }
            Ok(Err(error)) => {
                tracing::error!(room = %id, %error, "the game can't read its config");
                self.forget(id, board);
            }
            Err(panic) => {
                self.metrics.panics.inc();
                tracing::error!(room = %id, panic = text(&*panic), "the room panicked while opening");
                self.forget(id, board);
            }
        }
    }

    fn deliver(&mut self, id: RoomId, event: HostedEvent) {
        if self.rooms.contains_key(&id) {
            let clock = self.clock;
            self.visit(id, |room| room.handle(clock, event));
        } else if let HostedEvent::Attach { outbox, .. } = event {
            // A room does not end well with somebody on the way: this one broke, or never opened.
            outbox.close(broke());
        }
    }

    /// Lets `act` have one room, then sees what has become of it.
    fn visit(&mut self, id: RoomId, act: impl FnOnce(&mut HostedRoom)) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let before = room.member_count();
        self.pulse.enter(id, self.clock.now());
        let outcome = catch_unwind(AssertUnwindSafe(|| act(room)));
        self.pulse.leave();
        self.members = self.members - before + room.member_count();
        self.pulse.set_members(self.members);
        match outcome {
            Ok(()) if room.is_finished() => self.retire(id),
            Ok(()) => self.schedule(id),
            Err(panic) => self.end_broken(id, &*panic),
        }
    }

    /// Notes when the room is due next.
    fn schedule(&mut self, id: RoomId) {
        let now = self.clock.now();
        // Never now: a room that stays due gets its next turn after the others'.
        let not_now = |due: Timestamp| due.max(now.plus_micros(1));
        let due = self
            .rooms
            .get(&id)
            .and_then(|room| room.next_due(now))
            .map(not_now);
        if due != self.dues.get(&id).copied() {
            self.unschedule(id);
            self.dues.extend(due.map(|due| (id, due)));
            self.agenda.extend(due.map(|due| (due, id)));
        }
    }

    fn unschedule(&mut self, id: RoomId) {
        if let Some(due) = self.dues.remove(&id) {
            self.agenda.remove(&(due, id));
        }
    }

    /// Drops a room that is over, unless somebody is on the way to it: then it begins anew.
    fn retire(&mut self, id: RoomId) {
        self.unschedule(id);
        let Some(room) = self.rooms.remove(&id) else {
            return;
        };
        let board = room.board().clone();
        if board.retire() {
            tracing::info!(room = %id, "closed");
            self.forget(id, &board);
            self.discard(id, room);
            return;
        }
        let now = self.clock.now();
        self.pulse.enter(id, now);
        let anew = catch_unwind(AssertUnwindSafe(|| room.reopen(now)));
        self.pulse.leave();
        match anew {
            Ok(Ok(anew)) => {
                self.rooms.insert(id, anew);
                self.schedule(id);
            }
            Ok(Err(error)) => {
                tracing::error!(room = %id, %error, "the game can't read its config");
                self.forget(id, &board);
            }
            Err(panic) => {
                self.metrics.panics.inc();
                tracing::error!(room = %id, panic = text(&*panic), "the room panicked while it began anew");
                self.forget(id, &board);
            }
        }
    }

    /// Drops a room. What a game does then is its own code, as likely to panic or hang as any.
    fn discard(&self, id: RoomId, room: HostedRoom) {
        self.pulse.enter(id, self.clock.now());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(room)));
        self.pulse.leave();
        if let Err(panic) = dropped {
            self.metrics.panics.inc();
            tracing::error!(room = %id, panic = text(&*panic), "the room panicked while it was dropped");
        }
    }

    /// Ends a room that panicked; the others never notice.
    fn end_broken(&mut self, id: RoomId, panic: &(dyn Any + Send)) {
        self.unschedule(id);
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        let board = room.board().clone();
        self.metrics.panics.inc();
        tracing::error!(
            room = %id, game = board.game.kind.name(), tick = board.glance().tick,
            members = room.member_count(), panic = text(panic), "the room panicked"
        );
        self.members -= room.member_count();
        self.pulse.set_members(self.members);
        room.close_all(&broke());
        self.forget(id, &board);
        self.discard(id, room);
    }

    fn forget(&mut self, id: RoomId, board: &RoomBoard) {
        debug_assert!(
            !self.rooms.contains_key(&id),
            "a forgotten room is not hosted"
        );
        board.abandon();
        self.pulse.remove_room();
    }
}

/// What clients of a room that broke are told.
fn broke() -> Close {
    Close::new(CloseReason::Internal, "the room broke")
}

/// What a panic says, if it says anything.
fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(owned)
        .unwrap_or("a value that is not text")
}
