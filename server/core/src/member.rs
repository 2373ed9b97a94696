//! One connected member: what waits for it beside frames, and its inputs.
//!
//! Puts each message together: control sections, then frames. Doesn't know rooms.

use std::collections::BTreeMap;

use syncline_shared::close::CloseReason;
use syncline_shared::id::{PlayerId, SessionId, StreamSlot, TeamId};
use syncline_shared::limits::SECTIONS_PER_MESSAGE_MAX;
use syncline_shared::message::control::ServerControl;
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::tick::{Tick, TickRate, Timestamp};

use crate::chat::{ChatLog, SharedNews};
use crate::counters::RoomCounters;
use crate::event::{Astray, ConnectionId};
use crate::follower::{FRAMES_PER_MESSAGE_MAX, Follower};
use crate::input_queue::InputQueue;
use crate::resync::Resync;

/// Control messages of things that happened which may wait for a member; with one more it is too
/// slow. Roster and phase don't count: they are state, of which only the newest is told.
const CONTROL_MESSAGES_MAX: usize = 64;

// All that may wait, the room's state and its chat fit one message.
const _: () =
    assert!(CONTROL_MESSAGES_MAX + 2 + FRAMES_PER_MESSAGE_MAX <= SECTIONS_PER_MESSAGE_MAX);

/// One connected member of a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) session: SessionId,
    pub(crate) player: Option<PlayerId>,
    pub(crate) follower: Follower,
    pub(crate) inputs: InputQueue,
    /// Commands taken since the last tick.
    pub(crate) commands: usize,
    /// How many were done that had been lost with an earlier connection.
    pub(crate) commands_again: usize,
    /// Sections of things that happened, and how many.
    control: Vec<u8>,
    control_count: usize,
    /// Whether a change of the room's state passed this member by, so that it needs the whole.
    pub(crate) missed_update: bool,
    /// Whether it watches, and later than things happen.
    pub(crate) delayed: bool,
    /// The team whose chat it hears.
    pub(crate) team: Option<TeamId>,
    /// The last line of chat that it was told.
    chat_heard: u64,
}

/// Those of `members` who are told of everything as it happens, or those who are told later.
pub(crate) fn who_are(
    delayed: bool,
    members: &mut BTreeMap<ConnectionId, Member>,
) -> impl Iterator<Item = (ConnectionId, &mut Member)> {
    let members = members
        .iter_mut()
        .map(|(&connection, member)| (connection, member));
    members.filter(move |(_, member)| member.delayed == delayed)
}

impl Member {
    pub(crate) fn new(
        session: SessionId,
        player: Option<PlayerId>,
        rate: TickRate,
        silence: bool,
    ) -> Self {
        Self {
            session,
            player,
            follower: Follower::new(rate, silence),
            inputs: InputQueue::new(rate, Tick(1)),
            commands: 0,
            commands_again: 0,
            control: Vec::new(),
            control_count: 0,
            missed_update: false,
            delayed: false,
            team: None,
            chat_heard: 0,
        }
    }

    /// A match begins, or is under way when the member comes: it is at `tick`.
    pub(crate) fn start(&mut self, rate: TickRate, tick: Tick, counters: &mut RoomCounters) {
        self.inputs = InputQueue::new(rate, tick.next());
        self.commands = 0;
        self.follower.start(counters);
    }

    /// The member asks for the stream that went `astray`, in the timeline that it follows if `ours`;
    /// what there is to tell of that if it is granted.
    ///
    /// # Errors
    ///
    /// [`CloseReason::Desynchronised`] for a member that asks again and again.
    pub(crate) fn resync(
        &mut self,
        now: Timestamp,
        ours: bool,
        astray: Astray,
        counters: &mut RoomCounters,
    ) -> Result<Option<Astray>, CloseReason> {
        let Astray { stream, tick, .. } = astray;
        let is_none = stream == StreamSlot::OWN && self.player.is_none();
        let resync = if ours && !is_none {
            self.follower.resync(now, stream, tick)
        } else {
            // In another timeline all streams begin anew, or have since.
            Resync::Ignored
        };
        match resync {
            Resync::Taken => {
                counters.resyncs += 1;
                Ok(Some(astray))
            }
            Resync::Ignored => {
                counters.resyncs_ignored += 1;
                Ok(None)
            }
            Resync::TooSoon => Err(CloseReason::Desynchronised),
        }
    }

