//! The loop that ticks rooms on time: look after those that ask, advance what is due, wait.
//!
//! Knows when a room is due, not what it does. A panic in a room ends that room alone.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::Duration;

use syncline_shared::id::RoomId;
use syncline_shared::tick::Timestamp;

use crate::clock::{Clock, micros};
use crate::journal_store::RecoveredMatch;
use crate::metrics::Metrics;
use crate::runtime::board::RoomBoard;
use crate::runtime::hosted_room::{HostedRoom, phase};
use crate::runtime::inbox::{Home, RoomInbox, RoomSpec, broke};

/// What a scheduler thread is told. What its rooms are told goes to their inboxes.
pub(super) enum ThreadEvent {
    /// It has one more room.
    Host(Box<NewRoom>),
    /// It has a room that lived on another thread.
    Adopt(Box<HostedRoom>),
    /// It ends, with all its rooms.
    Stop,
}

/// A room to open.
pub(super) struct NewRoom {
    /// What it is made of.
    pub(super) spec: RoomSpec,
    /// Where it shows itself.
    pub(super) board: Arc<RoomBoard>,
    /// Where it is told things.
    pub(super) inbox: RoomInbox,
    /// The match that it goes on with, if there is one.
    pub(super) recovered: Option<RecoveredMatch>,
}

/// How often a thread says how busy it was, in microseconds.
const BUSY_MICROS: u64 = 250_000;

/// How long a thread for one room alone waits for another one, once it has none.
const IDLE: Duration = Duration::from_secs(5);

/// How long a room that could not be moved is left where it is, in microseconds.
const MOVE_AGAIN_MICROS: u64 = 5_000_000;

/// A thread, as others know it.
#[derive(Clone)]
pub(super) struct ThreadLink {
    /// What to call it.
    pub(super) number: usize,
    /// Where it is told things.
    pub(super) events: Sender<ThreadEvent>,
    /// Where its rooms live.
    pub(super) home: Home,
}

impl ThreadLink {
    /// Tells the thread; whether it will hear.
    pub(super) fn tell(&self, event: ThreadEvent) -> bool {
        let told = self.events.send(event).is_ok();
        self.home.bell.call();
        told
    }
}

/// The other threads.
pub(super) trait Neighbours: Send + Sync {
    /// A thread for one room alone, if there may be one more. The room counts as given to it.
    fn lone(&self) -> Option<ThreadLink>;

    /// The thread for many rooms that has least to do. The room counts as given to it.
    fn common(&self) -> Option<ThreadLink>;

    /// Whether the thread `number`, which was for one room alone and has none, may end. No room is
    /// given to it any more then.
    fn dismiss(&self, number: usize) -> bool;
}

/// Where a thread stands among the others.
pub(super) struct Post {
    /// The thread itself.
    pub(super) link: ThreadLink,
    /// What it is told.
    pub(super) told: Receiver<ThreadEvent>,
    /// Whether it is for one room alone.
    pub(super) lone: bool,
    /// The others.
    pub(super) neighbours: Arc<dyn Neighbours>,
}

/// A thread's rooms, and when each is due.
pub(super) struct RoomThread {
    clock: Clock,
    metrics: Arc<Metrics>,
    post: Post,
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
    busy: Busy,
    /// When a room may be moved again, if one could not be.
    moves_from: Timestamp,
}

/// How long the thread was in its rooms.
#[derive(Default)]
struct Busy {
    since: Timestamp,
    micros: u64,
    /// In the stretch before, in thousandths.
    thousandths: u64,
}

impl RoomThread {
    pub(super) fn new(clock: Clock, metrics: Arc<Metrics>, post: Post) -> Self {
        let (rooms, dues, agenda) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self {
            clock,
            metrics,
            home: post.link.home.clone(),
            post,
            rooms,
            dues,
            agenda,
            rung: Vec::new(),
            hosted: 0,
            members: 0,
            busy: Busy::default(),
            moves_from: Timestamp::ZERO,
        }
    }

    /// Runs until it is told to stop, or is not needed any more.
    pub(super) fn run(mut self) {
        loop {
            self.wait();
            loop {
                match self.post.told.try_recv() {
                    Ok(ThreadEvent::Host(room)) => self.host(*room),
                    Ok(ThreadEvent::Adopt(room)) => self.adopt(*room),
                    Err(TryRecvError::Empty) => break,
                    // Or the scheduler is gone without a word: nobody can reach this thread any more.
                    Ok(ThreadEvent::Stop) | Err(TryRecvError::Disconnected) => {
                        return self.stop();
                    }
                }
            }
            for id in std::mem::take(&mut self.rung) {
                self.visit(id, HostedRoom::take_in);
            }
            self.advance_due();
            if self.is_needless() {
                return;
            }
        }
    }

    /// Waits until a room is due, or somebody rings.
    fn wait(&mut self) {
        let longest = match self.agenda.first() {
            _ if !self.rung.is_empty() => Some(Duration::ZERO),
            Some(&(due, _)) => Some(self.clock.until(due)),
            None if self.post.lone => Some(IDLE),
            None => None,
        };
        if longest.is_none_or(|longest| longest >= Duration::from_micros(BUSY_MICROS)) {
            self.home.pulse.set_busy(0);
        }
        self.home.bell.wait(longest, &mut self.rung);
    }

    /// Whether the thread was for a room that is gone, and no other wants it.
    fn is_needless(&self) -> bool {
        let idle = self.rooms.is_empty() && self.clock.now().since(self.busy.since) >= micros(IDLE);
        self.post.lone && idle && self.post.neighbours.dismiss(self.post.link.number)
    }

