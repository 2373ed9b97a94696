//! What was said in a room lately, who may say more, and who has heard what.
//!
//! A line is kept once, however many are to hear it; each member's place in it is a number. So a
//! member without credit costs nothing: it hears later what is still kept. Doesn't know members or
//! matches, and nothing of it reaches either.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use syncline_shared::id::{SessionId, TeamId};
use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatRefusal, ChatTo};
use syncline_shared::message::control::ServerControl;
use syncline_shared::message::{SectionKind, write_section};
use syncline_shared::tick::Timestamp;

use crate::pace::Pace;

/// How many lines to the room are kept: what whoever comes later hears.
const LINES_MAX: usize = 50;

/// How many whispers and lines to a team are kept until those whom they concern had credit to hear
/// them.
const WHISPERS_MAX: usize = 256;

/// How many bytes each of the two may take, about: with everything else they fit into one message.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// About what a line takes beside its text and name.
const LINE_BYTES: usize = 32;

/// How often a session may say something.
const PACE: Pace = Pace {
    micros: 2_000_000,
    burst: 5,
};

/// How many speakers are remembered before those are forgotten who have been silent for long enough:
/// of people who are no members nobody tells the room that they went.
const SPEAKERS_MAX: usize = 1024;

/// A room's chat.
#[derive(Debug)]
pub(crate) struct Chat {
    /// What was said.
    pub(crate) log: ChatLog,
    /// When each session that said something will have been silent for long enough to say as many
    /// things at once as anybody.
    rested: BTreeMap<SessionId, Timestamp>,
    muted: BTreeSet<SessionId>,
}

/// What was said, as far as it is kept.
#[derive(Debug)]
pub(crate) struct ChatLog {
    /// The id of the last line.
    last: u64,
    lines: Kept,
    whispers: Kept,
}

/// Lines that are kept, the oldest first.
#[derive(Debug)]
struct Kept {
    lines: VecDeque<Said>,
    lines_max: usize,
    bytes: usize,
    /// The id of the last one that is kept no more.
    dropped: u64,
}

/// One thing that was said.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// As of when it was said.
    line: ChatLine,
    at: Timestamp,
    hearers: Hearers,
}

/// Who hears a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearers {
    /// Everybody.
    All,
    /// These two alone.
    Two([SessionId; 2]),
    /// A team alone.
    Team(TeamId),
}

/// The section for those who heard everything up to a line, and none of whose whispers are in it.
pub(crate) type SharedNews = Option<(u64, Vec<u8>)>;

impl Chat {
    /// Nothing was said yet. Of two lives of one room the later has the higher `epoch`, so that its
    /// ids go on growing.
    pub(crate) fn new(epoch: u32) -> Self {
        Self {
            log: ChatLog::new(u64::from(epoch) << 32),
            rested: BTreeMap::new(),
            muted: BTreeSet::new(),
        }
    }

    /// Takes one thing that a session says off what it may say at `now`.
    pub(crate) fn admit(&mut self, now: Timestamp, session: SessionId) -> Result<(), ChatRefusal> {
        if self.muted.contains(&session) {
            return Err(ChatRefusal::Muted);
        }
        let rested = self.rested.get(&session).copied().unwrap_or(now);
        let rested = PACE.admit(now, rested).map_err(|over| {
            let retry_ms = u32::try_from(over.div_ceil(1000)).unwrap_or(u32::MAX);
            ChatRefusal::TooFast { retry_ms }
        })?;
        if self.rested.len() >= SPEAKERS_MAX {
            // Nothing is known of them that is not so of anybody.
            self.rested.retain(|_, rested| *rested > now);
        }
        self.rested.insert(session, rested);
        Ok(())
    }

    /// Somebody said something; the line, as it is kept.
    pub(crate) fn say(
        &mut self,
        now: Timestamp,
        from: ChatFrom,
        to: ChatTo,
        text: String,
        hearers: Hearers,
    ) -> Said {
        let line = ChatLine {
            id: self.log.last + 1,
            age_ms: 0,
            from,
            to,
            text,
        };
        let said = Said {
            line,
            at: now,
            hearers,
        };
        self.log.push(said.clone());
        said
    }

    /// Lets a session speak, or not.
    pub(crate) fn mute(&mut self, session: SessionId, muted: bool) {
        if muted {
            self.muted.insert(session);
        } else {
            self.muted.remove(&session);
        }
    }

