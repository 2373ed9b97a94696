//! A game that panics between two ticks leaves an act that leads there again.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use support::{Ask, Race, Rules};
use syncline_server_core::game_kind;
use syncline_server_core::match_state::Match;
use syncline_shared::codec;
use syncline_shared::game::{JoinRefusal, LeaveReason, Origin, Profile};
use syncline_shared::id::PlayerId;
use syncline_shared::journal::{Act, MatchHeader, TickRecord};
use syncline_shared::snapshot::SnapshotWriter;
use syncline_shared::tick::Tick;

const ADA: PlayerId = PlayerId(0);
const BOB: PlayerId = PlayerId(1);

/// A race that Ada is in, after three ticks, and what led there.
fn race() -> (Match, Vec<TickRecord>) {
    let kind = game_kind::<Race>();
    let header = MatchHeader {
        game: kind.name().to_owned(),
        fingerprint: kind.schema().fingerprint(),
        config: codec::encode(&Rules {
            kick_breaks: true,
            ..Rules::default()
        }),
        seed: 3,
        checkpoint_interval: 0,
    };
    let mut race = Match::new(&*kind, header).unwrap();
    race.join(ADA, named("Ada")).unwrap();
    let mut world = SnapshotWriter::new(Arc::clone(kind.schema()));
    let records = (0..3).map(|_| race.step(Vec::new(), &mut world));
    let records = records.collect();
    (race, records)
}

fn named(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        ..Profile::default()
    }
}

fn panics(act: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(act)).is_err()
}

/// What was interrupted by `break_it`, after a jump that was not.
fn interrupted(break_it: impl FnOnce(&mut Match)) -> TickRecord {
    let (mut race, records) = race();
    let jump = codec::encode(&Ask::Jump { by: 5 });
    race.command(Origin::Player(ADA), &jump).unwrap();
    assert!(panics(|| break_it(&mut race)));
    let record = race.interrupted().expect("it was interrupted");
    // The same again, by the record alone.
    let mut again = Match::new(&*game_kind::<Race>(), race.header().clone()).unwrap();
    let mut world = SnapshotWriter::new(Arc::clone(game_kind::<Race>().schema()));
    for record in &records {
        again.replay(record, &mut world).unwrap();
    }
    assert!(panics(|| drop(again.replay(&record, &mut world))));
    assert_eq!(again.interrupted(), Some(record.clone()));
    assert_eq!(record.tick, Tick(4));
    assert_eq!(record.inputs, []);
    let jumped = Act::Command(Origin::Player(ADA), jump);
    assert_eq!((record.acts.len(), &record.acts[0]), (2, &jumped));
    record
}

#[test]
fn a_panic_in_a_join_is_recorded() {
    let record = interrupted(|race| drop(race.join(BOB, named("broken"))));
    assert_eq!(record.acts[1], Act::Join(BOB, named("broken")));
}

#[test]
fn a_panic_in_a_leave_is_recorded() {
    let record = interrupted(|race| race.leave(ADA, LeaveReason::Kicked));
    assert_eq!(record.acts[1], Act::Leave(ADA, LeaveReason::Kicked));
}

#[test]
fn a_panic_in_a_command_is_recorded() {
    let bad = codec::encode(&Ask::Break {});
    let record = interrupted(|race| drop(race.command(Origin::Player(ADA), &bad)));
    assert_eq!(record.acts[1], Act::Command(Origin::Player(ADA), bad));
}

/// What was refused, or made no sense, is in no record.
#[test]
fn what_changed_nothing_is_not_recorded() {
    let (mut race, _) = race();
    let refused = race.join(BOB, named("banned"));
    assert!(matches!(refused, Err(JoinRefusal::NotAllowed(_))));
    assert!(race.command(Origin::Player(ADA), &[255]).is_err());
    assert_eq!(race.interrupted(), None);
    let mut world = SnapshotWriter::new(Arc::clone(game_kind::<Race>().schema()));
    assert_eq!(race.step(Vec::new(), &mut world).acts, []);
}
