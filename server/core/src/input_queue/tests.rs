//! What a queue makes of inputs, in time and out of it, sent each tick or held.

use proptest::prelude::*;
use syncline_shared::replicated;
use syncline_shared::schema::SchemaBuilder;

use super::*;

replicated! {
    /// A stick and a button.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct Pressed {
        axis: u8 => bits(8),
        fire: bool => flag,
    }
}

const RATE: TickRate = TickRate::hz(30);

fn schema() -> Schema {
    SchemaBuilder::new("test", RATE).input::<Pressed>().build()
}

fn frame(tick: u32, axis: u8, fire: bool) -> InputFrame {
    let words = InputWords::of(&Pressed { axis, fire });
    InputFrame {
        tick: Tick(tick),
        view: ViewTick::at(Tick(tick)),
        words,
    }
}

fn taken(queue: &mut InputQueue, previous: &mut InputWords) -> (InputStatus, Pressed) {
    let taken = queue.take(&schema(), previous);
    *previous = taken.words.clone();
    (taken.status, taken.words.read())
}

#[test]
fn a_frame_is_applied_at_its_tick_and_then_repeated() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    let mut last = InputWords::default();
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(2, 7, true), false),
        Verdict::Queued
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(2, 8, true), false),
        Verdict::Duplicate
    );
    assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Repeated);
    let seven = Pressed {
        axis: 7,
        fire: true,
    };
    assert_eq!(
        taken(&mut queue, &mut last),
        (InputStatus::Applied, seven.clone())
    );
    assert_eq!(taken(&mut queue, &mut last), (InputStatus::Repeated, seven));
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(2, 9, true), false),
        Verdict::Duplicate
    );
}

#[test]
fn a_late_press_is_merged_once_and_its_axis_yields_to_a_newer_frame() {
    let mut queue = InputQueue::new(RATE, Tick(5));
    let mut last = InputWords::of(&Pressed {
        axis: 1,
        fire: false,
    });
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(4, 2, true), false),
        Verdict::Late
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(4, 2, true), false),
        Verdict::Duplicate
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(5, 3, false), false),
        Verdict::Queued
    );
    let merged = taken(&mut queue, &mut last);
    assert_eq!(
        merged,
        (
            InputStatus::Merged,
            Pressed {
                axis: 3,
                fire: true
            }
        )
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(4, 2, true), false),
        Verdict::Duplicate
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(3, 9, false), false),
        Verdict::Late
    );
    let (status, pressed) = taken(&mut queue, &mut last);
    assert_eq!((status, pressed.axis), (InputStatus::Merged, 9));
}

#[test]
fn what_is_too_late_or_too_early_is_not_kept() {
    let mut queue = InputQueue::new(RATE, Tick(100));
    let mut last = InputWords::default();
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(91, 1, true), false),
        Verdict::TooLate
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(132, 1, true), false),
        Verdict::TooEarly
    );
    assert_eq!(
        queue.push(Timestamp::ZERO, frame(131, 1, true), false),
        Verdict::Queued
    );
    assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Dropped);
    assert_eq!(taken(&mut queue, &mut last).0, InputStatus::Repeated);
}

/// However many frames a client sends, at most one counts per tick.
#[test]
fn four_times_the_frames_move_once() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    let mut last = InputWords::default();
    let queued = (0..400)
        .map(|n| queue.push(Timestamp::ZERO, frame(1 + n / 4, 1, false), false))
        .filter(|&verdict| verdict == Verdict::Queued)
        .count();
    assert_eq!(queued, 32);
    let applied = (0..100)
        .filter(|_| taken(&mut queue, &mut last).0 == InputStatus::Applied)
        .count();
    assert_eq!(applied, 32);
}

