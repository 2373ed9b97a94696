//! Spectators who are told later: what they see is what others saw, as long ago as is set.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use support::run::{Client, Deed, Run, SECOND, STEP, show, watches};
use support::{Ask, Rules};
use syncline_server_core::RoomConfig;
use syncline_shared::id::StreamSlot;
use syncline_shared::message::chat::ChatLine;
use syncline_shared::message::control::{Role, ServerControl};
use syncline_shared::message::lobby::RoomRequest;
use syncline_shared::message::{SectionKind, sections};
use syncline_shared::rng::Rng;
use syncline_shared::tick::Tick;

/// What is drawn for a run.
struct Script {
    rules: Rules,
    interval: u32,
    silence: bool,
    countdown: Option<u64>,
    delay: u64,
    end: u64,
    deeds: Vec<(u64, Deed)>,
}

/// What a player asks of its room: mostly that the match begins when all are ready.
fn request(rng: &mut Rng) -> RoomRequest {
    if rng.chance(1, 4) {
        RoomRequest::Start
    } else {
        RoomRequest::Ready(true)
    }
}

/// The first of spectators, who is there before anything happens and on a path without faults.
const FIRST: u64 = 100;
/// The one whose path is as good, and who comes in the middle.
const LATER: u64 = 101;
/// The one whose path stalls.
const STALLS: u64 = 102;

/// A time of so many microseconds.
fn any(rng: &mut Rng, from: u64, to: u64) -> u64 {
    let span = u32::try_from((to - from) / STEP).unwrap();
    from + u64::from(rng.below(span)) * STEP
}

/// One of the things that are said.
fn said(number: u64) -> Deed {
    match number % 4 {
        0 => Deed::Announce,
        player => Deed::Say(player),
    }
}

impl Script {
    fn from_seed(seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let delay = u64::from(1 + rng.below(4)) * SECOND;
        let end = 22 * SECOND;
        let mut deeds = Vec::new();
        deeds.push((STEP, Deed::Come(FIRST, Role::Spectator)));
        for player in 1..=1 + u64::from(rng.below(4)) {
            let comes = any(&mut rng, 0, 8 * SECOND);
            deeds.push((comes, Deed::Come(player, Role::Player)));
            let (mut seat, mut at) = (player, comes);
            for _ in 0..3 {
                at = any(&mut rng, at + STEP, at + 5 * SECOND);
                let deed = match rng.below(5) {
                    0 => Deed::Ask(seat, Ask::Finish {}),
                    1 => Deed::Leave(seat),
                    2 => {
                        deeds.push((at, Deed::Go(seat)));
                        seat += 10;
                        Deed::Return(seat, player)
                    }
                    _ => Deed::Ask(seat, Ask::Jump { by: 50 }),
                };
                deeds.push((at, Deed::Request(seat, request(&mut rng))));
                let leaves = matches!(deed, Deed::Leave(_));
                deeds.push((at + STEP, deed));
                if leaves {
                    break;
                }
            }
        }
        let later = any(&mut rng, 2 * SECOND, 12 * SECOND);
        deeds.push((later, Deed::Come(LATER, Role::Spectator)));
        let stalls = any(&mut rng, SECOND, 8 * SECOND);
        deeds.push((stalls, Deed::Come(STALLS, Role::Spectator)));
        let freezes = any(&mut rng, stalls, stalls + 3 * SECOND);
        let thaws = any(&mut rng, freezes, freezes + 6 * SECOND);
        deeds.push((freezes, Deed::Freeze(STALLS, true)));
        deeds.push((thaws, Deed::Freeze(STALLS, false)));
        deeds.push((thaws + 3 * SECOND, Deed::Resync(STALLS)));
        for nonce in 1..30 {
            let at = any(&mut rng, SECOND, end - 5 * SECOND);
            deeds.push((at, Deed::Ping(FIRST, nonce)));
            if nonce % 5 == 0 {
                deeds.push((at, Deed::Ask(FIRST, Ask::Jump { by: 1 })));
            }
            if nonce % 10 == 0 {
                deeds.push((at, Deed::Relieve(nonce % 20 == 0)));
            }
        }
        deeds.extend((0..8).map(|number| (any(&mut rng, 0, end - 5 * SECOND), said(number))));
        deeds.sort_by_key(|(at, _)| *at);
        Self {
            rules: Rules {
                seats_min: 1 + u16::try_from(rng.below(2)).unwrap(),
                ..Rules::default()
            },
            interval: 1 + rng.below(3),
            silence: rng.chance(3, 4),
            countdown: rng.chance(1, 3).then(|| u64::from(rng.below(3)) * SECOND),
            delay,
            end,
            deeds,
        }
    }