    /// Lets each room run that is due now. What came for it until then is taken in first, however
    /// much: an input that came in time is not made late here. Its places bound how much that is.
    fn advance_due(&mut self) {
        let now = self.clock.now();
        self.note_busy(now);
        while let Some(&(due, id)) = self.agenda.first()
            && due <= now
        {
            let (clock, metrics, busy) = (self.clock, self.metrics.clone(), self.busy.thousandths);
            self.visit(id, |room, begun| room.advance(begun, clock, &metrics, busy));
        }
    }

    /// Says now and then how busy the thread was.
    fn note_busy(&mut self, now: Timestamp) {
        let passed = now.since(self.busy.since);
        if passed >= BUSY_MICROS && !self.rooms.is_empty() {
            let thousandths = (self.busy.micros * 1000 / passed).min(1000);
            self.busy = Busy {
                since: now,
                micros: 0,
                thousandths,
            };
            self.home.pulse.set_busy(thousandths);
        }
    }

    /// Ends all rooms as they are, so that the next server may go on with them.
    fn stop(mut self) {
        let now = self.clock.now();
        for (id, mut room) in std::mem::take(&mut self.rooms) {
            self.home.pulse.enter(id, now);
            let stopped = catch_unwind(AssertUnwindSafe(|| room.stop(now)));
            self.home.pulse.leave();
            room.count_sent(&self.metrics);
            if let Err(panic) = stopped {
                tracing::error!(room = %id, panic = text(&*panic), "the room panicked while it ended");
            }
            self.discard(id, room);
        }
    }

    /// Takes in a room from another thread.
    fn adopt(&mut self, room: HostedRoom) {
        let id = room.board().id;
        self.members += room.member_count();
        self.home.pulse.set_members(self.members);
        self.rooms.insert(id, room);
        self.schedule(id, self.clock.now());
    }

    /// Sends a room to another thread, if it had better live there; whether it is gone.
    fn send_away(&mut self, id: RoomId, now: Timestamp) -> bool {
        let Some(room) = self.rooms.get(&id) else {
            return false;
        };
        let heavy = !self.post.lone && self.rooms.len() > 1 && room.is_heavy(now);
        let light = self.post.lone && room.is_light(now);
        if !heavy && !light || now < self.moves_from {
            return false;
        }
        let link = if heavy {
            self.post.neighbours.lone()
        } else {
            self.post.neighbours.common()
        };
        let Some(link) = link else {
            self.moves_from = now.plus_micros(MOVE_AGAIN_MICROS);
            return false;
        };
        let Some(mut room) = self.rooms.remove(&id) else {
            return false;
        };
        tracing::info!(room = %id, alone = heavy, thread = link.number, "moves to another thread");
        self.unschedule(id);
        self.metrics.room_moves.inc();
        self.home.pulse.remove_room();
        self.members -= room.member_count();
        self.home.pulse.set_members(self.members);
        room.move_to(link.home.clone());
        let board = room.board().clone();
        if !link.tell(ThreadEvent::Adopt(Box::new(room))) {
            // The server is ending, and the room with it.
            board.abandon();
        }
        true
    }

    fn host(&mut self, room: NewRoom) {
        let NewRoom {
            spec,
            board,
            inbox,
            recovered,
        } = room;
        let (id, now) = (board.id, self.clock.now());
        self.hosted = self.hosted.wrapping_add(1);
        self.home.pulse.enter(id, now);
        let opened = catch_unwind(AssertUnwindSafe(|| {
            let thread = u32::try_from(self.post.link.number).unwrap_or_default();
            let phase = phase(thread, self.hosted);
            HostedRoom::open(spec, board.clone(), inbox, now, phase, recovered)
        }));
        self.home.pulse.leave();
        match opened {
            Ok(Ok(room)) => {
                tracing::info!(room = %id, code = %board.code, game = board.game.kind.name(), "opened");
                self.rooms.insert(id, room);
                self.schedule(id, now);
            }
            Ok(Err(error)) => {
                tracing::error!(room = %id, %error, "the game can't read its config");
                self.forget(id, &board);
            }
            Err(panic) => {
                self.metrics.panics.inc();
                tracing::error!(room = %id, panic = text(&*panic), "the room panicked while opening");
                self.forget(id, &board);
            }
        }
    }

    /// Lets `act` have one room, then sees what has become of it.
    fn visit(&mut self, id: RoomId, act: impl FnOnce(&mut HostedRoom, Timestamp)) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let before = room.member_count();
        let begun = self.clock.now();
        self.home.pulse.enter(id, begun);
        let outcome = catch_unwind(AssertUnwindSafe(|| act(room, begun)));
        self.home.pulse.leave();
        room.count_sent(&self.metrics);
        let ended = self.clock.now();
        self.busy.micros += ended.since(begun);
        self.members = self.members - before + room.member_count();
        self.home.pulse.set_members(self.members);
        match outcome {
            Ok(()) if room.is_finished() => self.retire(id),
            Ok(()) if self.send_away(id, ended) => {}
            Ok(()) => self.schedule(id, ended),
            Err(panic) => self.end_broken(id, &*panic),
        }
    }

    /// Notes when the room is due next, and lets it rest until then.
    fn schedule(&mut self, id: RoomId, now: Timestamp) {
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
                self.schedule(id, now);
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
        room.note_panic(text(panic));
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
