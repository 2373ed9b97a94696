//! Whole matches with real clients on a simulated network.
//!
//! Every match runs under all checkers: worlds equal bit for bit, predictions right or corrected for
//! a cause, everybody current when the faults are over, the journal reproducing the match.

use syncline_client_core::input_pace::InputPace;
use syncline_client_core::prediction::LATE_INPUT;
use syncline_shared::bits::ByteReader;
use syncline_shared::message::{SectionKind, sections, write_section};
use syncline_shared::tick::Timestamp;
use syncline_tests::corruption::Corruption;
use syncline_tests::network::Path;
use syncline_tests::scenario::{FaultKind, Played, Scenario};
use syncline_tests::simulation::{Summary, run, run_corrupted, run_tapped, run_with_flips};

/// Runs a scenario that has to hold.
fn holds(scenario: &Scenario) -> Summary {
    run(scenario).unwrap_or_else(|failure| panic!("{failure}"))
}

/// How many seeds are tried here; `simulate --seeds` tries as many as one likes.
const SEEDS: u64 = 200;

#[test]
fn anything_may_happen() {
    for seed in 0..SEEDS {
        holds(&Scenario::from_seed(seed));
    }
}

/// Those who watch are told later; each world that they see is one that was.
#[test]
fn whoever_is_told_later_sees_what_was() {
    let (mut frames, mut current) = (0, 0);
    for seed in 0..SEEDS {
        let summary = holds(&Scenario::from_seed(seed).watched_late());
        frames += summary.frames;
        current += summary.current;
    }
    assert!(frames > 90_000 && current > 500, "{frames} {current}");
}

/// Whatever is lost, of what players ask for each thing is done once and answered, or told to be lost
/// with its session or match.
#[test]
fn what_is_asked_for_is_done_once_and_answered() {
    let (mut answered, mut repeated, mut lost) = (0, 0, 0);
    for seed in 0..SEEDS {
        let summary = holds(&Scenario::from_seed(seed).asking());
        answered += summary.answered;
        repeated += summary.repeated;
        lost += summary.lost;
    }
    assert!(
        answered > 5_000 && repeated > 50 && lost > 10,
        "{answered} {repeated} {lost}"
    );
}

/// Bits of chunks are flipped on their way: whoever gets them is right again in time, nobody else
/// notices, and nothing panics.
#[test]
fn flipped_bits_heal() {
    let (mut flips, mut healed, mut wrong, mut late) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        let summary = run_with_flips(seed).unwrap_or_else(|failure| panic!("{failure}"));
        flips += summary.flips;
        healed += summary.healed;
        wrong += summary.wrong;
        late += summary.wrong_late;
    }
    assert!(
        flips > 250 && healed > 200 && wrong > 400,
        "{flips} {healed} {wrong}"
    );
    // A hash of 16 bits agrees by chance now and then.
    assert!(late < 100, "{late}");
}

