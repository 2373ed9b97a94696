//! Rooms from the outside: events and time in, messages out.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::{Ask, Rules, Stick, Table, nothing, positions, right, room_with, table, table_of};
use syncline_server_core::{ClientMessage, ConnectionId, RoomEvent, RoomOutput};
use syncline_shared::close::CloseReason;
use syncline_shared::command::{CommandMessage, CommandOutcome, CommandRefusal, first_sequence};
use syncline_shared::id::{PlayerId, StreamSlot};
use syncline_shared::input::{InputBatch, InputFrame, InputFrames, InputStatus, InputWords};
use syncline_shared::journal::Record;
use syncline_shared::message::control::{PhaseInfo, Role, ServerControl};
use syncline_shared::tick::{Timestamp, ViewTick};

#[test]
fn players_move_and_everybody_sees_it() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(5, right);
    table.attach(2, 2, false);
    for _ in 0..100 {
        table.run(1, right);
        table.check_frames();
    }
    assert_eq!(positions(&table, 0), positions(&table, 1));
    assert!(
        positions(&table, 0).iter().all(|&at| at >= 98),
        "{:?}",
        positions(&table, 0)
    );
    assert!(table.watchers[0].events.len() > 20);
    assert_eq!(table.watchers[0].joins, 2);
    assert_eq!(table.watchers[0].roster.len(), 2);
}

#[test]
fn a_match_waits_in_the_lobby_for_enough_players() {
    let mut table = table_of(&Rules {
        seats_min: 2,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.run(10, nothing);
    assert_eq!(table.watchers[0].phase, Some(PhaseInfo::waiting(1)));
    assert_eq!(table.room.status().phase, "lobby");
    table.attach(2, 2, false);
    table.run(3, nothing);
    assert_eq!(table.room.status().phase, "running");
    assert_eq!(table.watchers[0].incarnation(), 1);
}

/// So that whoever is on the way to a match that takes nobody later can be waited for.
#[test]
fn a_room_tells_before_it_closes() {
    let about_to = |closed, countdown| {
        let rules = Rules {
            seats_min: 2,
            closed,
            ..Rules::default()
        };
        let mut table = Table::new(room_with(&rules, |it| it.countdown_micros = countdown));
        let mut told = vec![table.room.is_about_to_close(table.now)];
        for player in [1, 2] {
            table.attach(player, player, false);
            told.push(table.room.is_about_to_close(table.now));
        }
        table.run(2, nothing);
        told.push(table.room.is_about_to_close(table.now));
        told
    };
    assert_eq!(about_to(true, None), [false, false, true, false]);
    assert_eq!(about_to(false, None), [false; 4]);
    assert_eq!(about_to(true, Some(0)), [false; 4]);
}

#[test]
fn nothing_is_sent_while_all_goes_as_predicted_but_for_a_sign_of_life() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(30, nothing);
    let before = table.watchers[0].received;
    table.run(300, nothing);
    let messages = table.watchers[0].received - before;
    assert!(
        (40..=50).contains(&messages),
        "{messages} messages in ten seconds"
    );
    assert!(table.room.counters().silent_ticks > 200);
    table.check_frames();
}

#[test]
fn inputs_that_come_in_time_are_not_reported() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(100, right);
    let statuses = &table.watchers[0].statuses;
    assert!(
        statuses
            .iter()
            .filter(|&&s| s != InputStatus::Applied)
            .count()
            <= 2,
        "{statuses:?}"
    );
}

/// Who holds what it presses takes it for granted that it is repeated; who doesn't is told.
#[test]
fn a_held_input_does_not_break_the_silence() {
    let messages = |held| {
        let mut table = table();
        table.attach(1, 1, false);
        table.held = held;
        table.run(30, |_, tick| tick.is_multiple_of(10).then(Stick::default));
        let before = table.watchers[0].received;
        table.run(300, |_, tick| tick.is_multiple_of(15).then(Stick::default));
        table.check_frames();
        table.watchers[0].received - before
    };
    let (held, repeated) = (messages(true), messages(false));
    assert!((40..=50).contains(&held), "{held} messages in ten seconds");
    assert!(repeated > 270, "{repeated} messages in ten seconds");
}