    /// Plays it with spectators that are behind by `delay`, and come and do everything that much
    /// later.
    fn run(&self, delay: u64, spectators: bool) -> Run {
        let mut run = Run::new(&self.rules, |config| {
            config.snapshot_interval = self.interval;
            config.silence = self.silence;
            config.spectator_delay_micros = delay;
            config.rematch_micros = SECOND;
            config.countdown_micros = self.countdown;
            config.grace_micros = SECOND;
            config.empty_micros = 60 * SECOND;
        });
        let theirs = |deed: &Deed| deed.connection().is_some_and(watches);
        let mut deeds: Vec<_> = self
            .deeds
            .iter()
            .filter(|(_, deed)| spectators || !theirs(deed))
            .map(|(at, deed)| (at + if theirs(deed) { delay } else { 0 }, deed.clone()))
            .collect();
        deeds.sort_by_key(|(at, _)| *at);
        run.play(&deeds, self.end);
        run
    }
}

/// What the runs of a seed had in them.
#[derive(Debug, Default)]
struct Seen {
    matches: u64,
    /// Messages that were told later.
    told: usize,
    /// Whether somebody came in the middle of a match.
    late: usize,
    events: usize,
    /// Lines of chat.
    said: usize,
    /// Whether that one was at the same tick at last as the one who was there from the beginning.
    together: usize,
    /// Joins and worlds of the one whose path stalls.
    joins: u32,
    compared: usize,
}

/// Runs a seed at once and later, and compares what everybody was told.
fn compare(seed: u64) -> Seen {
    let script = Script::from_seed(seed);
    let delay = script.delay;
    let (now, later) = (script.run(0, true), script.run(delay, true));
    let alone = script.run(delay, false);
    // Players are told the same, to the byte and at the same time.
    for (&connection, client) in &now.clients {
        if !watches(connection) {
            let told = client.log_after(0);
            assert!(!told.is_empty());
            assert_eq!(told, later.clients[&connection].log_after(0), "seed {seed}");
            assert_eq!(told, alone.clients[&connection].log_after(0), "seed {seed}");
        }
    }
    // Whoever was there from the beginning is told just that much later what it would have been told.
    let mut expected = now.clients[&FIRST].log_after(delay);
    expected.retain(|(at, _)| *at < script.end);
    let told = later.clients[&FIRST].log_after(0);
    for ((at, was), (told_at, is)) in expected.iter().zip(&told) {
        let words = || format!("seed {seed}: {} and {}", show(was), show(is));
        assert_eq!((at, was), (told_at, is), "{}", words());
    }
    assert_eq!(expected.len(), told.len(), "seed {seed}");
    // Nothing was encoded for it but the states that are kept.
    let (counted, others) = (later.room.counters(), alone.room.counters());
    assert_eq!(
        (counted.chunks, counted.states_kept),
        (others.chunks, others.states_kept)
    );
    assert_eq!(counted.chunks, now.room.counters().chunks);
    assert_eq!(counted.delays_cut, 0);
    // Whoever came later is told the rest of it.
    let first = &later.clients[&FIRST];
    let joined = later
        .clients
        .get(&LATER)
        .filter(|late| !late.watcher.joined.is_empty());
    let mut together = 0;
    if let Some(late) = joined {
        let phase = |client: &Client| client.watcher.phase.as_ref().map(std::mem::discriminant);
        assert_eq!(phase(late), phase(first), "seed {seed}");
        assert_eq!(late.watcher.incarnation(), first.watcher.incarnation());
        assert_eq!(late.watcher.roster, first.watcher.roster, "seed {seed}");
        // While all goes as predicted each hears of it in a rhythm of its own.
        let ticks = (late.watcher.tick, first.watcher.tick);
        assert!(ticks.0.0.abs_diff(ticks.1.0) < 6, "seed {seed}: {ticks:?}");
        if ticks.0 == ticks.1 {
            assert_eq!(
                late.watcher.frame(StreamSlot::COMMON),
                first.watcher.frame(StreamSlot::COMMON)
            );
            together = 1;
        }
        let heard = late.events.len();
        let before = first.events.len() - heard;
        assert_eq!(late.events, first.events[before..], "seed {seed}");
        // All of it: no line is as old as fifty others.
        let texts = |client: &Client| lines(client).into_iter().map(|line| line.text);
        assert!(texts(late).eq(texts(first)), "seed {seed}");
    }
    let stalled = &later.clients[&STALLS];
    Seen {
        matches: counted.matches,
        told: told.len(),
        late: usize::from(joined.is_some_and(|late| late.watcher.joined[0].1 > Tick(30))),
        events: first.events.len(),
        said: lines(first).len(),
        together,
        joins: stalled.watcher.joins,
        compared: stalled.compared,
    }
}

