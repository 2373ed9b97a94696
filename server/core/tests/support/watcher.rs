//! A client of a room, as far as tests look: what it was told, and what it decoded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use syncline_server_core::ConnectionId;
use syncline_shared::close::CloseReason;
use syncline_shared::game::Game;
use syncline_shared::id::{PlayerId, SessionId, StreamSlot};
use syncline_shared::input::InputStatus;
use syncline_shared::message::control::{PhaseInfo, RosterEntry, ServerControl, Welcome};
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
    /// The incarnation of the last phase Running.
    timeline: u32,
    pub roster: BTreeMap<PlayerId, RosterEntry>,
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
    pub close_text: String,
    /// Streams that have a state, and the ticks that they stand at.
    followed: BTreeMap<StreamSlot, (StreamDecoder, Tick)>,
    /// Of joins that are not whole: the tick, the next part and how many there are, what came.
    parts: BTreeMap<StreamSlot, (Tick, [u32; 2], Vec<u8>)>,
}

impl Watcher {
    pub fn new(connection: u64, session: u64) -> Self {
        Self {
            connection: ConnectionId(connection),
            session: SessionId(session),
            schema: Arc::new(Race::schema()),
            welcome: None,
            phase: None,
            timeline: 0,
            roster: BTreeMap::new(),
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
            close_text: String::new(),
            followed: BTreeMap::new(),
            parts: BTreeMap::new(),
        }
    }

    pub fn player(&self) -> PlayerId {
        self.welcome
            .as_ref()
            .and_then(|welcome| welcome.player)
            .unwrap()
    }

    /// The world of a stream, unless it has none or is astray.
    pub fn frame(&self, stream: StreamSlot) -> Option<&Frame> {
        let known = self.followed.get(&stream);
        let right = known.filter(|_| !self.asked.contains(&stream));
        right.map(|(decoder, _)| decoder.frame())
    }

    /// Whether no stream of the Welcome is awaited.
    pub fn is_whole(&self) -> bool {
        let streams = self.welcome.iter().flat_map(|welcome| &welcome.streams);
        streams.copied().all(|stream| self.frame(stream).is_some())
    }

    pub fn incarnation(&self) -> u32 {
        match self.phase {
            Some(PhaseInfo::Running { incarnation, .. } | PhaseInfo::Ended { incarnation, .. }) => {
                incarnation
            }
            _ => 0,
        }
    }

    pub fn take(&mut self, message: &[u8]) {
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
            self.roster.insert(entry.player, entry);
        }
        for player in update.left {
            self.roster.remove(&player);
        }
        if let Some(phase) = update.phase {
            let running = matches!(phase, PhaseInfo::Running { .. });
            self.phase = Some(phase);
            if running && self.incarnation() != self.timeline {
                self.timeline = self.incarnation();
                self.asked.clear();
                self.followed.clear();
                self.parts.clear();
            }
        }
    }

    fn take_frame(&mut self, frame: &FrameSection<'_>) {
        for &(stream, entry) in &frame.streams {
            match entry {
                StreamEntry::Chunk(chunk) => self.advance(stream, frame, chunk),
                StreamEntry::Join(state) => self.join(stream, frame.tick, state),
                StreamEntry::JoinPart {
                    index,
                    count,
                    bytes,
                } => self.take_part(stream, frame.tick, [index, count], bytes),
                StreamEntry::Gone => panic!("{stream:?} is gone"),
            }
        }
        let is_named = |stream| frame.streams.iter().any(|&(named, _)| named == stream);
        let behind = |&(&stream, &(_, at)): &(&StreamSlot, &(StreamDecoder, Tick))| {
            at < frame.tick && !is_named(stream)
        };
        let behind = self.followed.iter().filter(behind);
        let behind: Vec<StreamSlot> = behind.map(|(&stream, _)| stream).collect();
        let is_part = |entry: &StreamEntry<'_>| matches!(entry, StreamEntry::JoinPart { .. });
        let rejoins = frame.streams.iter().any(|(_, entry)| is_part(entry));
        for stream in behind {
            if rejoins {
                // It begins anew as well: what it was not told of was dropped.
                self.followed.remove(&stream);
            } else {
                self.advance(stream, frame, &[]);
            }
        }
        self.statuses.extend(&frame.own.statuses);
        self.margins.extend(frame.own.margin_ms);
        self.tick = frame.tick;
        self.frames += 1;
    }

    /// Brings a stream to the frame's tick. What was not told went as predicted.
    fn advance(&mut self, stream: StreamSlot, frame: &FrameSection<'_>, chunk: &[u8]) {
        if self.asked.contains(&stream) {
            return;
        }
        let (decoder, at) = self.followed.get_mut(&stream).unwrap();
        assert!(*at < frame.tick, "{stream:?} is at {at}");
        let silent = (frame.tick.since(*at) - 1) / frame.span;
        for before in (0..=silent).rev() {
            let tick = frame.tick.minus(before * frame.span);
            let chunk = if before == 0 { chunk } else { &[] };
            let applied = decoder.apply(tick.since(*at), chunk, &mut self.events);
            assert_ne!(applied, Ok(Applied::Mismatch), "{stream:?} at {tick}");
            applied.unwrap();
            *at = tick;
        }
    }

    fn join(&mut self, stream: StreamSlot, tick: Tick, state: &[u8]) {
        let decoder = StreamDecoder::join(self.schema.clone(), state).unwrap();
        self.followed.insert(stream, (decoder, tick));
        self.joins += 1;
        self.joined.push((stream, tick));
        self.asked.remove(&stream);
    }

    /// Until its last part has come the stream has no state.
    fn take_part(
        &mut self,
        stream: StreamSlot,
        tick: Tick,
        [index, count]: [u32; 2],
        bytes: &[u8],
    ) {
        self.followed.remove(&stream);
        let mut state = match self.parts.remove(&stream) {
            Some((begun, next, state)) if index > 0 => {
                assert_eq!((begun, next), (tick, [index, count]), "{stream:?}");
                state
            }
            _ => Vec::new(),
        };
        state.extend_from_slice(bytes);
        let next = index + 1;
        if next == count {
            self.join(stream, tick, &state);
        } else {
            self.parts.insert(stream, (tick, [next, count], state));
        }
    }
}
