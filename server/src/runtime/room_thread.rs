//! The loop that ticks rooms on time: look after those that ask, advance what is due, wait.
//!
//! Knows when a room is due, not what it does. A panic in a room ends that room alone.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::runtime::board::RoomBoard;
use crate::runtime::hosted_room::HostedRoom;
use crate::runtime::inbox::{Home, RoomInbox, RoomSpec, broke};

/// What a scheduler thread is told. What its rooms are told goes to their inboxes.
pub(super) enum ThreadEvent {
    /// It has one more room.
    Host(RoomSpec, Arc<RoomBoard>, RoomInbox),
    /// It ends, with all its rooms.
    Stop,
}

/// A thread's rooms, and when each is due.
pub(super) struct RoomThread {
    clock: Clock,
    inbox: Receiver<ThreadEvent>,
    metrics: Arc<Metrics>,
    home: Home,
    rooms: BTreeMap<RoomId, HostedRoom>,
    /// When each room is due, and the same by time.
    dues: BTreeMap<RoomId, Timestamp>,
    agenda: BTreeSet<(Timestamp, RoomId)>,
    /// Rooms whose inboxes want a look.
    rung: Vec<RoomId>,
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
        home: Home,
    ) -> Self {
        let (rooms, dues, agenda) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self {
            clock,
            inbox,
            metrics,
            home,
            rooms,
            dues,
            agenda,
            rung: Vec::new(),
            hosted: 0,
            members: 0,
        }
    }

    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            self.wait();
            loop {
                match self.inbox.try_recv() {
                    Ok(ThreadEvent::Host(spec, board, inbox)) => self.host(spec, &board, inbox),
                    Err(TryRecvError::Empty) => break,
                    // Or the scheduler is gone without a word: nobody can reach this thread any more.
                    Ok(ThreadEvent::Stop) | Err(TryRecvError::Disconnected) => return,
                }
            }
            for id in std::mem::take(&mut self.rung) {
                let clock = self.clock;
                self.visit(id, |room| room.take_in(clock));
            }
            self.advance_due();
        }
    }

    /// Waits until a room is due, or somebody rings.
    fn wait(&mut self) {
        let longest = match self.agenda.first() {
            _ if !self.rung.is_empty() => Some(Duration::ZERO),
            Some(&(due, _)) => Some(self.clock.until(due)),
            None => None,
        };
        self.home.bell.wait(longest, &mut self.rung);
    }

    /// Lets each room run that is due now. What came for it until then is taken in first, however
    /// much: an input that came in time is not made late here. Its places bound how much that is.
    fn advance_due(&mut self) {
        let now = self.clock.now();
        while let Some(&(due, id)) = self.agenda.first()
            && due <= now
        {
            let (clock, metrics) = (self.clock, self.metrics.clone());
            self.visit(id, |room| {
                room.take_in(clock);
                room.advance(clock, &metrics);
            });
        }
    }

    fn host(&mut self, spec: RoomSpec, board: &Arc<RoomBoard>, inbox: RoomInbox) {
        let (id, now) = (board.id, self.clock.now());
        self.hosted = self.hosted.wrapping_add(1);
        self.home.pulse.enter(id, now);
        let opened = catch_unwind(AssertUnwindSafe(|| {
            HostedRoom::open(spec, board.clone(), inbox, now, self.hosted)
        }));
        self.home.pulse.leave();
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

    /// Lets `act` have one room, then sees what has become of it.
    fn visit(&mut self, id: RoomId, act: impl FnOnce(&mut HostedRoom)) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let before = room.member_count();
        self.home.pulse.enter(id, self.clock.now());
        let outcome = catch_unwind(AssertUnwindSafe(|| act(room)));
        self.home.pulse.leave();
        self.members = self.members - before + room.member_count();
        self.home.pulse.set_members(self.members);
        match outcome {
            Ok(()) if room.is_finished() => self.retire(id),
            Ok(()) => self.schedule(id),
            Err(panic) => self.end_broken(id, &*panic),
        }
    }

    /// Notes when the room is due next, and lets it rest until then.
    fn schedule(&mut self, id: RoomId) {
        let now = self.clock.now();
        // Never now: a room that stays due gets its next turn after the others'.
        let not_now = |due: Timestamp| due.max(now.plus_micros(1));
        let Some(room) = self.rooms.get(&id) else {
            return;
        };
        let due = room.next_due(now).map(not_now);
        if !room.rest(now, due) {
            self.rung.push(id);
        }
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
        self.home.pulse.enter(id, now);
        let anew = catch_unwind(AssertUnwindSafe(|| room.reopen(now)));
        self.home.pulse.leave();
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
        self.home.pulse.enter(id, self.clock.now());
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(room)));
        self.home.pulse.leave();
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
        self.home.pulse.set_members(self.members);
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
        self.home.pulse.remove_room();
    }
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
