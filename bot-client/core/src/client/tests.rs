//! A client against a server that says what a test tells it to.

use proptest::prelude::*;
use syncline_shared::id::{PlayerId, RoomId, StreamSlot};
use syncline_shared::input::{InputBatch, InputStatus};
use syncline_shared::limits::{ACK_MESSAGES_MAX, ACK_MICROS_MAX};
use syncline_shared::message::control::{PhaseInfo, RoomUpdate, RosterEntry};
use syncline_shared::message::frame::StreamEntry;

use super::*;
use crate::event::FrameReport;
use crate::follower::DecodeAlone;
use crate::prediction::Comparison;
use crate::scripted_server::{
    ClientSections, MarkerInput, MarkerPrediction, RATE, Teleported, World, control, frame,
    marker_schema, phase, read_client, running, welcome,
};

const LOBBY: PhaseInfo = PhaseInfo::Lobby { missing: 1 };

/// A client, the time, and everything that it put out.
struct Case {
    client: Client<MarkerPrediction>,
    now: Timestamp,
    schema: Arc<Schema>,
    sent: ClientSections,
    events: Vec<ClientEvent>,
    connects: usize,
    disconnects: usize,
}

impl Case {
    fn new() -> Self {
        let config = ClientConfig {
            name: "tester".to_owned(),
            game: Some("markers".to_owned()),
            schema: None,
            room: RoomSelector::Id(RoomId(1)),
            role: Role::Player,
            seed: 1,
            snapshots_kept: 4,
        };
        Self {
            client: Client::new(config, Box::new(DecodeAlone)),
            now: Timestamp::from_millis(1000),
            schema: marker_schema(),
            sent: ClientSections::default(),
            events: Vec::new(),
            connects: 0,
            disconnects: 0,
        }
    }

    /// A client that was welcomed into a room at this stage.
    fn welcomed(state: PhaseInfo) -> Self {
        let mut case = Self::new();
        case.greet();
        case.be_welcomed(7, state);
        case
    }

    /// A client in a match that began when its clock showed 0, over a path of 20 ms there and
    /// back, whose frame of tick 29 has come.
    fn playing() -> (Self, World) {
        let mut case = Self::welcomed(running(1, 30));
        case.answer_pings(0);
        let mut world = World::new(case.schema.clone());
        world.place(0, 100, 0);
        world.chunk(1);
        let join = world.join();
        case.message(&frame(
            29,
            &[],
            &[(StreamSlot::COMMON, StreamEntry::Join(&join))],
        ));
        case.clear();
        (case, world)
    }