#[test]
fn a_held_input_is_applied_and_costs_the_journal_nothing() {
    let mut table = Table::new(room_with(&Rules::default(), |config| config.record = true));
    table.attach(1, 1, false);
    table.held = true;
    table.run(10, nothing);
    let start = table.room.status().tick.next();
    let step = |by| Stick {
        step: by,
        grab: false,
    };
    table.run(60, |_, tick| {
        let changes = [(start, 1), (start.plus(50), 0)];
        let change = changes.iter().find(|(at, _)| *at == tick);
        change.map(|&(_, by)| step(by))
    });
    assert_eq!(positions(&table, 0), [50]);
    let inputs = table.records.iter().map(|output| match output {
        RoomOutput::Record(record) => match &**record {
            Record::Tick(tick) => tick.inputs.len(),
            _ => 0,
        },
        _ => 0,
    });
    assert_eq!(inputs.sum::<usize>(), 2);
}

#[test]
fn a_full_room_refuses() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.players_max = 1;
    }));
    table.attach(1, 1, false);
    let late = table.attach(2, 2, false);
    assert_eq!(table.watchers[late].closed, Some(CloseReason::RoomFull));
    let spectator = table.attach_as(3, 3, false, Role::Spectator, "");
    table.run(5, right);
    assert_eq!(table.watchers[spectator].closed, None);
    assert_eq!(positions(&table, spectator), positions(&table, 0));
    assert!(table.watchers[spectator].frame(StreamSlot::OWN).is_none());
}

#[test]
fn a_closed_match_refuses_latecomers_and_a_game_may_refuse_anybody() {
    let mut table = table_of(&Rules {
        closed: true,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.run(5, right);
    let late = table.attach(2, 2, false);
    assert_eq!(
        table.watchers[late].closed,
        Some(CloseReason::AlreadyStarted)
    );
    let mut table = support::table();
    table.attach(1, 1, false);
    table.run(5, right);
    let banned = table.attach_as(2, 2, false, Role::Player, "banned");
    assert_eq!(table.watchers[banned].closed, Some(CloseReason::NotAllowed));
    assert_eq!(table.room.status().players, 1);
}

#[test]
fn a_lost_player_keeps_the_seat_for_the_grace_period() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(10, right);
    table.detach(2);
    table.run(30, right);
    let seat = table.watchers[1].player();
    assert!(!table.watchers[0].roster[&seat].connected);
    let back = table.attach(3, 2, true);
    table.run(10, right);
    assert_eq!(table.watchers[back].player(), seat);
    assert_eq!(table.watchers[back].welcome.as_ref().unwrap().attach, 2);
    assert!(table.watchers[0].roster[&seat].connected);
    table.check_frames();
    table.detach(3);
    table.now = table.now.plus_micros(16_000_000);
    table.run(10, right);
    assert!(!table.watchers[0].roster.contains_key(&seat));
    let gone = table.attach(4, 2, true);
    assert_eq!(
        table.watchers[gone].closed,
        Some(CloseReason::SessionExpired)
    );
}

#[test]
fn a_lost_player_lets_go_of_everything() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(10, right);
    table.detach(2);
    table.run(2, right);
    let stopped = positions(&table, 0)[1];
    table.run(20, right);
    assert_eq!(positions(&table, 0)[1], stopped);
}

#[test]
fn the_newest_connection_of_a_session_owns_the_seat() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, right);
    let newer = table.attach(2, 1, true);
    assert_eq!(table.watchers[0].closed, Some(CloseReason::Replaced));
    // What is late from the older one changes nothing.
    table.send(1, ClientMessage::Leave);
    table.detach(1);
    table.watchers.remove(0);
    table.run(10, right);
    assert_eq!(table.room.status().players, 1);
    assert_eq!(table.watchers[newer - 1].closed, None);
    table.check_frames();
}

#[test]
fn commands_are_answered() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    let next = table.room.status().tick.next();
    table.ask(1, 7, &Ask::Jump { by: 50 });
    table.ask(1, 8, &Ask::Jump { by: 5000 });
    table.send(
        1,
        ClientMessage::Command(CommandMessage {
            incarnation: 1,
            sequence: 9,
            payload: vec![250],
        }),
    );
    table.run(2, nothing);
    let reply = |sequence, outcome| ServerControl::CommandReply { sequence, outcome };
    assert_eq!(
        table.watchers[0].replies,
        [
            reply(7, CommandOutcome::Applied(next)),
            reply(
                8,
                CommandOutcome::Refused(CommandRefusal::Rule("too far".to_owned()))
            ),
            reply(9, CommandOutcome::Refused(CommandRefusal::Malformed)),
        ]
    );
    assert_eq!(positions(&table, 0), [50]);
}

