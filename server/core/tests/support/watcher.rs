//! A client of a room, as far as tests look: what it was told, and what it decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_server_core::ConnectionId;
use syncline_shared::close::CloseReason;
use syncline_shared::game::Game;
use syncline_shared::id::{PlayerId, SessionId, StreamSlot};
use syncline_shared::input::InputStatus;
use syncline_shared::message::control::{PhaseInfo, ServerControl, Welcome};
use syncline_shared::message::frame::{FrameSection, StreamEntry};
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};
use syncline_shared::stream::{Applied, StreamDecoder};
use syncline_shared::tick::Tick;

use super::Race;

/// What one client of the test knows.
pub struct Watcher {
    pub connection: ConnectionId,
    pub session: SessionId,
    pub schema: Arc<Schema>,
    pub welcome: Option<Welcome>,
    pub phase: Option<PhaseInfo>,
    pub roster: BTreeMap<PlayerId, (String, bool)>,
    pub decoders: BTreeMap<StreamSlot, StreamDecoder>,
    pub tick: Tick,
    pub frames: u32,
    pub joins: u32,
    /// Which streams were joined, and at which ticks.
    pub joined: Vec<(StreamSlot, Tick)>,
    /// Streams that it asked for anew.
    pub asked: BTreeSet<StreamSlot>,
    pub statuses: Vec<InputStatus>,
    pub margins: Vec<i32>,
    pub events: Vec<Event>,
    pub replies: Vec<ServerControl>,
    pub received: u32,
    pub updates: u32,
    pub sections_max: usize,
    pub messages: Vec<Vec<u8>>,
    pub closed: Option<CloseReason>,
    parts: BTreeMap<StreamSlot, Vec<u8>>,
}

impl Watcher {
    pub fn new(connection: u64, session: u64) -> Self {
        Self {
            connection: ConnectionId(connection),
            session: SessionId(session),
            schema: Arc::new(Race::schema()),
            welcome: None,
            phase: None,
            roster: BTreeMap::new(),
            decoders: BTreeMap::new(),
            tick: Tick::ZERO,
            frames: 0,
            joins: 0,
            joined: Vec::new(),
            asked: BTreeSet::new(),
            statuses: Vec::new(),
            margins: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            received: 0,
            updates: 0,
            sections_max: 0,
            messages: Vec::new(),
            closed: None,
            parts: BTreeMap::new(),
        }
    }

    pub fn player(&self) -> PlayerId {
        self.welcome
            .as_ref()
            .and_then(|welcome| welcome.player)
            .unwrap()
    }

    pub fn frame(&self, stream: StreamSlot) -> Option<&Frame> {
        let known = self.decoders.get(&stream);
        let right = known.filter(|_| !self.asked.contains(&stream));
        right.map(StreamDecoder::frame)
    }

    pub fn incarnation(&self) -> u32 {
        match self.phase {
            Some(PhaseInfo::Running { incarnation, .. } | PhaseInfo::Ended { incarnation, .. }) => {
                incarnation
            }
            _ => 0,
        }
    }

    pub(super) fn take(&mut self, message: &[u8]) {
        self.received += 1;
        self.messages.push(message.to_vec());
        self.sections_max = self.sections_max.max(sections(message).count());
        for section in sections(message) {
            match section.unwrap() {
                (SectionKind::Control, body) => self.control(ServerControl::decode(body).unwrap()),
                (SectionKind::Frame, body) => self.take_frame(&FrameSection::decode(body).unwrap()),
                (kind, _) => panic!("{kind:?} from a server"),
            }
        }
    }

    fn control(&mut self, control: ServerControl) {
        let update = match control {
            ServerControl::Welcome(welcome) => {
                let state = welcome.state.clone();
                self.welcome = Some(*welcome);
                state
            }
            ServerControl::Room(update) => {
                self.updates += 1;
                update
            }
            reply => return self.replies.push(reply),
        };
        if update.whole {
            self.roster.clear();
        }
        for entry in update.roster {
            self.roster
                .insert(entry.player, (entry.name, entry.connected));
        }
        for player in update.left {
            self.roster.remove(&player);
        }
        if let Some(phase) = update.phase {
            let before = self.incarnation();
            self.phase = Some(phase);
            if self.incarnation() != before {
                self.asked.clear();
                self.decoders.clear();
            }
        }
    }

    fn take_frame(&mut self, frame: &FrameSection<'_>) {
        let mut joined = Vec::new();
        for &(stream, entry) in &frame.streams {
            let bytes = match entry {
                StreamEntry::Join(bytes) => bytes.to_vec(),
                StreamEntry::JoinPart {
                    index,
                    count,
                    bytes,
                } => {
                    let parts = self.parts.entry(stream).or_default();
                    if index == 0 {
                        parts.clear();
                    }
                    parts.extend_from_slice(bytes);
                    if index + 1 < count {
                        return;
                    }
                    core::mem::take(parts)
                }
                StreamEntry::Chunk(_) | StreamEntry::Gone => continue,
            };
            let decoder = StreamDecoder::join(self.schema.clone(), &bytes).unwrap();
            self.decoders.insert(stream, decoder);
            self.joins += 1;
            self.joined.push((stream, frame.tick));
            self.asked.remove(&stream);
            joined.push(stream);
        }
        for (stream, decoder) in &mut self.decoders {
            let passed_over = joined.contains(stream) || self.asked.contains(stream);
            if passed_over || self.tick == frame.tick {
                continue;
            }
            let entry = frame.streams.iter().find(|(slot, _)| slot == stream);
            let chunk = match entry {
                Some((_, StreamEntry::Chunk(bytes))) => *bytes,
                _ => &[],
            };
            // What was not told went as predicted.
            let silent = (frame.tick.since(self.tick) - 1) / frame.span;
            for _ in 0..silent {
                decoder.apply(frame.span, &[], &mut self.events).unwrap();
            }
            let applied = decoder.apply(frame.span, chunk, &mut self.events).unwrap();
            assert_ne!(applied, Applied::Mismatch, "{stream:?} at {}", frame.tick);
        }
        self.statuses.extend(&frame.own.statuses);
        self.margins.extend(frame.own.margin_ms);
        self.tick = frame.tick;
        self.frames += 1;
    }
}
