//! For tests: a world of markers with its stream, and a server that says what a test tells it to.

use std::collections::BTreeMap;
use std::sync::Arc;

use slotmap::SlotMap;
use syncline_shared::command::CommandMessage;
use syncline_shared::id::{EntityId, PlayerId, RoomCode, RoomId, SessionId, StreamSlot};
use syncline_shared::input::{InputBatch, InputStatus};
use syncline_shared::message::control::{
    ClientControl, PhaseInfo, RoomUpdate, ServerControl, Welcome,
};
use syncline_shared::message::frame::{FrameSection, OwnPart, StreamEntry};
use syncline_shared::message::{SectionKind, sections, write_section};
use syncline_shared::predict::Predict;
use syncline_shared::replicated;
use syncline_shared::replicated::{Replicated, RowWriter};
use syncline_shared::schema::{Schema, SchemaBuilder};
use syncline_shared::snapshot::{Audience, Event, Frame, SnapshotWriter};
use syncline_shared::stream::StreamEncoder;
use syncline_shared::tick::{Tick, TickRate};

pub(crate) const RATE: TickRate = TickRate::hz(30);

replicated! {
    /// Something at a place.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Marker {
        pub player: PlayerId => bits(16),
        pub x: u32 => bits(20),
        pub y: u32 => bits(20),
    }
}

replicated! {
    /// How far the marker goes each tick.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub(crate) struct MarkerInput {
        pub speed: u8 => bits(8),
    }
}

replicated! {
    /// A marker was put elsewhere.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Teleported {
        pub player: PlayerId => bits(16),
    }
}

impl Teleported {
    pub(crate) fn event(&self) -> Event {
        let mut words = Vec::new();
        self.write(&mut RowWriter::new(&mut words, &mut Vec::new()));
        Event { class: 0, words }
    }
}

#[derive(Debug)]
pub(crate) enum MarkerPrediction {}

impl Predict for MarkerPrediction {
    type Input = MarkerInput;
    type State = Marker;
    /// How many markers there are.
    type Scenery = usize;

    fn scenery(schema: &Schema, common: &Frame) -> Option<usize> {
        Some(common.entities::<Marker>(schema).count())
    }

    fn state(schema: &Schema, common: &Frame, _: &Frame, player: PlayerId) -> Option<Marker> {
        let mut markers = common.entities::<Marker>(schema).map(|(_, marker)| marker);
        markers.find(|marker| marker.player == player)
    }

    fn step(_: &usize, state: &mut Marker, input: &MarkerInput) {
        state.x += u32::from(input.speed);
    }

    fn touches(event: &Event, player: PlayerId) -> Option<&'static str> {
        let teleported = event.read::<Teleported>()?;
        (teleported.player == player).then_some("teleported")
    }
}

pub(crate) fn marker_schema() -> Arc<Schema> {
    let schema = SchemaBuilder::new("markers", RATE)
        .class::<Marker>()
        .input::<MarkerInput>()
        .events::<Teleported>();
    Arc::new(schema.build())
}

/// Markers by player, and the encoder of the stream that shows them.
pub(crate) struct World {
    pub schema: Arc<Schema>,
    ids: SlotMap<EntityId, ()>,
    markers: BTreeMap<u32, (EntityId, Marker)>,
    writer: SnapshotWriter,
    encoder: StreamEncoder,
}

impl World {
    pub(crate) fn new(schema: Arc<Schema>) -> Self {
        Self {
            ids: SlotMap::with_key(),
            markers: BTreeMap::new(),
            writer: SnapshotWriter::new(Arc::clone(&schema)),
            encoder: StreamEncoder::new(Arc::clone(&schema)),
            schema,
        }
    }

    pub(crate) fn place(&mut self, player: u32, x: u32, y: u32) {
        let ids = &mut self.ids;
        let marker = Marker {
            player: PlayerId(u16::try_from(player).unwrap()),
            x,
            y,
        };
        let known = self.markers.entry(player);
        known.or_insert_with(|| (ids.insert(()), marker.clone())).1 = marker.clone();
    }