    fn drain(&mut self) {
        while let Some(output) = self.client.poll_output() {
            match output {
                Output::Connect => self.connects += 1,
                Output::Disconnect => self.disconnects += 1,
                Output::Event(event) => self.events.push(event),
                Output::Send(message) => {
                    let read = read_client(&self.schema, &message);
                    self.sent.controls.extend(read.controls);
                    self.sent.inputs.extend(read.inputs);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.sent = ClientSections::default();
        self.events.clear();
        self.connects = 0;
        self.disconnects = 0;
    }

    fn handle(&mut self, event: NetworkEvent<'_>) {
        self.client.handle(self.now, event);
        self.drain();
    }

    fn message(&mut self, message: &[u8]) {
        self.handle(NetworkEvent::Message(message));
    }

    fn closed(&mut self, code: Option<u16>) {
        self.handle(NetworkEvent::Closed(code, ""));
    }

    /// Lets time pass, waking the client when it wants to be woken.
    fn pass(&mut self, millis: u64) {
        let end = self.now.plus_micros(millis * 1000);
        let mut wakes = 0;
        while let Some(due) = self.client.next_due().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.client.advance(self.now);
            self.drain();
            wakes += 1;
            assert!(wakes < 100 + millis, "it wakes without end");
        }
        self.now = end;
    }

    fn greet(&mut self) {
        self.pass(0);
        self.handle(NetworkEvent::Connected);
    }

    fn be_welcomed(&mut self, session: u64, state: PhaseInfo) {
        let welcome = Box::new(welcome(&self.schema, session, state));
        self.message(&control(&ServerControl::Welcome(welcome)));
    }

    /// Answers each ping after 20 ms, from a match whose tick 0 was due at `origin`.
    fn answer_pings(&mut self, origin: u64) {
        self.pass(0);
        let pings = core::mem::take(&mut self.sent.controls);
        let asked = self.now;
        self.now = asked.plus_micros(20_000);
        for ping in pings {
            if let ClientControl::Ping { nonce } = ping {
                let match_micros = asked.0 + 10_000 - origin;
                self.message(&control(&ServerControl::Pong {
                    nonce,
                    match_micros,
                }));
            }
        }
    }

    fn hello(&self) -> &Hello {
        let hello = self
            .sent
            .controls
            .iter()
            .rev()
            .find_map(|control| match control {
                ClientControl::Hello(hello) => Some(hello),
                _ => None,
            });
        hello.expect("a hello was sent")
    }

    fn ending(&self) -> Closed {
        let closed = self.events.iter().rev().find_map(|event| match event {
            ClientEvent::Closed(closed) => Some(closed.clone()),
            _ => None,
        });
        closed.expect("a connection ended")
    }

    fn report(&self) -> FrameReport {
        let report = self.events.iter().rev().find_map(|event| match event {
            ClientEvent::Frame(report) => Some(report.clone()),
            _ => None,
        });
        report.expect("a frame was told of")
    }

    fn stamped(&self) -> Vec<u32> {
        let frames = self.sent.inputs.iter().flat_map(|batch| &batch.frames);
        frames.map(|frame| frame.tick.0).collect()
    }
}

#[test]
fn it_connects_greets_and_is_welcomed() {
    let mut case = Case::new();
    case.greet();
    assert_eq!(case.connects, 1);
    let hello = case.hello();
    assert_eq!(hello.game.as_deref(), Some("markers"));
    assert_eq!((hello.fingerprint, &hello.resume), (None, &None));
    case.be_welcomed(7, LOBBY);
    assert!(matches!(
        &case.events[0],
        ClientEvent::Welcome(joined) if !joined.resumed && joined.player == Some(PlayerId(0))
    ));
    assert_eq!(case.client.playing().unwrap().phase(), &LOBBY);
}

#[test]
fn a_server_that_does_not_answer_is_given_up_and_tried_again() {
    let mut case = Case::new();
    case.greet();
    case.pass(11_000);
    assert_eq!((case.disconnects, case.connects), (1, 2));
    assert_eq!(case.ending().ending, Ending::Silent);
}

#[test]
fn a_lost_connection_is_resumed_with_the_token() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.closed(None);
    assert_eq!(case.ending().then, Then::Resume);
    assert_eq!(case.connects, 0);
    case.pass(300);
    assert_eq!(case.connects, 1);
    case.handle(NetworkEvent::Connected);
    assert_eq!(case.hello().resume, Some(7u64.to_le_bytes().to_vec()));
    assert_eq!(case.hello().fingerprint, Some(case.schema.fingerprint()));
    let mut again = welcome(&case.schema, 7, LOBBY);
    again.schema = None;
    case.message(&control(&ServerControl::Welcome(Box::new(again))));
    let resumed = case
        .events
        .iter()
        .any(|event| matches!(event, ClientEvent::Welcome(joined) if joined.resumed));
    assert!(resumed);
}

#[test]
fn each_reason_has_its_next_step() {
    for &reason in CloseReason::ALL {
        let mut case = Case::welcomed(LOBBY);
        case.clear();
        case.closed(Some(reason.code()));
        assert_eq!(case.ending().ending, Ending::Reason(reason));
        assert_eq!(case.ending().then, reason.then());
        case.pass(60_000);
        match reason.then() {
            Then::Never => assert!(case.client.is_closed() && case.connects == 0),
            Then::Resume | Then::Rejoin | Then::Retry(_) => {
                assert!(case.connects > 0, "{reason}");
                case.clear();
                case.handle(NetworkEvent::Closed(None, "refused"));
                case.pass(60_000);
                case.handle(NetworkEvent::Connected);
                let resumes = case.hello().resume.is_some();
                assert_eq!(resumes, reason.then() == Then::Resume, "{reason}");
            }
        }
    }
}

#[test]
fn attempts_are_ever_rarer_but_do_not_end() {
    let mut case = Case::new();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let before = case.now;
        while case.connects == 0 {
            case.pass(10);
        }
        waits.push(case.now.since(before));
        case.clear();
        case.closed(None);
    }
    assert!(
        waits[1] < 260_000 && waits[11] > 3_900_000 && waits[11] < 8_100_000,
        "{waits:?}"
    );
}

#[test]
fn a_token_of_another_session_is_not_a_resume() {
    let mut case = Case::welcomed(LOBBY);
    case.closed(None);
    case.pass(300);
    case.handle(NetworkEvent::Connected);
    case.clear();
    case.be_welcomed(8, LOBBY);
    assert!(matches!(&case.events[0], ClientEvent::Welcome(joined) if !joined.resumed));
}