    /// The answer to a ping, if there is credit for it. It goes out at once: it measures time.
    pub(crate) fn pong(
        &mut self,
        now: Timestamp,
        nonce: u32,
        match_micros: u64,
        counters: &mut RoomCounters,
    ) -> Option<Vec<u8>> {
        if !self.follower.credit.is_available() {
            return None;
        }
        let message = control_message(&ServerControl::Pong {
            nonce,
            match_micros,
        });
        self.record_sent(now, message.len(), 0, counters);
        Some(message)
    }

    /// Queues something that happened; whether there was room for it.
    #[must_use]
    pub(crate) fn push_control(&mut self, control: &ServerControl) -> bool {
        if self.control_count == CONTROL_MESSAGES_MAX {
            return false;
        }
        self.control_count += 1;
        write_section(SectionKind::Control, &control.encode(), &mut self.control);
        true
    }

    /// Whether anything waits for the member.
    pub(crate) fn wants_update(&self) -> bool {
        self.missed_update || self.has_something_waiting()
    }

    /// Whether something was said that it could be told now.
    pub(crate) fn misses_chat(&self, chat: &ChatLog) -> bool {
        self.chat_heard < chat.last() && self.follower.credit.is_available()
    }

    /// Puts what was said since the last call into the next message, or as much as is still known.
    pub(crate) fn hear_chat(&mut self, now: Timestamp, chat: &ChatLog, shared: &mut SharedNews) {
        chat.write_news(
            now,
            (self.session, self.team),
            self.chat_heard,
            shared,
            &mut self.control,
        );
        self.chat_heard = chat.last();
    }

    /// Whether it has waited so long that lines are lost to it.
    pub(crate) fn has_lost_chat(&self, chat: &ChatLog) -> bool {
        chat.has_lost(self.chat_heard)
    }

    /// Takes out what waits without having to wait: for a message of its own.
    pub(crate) fn take_control(&mut self, message: &mut Vec<u8>) {
        message.append(&mut self.control);
        self.control_count = 0;
    }

    /// Whether anything but state waits for the member.
    pub(crate) fn has_something_waiting(&self) -> bool {
        self.control_count > 0 || self.follower.is_waiting()
    }

    /// Everything that the member's credit allows to send now, as one message.
    ///
    /// `update` is the section of what changed of the room's state, which is missed without credit;
    /// `whole` that of all of it, for a member that missed one. `spare` has buffers to write into.
    pub(crate) fn compose(
        &mut self,
        now: Timestamp,
        (update, whole): (Option<&[u8]>, Option<&[u8]>),
        scratch: &mut Vec<u8>,
        spare: &mut Vec<Vec<u8>>,
        counters: &mut RoomCounters,
    ) -> Option<Vec<u8>> {
        let update = if self.missed_update { whole } else { update };
        if !self.follower.credit.is_available() {
            self.missed_update |= update.is_some();
            counters.credit_waits += u64::from(self.has_something_waiting());
            return None;
        }
        self.missed_update &= update.is_none();
        let update = update.unwrap_or_default();
        if self.control.is_empty() && update.is_empty() && !self.follower.is_waiting() {
            return None;
        }
        let mut message = if self.control.is_empty() {
            spare.pop().unwrap_or_default()
        } else {
            core::mem::take(&mut self.control)
        };
        self.control_count = 0;
        message.reserve(update.len() + self.follower.waiting_bytes());
        message.extend_from_slice(update);
        let ticks = self.follower.write_frames(&mut message, scratch, counters);
        debug_assert!(
            !message.is_empty(),
            "the first thing that waits always fits"
        );
        self.record_sent(now, message.len(), ticks, counters);
        Some(message)
    }

    /// A message of `bytes` bytes is on its way that covers `ticks`.
    pub(crate) fn record_sent(
        &mut self,
        now: Timestamp,
        bytes: usize,
        ticks: u32,
        counters: &mut RoomCounters,
    ) {
        self.follower.credit.send(now, bytes, ticks);
        counters.messages += 1;
        counters.message_bytes += bytes as u64;
    }
}

/// A message of one control section.
pub(crate) fn control_message(control: &ServerControl) -> Vec<u8> {
    let mut message = Vec::new();
    write_section(SectionKind::Control, &control.encode(), &mut message);
    message
}
