//! What members say, and what whoever runs the server says to them.
//!
//! No part of a match: nothing here reaches a game or a journal.

use syncline_shared::id::{PlayerId, SessionId};
use syncline_shared::message::chat::{ChatFrom, ChatRefusal, ChatTo, clean};
use syncline_shared::message::control::ServerControl;
use syncline_shared::tick::Timestamp;

use super::Room;
use crate::chat::{Hearers, Said};
use crate::event::ConnectionId;
use crate::member::Member;

impl Room {
    /// Whoever runs the server says something, to everybody or to one player; how many are connected
    /// who will hear it with the next flush, or later if they watch later. Said to everybody it is kept like any other line.
    ///
    /// # Errors
    ///
    /// [`ChatRefusal::Empty`] and [`ChatRefusal::TooLong`] for the text, and
    /// [`ChatRefusal::NoSuchPlayer`] or [`ChatRefusal::NoTeam`].
    pub fn announce(&mut self, now: Timestamp, text: &str, to: ChatTo) -> Result<u32, ChatRefusal> {
        let text = clean(text)?;
        let (hearers, reached) = match to {
            ChatTo::Room => (Hearers::All, self.members.len()),
            ChatTo::Team => return Err(ChatRefusal::NoTeam),
            ChatTo::Player(player) => {
                let session = self.speaker_in(player)?;
                let there = |member: &&Member| member.session == session;
                (
                    Hearers::Two([session; 2]),
                    self.members.values().filter(there).count(),
                )
            }
        };
        let said = self.chat.say(now, ChatFrom::Server, to, text, hearers);
        self.delay_said(said);
        self.counters.announcements += 1;
        Ok(u32::try_from(reached).unwrap_or(u32::MAX))
    }

    /// Somebody who is no member says something to everybody, and is heard as somebody who watches.
    /// `speaker` is the same for all that one says; without a text the shell's filter did not let it
    /// pass.
    ///
    /// # Errors
    ///
    /// What a member would be told who speaks to the room.
    pub fn chat_from_outside(
        &mut self,
        now: Timestamp,
        speaker: SessionId,
        name: &str,
        text: Option<&str>,
    ) -> Result<(), ChatRefusal> {
        let said = self.chat.admit(now, speaker);
        let said = said.and_then(|()| clean(text.ok_or(ChatRefusal::Filtered)?));
        match said {
            Ok(text) => {
                let name = name.to_owned();
                let from = ChatFrom::Spectator { name };
                let said = self.chat.say(now, from, ChatTo::Room, text, Hearers::All);
                self.delay_said(said);
                self.counters.chat_lines += 1;
                Ok(())
            }
            Err(refusal) => {
                self.counters.chat_refused += 1;
                Err(refusal)
            }
        }
    }

    /// Whoever runs the server lets a player speak, or not, for as long as its session lasts.
    ///
    /// # Errors
    ///
    /// [`ChatRefusal::NoSuchPlayer`].
    pub fn mute(&mut self, player: PlayerId, muted: bool) -> Result<(), ChatRefusal> {
        let session = self.speaker_in(player)?;
        self.chat.mute(session, muted);
        Ok(())
    }

    /// A member says something; without a text the shell's filter did not let it pass.
    pub(super) fn chat(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        to: ChatTo,
        text: Option<&str>,
    ) {
        let Some(member) = self.members.get(&connection) else {
            return;
        };
        match self.say(now, member.session, to, text) {
            Ok(()) => self.counters.chat_lines += 1,
            Err(refusal) => {
                self.counters.chat_refused += 1;
                self.tell(now, connection, &ServerControl::ChatRefused(refusal));
            }
        }
    }

    fn say(
        &mut self,
        now: Timestamp,
        session: SessionId,
        to: ChatTo,
        text: Option<&str>,
    ) -> Result<(), ChatRefusal> {
        self.chat.admit(now, session)?;
        let text = clean(text.ok_or(ChatRefusal::Filtered)?)?;
        let Some(speaker) = self.sessions.get(session) else {
            return Ok(());
        };
        let name = speaker.profile.name.clone();
        let from = match speaker.player {
            Some(player) => ChatFrom::Player { player, name },
            None => ChatFrom::Spectator { name },
        };
        let hearers = match to {
            ChatTo::Room => Hearers::All,
            ChatTo::Team => Hearers::Team(speaker.profile.team.ok_or(ChatRefusal::NoTeam)?),
            ChatTo::Player(_) if speaker.player.is_none() => return Err(ChatRefusal::NotAPlayer),
            ChatTo::Player(player) => Hearers::Two([session, self.speaker_in(player)?]),
        };
        let said = self.chat.say(now, from, to, text, hearers);
        self.delay_said(said);
        Ok(())
    }

    fn delay_said(&mut self, said: Said) {
        if let Some(delay) = &mut self.delay {
            delay.note_said(said);
        }
    }

    /// The session in a seat.
    fn speaker_in(&self, player: PlayerId) -> Result<SessionId, ChatRefusal> {
        let session = self.sessions.seated(player);
        session.ok_or(ChatRefusal::NoSuchPlayer)
    }
}