#[test]
fn the_client_is_told_when_its_lead_is_off() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    // A hundred milliseconds early, then ten late.
    for tick in 10..18 {
        let arrives = Timestamp(RATE.due(Tick(tick)).0 - 100_000);
        queue.push(arrives, frame(tick, 0, false), false);
    }
    assert_eq!(queue.poll_margin(Timestamp(300_000)), None);
    assert_eq!(queue.poll_margin(Timestamp(800_000)), Some(100));
    queue.push(
        Timestamp(RATE.due(Tick(20)).0 + 10_000),
        frame(20, 0, false),
        false,
    );
    assert_eq!(queue.poll_margin(Timestamp(1_400_000)), Some(-10));
    queue.push(
        Timestamp(RATE.due(Tick(30)).0 - 20_000),
        frame(30, 0, false),
        false,
    );
    assert_eq!(queue.poll_margin(Timestamp(2_400_000)), None);
}

#[test]
fn what_is_held_counts_until_something_else_comes() {
    use InputStatus::{Applied, Repeated};

    let mut queue = InputQueue::new(RATE, Tick(1));
    let mut last = InputWords::default();
    queue.push(Timestamp::ZERO, frame(2, 7, true), true);
    queue.push(Timestamp::ZERO, frame(6, 8, false), true);
    let taken: Vec<_> = (1..8)
        .map(|_| {
            let taken = queue.take(&schema(), &last);
            last.clone_from(&taken.words);
            (taken.status, taken.assumed)
        })
        .collect();
    let assumed: Vec<_> = taken
        .iter()
        .filter(|(status, _)| *status == Repeated)
        .collect();
    assert!(
        assumed[1..].iter().all(|(_, assumed)| *assumed),
        "{taken:?}"
    );
    let statuses: Vec<_> = taken.into_iter().map(|(status, _)| status).collect();
    let expected = [
        Repeated, Applied, Repeated, Repeated, Repeated, Applied, Repeated,
    ];
    assert_eq!(statuses, expected);
    assert_eq!(last.read::<Pressed>().axis, 8);
}

#[test]
fn who_does_not_hold_is_told_of_repetitions() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    let last = InputWords::default();
    assert!(queue.take(&schema(), &last).assumed);
    queue.push(Timestamp::ZERO, frame(2, 7, true), true);
    queue.push(Timestamp::ZERO, frame(3, 7, true), false);
    let taken: Vec<_> = (2..6)
        .map(|_| queue.take(&schema(), &last).assumed)
        .collect();
    assert_eq!(taken, [false, true, false, false]);
}

/// A press that came and went before the server heard of it is felt for one tick.
#[test]
fn a_change_that_comes_late_counts_from_then_on() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    let mut last = InputWords::default();
    queue.push(Timestamp::ZERO, frame(1, 1, false), true);
    for _ in 1..5 {
        taken(&mut queue, &mut last);
    }
    for late in [frame(3, 2, true), frame(4, 3, false)] {
        assert_eq!(queue.push(Timestamp::ZERO, late, true), Verdict::Late);
    }
    let pressed = |axis, fire| Pressed { axis, fire };
    let merged = (InputStatus::Merged, pressed(3, true));
    assert_eq!(taken(&mut queue, &mut last), merged);
    let let_go = (InputStatus::Merged, pressed(3, false));
    assert_eq!(taken(&mut queue, &mut last), let_go);
    let held = (InputStatus::Repeated, pressed(3, false));
    assert_eq!(taken(&mut queue, &mut last), held);
}

/// However late: it is what the client means now. A press from then is over.
#[test]
fn a_held_frame_is_never_too_late() {
    let mut queue = InputQueue::new(RATE, Tick(100));
    let mut last = InputWords::of(&Pressed {
        axis: 1,
        fire: false,
    });
    for late in [frame(90, 2, true), frame(91, 3, false)] {
        assert_eq!(queue.push(Timestamp::ZERO, late, true), Verdict::Late);
    }
    let three = Pressed {
        axis: 3,
        fire: false,
    };
    assert_eq!(
        taken(&mut queue, &mut last),
        (InputStatus::Merged, three.clone())
    );
    assert_eq!(taken(&mut queue, &mut last), (InputStatus::Repeated, three));
}