#[test]
fn leaving_tells_the_server_and_ends() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.client.leave(case.now);
    case.drain();
    assert!(case.sent.controls.contains(&ClientControl::Leave));
    case.closed(Some(1000));
    assert!(case.client.is_closed());
    assert_eq!(case.ending().ending, Ending::Reason(CloseReason::Left));
    assert_eq!(case.events.len(), 1);
}

#[test]
fn leaving_ends_even_if_the_server_does_not_close() {
    let mut case = Case::welcomed(LOBBY);
    case.client.leave(case.now);
    case.pass(1_000);
    assert!(case.client.is_closed() && case.disconnects == 1);
}

#[test]
fn everything_received_is_acknowledged_in_time() {
    let mut case = Case::welcomed(LOBBY);
    case.answer_pings(0);
    case.pass(200);
    case.clear();
    let message = control(&ServerControl::Room(RoomUpdate::default()));
    case.message(&message);
    case.pass(ACK_MICROS_MAX / 1000 - 1);
    assert_eq!(case.sent.inputs, []);
    case.pass(1);
    let batch = InputBatch {
        incarnation: 0,
        received: 4,
        frames: Vec::new(),
    };
    assert_eq!(
        case.sent.inputs.last().map(|sent| sent.received),
        Some(batch.received - 1)
    );
    case.clear();
    for _ in 0..ACK_MESSAGES_MAX {
        case.message(&message);
    }
    case.pass(0);
    assert_eq!(case.sent.inputs.len(), 1);
    assert_eq!(case.sent.inputs[0].received, 3 + ACK_MESSAGES_MAX);
}

#[test]
fn one_input_a_tick_is_sent_while_a_match_runs() {
    let (mut case, _) = Case::playing();
    let words = InputWords::of(&MarkerInput { speed: 9 });
    case.client.set_input(words.clone());
    case.pass(1000);
    let stamped = case.stamped();
    assert!((30..=31).contains(&stamped.len()), "{stamped:?}");
    assert!(
        stamped.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{stamped:?}"
    );
    let batches = &case.sent.inputs;
    assert!(
        batches
            .iter()
            .all(|batch| batch.incarnation == 1 && batch.received > 0)
    );
    assert!(
        batches
            .iter()
            .flat_map(|batch| &batch.frames)
            .all(|frame| frame.words == words)
    );
    let lead = RATE.due(Tick(*stamped.last().unwrap())).0 - case.now.0;
    assert!(lead < 80_000, "{lead}");
}

#[test]
fn after_the_end_of_a_match_no_inputs_are_sent() {
    let (mut case, _) = Case::playing();
    case.message(&phase(PhaseInfo::Ended {
        incarnation: 1,
        tick: Tick(40),
        outcome: syncline_shared::game::Outcome::default(),
        rematch_ms: 5000,
    }));
    case.clear();
    case.pass(1000);
    assert_eq!(case.stamped(), []);
    assert!(!case.sent.controls.is_empty(), "it still pings");
}

#[test]
fn a_spectator_sends_no_inputs() {
    let mut case = Case::new();
    case.greet();
    let mut spectator = welcome(&case.schema, 7, running(1, 30));
    spectator.player = None;
    case.message(&control(&ServerControl::Welcome(Box::new(spectator))));
    case.answer_pings(0);
    case.pass(1000);
    assert_eq!(case.stamped(), []);
}

#[test]
fn another_incarnation_starts_everything_anew() {
    let (mut case, mut world) = Case::playing();
    case.pass(500);
    case.clear();
    case.message(&phase(running(2, 20)));
    assert!(case.client.playing().unwrap().inputs().is_empty());
    assert!(
        case.client
            .playing()
            .unwrap()
            .frame(StreamSlot::COMMON)
            .classes()[0]
            .is_empty()
    );
    // Its clock is another one: tick 20 of it is now.
    let origin = case.now.0 - RATE.due(Tick(20)).0;
    case.answer_pings(origin);
    world.place(0, 5, 5);
    world.chunk(1);
    let join = world.join();
    case.message(&frame(
        21,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Join(&join))],
    ));
    case.pass(200);
    let stamped = case.stamped();
    assert!(
        stamped.iter().all(|&tick| (20..32).contains(&tick)),
        "{stamped:?}"
    );
    assert!(case.sent.inputs.iter().all(|batch| batch.incarnation == 2));
    assert_eq!(case.report().prediction, Comparison::Unpredicted);
}