    /// A session is over.
    pub(crate) fn forget(&mut self, session: SessionId) {
        self.rested.remove(&session);
        self.muted.remove(&session);
    }
}

impl ChatLog {
    /// Nothing was said since the line `last`.
    pub(crate) fn new(last: u64) -> Self {
        Self {
            last,
            lines: Kept::new(LINES_MAX, last),
            whispers: Kept::new(WHISPERS_MAX, last),
        }
    }

    /// The id of the last line.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The next thing that was said.
    pub(crate) fn push(&mut self, said: Said) {
        self.last = said.line.id;
        let kept = if said.is_public() {
            &mut self.lines
        } else {
            &mut self.whispers
        };
        kept.push(said);
    }

    /// What was said to everybody after the line `heard`.
    pub(crate) fn public_since(&self, now: Timestamp, heard: u64) -> Vec<ChatLine> {
        let lines = self.lines.since(heard);
        lines.map(|said| said.told(now)).collect()
    }

    /// Whether lines are lost to one who heard everything up to `heard`.
    pub(crate) fn has_lost(&self, heard: u64) -> bool {
        heard < self.lines.dropped
    }

    /// Appends a section with what a session in a team may hear and has not, if there is any; `shared` keeps
    /// what is the same for others.
    pub(crate) fn write_news(
        &self,
        now: Timestamp,
        hearer: (SessionId, Option<TeamId>),
        heard: u64,
        shared: &mut SharedNews,
        out: &mut Vec<u8>,
    ) {
        let mut own = self
            .whispers
            .since(heard)
            .filter(|said| said.concerns(hearer));
        let Some(first) = own.next() else {
            return match shared {
                Some((known, section)) if *known == heard => out.extend_from_slice(section),
                _ => {
                    let section = section(now, self.lines.since(heard));
                    out.extend_from_slice(&section);
                    *shared = Some((heard, section));
                }
            };
        };
        let mut all: Vec<&Said> = self.lines.since(heard).chain([first]).chain(own).collect();
        all.sort_by_key(|said| said.line.id);
        out.extend_from_slice(&section(now, all.into_iter()));
    }
}

impl Kept {
    fn new(lines_max: usize, dropped: u64) -> Self {
        Self {
            lines: VecDeque::new(),
            lines_max,
            bytes: 0,
            dropped,
        }
    }

    fn push(&mut self, said: Said) {
        self.bytes += said.bytes();
        self.lines.push_back(said);
        while self.lines.len() > self.lines_max || self.bytes > KEPT_BYTES_MAX {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.dropped = oldest.line.id;
        }
    }

    /// The lines after the one with the id `heard`.
    fn since(&self, heard: u64) -> impl Iterator<Item = &Said> {
        let first = self.lines.partition_point(|said| said.line.id <= heard);
        self.lines.range(first..)
    }
}

impl Said {
    /// Whether everybody hears it.
    pub(crate) fn is_public(&self) -> bool {
        self.hearers == Hearers::All
    }

    /// About what it takes.
    pub(crate) fn bytes(&self) -> usize {
        let name = match &self.line.from {
            ChatFrom::Server => "",
            ChatFrom::Player { name, .. } | ChatFrom::Spectator { name } => name,
        };
        LINE_BYTES + name.len() + self.line.text.len()
    }

    /// The line as it is told at `now`.
    fn told(&self, now: Timestamp) -> ChatLine {
        ChatLine {
            age_ms: u32::try_from(now.since(self.at) / 1000).unwrap_or(u32::MAX),
            ..self.line.clone()
        }
    }

    fn concerns(&self, (session, team): (SessionId, Option<TeamId>)) -> bool {
        match self.hearers {
            Hearers::All => true,
            Hearers::Two(two) => two.contains(&session),
            Hearers::Team(of) => team == Some(of),
        }
    }
}

/// A section with these lines; nothing if there are none.
fn section<'a>(now: Timestamp, lines: impl Iterator<Item = &'a Said>) -> Vec<u8> {
    let told: Vec<ChatLine> = lines.map(|said| said.told(now)).collect();
    let mut out = Vec::new();
    if !told.is_empty() {
        let chat = ServerControl::Chat(told);
        write_section(SectionKind::Control, &chat.encode(), &mut out);
    }
    out
}