/// Whoever lost the connection before an answer came may ask again, under the same number.
#[test]
fn a_command_that_is_asked_again_is_done_once() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    table.ask(1, 7, &Ask::Jump { by: 50 });
    table.run(2, nothing);
    table.detach(1);
    table.attach(2, 1, true);
    table.run(2, nothing);
    let new = first_sequence(2);
    table.ask(2, 7, &Ask::Jump { by: 50 });
    table.ask(2, 8, &Ask::Jump { by: 20 });
    table.ask(2, new, &Ask::Jump { by: 1 });
    table.run(2, nothing);
    assert_eq!(table.watchers[1].replies[0], table.watchers[0].replies[0]);
    assert_eq!(table.watchers[1].replies.len(), 3);
    // What never came is done now.
    assert_eq!(positions(&table, 1), [71]);
    assert_eq!(table.room.counters().commands_applied, 3);
}

/// All that was lost is asked again at once; it takes nobody's place, and no more than was remembered.
#[test]
fn commands_that_are_asked_again_may_be_more_than_wait() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    table.detach(1);
    table.attach(2, 1, true);
    table.run(2, nothing);
    let new = first_sequence(2);
    for number in 0..40 {
        table.ask(2, number, &Ask::Jump { by: 1 });
    }
    for number in 0..20 {
        table.ask(2, new + number, &Ask::Jump { by: 1 });
    }
    table.run(2, nothing);
    assert_eq!(positions(&table, 1), [32 + 8]);
    assert_eq!(table.room.counters().commands_refused, 8 + 12);
}

#[test]
fn at_most_eight_commands_wait() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, nothing);
    for sequence in 0..20 {
        table.ask(1, sequence, &Ask::Jump { by: 1 });
    }
    table.run(2, nothing);
    assert_eq!(positions(&table, 0), [8]);
    assert_eq!(table.room.counters().commands_refused, 12);
}

#[test]
fn a_match_ends_and_another_begins() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(20, right);
    table.ask(1, 1, &Ask::Finish {});
    table.run(3, right);
    assert!(matches!(
        table.watchers[0].phase,
        Some(PhaseInfo::Ended { incarnation: 1, .. })
    ));
    table.send(1, ClientMessage::Rematch);
    table.run(3, right);
    assert_eq!(table.room.status().phase, "ended");
    table.send(2, ClientMessage::Rematch);
    table.run(20, right);
    assert_eq!(table.watchers[0].incarnation(), 2);
    table.check_frames();
    assert!(positions(&table, 0)[0] < 30);
    table.ask(1, 1, &Ask::Finish {});
    table.run(3, right);
    table.now = table.now.plus_micros(11_000_000);
    table.run(10, right);
    assert_eq!(table.watchers[1].incarnation(), 3);
}

#[test]
fn a_rate_of_snapshots_below_the_ticks() {
    let mut table = Table::new(room_with(&Rules::default(), |config| {
        config.snapshot_interval = 3;
    }));
    table.attach(1, 1, false);
    table.run(90, right);
    let frames = table.watchers[0].frames;
    // A snapshot each third tick, and none where all went as predicted.
    assert!((5..=31).contains(&frames), "{frames}");
    assert!(table.watchers[0].events.len() > 15);
    table.check_frames();
}

/// Freezes one of two followers for ten seconds. The other's bytes must not change, and the frozen
/// one must join anew at the present.
#[test]
fn a_frozen_client_hurts_nobody_and_comes_back_to_the_present() {
    let run = |freeze: bool| {
        let mut table = table();
        table.attach(1, 1, false);
        table.attach(2, 2, false);
        table.run(60, right);
        let before = table.watchers[0].messages.len();
        if freeze {
            table.frozen.push(table.watchers[1].connection);
        }
        // The frozen client's runner stands still in both runs.
        let press = |player: PlayerId, _| {
            (player == PlayerId(0)).then_some(Stick {
                step: 1,
                grab: true,
            })
        };
        table.run(300, press);
        let bytes = table.watchers[0].messages[before..].to_vec();
        table.thaw();
        let tick = table.room.status().tick;
        table.run(5, press);
        assert!(
            table.watchers[1].tick > tick,
            "the present within two ticks of the first answer"
        );
        table.check_frames();
        (bytes, *table.room.counters())
    };
    let (alone, calm) = run(false);
    let (beside, hurt) = run(true);
    assert_eq!(alone, beside);
    assert_eq!(calm.waiting_dropped, 0);
    assert_eq!(hurt.waiting_dropped, 1);
    assert!(hurt.events_lost > 0);
}

#[test]
fn a_large_join_is_paced() {
    let mut table = table_of(&Rules {
        crowd: 30_000,
        ..Rules::default()
    });
    table.attach(1, 1, false);
    table.run(60, right);
    assert_eq!(table.watchers[0].joins, 2);
    assert!(
        table.watchers[0]
            .messages
            .iter()
            .all(|bytes| bytes.len() < 17_000)
    );
    table.check_frames();
    assert_eq!(table.watchers[0].tick, table.room.status().tick);
}