#[test]
fn the_same_incarnation_again_changes_nothing() {
    let (mut case, _) = Case::playing();
    case.pass(100);
    let stamped = case.stamped();
    case.message(&phase(running(1, 33)));
    assert!(
        !case
            .client
            .playing()
            .unwrap()
            .frame(StreamSlot::COMMON)
            .classes()[0]
            .is_empty()
    );
    case.clear();
    case.pass(100);
    assert_eq!(case.stamped()[0], stamped.last().unwrap() + 1);
}

#[test]
fn no_tick_is_stamped_twice_across_a_resume() {
    let (mut case, _) = Case::playing();
    case.pass(500);
    let before = *case.stamped().last().unwrap();
    case.closed(None);
    // So short a loss is not to be expected, but nothing must depend on it.
    case.now = case.client.next_due().unwrap();
    case.greet();
    case.be_welcomed(7, running(1, before - 5));
    case.clear();
    let origin = case.now.0 - RATE.due(Tick(before - 5)).0;
    case.answer_pings(origin);
    case.pass(500);
    assert!(case.stamped()[0] > before, "{:?}", case.stamped());
}

#[test]
fn frames_report_inputs_predictions_and_events() {
    let (mut case, mut world) = Case::playing();
    case.client
        .set_input(InputWords::of(&MarkerInput { speed: 3 }));
    case.pass(200);
    let first = case.stamped()[0];
    // Up to the first stamped tick nothing had come.
    let statuses = vec![InputStatus::Repeated; usize::try_from(first - 30).unwrap()];
    case.message(&frame(first - 1, &statuses, &[]));
    assert_eq!(case.report().statuses, [0, first - 30, 0, 0]);
    world.place(0, 103, 0);
    let chunk = world.chunk(1);
    case.message(&frame(
        first,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))],
    ));
    let report = case.report();
    assert_eq!(report.statuses, [1, 0, 0, 0]);
    assert_eq!(report.prediction, Comparison::Agreed);
    assert_eq!(report.input_ages.len(), 1);
    assert!(
        (100_000..=200_000).contains(&report.input_ages[0]),
        "{report:?}"
    );
    world.place(0, 700, 0);
    world.event(&Teleported {
        player: PlayerId(0),
    });
    let chunk = world.chunk(1);
    case.message(&frame(
        first + 1,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))],
    ));
    assert_eq!(
        case.report().prediction,
        Comparison::Corrected("teleported")
    );
    assert!(
        case.events
            .iter()
            .any(|event| matches!(event, ClientEvent::GameEvents { .. }))
    );
    world.place(0, 800, 0);
    let chunk = world.chunk(1);
    case.message(&frame(
        first + 2,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))],
    ));
    assert!(matches!(case.report().prediction, Comparison::Error(_)));
}

#[test]
fn what_was_silent_was_applied_as_assumed() {
    let (mut case, _) = Case::playing();
    case.pass(400);
    let first = case.stamped()[0];
    let statuses = vec![InputStatus::Repeated; usize::try_from(first - 30).unwrap()];
    case.message(&frame(first - 1, &statuses, &[]));
    // The neutral input moves nothing, so the marker stays where it is through a silence of 5.
    case.message(&frame(first + 4, &[], &[]));
    let report = case.report();
    assert_eq!((report.snapshots, report.statuses), (5, [5, 0, 0, 0]));
    assert_eq!(report.prediction, Comparison::Agreed);
    assert_eq!(report.input_ages.len(), 5);
}

#[test]
fn after_a_rejoin_nothing_is_concluded() {
    let (mut case, mut world) = Case::playing();
    case.pass(100);
    world.place(0, 5000, 0);
    world.chunk(1);
    let join = world.join();
    let entries = [(StreamSlot::COMMON, StreamEntry::Join(&join))];
    case.message(&frame(300, &[InputStatus::Dropped], &entries));
    let report = case.report();
    assert!(report.joined && report.whole && report.snapshots == 1);
    assert_eq!(report.prediction, Comparison::Unpredicted);
    assert_eq!(report.statuses, [0, 0, 0, 1]);
}

