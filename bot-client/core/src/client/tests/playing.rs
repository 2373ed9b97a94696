//! A client in a room: what it sends, and what it makes of what comes.

use syncline_shared::message::chat::{ChatFrom, ChatLine, ChatRefusal};

use super::*;

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
        received: 4,
        ..InputBatch::default()
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

/// The last of each is what the server holds: a change, and a heartbeat each half second.
#[test]
fn on_change_little_is_sent_and_held() {
    let (mut case, _) = Case::playing_at(InputPace::OnChange);
    case.pass(100);
    let words = InputWords::of(&MarkerInput { speed: 9 });
    case.client.set_input(words.clone());
    case.clear();
    case.pass(2000);
    let batches = &case.sent.inputs;
    let frames: Vec<_> = batches.iter().flat_map(|batch| &batch.frames).collect();
    assert!((4..=5).contains(&frames.len()), "{frames:?}");
    assert!(frames.iter().all(|frame| frame.words == words));
    assert!(
        batches
            .iter()
            .all(|batch| batch.held != batch.frames.is_empty())
    );
}

/// Inputs or not, everything is acknowledged within 100 ms or four messages.
#[test]
fn on_change_everything_is_acknowledged_in_time() {
    let (mut case, _) = Case::playing_at(InputPace::OnChange);
    let mut owed = VecDeque::new();
    let mut received = 3;
    for tick in 31..300 {
        case.pass(u64::from(10 + tick % 7 * 10));
        let acknowledged = case.sent.inputs.last().map_or(3, |batch| batch.received);
        while owed
            .front()
            .is_some_and(|&(number, _)| number <= acknowledged)
        {
            owed.pop_front();
        }
        let oldest = owed.front().map_or(case.now, |&(_, came)| came);
        assert!(case.now.since(oldest) <= ACK_MICROS_MAX, "at {tick}");
        assert!(
            owed.len() < usize::try_from(ACK_MESSAGES_MAX).unwrap(),
            "at {tick}"
        );
        case.message(&frame(tick, &[], &[]));
        received += 1;
        owed.push_back((received, case.now));
        case.pass(0);
        if owed.len() == usize::try_from(ACK_MESSAGES_MAX).unwrap() {
            assert_eq!(case.sent.inputs.last().unwrap().received, received);
            owed.clear();
        }
    }
}

/// The change went out for tick 45 and came late: until the server says so its old input is what
/// it repeats, and the difference has a cause.
#[test]
fn a_change_that_comes_late_is_a_correction() {
    let (mut case, mut world) = Case::playing_at(InputPace::OnChange);
    case.pass(100);
    let first = case.stamped()[0];
    let mut at = 100;
    let mut told = |case: &mut Case, tick, statuses: &[InputStatus], speed| {
        at += speed;
        world.place(0, at, 0);
        let chunk = world.chunk(1);
        let streams = [(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))];
        case.message(&frame(tick, statuses, &streams));
        case.report().prediction
    };
    for tick in 30..first {
        told(&mut case, tick, &[InputStatus::Repeated], 0);
    }
    let agreed = told(&mut case, first, &[InputStatus::Applied], 0);
    assert_eq!(agreed, Comparison::Agreed);
    case.clear();
    case.client
        .set_input(InputWords::of(&MarkerInput { speed: 9 }));
    case.pass(100);
    let change = case.stamped()[0];
    for tick in first + 1..change {
        let agreed = told(&mut case, tick, &[InputStatus::Repeated], 0);
        assert_eq!(agreed, Comparison::Agreed);
    }
    let late = Comparison::Corrected(crate::prediction::LATE_INPUT);
    let repeated = told(&mut case, change, &[InputStatus::Repeated], 0);
    assert_eq!(repeated, late);
    // What is drawn goes by what is pressed, whatever the server has heard.
    let (newest, marker) = case.client.playing().unwrap().present().unwrap();
    assert_eq!(marker.x, 100 + 9 * (newest.0 - change));
    let merged = told(&mut case, change + 1, &[InputStatus::Merged], 9);
    assert_eq!(merged, Comparison::Agreed);
    let held = told(&mut case, change + 2, &[InputStatus::Repeated], 9);
    assert_eq!(held, Comparison::Agreed);
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
    for _ in 29..first - 1 {
        assert!(world.chunk(1).is_empty());
    }
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
fn a_stream_that_goes_astray_is_asked_for_and_everything_else_goes_on() {
    let (mut case, mut world) = Case::playing();
    case.pass(100);
    case.clear();
    world.place(0, 5, 5);
    let wrong = [world.chunk(1), vec![0; 8]].concat();
    case.message(&frame(
        30,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Chunk(&wrong))],
    ));
    let report = case.report();
    assert_eq!((report.whole, report.mismatches), (false, 1));
    let resync = ClientControl::Resync {
        incarnation: 1,
        stream: StreamSlot::COMMON,
        tick: Tick(30),
    };
    assert_eq!(case.sent.controls, [resync]);
    let astray = case
        .events
        .iter()
        .any(|event| matches!(event, ClientEvent::Astray(_)));
    assert!(astray);
    case.clear();
    for tick in 31..40 {
        world.place(0, tick, 5);
        let chunk = world.chunk(1);
        let entries = [(StreamSlot::COMMON, StreamEntry::Chunk(&chunk))];
        case.message(&frame(tick, &[InputStatus::Merged], &entries));
        let report = case.report();
        assert_eq!((report.whole, report.statuses), (false, [0, 0, 1, 0]));
        case.pass(33);
    }
    assert_eq!(case.sent.inputs.last().unwrap().received, 13);
    let is_ping = |control: &ClientControl| matches!(control, ClientControl::Ping { .. });
    assert!(case.sent.controls.iter().all(is_ping));
    assert_eq!(case.disconnects, 0);
    let playing = case.client.playing().unwrap();
    assert!(playing.is_astray(StreamSlot::COMMON));
    assert!(playing.present().is_some(), "it goes on playing");
    world.place(0, 40, 5);
    world.chunk(1);
    let join = world.join();
    case.message(&frame(
        40,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Join(&join))],
    ));
    let report = case.report();
    assert!(report.whole && report.joined);
    assert_eq!(report.prediction, Comparison::Unpredicted);
    let playing = case.client.playing().unwrap();
    assert_eq!(playing.frame(StreamSlot::COMMON), world.frame());
}