#[test]
fn an_empty_room_ends() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(10, right);
    table.send(1, ClientMessage::Leave);
    assert_eq!(table.watchers[0].closed, Some(CloseReason::Left));
    table.watchers.clear();
    table.run(1, nothing);
    table.now = table.now.plus_micros(20_000_000);
    table.run(1, nothing);
    assert!(!table.room.is_finished());
    table.now = table.now.plus_micros(20_000_000);
    table.run(1, nothing);
    assert!(table.room.is_finished());
}

#[test]
fn a_stopped_room_tells_everybody_why() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table
        .room
        .handle(table.now, RoomEvent::Stop(CloseReason::Restarting));
    table.run(1, nothing);
    assert!(
        table
            .watchers
            .iter()
            .all(|w| w.closed == Some(CloseReason::Restarting))
    );
    assert!(table.room.is_finished());
}

#[test]
fn a_late_loop_drops_time_instead_of_bursting() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(30, right);
    let tick = table.room.status().tick;
    table.now = table.now.plus_micros(5_000_000);
    table.room.advance(table.now);
    assert_eq!(table.room.status().tick, tick.next());
    assert_eq!(table.room.counters().overruns, 1);
    assert!(table.room.next_due() > table.now);
    assert!(table.room.next_due() < table.now.plus_micros(34_000));
}

#[test]
fn events_from_strangers_are_ignored() {
    let mut table = table();
    table.attach(1, 1, false);
    table.send(99, ClientMessage::Leave);
    table.send(99, ClientMessage::Ping { nonce: 1 });
    table.detach(99);
    table.run(3, right);
    assert_eq!(table.room.status().players, 1);
}

/// As from an inbox that was not looked into until a tick was due.
#[test]
fn what_happened_before_the_last_tick_may_be_told_after_it() {
    let mut table = table();
    table.attach(1, 1, false);
    table.attach(2, 2, false);
    table.run(60, right);
    let queued = table.room.counters().inputs[0];
    let next = table.room.status().tick.next();
    for at in [table.now.since(Timestamp(100_000)), 0] {
        let batch = InputBatch {
            held: false,
            incarnation: 1,
            received: table.watchers[0].received,
            frames: InputFrames::from([InputFrame {
                tick: next.plus(u32::from(at == 0)),
                view: ViewTick::at(next),
                words: InputWords::of(&Stick {
                    step: 1,
                    grab: true,
                }),
            }]),
        };
        let event = RoomEvent::Message(ConnectionId(1), ClientMessage::Input(batch));
        table.room.handle(Timestamp(at), event);
    }
    assert_eq!(table.room.counters().inputs[0], queued + 2);
    let ping = RoomEvent::Message(ConnectionId(1), ClientMessage::Ping { nonce: 1 });
    table.room.handle(Timestamp::ZERO, ping);
    assert!(table.room.next_due() > table.now, "nothing is due again");
    table.run(30, right);
    table.check_frames();
    assert_eq!(table.room.status().tick, next.plus(29));
    let gone = RoomEvent::Detach(ConnectionId(2));
    table.room.handle(Timestamp::ZERO, gone);
    assert_eq!(table.room.status().connected, 1);
}

#[test]
fn a_ping_is_answered_with_the_time_of_the_match() {
    let mut table = table();
    table.attach(1, 1, false);
    table.run(31, nothing);
    table.send(1, ClientMessage::Ping { nonce: 5 });
    let Some(ServerControl::Pong {
        nonce: 5,
        match_micros,
    }) = table.watchers[0].replies.pop()
    else {
        panic!("no pong")
    };
    assert_eq!(Timestamp(match_micros).as_millis(), 1000);
}

/// In the test's game who is further on has scored more.
#[test]
fn those_outside_see_the_scores_of_a_match_unless_it_is_held_back() {
    let delayed = |micros| {
        let room = room_with(&Rules::default(), |config| {
            config.spectator_delay_micros = micros;
        });
        let mut table = Table::new(room);
        assert_eq!(table.room.overview().scores, []);
        table.attach(1, 1, false);
        table.attach(2, 2, false);
        table.run(40, |player, tick| {
            right(player, tick).filter(|_| player == PlayerId(1))
        });
        table
    };
    let scores = delayed(0).room.overview().scores;
    let players: Vec<_> = scores.iter().map(|&(player, _)| player).collect();
    assert_eq!(players, [PlayerId(1), PlayerId(0)]);
    assert!(scores[0].1 > scores[1].1, "{scores:?}");
    assert_eq!(delayed(10_000_000).room.overview().scores, []);
}