/// Runs a scenario with a flip now and then, each healed before the next.
fn heals(scenario: &Scenario) -> Summary {
    let corruption = Corruption::new(scenario.seed, 50, scenario.duration).with_pauses(4_000_000);
    run_corrupted(scenario, corruption).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn a_flip_now_and_then_costs_a_join_and_no_connection() {
    let summary = heals(&Scenario::quiet(13, Played::Arena, 4, 60));
    assert!(summary.healed >= 8, "{summary:?}");
    assert_eq!((&summary.endings[..], summary.current), (&[][..], 4));
}

/// Each player's own stream is so large that it comes anew in parts.
#[test]
fn large_streams_heal_in_parts() {
    let summary = heals(&Scenario::quiet(14, Played::LargeCrowd, 2, 40));
    assert!(summary.healed >= 5, "{summary:?}");
    assert_eq!((&summary.endings[..], summary.current), (&[][..], 2));
}

/// As they are without the checker of healing, such runs fail.
#[test]
fn the_checkers_notice_flips_that_nothing_excuses() {
    let noticed = (0..10).filter(|&seed| {
        let scenario = Scenario::quiet(seed, Played::Arena, 3, 3);
        let mut corruption = Corruption::new(seed, 20, scenario.duration);
        let tap = move |_: usize, message: &mut Vec<u8>| {
            drop(corruption.strike(Timestamp::ZERO, message));
        };
        run_tapped(&scenario, Box::new(tap)).is_err()
    });
    assert_eq!(noticed.count(), 10);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in [1, 2, 3] {
        let scenario = Scenario::from_seed(seed);
        assert_eq!(holds(&scenario), holds(&scenario), "seed {seed}");
        let flipped = || run_with_flips(seed).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(flipped(), flipped(), "seed {seed}");
    }
}

#[test]
fn a_quiet_match_is_predicted_without_a_late_input() {
    for pace in [InputPace::EveryTick, InputPace::OnChange] {
        let summary = holds(&Scenario::quiet(5, Played::Arena, 8, 10).at(pace));
        assert!(summary.predictions > 1000, "{summary:?}");
        let late = summary
            .corrections
            .iter()
            .find(|(cause, _)| *cause == LATE_INPUT);
        // The first inputs are stamped before the clocks have met.
        assert!(late.is_none_or(|&(_, count)| count <= 16), "{summary:?}");
        assert_eq!(summary.endings, []);
        assert_eq!(summary.current, 8);
    }
}

#[test]
fn fifty_clients_share_a_world() {
    let path = Path {
        latency: 60_000,
        jitter: 30_000,
    };
    let summary = holds(&Scenario::quiet(6, Played::Arena, 50, 4).on(path));
    assert_eq!(summary.current, 50);
}

/// A round trip of 250 ms, 50 more or less, at 30 and at 60 Hz: nothing ever waits for credit.
#[test]
fn a_path_of_a_quarter_second_is_played_on() {
    let path = Path {
        latency: 125_000,
        jitter: 25_000,
    };
    for (game, players) in [(Played::Arena, 4), (Played::Pong, 2)] {
        let summary = holds(&Scenario::quiet(7, game, players, 20).on(path));
        assert_eq!(summary.endings, []);
        assert_eq!(summary.credit_waits, 0, "{game:?}");
        assert_eq!(
            summary.current,
            u64::try_from(players).expect("few players")
        );
    }
}

#[test]
fn a_client_that_stalls_sees_the_present_within_a_round_trip_and_two_ticks() {
    let path = Path {
        latency: 125_000,
        jitter: 25_000,
    };
    let scenario = Scenario::quiet(8, Played::Arena, 4, 12)
        .with(3_000, 0, FaultKind::Stall(2_000_000))
        .with(5_000, 1, FaultKind::Stall(6_000_000));
    for scenario in [scenario.clone(), scenario.on(path)] {
        let summary = holds(&scenario);
        assert_eq!(summary.recovered, 2);
        assert_eq!(summary.current, 4);
    }
}

/// In a crowd more waits than credit covers: to join at the present is quicker than to be handed the
/// past.
#[test]
fn a_client_that_stalls_in_a_crowd_sees_the_present_as_soon() {
    let path = Path {
        latency: 125_000,
        jitter: 25_000,
    };
    let scenario = Scenario::quiet(8, Played::Arena, 200, 5).on(path).with(
        2_500,
        0,
        FaultKind::Stall(2_000_000),
    );
    let summary = holds(&scenario);
    assert_eq!(summary.recovered, 1);
    assert_eq!(summary.current, 200);
}

#[test]
fn a_cut_connection_gets_its_seat_back() {
    let scenario = Scenario::quiet(9, Played::Arena, 4, 8)
        .with(2_000, 0, FaultKind::Cut)
        .with(3_000, 1, FaultKind::HalfOpen)
        .with(3_500, 0, FaultKind::Cut);
    let summary = holds(&scenario);
    assert_eq!(summary.endings, [("lost", 3)]);
    assert_eq!(summary.current, 4);
}

#[test]
fn matches_of_pong_follow_each_other() {
    let summary = holds(&Scenario::quiet(10, Played::Pong, 2, 120));
    assert!(summary.frames > 1000, "{summary:?}");
    assert_eq!(summary.current, 2);
}

/// One bit of one row, changed on its way to one client, is enough for a complaint.
#[test]
fn the_checkers_notice_a_changed_row() {
    let mut noticed = 0;
    for bit in 0..40 {
        let mut messages = 0;
        let tap = move |client: usize, message: &mut Vec<u8>| {
            if client == 1 && carries_a_chunk(message) {
                messages += 1;
                if messages == 20 {
                    let place = message.len() - 1 - bit / 8;
                    message[place] ^= 1 << (bit % 8);
                }
            }
        };
        let scenario = Scenario::quiet(11, Played::Arena, 8, 4);
        noticed += u32::from(run_tapped(&scenario, Box::new(tap)).is_err());
    }
    // Some bits only fill the last byte, or ask for nothing that shows.
    assert!(noticed >= 30, "{noticed} of 40 changes were noticed");
}

/// Frames that are lost on their way are noticed too: streams are lossless. One alone may be made
/// good by the next, where a field that it told of changed again.
#[test]
fn the_checkers_notice_lost_frames() {
    let noticed = (20..40).filter(|&lost| {
        let mut messages = 0;
        let tap = move |client: usize, message: &mut Vec<u8>| {
            if client == 1 && carries_a_chunk(message) {
                messages += 1;
                if messages == lost {
                    drop_frames(message);
                }
            }
        };
        run_tapped(&Scenario::quiet(12, Played::Arena, 8, 4), Box::new(tap)).is_err()
    });
    assert!(noticed.count() >= 3);
}

fn drop_frames(message: &mut Vec<u8>) {
    let mut kept = Vec::new();
    for (kind, body) in sections(message).flatten() {
        if kind != SectionKind::Frame {
            write_section(kind, body, &mut kept);
        }
    }
    *message = kept;
}

/// Whether the last section of a message is a frame with something in it.
fn carries_a_chunk(message: &[u8]) -> bool {
    let last = sections(message).last();
    let Some(Ok((SectionKind::Frame, body))) = last else {
        return false;
    };
    let mut reader = ByteReader::new(body);
    let numbers = [reader.varint(), reader.varint()];
    numbers.iter().all(Result::is_ok) && reader.rest().len() > 5
}