/// What a client heard being said.
fn lines(client: &Client) -> Vec<ChatLine> {
    let told = client.watcher.replies.iter();
    told.filter_map(|told| match told {
        ServerControl::Chat(lines) => Some(lines.clone()),
        _ => None,
    })
    .flatten()
    .collect()
}

/// A spectator on a path without faults, and a player who presses all the time.
fn watched(change: impl FnOnce(&mut RoomConfig)) -> Run {
    let mut run = Run::new(&Rules::default(), change);
    run.attach(FIRST, FIRST, false, Role::Spectator);
    run.attach(1, 1, false, Role::Player);
    run.deliver();
    run
}

/// The answers to pings in what a client was told.
fn pongs(log: &[(u64, Vec<u8>)]) -> Vec<(u64, u64)> {
    let mut pongs = Vec::new();
    for (at, message) in log {
        for section in sections(message) {
            if let (SectionKind::Control, body) = section.unwrap()
                && let ServerControl::Pong { match_micros, .. } =
                    ServerControl::decode(body).unwrap()
            {
                pongs.push((*at, match_micros));
            }
        }
    }
    pongs
}

#[test]
fn spectators_are_told_the_same_that_much_later_and_players_notice_nothing() {
    let mut all = Seen::default();
    for seed in 0..200 {
        let seen = compare(seed);
        all.matches += seen.matches;
        all.told += seen.told;
        all.late += seen.late;
        all.events += seen.events;
        all.said += seen.said;
        all.together += seen.together;
        all.joins += seen.joins;
        all.compared += seen.compared;
    }
    assert!(all.matches > 250 && all.told > 20_000, "{all:?}");
    assert!(all.together > 100, "{all:?}");
    assert!(all.late > 40 && all.events > 2_000, "{all:?}");
    assert!(all.said > 400, "{all:?}");
    assert!(all.joins > 300 && all.compared > 5_000, "{all:?}");
}

/// Where the match's clock was moved nothing comes when another tick is due, but all comes, in order.
#[test]
fn time_that_was_dropped_or_slowed_is_told_later_too() {
    for seed in 0..40 {
        let mut rng = Rng::from_seed(seed);
        let mut deeds = Vec::new();
        for at in (2..12).map(|at| at * SECOND) {
            let by = u64::from(rng.below(100)) * STEP;
            let deed = match rng.below(3) {
                0 => Deed::Stall(by),
                1 => Deed::Slow(by / 8),
                _ => Deed::Slow(0),
            };
            deeds.push((at + by, deed));
        }
        let delay = 3 * SECOND;
        let run = |delay: u64| {
            let mut run = watched(|config| config.spectator_delay_micros = delay);
            run.play(&deeds, 14 * SECOND + delay);
            run
        };
        let (now, later) = (run(0), run(delay));
        let was: Vec<_> = now.clients[&FIRST].log_after(delay);
        let is: Vec<_> = later.clients[&FIRST].log_after(0);
        let mut expected = was.iter().filter(|(at, _)| *at < 14 * SECOND);
        // The first is the Welcome, which is not held back.
        for (told, message) in is.iter().skip(1) {
            let Some((at, expected)) = expected.find(|(_, other)| other != &was[0].1) else {
                break;
            };
            assert_eq!(expected, message, "seed {seed}: {}", show(message));
            // What counts is when it was due: others may have been told four ticks later. And a tick
            // may be as long as it was slowed to, or a turn missed altogether.
            let due = at - 140_000..at + 300_000;
            assert!(due.contains(told), "seed {seed}: {at} {told}");
        }
        assert!(expected.next().is_none() || is.len() > 100, "seed {seed}");
    }
}