#[test]
fn the_roster_is_kept() {
    let mut case = Case::welcomed(LOBBY);
    let entry = |player, name: &str| RosterEntry {
        player: PlayerId(player),
        name: name.to_owned(),
        connected: true,
    };
    let update = |whole, roster: Vec<RosterEntry>, left: Vec<PlayerId>| {
        control(&ServerControl::Room(RoomUpdate {
            phase: None,
            whole,
            roster,
            left,
        }))
    };
    let names = |case: &Case| -> Vec<String> {
        case.client
            .playing()
            .unwrap()
            .roster()
            .map(|entry| entry.name.clone())
            .collect()
    };
    case.message(&update(
        true,
        vec![entry(2, "b"), entry(1, "a")],
        Vec::new(),
    ));
    assert_eq!(names(&case), ["a", "b"]);
    case.message(&update(false, vec![entry(3, "c")], vec![PlayerId(1)]));
    assert_eq!(names(&case), ["b", "c"]);
    case.message(&update(true, vec![entry(9, "z")], Vec::new()));
    assert_eq!(names(&case), ["z"]);
}

#[test]
fn commands_are_numbered_and_answered() {
    let mut case = Case::new();
    assert_eq!(case.client.send_command(vec![1]), None);
    let mut case = Case::welcomed(LOBBY);
    assert_eq!(case.client.send_command(vec![1]), Some(0));
    assert_eq!(case.client.send_command(vec![2]), Some(1));
    let outcome = syncline_shared::command::CommandOutcome::Applied(Tick(9));
    case.message(&control(&ServerControl::CommandReply {
        sequence: 1,
        outcome,
    }));
    let answered = case
        .events
        .iter()
        .any(|event| matches!(event, ClientEvent::CommandReply { sequence: 1, .. }));
    assert!(answered);
}

#[test]
fn a_silent_server_is_given_up() {
    let mut case = Case::welcomed(LOBBY);
    case.clear();
    case.pass(10_100);
    assert_eq!(
        (case.ending().ending, case.disconnects),
        (Ending::Silent, 1)
    );
}

#[test]
fn unreadable_messages_end_the_connection_and_nothing_else() {
    let bad = [
        vec![99, 0],
        vec![1, 200],
        control(&ServerControl::Welcome(Box::new(welcome(
            &marker_schema(),
            7,
            LOBBY,
        )))),
        frame(5, &[], &[(StreamSlot::OWN, StreamEntry::Chunk(&[1]))]),
    ];
    for message in bad {
        let (mut case, _) = Case::playing();
        case.message(&message);
        assert!(matches!(case.ending().ending, Ending::Unreadable(_)));
        assert_eq!(case.disconnects, 1);
        // What was still on its way is ignored.
        case.message(&message);
        case.closed(Some(4011));
        case.pass(300);
        assert_eq!(case.connects, 1);
    }
}

#[test]
fn a_welcome_with_a_wrong_fingerprint_is_refused() {
    let mut case = Case::new();
    case.greet();
    let mut wrong = welcome(&case.schema, 7, LOBBY);
    wrong.fingerprint ^= 1;
    case.message(&control(&ServerControl::Welcome(Box::new(wrong))));
    assert!(matches!(case.ending().ending, Ending::Unreadable(_)));
}

/// Ticks as liars choose them: near the ends, close to each other, anywhere.
fn tick() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), 28u32..60, u32::MAX - 2..=u32::MAX, 0u32..3]
}

proptest! {
    #[test]
    fn garbage_never_panics(
        messages in prop::collection::vec(any::<Vec<u8>>(), 0..10),
        welcomed: bool,
    ) {
        let mut case = if welcomed { Case::playing().0 } else { Case::new() };
        for message in &messages {
            case.message(message);
            case.pass(400);
            case.handle(NetworkEvent::Connected);
        }
    }

    /// Sound sections with any numbers in them.
    #[test]
    fn lies_never_panic(
        ticks in prop::collection::vec((tick(), any::<u64>(), any::<i32>()), 0..20),
        joins: bool,
    ) {
        let (mut case, world) = Case::playing();
        let join = world.join();
        for (tick, micros, margin) in ticks {
            let entries = [(StreamSlot::COMMON, StreamEntry::Join(&join))];
            let entries = if joins { &entries[..] } else { &[] };
            case.message(&frame(tick, &[InputStatus::Merged], entries));
            case.message(&phase(running(u32::from(micros % 3 == 0), tick)));
            for nonce in 0..5 {
                case.message(&control(&ServerControl::Pong { nonce, match_micros: micros }));
            }
            let own = syncline_shared::message::frame::OwnPart {
                statuses: Vec::new(),
                margin_ms: Some(margin),
            };
            let mut body = Vec::new();
            syncline_shared::message::frame::FrameSection {
                tick: Tick(tick), span: 1, own, streams: Vec::new(),
            }.encode(&mut body);
            let mut message = Vec::new();
            write_section(SectionKind::Frame, &body, &mut message);
            case.message(&message);
            case.pass(150);
            case.handle(NetworkEvent::Connected);
        }
    }
}