#[test]
fn what_comes_anew_in_the_same_message_is_not_asked_for() {
    let (mut case, mut world) = Case::playing();
    world.place(0, 5, 5);
    let wrong = [world.chunk(1), vec![0; 8]].concat();
    let join = world.join();
    let mut message = frame(30, &[], &[(StreamSlot::COMMON, StreamEntry::Chunk(&wrong))]);
    message.extend(frame(
        31,
        &[],
        &[(StreamSlot::COMMON, StreamEntry::Join(&join))],
    ));
    case.message(&message);
    assert_eq!(case.sent.controls, []);
    assert!(case.report().whole);
}

#[test]
fn the_roster_is_kept() {
    let mut case = Case::welcomed(LOBBY);
    let entry = |player, name: &str| RosterEntry {
        player: PlayerId(player),
        name: name.to_owned(),
        connected: true,
        ..RosterEntry::default()
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
fn the_own_team_is_known() {
    let mut case = Case::welcomed(LOBBY);
    let mut tell = |teams: &[Option<u8>]| -> Vec<u16> {
        let entry = |(player, team): (u16, &Option<u8>)| RosterEntry {
            player: PlayerId(player),
            team: team.map(TeamId),
            ..RosterEntry::default()
        };
        let update = RoomUpdate {
            whole: true,
            roster: (0..).zip(teams).map(entry).collect(),
            ..RoomUpdate::default()
        };
        case.message(&control(&ServerControl::Room(update)));
        let playing = case.client.playing().unwrap();
        playing.mates().map(|player| player.0).collect()
    };
    assert_eq!(tell(&[Some(1), Some(0), Some(1), Some(1)]), [2, 3]);
    assert_eq!(tell(&[Some(0), Some(1), Some(1)]), []);
    assert_eq!(tell(&[None, None]), []);
}

#[test]
fn what_was_said_is_heard_once_across_connections() {
    let mut case = Case::new();
    case.client.chat(ChatTo::Room, "too early".to_owned());
    let mut case = Case::welcomed(LOBBY);
    case.client.chat(ChatTo::Room, "hi".to_owned());
    case.pass(0);
    let said = case.sent.controls.iter().filter(
        |control| matches!(control, ClientControl::Chat { to: ChatTo::Room, text } if text == "hi"),
    );
    assert_eq!(said.count(), 1);
    let told = |ids: &[u64]| {
        let line = |&id: &u64| ChatLine {
            id,
            age_ms: 0,
            from: ChatFrom::Server,
            to: ChatTo::Room,
            text: id.to_string(),
        };
        control(&ServerControl::Chat(ids.iter().map(line).collect()))
    };
    case.message(&told(&[1, 4]));
    case.message(&told(&[4, 5]));
    case.message(&control(&ServerControl::ChatRefused(ChatRefusal::Muted)));
    assert!(
        case.events
            .contains(&ClientEvent::ChatRefused(ChatRefusal::Muted))
    );
    case.closed(None);
    case.pass(300);
    case.handle(NetworkEvent::Connected);
    case.be_welcomed(7, LOBBY);
    case.message(&told(&[1, 4, 5, 9]));
    let heard = case.events.iter().filter_map(|event| match event {
        ClientEvent::Chat(line) => Some(line.id),
        _ => None,
    });
    assert_eq!(heard.collect::<Vec<_>>(), [1, 4, 5, 9]);
}