    pub(crate) fn remove(&mut self, player: u32) {
        self.markers.remove(&player);
    }

    pub(crate) fn event(&mut self, event: &Teleported) {
        self.writer.event(Audience::Everyone, event);
    }

    /// The chunk of the next snapshot tick.
    pub(crate) fn chunk(&mut self, span: u32) -> Vec<u8> {
        for (entity, marker) in self.markers.values() {
            self.writer.put(*entity, Audience::Everyone, marker);
        }
        let mut chunk = Vec::new();
        self.encoder
            .encode(span, self.writer.everyone(), None, &mut chunk);
        self.writer.clear();
        chunk
    }

    pub(crate) fn join(&self) -> Vec<u8> {
        let mut join = Vec::new();
        self.encoder.join(&mut join);
        join
    }

    pub(crate) fn frame(&self) -> &Frame {
        self.encoder.frame()
    }
}

pub(crate) fn control(control: &ServerControl) -> Vec<u8> {
    let mut message = Vec::new();
    write_section(SectionKind::Control, &control.encode(), &mut message);
    message
}

pub(crate) fn frame(
    tick: u32,
    statuses: &[InputStatus],
    streams: &[(StreamSlot, StreamEntry<'_>)],
) -> Vec<u8> {
    let own = OwnPart {
        statuses: statuses.to_vec(),
        ..OwnPart::default()
    };
    let section = FrameSection {
        tick: Tick(tick),
        span: 1,
        own,
        streams: streams.to_vec(),
    };
    let (mut body, mut message) = (Vec::new(), Vec::new());
    section.encode(&mut body);
    write_section(SectionKind::Frame, &body, &mut message);
    message
}

pub(crate) fn running(incarnation: u32, tick: u32) -> PhaseInfo {
    PhaseInfo::Running {
        incarnation,
        tick: Tick(tick),
    }
}

pub(crate) fn phase(phase: PhaseInfo) -> Vec<u8> {
    let update = RoomUpdate {
        phase: Some(phase),
        ..RoomUpdate::default()
    };
    control(&ServerControl::Room(update))
}

/// A Welcome of player 0 that follows the common stream.
pub(crate) fn welcome(schema: &Schema, session: u64, state: PhaseInfo) -> Welcome {
    Welcome {
        session: SessionId(session),
        attach: 1,
        resume_token: session.to_le_bytes().to_vec(),
        grace_ms: 15_000,
        room: RoomId(1),
        code: RoomCode::from_entropy(1),
        player: Some(PlayerId(0)),
        game: "markers".to_owned(),
        tick_rate: RATE,
        snapshot_interval: 1,
        fingerprint: schema.fingerprint(),
        schema: Some(schema.encoded().to_vec()),
        streams: vec![StreamSlot::COMMON],
        state: RoomUpdate {
            phase: Some(state),
            whole: true,
            ..RoomUpdate::default()
        },
    }
}

/// What a client's message holds.
#[derive(Debug, Default)]
pub(crate) struct ClientSections {
    pub controls: Vec<ClientControl>,
    pub inputs: Vec<InputBatch>,
    pub commands: Vec<CommandMessage>,
}

pub(crate) fn read_client(schema: &Schema, message: &[u8]) -> ClientSections {
    let mut read = ClientSections::default();
    for section in sections(message) {
        let (kind, body) = section.unwrap();
        match kind {
            SectionKind::Control => read.controls.push(ClientControl::decode(body).unwrap()),
            SectionKind::Input => {
                read.inputs
                    .push(InputBatch::decode(schema.input(), body).unwrap());
            }
            SectionKind::Command => read.commands.push(CommandMessage::decode(body).unwrap()),
            SectionKind::Frame => {}
        }
    }
    read
}