/// What is held and said again too late was applied all the same.
#[test]
fn a_late_heartbeat_presses_nothing_again() {
    let mut queue = InputQueue::new(RATE, Tick(1));
    let mut last = InputWords::default();
    queue.push(Timestamp::ZERO, frame(1, 1, true), true);
    for _ in 1..5 {
        taken(&mut queue, &mut last);
    }
    for late in [frame(3, 1, true), frame(3, 1, true)] {
        queue.push(Timestamp::ZERO, late, true);
    }
    queue.push(Timestamp::ZERO, frame(5, 1, false), true);
    let released = Pressed {
        axis: 1,
        fire: false,
    };
    assert_eq!(
        taken(&mut queue, &mut last),
        (InputStatus::Applied, released)
    );
}

#[test]
fn a_few_early_frames_prove_nothing_and_one_late_frame_does() {
    let early = |queue: &mut InputQueue, tick| {
        let arrives = Timestamp(RATE.due(Tick(tick)).0 - 100_000);
        queue.push(arrives, frame(tick, 0, false), true);
        arrives
    };
    let mut queue = InputQueue::new(RATE, Tick(1));
    let first = early(&mut queue, 10);
    early(&mut queue, 25);
    assert_eq!(queue.poll_margin(first.plus_micros(3_000_000)), None);
    assert_eq!(queue.poll_margin(first.plus_micros(4_000_000)), Some(100));
    let first = early(&mut queue, 10);
    for tick in 11..17 {
        early(&mut queue, tick);
    }
    assert_eq!(queue.poll_margin(first.plus_micros(600_000)), None);
    early(&mut queue, 17);
    assert_eq!(queue.poll_margin(first.plus_micros(600_000)), Some(100));
    let first = early(&mut queue, 10);
    let late = Timestamp(RATE.due(Tick(12)).0 + 10_000);
    queue.push(late, frame(12, 0, false), true);
    assert_eq!(queue.poll_margin(first.plus_micros(600_000)), Some(-10));
}

proptest! {
    /// Changes and heartbeats come in order, in time or late. A client that knows its frames
    /// and the statuses knows what was applied, but for ticks after a merge; and the change
    /// that came last is what is held.
    #[test]
    fn a_holding_client_knows_what_was_applied(
        sent in prop::collection::vec((1u32..20, 0u32..12, 0u8..3, any::<bool>()), 1..40),
    ) {
        let mut queue = InputQueue::new(RATE, Tick(1));
        let (mut tick, mut arrival) = (0, 0);
        let frames: Vec<_> = sent
            .into_iter()
            .map(|(gap, delay, axis, fire)| {
                tick += gap;
                // Before its tick is taken at the earliest, and behind the frame before it.
                arrival = arrival.max((tick + delay).saturating_sub(4));
                (arrival, frame(tick, axis, fire))
            })
            .collect();
        let mut last = InputWords::of(&Pressed::default());
        let mut known: Option<InputWords> = None;
        let mut coming = frames.iter().peekable();
        for tick in 1..=arrival.max(tick) + 3 {
            while let Some((_, frame)) = coming.next_if(|(at, _)| *at < tick) {
                queue.push(Timestamp::ZERO, frame.clone(), true);
            }
            let TakenInput { words, status, .. } = queue.take(&schema(), &last);
            last.clone_from(&words);
            let stamped = frames.iter().find(|(_, frame)| frame.tick.0 == tick);
            match (status, stamped) {
                (InputStatus::Applied, stamped) => {
                    known = Some(stamped.expect("it was sent").1.words.clone());
                    prop_assert_eq!(known.as_ref(), Some(&words));
                }
                (InputStatus::Merged, _) => known = None,
                (InputStatus::Repeated, _) => {
                    prop_assert!(known.as_ref().is_none_or(|known| *known == words));
                }
                (InputStatus::Dropped, _) => prop_assert!(false, "nothing is dropped"),
            }
        }
        prop_assert_eq!(&last, &frames.last().expect("one at least").1.words);
    }
}
