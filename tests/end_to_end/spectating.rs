//! Those who watch, where they are told later.

use std::time::Duration;

use syncline_bot_client::SwarmConfig;
use syncline_server::Config;
use syncline_shared::command::{CommandOutcome, CommandRefusal};
use syncline_shared::message::control::{CreateOptions, Hello, PhaseInfo, Role};
use syncline_shared::tick::Tick;

use crate::support::client::{Client, Heard, create, follow};
use crate::support::host::Host;
use crate::support::lab::LabCommand;

fn host(spectator_delay: Duration) -> Host {
    Host::with(Config {
        spectator_delay,
        ..Config::default()
    })
}

/// The lab ticks 60 times a second: 0.4 s are 24 ticks.
#[tokio::test]
async fn they_see_how_things_were() {
    let host = host(Duration::from_millis(400));
    let (mut player, room) = Client::join(&host, create("lab", CreateOptions::default())).await;
    let watch = || Hello {
        role: Role::Spectator,
        ..follow(&room)
    };
    let (mut early, welcome) = Client::join(&host, watch()).await;
    let waits = Some(PhaseInfo::waiting(1));
    assert_eq!(welcome.state.phase, waits, "nobody had come yet");
    assert_eq!(welcome.state.roster, []);
    early.ask(1, &LabCommand::HowFar {}).await;
    let refused = CommandOutcome::Refused(CommandRefusal::NotRunning);
    assert_eq!(early.reply(1).await, refused);
    let mut seen = Tick(0);
    while seen < Tick(50) {
        seen = early.frame().await;
        let present = host.rooms().await[0]["tick"].as_u64().unwrap();
        // The board is written after the tick's messages; and of time that was dropped there are
        // no ticks.
        let behind = present + 1 >= u64::from(seen.0) + 24;
        let dropped = host.metric("syncline_overruns_total").await;
        assert!(behind || dropped > 0, "{seen} at {present}");
        player.send_inputs(Vec::new()).await;
    }
    assert_eq!(host.rooms().await[0]["spectator_delay_ms"], 400);
    // Whoever comes now has a world at once, and its frames are in order.
    let (mut late, welcome) = Client::join(&host, watch()).await;
    let phase = welcome.state.phase.unwrap();
    let PhaseInfo::Running { tick, .. } = phase else {
        panic!("{phase:?}");
    };
    assert!(tick >= seen, "{tick} after {seen}");
    assert_eq!(welcome.state.roster.len(), 1);
    let mut before = late.frame().await;
    assert!(before.0 <= tick.0 + 2, "{before} is of back then");
    for _ in 0..30 {
        let next = late.frame().await;
        assert!(next > before);
        before = next;
    }
    late.ask(1, &LabCommand::HowFar {}).await;
    let refused = CommandOutcome::Refused(CommandRefusal::NotAPlayer);
    assert_eq!(late.reply(1).await, refused);
    assert!(host.metric("syncline_states_kept_total").await >= 1);
    assert_eq!(host.metric("syncline_spectator_delays_cut_total").await, 0);
}

/// Of the match and of the player who left it is told in the same order as to others.
#[tokio::test]
async fn they_are_told_who_left_after_what_was_before() {
    let host = host(Duration::from_millis(300));
    let (player, room) = Client::join(&host, create("lab", CreateOptions::default())).await;
    let (mut other, _) = Client::join(&host, follow(&room)).await;
    let watch = Hello {
        role: Role::Spectator,
        ..follow(&room)
    };
    let (mut spectator, _) = Client::join(&host, watch).await;
    while other.frame().await < Tick(20) {}
    drop(player);
    // Seat 0 is told to be away only after frames of the time before that.
    let (mut frames, mut here) = (0, false);
    loop {
        match spectator.hear().await {
            Heard::Frame(_) => frames += 1,
            Heard::Control(control) => {
                let syncline_shared::message::control::ServerControl::Room(update) = control else {
                    continue;
                };
                let seat = update.roster.iter().find(|entry| entry.player.0 == 0);
                here |= seat.is_some_and(|seat| seat.connected);
                if seat.is_some_and(|seat| !seat.connected) {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
        // The lab's rows change at each tick, so that no tick is silent.
        assert!(frames < 1000);
    }
    assert!(here && frames >= 15, "{frames}");
}

/// Real clients on both sides: their clocks, streams and hashes agree with what they are shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_watch_a_match_that_bots_play() {
    let host = host(Duration::from_millis(500));
    let url = format!("ws://{}/play", host.address);
    let swarm = |role, bots, seed| SwarmConfig {
        bots,
        duration: Duration::from_secs(4),
        role,
        seed,
        ..SwarmConfig::new(url.clone())
    };
    let (players, spectators) = tokio::join!(
        syncline_bot_client::run(swarm(Role::Player, 4, 1)),
        syncline_bot_client::run(swarm(Role::Spectator, 4, 2)),
    );
    for report in [players.unwrap(), spectators.unwrap()] {
        assert_eq!((report.connected, report.disconnects), (4, 0));
        assert_eq!(report.hash_mismatches, 0);
        assert_eq!(report.prediction_errors, 0);
        let failures = report.failures();
        assert!(failures.is_empty(), "{failures:?}");
    }
    host.stop().await;
}