/// A room that catches up does not let those who watch catch up first.
#[test]
fn a_late_room_is_late_for_everybody() {
    let mut run = watched(|config| config.spectator_delay_micros = 2 * SECOND);
    while run.now < 12 * SECOND {
        if (run.now + SECOND / 2).is_multiple_of(SECOND) {
            run.strike(&Deed::Stall(100_000));
        }
        run.step();
        let (seen, present) = (run.clients[&FIRST].watcher.tick, run.room.status().tick);
        assert!(
            seen == Tick(0) || seen.plus(60) <= present,
            "{seen} at {present}"
        );
    }
    assert_eq!(run.room.counters().overruns, 0);
    assert!(run.clients[&FIRST].watcher.tick > Tick(280));
}

/// Their clock is that of the ticks that they see.
#[test]
fn the_match_has_the_time_of_back_then() {
    let mut run = watched(|config| config.spectator_delay_micros = 2 * SECOND);
    let ping = |at: u64| (at, Deed::Ping(FIRST, 1));
    let asked: Vec<_> = (1..80).map(|n| ping(n * 100_000)).collect();
    run.play(&asked, 8 * SECOND);
    let pongs = pongs(&run.clients[&FIRST].log);
    assert_eq!(pongs.len(), asked.len());
    for (at, match_micros) in pongs {
        // The match began at 0.
        assert_eq!(match_micros, at.saturating_sub(2 * SECOND), "at {at}");
    }
}

/// Whoever comes while a match is shown has a world at the next snapshot, wherever the second is.
#[test]
fn whoever_comes_joins_at_once() {
    let mut run = watched(|config| config.spectator_delay_micros = SECOND);
    let comers: Vec<u64> = (200..240).collect();
    let deeds: Vec<_> = comers
        .iter()
        .map(|&one| {
            (
                2 * SECOND + (one - 200) * 74_000,
                Deed::Come(one, Role::Spectator),
            )
        })
        .collect();
    run.play(&deeds, 6 * SECOND);
    for ((at, _), one) in deeds.iter().zip(comers) {
        let client = &run.clients[&one];
        let (first, _) = client.log[1];
        assert!(first - at <= 36_000, "{one} waited for {} us", first - at);
        assert_eq!(client.watcher.joins, 1);
        assert!(client.compared > 5, "{}", client.compared);
        assert_eq!(client.watcher.tick, run.clients[&FIRST].watcher.tick);
    }
    let counters = run.room.counters();
    assert_eq!(
        counters.joins, 42,
        "of each spectator one, and one of the player"
    );
    assert_eq!(counters.states_kept, 6, "one a second, however many come");
}

/// Two minutes of a match that would take twice the memory.
#[test]
fn with_too_little_room_the_delay_is_shorter() {
    const BYTES_MAX: usize = 4 * 1024 * 1024;
    let delay = 120 * SECOND;
    let rules = Rules {
        noise: 1000,
        ..Rules::default()
    };
    let mut run = Run::new(&rules, |config| {
        config.spectator_delay_micros = delay;
        config.rematch_micros = SECOND;
        config.checkpoint_interval = 0;
    });
    run.attach(FIRST, FIRST, false, Role::Spectator);
    run.attach(1, 1, false, Role::Player);
    run.deliver();
    run.play(&[], 100 * SECOND);
    assert!(run.room.status().spectator_delay_micros < 90 * SECOND);
    assert!(run.bytes_max > BYTES_MAX / 2 && run.bytes_max <= BYTES_MAX);
    assert!(run.room.counters().delays_cut > 10);
    let client = &run.clients[&FIRST];
    assert!(client.compared > 300 && client.watcher.joins == 1);
    assert_eq!(run.room.counters().waiting_dropped, 0);
}
